"""What the adapters share: one attempt from the request to its end, timed and translated."""

import asyncio
import importlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol, cast

from agent_tui.domain.turn import (
    Counted,
    Done,
    ModelError,
    ModelEvent,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolCallStarted,
)
from agent_tui.domain.usage import Latency
from agent_tui.ports import Clock
from agent_tui.providers.failures import Peer, classify, failure, translated

DRAIN_S = 0.2
"""Seconds for what a server sends after its last event; read to its end, a connection lives on."""

NO_KEY = "none"
"""The SDKs insist on a key; servers that need none ignore it."""

Delta = TextDelta | ThinkingDelta | ToolCallStarted | ToolCallDelta | Counted


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Limits in seconds: for the connection, and for silence while an answer is awaited.

    Models that think say nothing for minutes, and a local server reads a long prompt as slowly:
    600 is also the SDKs' own default.
    """

    connect_s: float = 10.0
    silence_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Replay:
    """An assistant's turn in the form of one API. Other APIs get the turn told anew.

    Attributes:
        api: Whose form it is.
        turn: Plain JSON values.
    """

    api: str
    turn: Any


class Tape(Protocol):
    """A cassette that records the wire, or takes its place."""

    @property
    def plays(self) -> bool:
        """Whether it takes the place of the network; then no key is needed."""
        ...

    def transport(self) -> Any:
        """A transport for the SDKs' HTTP library."""
        ...


def taped(sdk: ModuleType, tape: Tape | None) -> dict[str, Any]:
    """What an SDK's client is given so that its wire goes through a cassette."""
    if tape is None:
        return {}
    return {"http_client": sdk.DefaultAsyncHttpxClient(transport=tape.transport())}


class EventStream(Protocol):
    """A stream of events, as both SDKs have it."""

    @property
    def response(self) -> Any:
        """The HTTP response."""
        ...

    async def __aenter__(self) -> Any: ...

    async def __aexit__(self, *exc: object) -> None: ...

    def __aiter__(self) -> AsyncIterator[object]: ...


class Turn(Protocol):
    """An answer that is being put together from events. A new one for each attempt."""

    @property
    def ended(self) -> bool:
        """Whether nothing of the answer can come any more."""
        ...

    def feed(self, event: Mapping[str, Any]) -> Iterator[Delta]:
        """Take an event; give what is new in it.

        Raises:
            ModelError: If the event says that the call failed.
        """
        ...

    def done(self, latency: Latency, request_id: str | None) -> Done:
        """The complete answer.

        Raises:
            ModelError: If it is not complete, or is no answer.
        """
        ...


class Client:
    """One provider's SDK client, made at the first call, in a thread.

    Importing an SDK takes seconds; nothing of that may be seen on the screen.
    """

    def __init__(self, sdk: str, build: Callable[[ModuleType], Any]) -> None:
        self._sdk = sdk
        self._build = build
        self._client: Any = None
        self._lock = asyncio.Lock()

    async def get(self) -> Any:
        """The client."""
        async with self._lock:
            if self._client is None:
                self._client = await asyncio.to_thread(self._make)
        return self._client

    def _make(self) -> Any:
        return self._build(importlib.import_module(self._sdk))

    async def close(self) -> None:
        """Close the connections that are kept alive."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()


class Watch:
    """Times of one attempt."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._start = clock.monotonic_ns()
        self._byte: float | None = None
        self._token: float | None = None

    def _elapsed(self) -> float:
        return (self._clock.monotonic_ns() - self._start) / 1e9

    def byte(self) -> None:
        """The response has begun."""
        self._byte = self._elapsed()

    def token(self) -> None:
        """Something of the answer is there."""
        if self._token is None:
            self._token = self._elapsed()

    def end(self) -> Latency:
        """The answer is complete."""
        return Latency(first_byte_s=self._byte, first_token_s=self._token, total_s=self._elapsed())


async def attempt(
    client: Client,
    send: Callable[[Any], Awaitable[EventStream]],
    turn: Turn,
    peer: Peer,
    clock: Clock,
) -> AsyncGenerator[ModelEvent, None]:
    """One request: its events, then ``Done``. The connection is free before ``Done`` is given.

    Args:
        send: Makes the request with the SDK's client.

    Raises:
        ModelError: If it fails, or ends without an end.
    """
    sdk_client = await client.get()
    watch = Watch(clock)
    with translated(peer, clock):
        stream = await send(sdk_client)
        async with stream, aclosing(cast(Any, aiter(stream))) as events:
            watch.byte()
            headers = stream.response.headers
            _check_type(headers, peer)
            async for event in events:
                for delta in turn.feed(as_mapping(event, peer)):
                    if not isinstance(delta, Counted):
                        watch.token()
                    yield delta
                if turn.ended:
                    break
            done = turn.done(watch.end(), headers.get("request-id") or headers.get("x-request-id"))
            await _drain(events, peer, clock)
    yield done


def _check_type(headers: Mapping[str, str], peer: Peer) -> None:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and kind != "text/event-stream":
        raise failure("bad_stream", peer, f"it is {kind}, not an event stream")


async def _drain(events: AsyncIterator[object], peer: Peer, clock: Clock) -> None:
    try:
        async with asyncio.timeout(DRAIN_S):
            async for _ in events:
                pass
    except TimeoutError:
        pass
    except Exception as error:
        if classify(error, peer, clock.now()) is None:
            raise  # the answer is complete: how the connection ends does not matter any more


def as_mapping(event: object, peer: Peer) -> Mapping[str, Any]:
    """An SDK's event as the plain JSON that came.

    The SDKs build an event they do not know as the first class of a union, so classes say
    nothing.
    """
    dump = getattr(event, "to_dict", None)
    value = dump(mode="json", warnings=False) if callable(dump) else event
    if not isinstance(value, Mapping):
        raise failure("bad_stream", peer, f"an event is a {type(value).__name__}, not an object")
    return cast(Mapping[str, Any], encodable(value))


def encodable(value: object) -> object:
    """JSON may escape half a character, which no UTF-8 can hold: not a log, not the next call."""
    if isinstance(value, str):
        return (
            value
            if value.isascii()
            else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        )
    if isinstance(value, Mapping):
        return {encodable(name): encodable(inner) for name, inner in value.items()}
    return [encodable(inner) for inner in value] if isinstance(value, list) else value


def dig(value: object, *path: str) -> Any:
    """What is at a path of nested objects, or None."""
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def text_at(value: object, *path: str) -> str:
    """The text at a path, or nothing."""
    found = dig(value, *path)
    return found if isinstance(found, str) else ""


def count_at(value: object, *path: str) -> int:
    """The number of tokens at a path, or 0."""
    found = dig(value, *path)
    return found if isinstance(found, int) and found > 0 else 0


def objects_at(value: object, *path: str) -> list[Mapping[str, Any]]:
    """The objects of a list at a path."""
    found = dig(value, *path)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def truncated(peer: Peer) -> ModelError:
    """The stream ended, and nothing said that it was the end."""
    return failure("truncated", peer)
