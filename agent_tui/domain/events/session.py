"""How a session begins, is left, goes on and ends."""

from typing import Any, Literal

from agent_tui.domain.base import ModelRef, Role, Value
from agent_tui.domain.checks import CheckCommand
from agent_tui.domain.decision import GateKind, GatePolicy
from agent_tui.domain.document import Document
from agent_tui.domain.events.imported import ImportSource
from agent_tui.domain.given import Given

OutcomeKind = Literal[
    "committed", "failed", "rejected", "limit", "checks failed", "provider error", "reviewed"
]
"""``reviewed``: a given change was looked at, and nothing was to be committed."""


class Limits(Value):
    """Where the loop stops and asks. None means no limit.

    Attributes:
        iterations: Attempts of the coder.
        dollars: Money for model calls, in US dollars.
        minutes: The loop's own time; the person's waiting does not count.
    """

    iterations: int | None = 4
    dollars: float | None = None
    minutes: float | None = None


class RepoFacts(Value):
    """The repository as it was found.

    Attributes:
        root: Absolute path of the working tree's top.
        ref: Full name of the branch's ref, or None when HEAD was detached.
        commit: The commit that HEAD named, empty in a repository without commits.
        tree: The tree of that commit (the empty tree in a repository without commits).
        dirty: How many paths had changes that were not committed.
    """

    root: str
    name: str
    ref: str | None
    commit: str
    tree: str
    dirty: int = 0

    @property
    def branch(self) -> str | None:
        """The branch's short name."""
        return self.ref.removeprefix("refs/heads/") if self.ref else None


class SessionStarted(Value):
    """The first event of every session.

    Attributes:
        protection: What keeps checks and the coder's commands from the rest of the machine:
            ``bubblewrap`` or ``none``.
        source: What it was imported from, when another agent recorded it.
    """

    type: Literal["session.started"] = "session.started"
    session: str
    request: str
    repo: RepoFacts
    roles: dict[Role, ModelRef]
    limits: Limits = Limits()
    gates: dict[GateKind, GatePolicy] = {}
    checks: tuple[CheckCommand, ...] = ()
    deploy: tuple[str, ...] = ()
    protection: str = "none"
    app_version: str = ""
    given: Given | None = None
    document: Document | None = None
    source: ImportSource | None = None


class SessionLeft(Value):
    """The person left; the session can be resumed."""

    type: Literal["session.left"] = "session.left"


class SessionResumed(Value):
    """A process opened the session again to go on with it.

    Attributes:
        protection: What keeps commands from the machine from now on; empty in older logs.
    """

    type: Literal["session.resumed"] = "session.resumed"
    app_version: str = ""
    protection: str = ""


class ModelChosen(Value):
    """A role is played by another model from now on."""

    type: Literal["model.chosen"] = "model.chosen"
    role: Role
    model: ModelRef


class SessionFinished(Value):
    """The loop has come to its end."""

    type: Literal["session.finished"] = "session.finished"
    outcome: OutcomeKind
    detail: str = ""


class SessionForked(Value):
    """The records before this one are another session's; from here on it goes its own way.

    Attributes:
        parent: The id of that session.
        seq, digest: Place and checksum of its last record that was taken over.
        reason: Why, in the person's words.
        changes: What is different from here on, for example ``coder: openai:gpt-5.3-codex``.
    """

    type: Literal["session.forked"] = "session.forked"
    parent: str
    seq: int
    digest: str
    reason: str = ""
    changes: tuple[str, ...] = ()


class LogRecovered(Value):
    """The log's end was damaged; what could not be read was moved aside."""

    type: Literal["log.recovered"] = "log.recovered"
    detail: str


class Unknown(Value):
    """A record that this version does not know: kept and shown raw."""

    type: Literal["unknown"] = "unknown"
    original_type: str
    data: dict[str, Any]
