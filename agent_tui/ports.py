"""What the engine needs from the world, as protocols. ``bootstrap.py`` chooses who serves them."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from agent_tui.domain.base import Actor, BlobRef, ModelRef
from agent_tui.domain.checks import CheckCommand, CheckResult
from agent_tui.domain.decision import Answer, Approval, Gate, Selection
from agent_tui.domain.edits import EditFormat, EditResult
from agent_tui.domain.events import Event, Record
from agent_tui.domain.patch import Patch
from agent_tui.domain.rules import Rule
from agent_tui.domain.state import State
from agent_tui.domain.turn import Compacted, ModelEvent, ModelRequest


class Clock(Protocol):
    """Time, injected so that tests and replay own it."""

    def now(self) -> datetime:
        """The time of day, in UTC, aware."""
        ...

    def monotonic_ns(self) -> int:
        """Nanoseconds of a clock that only goes forward."""
        ...


class Ids(Protocol):
    """Names for new things."""

    def new(self, prefix: str) -> str:
        """A name that was not given before, beginning with *prefix*."""
        ...


class Model(Protocol):
    """One model behind one provider. An attempt is one request."""

    @property
    def ref(self) -> ModelRef:
        """Provider and model, as configured."""
        ...

    def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """Events as they come, the last one :class:`Done`.

        Raises:
            ModelError: On any failure. Nothing that was streamed before it counts.
        """
        ...

    async def close(self) -> None:
        """Let go of connections. No stream may be open."""
        ...


@runtime_checkable
class Retries(Protocol):
    """A model that makes a failed call again after a wait."""

    def skip_wait(self) -> None:
        """End the wait that is going on: the next attempt is made at once."""
        ...


@runtime_checkable
class Measures(Protocol):
    """A model whose provider may know how long a conversation is, and how to make it shorter."""

    async def count_tokens(self, request: ModelRequest) -> int | None:
        """Tokens that would go in, or None where the provider does not count.

        Raises:
            ModelError: If it could not be asked.
        """
        ...

    async def compact(self, request: ModelRequest) -> Compacted | None:
        """The request's conversation made shorter, or None where the provider does not do that.

        Raises:
            ModelError: If it could not be done.
        """
        ...


class EventSink(Protocol):
    """The session log, as its writer sees it."""

    async def append(self, event: Event, actor: Actor, *, durable: bool = True) -> Record:
        """Write one event. When it returns and *durable* is true, the event is on the disk."""
        ...

    async def put_blob(self, data: bytes) -> BlobRef:
        """Store a big text beside the log, durable before it returns."""
        ...


class Gatekeeper(Protocol):
    """Who answers at gates: a person, or a policy."""

    @property
    def actor(self) -> Actor:
        """Whose decisions these are."""
        ...

    async def answer(self, gate: Gate, state: State) -> Answer:
        """Wait for the answer. Cancelling leaves the gate open in the log."""
        ...


@dataclass(frozen=True, slots=True)
class HookRun:
    """What the repository's commit hooks did.

    Attributes:
        tree: The tree after the hooks; another one than before if they changed files.
        message: The message after ``prepare-commit-msg`` and ``commit-msg``.
        failed: Name of the hook that refused, or None.
    """

    tree: str
    message: str
    failed: str | None = None
    output: str = ""


@dataclass(frozen=True, slots=True)
class Committed:
    """A commit that exists. See :class:`~agent_tui.domain.events.CommitDone`."""

    commit: str
    tree: str
    ref: str
    landed: str | None = None
    detail: str = ""


class CommitError(Exception):
    """No commit was made, and nothing was changed.

    Attributes:
        cause: As in :class:`~agent_tui.domain.events.CommitRefused`.
    """

    def __init__(
        self, cause: Literal["hook", "signing", "identity", "moved", "git"], message: str
    ) -> None:
        super().__init__(message)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Match:
    """A line that was found, counted from 1."""

    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit in a listing; *date* is a day in ISO form."""

    name: str
    date: str
    author: str
    subject: str


