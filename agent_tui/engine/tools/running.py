"""Tools that run something: the session's checks, and command lines."""

from pydantic import Field

from agent_tui.domain.events import CommandEnded, CommandStarted
from agent_tui.domain.rules import RUN_COMMAND, Call
from agent_tui.engine.briefs import checks_text
from agent_tui.engine.commandline import read_line
from agent_tui.engine.tools.base import Tool, ToolFailed
from agent_tui.engine.tools.desk import Desk

MAX_TOLD = 16_000
"""Characters of a command's output that a model is told, half of them from its end."""

TIMEOUT_S = 120.0
MAX_TIMEOUT_S = 1800.0


class RunCheck(Tool):
    """Run one of the session's checks (tests, linter) on the files as they are now."""

    name = "run_check"
    check: str = Field(description="The check's name; an unknown name lists them.")

    @classmethod
    def offered(cls, desk: Desk) -> bool:
        """Whether there are any."""
        return bool(desk.ctx.session.checks)

    async def run(self, desk: Desk) -> str:
        """What it reported."""
        checks = {check.name: check for check in desk.ctx.session.checks}
        check = checks.get(self.check)
        if check is None:
            raise ToolFailed(f"There is no check {self.check}; there are {', '.join(checks)}.")
        tree = await desk.tree()
        async with desk.output() as output:
            output.write("tool", f"$ {' '.join(check.command)}\n")
            result = await desk.ctx.checks.run(
                tree, check, lambda text: output.write("output", text)
            )
        return checks_text((result,)).removeprefix("# Checks").strip()


class RunCommand(Tool):
    """Run a line of bash at the top of the worktree.

    It sees no network where there is a sandbox, and no secrets; standard input is empty. Files that
    it changes are part of your attempt. A person may be asked first, so prefer one plain command to
    a clever line, and run_check to running the tests yourself.
    """

    name = RUN_COMMAND
    command: str = Field(description="The command line.", min_length=1)
    timeout_s: float = Field(default=TIMEOUT_S, gt=0, le=MAX_TIMEOUT_S)

    @classmethod
    def offered(cls, desk: Desk) -> bool:
        """Whether commands can be run here."""
        return desk.ctx.commands is not None

    def asks(self, desk: Desk) -> Call:
        """Every program of the line."""
        return Call(tool=self.name, line=self.command, parts=read_line(self.command).parts())

    async def run(self, desk: Desk) -> str:
        """Its exit code and what it printed."""
        commands, ctx = desk.ctx.commands, desk.ctx
        if commands is None:
            raise ToolFailed("Commands cannot be run here.")
        call = ctx.ids.new("command")
        started = CommandStarted(step=desk.step, call=call, line=self.command)
        await ctx.recorder.append(started, desk.role)
        desk.outdated()
        async with desk.output() as output:
            result = await commands.run(
                self.command,
                timeout_s=self.timeout_s,
                on_output=lambda text: output.write("output", text),
                output_limit=MAX_TOLD,
            )
        await ctx.recorder.append(
            CommandEnded(
                step=desk.step,
                call=call,
                exit_code=result.exit_code,
                duration_s=result.duration_s,
                problem=result.problem,
            ),
            "engine",
        )
        ended = f"exit code {result.exit_code}" if result.exit_code is not None else result.problem
        return f"{ended}\n{result.output}".rstrip()
