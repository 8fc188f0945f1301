"""Makes rows of a patch: how many each block takes, and what each of them shows."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from agent_tui.domain.patch import Hunk
from agent_tui.domain.text import visible_lines
from agent_tui.ui.diff.blocks import Blocks, Options, Stream, blocks_size, cut, fast_height
from agent_tui.ui.diff.facts import Detail, details
from agent_tui.ui.diff.hunk_lines import KEPT, HunkLines
from agent_tui.ui.diff.model import Note, Overlays, PlaceKind
from agent_tui.ui.diff.notes import NoteLine, note_lines, wrapped
from agent_tui.ui.diff.scan import split_rows
from agent_tui.ui.diff.text import breaks, longest_line, needs_wrap


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


class Layout(HunkLines):
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
        self.at_line: dict[int, dict[int, list[int]]] = {}
        self.at_file: dict[int, list[int]] = {}
        self._note_lines.clear()
        by_path: dict[str, list[int]] = {}
        for number, file in enumerate(self.stream.files):
            for name in file.names:
                by_path.setdefault(name, []).append(number)
        for number, note in enumerate(overlays.notes):
            files = by_path.get(note.path or "", [])
            found = None if note.outdated or note.line is None else self._line_of(files, note)
            if found is not None:
                self.at_line.setdefault(found[0], {}).setdefault(found[1], []).append(number)
            elif files:
                self.at_file.setdefault(files[0], []).append(number)
            else:
                self.at_file.setdefault(-1, []).append(number)
        folded = {self.stream.number_of(hunk) for hunk in overlays.folded}
        self.folded = {n for n in folded if n is not None and n not in self.opened}

    def _line_of(self, files: Iterable[int], note: Note) -> tuple[int, int] | None:
        """The hunk and the index of the line that a note stands under."""
        wanted = note.end_line or note.line or 0
        for file in files:
            for number in self.stream.numbers_of(file):
                hunk = self.stream.hunks[number]
                new = note.side == "new"
                start = hunk.new_start if new else hunk.old_start
                count = hunk.new_count if new else hunk.old_count
                if not start <= wanted < start + count:
                    continue
                other = 0x2D if new else 0x2B
                at = start - 1
                for index, kind in enumerate(self.scan(number).kinds):
                    at += kind != other
                    if at == wanted and kind != other:
                        return number, index
        return None

    def note_lines(self, number: int) -> list[NoteLine]:
        """A note's rows, wrapped to the view's width."""
        found = self._note_lines.get(number)
        if found is None:
            width = max(12, self.options.width - 10)
            found = note_lines(self.notes[number], width, placed=self._is_placed(number))
            self._note_lines[number] = found
        return found

    def _is_placed(self, number: int) -> bool:
        return any(number in found for lines in self.at_line.values() for found in lines.values())

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
        special = number in self.at_line or number in self.expanded or number in self.folded
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

    def remeasure(self, hunks: Iterable[int] = (), files: Iterable[int] = ()) -> None:
        """Count the rows of these hunks and heads again; -1 is what is above the first file."""
        blocks = self.blocks
        touched: list[int] = []
        for number in hunks:
            touched += blocks.of_hunk(number)
        for file in files:
            if file < 0:
                touched.append(0)
            elif file < len(blocks.head_of):
                touched.append(blocks.head_of[file])
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
        yield from self._notes(-1, self.at_file.get(-1, ()))
        if self.overlays.intro or -1 in self.at_file:
            yield Row("intro", -1, -1, 0)

    def _head(self, file: int) -> Iterator[Row]:
        yield Row("file", file, 0, 0)
        for number, _ in enumerate(self.details(file)):
            yield Row("detail", file, number, 0)
        yield from self._notes(-2 - file, self.at_file.get(file, ()))

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
            for line in range(first - above, first):
                yield Row("context", number, line + shift, line)
        if number in self.folded:
            return
        notes = self.at_line.get(number, {})
        wraps = self.options.wrap and self.may_wrap(number)
        for left, right in self._pairs(number, begin, end):
            if right <= -2:
                yield Row("space", number, left, right)
                continue
            for part in self.parts(number, left, right) if wraps else (0,):
                yield Row("line", number, left, right, part)
            if notes:
                for index in {left, right}:
                    yield from self._notes(number, notes.get(index, ()))
        if end == self.unit_count(number) and below:
            first = hunk.new_start + hunk.new_count + (not hunk.new_count)
            shift = hunk.old_start + hunk.old_count + (not hunk.old_count) - first
            for line in range(first, first + below):
                yield Row("context", number, line + shift, line)

    def _pairs(self, number: int, begin: int, end: int) -> Iterator[tuple[int, int]]:
        if self.options.split or self.options.fold_space:
            units = self.units(number)
            yield from zip(units.lefts[begin:end], units.rights[begin:end], strict=True)
            return
        kinds = self.scan(number).kinds
        for index in range(begin, end):
            kind = kinds[index]
            yield (-1 if kind == 0x2B else index, -1 if kind == 0x2D else index)

    # -- finding -----------------------------------------------------------------------------

    def find(self, item: tuple[PlaceKind, int, int, int]) -> int | None:
        """The first row of an item."""
        kind, owner, left, right = item
        if kind in ("file", "detail"):
            blocks: Iterable[int] = (
                [self.blocks.head_of[owner]] if 0 <= owner < len(self.blocks.head_of) else []
            )
        elif owner < 0:
            blocks = [0] if owner == -1 else [self.blocks.head_of[-2 - owner]]
        else:
            blocks = self.blocks.of_hunk(owner)
            if len(blocks) > 1 and kind == "line":
                at = min(len(blocks) - 1, max(left, right) // (blocks_size(self.blocks, blocks)))
                blocks = [*reversed(blocks[: at + 1])]
        for block in blocks:
            for offset, row in enumerate(self.rows_of(block)):
                if row[:4] == item:
                    return self.blocks.starts[block] + offset
        return None

    def find_line(self, number: int, index: int) -> int | None:
        """The row that shows a line of a hunk, or else the hunk's head."""
        blocks = self.blocks.of_hunk(number)
        if not blocks:
            return None
        at = min(len(blocks) - 1, index // blocks_size(self.blocks, blocks))
        for block in reversed(blocks[: at + 1]):
            for offset, row in enumerate(self.rows_of(block)):
                if (row.kind == "line" and index in (row.left, row.right)) or (
                    row.kind == "space" and row.left <= index < row.left - row.right - 2
                ):
                    return self.blocks.starts[block] + offset
        return self.blocks.starts[blocks[0]]

    def find_text(self, number: int, index: int, at: int) -> int | None:
        """The row that shows a place in the text of a line."""
        row = self.find_line(number, index)
        wanted = bisect_right(breaks(self.text(number, index), self.room(number)), at) - 1
        while row is not None and (shown := self.row(row)) is not None:
            if shown.kind != "line" or index not in (shown.left, shown.right):
                return None
            if shown.part == wanted:
                return row
            row += 1
        return None

    def new_lines(self, number: int) -> range:
        """Numbers of the new file's lines that a hunk shows, with the context around it."""
        hunk = self.stream.hunks[number]
        above, below = self.expanded.get(number, (0, 0))
        first = hunk.new_start + (not hunk.new_count)
        return range(first - above, first + hunk.new_count + below)

    def find_context(self, number: int, line: int) -> int | None:
        """The row that shows a line of the new file as context around a hunk."""
        blocks = self.blocks.of_hunk(number)
        if not blocks:
            return None
        for block in {blocks[0], blocks[-1]}:
            for offset, row in enumerate(self.rows_of(block)):
                if row.kind == "context" and row.right == line:
                    return self.blocks.starts[block] + offset
        return None
