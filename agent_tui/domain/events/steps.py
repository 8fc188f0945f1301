"""Work in progress: steps, what they stream, and the calls of models and tools."""

from typing import Any, Literal

from agent_tui.domain.base import ModelRef, Role, Value
from agent_tui.domain.rules import Effect
from agent_tui.domain.usage import Cost, Latency, Usage

StepKind = Literal["plan", "code", "check", "review", "message", "commit", "deploy"]
StepOutcome = Literal["done", "failed", "cancelled", "interrupted"]
Channel = Literal["text", "thinking", "arguments", "tool", "output"]
"""``arguments`` is a tool call that the model is still writing."""


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
        attempts: How many there are at most; 0 when that is not known.
        usage, cost: Of the attempt that failed, as far as the provider reported them.
    """

    type: Literal["model.retried"] = "model.retried"
    step: str
    kind: str
    message: str
    attempt: int
    wait_s: float
    attempts: int = 0
    usage: Usage = Usage()
    cost: Cost = Cost()


class ModelTried(Value):
    """The wait is over, and the call is made again."""

    type: Literal["model.tried"] = "model.tried"
    step: str
    attempt: int


class ModelFailed(Value):
    """A call failed, or was stopped, and is not made again by itself.

    Attributes:
        kind: As in :data:`~agent_tui.domain.turn.ModelErrorKind`, or ``cancelled``.
        usage, cost: Of the last attempt, as far as the provider reported them.
    """

    type: Literal["model.failed"] = "model.failed"
    step: str
    kind: str
    message: str
    usage: Usage = Usage()
    cost: Cost = Cost()


class ContextCompacted(Value):
    """A conversation came near the end of the model's window and was made shorter.

    Attributes:
        method: ``provider`` (its own compaction) or ``summary`` (the model wrote one for us).
        before_tokens: Tokens of the conversation before, counted by the provider or estimated.
        after_tokens: Afterwards, estimated.
        window_tokens: The model's window; 0 when the provider said that it was exceeded.
        summary: What stands in place of the earlier turns, as far as it can be read.
        usage, cost, latency: Of the call that did it.
    """

    type: Literal["context.compacted"] = "context.compacted"
    step: str
    method: Literal["provider", "summary"]
    before_tokens: int
    after_tokens: int
    window_tokens: int = 0
    summary: str = ""
    usage: Usage = Usage()
    cost: Cost = Cost()
    latency: Latency = Latency()


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
    """A model asked for a tool, and the supervisor's rules said what to do.

    Attributes:
        decision: What they said; "" for a call that could not be understood, and in logs of
            versions that asked nobody.
        rule: The rule or the default that said so, in words.
        why: The reason, when it is not simply allowed.
    """

    type: Literal["tool.called"] = "tool.called"
    step: str
    call: str
    name: str
    arguments: dict[str, Any] = {}
    decision: Effect | Literal[""] = ""
    rule: str = ""
    why: str = ""


class CommandStarted(Value):
    """Durable before a command line of a model's runs. Without its end, its outcome is unknown."""

    type: Literal["command.started"] = "command.started"
    step: str
    call: str
    line: str


class CommandEnded(Value):
    """A command line has run, as in :class:`~agent_tui.ports.CommandResult`."""

    type: Literal["command.ended"] = "command.ended"
    step: str
    call: str
    exit_code: int | None = None
    duration_s: float = 0.0
    problem: str = ""


class SourcesRead(Value):
    """What a model was shown of the repository before it answered.

    Attributes:
        instructions: Paths of files that tell agents how to work there, and were put in the brief.
        files: Paths that it read with its tools, in the order of the first time.
    """

    type: Literal["sources.read"] = "sources.read"
    step: str
    role: Role
    instructions: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


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
