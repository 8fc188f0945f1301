"""The form of a cassette: what of an exchange is kept, and how two requests are compared."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERSION = 1
KIND = "agent-tui.cassette"
REQUEST_HEADERS = ("content-type", "accept", "anthropic-version", "anthropic-beta", "openai-beta")
RESPONSE_HEADERS = (
    "content-type",
    "retry-after",
    "retry-after-ms",
    "request-id",
    "x-request-id",
    "x-should-retry",
)
SHOWN = 40
"""Characters of a text that are shown around the place where two requests differ."""


class CassetteError(ValueError):
    """The file is no cassette, or cannot be written; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is compared of a request."""

    method: str
    path: str
    body: Any

    @property
    def to(self) -> tuple[str, str]:
        """Where it goes."""
        return self.method, self.path


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and what came back.

    Attributes:
        status: None when there was no response.
        chunks: Milliseconds since the request, and bytes.
        end: ``end``, ``closed``, or the name of an exception.
    """

    request: Request
    status: int | None
    headers: Mapping[str, str]
    chunks: tuple[tuple[float, bytes], ...]
    end: str


def kept(headers: Iterable[tuple[str, str]], allowed: tuple[str, ...]) -> dict[str, str]:
    """The headers of an allow-list."""
    return {name.lower(): value for name, value in headers if name.lower() in allowed}


def body_of(content: bytes) -> Any:
    """A body as JSON where it is JSON, else as text."""
    try:
        return json.loads(content) if content else None
    except ValueError:
        return content.decode("utf-8", "replace")


def pack(data: bytes) -> str | dict[str, str]:
    """Bytes as JSON holds them."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}


def _unpack(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8")
    return base64.b64decode(value["base64"], validate=True)


def read(path: Path) -> list[Exchange]:
    """The exchanges of a cassette.

    Raises:
        CassetteError: If it cannot be read.
    """
    try:
        lines = [line for line in path.read_text("utf-8").split("\n") if line.strip()]
        head = json.loads(lines[0]) if lines else {}
        if not isinstance(head, dict) or head.get("kind") != KIND:
            raise CassetteError(f"{path} is no cassette: its first line does not say so.")
        if head.get("v") != VERSION:
            raise CassetteError(f"{path} is a cassette of version {head.get('v')}, not {VERSION}.")
        return [_exchange(json.loads(line)) for line in lines[1:]]
    except OSError as error:
        raise CassetteError(f"{path} cannot be read: {error.strerror}.") from error
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, CassetteError):
            raise
        raise CassetteError(f"{path} is a damaged cassette: {error}.") from error


def _exchange(line: Mapping[str, Any]) -> Exchange:
    request, response = line["request"], line["response"]
    chunks = response.get("chunks", [])
    return Exchange(
        Request(str(request["method"]), str(request["path"]), request.get("body")),
        response.get("status"),
        {str(name): str(value) for name, value in response.get("headers", {}).items()},
        tuple((float(at), _unpack(data)) for at, data in chunks),
        str(response.get("end", "end")),
    )


def differences(recorded: Any, asked: Any, at: str = "") -> Iterator[str]:
    """Where two bodies differ, in words: the place, what was recorded, and what is asked now."""
    if isinstance(recorded, dict) and isinstance(asked, dict):
        for name in [*recorded, *(name for name in asked if name not in recorded)]:
            place = f"{at}.{name}" if at else name
            if name not in asked:
                yield f"{place} is missing now"
            elif name not in recorded:
                yield f"{place} is new"
            else:
                yield from differences(recorded[name], asked[name], place)
    elif isinstance(recorded, list) and isinstance(asked, list):
        for index, (one, other) in enumerate(zip(recorded, asked, strict=False)):
            yield from differences(one, other, f"{at}[{index}]")
        if len(recorded) != len(asked):
            yield f"{at} had {len(recorded)} entries and has {len(asked)}"
    elif isinstance(recorded, str) and isinstance(asked, str) and recorded != asked:
        index = next(
            (i for i, (a, b) in enumerate(zip(recorded, asked, strict=False)) if a != b),
            min(len(recorded), len(asked)),
        )
        begin = max(0, index - SHOWN // 2)
        cut = slice(begin, begin + SHOWN)
        yield (
            f"{at} differs at character {index}: “{recorded[cut]}” was recorded, "
            f"“{asked[cut]}” is asked now"
        )
    elif recorded != asked:
        yield f"{at} was {json.dumps(recorded)[:SHOWN]} and is {json.dumps(asked)[:SHOWN]}"
