"""Which row of the screen shows what: an index of blocks, searched by bisection.

A block is the head of a file, or up to ``BLOCK`` rows of a hunk. Only heights are kept for all of
them; the rows of a block are made when it comes near the screen.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

from agent_tui.domain.patch import FilePatch, Hunk, Patch
from agent_tui.ui.diff.text import needs_wrap

BLOCK = 512


class Stream:
    """A patch's files and hunks by number.

    Attributes:
        file_of: For each hunk, the number of its file.
        first: For each file, the number of its first hunk; one more at the end.
    """

    def __init__(self, patch: Patch) -> None:
        self.patch = patch
        self.files: tuple[FilePatch, ...] = patch.files
        self.hunks: list[Hunk] = []
        self.file_of = array("l")
        self.first = array("l", [0])
        for number, file in enumerate(patch.files):
            self.hunks.extend(file.hunks)
            self.file_of.extend([number] * len(file.hunks))
            self.first.append(len(self.hunks))
        self._numbers: dict[str, int] | None = None
        self._digits: dict[int, int] = {}

    def number_of(self, hunk_id: str) -> int | None:
        """The number of the hunk with that id."""
        if self._numbers is None:
            self._numbers = {hunk.id: number for number, hunk in enumerate(self.hunks)}
        return self._numbers.get(hunk_id)

    def numbers_of(self, file: int) -> range:
        """The numbers of a file's hunks."""
        return range(self.first[file], self.first[file + 1])

    def lines_in(self, file: int, chosen: Mapping[str, Collection[int]]) -> int:
        """How many lines of a file's hunks are among those chosen, by the ids of hunks."""
        if not chosen:
            return 0
        hunks = self.hunks
        return sum(len(chosen.get(hunks[number].id, ())) for number in self.numbers_of(file))

    def digits(self, file: int) -> int:
        """Digits of the largest line number that a file's hunks show, 3 at least."""
        found = self._digits.get(file)
        if found is None:
            numbers, found = self.numbers_of(file), 3
            if numbers:
                last = self.hunks[numbers[-1]]
                largest = max(last.old_start + last.old_count, last.new_start + last.new_count)
                found = max(3, len(str(largest)))
            self._digits[file] = found
        return found

    def gap(self, number: int) -> tuple[int, int | None]:
        """How many lines lie between a hunk and the one before, and the one after.

        Behind a file's last hunk it depends on the file: None.
        """
        hunk, numbers = self.hunks[number], self.numbers_of(self.file_of[number])
        begin = 1
        if number > numbers[0]:
            before = self.hunks[number - 1]
            begin = before.new_start + max(before.new_count, 0) + (not before.new_count)
        above = hunk.new_start + (not hunk.new_count) - begin
        if number + 1 < numbers[-1] + 1:
            return max(0, above), self.gap(number + 1)[0]
        return max(0, above), None


@dataclass(frozen=True, slots=True)
class Options:
    """How a patch is laid out.

    Attributes:
        width: Cells of the view.
        split: Side by side.
        wrap: Long lines are wrapped; else the view scrolls sideways.
        fold_space: Blocks that differ in white space alone take one row.
    """

    width: int
    split: bool = False
    wrap: bool = True
    fold_space: bool = False

    def wide(self, digits: int) -> bool:
        """Whether a unified line has room for both numbers."""
        return self.width >= 72 + 2 * digits

    def gutter(self, digits: int) -> int:
        """Cells in front of a line's text: numbers, the signs, and in the unified view a mark."""
        if self.split:
            return digits + 3
        return (2 * digits + 1 if self.wide(digits) else digits) + 4

    def room(self, digits: int) -> int:
        """Cells for a line's text."""
        if self.split:
            return max(8, (self.width - 2) // 2 - self.gutter(digits))
        return max(8, self.width - self.gutter(digits))


class Blocks:
    """The blocks in order.

    Attributes:
        owners: The number of the hunk, or ``-1 - number`` for the head of a file.
        begins, ends: Of a hunk's block, which of its units it holds.
        heights: Rows of each block.
        starts: The row at which each block begins; the last is the number of rows.
        longest: Cells of the longest line, about.
    """

    def __init__(self) -> None:
        self.owners, self.begins, self.ends = array("l"), array("l"), array("l")
        self.heights = array("l")
        self.starts = array("q", [0])
        self.first_of: array[int] = array("l")
        self.head_of: array[int] = array("l")
        self.longest = 0

    def __len__(self) -> int:
        return len(self.owners)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.starts[-1]

    def add(self, owner: int, begin: int, end: int, height: int) -> None:
        """Append a block; :meth:`settle` when the last one is there."""
        if owner < 0:
            self.head_of.append(len(self.owners))
        elif begin == 0:
            self.first_of.append(len(self.owners))
        self.owners.append(owner)
        self.begins.append(begin)
        self.ends.append(end)
        self.heights.append(height)

    def settle(self) -> None:
        """Heights have changed: number the rows anew."""
        self.starts = array("q", accumulate(self.heights, initial=0))

    def at(self, row: int) -> int:
        """The block that holds a row."""
        return min(bisect_right(self.starts, row) - 1, len(self.owners) - 1)

    def of_hunk(self, number: int) -> range:
        """The blocks of a hunk; none while they are not measured."""
        if number >= len(self.first_of):
            return range(0)
        first = self.first_of[number]
        last = first + 1
        while last < len(self.owners) and self.owners[last] == number:
            last += 1
        return range(first, last)


def fast_height(hunk: Hunk, options: Options, room: int) -> int | None:
    """Rows of a hunk with its head when nothing but its lines is shown, or None if that is hard.

    Only for hunks whose units are their lines.
    """
    if options.split or options.fold_space:
        return None
    lines = hunk.body.split(b"\n")
    lines.pop()
    if options.wrap:
        if b"\\" in hunk.body and any(line[:1] == b"\\" for line in lines):
            return None
        if needs_wrap(lines, room):
            return None
    return 1 + hunk.size


def cut(units: int) -> Iterator[tuple[int, int]]:
    """The units of each block of a hunk."""
    for begin in range(0, max(units, 1), BLOCK):
        yield begin, min(begin + BLOCK, units)


def blocks_size(blocks: Blocks, numbers: range) -> int:
    """Units in each block of a hunk but the last."""
    first = numbers[0]
    return max(1, blocks.ends[first] - blocks.begins[first])
