"""A session's state: everything that a screen shows, and all that the engine needs to go on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator

from agent_tui.domain import events as e
from agent_tui.domain.base import Actor, BlobRef, ModelRef, Role
from agent_tui.domain.checks import CheckResult
from agent_tui.domain.comments import CommentDraft, CommentEntry
from agent_tui.domain.decision import Approval, Gate, Selection
from agent_tui.domain.output import Pieces
from agent_tui.domain.rules import Rule
from agent_tui.domain.spec import Spec
from agent_tui.domain.usage import Cost, Usage
from agent_tui.domain.verdict import LedgerEntry, Verdict


class Phase(StrEnum):
    """What the loop does next. The engine has one method for each."""

    GIVEN = "given"
    PLAN = "plan"
    SPEC_GATE = "spec gate"
    CODE = "code"
    DIFF_GATE = "diff gate"
    CHECK = "check"
    REVIEW = "review"
    VERDICT_GATE = "verdict gate"
    MESSAGE = "message"
    MESSAGE_GATE = "message gate"
    COMMIT = "commit"
    DEPLOY_GATE = "deploy gate"
    DEPLOY = "deploy"
    FINISH = "finish"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Retry:
    """A call that failed and waits for its next attempt. See ``ModelRetried``."""

    kind: str
    message: str
    attempt: int
    attempts: int
    wait_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One piece of work: a model's turn, a run of the checks, a commit, a deploy.

    Attributes:
        output: What it streamed. It is kept for the last step and for the last one of the coder;
            of those before, the log has it.
        counted: Place of the record with which the model call in progress began; a retry drops what
            was streamed after it.
        seq: Place of the record that began it.
        answered: Place of the record with which its last answer was complete.
        longest: Tokens of its longest answer.
        first_byte_s, first_token_s: Of the first answer, in seconds from its request.
        compactions: How often its conversation was made shorter.
        writing_s, written_tokens: Seconds between the first token of each answer and its end,
            summed, and the tokens that were written in them.
    """

    id: str
    kind: e.StepKind
    attempt: int
    role: Role | None = None
    model: ModelRef | None = None
    started: datetime | None = None
    outcome: e.StepOutcome | None = None
    detail: str = ""
    wall_s: float = 0.0
    output: Annotated[Pieces, PlainValidator(Pieces.of), PlainSerializer(list)] = field(
        default_factory=Pieces
    )
    calls: int = 0
    counted: int = -1
    usage: Usage = field(default_factory=Usage)
    cost: Cost = field(default_factory=Cost)
    first_byte_s: float | None = None
    first_token_s: float | None = None
    seq: int = -1
    writing_s: float = 0.0
    compactions: int = 0
    written_tokens: int = 0
    answered: int = -1
    longest: int = 0

    @property
    def running(self) -> bool:
        """Whether its end is not in the log."""
        return self.outcome is None

    @property
    def tokens_per_s(self) -> float | None:
        """How fast the model wrote, from the first token of each answer to its end."""
        # An answer that came in one piece says nothing about a rate.
        return self.written_tokens / self.writing_s if self.writing_s >= 0.05 else None


@dataclass(frozen=True, slots=True)
class SpecVersion:
    """A spec and who wrote it."""

    version: int
    spec: Spec
    author: Actor


