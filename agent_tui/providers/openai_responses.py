"""OpenAI's Responses API, without state on the server."""

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from types import ModuleType
from typing import Any, cast

from pydantic import SecretStr

from agent_tui.domain.base import ModelRef
from agent_tui.domain.turn import (
    Compacted,
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
)
from agent_tui.domain.usage import Latency, Usage
from agent_tui.ports import Clock
from agent_tui.providers.failures import Peer, failure, payload_failure, translated
from agent_tui.providers.native_patch import CALL, TOOL, read_call
from agent_tui.providers.responses_request import API, Effort, request_body
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
    objects_at,
    taped,
    text_at,
    truncated,
)

_COUNTED = ("model", "input", "instructions", "tools", "text", "reasoning")
_COMPACTED = ("model", "input", "instructions", "prompt_cache_key")


class ResponsesModel:
    """A model behind the Responses API."""

    def __init__(
        self,
        ref: ModelRef,
        api_key: SecretStr | None,
        clock: Clock,
        *,
        base_url: str | None = None,
        effort: Effort | None = None,
        thinking: bool = True,
        native_patch: bool = False,
        timeouts: Timeouts | None = None,
        tape: Tape | None = None,
    ) -> None:
        """Nothing is imported or opened before the first call.

        Args:
            base_url: Another place that speaks the same API; default is the provider's own.
            effort: None leaves it to the provider.
            thinking: Whether it is a reasoning model; others refuse what is asked of those.
            native_patch: Whether the model has OpenAI's own tool for patches.
        """
        self._ref = ref
        self._clock = clock
        self._effort = effort
        self._thinking = thinking
        self._native_patch = native_patch
        self._summaries = thinking
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
            _ = client.responses  # its module is imported at the first use: here, in the thread
            return client

        self._client = Client("openai", build)

    @property
    def ref(self) -> ModelRef:
        """Provider and model."""
        return self._ref

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """See :class:`~agent_tui.ports.Model`.

        Summaries of reasoning are only for organisations that OpenAI has verified. If they are
        refused, the call is made again without, and so are all later ones.
        """
        asked = self._summaries
        try:
            async with aclosing(self._attempt(request)) as events:
                async for event in events:
                    yield event
            return
        except ModelError as error:
            if not (asked and error.kind == "bad_request" and "reasoning.summary" in str(error)):
                raise
        self._summaries = False
        async with aclosing(self._attempt(request)) as events:
            async for event in events:
                yield event

    def _body(self, request: ModelRequest) -> dict[str, Any]:
        return request_body(
            self._ref.model,
            request,
            effort=self._effort,
            thinking=self._thinking,
            summaries=self._summaries,
            native_patch=self._native_patch,
        )

    def _attempt(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        body = self._body(request)

        async def send(client: Any) -> EventStream:
            return cast(EventStream, await client.responses.create(**body, stream=True))

        return attempt(self._client, send, ResponsesTurn(self._peer), self._peer, self._clock)

    async def count_tokens(self, request: ModelRequest) -> int | None:
        """See :class:`~agent_tui.ports.Measures`. Counting is free."""
        whole = self._body(request)
        body = {name: whole[name] for name in _COUNTED if name in whole}
        client = await self._client.get()
        with translated(self._peer, self._clock):
            counted = as_mapping(await client.responses.input_tokens.count(**body), self._peer)
        return count_at(counted, "input_tokens") or None

    async def compact(self, request: ModelRequest) -> Compacted | None:
        """See :class:`~agent_tui.ports.Measures`."""
        whole = self._body(request)
        body = {name: whole[name] for name in _COMPACTED}
        client = await self._client.get()
        watch = Watch(self._clock)
        with translated(self._peer, self._clock):
            answer = as_mapping(await client.responses.compact(**body), self._peer)
        watch.byte()
        items = [dict(item) for item in objects_at(answer, "output")]
        if not any(item.get("type") == "compaction" for item in items):
            raise failure("bad_answer", self._peer, "it did not compact the conversation")
        return Compacted(
            Message(role="assistant", replay=Replay(API, items)),
            usage=_used(answer.get("usage")),
            latency=watch.end(),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


class ResponsesTurn:
    """An answer, from the events of a stream."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._items: list[dict[str, Any]] = []
        self._call_ids: dict[str, str] = {}
        self._refused = False
        self._end: str | None = None
        self._response: Mapping[str, Any] = {}

    @property
    def ended(self) -> bool:
        """Whether the response has been completed, or given up."""
        return self._end is not None

    def feed(self, event: Mapping[str, Any]) -> Iterator[Delta]:
        """See :class:`~agent_tui.providers.wire.Turn`."""
        kind = text_at(event, "type")
        match kind:
            case "response.output_text.delta":
                yield TextDelta(text_at(event, "delta"))
            case "response.refusal.delta":
                self._refused = True
                yield TextDelta(text_at(event, "delta"))
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                yield ThinkingDelta(text_at(event, "delta"))
            case "response.output_item.added":
                yield from self._added(dig(event, "item"))
            case "response.function_call_arguments.delta":
                item_id = text_at(event, "item_id")
                yield ToolCallDelta(self._call_ids.get(item_id, item_id), text_at(event, "delta"))
            case "response.output_item.done":
                item = event.get("item")
                if not isinstance(item, Mapping):
                    raise failure("bad_stream", self._peer, "an output item has no content")
                self._items.append(dict(item))
            case "response.completed" | "response.incomplete":
                response = event.get("response")
                self._response = response if isinstance(response, Mapping) else {}
                yield from self._counted(response)
                # Other servers have only the one event, and say in the status which it is.
                self._end = text_at(self._response, "status") or kind.removeprefix("response.")
            case "response.failed":
                yield from self._counted(event.get("response"))
                raise payload_failure(dig(event, "response", "error"), self._peer)
            case "error":
                raise payload_failure(dict(event, type=None), self._peer)

    def _counted(self, response: object) -> Iterator[Delta]:
        if used := _used(dig(response, "usage")):
            yield Counted(used)

    def _added(self, item: object) -> Iterator[Delta]:
        if text_at(item, "type") == CALL:
            yield ToolCallStarted(text_at(item, "call_id"), TOOL)
        if text_at(item, "type") == "function_call":
            call_id = text_at(item, "call_id")
            self._call_ids[text_at(item, "id")] = call_id
            yield ToolCallStarted(call_id, text_at(item, "name"))

    def done(self, latency: Latency, request_id: str | None) -> Done:
        """See :class:`~agent_tui.providers.wire.Turn`."""
        if self._end is None:
            raise truncated(self._peer)
        items = self._items or [dict(item) for item in objects_at(self._response, "output")]
        stop = self._stop(items)
        calls = _calls(items) if stop == "end" else ()
        return Done(
            stop="tool_use" if calls else stop,
            message=Message(
                role="assistant", text=_text(items), calls=calls, replay=Replay(API, items)
            ),
            usage=_used(self._response.get("usage")),
            latency=latency,
            request_id=request_id,
        )

    def _stop(self, items: list[dict[str, Any]]) -> StopReason:
        if self._end == "failed":
            raise payload_failure(self._response.get("error"), self._peer)
        if self._end == "incomplete":
            reason = text_at(self._response, "incomplete_details", "reason")
            if reason == "max_output_tokens":
                return "max_tokens"
            if reason == "content_filter":
                return "refused"
            raise failure("bad_answer", self._peer, reason or "incomplete, for no stated reason")
        if self._end == "cancelled":
            raise failure("bad_answer", self._peer, "it was cancelled")
        refused = self._refused or any(part.get("type") == "refusal" for part in _parts(items))
        return "refused" if refused else "end"


def _parts(items: list[dict[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for item in items:
        if item.get("type") == "message":
            yield from objects_at(item, "content")


def _text(items: list[dict[str, Any]]) -> str:
    parts = _parts(items)
    return "".join(text_at(part, "text") or text_at(part, "refusal") for part in parts)


def _calls(items: list[dict[str, Any]]) -> tuple[ToolCall, ...]:
    calls = []
    for item in items:
        if item.get("type") == CALL:
            calls.append(read_call(item))
        elif item.get("type") == "function_call":
            name, arguments = text_at(item, "name"), text_at(item, "arguments")
            calls.append(ToolCall(text_at(item, "call_id"), name, arguments))
    return tuple(calls)


def _used(usage: object) -> Usage:
    """In the API's own words ``input_tokens`` is all that went in."""
    return Usage(
        input_tokens=count_at(usage, "input_tokens"),
        cache_read_tokens=count_at(usage, "input_tokens_details", "cached_tokens"),
        cache_write_tokens=count_at(usage, "input_tokens_details", "cache_write_tokens"),
        output_tokens=count_at(usage, "output_tokens"),
        reasoning_tokens=count_at(usage, "output_tokens_details", "reasoning_tokens"),
    )
