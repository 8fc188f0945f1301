"""What every step of the loop works with, and how a step and a model call are recorded."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import dataclass

from agent_tui.domain.base import Actor, ModelRef, Role
from agent_tui.domain.events import (
    ModelAnswered,
    ModelAsked,
    ModelChosen,
    ModelFailed,
    ModelRetried,
    ModelTried,
    SessionStarted,
    StepFinished,
    StepKind,
    StepOutcome,
    StepStarted,
)
from agent_tui.domain.rules import Rule
from agent_tui.domain.state import State
from agent_tui.domain.turn import (
    Counted,
    Done,
    Message,
    ModelError,
    ModelRequest,
    Retrying,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolCallStarted,
    Trying,
)
from agent_tui.domain.usage import Cost, Usage
from agent_tui.engine.limits import Forecast, LimitReached, check_forecast, check_limits
from agent_tui.engine.recorder import OutputStream, Recorder
from agent_tui.ports import (
    Checks,
    Clock,
    Commands,
    EditFormats,
    Gatekeeper,
    Ids,
    Model,
    RuleStore,
    Workspace,
    WorkspaceError,
)


class StepStopped(Exception):
    """The person stopped the session in the middle of a step."""


CALL = "\x1e"
"""Begins each call in a step's output of the channel ``arguments``."""


def unknown_window(model: ModelRef) -> int | None:
    """The window of a model that nobody knows."""
    return None


def no_checklist(model: ModelRef) -> tuple[str, ...]:
    """Nothing is known of a model."""
    return ()


def unpriced(model: ModelRef, usage: Usage) -> Cost:
    """The cost of a call whose price is not known."""
    return Cost(unpriced_calls=1)


async def no_other(model: ModelRef) -> Model:
    """Open no model at all.

    Raises:
        ModelError: Always.
    """
    raise ModelError("not_found", f"{model} cannot be opened here.")