class Workspace(Protocol):
    """The session's own linked worktree, and the trees made from it.

    The user's files, index, stash and branches are untouched until :meth:`commit` lands. All
    methods raise :class:`WorkspaceError` with one clear sentence when git refuses.
    """

    @property
    def root(self) -> Path:
        """Top of the linked worktree."""
        ...

    @property
    def base_tree(self) -> str:
        """Object name of the tree that the session started from."""
        ...

    async def reset(self, tree: str) -> None:
        """Make the worktree's files equal to *tree*, removing whatever else is there."""
        ...

    async def snapshot(self) -> str:
        """The worktree's present content as a tree (ignored files are left out)."""
        ...

    async def diff(self, old: str, new: str) -> bytes:
        """``git diff`` between two trees, in the form that ``parse_patch`` reads."""
        ...

    async def patch(self, old: str, new: str) -> bytes:
        """The change between two trees as a patch file, binary files included."""
        ...

    async def select(self, base: str, target: str, patch: Patch, selection: Selection) -> str:
        """The tree of *target* without what *selection* leaves out of *patch*."""
        ...

    async def read(self, tree: str, path: str) -> bytes | None:
        """A file's bytes in a tree, or None when there is no such file."""
        ...

    async def files(self, tree: str) -> tuple[str, ...]:
        """All paths of a tree."""
        ...

    async def search(
        self,
        tree: str,
        pattern: str,
        *,
        regex: bool = True,
        ignore_case: bool = False,
        limit: int = 200,
    ) -> tuple[tuple["Match", ...], bool]:
        """Lines of a tree's text files that match, in the order of their paths.

        Args:
            pattern: A text, or with *regex* a Perl-compatible regular expression.
            limit: How many are given; the second value says whether there were more.
        """
        ...

    async def history(self, path: str | None, limit: int) -> tuple["Commit", ...]:
        """The newest commits from the base commit on, of one path or of all."""
        ...

    async def blame(self, path: str, first: int, last: int) -> str:
        """Who changed which of these lines last, as of the base commit, a line each."""
        ...

    async def write_files(self, files: Mapping[str, bytes | None]) -> None:
        """Write (or, with None, delete) files in the worktree, never outside it."""
        ...

    async def run_hooks(self, tree: str, message: str) -> HookRun:
        """Run the user's commit hooks on an export of *tree*."""
        ...

    async def commit(self, approval: Approval, message: str, session: str) -> Committed:
        """Commit the approved tree and land it if nothing of the user's is clobbered.

        Raises:
            CommitError: If there is no commit.
        """
        ...

    async def same_on_disk(self, tree: str, paths: Sequence[str]) -> tuple[str, ...]:
        """Those of the paths at which the person's own file is what *tree* has there."""
        ...

    async def find_commit(self, approval: Approval, session: str) -> Committed | None:
        """The commit of an earlier run that was ended in the middle, if it exists."""
        ...

    async def close(self) -> None:
        """Let go of processes and descriptors. The worktree stays for a resume."""
        ...

    async def remove(self) -> None:
        """Remove the worktree of a finished session. Refs and commits stay."""
        ...


class WorkspaceError(Exception):
    """The repository is not as it has to be; the text says what to do."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended."""

    exit_code: int | None
    output: str
    duration_s: float
    problem: str = ""


class Checks(Protocol):
    """Runs configured commands on exactly one tree."""

    @property
    def protection(self) -> str:
        """What keeps the commands from the rest of the machine, for the status bar."""
        ...

    async def run(
        self, tree: str, check: CheckCommand, on_output: Callable[[str], None]
    ) -> CheckResult:
        """Export *tree* to a throw-away folder and run the check there."""
        ...

    async def deploy(
        self, commit: str, command: tuple[str, ...], on_output: Callable[[str], None]
    ) -> CommandResult:
        """Run the deploy command in the user's repository, told the commit."""
        ...


class EditFormats(Protocol):
    """Reads edits in any format that models write, and applies them to bytes. Pure: no files."""

    def paths(self, text: str | bytes, format: EditFormat | None = None) -> tuple[str, ...]:
        """The paths that the edits touch, so that a caller can fetch them first.

        Args:
            text: What the model printed: prose and fences around the edits do no harm.
            format: None finds it out.

        Raises:
            EditFormatError: If there are no edits in it that can be read.
        """
        ...

    def apply(
        self,
        text: str | bytes,
        read: Callable[[str], bytes | None],
        format: EditFormat | None = None,
    ) -> EditResult:
        """What the files become, all of them or none.

        Args:
            text: As for :meth:`paths`.
            read: A file's present bytes, or None when there is none.
            format: As for :meth:`paths`.

        Returns:
            A result whose ``explain`` lets the model mend its edits when they do not apply. One
            that is not ``certain`` must not be written before somebody has agreed.

        Raises:
            EditFormatError: If there are no edits in it that can be read.
        """
        ...


class Commands(Protocol):
    """Runs one command line of the coder's in the session's worktree, and nowhere else.

    The files that it changes there belong to the attempt: it is made from the worktree's content.
    Whether a command may run at all is decided before, by the supervisor.
    """

    @property
    def protection(self) -> str:
        """What keeps the commands from the rest of the machine, for the status bar."""
        ...

    async def run(
        self,
        line: str,
        *,
        timeout_s: float,
        on_output: Callable[[str], None],
        output_limit: int = 200_000,
    ) -> CommandResult:
        """Run a line of bash to its end, and end all that it left running.

        Args:
            line: The command line as it was shown and allowed, byte for byte.
            timeout_s: Seconds after which it is ended.
            on_output: Called with pieces of output as they come, controls made visible.
            output_limit: Characters of output that are kept, from its beginning and its end.

        Returns:
            How it ended; that it could not be started is a ``problem``. Cancelling ends it first.
        """
        ...


class RuleStore(Protocol):
    """The rules that a person gave for a project, kept in their own state."""

    def rules(self) -> tuple[Rule, ...]:
        """The project's rules, in the order in which they were given."""
        ...

    def add(self, rules: Sequence[Rule]) -> None:
        """Keep more of them.

        Raises:
            OSError: If they cannot be kept.
        """
        ...
