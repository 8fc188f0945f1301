"""Changes applied to the bytes of one file."""

import re
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha1, sha256
from itertools import pairwise

from agent_tui.domain.edits import EditPart
from agent_tui.workspace.edits.lines import BOM, Lines, body, split, terminator
from agent_tui.workspace.edits.model import Change, Hunk, Insertion, TextSwap, ops_between
from agent_tui.workspace.edits.nearest import nearest_lines
from agent_tui.workspace.edits.placing import NoPlace, Placed, place_all, place_by_number

MAX_FILE = 64 * 1024 * 1024
"""Bytes of the largest file whose lines are edited."""

MAX_SEQUENTIAL = 5_000_000
"""Lines of a file times blocks for it up to which blocks are tried one after the other."""

_LFS = b"version https://git-lfs.github.com/spec/v1\n"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_ELISION = re.compile(
    rb"^\W*(\.\.\.|\xe2\x80\xa6)?\W*(the )?(rest|remainder|remaining|existing|other|previous)\b"
    rb".{0,40}\b(unchanged|same|omitted|here|above|code|implementation)\b",
    re.I,
)


def refuse_lines(data: bytes) -> str:
    """Why the lines of such a file are not edited, or ""."""
    if data.startswith(_UTF16):
        return "it is a UTF-16 file, whose lines cannot be edited: replace it whole"
    if data.startswith(_LFS):
        return "it is a Git LFS pointer, whose lines mean nothing: change the file behind it"
    if b"\0" in data[:8000]:
        return "it is a binary file, whose lines cannot be edited"
    if len(data) > MAX_FILE:
        return f"it is larger than {MAX_FILE // 2**20} MiB: change it yourself"
    return ""


def apply_changes(
    data: bytes, changes: Sequence[Change], path: str, *, ordered: bool, base: str
) -> tuple[bytes, list[EditPart]]:
    """The new bytes, and how each change fared. With a problem in a part the bytes mean nothing."""
    hunks = [change for change in changes if isinstance(change, Hunk)]
    if len(hunks) < len(changes):
        return _one_by_one(data, changes, path)
    lines = Lines(data)
    if base and is_blob(data, base):
        numbered = [place_by_number(lines, hunk) for hunk in hunks]
        proved = [placed for placed in numbered if placed is not None]
        if len(proved) == len(hunks):
            return _rewritten(lines, proved), [_part(path, placed) for placed in proved]
    found = place_all(lines, hunks, ordered=ordered)
    failed = any(isinstance(entry, NoPlace) for entry in found)
    if failed and not ordered and len(lines.raw) * len(hunks) <= MAX_SEQUENTIAL:
        # A block may be about what an earlier one has written.
        return _one_by_one(data, changes, path)
    parts = [
        _part(path, entry)
        if isinstance(entry, Placed)
        else EditPart(path, hunk.name, doubts=hunk.doubts, problem=str(entry))
        for hunk, entry in zip(hunks, found, strict=True)
    ]
    placed = sorted(
        (entry for entry in found if isinstance(entry, Placed)), key=lambda p: p.changed
    )
    if len(placed) < len(found):
        return data, parts
    for one, two in pairwise(placed):
        if two.changed[0] < one.changed[1]:
            at = found.index(two)
            problem = "it changes lines that another part changes as well"
            parts[at] = replace(parts[at], problem=problem)
            return data, parts
    return _rewritten(lines, placed), parts


def is_blob(data: bytes, base: str) -> bool:
    """Whether git's name of a blob with these bytes begins so."""
    head = b"blob %d\0" % len(data)
    if len(base) < 7:
        return False
    names = [sha256(head + data).hexdigest()]
    if len(base) <= 40:
        names.append(sha1(head + data, usedforsecurity=False).hexdigest())
    return any(name.startswith(base) for name in names)


def _part(path: str, placed: Placed) -> EditPart:
    return EditPart(
        path,
        placed.hunk.name,
        line=placed.place.start + 1,
        rung=placed.place.rung,
        doubts=(*placed.hunk.doubts, *placed.doubts),
    )


def _one_by_one(data: bytes, changes: Sequence[Change], path: str) -> tuple[bytes, list[EditPart]]:
    parts = []
    for change in changes:
        if isinstance(change, Hunk):
            lines = Lines(data)
            (entry,) = place_all(lines, [change], ordered=False)
            if isinstance(entry, NoPlace):
                part = EditPart(path, change.name, doubts=change.doubts, problem=str(entry))
            else:
                data, part = _rewritten(lines, [entry]), _part(path, entry)
        elif isinstance(change, TextSwap):
            data, part = _swap(data, change, path)
        else:
            data, part = _insert(data, change, path)
        parts.append(part)
    return data, parts


def _rewritten(lines: Lines, placed: Sequence[Placed]) -> bytes:
    """The file with all hunks in their places, which do not overlap."""
    # A hunk that spells out the first line says itself whether there is a BOM.
    spelled = any(entry.as_written and entry.changed[0] == 0 for entry in placed)
    bom = b"" if spelled else lines.bom
    old = [lines.raw[0].removeprefix(bom), *lines.raw[1:]] if bom else lines.raw
    result: list[bytes] = []
    at = 0
    ends = lines.ends
    for entry in placed:
        for start, end, added in _blocks(entry):
            result += old[at:start]
            result += _with_terminators(lines, entry, start, end, added)
            at = end
        reaches_end = entry.place.start + len(entry.hunk.old) == len(old)
        if entry.hunk.new_ends is not None and reaches_end:
            ends = entry.hunk.new_ends
    result += old[at:]
    for number, line in enumerate(result):
        if not line.endswith(b"\n") and (ends or number < len(result) - 1):
            result[number] = line + lines.usual_end
    if result and not ends and result[-1].endswith(b"\n"):
        written = bool(placed) and placed[-1].as_written
        result[-1] = result[-1][:-1] if written else body(result[-1])
    return bom + b"".join(result) if result else b""


