"""Anthropic's Messages API."""

import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any, Literal, cast

from pydantic import SecretStr

from agent_tui.domain.base import ModelRef
from agent_tui.domain.turn import (
    Compacted,
    Counted,
    Done,
    Message,
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
from agent_tui.providers.failures import Peer, failure, translated
from agent_tui.providers.schema import fits_strict, instruction
from agent_tui.providers.wire import (
    NO_KEY,
    Client,
    Delta,
    EventStream,
    Replay,
    Tape,
    Timeouts,
    Watch,
    as_mapping,
    attempt,
    count_at,
    dig,
    encodable,
    objects_at,
    taped,
    text_at,
    truncated,
)

Effort = Literal["low", "medium", "high", "xhigh", "max"]

API = "anthropic.messages"
_STOPS: dict[str, StopReason] = {
    "end_turn": "end",
    "stop_sequence": "end",
    "tool_use": "tool_use",
    "max_tokens": "max_tokens",
    "pause_turn": "paused",
    "refusal": "refused",
}


class AnthropicModel:
    """A model behind the Messages API."""

    def __init__(
        self,
        ref: ModelRef,
        api_key: SecretStr | None,
        clock: Clock,
        *,
        base_url: str | None = None,
        effort: Effort | None = None,
        thinking: bool = True,
        timeouts: Timeouts | None = None,
        tape: Tape | None = None,
    ) -> None:
        """Nothing is imported or opened before the first call.

        Args:
            base_url: Another place that speaks the same API; default is the provider's own.
            effort: None leaves it to the provider.
            thinking: Ask for adaptive thinking; models before Claude 4.6 refuse it.
        """
        self._ref = ref
        self._clock = clock
        self._effort = effort
        self._thinking = thinking
        self._peer = Peer(str(ref), base_url, api_key)
        limits = timeouts or Timeouts()

        def build(sdk: ModuleType) -> Any:
            client = sdk.AsyncAnthropic(
                api_key=api_key.get_secret_value() if api_key else NO_KEY,
                base_url=base_url,
                max_retries=0,
                timeout=sdk.Timeout(limits.silence_s, connect=limits.connect_s),
                **taped(sdk, tape),
            )
            _ = client.messages  # its module is imported at the first use: here, in the thread
            return client

        self._client = Client("anthropic", build)

    @property
    def ref(self) -> ModelRef:
        """Provider and model."""
        return self._ref

    def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """See :class:`~agent_tui.ports.Model`."""
        body = self._body(request)
        beta = {"extra_headers": {"anthropic-beta": COMPACTION}} if _compacted(body) else {}

        async def send(client: Any) -> EventStream:
            return cast(EventStream, await client.messages.create(**body, **beta, stream=True))

        return attempt(self._client, send, MessagesTurn(self._peer), self._peer, self._clock)

    def _body(self, request: ModelRequest) -> dict[str, Any]:
        return request_body(self._ref.model, request, effort=self._effort, thinking=self._thinking)

    async def count_tokens(self, request: ModelRequest) -> int | None:
        """See :class:`~agent_tui.ports.Measures`. Counting is free."""
        body = self._body(request)
        del body["max_tokens"]
        beta = {"extra_headers": {"anthropic-beta": COMPACTION}} if _compacted(body) else {}
        client = await self._client.get()
        with translated(self._peer, self._clock):
            counted = as_mapping(await client.messages.count_tokens(**body, **beta), self._peer)
        return count_at(counted, "input_tokens") or None

    async def compact(self, request: ModelRequest) -> Compacted | None:
        """See :class:`~agent_tui.ports.Measures`."""
        whole = self._body(replace(request, answer_schema=None, max_output_tokens=SUMMARY_TOKENS))
        body = {name: whole[name] for name in _COMPACTING if name in whole}
        client = await self._client.get()
        watch = Watch(self._clock)
        with translated(self._peer, self._clock):
            answer = await client.beta.messages.create(
                **body, betas=[COMPACTION], compaction={"type": "summarize"}
            )
            message = as_mapping(answer, self._peer)
        watch.byte()
        blocks = [b for b in objects_at(message, "content") if b.get("type") == "compaction"]
        if not blocks or not text_at(blocks[0], "content"):
            raise failure("bad_answer", self._peer, "it made no summary of the conversation")
        turn = {"role": "assistant", "content": [dict(block) for block in blocks]}
        return Compacted(
            Message(role="assistant", replay=Replay(API, turn)),
            summary=text_at(blocks[0], "content"),
            usage=_used(message.get("usage")),
            latency=watch.end(),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


COMPACTION = "compact-2026-09-04"
"""The beta of the API in which a conversation is compacted when it is asked to be."""
SUMMARY_TOKENS = 8_000
_COMPACTING = ("model", "max_tokens", "system", "messages", "tools")


def _compacted(body: Mapping[str, Any]) -> bool:
    """Whether the conversation holds a summary that only the beta knows."""
    return any(
        block.get("type") == "compaction"
        for turn in body["messages"]
        for block in objects_at(turn, "content")
    )


def request_body(
    model: str, request: ModelRequest, *, effort: Effort | None, thinking: bool
) -> dict[str, Any]:
    """The call's parameters."""
    system = request.system
    output: dict[str, Any] = {"effort": effort} if effort else {}
    if request.answer_schema is not None:
        schema = fits_strict(request.answer_schema)
        if schema is None:
            system = f"{system}\n\n{instruction(request.answer_schema)}"
        else:
            output["format"] = {"type": "json_schema", "schema": schema}
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": request.max_output_tokens,
        "system": [{"type": "text", "text": system}],
        "messages": [turn for message in request.messages if (turn := _turn(message))],
        "cache_control": {"type": "ephemeral"},
    }
    if thinking:
        body["thinking"] = {"type": "adaptive", "display": "summarized"}
    if output:
        body["output_config"] = output
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    return body


def _tool(tool: ToolSpec) -> dict[str, Any]:
    schema = fits_strict(tool.parameters)
    described: dict[str, Any] = {
        "name": tool.name,
        "description": tool.description,
        "input_schema": schema or dict(tool.parameters),
        "eager_input_streaming": True,  # else a long file is silence until it is complete
    }
    return described | ({"strict": True} if schema else {})


def _turn(message: Message) -> Mapping[str, Any] | None:
    if message.role == "tool":
        content = [
            {
                "type": "tool_result",
                "tool_use_id": result.call_id,
                "content": result.text,
                "is_error": not result.ok,
            }
            for result in message.results
        ]
        return {"role": "user", "content": content}
    if message.role == "user":
        return {"role": "user", "content": message.text}
    if isinstance(message.replay, Replay) and message.replay.api == API:
        turn: Mapping[str, Any] = message.replay.turn
        return turn if turn["content"] else None  # the API takes no empty turns
    told: list[dict[str, Any]] = [{"type": "text", "text": message.text}] if message.text else []
    told += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": _input(call.arguments)}
        for call in message.calls
    ]
    return {"role": "assistant", "content": told} if told else None


