"""What the roles and the person put forward: specs, attempts, verdicts, findings, messages."""

from typing import Literal

from agent_tui.domain.base import Actor, BlobRef, Value
from agent_tui.domain.checks import CheckResult
from agent_tui.domain.comments import CommentAnswer
from agent_tui.domain.decision import Selection
from agent_tui.domain.spec import Spec
from agent_tui.domain.verdict import Finding, FindingStatus, Verdict


class Claim(Value):
    """The coder's word that a place serves a criterion.

    Attributes:
        line, end_line: In the new file, from 1; None means the whole file's change.
        test: Name of a test that shows it, when there is one.
    """

    criterion: str
    path: str
    line: int | None = None
    end_line: int | None = None
    quote: str = ""
    test: str | None = None


class CoderReport(Value):
    """What the coder says about its own attempt.

    Attributes:
        missing_tests: Tests that its claims name and that are in no file: found by the program.
    """

    summary: str
    claims: tuple[Claim, ...] = ()
    not_done: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    commit_message: str = ""
    answers: tuple[CommentAnswer, ...] = ()
    missing_tests: tuple[str, ...] = ()


class SpecProposed(Value):
    """A version of the spec, by the planner or by the person."""

    type: Literal["spec.proposed"] = "spec.proposed"
    version: int
    spec: Spec
    author: Actor


class Since(Value):
    """The difference to the revision that the person looked at last, or to the one before.

    Attributes:
        attempt, revision, tree: That revision.
        patch: ``git diff`` from its tree to the new one.
    """

    attempt: int
    revision: int
    tree: str
    patch: BlobRef


class AttemptProposed(Value):
    """A tree that could be committed.

    A new attempt is the coder's; a later revision of it is the person's edit or selection.

    Attributes:
        tree: Object name of the result; the patch is derived from it, never the other way round.
        patch: ``git diff`` from the base tree to it.
        left_out: What the person dropped from the revision before, when that made this one.
        change: In words and lines, what the person changed; it is what the models are told.
        since: What is different; None for a first revision.
        notes: What is not known of this change; an imported one has no tree when the source does
            not show the files whole.
    """

    type: Literal["attempt.proposed"] = "attempt.proposed"
    attempt: int
    revision: int = 1
    tree: str
    base_tree: str
    patch: BlobRef
    author: Actor = "coder"
    report: CoderReport | None = None
    left_out: Selection | None = None
    change: str = ""
    since: Since | None = None
    notes: tuple[str, ...] = ()


class ChecksFinished(Value):
    """All checks have run on one tree."""

    type: Literal["checks.finished"] = "checks.finished"
    tree: str
    results: tuple[CheckResult, ...]


class VerdictProposed(Value):
    """The reviewer's answer on one tree."""

    type: Literal["verdict.proposed"] = "verdict.proposed"
    tree: str
    verdict: Verdict


class FindingAdded(Value):
    """A finding that is not the reviewer's: the person's, a check's, a hook's."""

    type: Literal["finding.added"] = "finding.added"
    finding: Finding


class FindingChanged(Value):
    """The person, or a check that passes now, gave a finding another status."""

    type: Literal["finding.changed"] = "finding.changed"
    finding: str
    status: FindingStatus
    reason: str = ""


class MessageProposed(Value):
    """A commit message (without the trailers, which are added when it is committed)."""

    type: Literal["message.proposed"] = "message.proposed"
    version: int
    message: str
    author: Actor
