"""What goes to a model and what comes back, in our words. Every provider speaks these."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from agent_tui.domain.base import Role
from agent_tui.domain.usage import Latency, Usage

StopReason = Literal["end", "tool_use", "max_tokens", "refused", "paused"]
ModelErrorKind = Literal[
    "rate_limit",
    "overloaded",
    "server",
    "connection",
    "timeout",
    "truncated",
    "bad_stream",
    "bad_answer",
    "auth",
    "billing",
    "bad_request",
    "context",
    "not_found",
    "refused",
    "exhausted",
]


class ModelError(Exception):
    """A model call failed.

    Attributes:
        kind: What failed; ``context`` means that the conversation exceeds the model's window,
            ``exhausted`` that a script has no more answers.
        retry_after_s: What the server asked for, in seconds.
    """

    def __init__(
        self, kind: ModelErrorKind, message: str, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool that a model may call; *parameters* is a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A complete call; *arguments* is the JSON text as the model wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What the tool gave back to the model."""

    call_id: str
    text: str
    ok: bool = True


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation: the user's text, the model's answer, or tool results.

    Attributes:
        replay: The provider's own form of an assistant turn, sent back verbatim.
    """

    role: Literal["user", "assistant", "tool"]
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    results: tuple[ToolResult, ...] = ()
    replay: object = None


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One call.

    Attributes:
        answer_schema: JSON schema that the final text must satisfy, if it is to be JSON.
    """

    role: Role
    system: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    answer_schema: Mapping[str, Any] | None = None
    max_output_tokens: int = 32_000


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """More of the model's thinking, or of a summary of it."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallStarted:
    """The model began to write a call."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """More of a call's arguments."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Retrying:
    """The call failed and is made again after a wait. What was streamed before does not count.

    Attributes:
        attempt: The number of the attempt that comes, from 2.
        wait_s: Seconds until then.
        attempts: How many there are at most, the first one included; 0 when that is not known.
    """

    kind: ModelErrorKind
    message: str
    attempt: int
    wait_s: float
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Trying:
    """The wait is over: the attempt of this number begins."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Counted:
    """What the provider has reported of an attempt so far. It is owed even if the attempt fails."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class Done:
    """The one terminal event of a successful call."""

    stop: StopReason
    message: Message
    usage: Usage = field(default_factory=Usage)
    latency: Latency = field(default_factory=Latency)
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Compacted:
    """A conversation that its provider made shorter.

    Attributes:
        message: What takes the place of all of its turns.
        summary: What can be read of it, often nothing.
    """

    message: Message
    summary: str = ""
    usage: Usage = field(default_factory=Usage)
    latency: Latency = field(default_factory=Latency)


ModelEvent = (
    TextDelta | ThinkingDelta | ToolCallStarted | ToolCallDelta | Counted | Retrying | Trying | Done
)
