"""What the reviewer says: the status of each criterion, and findings with a life of their own."""

from typing import Literal

from agent_tui.domain.base import Actor, Value
from agent_tui.domain.comments import CommentAnswer

Severity = Literal["blocker", "major", "minor", "nit"]
BLOCKING: frozenset[str] = frozenset({"blocker", "major"})
"""Open findings of these severities keep an attempt from being committed."""

CriterionState = Literal["met", "unmet", "unclear"]
FindingStatus = Literal["open", "fixed", "waived", "disputed", "deferred"]


class CriterionResult(Value):
    """The reviewer's answer for one criterion."""

    criterion: str
    status: CriterionState
    evidence: str = ""


class Finding(Value):
    """One problem. Its id (``F1``) stays with it over all iterations.

    Attributes:
        line, end_line: Lines of the new file, counted from 1; both ends belong to it.
        anchored: Whether the lines were found in the diff that was reviewed.
        confidence: From 0 to 1, as its author gave it.
    """

    id: str
    severity: Severity
    title: str
    body: str = ""
    path: str | None = None
    line: int | None = None
    end_line: int | None = None
    quote: str = ""
    criterion: str | None = None
    check: str | None = None
    suggestion: str = ""
    confidence: float | None = None
    anchored: bool = False
    author: Actor = "reviewer"

    @property
    def blocking(self) -> bool:
        """Whether it keeps an attempt from being committed while it is open."""
        return self.severity in BLOCKING


class FindingUpdate(Value):
    """A new status for an earlier finding, and why."""

    finding: str
    status: FindingStatus
    reason: str = ""


class Verdict(Value):
    """The answer of one review. Whether it passes is derived from the ledger, not from this."""

    outcome: Literal["pass", "fail"]
    summary: str
    criteria: tuple[CriterionResult, ...] = ()
    findings: tuple[Finding, ...] = ()
    updates: tuple[FindingUpdate, ...] = ()
    answers: tuple[CommentAnswer, ...] = ()

    def criterion(self, criterion_id: str) -> CriterionResult | None:
        """The answer for that criterion, if there is one."""
        return next((c for c in self.criteria if c.criterion == criterion_id), None)


class LedgerEntry(Value):
    """A finding and where it stands now.

    Attributes:
        attempt: The attempt that it was first found in.
        by: Who gave it its present status.
    """

    finding: Finding
    status: FindingStatus = "open"
    reason: str = ""
    attempt: int = 1
    by: Actor = "reviewer"

    @property
    def blocks(self) -> bool:
        """Whether it keeps the attempt from being committed."""
        return self.finding.blocking and self.status in ("open", "disputed")