@dataclass(frozen=True, slots=True)
class Revision:
    """An attempt's tree: the coder's, or the person's after an edit or a selection."""

    attempt: int
    revision: int
    tree: str
    base_tree: str
    patch: BlobRef
    author: Actor
    report: e.CoderReport | None = None
    left_out: Selection | None = None
    change: str = ""
    since: e.Since | None = None
    notes: tuple[str, ...] = ()
    checks: tuple[CheckResult, ...] | None = None
    verdict: Verdict | None = None
    approval: Approval | None = None

    @property
    def checks_pass(self) -> bool:
        """Whether the checks ran and none failed."""
        return self.checks is not None and all(result.ok for result in self.checks)


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as it stands in the timeline; *seq* is the place of its record.

    Attributes:
        revision: Attempt and number of the revision that was in force.
    """

    event: e.GateDecided
    actor: Actor
    attempt: int
    at: datetime
    seq: int = -1
    revision: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class State:
    """Everything that a screen shows, and all that the engine needs to go on.

    Attributes:
        gate: The gate that waits for a decision, if one does.
        comments: What the person wrote on the change, in the order in which it was written.
        comments_made: How many comments were ever added; ids are not given twice.
        comment_drafts: Comments that were left unfinished.
        marked: What the person has marked as left out at that gate.
        seen: Ids of the hunks that they have seen there, as far as that was kept.
        drafts: What the person has written there and not sent.
        undone: Each time that the commit, or what took it back, was taken back.
        parent: The session that this one was forked from, and where.
        protection: What keeps commands from the machine, in the process that runs the session.
        after_gate: Where the loop goes when a ``limit`` or ``fault`` gate is approved.
        fault: Why the last model call failed, while that is not decided.
        retry: The wait before the next attempt of a call, from its failure to a sign of life.
        chosen: Roles that are played by another model than at the session's start.
        rejection: What the last rejection sends to the role that works again; "" when answered.
        carried_comments: Ids of the comments that it holds.
        extra: How often each limit was raised by the person.
        person_s: Seconds that gates waited for the person.
        rules: What the person allowed for the whole session.
        running: Command lines that run now.
        unfinished: Command lines that ran when their step was cut off: how far they came, nobody
            knows.
        sources: What each step's model read of the repository.
        requests: What the person asked for later, after the session's own request.
        imported: The account of the source, at the end of a session that was imported.
        away_s: Seconds between a time when the session was left and the next resume.
        model_s: Seconds that models worked.
    """

    seq: int = -1
    session: e.SessionStarted | None = None
    parent: e.SessionForked | None = None
    protection: str = "none"
    phase: Phase = Phase.PLAN
    steps: tuple[Step, ...] = ()
    specs: tuple[SpecVersion, ...] = ()
    revisions: tuple[Revision, ...] = ()
    ledger: tuple[LedgerEntry, ...] = ()
    comments: tuple[CommentEntry, ...] = ()
    comments_made: int = 0
    comment_drafts: tuple[CommentDraft, ...] = ()
    messages: tuple[e.MessageProposed, ...] = ()
    decisions: tuple[Decided, ...] = ()
    gate: Gate | None = None
    gate_opened: datetime | None = None
    marked: Selection = field(default_factory=Selection)
    seen: tuple[str, ...] = ()
    drafts: tuple[e.DraftSaved, ...] = ()
    fault: str = ""
    retry: Retry | None = None
    chosen: Mapping[Role, ModelRef] = field(default_factory=dict)
    rejection: str = ""
    carried_comments: tuple[str, ...] = ()
    extra: int = 0
    commit_started: e.CommitStarted | None = None
    commit: e.CommitDone | None = None
    undone: tuple[e.CommitUndone, ...] = ()
    refused: e.CommitRefused | None = None
    deploy_changed: tuple[str, ...] = ()
    deploy: e.DeployFinished | None = None
    finished: e.SessionFinished | None = None
    usage: Usage = field(default_factory=Usage)
    cost: Cost = field(default_factory=Cost)
    model_s: float = 0.0
    work_s: float = 0.0
    person_s: float = 0.0
    away_s: float = 0.0
    started_at: datetime | None = None
    last_at: datetime | None = None
    left: bool = False
    requests: tuple[str, ...] = ()
    imported: e.SessionImported | None = None
    notes: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    running: tuple[e.CommandStarted, ...] = ()
    unfinished: tuple[str, ...] = ()
    sources: tuple[e.SourcesRead, ...] = ()

    @property
    def roles(self) -> dict[Role, ModelRef]:
        """The model of each role, as it is in force."""
        return {**(self.session.roles if self.session else {}), **self.chosen}

    @property
    def spec(self) -> SpecVersion | None:
        """The spec in force: the last one proposed."""
        return self.specs[-1] if self.specs else None

    @property
    def revision(self) -> Revision | None:
        """The revision in force: the last one proposed."""
        return self.revisions[-1] if self.revisions else None

    @property
    def attempt(self) -> int:
        """Number of the attempt in progress, 0 before the first."""
        return self.revision.attempt if self.revision else 0

    @property
    def message(self) -> str:
        """The commit message in force."""
        return self.messages[-1].message if self.messages else ""

    @property
    def last_commit(self) -> str:
        """The last commit: the session's own, or the last that took one back; "" for none."""
        if self.undone:
            return self.undone[-1].by
        return self.commit.commit if self.commit else ""

    @property
    def taken_back(self) -> bool:
        """Whether the session's commit is taken back, and that is not taken back in turn."""
        return len(self.undone) % 2 == 1

    @property
    def deploy_command(self) -> tuple[str, ...]:
        """The deploy command in force: the person's own, or the configured one."""
        return self.deploy_changed or (self.session.deploy if self.session else ())

    @property
    def step(self) -> Step | None:
        """The last step."""
        return self.steps[-1] if self.steps else None

    def draft(self, gate: str, subject: str) -> str:
        """What the person has written at a gate and not sent, or ""."""
        found = (d.text for d in self.drafts if (d.gate, d.subject) == (gate, subject))
        return next(found, "")

    @property
    def open_findings(self) -> tuple[LedgerEntry, ...]:
        """Findings that are neither fixed nor waived nor deferred."""
        return tuple(entry for entry in self.ledger if entry.status in ("open", "disputed"))

    @property
    def waiting_comments(self) -> tuple[CommentEntry, ...]:
        """Comments that a model still owes a change or an answer for."""
        return tuple(entry for entry in self.comments if entry.waits)

    @property
    def passes(self) -> bool:
        """Whether the revision was reviewed and nothing open keeps it from being committed."""
        revision = self.revision
        return bool(revision and revision.verdict) and not any(x.blocks for x in self.ledger)

    def approval(self) -> Approval:
        """The approval that a decision on the present revision would record.

        Raises:
            ValueError: If there is nothing to approve yet.
        """
        if not (self.session and self.revision and (self.spec or self.session.given)):
            raise ValueError("nothing to approve yet")
        return Approval(
            parent=self.session.repo.commit,
            base_tree=self.revision.base_tree,
            tree=self.revision.tree,
            spec_version=self.spec.version if self.spec else 0,
        )
