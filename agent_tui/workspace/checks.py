"""Running checks on exactly one tree, and the deploy command after a commit."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from agent_tui.domain.checks import CheckCommand, CheckResult, TestCase
from agent_tui.domain.text import one_line, visible_lines
from agent_tui.ports import CommandResult
from agent_tui.workspace.confinement import Confinement, unconfined
from agent_tui.workspace.environment import own_environment, scrubbed_environment
from agent_tui.workspace.junit import ReportError, read_report
from agent_tui.workspace.runner import run_command, run_in
from agent_tui.workspace.sandbox import Mount
from agent_tui.workspace.worktree import GitWorkspace

DEPLOY_TIMEOUT_S = 1800.0
"""Seconds that a deploy command may take."""


class TreeChecks:
    """Implements :class:`agent_tui.ports.Checks` on exports of a workspace's trees.

    Args:
        python: What ``{python}`` stands for.
        confinement: What keeps checks from the rest of the machine.
    """

    def __init__(
        self,
        workspace: GitWorkspace,
        python: str = sys.executable,
        confinement: Confinement | None = None,
    ) -> None:
        self._workspace = workspace
        self._python = python
        self._confinement = confinement or unconfined()

    @property
    def protection(self) -> str:
        """What keeps the commands from the rest of the machine: ``bubblewrap`` or ``none``."""
        return self._confinement.sandbox.protection

    async def run(
        self, tree: str, check: CheckCommand, on_output: Callable[[str], None]
    ) -> CheckResult:
        """Export *tree* to a throw-away folder and run the check there.

        A check sees no secrets of the environment. Its folder is no git repository, and is removed
        afterwards whatever happens. In the sandbox it lies in the place of the person's checkout.
        """
        start = time.monotonic()
        folder = await self._workspace.export(tree)
        try:
            top, out = folder / "tree", folder / "out"
            out.mkdir()
            report = out / "report.xml"
            command = tuple(self._word(word, report) for word in check.command)
            sandboxed = self.protection != "none"
            root = self._workspace.user_root
            # The folder may lie below a repository of the person's, which is not to be found.
            env = scrubbed_environment({"GIT_CEILING_DIRECTORIES": str(folder)})
            result = await run_in(
                self._confinement.sandbox,
                self._confinement.bounds(
                    root, top, Mount(out, out, writable=True), network=check.network
                ),
                command,
                root if sandboxed else top,
                env,
                check.timeout_s,
                on_output=on_output,
            )
            tests, problem = _tests(report, top)
        finally:
            await self._workspace.discard(folder)
        problem = (result.problem and result.problem + self._hint(command)) or problem
        return CheckResult(
            name=check.name,
            tree=tree,
            ok=result.exit_code == 0 and not problem,
            exit_code=result.exit_code,
            duration_s=time.monotonic() - start,
            output=result.output,
            tests=tests,
            problem=problem,
        )

    async def deploy(
        self, commit: str, command: tuple[str, ...], on_output: Callable[[str], None]
    ) -> CommandResult:
        """Run the deploy command in the person's repository, with ``AGENT_TUI_COMMIT`` set.

        It is the person's own command behind a gate of its own, so it sees their environment.
        """
        words = tuple(word.replace("{python}", self._python) for word in command)
        env = own_environment({"AGENT_TUI_COMMIT": commit})
        return await run_command(
            words, self._workspace.user_root, env, DEPLOY_TIMEOUT_S, on_output=on_output
        )

    def _hint(self, command: tuple[str, ...]) -> str:
        """What to do about a program that is in the checkout and not in the tree."""
        first = Path(command[0]) if command else Path()
        part = first.parts[0] if first.parts else ""
        root = self._workspace.user_root
        if first.is_absolute() or len(first.parts) < 2 or not (root / first).exists():
            return ""
        if self.protection == "none":
            return f" {one_line(part)} is in your checkout, but not in the tree that is checked."
        return (
            f" {one_line(part)} is in your checkout, but not in the tree that is checked: let "
            f'checks read it ([sandbox] read = ["{one_line(part)}"]).'
        )

    def _word(self, word: str, report: Path) -> str:
        return word.replace("{python}", self._python).replace("{report}", str(report))


def _tests(report: Path, top: Path) -> tuple[tuple[TestCase, ...], str]:
    try:
        return read_report(report, lambda path: (top / path).is_file()), ""
    except (ReportError, OSError) as error:
        return (), f"{visible_lines(str(error))}."
