"""What changed within a line, and which lines only moved."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher

from agent_tui.domain.patch import Hunk
from agent_tui.ui.diff.long_lines import changed_part
from agent_tui.ui.diff.scan import Scan

MAX_RUN = 160
"""Lines on one side of a block up to which words are compared: beyond that a block was rewritten,
and word highlights would take long and say nothing."""
MAX_LINE = 600
"""Characters of a line up to which its words are compared; of a longer one, those of the part that
is not the same on both sides."""
ALIKE = 0.35
"""Share of a line that must be the same on both sides for its changed words to mean something."""
MOVED_LINES = 3
MOVED_LETTERS = 20
"""A block counts as moved from this size on; ``git diff --color-moved`` has 20 letters too."""
MAX_MOVED = 50_000
"""Changed lines up to which moved blocks are looked for."""

_WORD = re.compile(r"\w+|\s+|[^\w\s]")
Spans = list[tuple[int, int, str]]


def changed_words(old: str, new: str) -> tuple[Spans, Spans] | None:
    """Where two lines differ, or None if they have too little in common."""
    if old == new:
        return None
    a, b = _WORD.findall(old), _WORD.findall(new)
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    same = 0
    left: Spans = []
    right: Spans = []
    at_a = at_b = 0
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        size_a = sum(map(len, a[i1:i2]))
        size_b = sum(map(len, b[j1:j2]))
        if tag == "equal":
            same += sum(len(word) for word in a[i1:i2] if not word.isspace())
        else:
            _append(left, at_a, at_a + size_a, "word-del")
            _append(right, at_b, at_b + size_b, "word-add")
        at_a += size_a
        at_b += size_b
    letters = max(len("".join(old.split())), len("".join(new.split())), 1)
    return (left, right) if same / letters >= ALIKE else None


def _append(spans: Spans, begin: int, end: int, name: str) -> None:
    if begin == end:
        return
    if spans and begin - spans[-1][1] <= 1:  # a single blank between two changes is one change
        begin = spans.pop()[0]
    spans.append((begin, end, name))


def changed_within(old: str, new: str) -> tuple[Spans, Spans] | None:
    """Where two long lines differ: the words of what is between their common ends, or all of it."""
    if old == new:
        return None
    before, after = changed_part(old, new)
    if (before + after) / max(len(old), len(new)) < ALIKE:
        return None
    while before and old[before - 1].isalnum():
        before -= 1
    while after and old[-after].isalnum():
        after -= 1
    ends = len(old) - after, len(new) - after
    found = None
    if max(ends) - before <= MAX_LINE:
        found = changed_words(old[before : ends[0]], new[before : ends[1]])
    spans = found or ([(0, ends[0] - before, "word-del")], [(0, ends[1] - before, "word-add")])
    left, right = ([(a + before, b + before, name) for a, b, name in side] for side in spans)
    return [s for s in left if s[0] < s[1]], [s for s in right if s[0] < s[1]]


def words_of_run(run: tuple[int, int, int], text: Callable[[int], str]) -> dict[int, Spans] | None:
    """The changed words of a block's lines, by index; None if the block is too large."""
    start, removed, added = run
    if not (removed and added):
        return {}
    if max(removed, added) > MAX_RUN:
        return None
    old = [text(i) for i in range(start, start + removed)]
    new = [text(i) for i in range(start + removed, start + removed + added)]
    result: dict[int, Spans] = {}
    for i, j in _pairs(old, new):
        time.sleep(0)  # a worker: the screen goes first
        long = len(old[i]) > MAX_LINE or len(new[j]) > MAX_LINE
        found = (changed_within if long else changed_words)(old[i], new[j])
        if found is not None:
            result[start + i], result[start + removed + j] = found
    return result


def _pairs(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Which lines belong together: in order, those that have most words in common."""
    if len(old) == len(new):
        return [(i, i) for i in range(len(old))]
    if len(old) * len(new) > 1_600:
        return [(i, i) for i in range(min(len(old), len(new)))]
    bags = [[set(_WORD.findall(line[:MAX_LINE])) for line in side] for side in (old, new)]

    def likeness(i: int, j: int) -> float:
        a, b = bags[0][i], bags[1][j]
        return len(a & b) / max(1, len(a | b))

    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            take = best[i + 1][j + 1] + likeness(i, j)
            best[i][j] = max(best[i + 1][j], best[i][j + 1], take)
    pairs, i, j = [], 0, 0
    while i < len(old) and j < len(new):
        if best[i][j] == best[i + 1][j]:
            i += 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            pairs.append((i, j))
            i, j = i + 1, j + 1
    return pairs


_Changed = tuple[int, int, bytes, int]
"""A changed line: its hunk, its index there, its text without its ends, its block of changes."""


def moved_lines(hunks: Sequence[Hunk], cancelled: Callable[[], bool]) -> dict[int, frozenset[int]]:
    """The lines that were removed in one place and added in another, by hunk.

    One that is indented or ended in another way has not moved: it is where it was.
    """
    removed: list[_Changed] = []
    added: list[_Changed] = []
    block = 0
    for number, hunk in enumerate(hunks):
        if cancelled():
            return {}
        scan = Scan(hunk)
        for index, kind in enumerate(scan.kinds):
            if kind == 0x20:
                block += 1
            else:
                side = removed if kind == 0x2D else added
                side.append((number, index, scan.data(index).strip(), block))
        block += 1
    places: dict[bytes, list[int]] = {}
    for at, (_, _, text, _) in enumerate(added):
        if text:
            places.setdefault(text, []).append(at)
    result: dict[int, set[int]] = {}
    taken: set[int] = set()
    at = 0
    while at < len(removed):
        if cancelled():
            return {}
        length = 0
        begin = -1
        for place in places.get(removed[at][2], ())[:8]:
            if place in taken or added[place][3] == removed[at][3]:
                continue
            size = _common(removed, at, added, place)
            if size > length:
                length, begin = size, place
        gone = removed[at : at + length]
        letters = sum(sum(chr(byte).isalnum() for byte in text) for _, _, text, _ in gone)
        if length >= MOVED_LINES and letters >= MOVED_LETTERS:
            for number, index, _, _ in (*gone, *added[begin : begin + length]):
                result.setdefault(number, set()).add(index)
            taken |= set(range(begin, begin + length))
            at += length
        else:  # a longer one that has letters may begin with the last lines of one that has none
            at += max(1, length - MOVED_LINES + 1)
    return {number: frozenset(indexes) for number, indexes in result.items()}


def _common(a: Sequence[_Changed], i: int, b: Sequence[_Changed], j: int) -> int:
    size = 0
    while (
        i + size < len(a)
        and j + size < len(b)
        and a[i + size][2] == b[j + size][2]
        and a[i + size][0] == a[i][0]
        and b[j + size][0] == b[j][0]
    ):
        size += 1
    return size
