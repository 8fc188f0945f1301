"""The Chat Completions API, as local servers and gateways speak it.

Ollama, llama.cpp, vLLM and LM Studio each speak it a little differently; what is done for one of
them says so.
"""

import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, cast

from pydantic import SecretStr

from agent_tui.domain.base import ModelRef
from agent_tui.domain.turn import (
    Counted,
    Done,
    Message,
    ModelError,
    ModelEvent,
    ModelRequest,
    StopReason,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallStarted,
    ToolSpec,
)
from agent_tui.domain.usage import Latency, Usage
from agent_tui.ports import Clock
from agent_tui.providers.failures import Peer, failure
from agent_tui.providers.schema import fits_strict, instruction
from agent_tui.providers.wire import (
    NO_KEY,
    Client,
    Delta,
    EventStream,
    Replay,
    Tape,
    Timeouts,
    attempt,
    count_at,
    dig,
    objects_at,
    taped,
    text_at,
    truncated,
)

API = "openai.chat"
_STOPS: dict[str, StopReason] = {
    "stop": "end",
    "tool_calls": "end",
    "function_call": "end",
    "length": "max_tokens",
    "content_filter": "refused",
}
_THINKING_FIELDS = ("reasoning_content", "reasoning")


class ChatModel:
    """A model behind a server that speaks Chat Completions."""

    def __init__(
        self,
        ref: ModelRef,
        api_key: SecretStr | None,
        clock: Clock,
        *,
        base_url: str | None = None,
        effort: str | None = None,
        enforce_schema: bool = True,
        max_output_tokens: int | None = None,
        timeouts: Timeouts | None = None,
        tape: Tape | None = None,
    ) -> None:
        """Nothing is imported or opened before the first call.

        Args:
            base_url: Where the server is, ending in ``/v1`` with most of them.
            effort: ``reasoning_effort``; None leaves it to the server.
            enforce_schema: Ask for JSON with ``response_format``; False asks in words only. A
                server that refuses ``response_format`` is asked in words from then on.
            max_output_tokens: The server's own limit, where it is lower than what is asked for:
                vLLM refuses calls that could exceed the context length.
        """
        self._ref = ref
        self._clock = clock
        self._effort = effort
        self._enforce = enforce_schema
        self._most = max_output_tokens
        self._peer = Peer(str(ref), base_url, api_key)
        limits = timeouts or Timeouts()

        def build(sdk: ModuleType) -> Any:
            client = sdk.AsyncOpenAI(
                api_key=api_key.get_secret_value() if api_key else NO_KEY,
                base_url=base_url,
                max_retries=0,
                timeout=sdk.Timeout(limits.silence_s, connect=limits.connect_s),
                **taped(sdk, tape),
            )
            # The environment's OpenAI account is nothing that another server may learn of.
            client.organization = client.project = client.admin_api_key = None
            _ = client.chat.completions  # imported at the first use: here, in the thread
            return client

        self._client = Client("openai", build)

    @property
    def ref(self) -> ModelRef:
        """Provider and model."""
        return self._ref

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """See :class:`~agent_tui.ports.Model`."""
        asked = self._enforce and request.answer_schema is not None
        try:
            async with aclosing(self._attempt(request)) as events:
                async for event in events:
                    yield event
            return
        except ModelError as error:
            if not (asked and error.kind == "bad_request" and _about_format(str(error))):
                raise
        self._enforce = False
        async with aclosing(self._attempt(request)) as events:
            async for event in events:
                yield event

    def _attempt(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        most = min(request.max_output_tokens, self._most or request.max_output_tokens)
        request = replace(request, max_output_tokens=most)
        body = request_body(
            self._ref.model, request, effort=self._effort, enforce_schema=self._enforce
        )

        async def send(client: Any) -> EventStream:
            return cast(EventStream, await client.chat.completions.create(**body, stream=True))

        return attempt(self._client, send, ChatTurn(self._peer), self._peer, self._clock)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _about_format(message: str) -> bool:
    return any(word in message for word in ("response_format", "json_schema", "response format"))


def request_body(
    model: str, request: ModelRequest, *, effort: str | None, enforce_schema: bool
) -> dict[str, Any]:
    """The call's parameters."""
    system = request.system
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": request.max_output_tokens,
        "stream_options": {"include_usage": True},
    }
    if request.answer_schema is not None:
        # With tools on offer, Ollama and vLLM would enforce the answer at once and never call one.
        schema = None if request.tools else fits_strict(request.answer_schema)
        if enforce_schema and schema is not None:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": schema},
            }
        else:
            system = f"{system}\n\n{instruction(request.answer_schema)}"
    if effort:
        body["reasoning_effort"] = effort
    body["messages"] = [
        {"role": "system", "content": system},
        *(turn for message in request.messages for turn in _turns(message)),
    ]
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    return body


