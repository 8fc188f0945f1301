"""Running the coder's command lines in the session's worktree."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from agent_tui.ports import CommandResult
from agent_tui.workspace.confinement import Confinement, unconfined
from agent_tui.workspace.environment import scrubbed_environment
from agent_tui.workspace.runner import OUTPUT_LIMIT, run_in
from agent_tui.workspace.sandbox import Mount

_STEERS_THE_SHELL = re.compile(
    r"BASH_ENV|BASH_FUNC_.*|BASHOPTS|SHELLOPTS|ENV|CDPATH|GLOBIGNORE|IFS|PS4|PROMPT_COMMAND|EXECIGNORE"
    r"|BASH_XTRACEFD|BASH_COMPAT|POSIXLY_CORRECT",
    re.DOTALL,
)
"""Variables that change what a line means to bash (its manual, "Bash Variables" and "Bash Startup
Files"): a line has to mean what was shown and allowed."""


class WorktreeCommands:
    """Implements :class:`agent_tui.ports.Commands`.

    In the sandbox they find the worktree in the place of the person's checkout, and its repository
    to read only.

    Args:
        root: Top of the session's worktree.
        confinement: What keeps commands from the rest of the machine.
        checkout: Top of the person's checkout.
        git: Mounts that show the repository.
    """

    def __init__(
        self,
        root: Path,
        confinement: Confinement | None = None,
        checkout: Path | None = None,
        git: tuple[Mount, ...] = (),
    ) -> None:
        self._root = root
        self._confinement = confinement or unconfined()
        self._checkout = checkout or root
        self._git = git

    @property
    def protection(self) -> str:
        """What keeps the commands from the rest of the machine: ``bubblewrap`` or ``none``."""
        return self._confinement.sandbox.protection

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
        sandboxed = self.protection != "none"
        return await run_in(
            self._confinement.sandbox,
            self._confinement.bounds(self._checkout, self._root, *self._git),
            argv,
            self._checkout if sandboxed else self._root,
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
    return {
        **kept,
        "PATH": os.pathsep.join(folders),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
    }
