"""Everything that can happen in a session. The log is a list of these, and the only truth.

Each event is plain data. A class is never changed in a way that old logs do not fit: new fields
have defaults, and anything else is a new version with an upcaster in ``sessions/``.
"""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from agent_tui.domain.base import Actor, Value
from agent_tui.domain.events.commit import (
    CommitDone,
    CommitRefused,
    CommitStarted,
    CommitUndone,
    DeployChanged,
    DeployFinished,
)
from agent_tui.domain.events.gates import (
    DraftSaved,
    GateDecided,
    GateOpened,
    RuleAdded,
    SelectionSaved,
)
from agent_tui.domain.events.imported import ImportSource, RequestAdded, SessionImported
from agent_tui.domain.events.proposals import (
    AttemptProposed,
    ChecksFinished,
    Claim,
    CoderReport,
    FindingAdded,
    FindingChanged,
    MessageProposed,
    Since,
    SpecProposed,
    VerdictProposed,
)
from agent_tui.domain.events.review import (
    CommentAdded,
    CommentChanged,
    CommentDraftSaved,
    CommentRemoved,
    CommentResolved,
)
from agent_tui.domain.events.session import (
    Limits,
    LogRecovered,
    ModelChosen,
    OutcomeKind,
    RepoFacts,
    SessionFinished,
    SessionForked,
    SessionLeft,
    SessionResumed,
    SessionStarted,
    Unknown,
)
from agent_tui.domain.events.steps import (
    Channel,
    CommandEnded,
    CommandStarted,
    ContextCompacted,
    ModelAnswered,
    ModelAsked,
    ModelFailed,
    ModelRetried,
    ModelTried,
    SourcesRead,
    StepFinished,
    StepKind,
    StepOutcome,
    StepOutput,
    StepStarted,
    ToolCalled,
    ToolReturned,
)

Event = (
    SessionStarted
    | SessionForked
    | SessionLeft
    | SessionResumed
    | ModelChosen
    | SessionFinished
    | StepStarted
    | StepOutput
    | ModelAsked
    | ModelRetried
    | ModelTried
    | ModelFailed
    | ContextCompacted
    | ModelAnswered
    | ToolCalled
    | ToolReturned
    | CommandStarted
    | CommandEnded
    | SourcesRead
    | RuleAdded
    | StepFinished
    | SpecProposed
    | AttemptProposed
    | ChecksFinished
    | VerdictProposed
    | FindingAdded
    | FindingChanged
    | CommentAdded
    | CommentChanged
    | CommentRemoved
    | CommentResolved
    | CommentDraftSaved
    | MessageProposed
    | GateOpened
    | GateDecided
    | SelectionSaved
    | DraftSaved
    | CommitStarted
    | CommitDone
    | CommitRefused
    | CommitUndone
    | DeployChanged
    | DeployFinished
    | RequestAdded
    | SessionImported
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


__all__ = [
    "AnyEvent",
    "AttemptProposed",
    "Channel",
    "ChecksFinished",
    "Claim",
    "CoderReport",
    "CommandEnded",
    "CommandStarted",
    "CommentAdded",
    "CommentChanged",
    "CommentDraftSaved",
    "CommentRemoved",
    "CommentResolved",
    "CommitDone",
    "CommitRefused",
    "CommitStarted",
    "CommitUndone",
    "ContextCompacted",
    "DeployChanged",
    "DeployFinished",
    "DraftSaved",
    "Event",
    "FindingAdded",
    "FindingChanged",
    "GateDecided",
    "GateOpened",
    "ImportSource",
    "Limits",
    "LogRecovered",
    "MessageProposed",
    "ModelAnswered",
    "ModelAsked",
    "ModelChosen",
    "ModelFailed",
    "ModelRetried",
    "ModelTried",
    "OutcomeKind",
    "Record",
    "RepoFacts",
    "RequestAdded",
    "RuleAdded",
    "SelectionSaved",
    "SessionFinished",
    "SessionForked",
    "SessionImported",
    "SessionLeft",
    "SessionResumed",
    "SessionStarted",
    "Since",
    "SourcesRead",
    "SpecProposed",
    "StepFinished",
    "StepKind",
    "StepOutcome",
    "StepOutput",
    "StepStarted",
    "ToolCalled",
    "ToolReturned",
    "Unknown",
    "VerdictProposed",
]
