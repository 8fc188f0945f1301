"""The commit of what was approved, and the deploy command after it."""

from typing import Literal

from agent_tui.domain.base import Value
from agent_tui.domain.decision import Approval


class CommitStarted(Value):
    """Durable before any ref moves, so that a crash in between can be resolved."""

    type: Literal["commit.started"] = "commit.started"
    approval: Approval
    message: str


class CommitDone(Value):
    """The approved tree is committed.

    Attributes:
        ref: The session's own branch, which always holds it.
        landed: The ref of the user's branch if it was moved forward, else None.
        detail: Why it did not land, or what happened to the user's own changes.
    """

    type: Literal["commit.done"] = "commit.done"
    commit: str
    tree: str
    ref: str
    landed: str | None = None
    detail: str = ""


class CommitRefused(Value):
    """No commit was made.

    Attributes:
        cause: ``hook`` (one failed), ``signing``, ``identity``, ``moved`` (a ref was not where the
            approval says), ``git`` (anything else).
    """

    type: Literal["commit.refused"] = "commit.refused"
    cause: Literal["hook", "signing", "identity", "moved", "git"]
    detail: str


class CommitUndone(Value):
    """A commit of this session was taken back by another commit, which can be taken back as well.

    Attributes:
        by: The commit that takes it back.
        landed: The branch that has it; None when it stays on *ref*, and *detail* says why.
        paths: What is again as it was before.
        kept: What later commits had changed, and stays.
        on_disk: Of *paths*, those whose file in the person's checkout stayed as it was.
        again: Whether that brought something again that was taken back before.
    """

    type: Literal["commit.undone"] = "commit.undone"
    commit: str
    by: str
    ref: str
    landed: str | None = None
    paths: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    on_disk: tuple[str, ...] = ()
    again: bool = False
    detail: str = ""


class DeployChanged(Value):
    """The person changed the deploy command of this session at its gate."""

    type: Literal["deploy.changed"] = "deploy.changed"
    command: tuple[str, ...]


class DeployFinished(Value):
    """The deploy command ran, or was skipped by the person's decision."""

    type: Literal["deploy.finished"] = "deploy.finished"
    ok: bool
    exit_code: int | None = None
    output: str = ""
