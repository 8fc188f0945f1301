"""The one gateway to git: plumbing through GitPython, one command at a time, on its own thread.

Nothing of the caller's environment that steers git gets through, and configuration that would run
a program is overridden in every call. Whoever needs several commands in a row runs them as one
function on the :class:`GitThread`; it then ends even if the task that waits for it is cancelled.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from subprocess import PIPE
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from agent_tui.domain.text import one_line
from agent_tui.ports import WorkspaceError
from agent_tui.workspace.keys import blank_keys, taken_away

if TYPE_CHECKING:
    from git.cmd import Git as GitCommand

P = ParamSpec("P")
T = TypeVar("T")

MINIMUM = (2, 36)
"""Older versions of git know neither ``core.fsync`` nor ``worktree list -z``."""

USER_CONFIG = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")
"""Where a person says that their own configuration is; it is honoured."""

IDENTITY = (
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
)
"""A person's identity may come from the environment too."""

SAFE_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "none",  # a partial clone would fetch, with programs from its config
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": ":",
}

SAFE_CONFIG: tuple[tuple[str, str], ...] = (
    ("core.hooksPath", os.devnull),
    ("core.fsmonitor", "false"),
    ("core.fsync", "committed,reference"),
    ("core.quotePath", "false"),
    ("core.protectHFS", "true"),
    ("core.protectNTFS", "true"),
    ("core.safecrlf", "false"),
    ("core.pager", "cat"),
    ("core.sshCommand", "false"),
    ("core.askPass", "true"),
    ("credential.helper", ""),
    ("diff.external", ""),
    ("diff.orderFile", os.devnull),
    ("diff.suppressBlankEmpty", "false"),
    ("i18n.commitEncoding", "UTF-8"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("safe.bareRepository", "explicit"),
    ("submodule.recurse", "false"),
)


class GitError(WorkspaceError):
    """Git refused. The text is what git itself said, made safe to show.

    Attributes:
        status: Git's exit status.
        stderr: All that it wrote to its error stream.
    """

    def __init__(self, command: str, status: int, stderr: str) -> None:
        lines = [line.strip() for line in stderr.splitlines() if line.strip()]
        marked = [line for line in lines if line.startswith(("fatal:", "error:"))]
        said = one_line((marked or lines or [f"it ended with status {status}"])[0], 400)
        super().__init__(f"git {command}: {said}")
        self.status = status
        self.stderr = stderr


@dataclass(frozen=True, slots=True)
class Place:
    """Which repository, working tree and index a command is about.

    Attributes:
        git_dir: None lets git look for the repository from *cwd* upwards, as it also checks its
            owner then.
        config: Settings that hold in this place, besides those that always hold.
    """

    cwd: Path
    git_dir: Path | None = None
    work_tree: Path | None = None
    index: Path | None = None
    objects: Path | None = None
    config: tuple[tuple[str, str], ...] = ()

    def environment(self) -> dict[str, str]:
        """The variables that say all this to git."""
        paths = {
            "GIT_DIR": self.git_dir,
            "GIT_WORK_TREE": self.work_tree,
            "GIT_INDEX_FILE": self.index,
            "GIT_OBJECT_DIRECTORY": self.objects,
        }
        return {name: str(path) for name, path in paths.items() if path is not None}


def config_environment(config: Collection[tuple[str, str]]) -> dict[str, str]:
    """Settings as variables; unlike ``-c``, this holds names with ``=`` in them."""
    env = {"GIT_CONFIG_COUNT": str(len(config))}
    for number, (key, value) in enumerate(config):
        env[f"GIT_CONFIG_KEY_{number}"] = key
        env[f"GIT_CONFIG_VALUE_{number}"] = value
    return env


class Git:
    """Runs git commands, each to its end. To be used on one thread only."""

    def __init__(self) -> None:
        if shutil.which("git") is None:
            raise WorkspaceError(
                f"git was not found: install git {_dotted(MINIMUM)} or newer and try again."
            )
        self._commands: dict[Path, GitCommand] = {}

    def run(
        self,
        *args: str | bytes,
        at: Place,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        ok: Collection[int] = (0,),
        timeout_s: float | None = None,
        terminal: bool = False,
    ) -> bytes:
        """What the command printed.

        Args:
            args: The command and its arguments, as in ``git ARGS``.
            at: The repository, working tree and index.
            stdin: What it reads; nothing when None.
            env: Further variables.
            ok: Exit statuses that are no error.
            timeout_s: Seconds after which it is killed; None waits for ever.
            terminal: Whether it keeps this process's terminal, for a program that asks there.

        Raises:
            GitError: If it ended with another status.
        """
        return self.status(
            *args, at=at, stdin=stdin, env=env, ok=ok, timeout_s=timeout_s, terminal=terminal
        )[1]

    def status(
        self,
        *args: str | bytes,
        at: Place,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        ok: Collection[int] = (0,),
        timeout_s: float | None = None,
        terminal: bool = False,
    ) -> tuple[int, bytes]:
        """The exit status, and what the command printed. See :meth:`run`."""
        with tempfile.TemporaryFile() as source:
            if stdin:
                source.write(stdin)
                source.seek(0)
            result = self._execute(
                args,
                at,
                env,
                istream=source if stdin else None,
                with_extended_output=True,
                with_exceptions=False,
                kill_after_timeout=timeout_s,
                terminal=terminal,
            )
        status, stdout, stderr = cast("tuple[int, bytes, str | bytes]", result)
        if status not in ok:
            text = stderr if isinstance(stderr, str) else stderr.decode("utf-8", "replace")
            raise GitError(_text(args[0]), status, text)
        return status, stdout

    def line(self, *args: str | bytes, at: Place, ok: Collection[int] = (0,)) -> str:
        """What the command printed, as text without the final line end."""
        return os.fsdecode(self.run(*args, at=at, ok=ok)).removesuffix("\n")

    def start(self, *args: str | bytes, at: Place, env: Mapping[str, str] | None = None) -> Any:
        """The running command, with pipes, for a conversation with it."""
        return self._execute(args, at, env, istream=PIPE, as_process=True)

    def _execute(
        self,
        args: tuple[str | bytes, ...],
        at: Place,
        env: Mapping[str, str] | None,
        terminal: bool = False,
        **options: Any,
    ) -> Any:
        variables = {
            **blank_keys(),
            **SAFE_ENVIRONMENT,
            **at.environment(),
            **config_environment((*SAFE_CONFIG, *at.config)),
            **(env or {}),
        }
        keep = {*variables, *USER_CONFIG, *IDENTITY}
        foreign = [n for n in os.environ if n.startswith("GIT_") and n not in keep]
        # GitPython adds to the inherited variables; only a program in between takes some away.
        unset = ["env", *(word for name in foreign for word in ("-u", name))] if foreign else []
        command = self._command(at.cwd)
        from git.exc import GitCommandNotFound  # noqa: PLC0415

        try:
            return command.execute(
                [*unset, "git", *map(_text, args)],
                env=variables,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
                shell=False,
                start_new_session=not terminal,  # no prompts, and no Ctrl-C in mid-commit
                **options,
            )
        except GitCommandNotFound as error:
            raise WorkspaceError("git could not be started: is it still installed?") from error

    def _command(self, cwd: Path) -> "GitCommand":
        if not cwd.is_dir():
            raise WorkspaceError(f"the folder {one_line(str(cwd))} does not exist any more.")
        if cwd not in self._commands:
            with taken_away():  # the import runs `git version`
                from git.cmd import Git as GitCommand  # noqa: PLC0415 (costs 160 ms)

            self._commands[cwd] = GitCommand(str(cwd))
        return self._commands[cwd]

    def check_version(self, at: Place) -> None:
        """Refuse a git that is too old.

        Raises:
            WorkspaceError: If it is older than :data:`MINIMUM`.
        """
        words = self.line("version", at=at).split()
        numbers = words[2].split(".") if len(words) > 2 else []
        version = tuple(int(n) for n in numbers[:2] if n.isdigit())
        if version < MINIMUM:
            raise WorkspaceError(
                f"git {_dotted(version)} is too old: install git {_dotted(MINIMUM)} or newer."
            )


class GitThread:
    """The thread on which all git commands of one workspace run, one after the other."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="git")
        self._closed = False

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the function there. Cancelling the wait does not end what has begun.

        Raises:
            WorkspaceError: If it raises that, or the system refuses something (a full disk).
            asyncio.CancelledError: If the thread has been closed.
        """
        loop = asyncio.get_running_loop()
        try:
            future = loop.run_in_executor(self._executor, partial(function, *args, **kwargs))
        except RuntimeError as error:
            if not self._closed:
                raise
            # The session was left: what still wanted something of it is called off.
            raise asyncio.CancelledError from error
        try:
            return await future
        except OSError as error:
            raise system_error(error) from error

    async def close(self, last: Callable[[], None] = lambda: None) -> None:
        """Run *last* there when all other work is done, and end the thread. Once is enough."""
        if not self._closed:
            self._closed = True
            await self.call(last)
        await asyncio.to_thread(self._executor.shutdown)


def system_error(error: OSError) -> WorkspaceError:
    """What the system refused, as a sentence."""
    known = isinstance(error.filename, str | bytes | os.PathLike)
    name = f"{one_line(os.fsdecode(error.filename))}: " if known else ""
    return WorkspaceError(f"{name}{one_line(error.strerror or str(error))}.")


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version)) or "of unknown version"


def _text(arg: str | bytes) -> str:
    return arg if isinstance(arg, str) else os.fsdecode(arg)
