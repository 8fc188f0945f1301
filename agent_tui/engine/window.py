"""How much of a model's window a conversation fills, and how it is made shorter in time."""

import json
from dataclasses import dataclass, replace
from typing import Literal

from agent_tui.domain.events import ContextCompacted
from agent_tui.domain.turn import Done, Message, ModelError, ModelRequest
from agent_tui.domain.usage import Cost, Latency, Usage
from agent_tui.engine.context import Context
from agent_tui.engine.limits import Forecast
from agent_tui.ports import Measures

BYTES_PER_TOKEN = 3.5
"""For an estimate. English prose has about 4 bytes a token and code about 3, with the tokenizers of
both houses; too many is the safer error here."""

COUNT_FROM = 0.6
"""The part of the usable window from which the provider counts: below, an estimate does."""

COMPACT_FROM = 0.85
"""The part of the usable window beyond which a conversation is made shorter."""

KEPT_RESULT = 1_000
"""Characters that are left of an old tool result when not even a summary could be asked for."""

SUMMARISE = (
    "The conversation comes near the end of your context window. Write down, for yourself, what "
    "you need to go on with the task without it: what you found out (with paths and names), what "
    "you have changed and why, what is left to do, and what you decided against. Call no tool. "
    "Write the notes and nothing else."
)
GO_ON = (
    "The conversation so far was compacted. The task, as it was given, follows again; what was "
    "done is done, and the files are as you left them. Go on from there."
)


def estimate(*texts: str) -> int:
    """About how many tokens some texts are."""
    return round(sum(len(text.encode("utf-8", "replace")) for text in texts) / BYTES_PER_TOKEN)


def estimate_request(request: ModelRequest) -> int:
    """About how many tokens a whole request is."""
    told = [json.dumps(tool.parameters) + tool.description for tool in request.tools]
    schema = [json.dumps(request.answer_schema)] if request.answer_schema else []
    return estimate(request.system, *told, *schema, *map(_text, request.messages))


def _text(message: Message) -> str:
    calls = (call.arguments for call in message.calls)
    results = (result.text for result in message.results)
    return "\n".join((message.text, *calls, *results))


@dataclass
class Talk:
    """A conversation, with what is known of its length.

    Attributes:
        request: What would be sent now.
        known: Tokens of it that the provider has counted.
        last: Of the answer before; its input was cached or was not.
    """

    ctx: Context
    step: str
    request: ModelRequest
    known: int = 0
    last: Usage | None = None
    rescued: bool = False

    @property
    def tokens(self) -> int:
        """About how long the request is."""
        if not self.known:
            return estimate_request(self.request)
        since = self.request.messages[-1]
        return self.known + (estimate(_text(since)) if since.role != "assistant" else 0)

    def add(self, *messages: Message) -> None:
        """Go on with these turns."""
        self.request = replace(self.request, messages=(*self.request.messages, *messages))

    async def ask(self) -> Done:
        """Make room, ask, and take the answer into the conversation.

        Raises:
            LimitReached: If a limit forbids the call.
            ModelError: If the call fails.
        """
        await self._make_room()
        try:
            done = await self.ctx.ask(self.step, self.request, self._forecast())
        except ModelError as error:
            # Nobody knew the window, or the provider counts otherwise: once, that can be mended.
            if error.kind != "context" or self.rescued or len(self.request.messages) < 2:
                raise
            self.rescued = True
            await self._compact(self.tokens, 0)
            done = await self.ctx.ask(self.step, self.request, self._forecast())
        self.add(done.message)
        self.last = done.usage
        self.known = done.usage.input_tokens + done.usage.output_tokens
        return done

    def _forecast(self) -> Forecast:
        cached = 0
        if self.last is not None and (self.last.cache_read_tokens or self.last.cache_write_tokens):
            cached = min(self.last.input_tokens, self.tokens)
        return Forecast(input_tokens=self.tokens, cached_tokens=cached)

    async def _make_room(self) -> None:
        model = self.ctx.models[self.request.role]
        window = self.ctx.window(model.ref)
        if window is None or len(self.request.messages) < 2:
            return
        # What comes out needs room as well; small windows cannot keep all of it free.
        usable = window - min(self.request.max_output_tokens, window // 4)
        tokens = self.tokens
        if tokens < usable * COUNT_FROM:
            return
        if isinstance(model, Measures):
            try:
                tokens = await model.count_tokens(self.request) or tokens
            except ModelError:
                pass  # an estimate is there; what is wrong with the server, the call will tell
        if tokens >= usable * COMPACT_FROM:
            await self._compact(tokens, window)

    async def _compact(self, before: int, window: int) -> None:
        opening = self.request.messages[0]
        method: Literal["provider", "summary"] = "provider"
        usage, cost, latency = Usage(), Cost(), Latency()
        model = self.ctx.models[self.request.role]
        own = None
        if isinstance(model, Measures):
            try:
                own = await model.compact(self.request)
            except ModelError:
                own = None  # not every server and model can; a summary always works
        if own is not None:
            summary, usage, latency = own.summary, own.usage, own.latency
            cost = self.ctx.owed(self.request.role, usage)
            told = Message(role="user", text=f"{GO_ON}\n\n{opening.text}")
            messages: tuple[Message, ...] = (own.message, told)
        else:
            method, summary = "summary", await self._summary(fits=bool(window))
            notes = f"# Your notes on what was done so far\n{summary}"
            messages = (Message(role="user", text=f"{GO_ON}\n\n{opening.text}\n\n{notes}"),)
        self.request = replace(self.request, messages=messages)
        self.known, self.last = 0, None
        await self.ctx.recorder.append(
            ContextCompacted(
                step=self.step,
                method=method,
                before_tokens=before,
                after_tokens=self.tokens + estimate(summary) * (method == "provider"),
                window_tokens=window,
                summary=summary,
                usage=usage,
                cost=cost,
                latency=latency,
            ),
            "engine",
        )

    async def _summary(self, *, fits: bool) -> str:
        messages = self.request.messages
        if not fits:
            messages = tuple(_shortened(message) for message in messages)
        asked = (*messages, Message(role="user", text=SUMMARISE))
        request = replace(self.request, messages=asked, answer_schema=None)
        done = await self.ctx.ask(self.step, request)
        if not done.message.text.strip():
            raise ModelError("bad_answer", f"The {request.role} wrote no summary of its work.")
        return done.message.text.strip()


def _shortened(message: Message) -> Message:
    results = tuple(
        result
        if len(result.text) <= KEPT_RESULT
        else replace(result, text=result.text[:KEPT_RESULT] + "\n[the rest was left out]")
        for result in message.results
    )
    return replace(message, results=results)
