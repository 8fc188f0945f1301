"""The lines of a patch's hunks: taken apart, as they are shown, and cut into rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import suppress

from agent_tui.ui.diff.blocks import BLOCK, Options, Stream
from agent_tui.ui.diff.long_lines import AT_FIRST, WHOLE, LongLines, changed_part, shown_parts
from agent_tui.ui.diff.scan import Scan, Units
from agent_tui.ui.diff.text import breaks, code_text

KEPT = 64
"""Hunks whose lines are kept apart, and blocks whose rows are."""
NO_END = "  (no newline at the end)"


class HunkLines:
    """The lines of hunks in a given width.

    Args:
        stream: The patch.
        options: How it is laid out.
    """

    def __init__(self, stream: Stream, options: Options) -> None:
        self.stream = stream
        self.options = options
        self.long = LongLines()
        self._scans: OrderedDict[int, Scan] = OrderedDict()

    def scan(self, number: int) -> Scan:
        """A hunk's lines taken apart."""
        scan = self._scans.get(number)
        if scan is None:
            scan = self._scans[number] = Scan(self.stream.hunks[number])
            if len(self._scans) > KEPT:
                self._scans.popitem(last=False)
        else:
            self._scans.move_to_end(number)
        return scan

    def units(self, number: int) -> Units:
        """What stands in each row of a hunk before wrapping."""
        scan, split = self.scan(number), self.options.split
        found = scan.units.get(split)
        if found is None or found.fold != self.options.fold_space:
            found = scan.units[split] = Units(scan, split=split, fold=self.options.fold_space)
        return found

    def unit_of(self, number: int, index: int) -> int:
        """In which of a hunk's rows, before wrapping, a line stands."""
        if not self.options.split and not self.options.fold_space:
            return index
        units = self.units(number)
        kind = self.scan(number).kinds[index : index + 1]
        for side in (units.rights, units.lefts) if kind == b"+" else (units.lefts, units.rights):
            with suppress(ValueError):
                return side.index(index)
        # It is folded: into the last block that begins before it.
        folded = (at for at, right in enumerate(units.rights) if right <= -2)
        return max((at for at in folded if units.lefts[at] <= index), default=0)

    def text(self, number: int, index: int) -> str:
        """A line as it is shown."""
        kept = self.long.get((number, index))
        if kept is not None:
            return kept
        scan = self.scan(number)
        text = code_text(scan.data(index), show_return=scan.mixed_ends)
        if index in scan.unended and not self._is_link(number):
            text += NO_END
        self.long.keep((number, index), text)
        return text

    def _is_link(self, number: int) -> bool:
        """Whether it is a symbolic link's target, which never ends with a new line."""
        file = self.stream.files[self.stream.file_of[number]]
        return (file.new_mode or file.old_mode or "")[:3] == "120"

    def may_wrap(self, number: int) -> bool:
        """Whether some line of a hunk may be longer than a row."""
        scan, room = self.scan(number), self.room(number)
        if room not in scan.wraps:
            scan.wraps[room] = len(scan) > BLOCK or bool(scan.unended) or scan.needs_wrap(room)
        return scan.wraps[room]

    def parts(self, number: int, left: int, right: int) -> Sequence[int]:
        """Which rows of a wrapped line are shown; a gap in front of row *n* stands as ``-n``."""
        keys = [(number, index) for index in sorted({left, right}) if index >= 0]
        starts = [breaks(self.text(*key), self.room(number)) for key in keys]
        longest = max(starts, key=len)
        if len(longest) <= WHOLE or not self.long.opened.isdisjoint(keys):
            return range(len(longest))
        spans = [span for key in keys for span in self._spans(*key)]
        return shown_parts(longest, spans)

    def is_long(self, number: int, index: int) -> bool:
        """Whether a line has so many rows that most of them are not shown."""
        return len(breaks(self.text(number, index), self.room(number))) > WHOLE

    def toggle_long(self, number: int, left: int, right: int) -> bool:
        """Show every row of a long line, or only some again. False if it is not that long."""
        keys = {(number, index) for index in (left, right) if index >= 0}
        if not any(self.is_long(*key) for key in keys):
            return False
        opened = self.long.opened
        self.long.opened = opened - keys if opened & keys else opened | keys
        return True

    def _spans(self, number: int, index: int) -> Iterator[tuple[int, int]]:
        """What must be seen of a long line: what changed in it, and what was searched for."""
        partner = self.scan(number).partner(index)
        if partner is not None:
            text = self.text(number, index).removesuffix(NO_END)
            other = self.text(number, partner).removesuffix(NO_END)
            before, after = changed_part(text, other)
            yield before, len(text) - after
        else:
            yield 0, AT_FIRST * self.room(number)
        spot = self.long.spots.get((number, index))
        if spot is not None:
            yield spot, spot

    def room(self, number: int) -> int:
        """Cells for the text of a hunk's lines."""
        return self.options.room(self.stream.digits(self.stream.file_of[number]))
