"""Running the coder's command lines in the session's worktree."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from agent_tui.ports import CommandResult
from agent_tui.workspace.environment import scrubbed_environment
from agent_tui.workspace.runner import OUTPUT_LIMIT, run_command

_STEERS_THE_SHELL = re.compile(
    r"BASH_ENV|BASH_FUNC_.*|BASHOPTS|SHELLOPTS|ENV|CDPATH|GLOBIGNORE|IFS|PS4|PROMPT_COMMAND|EXECIGNORE"
    r"|BASH_XTRACEFD|BASH_COMPAT|POSIXLY_CORRECT",
    re.DOTALL,
)
"""Variables that change what a line means to bash (its manual, "Bash Variables" and "Bash Startup
Files"): a line has to mean what was shown and allowed."""


class WorktreeCommands:
    """Implements :class:`agent_tui.ports.Commands`.

    Args:
        root: Top of the session's worktree.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def protection(self) -> str:
        """What keeps the commands from the rest of the machine: nothing, so far."""
        return "none"

    async def run(
        self,
        line: str,
        *,
        timeout_s: float,
        on_output: Callable[[str], None],
        output_limit: int = OUTPUT_LIMIT,
    ) -> CommandResult:
        """Run a line of bash in the worktree, without the environment's secrets."""
        shell = shutil.which("bash")
        if shell is None:
            return CommandResult(None, "", 0.0, "bash was not found: command lines need it.")
        argv = [shell, "--noprofile", "--norc", "-c", line]
        return await run_command(
            argv,
            self._root,
            command_environment(),
            timeout_s,
            output_limit=output_limit,
            on_output=on_output,
        )


def command_environment() -> dict[str, str]:
    """The scrubbed environment, in which a line of bash means what it says.

    Relative folders are taken out of ``PATH``: a file of the worktree must not take the place of a
    program whose name was allowed.
    """
    kept = {
        name: value
        for name, value in scrubbed_environment().items()
        if not _STEERS_THE_SHELL.fullmatch(name)
    }
    folders = [f for f in kept.get("PATH", os.defpath).split(os.pathsep) if f.startswith("/")]
    return {**kept, "PATH": os.pathsep.join(folders), "GIT_TERMINAL_PROMPT": "0"}
