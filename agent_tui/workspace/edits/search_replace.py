"""SEARCH/REPLACE blocks, with or without fences, after or below the name of their file."""

import re
from dataclasses import replace

from agent_tui.domain.edits import EditFormatError
from agent_tui.workspace.edits.markup import is_fence, path_in
from agent_tui.workspace.edits.model import FileChange, Hunk, ops_between

_OPENING = re.compile(rb"^[ \t]*(<{5,12}|-{5,12})[ \t]*(SEARCH|ORIGINAL)\b>?[ \t]*(.*)$")
_DIVIDER = re.compile(rb"^[ \t]*(={5,12})[ \t]*$")
_CLOSING = re.compile(rb"^[ \t]*(>{5,12}|\+{5,12})[ \t]*(REPLACE|UPDATED)?\b[ \t]*$")
_LOOK_BACK = 4
"""Lines above a block in which the name of its file may stand."""


def is_opening(line: bytes) -> bool:
    """Whether a block begins with this line."""
    return (b"SEARCH" in line or b"ORIGINAL" in line) and _OPENING.match(line) is not None


def parse(lines: list[bytes]) -> list[FileChange]:
    """The changes, one for each file, with the blocks of a file in their order.

    Raises:
        EditFormatError: If there is no block at all.
    """
    found: list[FileChange] = []
    path: str | None = None
    at = last_end = 0
    number = 0
    while at < len(lines):
        opening = _OPENING.match(lines[at])
        if opening is None:
            at += 1
            continue
        number += 1
        named = path_in(opening[3]) if opening[3] else None
        path = named or _path_above(lines, at, last_end) or path
        change, at = _block(lines, at, opening, path, f"block {number}")
        last_end = at
        found.append(change)
    if not found:
        raise EditFormatError("There is no line '<<<<<<< SEARCH'.")
    return _by_file(found)


def _path_above(lines: list[bytes], at: int, stop: int) -> str | None:
    for number in range(at - 1, max(stop, at - 1 - _LOOK_BACK) - 1, -1):
        line = lines[number]
        if not line.strip() or is_fence(line):
            info = line.strip().lstrip(b"`~").strip()
            if info and b"." in info and (path := path_in(info)):
                return path
            continue
        return path_in(line)
    return None


def _block(
    lines: list[bytes], start: int, opening: re.Match[bytes], path: str | None, name: str
) -> tuple[FileChange, int]:
    """The block that begins at *start*, and where the text goes on behind it."""
    mark = opening[1]
    end = start + 1
    dividers: list[int] = []
    closed = False
    while end < len(lines):
        line = lines[end]
        if _DIVIDER.match(line):
            dividers.append(end)
        closing = _CLOSING.match(line) if dividers else None
        if closing and (closing[2] or len(closing[1]) == len(mark)):
            closed = True
            break
        if _OPENING.match(line):
            break
        end += 1
    same = [number for number in dividers if len(lines[number].strip()) == len(mark)]
    dividers = same or dividers
    where = f"the block at line {start + 1} of the text"

    def broken(problem: str) -> tuple[FileChange, int]:
        return FileChange(path or "?", "edit", problem=problem, name=name), end + closed

    if path is None:
        return broken(f"{where} has no file name on the line above it")
    if not dividers:
        return broken(f"{where} has no line '=======' between what to find and what to put there")
    if len(dividers) > 1:
        return broken(
            f"{where} has {len(dividers)} lines '=======': write the block with longer markers, "
            "nine characters each, so that the text's own line is not taken for one"
        )
    search, put = lines[start + 1 : dividers[0]], lines[dividers[0] + 1 : end]
    doubts: tuple[str, ...] = ()
    if not closed:
        while put and (not put[-1].strip() or is_fence(put[-1])):
            put.pop()
        doubts = ("the line '>>>>>>> REPLACE' is missing: the text may have been cut off",)
    margin = opening[0][: len(opening[0]) - len(opening[0].lstrip(b" \t"))]
    if margin and all(line.startswith(margin) for line in (*search, *put) if line.strip()):
        search = [line.removeprefix(margin) for line in search]
        put = [line.removeprefix(margin) for line in put]
    if not any(line.strip() for line in search):
        content = b"".join(line + b"\n" for line in put)
        return FileChange(path, "create", content, doubts=doubts, name=name), end + closed
    hunk = Hunk(ops_between(search, put), name, doubts=doubts)
    return FileChange(path, "edit", changes=(hunk,), ordered=False, name=name), end + closed


def _by_file(found: list[FileChange]) -> list[FileChange]:
    """Blocks of the same file that follow each other, as one change."""
    result: list[FileChange] = []
    for change in found:
        before = result[-1] if result else None
        mergeable = (
            before is not None
            and before.path == change.path
            and before.action == change.action == "edit"
            and not (before.problem or change.problem)
        )
        if before is not None and mergeable:
            result[-1] = replace(before, changes=(*before.changes, *change.changes))
        else:
            result.append(change)
    return result
