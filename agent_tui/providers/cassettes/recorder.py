"""Records the wire while it is used."""

import json
import os
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import getproxies, proxy_bypass

from agent_tui import __version__
from agent_tui.providers.cassettes.form import (
    KIND,
    REQUEST_HEADERS,
    RESPONSE_HEADERS,
    VERSION,
    CassetteError,
    body_of,
    kept,
    pack,
)


class Recorder:
    """A cassette that is being written. One line is appended when an exchange has ended.

    Args:
        path: The file, which may not exist yet.
        redact: Takes secrets out of a JSON value.

    Raises:
        CassetteError: If the file exists or cannot be made.
    """

    plays = False

    def __init__(self, path: Path, redact: Callable[[Any], Any]) -> None:
        self._redact = redact
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        try:
            self._file = os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8")
        except FileExistsError as error:
            raise CassetteError(f"{path} exists already: name a new file to record to.") from error
        except OSError as error:
            raise CassetteError(f"{path} cannot be made: {error.strerror}.") from error
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._write({"v": VERSION, "kind": KIND, "app": __version__, "at": now})

    def _write(self, line: Any) -> None:
        # A line is some kilobytes: that reaches the system's cache faster than a thread would run.
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """No more will come."""
        self._file.close()

    def save(
        self, request: dict[str, Any], response: dict[str, Any], chunks: list[tuple[float, bytes]]
    ) -> None:
        """Append an exchange, without secrets."""
        if self._file.closed:
            return
        whole = b"".join(data for _, data in chunks).decode("utf-8", "replace")
        if self._redact(whole) == whole:
            told = [[round(at, 1), pack(data)] for at, data in chunks]
        else:  # a secret may lie across two chunks: safety goes before timing
            told = [[round(chunks[0][0], 1), self._redact(whole)]]
        if chunks:
            response["chunks"] = told
        self._write({"request": self._redact(request), "response": response})

    def transport(self) -> Any:
        """An HTTP transport that records what goes through it."""
        import httpx2  # noqa: PLC0415 - comes with the SDKs, and as slowly

        recorder = self
        Recorded = _recorded_stream(httpx2)

        class RecordingTransport(httpx2.AsyncBaseTransport):
            """The network, with a recorder on the line."""

            def __init__(self) -> None:
                self._lines: dict[str | None, httpx2.AsyncHTTPTransport] = {}

            def _line(self, url: httpx2.URL) -> httpx2.AsyncHTTPTransport:
                proxies = {} if proxy_bypass(url.host) else getproxies()
                proxy = proxies.get(url.scheme) or proxies.get("all")
                if proxy not in self._lines:
                    self._lines[proxy] = httpx2.AsyncHTTPTransport(proxy=proxy)
                return self._lines[proxy]

            async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
                request.headers["accept-encoding"] = "identity"  # else nobody can read it
                asked = {
                    "method": request.method,
                    "path": request.url.raw_path.decode("ascii"),
                    "headers": kept(request.headers.items(), REQUEST_HEADERS),
                    "body": body_of(await request.aread()),
                }
                began = time.monotonic()
                try:
                    response = await self._line(request.url).handle_async_request(request)
                except httpx2.HTTPError as error:
                    recorder.save(asked, {"end": type(error).__name__}, [])
                    raise
                told = {
                    "status": response.status_code,
                    "headers": kept(response.headers.items(), RESPONSE_HEADERS),
                }

                def save(chunks: list[tuple[float, bytes]], end: str) -> None:
                    recorder.save(asked, told | {"end": end}, chunks)

                stream = Recorded(response.stream, began, save)
                return httpx2.Response(
                    response.status_code,
                    headers=response.headers,
                    stream=stream,
                    extensions=response.extensions,
                )

            async def aclose(self) -> None:
                for line in self._lines.values():
                    await line.aclose()

        return RecordingTransport()


def _recorded_stream(httpx2: Any) -> Any:
    class RecordedStream(httpx2.AsyncByteStream):  # type: ignore[misc]
        """A response's body, remembered as it comes."""

        def __init__(
            self,
            stream: Any,
            began: float,
            save: Callable[[list[tuple[float, bytes]], str], None],
        ) -> None:
            self._stream = stream
            self._began = began
            self._save: Callable[[list[tuple[float, bytes]], str], None] | None = save
            self._chunks: list[tuple[float, bytes]] = []

        async def __aiter__(self) -> AsyncIterator[bytes]:
            try:
                async for chunk in self._stream:
                    self._chunks.append(((time.monotonic() - self._began) * 1000, chunk))
                    yield chunk
            except httpx2.HTTPError as error:
                self._end(type(error).__name__)
                raise
            self._end("end")

        async def aclose(self) -> None:
            self._end("closed")
            await self._stream.aclose()

        def _end(self, how: str) -> None:
            save, self._save = self._save, None
            if save is not None:
                save(self._chunks, how)

    return RecordedStream
