"""One line of a pane, and what was drawn of each."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.strip import Strip

from agent_tui.ui.widgets.drawn import DrawnView
from agent_tui.ui.widgets.ink import Ink, Names

MARK = "▌"
_KEPT = 100
"""So many lines above and below the screen are kept as they were drawn, when others come."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line.

    Attributes:
        text: What to show, or a function that makes it when it is first shown.
        item: What the cursor selects here; None where it does not stop.
        key: What the row stands for, to be marked and jumped to.
        kind: Name of the background: ``add``, ``del``, ``head``, ``left-out``, ``block`` or none.
    """

    text: Content | Callable[[], Content]
    item: Hashable = None
    key: Hashable = None
    kind: str = ""

    @property
    def content(self) -> Content:
        """What to show."""
        return self.text if isinstance(self.text, Content) else self.text()

    def looks_like(self, other: Row) -> bool:
        """Whether it is drawn as the other one is, under the same cursor and marks."""
        if self is other:
            return True
        if (self.item, self.key, self.kind) != (other.item, other.key, other.kind):
            return False
        mine, others = self.text, other.text
        if isinstance(mine, Content) and isinstance(others, Content):
            return mine.is_same(others)
        return mine is others


def first_of_items(rows: Sequence[Row]) -> dict[Hashable, int]:
    """The number of the first row of each item."""
    found: dict[Hashable, int] = {}
    for number, row in enumerate(rows):
        if row.item is not None:
            found.setdefault(row.item, number)
    return found


def end_of_item(rows: Sequence[Row], number: int) -> int:
    """The number after the last row in sequence that belongs to the item of a row."""
    end = number + 1
    while end < len(rows) and rows[end].item == rows[number].item:
        end += 1
    return end


def next_with_key(
    rows: Sequence[Row], start: int, direction: int, wanted: Callable[[Hashable], bool]
) -> int | None:
    """The first row, from a row on, of another key that is wanted, where the cursor stops."""
    here = rows[start].key if start < len(rows) else None
    if direction < 0:
        while start > 0 and rows[start].key == here:
            start -= 1
    numbers = range(start, len(rows)) if direction > 0 else range(start, -1, -1)
    for number in numbers:
        row = rows[number]
        if row.item is None or row.key is None or row.key == here or not wanted(row.key):
            continue
        while number > 0 and rows[number - 1].key == row.key:
            number -= 1  # noqa: PLW2901 - to the first row of that key
        while rows[number].item is None:
            number += 1  # noqa: PLW2901
        return number
    return None


@dataclass(frozen=True, slots=True)
class Look:
    """What a line looks like, apart from its text.

    Attributes:
        width: Cells.
    """

    width: int
    at_cursor: bool = False
    in_range: bool = False
    marked: bool = False


class DrawnRows:
    """The lines of a view that were drawn, until they look different.

    Args:
        view: The widget with the styles.
    """

    def __init__(self, view: DrawnView) -> None:
        self._view = view
        self._strips: dict[int, tuple[Look, Strip]] = {}
        self._ink = Ink(view)
        self._blank: tuple[int, Strip] | None = None
        self.pattern = ""
        """A text that is highlighted, in lower case."""

    def clear(self) -> None:
        """Draw all of them anew."""
        self._strips.clear()
        self._ink.clear()
        self._blank = None

    def replace(self, before: Sequence[Row], after: Sequence[Row], shown: range) -> range:
        """Other rows take the place of some: keep the lines that stay the same.

        Args:
            shown: Numbers of the rows that are on the screen.

        Returns:
            The part of *shown* from the first to the last one that is to be drawn again.
        """
        common = min(len(before), len(after))
        near = range(shown.start - _KEPT, shown.stop + _KEPT)
        stale = [
            number
            for number in self._strips
            if number >= common
            or number not in near
            or not after[number].looks_like(before[number])
        ]
        for number in stale:
            del self._strips[number]
        missing = [
            number
            for number in shown
            if number not in self._strips and (number < len(before) or number < len(after))
        ]
        return range(missing[0], missing[-1] + 1) if missing else range(0)

    def blank(self, width: int) -> Strip:
        """A line without a row."""
        if self._blank is None or self._blank[0] != width:
            strip = Strip.blank(width, self._view.rich_style)
            self._blank = (width, self._view.filtered(strip))
        return self._blank[1]

    def line(self, number: int, row: Row, look: Look) -> Strip:
        """The line of a row."""
        drawn = self._strips.get(number)
        if drawn is None or drawn[0] != look:
            drawn = self._strips[number] = (look, self._draw(row, look))
        return drawn[1]

    def _draw(self, row: Row, look: Look) -> Strip:
        kinds: Names = (f"rows--{row.kind}",) if row.kind else ()
        if look.in_range:
            kinds += ("rows--range",)
        if look.at_cursor:
            kinds += ("rows--cursor",)
        view, width = self._view, look.width
        content = row.content
        if self.pattern:
            plain = content.plain.lower()
            match = view.get_visual_style("rows--match", partial=True)
            at = plain.find(self.pattern)
            while at >= 0:
                content = content.stylize(match, at, at + len(self.pattern))
                at = plain.find(self.pattern, at + len(self.pattern))
        mark = Content.styled(MARK, "$link-mark") if look.marked else Content(" ")
        line = Content.assemble(mark, content)
        return view.filtered(self._ink.line(line, width, kinds))