def _tool(tool: ToolSpec) -> dict[str, Any]:
    """Not strict: few servers enforce it, and some refuse the word."""
    return {
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": dict(tool.parameters),
        },
    }


def _turns(message: Message) -> list[Mapping[str, Any]]:
    if message.role == "tool":
        return [
            {
                "role": "tool",
                "tool_call_id": result.call_id,
                "content": result.text if result.ok else f"The call failed: {result.text}",
            }
            for result in message.results
        ]
    if message.role == "user":
        return [{"role": "user", "content": message.text}]
    if isinstance(message.replay, Replay) and message.replay.api == API:
        return [message.replay.turn]
    return [_told(message.text, message.calls)]


def _told(text: str, calls: tuple[ToolCall, ...]) -> dict[str, Any]:
    turn: dict[str, Any] = {"role": "assistant", "content": text}
    if calls:
        turn["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": _readable(call.arguments)},
            }
            for call in calls
        ]
    return turn


def _readable(arguments: str) -> str:
    """Servers read the arguments of earlier calls, and fail on broken ones."""
    try:
        value = json.loads(arguments)
    except ValueError:
        return "{}"
    return arguments if isinstance(value, dict) else "{}"


@dataclass(slots=True)
class _Call:
    id: str
    name: str = ""
    arguments: str = ""


class ChatTurn:
    """An answer, from the chunks of a stream."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._text = ""
        self._thinking: dict[str, str] = {}
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}
        self._refused = False
        self._finish: str | None = None
        self._usage: object = None

    @property
    def ended(self) -> bool:
        """Whether the usage has come, which is last; a server that tells none ends the stream."""
        return self._finish is not None and self._usage is not None

    def feed(self, event: Mapping[str, Any]) -> Iterator[Delta]:
        """See :class:`~agent_tui.providers.wire.Turn`."""
        for choice in objects_at(event, "choices")[:1]:
            delta = choice.get("delta")
            for field in _THINKING_FIELDS:
                if thought := text_at(delta, field):
                    self._thinking[field] = self._thinking.get(field, "") + thought
                    yield ThinkingDelta(thought)
                    break  # some gateways send the same text in both
            text = text_at(delta, "content")
            if refusal := text_at(delta, "refusal"):
                self._refused = True
                text += refusal
            if text:
                self._text += text
                yield TextDelta(text)
            for position, part in enumerate(objects_at(delta, "tool_calls")):
                yield from self._call(part, position)
            self._finish = text_at(choice, "finish_reason") or self._finish
        if isinstance(event.get("usage"), Mapping):
            self._usage = event["usage"]
            yield Counted(_used(self._usage))

    def _call(self, part: Mapping[str, Any], position: int) -> Iterator[Delta]:
        index = part.get("index")
        key = index if isinstance(index, int) else position
        call_id = text_at(part, "id")
        call = self._by_index.get(key)
        # Older Ollama gives every complete call the index 0, and an id of its own.
        if call is None or (call_id and call_id != call.id):
            call = _Call(call_id or f"call_{len(self._calls) + 1}")
            self._calls.append(call)
            self._by_index[key] = call
            call.name = text_at(part, "function", "name")
            yield ToolCallStarted(call.id, call.name)
        elif not call.name:
            call.name = text_at(part, "function", "name")
        written = dig(part, "function", "arguments")
        if isinstance(written, Mapping):
            written = json.dumps(written)  # some gateways send an object
        if isinstance(written, str) and written:
            call.arguments += written
            yield ToolCallDelta(call.id, written)

    def done(self, latency: Latency, request_id: str | None) -> Done:
        """See :class:`~agent_tui.providers.wire.Turn`."""
        if self._finish is None:
            raise truncated(self._peer)
        stop = _STOPS.get(self._finish)
        if stop is None:
            raise failure("bad_answer", self._peer, self._finish)
        stop = "refused" if self._refused else stop
        made = (ToolCall(call.id, call.name, call.arguments) for call in self._calls)
        calls = tuple(made) if stop == "end" else ()
        turn = _told(self._text, calls)
        if calls:  # models that think between calls want to see what they thought
            turn |= self._thinking
        return Done(
            stop="tool_use" if calls else stop,
            message=Message(
                role="assistant", text=self._text, calls=calls, replay=Replay(API, turn)
            ),
            usage=_used(self._usage),
            latency=latency,
            request_id=request_id,
        )


def _used(usage: object) -> Usage:
    """In the API's own words ``prompt_tokens`` is all that went in."""
    return Usage(
        input_tokens=count_at(usage, "prompt_tokens"),
        cache_read_tokens=count_at(usage, "prompt_tokens_details", "cached_tokens"),
        cache_write_tokens=count_at(usage, "prompt_tokens_details", "cache_write_tokens"),
        output_tokens=count_at(usage, "completion_tokens"),
        reasoning_tokens=count_at(usage, "completion_tokens_details", "reasoning_tokens"),
    )