def _blocks(entry: Placed) -> list[tuple[int, int, list[bytes]]]:
    """Each run of changed lines: where it stands in the file, and what is added there."""
    blocks: list[tuple[int, int, list[bytes]]] = []
    at = entry.place.start
    open_block: list[bytes] | None = None
    start = at
    for kind, text in entry.hunk.ops:
        if kind == " ":
            if open_block is not None:
                blocks.append((start, at, open_block))
                open_block = None
            at += 1
            continue
        if open_block is None:
            open_block, start = [], at
        if kind == "-":
            at += 1
        else:
            open_block.append(text)
    if open_block is not None:
        blocks.append((start, at, open_block))
    return blocks


def _with_terminators(
    lines: Lines, entry: Placed, start: int, end: int, added: Sequence[bytes]
) -> list[bytes]:
    """The added lines as they stand in the file."""
    if entry.as_written:
        return [text + b"\n" for text in added]
    place = entry.place
    result = []
    for number, text in enumerate(added):
        line = text.removesuffix(b"\r")
        if start == 0:
            line = line.removeprefix(BOM)
        if line.strip():
            line = place.deeper + line.removeprefix(place.shallower)
        neighbour = min(start + number, end - 1) if end > start else start - 1
        result.append(line + _end_like(lines, neighbour))
    return result


def _end_like(lines: Lines, number: int) -> bytes:
    for candidate in (number, number - 1, number + 1):
        if 0 <= candidate < len(lines.raw) and (end := terminator(lines.raw[candidate])):
            return end
    return lines.usual_end


def _swap(data: bytes, change: TextSwap, path: str) -> tuple[bytes, EditPart]:
    old, new = change.old, change.new
    if not old:
        problem = "its old text is empty, so nothing says where the new one goes"
        return data, EditPart(path, change.name, problem=problem)
    count = data.count(old)
    if not count and b"\r\n" in data and b"\r\n" not in old:
        old, new = old.replace(b"\n", b"\r\n"), new.replace(b"\n", b"\r\n")
        count = data.count(old)
    if count == 1 or (count and change.everywhere):
        line = data.count(b"\n", 0, data.find(old)) + 1
        return data.replace(old, new), EditPart(path, change.name, line=line)
    if count:
        at, starts = -1, []
        for _ in range(min(count, 5)):
            at = data.find(old, at + 1)
            starts.append(str(data.count(b"\n", 0, at) + 1))
        problem = (
            f"its old text occurs {count} times (lines {', '.join(starts)}): repeat more of the "
            "text around it, until it occurs only once"
        )
        return data, EditPart(path, change.name, problem=problem)
    return _swap_lines(data, change, path)


def _swap_lines(data: bytes, change: TextSwap, path: str) -> tuple[bytes, EditPart]:
    """The same on the looser rungs, where both texts are whole lines."""
    lines = Lines(data)
    old = [body(line) for line in split(change.old)]
    whole = change.old.endswith(b"\n") == change.new.endswith(b"\n") or not change.new
    if whole:
        hunk = Hunk(ops_between(old, [body(line) for line in split(change.new)]), change.name)
        (entry,) = place_all(lines, [hunk], ordered=False)
        if isinstance(entry, Placed):
            return _rewritten(lines, [entry]), _part(path, entry)
        return data, EditPart(path, change.name, problem=str(entry))
    near = nearest_lines(lines.bodies, old)
    problem = "its old text is not in the file" + (f": {near}" if near else "")
    return data, EditPart(path, change.name, problem=problem)


def _insert(data: bytes, change: Insertion, path: str) -> tuple[bytes, EditPart]:
    lines = Lines(data)
    if not 0 <= change.after <= len(lines.raw):
        problem = f"the file has {len(lines.raw)} lines, so none can follow line {change.after}"
        return data, EditPart(path, change.name, problem=problem)
    added = [body(line) for line in split(change.text)]
    hunk = Hunk(tuple(("+", text) for text in added), change.name, line=change.after)
    placed = place_by_number(lines, hunk)
    if placed is None:
        return data, EditPart(path, change.name, problem="that place is not in the file")
    entry = replace(placed, as_written=False)
    return _rewritten(lines, [entry]), EditPart(path, change.name, line=change.after + 1)


def whole_file(old: bytes | None, new: bytes, *, exact: bool) -> tuple[bytes, tuple[str, ...]]:
    """A new version of a whole file in the old one's line ends, and what is doubtful about it.

    Args:
        exact: Whether *new* says itself how its last line ends.
    """
    if old is None:
        return new, ()
    before = Lines(old)
    if before.usual_end == b"\r\n" and b"\r" not in new:
        new = new.replace(b"\n", b"\r\n")
    if before.bom and not new.startswith(BOM):
        new = before.bom + new
    if not exact and not before.ends:
        new = body(new)
    after = split(new)
    doubts = []
    if len(before.raw) >= 20 and len(after) * 2 < len(before.raw):
        doubts.append(f"the file shrinks from {len(before.raw)} lines to {len(after)}")
    known = set(before.bodies)
    for number, line in enumerate(after, 1):
        if _ELISION.match(line[:200]) and body(line) not in known:
            doubts.append(f"line {number} stands for lines that were left out")
            break
    return new, tuple(doubts)