@dataclass(frozen=True)
class Context:
    """One session's recorder and the ports that its steps use.

    Attributes:
        models: The model of each role, as it is in force.
        price: The cost of a call of a model.
        window: Tokens that a model takes in and gives out in one call; None where unknown.
        open_model: Opens a model that takes the place of another.
        commands: Runs command lines of the coder's; None offers it no such tool.
        edits: Reads patches; None offers no such tool.
        checklist: What a coder's model is known to get wrong, for the reviewer.
        rules: The configured rules for tool calls.
        rule_store: The rules that the person gave for this project.
        keeper: Who is asked about tool calls; None denies what would be asked.
        signoff: The person's own ``Name <mail>``, if they asked for a Signed-off-by line.
    """

    recorder: Recorder
    workspace: Workspace
    checks: Checks
    models: MutableMapping[Role, Model]
    clock: Clock
    ids: Ids
    price: Callable[[ModelRef, Usage], Cost] = unpriced
    signoff: str | None = None
    open_model: Callable[[ModelRef], Awaitable[Model]] = no_other
    window: Callable[[ModelRef], int | None] = unknown_window
    commands: Commands | None = None
    edits: EditFormats | None = None
    checklist: Callable[[ModelRef], tuple[str, ...]] = no_checklist
    rules: tuple[Rule, ...] = ()
    rule_store: RuleStore | None = None
    keeper: Gatekeeper | None = None

    @property
    def state(self) -> State:
        """The state after the last record."""
        return self.recorder.state

    @property
    def session(self) -> SessionStarted:
        """The session's first event.

        Raises:
            RuntimeError: If the session has not been started.
        """
        if self.state.session is None:
            raise RuntimeError("the session has not been started")
        return self.state.session

    @contextlib.asynccontextmanager
    async def step(
        self,
        kind: StepKind,
        *,
        role: Role | None = None,
        actor: Actor | None = None,
        attempt: int | None = None,
    ) -> AsyncIterator[str]:
        """Record a step's start and its end, whichever way it ends."""
        step_id = self.ids.new("step")
        who: Actor = actor or role or "engine"
        model = self.models[role].ref if role else None
        await self.recorder.append(
            StepStarted(step=step_id, kind=kind, role=role, model=model, attempt=attempt), who
        )
        began = self.clock.monotonic_ns()
        waited = self.state.person_s

        async def finish(outcome: StepOutcome, detail: str = "") -> None:
            # The time in which a person was asked about a tool call is not the step's.
            asked = self.state.person_s - waited
            wall = max(0.0, (self.clock.monotonic_ns() - began) / 1e9 - asked)
            await self.recorder.append(
                StepFinished(step=step_id, outcome=outcome, wall_s=wall, detail=detail), who
            )

        try:
            yield step_id
        except (ModelError, WorkspaceError) as error:
            await finish("failed", str(error))
            raise
        except (LimitReached, StepStopped) as limit:
            await finish("cancelled", str(limit))
            raise
        except asyncio.CancelledError:
            await asyncio.shield(finish("cancelled"))
            raise
        await finish("done")

    async def ask(self, step: str, request: ModelRequest, forecast: Forecast | None = None) -> Done:
        """Call the role's model once, stream what comes into the step, record the answer.

        Args:
            forecast: What the call will use, where that is known; money is checked against it.

        Raises:
            LimitReached: If a limit forbids the call.
            ModelError: If the call fails.
        """
        check_limits(self.state)
        model = self.models[request.role]
        if forecast is not None:
            usage = forecast.usage(self.state, request.role, request.max_output_tokens)
            check_forecast(self.state, usage, self.price(model.ref, usage))
        prompt = request.messages[-1]
        words = prompt.text or "\n".join(result.text for result in prompt.results)
        await self.recorder.append(
            ModelAsked(step=step, system=request.system, prompt=words), "engine", durable=False
        )
        done: Done | None = None
        spent = Usage()
        try:
            # The stream is closed here and not by the garbage collector, whichever way this ends.
            async with (
                self.recorder.stream(step, request.role) as output,
                contextlib.aclosing(model.stream(request)) as events,
            ):
                async for event in events:
                    if isinstance(event, Done):
                        done = event
                        break
                    if isinstance(event, Counted):
                        spent = event.usage
                    elif isinstance(event, Retrying):
                        await output.flush()
                        await self._record_retry(step, event, request.role, spent)
                        spent = Usage()
                    elif isinstance(event, Trying):
                        tried = ModelTried(step=step, attempt=event.attempt)
                        await self.recorder.append(tried, request.role, durable=False)
                    else:
                        _show(event, output)
            if done is None:
                raise ModelError("truncated", f"{model.ref} stopped without an end to its answer.")
        except ModelError as error:
            await self._record_failure(step, request.role, error.kind, str(error), spent)
            raise
        except asyncio.CancelledError:
            stopped = self._record_failure(
                step, request.role, "cancelled", "It was stopped.", spent
            )
            await asyncio.shield(stopped)
            raise
        await self.recorder.append(
            ModelAnswered(
                step=step,
                stop=done.stop,
                usage=done.usage,
                cost=self.price(model.ref, done.usage),
                latency=done.latency,
                request_id=done.request_id,
            ),
            request.role,
        )
        if done.stop == "refused":
            raise ModelError("refused", f"{model.ref} refused to answer.")
        return done

    async def change_model(self, role: Role, ref: ModelRef, actor: Actor) -> None:
        """Let another model play a role from now on.

        Raises:
            ModelError: If it cannot be opened.
        """
        self.models[role] = await self.open_model(ref)
        await self.recorder.append(ModelChosen(role=role, model=ref), actor)

    def owed(self, role: Role, usage: Usage) -> Cost:
        """What is to be paid for tokens that were reported; nothing for none."""
        return self.price(self.models[role].ref, usage) if usage else Cost()

    async def _record_failure(
        self, step: str, role: Role, kind: str, message: str, usage: Usage
    ) -> None:
        cost = self.owed(role, usage)
        failed = ModelFailed(step=step, kind=kind, message=message, usage=usage, cost=cost)
        await self.recorder.append(failed, role)

    async def _record_retry(self, step: str, event: Retrying, role: Role, usage: Usage) -> None:
        retried = ModelRetried(
            step=step,
            kind=event.kind,
            message=event.message,
            attempt=event.attempt,
            wait_s=event.wait_s,
            attempts=event.attempts,
            usage=usage,
            cost=self.owed(role, usage),
        )
        await self.recorder.append(retried, role)


def _show(
    event: TextDelta | ThinkingDelta | ToolCallStarted | ToolCallDelta, output: OutputStream
) -> None:
    match event:
        case TextDelta(text):
            output.write("text", text)
        case ThinkingDelta(text):
            output.write("thinking", text)
        case ToolCallStarted(name=name):
            output.write("arguments", f"{CALL}{name} ")
        case ToolCallDelta(text=text):
            output.write("arguments", text)


def user(text: str) -> Message:
    """A user's turn."""
    return Message(role="user", text=text)
