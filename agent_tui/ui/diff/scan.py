"""A hunk's lines taken apart, without an object for each."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from itertools import accumulate

from agent_tui.domain.patch import Hunk
from agent_tui.ui.diff.text import needs_wrap

_RUN = re.compile(rb"-+\+*|\++")
_SPACE = b" \t\n\r\v\f"
_PAIRED = re.compile(rb"(-+)(\++)")


class Scan:
    """Where a hunk's lines begin and what they are.

    Attributes:
        kinds: One byte for each line: a blank, ``+`` or ``-``.
        unended: Indexes of lines without an end.
        mixed_ends: Whether some lines end with a carriage return and others do not.
    """

    __slots__ = (
        "_body",
        "_runs",
        "_starts",
        "hunk",
        "kinds",
        "mixed_ends",
        "unended",
        "units",
        "wraps",
    )

    def __init__(self, hunk: Hunk) -> None:
        self.hunk = hunk
        body = self._body = hunk.body
        lines = body.split(b"\n")
        lines.pop()
        self.unended: frozenset[int] = frozenset()
        starts = array("Q", accumulate([len(line) + 1 for line in lines], initial=0))
        if b"\n\\" in body:
            remarks = [i for i, line in enumerate(lines) if line[:1] == b"\\"]
            self.unended = frozenset(at - 1 - n for n, at in enumerate(remarks))
            skipped = set(remarks)
            starts = array("Q", [s for i, s in enumerate(starts) if i not in skipped])
            lines = [line for i, line in enumerate(lines) if i not in skipped]
        self._starts = starts
        self._runs: list[tuple[int, int, int]] | None = None
        self.kinds = b"".join([line[:1] or b" " for line in lines])
        returns = body.count(b"\r\n")
        self.mixed_ends = 0 < returns < len(lines)
        self.units: dict[bool, Units] = {}
        self.wraps: dict[int, bool] = {}

    def __len__(self) -> int:
        return len(self.kinds)

    def data(self, index: int) -> bytes:
        """A line's bytes without its end."""
        start = self._starts[index] + 1
        end = self._body.find(b"\n", start - 1)
        return self._body[start:end]

    def needs_wrap(self, room: int) -> bool:
        """Whether a line may be longer than a row with room for that many cells."""
        return needs_wrap(self._body.split(b"\n")[:-1], room)

    def runs(self) -> list[tuple[int, int, int]]:
        """Blocks of changes: where each begins, how many lines are removed, how many added."""
        if self._runs is None:
            self._runs = []
            for match in _RUN.finditer(self.kinds):
                text = match[0]
                removed = text.count(b"-")
                self._runs.append((match.start(), removed, len(text) - removed))
        return self._runs

    def run_at(self, index: int) -> tuple[int, int, int] | None:
        """The block of changes that a line belongs to."""
        runs = self.runs()
        at = bisect_right(runs, (index, len(self), 0)) - 1
        if at < 0 or index >= sum(runs[at]):
            return None
        return runs[at]

    def partner(self, index: int) -> int | None:
        """The line on the other side that stands for a changed one, if there is one."""
        run = self.run_at(index)
        if run is None:
            return None
        start, removed, added = run
        nth = index - start if index < start + removed else index - start - removed
        if nth >= min(removed, added):
            return None
        return start + nth + (removed if index < start + removed else 0)

    def only_space(self, run: tuple[int, int, int]) -> bool:
        """Whether both sides of a block are the same but for white space."""
        start, removed, added = run
        middle, end = start + removed, start + removed + added
        old, new = self._letters(start, middle), self._letters(middle, end)
        return old == new if removed and added else not (old or new)

    def _letters(self, first: int, last: int) -> bytes:
        """What stands in some lines of one sign besides white space."""
        if first == last:
            return b""
        begin = self._starts[first]
        text = self._body[begin : self._body.find(b"\n", self._starts[last - 1])]
        signs = b"\n" + text[:1]
        return (b"\n" + text).replace(signs, b"").translate(None, _SPACE)

    def numbers(self, index: int) -> tuple[int | None, int | None]:
        """A line's number in the old and in the new file."""
        removed = self.kinds.count(b"-", 0, index)
        added = self.kinds.count(b"+", 0, index)
        kind = self.kinds[index]
        return (
            None if kind == 0x2B else self.hunk.old_start + index - added,
            None if kind == 0x2D else self.hunk.new_start + index - removed,
        )


class Units:
    """What stands side by side, row by row, before wrapping.

    Attributes:
        lefts, rights: Indexes of lines; -1 where a side has none. A folded block has its first
            index on the left and ``-2 - count`` on the right.
        fold: Whether blocks that differ in white space alone are folded.
    """

    __slots__ = ("fold", "lefts", "rights")

    def __init__(self, scan: Scan, *, split: bool, fold: bool) -> None:
        self.fold = fold
        lefts, rights = array("l"), array("l")
        at = 0

        def plain(until: int) -> None:
            lefts.extend(range(at, until))
            rights.extend(range(at, until))

        for start, removed, added in scan.runs():
            plain(start)
            at = start + removed + added
            if fold and scan.only_space((start, removed, added)):
                lefts.append(start)
                rights.append(-2 - removed - added)
            elif split:
                rows = max(removed, added)
                middle = start + removed
                lefts.extend(range(start, middle))
                lefts.extend([-1] * (rows - removed))
                rights.extend(range(middle, at))
                rights.extend([-1] * (rows - added))
            else:
                lefts.extend(range(start, start + removed))
                lefts.extend([-1] * added)
                rights.extend([-1] * removed)
                rights.extend(range(start + removed, at))
        plain(len(scan))
        self.lefts, self.rights = lefts, rights

    def __len__(self) -> int:
        return len(self.lefts)


def split_rows(lines: list[bytes]) -> int:
    """How many rows a hunk takes side by side, from its lines with their signs."""
    kinds = b"".join([line[:1] or b" " for line in lines if line[:1] != b"\\"])
    saved = sum(min(len(a), len(b)) for a, b in _PAIRED.findall(kinds))
    return len(kinds) - saved