def _input(arguments: str) -> dict[str, Any]:
    """A call's arguments as the object that the API wants, broken ones as an empty one."""
    try:
        value = json.loads(arguments)
    except ValueError:
        return {}
    return cast(dict[str, Any], encodable(value)) if isinstance(value, dict) else {}


class MessagesTurn:
    """An answer, from the events of a stream."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._blocks: dict[int, dict[str, Any]] = {}
        self._arguments: dict[int, str] = {}
        self._usage: dict[str, Any] = {}
        self._stop: str | None = None
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether ``message_stop`` has come."""
        return self._ended

    def feed(self, event: Mapping[str, Any]) -> Iterator[Delta]:
        """See :class:`~agent_tui.providers.wire.Turn`."""
        match event.get("type"):
            case "message_start":
                yield from self._count(dig(event, "message", "usage"))
            case "content_block_start":
                yield from self._start(event)
            case "content_block_delta":
                yield from self._delta(event)
            case "message_delta":
                self._stop = text_at(event, "delta", "stop_reason") or self._stop
                yield from self._count(event.get("usage"))
            case "message_stop":
                self._ended = True

    def _count(self, usage: object) -> Iterator[Delta]:
        """Take counts that are there: they are totals, and a later event omits some."""
        if isinstance(usage, Mapping):
            self._usage |= {name: value for name, value in usage.items() if value is not None}
            yield Counted(self._used())

    def _start(self, event: Mapping[str, Any]) -> Iterator[Delta]:
        block = event.get("content_block")
        index = event.get("index")
        if not isinstance(block, Mapping) or not isinstance(index, int):
            raise failure("bad_stream", self._peer, "a content block has no content or no index")
        self._blocks[index] = dict(block)
        if block.get("type") == "tool_use":
            self._arguments[index] = ""
            yield ToolCallStarted(text_at(block, "id"), text_at(block, "name"))
        elif block.get("type") == "text" and text_at(block, "text"):
            yield TextDelta(text_at(block, "text"))

    def _delta(self, event: Mapping[str, Any]) -> Iterator[Delta]:
        index = event.get("index")
        block = self._blocks.get(index) if isinstance(index, int) else None
        if block is None or index is None:
            raise failure("bad_stream", self._peer, "more of a content block that never began")
        delta = event.get("delta")
        match text_at(delta, "type"):
            case "text_delta":
                text = text_at(delta, "text")
                block["text"] = text_at(block, "text") + text
                yield TextDelta(text)
            case "thinking_delta":
                text = text_at(delta, "thinking")
                block["thinking"] = text_at(block, "thinking") + text
                yield ThinkingDelta(text)
            case "signature_delta":
                block["signature"] = text_at(delta, "signature")
            case "citations_delta":
                block["citations"] = [*objects_at(block, "citations"), dig(delta, "citation")]
            case "input_json_delta":
                text = text_at(delta, "partial_json")
                self._arguments[index] = self._arguments.get(index, "") + text
                if block.get("type") == "tool_use":
                    yield ToolCallDelta(text_at(block, "id"), text)

    def done(self, latency: Latency, request_id: str | None) -> Done:
        """See :class:`~agent_tui.providers.wire.Turn`."""
        if not self._ended or self._stop is None:
            raise truncated(self._peer)
        if self._stop == "model_context_window_exceeded":
            detail = "the conversation exceeds the model's context window"
            raise failure("context", self._peer, detail)
        stop = _STOPS.get(self._stop)
        if stop is None:
            raise failure("bad_answer", self._peer, self._stop)
        calls = self._calls() if stop in ("end", "tool_use") else ()
        return Done(
            stop="tool_use" if calls else stop,
            message=Message(
                role="assistant",
                text=self._text(),
                calls=calls,
                replay=Replay(API, {"role": "assistant", "content": self._content()}),
            ),
            usage=self._used(),
            latency=latency,
            request_id=request_id,
        )

    def _text(self) -> str:
        blocks = (self._blocks[index] for index in sorted(self._blocks))
        return "".join(text_at(block, "text") for block in blocks if block.get("type") == "text")

    def _calls(self) -> tuple[ToolCall, ...]:
        return tuple(
            ToolCall(
                text_at(block, "id"),
                text_at(block, "name"),
                self._arguments[index] or json.dumps(block.get("input") or {}),
            )
            for index, block in sorted(self._blocks.items())
            if block.get("type") == "tool_use"
        )

    def _content(self) -> list[dict[str, Any]]:
        """The blocks as they are sent back, with thinking and its signatures as they came."""
        content = []
        for index, block in sorted(self._blocks.items()):
            if block.get("type") == "text" and not block.get("text"):
                continue  # the API takes no empty text
            written = self._arguments.get(index)
            content.append({**block, "input": _input(written)} if written else block)
        return content

    def _used(self) -> Usage:
        return _used(self._usage)


def _used(usage: object) -> Usage:
    """In the API's own words ``input_tokens`` leaves out what the cache has to do with."""
    read = count_at(usage, "cache_read_input_tokens")
    written = count_at(usage, "cache_creation_input_tokens")
    return Usage(
        input_tokens=count_at(usage, "input_tokens") + read + written,
        cache_read_tokens=read,
        cache_write_tokens=written,
        output_tokens=count_at(usage, "output_tokens"),
        reasoning_tokens=count_at(usage, "output_tokens_details", "thinking_tokens"),
    )
