"""SEARCH/REPLACE blocks in a model's text."""

import re
from dataclasses import dataclass

_SEARCH = re.compile(r"<{5,9} SEARCH>?\s*$")
_DIVIDER = re.compile(r"={5,9}\s*$")
_REPLACE = re.compile(r">{5,9} REPLACE\s*$")


@dataclass(frozen=True, slots=True)
class Block:
    """One exchange of a text in a file; an empty search makes the file, or adds at its end."""

    path: str
    search: str
    replace: str


def search_replace_blocks(text: str) -> list[Block]:
    """The blocks in a text, in order. One that is cut short is left out."""
    found: list[Block] = []
    lines = text.split("\n")
    path = ""
    at = 0
    while at < len(lines):
        if not _SEARCH.match(lines[at]):
            at += 1
            continue
        path = _path_above(lines, at) or path
        middle = _next(lines, at + 1, _DIVIDER)
        end = _next(lines, middle + 1, _REPLACE) if middle is not None else None
        if middle is None or end is None:
            break
        search = "".join(f"{line}\n" for line in lines[at + 1 : middle])
        replace = "".join(f"{line}\n" for line in lines[middle + 1 : end])
        if path:
            found.append(Block(path, search, replace))
        at = end + 1
    return found


def _next(lines: list[str], start: int, wanted: re.Pattern[str]) -> int | None:
    return next((i for i in range(start, len(lines)) if wanted.match(lines[i])), None)


def _path_above(lines: list[str], at: int) -> str:
    """The file's name: on one of the three lines above, outside or behind the fence."""
    for line in reversed(lines[max(0, at - 3) : at]):
        name = line.strip().strip("`*").strip()
        if line.startswith("```"):
            name = name.partition(" ")[2]
        if name and not _REPLACE.match(line):
            return name
    return ""
