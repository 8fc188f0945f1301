"""How a file begins, so that its format can be told from its content."""

from dataclasses import dataclass
from typing import Any

from agent_tui.sessions.importers.source import BadJson, ImportFailed, Source, parse
from agent_tui.sessions.importers.values import Object

HEAD = 256 * 1024
LINES = 40


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a file.

    Attributes:
        lines: The first lines that are JSON objects, for a file of such lines.
        value: The whole value, for a file that is one JSON value.
        text: The first characters, for any other file.
    """

    lines: tuple[Object, ...] = ()
    value: Any = None
    text: str = ""

    def any_line(self, *keys: str) -> bool:
        """Whether one of the first lines has all these keys."""
        return any(all(key in line for key in keys) for line in self.lines)


def head_of(source: Source) -> Head:
    """How a file begins. A file that is one JSON value is read whole.

    Raises:
        ImportFailed: If it cannot be read, or is JSON that is nested too deeply.
    """
    raw = source.head(HEAD)
    start = raw.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start.startswith((b"{", b"[")):
        return Head(text=raw.decode("utf-8", "replace"))
    complete = raw if len(raw) < HEAD else raw.rpartition(b"\n")[0]
    pieces = [piece for piece in complete.split(b"\n") if piece.strip()]
    lines = []
    for piece in pieces[:LINES]:
        try:
            value = parse(piece)
        except BadJson:
            continue
        if isinstance(value, dict):
            lines.append(value)
    if lines and len(pieces) > 1:
        return Head(lines=tuple(lines))
    try:
        value = parse(Source(source.path).whole())
    except BadJson as error:
        raise ImportFailed(f"{source.path} cannot be read: {error}") from error
    return Head(lines=tuple(lines), value=value)
