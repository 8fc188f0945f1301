"""Everything that can happen in a session. The log is a list of these, and the only truth.

Each event is plain data. A class is never changed in a way that old logs do not fit: new fields
have defaults, and anything else is a new version with an upcaster in ``sessions/``.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from agent_tui.domain.base import Actor, BlobRef, ModelRef, Role, Value
from agent_tui.domain.checks import CheckCommand, CheckResult
from agent_tui.domain.decision import (
    Approval,
    Choice,
    Gate,
    GateKind,
    GatePolicy,
    Seen,
    Selection,
)
from agent_tui.domain.spec import Spec
from agent_tui.domain.usage import Cost, Latency, Usage
from agent_tui.domain.verdict import Finding, FindingStatus, Verdict

StepKind = Literal["plan", "code", "check", "review", "message", "commit", "deploy"]
StepOutcome = Literal["done", "failed", "cancelled", "interrupted"]
Channel = Literal["text", "thinking", "tool", "output"]
OutcomeKind = Literal["committed", "failed", "rejected", "limit", "checks failed", "provider error"]


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
    """What the coder says about its own attempt."""

    summary: str
    claims: tuple[Claim, ...] = ()
    not_done: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    commit_message: str = ""


class SessionStarted(Value):
    """The first event of every session."""

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


class SessionLeft(Value):
    """The person left; the session can be resumed."""

    type: Literal["session.left"] = "session.left"


class SessionResumed(Value):
    """A process opened the session again to go on with it."""

    type: Literal["session.resumed"] = "session.resumed"
    app_version: str = ""


class SessionFinished(Value):
    """The loop has come to its end."""

    type: Literal["session.finished"] = "session.finished"
    outcome: OutcomeKind
    detail: str = ""


class StepStarted(Value):
    """Work began. Without its end in the log, its outcome is unknown."""

    type: Literal["step.started"] = "step.started"
    step: str
    kind: StepKind
    role: Role | None = None
    model: ModelRef | None = None
    attempt: int | None = None


class StepOutput(Value):
    """A piece of what a step streams."""

    type: Literal["step.output"] = "step.output"
    step: str
    channel: Channel
    text: str


class ModelAsked(Value):
    """What was sent to a model: the instructions, and the part that is new in this call."""

    type: Literal["model.asked"] = "model.asked"
    step: str
    system: str
    prompt: str


class ModelRetried(Value):
    """A call failed and is made again: what the step streamed since the call began does not count.

    Attributes:
        kind: What failed, as in :data:`~agent_tui.domain.turn.ModelErrorKind`.
        attempt: The number of the attempt that comes, from 2.
        wait_s: Seconds until then.
    """

    type: Literal["model.retried"] = "model.retried"
    step: str
    kind: str
    message: str
    attempt: int
    wait_s: float


class ModelAnswered(Value):
    """A model's answer came to its end.

    Attributes:
        stop: The reason in our terms: ``end``, ``tool_use``, ``max_tokens``, ``refused``.
    """

    type: Literal["model.answered"] = "model.answered"
    step: str
    stop: str
    usage: Usage
    cost: Cost
    latency: Latency
    request_id: str | None = None


class ToolCalled(Value):
    """A model asked for a tool, and the supervisor's rule said what to do."""

    type: Literal["tool.called"] = "tool.called"
    step: str
    call: str
    name: str
    arguments: dict[str, Any] = {}


class ToolReturned(Value):
    """What the tool gave back."""

    type: Literal["tool.returned"] = "tool.returned"
    step: str
    call: str
    ok: bool
    summary: str


class StepFinished(Value):
    """Work ended."""

    type: Literal["step.finished"] = "step.finished"
    step: str
    outcome: StepOutcome
    wall_s: float = 0.0
    detail: str = ""


class SpecProposed(Value):
    """A version of the spec, by the planner or by the person."""

    type: Literal["spec.proposed"] = "spec.proposed"
    version: int
    spec: Spec
    author: Actor


class AttemptProposed(Value):
    """A tree that could be committed.

    A new attempt is the coder's; a later revision of it is the person's edit or selection.

    Attributes:
        tree: Object name of the result; the patch is derived from it, never the other way round.
        patch: ``git diff`` from the base tree to it.
        left_out: What the person dropped from the revision before, when that made this one.
        change: In words and lines, what the person changed; it is what the models are told.
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
    """The person gave a finding another status."""

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


class GateOpened(Value):
    """The loop waits for a decision."""

    type: Literal["gate.opened"] = "gate.opened"
    gate: Gate


class GateDecided(Value):
    """A decision.

    Attributes:
        sends: The exact text that the next model call carries because of it.
        waited_s: How long the gate was open in the process that closed it.
    """

    type: Literal["gate.decided"] = "gate.decided"
    gate: str
    kind: GateKind
    choice: Choice
    reason: str = ""
    sends: str = ""
    approval: Approval | None = None
    seen: Seen | None = None
    waited_s: float = 0.0


class SelectionSaved(Value):
    """What the person has marked as left out, before the gate is decided."""

    type: Literal["selection.saved"] = "selection.saved"
    gate: str
    selection: Selection


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


class LogRecovered(Value):
    """The log's end was damaged; what could not be read was moved aside."""

    type: Literal["log.recovered"] = "log.recovered"
    detail: str


class Unknown(Value):
    """A record that this version does not know: kept and shown raw."""

    type: Literal["unknown"] = "unknown"
    original_type: str
    data: dict[str, Any]


Event = (
    SessionStarted
    | SessionLeft
    | SessionResumed
    | SessionFinished
    | StepStarted
    | StepOutput
    | ModelAsked
    | ModelRetried
    | ModelAnswered
    | ToolCalled
    | ToolReturned
    | StepFinished
    | SpecProposed
    | AttemptProposed
    | ChecksFinished
    | VerdictProposed
    | FindingAdded
    | FindingChanged
    | MessageProposed
    | GateOpened
    | GateDecided
    | SelectionSaved
    | CommitStarted
    | CommitDone
    | CommitRefused
    | DeployChanged
    | DeployFinished
    | LogRecovered
    | Unknown
)
AnyEvent = Annotated[Event, Field(discriminator="type")]


class Record(Value):
    """An event as it stands in the log.

    Attributes:
        seq: Its place, counted from 0.
        at: When, in UTC.
        mono_ns: The writing process's monotonic clock, for durations.
        attempt: The attempt in progress, 0 before the first.
    """

    seq: int
    at: datetime
    mono_ns: int = 0
    attempt: int = 0
    actor: Actor
    event: AnyEvent
