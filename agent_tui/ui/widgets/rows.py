"""A pane of rows, drawn line by line: it stays fast however long it grows.

A row is one line on the screen. Rows that belong to one thing share an *item*, which the cursor
selects as a whole; a *key* says what the row stands for, so that it can be marked from outside::

    view = RowsView()
    view.show([Row(Content("AC1 parses"), "AC1", "AC1"), Row(Content("   numerals"), "AC1")])
    view.marks = frozenset({"AC1"})
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from agent_tui.ui.widgets.drawn import DrawnView
from agent_tui.ui.widgets.lines import AT_ONCE
from agent_tui.ui.widgets.row import (
    DrawnRows,
    Look,
    Row,
    end_of_item,
    first_of_items,
    next_with_key,
)

__all__ = ["AT_ONCE", "Row", "RowsView"]


class RowsView(DrawnView, can_focus=True, inherit_bindings=False):
    """Rows with a cursor, marks in the margin, and a search that highlights."""

    ALLOW_SELECT = False
    auto_links = False  # rows have none, and to look for them takes a third of the drawing

    COMPONENT_CLASSES = {
        "rows--cursor",
        "rows--mark",
        "rows--add",
        "rows--del",
        "rows--head",
        "rows--left-out",
        "rows--block",
        "rows--range",
        "rows--match",
    }

    marks: reactive[frozenset[Hashable]] = reactive(frozenset(), repaint=False)
    """Keys whose rows carry a mark."""

    class Moved(Message):
        """The cursor is on another row."""

        def __init__(self, view: RowsView, row: Row | None) -> None:
            super().__init__()
            self.view = view
            self.row = row

        @property
        def control(self) -> RowsView:
            """The pane."""
            return self.view

    class Activated(Moved):
        """The person clicked a row that was selected, or pressed Enter on it."""

    class Viewed(Message):
        """These rows are on the screen now."""

        def __init__(self, view: RowsView, rows: Sequence[Row]) -> None:
            super().__init__()
            self.view = view
            self.rows = rows

        @property
        def control(self) -> RowsView:
            """The pane."""
            return self.view

    class Resized(Message):
        """The width changed: the rows are to be made anew."""

        def __init__(self, view: RowsView) -> None:
            super().__init__()
            self.view = view

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._width = 0
        self._following = False
        self.rows: Sequence[Row] = ()
        self._cursor: int | None = None
        self._range: tuple[int, int] | None = None
        self._anchor: int | None = None
        self._drawn = DrawnRows(self)
        self._viewed: tuple[int, int] | None = None
        self._unshown: int | None = None
        self._index: dict[Hashable, int] = {}

    # -- content -----------------------------------------------------------------------------

    def show(self, rows: Sequence[Row], *, follow: bool = False) -> None:
        """Show these rows; the cursor stays on its item, and the view where it was.

        Args:
            rows: All rows.
            follow: Keep the end in view if it was in view before.
        """
        at_end = self.scroll_offset.y >= self.max_scroll_y
        kept = self._row_item()
        offset = (self._cursor - self.scroll_offset.y) if self._cursor is not None else 0
        top, before = self.scroll_offset.y, self._cursor
        shown = range(top, top + self.size.height)
        changed = self._drawn.replace(self.rows, rows, shown)
        self.rows = rows
        self._viewed = None
        self._index = first_of_items(rows)
        self.resize_world(Size(self.size.width, len(rows)))
        self._cursor = self._index.get(kept) if kept is not None else None
        if self._cursor is None:
            self._cursor = self._nearest(before or 0)
            self._end_range()
        elif not follow and kept is not None:
            self.scroll_to(y=max(0, self._cursor - offset), **AT_ONCE)
        self._following = follow and at_end
        if self._following:
            self._follow_end()
            self.call_after_refresh(self._follow_end)  # where its height was not known yet
        if self.has_focus and (self._cursor, self._row_item()) != (before, kept):
            self.refresh()
        elif changed:
            self.refresh_lines(changed.start, len(changed))
        self.call_after_refresh(self._report_viewed)

    def _follow_end(self) -> None:
        # Something else may have taken the view to another place by now.
        if self._following:
            self.scroll_end(**AT_ONCE)

    def _row_item(self) -> Hashable:
        row = self.row
        return row.item if row is not None else None

    def _nearest(self, start: int) -> int | None:
        if not self._index:
            return None
        places = sorted(self._index.values())
        return next((place for place in places if place >= start), places[-1])

    @property
    def row(self) -> Row | None:
        """The row that the cursor is on."""
        if self._cursor is None or self._cursor >= len(self.rows):
            return None
        return self.rows[self._cursor]

    @property
    def item(self) -> object:
        """What the cursor is on: another object when it is on something else."""
        return self.row

    @property
    def cursor(self) -> int | None:
        """Index of the row that the cursor is on."""
        return self._cursor

    @property
    def selected(self) -> Sequence[Row]:
        """The rows of the range, or else the rows of the cursor's item."""
        if self._range is not None:
            return self.rows[self._range[0] : self._range[1] + 1]
        item = self._row_item()
        if item is None or self._cursor is None:
            return ()
        return self.rows[self._cursor : end_of_item(self.rows, self._cursor)]

    # -- moving ------------------------------------------------------------------------------

    def move(self, steps: int) -> None:
        """Move the cursor by that many items; without items, scroll by lines."""
        if not self._index:
            self.scroll_relative(y=steps, **AT_ONCE)
            return
        places = list(self._index.values())
        here = self._row_item()
        at = places.index(self._index[here]) if here in self._index else 0
        self.select(places[max(0, min(len(places) - 1, at + steps))])

    def page(self, direction: int) -> None:
        """Move by a page: -1 up, 1 down."""
        height = max(1, self.scrollable_content_region.height - 2)
        if not self._index or self._cursor is None:
            self.scroll_relative(y=direction * height, **AT_ONCE)
            return
        target = self._cursor + direction * height
        places = sorted(self._index.values())
        if direction > 0:
            self.select(next((p for p in places if p >= target), places[-1]))
        else:
            self.select(next((p for p in reversed(places) if p <= target), places[0]))

    def to_end(self, *, top: bool = False) -> None:
        """Go to the first or the last item."""
        self._following = False
        if self._index:
            places = self._index.values()
            self.select(min(places) if top else max(places))
        if top:
            self.scroll_home(**AT_ONCE)
        else:
            self.scroll_end(**AT_ONCE)

    def select(self, number: int, *, center: bool = False) -> None:
        """Put the cursor on a row, and the row on the screen."""
        if not 0 <= number < len(self.rows) or self.rows[number].item is None:
            return
        self._cursor = self._index.get(self.rows[number].item, number)
        if self._anchor is not None:
            self._range = (min(self._anchor, number), max(self._anchor, number))
        self.refresh()
        self._scroll_to_row(self._cursor, center=center)
        self.post_message(self.Moved(self, self.row))

    def select_key(self, key: Hashable) -> bool:
        """Put the cursor on the first row of a key. False if there is none."""
        for number, row in enumerate(self.rows):
            if row.key == key and row.item is not None:
                self.select(number, center=True)
                return True
        return False

    def next_key(self, direction: int, wanted: Callable[[Hashable], bool]) -> bool:
        """Go to the next or previous row whose key is wanted and differs from the cursor's."""
        number = next_with_key(self.rows, self._cursor or 0, direction, wanted)
        if number is None:
            return False
        self.select(number, center=True)
        return True

    def _scroll_to_row(self, number: int, *, center: bool) -> None:
        height = self.scrollable_content_region.height
        top = self.scroll_offset.y
        if not height:  # it is hidden: where to scroll to is known when it is shown
            self._unshown = number
            return
        last = end_of_item(self.rows, number) - 1
        if center and not (top <= number and last < top + height):
            self.scroll_to(y=max(0, number - height // 3), **AT_ONCE)
        elif number < top:
            self.scroll_to(y=number, **AT_ONCE)
        elif last >= top + height:
            self.scroll_to(y=min(number, last - height + 1), **AT_ONCE)

    def show_cursor(self) -> bool:
        """Bring the cursor on the screen. False if it was there already."""
        if self._cursor is None:
            return False
        before = self.scroll_offset.y
        self._scroll_to_row(self._cursor, center=True)
        return self.scroll_offset.y != before

    # -- range -------------------------------------------------------------------------------

    def toggle_range(self) -> bool:
        """Begin a range of rows at the cursor, or give it up. True if there is one now."""
        if self._anchor is not None or self._cursor is None:
            self._end_range()
            self.refresh()
            return False
        self._anchor = self._cursor
        self._range = (self._cursor, self._cursor)
        self.refresh()
        return True

    def _end_range(self) -> None:
        self._anchor = self._range = None

    @property
    def has_range(self) -> bool:
        """Whether a range of rows is being selected."""
        return self._range is not None

    # -- search ------------------------------------------------------------------------------

    def search(self, pattern: str, direction: int = 1, *, here: bool = False) -> bool:
        """Go to the next row that holds the text, whatever its case. False if none does."""
        self._drawn.pattern = pattern.lower()
        self._drawn.clear()
        self.refresh()
        if not pattern or not self.rows:
            return False
        count = len(self.rows)
        start = (self._cursor if self._cursor is not None else self.scroll_offset.y) or 0
        for step in range(0 if here else 1, count + 1):
            number = (start + direction * step) % count
            if self._drawn.pattern in self.rows[number].content.plain.lower():
                if self.rows[number].item is not None:
                    self.select(number, center=True)
                else:
                    self._scroll_to_row(number, center=True)
                return True
        return False

    # -- drawing -----------------------------------------------------------------------------

    def watch_marks(self, old: frozenset[Hashable], new: frozenset[Hashable]) -> None:
        """Draw the marks that come and go."""
        top, changed = self.scroll_offset.y, old ^ new
        for number, row in enumerate(self.rows[top : top + self.size.height], top):
            if row.key is not None and row.key in changed:
                self.refresh_line(number)

    def notify_style_update(self) -> None:
        """A theme or a state changed: draw anew."""
        super().notify_style_update()
        self._drawn.clear()

    def on_focus(self) -> None:
        """The cursor shows."""
        self.refresh()

    def on_blur(self) -> None:
        """The cursor is hidden."""
        self.refresh()

    def line(self, number: int) -> Strip:
        """One line of the whole."""
        width = self.scrollable_content_region.width
        if number >= len(self.rows):
            return self._drawn.blank(width)
        row = self.rows[number]
        look = Look(
            width,
            at_cursor=self.has_focus and row.item is not None and row.item == self._row_item(),
            in_range=self._range is not None and self._range[0] <= number <= self._range[1],
            marked=row.key is not None and row.key in self.marks,
        )
        return self._drawn.line(number, row, look)

    # -- events ------------------------------------------------------------------------------

    def on_resize(self) -> None:
        """The width changed: the owner makes new rows, the size of the world follows."""
        self._drawn.clear()
        self.virtual_size = Size(self.size.width, len(self.rows))
        number, self._unshown = self._unshown, None
        if number is not None and number < len(self.rows):
            self._scroll_to_row(number, center=True)
        self.call_after_refresh(self._report_viewed)
        if self.text_width != self._width:
            self._width = self.text_width
            self.post_message(self.Resized(self))

    @property
    def text_width(self) -> int:
        """Cells that a row's text may fill, beside the mark and a scrollbar."""
        return max(0, self.size.width - 2)

    def reveal(self, key: Hashable) -> bool:
        """Bring the first row of a key on the screen; the cursor stays. False if there is none."""
        for number, row in enumerate(self.rows):
            if row.key == key:
                self._scroll_to_row(number, center=True)
                return True
        return False

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Tell which rows are on the screen."""
        super().watch_scroll_y(old_value, new_value)
        self._report_viewed()

    def _report_viewed(self) -> None:
        height = self.scrollable_content_region.height
        first = self.scroll_offset.y
        view = (first, first + height)
        if height > 0 and view != self._viewed and self.rows and self.is_on_screen:
            self._viewed = view
            self.post_message(self.Viewed(self, self.rows[first : first + height]))

    @property
    def is_on_screen(self) -> bool:
        """Whether a person can see it now."""
        return self.is_mounted and self.screen.is_active and self.region != Region()

    def on_click(self, event: events.Click) -> None:
        """Select the row that was clicked; a second click on it acts on it."""
        number = event.y - self.gutter.top + self.scroll_offset.y
        if not 0 <= number < len(self.rows) or self.rows[number].item is None:
            return
        again = self.rows[number].item == self._row_item()
        self.select(number)
        if again:
            self.post_message(self.Activated(self, self.row))
