"""Work in progress: steps, what they stream, and the calls of models and tools."""

from typing import Any, Literal

from agent_tui.domain.base import ModelRef, Role, Value
from agent_tui.domain.usage import Cost, Latency, Usage

StepKind = Literal["plan", "code", "check", "review", "message", "commit", "deploy"]
StepOutcome = Literal["done", "failed", "cancelled", "interrupted"]
Channel = Literal["text", "thinking", "tool", "output"]


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
