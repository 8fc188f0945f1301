"""Makes rows of a patch: how many each block takes, and what each of them shows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from agent_tui.domain.patch import Hunk
from agent_tui.domain.text import visible_lines
from agent_tui.ui.diff.blocks import Blocks, Options, Stream, blocks_size, cut, fast_height
from agent_tui.ui.diff.facts import Detail, details
from agent_tui.ui.diff.hunk_lines import KEPT, HunkLines
from agent_tui.ui.diff.model import Overlays, PlaceKind
from agent_tui.ui.diff.notes import NoteLine, note_lines, wrapped
from agent_tui.ui.diff.placing import ABOVE, Placement
from agent_tui.ui.diff.scan import split_rows
from agent_tui.ui.diff.text import longest_line, needs_wrap


class Row(NamedTuple):
    """What one row of the screen shows.

    Attributes:
        owner: Number of the hunk, or of the file for its head and what is above it.
        left, right: For lines their indexes, -1 where there is none; for context the line's
            numbers; for details and notes the number in their list.
        part: Which row of a wrapped line; ``-n`` for the gap in front of row *n*.
    """

    kind: PlaceKind
    owner: int
    left: int
    right: int
    part: int = 0

    @property
    def item(self) -> tuple[PlaceKind, int, int, int]:
        """What the cursor selects as a whole."""
        return self[:4]


class BlockRows(HunkLines):
    """Rows of a patch in a given width.

    Args:
        stream: The patch.
        overlays: What is drawn over it.
        options: How it is laid out.
    """

    def __init__(self, stream: Stream, overlays: Overlays, options: Options) -> None:
        super().__init__(stream, options)
        self.blocks = Blocks()
        self.expanded: dict[int, tuple[int, int]] = {}
        self.opened: set[int] = set()
        self.facts: dict[int, tuple[Detail, ...]] = {}
        self.measured = 0
        self._rows: OrderedDict[int, list[Row]] = OrderedDict()
        self._details: dict[int, list[Detail]] = {}
        self._note_lines: dict[int, list[NoteLine]] = {}
        self.set_overlays(overlays)

    # -- overlays ----------------------------------------------------------------------------

    def set_overlays(self, overlays: Overlays) -> None:
        """Take other overlays; the rows are measured anew by :meth:`remeasure`."""
        self.overlays = overlays
        self.notes = overlays.notes
        self._note_lines.clear()
        self.at = Placement(overlays.notes, self.stream, self.scan, self.new_lines)
        self.at.place(self.expanded)
        folded = {self.stream.number_of(hunk) for hunk in overlays.folded}
        # What is said of a hunk has to be seen, so that one with notes is not folded.
        shown = {*self.opened, *self.at.lines}
        self.folded = {n for n in folded if n is not None and n not in shown}

    def note_lines(self, number: int) -> list[NoteLine]:
        """A note's rows, wrapped to the view's width."""
        found = self._note_lines.get(number)
        if found is None:
            width = max(12, self.options.width - 10)
            found = note_lines(self.notes[number], width, placed=self.at.has_line(number))
            self._note_lines[number] = found
        return found

    # -- measuring ---------------------------------------------------------------------------

    def measure(self, hunks: int | None = None) -> None:
        """Measure the blocks of that many more hunks, or of all, and number the rows."""
        blocks, stream = self.blocks, self.stream
        if not len(blocks):
            blocks.add(-1, 0, 0, len(list(self._intro())))
            blocks.head_of.pop()
        end = len(stream.hunks) if hunks is None else self.measured + hunks
        file = len(blocks.head_of)
        while file < len(stream.files) and stream.first[file] <= end:
            if len(blocks.head_of) == file:
                if self.measured < stream.first[file]:
                    break
                blocks.add(-2 - file, 0, 0, sum(1 for _ in self._head(file)))
            room = self.options.room(stream.digits(file))
            for number in stream.numbers_of(file):
                self._measure_hunk(number, room)
            self.measured = stream.first[file + 1]
            file += 1
            if self.measured > end:
                break
        blocks.settle()

    @property
    def complete(self) -> bool:
        """Whether every block is measured."""
        return len(self.blocks.head_of) == len(self.stream.files)

    def _measure_hunk(self, number: int, room: int) -> None:
        hunk, blocks = self.stream.hunks[number], self.blocks
        special = number in self.at.lines or number in self.expanded or number in self.folded
        if not self.options.wrap:
            blocks.longest = max(blocks.longest, longest_line(hunk.body.split(b"\n")))
        fast = None if special else fast_height(hunk, self.options, room)
        if fast is None and not special and not self.options.fold_space:
            fast = self._split_height(hunk, room)
        if fast is None and not special and not (self.options.wrap and self.may_wrap(number)):
            fast = 1 + self.unit_count(number)  # each unit takes one row, also a folded block
        units = fast - 1 if fast is not None else self.unit_count(number)
        for begin, end in cut(units):
            height = end - begin + (begin == 0)
            if fast is None:
                height = sum(1 for _ in self._hunk_rows(number, begin, end))
            blocks.add(number, begin, end, height)

    def _split_height(self, hunk: Hunk, room: int) -> int | None:
        if not self.options.split:
            return None
        body = hunk.body
        lines = body.split(b"\n")
        lines.pop()
        if self.options.wrap and (b"\n\\" in body or needs_wrap(lines, room)):
            return None
        return 1 + split_rows(lines)

    def unit_count(self, number: int) -> int:
        """How many rows a hunk has before wrapping."""
        if self.options.split or self.options.fold_space:
            return len(self.units(number))
        return self.stream.hunks[number].size

    def remeasure(
        self,
        hunks: Iterable[int] = (),
        files: Iterable[int] = (),
        lines: Iterable[tuple[int, int]] = (),
    ) -> None:
        """Count the rows of these hunks and heads again, and those around some lines.

        Args:
            files: -1 is what is above the first file.
            lines: Numbers of hunks, and indexes.
        """
        blocks = self.blocks
        touched: set[int] = set()
        for number in hunks:
            touched |= {*blocks.of_hunk(number)}
        for file in files:
            if file < 0:
                touched.add(0)
            elif file < len(blocks.head_of):
                touched.add(blocks.head_of[file])
        found = (self.block_of(number, index) for number, index in lines)
        touched |= {block for block in found if block is not None}
        for block in touched:
            self._rows.pop(block, None)
            blocks.heights[block] = len(self.rows_of(block))
        if touched:
            blocks.settle()

    # -- rows --------------------------------------------------------------------------------

    def rows_of(self, block: int) -> list[Row]:
        """The rows of a block."""
        rows = self._rows.get(block)
        if rows is None:
            blocks = self.blocks
            owner = blocks.owners[block]
            if owner == -1:
                rows = list(self._intro())
            elif owner < 0:
                rows = list(self._head(-2 - owner))
            else:
                rows = list(self._hunk_rows(owner, blocks.begins[block], blocks.ends[block]))
            self._rows[block] = rows
            if len(self._rows) > KEPT:
                self._rows.popitem(last=False)
        return rows

    def hunk_of(self, row: int) -> int:
        """The number of the hunk that a row belongs to, or of the first one behind it."""
        found = self.row(row)
        if found is None:
            return len(self.stream.hunks)
        if found.owner < 0:
            return self.stream.first[max(0, -2 - found.owner)]
        if found.kind in ("file", "detail"):
            return self.stream.first[found.owner]
        return found.owner

    def row(self, number: int) -> Row | None:
        """What a row of the screen shows."""
        if not 0 <= number < self.blocks.rows:
            return None
        block = self.blocks.at(number)
        return self.rows_of(block)[number - self.blocks.starts[block]]

    def _intro(self) -> Iterator[Row]:
        width = self.options.width
        for at, paragraph in enumerate(self.overlays.intro):
            parts = len(wrapped(paragraph.lead + visible_lines(paragraph.text), width - 2))
            for part in range(parts):
                yield Row("intro", -1, at, 0, part)
        yield from self._notes(-1, self.at.heads.get(ABOVE, ()))
        if self.overlays.intro or ABOVE in self.at.heads:
            yield Row("intro", -1, -1, 0)

    def _head(self, file: int) -> Iterator[Row]:
        yield Row("file", file, 0, 0)
        for number, _ in enumerate(self.details(file)):
            yield Row("detail", file, number, 0)
        yield from self._notes(-2 - file, self.at.heads.get(file, ()))

    def details(self, file: int) -> Sequence[Detail]:
        """What there is to say about a file besides its lines."""
        found = self._details.get(file)
        if found is None:
            found = self._details[file] = details(self.stream.files[file])
        facts = self.facts.get(file)
        if facts:  # sizes take the place of the bare word
            return [*(detail for detail in found if detail.about != "content"), *facts]
        return found

    def _notes(self, owner: int, numbers: Iterable[int]) -> Iterator[Row]:
        for number in numbers:
            for part, _ in enumerate(self.note_lines(number)):
                yield Row("note", owner, number, 0, part)

    def _hunk_rows(self, number: int, begin: int, end: int) -> Iterator[Row]:
        hunk = self.stream.hunks[number]
        above, below = self.expanded.get(number, (0, 0))
        if begin == 0:
            yield Row("hunk", number, 0, 0)
            shift = hunk.old_start - hunk.new_start + (not hunk.old_count) - (not hunk.new_count)
            first = hunk.new_start + (not hunk.new_count)
            yield from self._context(number, range(first - above, first), shift)
        if number in self.folded:
            return
        notes = self.at.lines.get(number, {})
        wraps = self.options.wrap and self.may_wrap(number)
        for left, right in self._pairs(number, begin, end):
            if right <= -2:
                yield Row("space", number, left, right)
                for index in range(left, left - right - 2) if notes else ():
                    yield from self._notes(number, notes.get(index, ()))
                continue
            for part in self.parts(number, left, right) if wraps else (0,):
                yield Row("line", number, left, right, part)
            if notes:
                for index in {left, right}:
                    yield from self._notes(number, notes.get(index, ()))
        if end == self.unit_count(number) and below:
            first = hunk.new_start + hunk.new_count + (not hunk.new_count)
            shift = hunk.old_start + hunk.old_count + (not hunk.old_count) - first
            yield from self._context(number, range(first, first + below), shift)

    def _context(self, number: int, lines: Iterable[int], shift: int) -> Iterator[Row]:
        for line in lines:
            yield Row("context", number, line + shift, line)
            yield from self._notes(number, self.at.context.get((number, line), ()))

    def _pairs(self, number: int, begin: int, end: int) -> Iterator[tuple[int, int]]:
        if self.options.split or self.options.fold_space:
            units = self.units(number)
            yield from zip(units.lefts[begin:end], units.rights[begin:end], strict=True)
            return
        kinds = self.scan(number).kinds
        for index in range(begin, end):
            kind = kinds[index]
            yield (-1 if kind == 0x2B else index, -1 if kind == 0x2D else index)

    def new_lines(self, number: int) -> range:
        """Numbers of the new file's lines that a hunk shows, with the context around it."""
        hunk = self.stream.hunks[number]
        above, below = self.expanded.get(number, (0, 0))
        first = hunk.new_start + (not hunk.new_count)
        return range(first - above, first + hunk.new_count + below)

    def block_of(self, number: int, index: int) -> int | None:
        """The block that shows a line of a hunk; None while the hunk is not measured."""
        blocks = self.blocks.of_hunk(number)
        if not blocks:
            return None
        unit = self.unit_of(number, index) if len(blocks) > 1 else 0
        return blocks[min(len(blocks) - 1, unit // blocks_size(self.blocks, blocks))]
