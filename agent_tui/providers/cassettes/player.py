"""Serves a cassette instead of the network."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from agent_tui.domain.text import one_line
from agent_tui.domain.turn import ModelError
from agent_tui.providers.cassettes.form import Exchange, Request, body_of, differences, read

MOST = 3
"""Differences that a miss tells."""


class Player:
    """A cassette that is played. Each exchange is given once, to the first request that equals it.

    Args:
        path: The cassette.
        redact: The same as when it was recorded: requests are compared without secrets.
        speed: How many times faster than recorded; 0 does not wait at all.

    Raises:
        CassetteError: If it cannot be read.
    """

    plays = True

    def __init__(
        self,
        path: Path,
        redact: Callable[[Any], Any],
        *,
        speed: float = 1.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._name = path.name
        self._left = read(path)
        self._redact = redact
        self._speed = speed
        self._sleep = sleep

    def close(self) -> None:
        """Nothing is open."""

    def take(self, method: str, path: str, content: bytes) -> Exchange:
        """The recorded exchange for a request.

        Raises:
            ModelError: If there is none; it says what differs from the one that would be next.
        """
        asked = Request(method, path, self._redact(body_of(content)))
        for index, exchange in enumerate(self._left):
            if exchange.request == asked:
                return self._left.pop(index)
        raise ModelError("exhausted", one_line(self._miss(asked), 1000))

    def _miss(self, asked: Request) -> str:
        what = f"{asked.method} {asked.path}"
        same = [e for e in self._left if e.request.to == asked.to]
        if not same:
            return f"The cassette {self._name} has no further answer to {what}."
        places = list(itertools.islice(differences(same[0].request.body, asked.body), MOST + 1))
        more = " … and elsewhere" if len(places) > MOST else ""
        return (
            f"The cassette {self._name} has no answer to this {what}: "
            f"{'; '.join(places[:MOST])}{more}."
        )

    async def _wait(self, milliseconds: float) -> None:
        if self._speed and milliseconds > 0:
            await self._sleep(milliseconds / 1000 / self._speed)

    def transport(self) -> Any:
        """An HTTP transport that answers from the cassette."""
        import httpx2  # noqa: PLC0415 - comes with the SDKs, and as slowly

        player = self

        def failure(name: str) -> httpx2.TransportError:
            kind = getattr(httpx2, name, None)
            known = isinstance(kind, type) and issubclass(kind, httpx2.TransportError)
            made = kind if known else httpx2.RemoteProtocolError
            return made(f"recorded: {name}")  # type: ignore[misc]

        class PlayedStream(httpx2.AsyncByteStream):
            """A recorded body, at its own pace."""

            def __init__(self, exchange: Exchange) -> None:
                self._chunks = iter(exchange.chunks)  # a network gives nothing twice either
                self._end = exchange.end

            async def __aiter__(self) -> AsyncIterator[bytes]:
                before = 0.0
                for at, data in self._chunks:
                    await player._wait(at - before)
                    before = at
                    yield data
                if self._end != "end":
                    raise failure(self._end)

        class PlayingTransport(httpx2.AsyncBaseTransport):
            """The cassette in place of the network."""

            async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
                path = request.url.raw_path.decode("ascii")
                exchange = player.take(request.method, path, await request.aread())
                if exchange.status is None:
                    raise failure(exchange.end)
                return httpx2.Response(
                    exchange.status, headers=exchange.headers, stream=PlayedStream(exchange)
                )

        return PlayingTransport()
