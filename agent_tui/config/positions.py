"""In which line of a TOML file a key is, for messages. The standard library does not say."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str | int, ...]

_KEY = re.compile(r"""\s*(?:([A-Za-z0-9_-]+)|"((?:[^"\\]|\\.)*)"|'([^']*)')\s*""")
_HEADER = re.compile(r"[ \t]*\[")
_AT = re.compile(r"\(at (?:line (\d+), column (\d+)|end of document)\)$")


class Positions:
    """The lines of the keys of one TOML document that tomllib has accepted.

    Inside an inline table, a key has the line of the statement that it is part of.
    """

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        table: Path = ()
        counts: dict[Path, int] = {}
        for number, statement in _statements(text):
            if statement.startswith("[["):
                table = self._resolve(_keys(statement[2:]), counts)
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
                self._put(table, number)
            elif statement.startswith("["):
                table = self._resolve(_keys(statement[1:]), counts)
                self._put(table, number)
            else:
                self._put(table + self._resolve(_keys(statement), {}), number)

    def _put(self, path: Path, number: int) -> None:
        for end in range(1, len(path) + 1):
            self._lines.setdefault(path[:end], number)
        if path:
            self._lines[path] = min(number, self._lines[path])

    @staticmethod
    def _resolve(keys: list[str], counts: Mapping[Path, int]) -> Path:
        # [a.b] inside [[a]] belongs to the last element of a.
        path: Path = ()
        for i, key in enumerate(keys):
            path = (*path, key)
            if path in counts and i < len(keys) - 1:
                path = (*path, counts[path])
        return path

    def line(self, path: Path) -> int:
        """The line of a key, counted from 1, or of the nearest table around it."""
        for end in range(len(path), 0, -1):
            if path[:end] in self._lines:
                return self._lines[path[:end]]
        return 1


def parse(text: str, name: str) -> tuple[dict[str, Any], str]:
    """Parse TOML: the tables, or what is wrong with it as ``file:line: message``."""
    try:
        return tomllib.loads(text), ""
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        at = _AT.search(message)
        line = at[1] if at and at[1] else str(text.count("\n") + 1)
        column = f" (column {at[2]})" if at and at[2] else ""
        return {}, f"{name}:{line}: {_AT.sub('', message).strip()}{column}"
    except RecursionError:
        return {}, f"{name}:1: is nested too deeply"


def _keys(text: str) -> list[str]:
    keys = []
    at = 0
    while match := _KEY.match(text, at):
        bare, basic, literal = match.groups()
        if basic is not None and "\\" in basic:
            basic = str(tomllib.loads(f'k = "{basic}"')["k"])
        keys.append(next(k for k in (bare, basic, literal) if k is not None))
        at = match.end()
        if text[at : at + 1] != ".":
            break
        at += 1
    return keys


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each table header and each key with its value, as (line, text from its first character)."""
    at = 0
    number = 1
    while at < len(text):
        end = _statement_end(text, at)
        statement = text[at:end].strip()
        if statement and not statement.startswith("#"):
            yield number, statement
        number += text.count("\n", at, end)
        at = end


def _statement_end(text: str, at: int) -> int:
    depth = 0
    header = _HEADER.match(text, at) is not None
    while at < len(text):
        char = text[at]
        if char in "\"'":
            at = _string_end(text, at)
            continue
        if char == "#":
            newline = text.find("\n", at)
            at = newline if newline >= 0 else len(text)
            continue
        if char in "[{" and not header:
            depth += 1
        elif char in "]}" and not header:
            depth -= 1
        elif char == "\n" and depth <= 0:
            return at + 1
        at += 1
    return at


def _string_end(text: str, at: int) -> int:
    quote = text[at]
    mark = quote * 3 if text.startswith(quote * 3, at) else quote
    at += len(mark)
    while at < len(text) and not text.startswith(mark, at):
        at += 2 if quote == '"' and text[at] == "\\" else 1
    at += len(mark)
    while len(mark) == 3 and text.startswith(quote, at):  # quotes may precede the closing three
        at += 1
    return at
