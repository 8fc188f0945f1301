"""The cursor of the widget: moving by keys and mouse, and ranges of rows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from textual import events
from textual.message import Message

from agent_tui.domain.text import decode
from agent_tui.ui.diff.layout import Row
from agent_tui.ui.diff.model import Place, PlaceKind
from agent_tui.ui.diff.pinned import PinnedCanvas
from agent_tui.ui.widgets.lines import AT_ONCE

WHEEL = 3


class Pointer(PinnedCanvas):
    """A canvas with a cursor.

    Attributes:
        on_old_side: Whether the cursor was put with the mouse on the old side of a row that shows
            both; a key that moves it ends that.
    """

    class Moved(Message):
        """The cursor is on something else."""

        def __init__(self, view: Pointer, place: Place | None) -> None:
            super().__init__()
            self.view = view
            self.place = place

        @property
        def control(self) -> Pointer:
            """The widget."""
            return self.view

    class Activated(Moved):
        """The person double-clicked what the cursor is on."""

    class RangeChanged(Message):
        """A range was begun, changed or given up."""

        def __init__(self, view: Pointer) -> None:
            super().__init__()
            self.view = view

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._cursor: int | None = None
        self._item: tuple[object, ...] | None = None
        self._anchor: int | None = None
        self._dragged_from: int | None = None
        self._unshown: tuple[PlaceKind, int, int, int] | None = None
        self.on_old_side = False

    # -- where it is -------------------------------------------------------------------------

    @property
    def cursor(self) -> int | None:
        """The row that the cursor is on."""
        return self._cursor

    @property
    def item(self) -> object:
        """What the cursor is on: another object when it is on something else."""
        return self._item

    @property
    def place(self) -> Place | None:
        """What the cursor is on."""
        row = self.row_at(self._cursor) if self._cursor is not None else None
        return self.place_of(row) if row is not None else None

    def place_of(self, row: Row) -> Place:
        """What a row is about."""
        stream, layout = self.stream, self.plan
        if row.kind in ("file", "detail"):
            file = stream.files[row.owner]
            about = layout.details(row.owner)[row.left].about if row.kind == "detail" else ""
            return Place(row.kind, file, row.owner, detail=about)
        if row.owner < 0:
            file_number = -2 - row.owner
            note = layout.notes[row.left].id if row.kind == "note" else None
            head = stream.files[file_number] if file_number >= 0 else None
            where = file_number if head is not None else None
            return Place(row.kind, head, where, note=note)
        number, hunk = row.owner, stream.hunks[row.owner]
        at = stream.file_of[number]
        file = stream.files[at]
        if row.kind == "line":
            index = row.right if row.right >= 0 else row.left
            old, new = layout.scan(number).numbers(index)
            if row.left >= 0 and row.left != index:
                old = layout.scan(number).numbers(row.left)[0]
            return Place("line", file, at, number, hunk, index, old, new)
        if row.kind == "context":
            return Place("context", file, at, number, hunk, None, row.left, row.right)
        if row.kind == "note":
            said = layout.notes[row.left]
            old, new = (said.line, None) if said.side == "old" else (None, said.line)
            return Place("note", file, at, number, hunk, None, old, new, said.id)
        folded = row.left if row.kind == "space" else None
        return Place(row.kind, file, at, number, hunk, folded)

    def changes(self, place: Place) -> bool:
        """Whether a place is a line that is added or removed."""
        if place.kind != "line" or place.number is None or place.index is None:
            return False
        return self.plan.scan(place.number).kinds[place.index] != 0x20

    def _is_stop(self, row: Row | None) -> bool:
        return row is not None and row.kind != "intro"

    # -- moving ------------------------------------------------------------------------------

    def furthest_row(self) -> int | None:
        """The last row in view, or the cursor's, or the range's."""
        rows = (super().furthest_row(), self._cursor, self._anchor)
        return max((row for row in rows if row is not None), default=None)

    def move(self, steps: int) -> None:
        """Move the cursor by that many lines, heads or notes."""
        if self._cursor is None:
            self.scroll_relative(y=steps, **AT_ONCE)
            return
        number = self._cursor
        for _ in range(abs(steps)):
            after = self._next_stop(number, 1 if steps > 0 else -1)
            if after is None:
                if steps < 0:
                    self.scroll_home(**AT_ONCE)
                break
            number = after
        self.select(number)

    def _next_stop(self, number: int, direction: int) -> int | None:
        row = self.row_at(number)
        item = row.item if row is not None else None
        number += direction
        while 0 <= number < self.plan.blocks.rows:
            row = self.row_at(number)
            if row is not None and row.item != item and self._is_stop(row):
                first = self.plan.find(row.item) if row.part and direction < 0 else None
                return number if first is None else first
            number += direction
        return None

    def page(self, direction: int) -> None:
        """Move by a page: -1 up, 1 down."""
        height = max(1, self.scrollable_content_region.height - 2)
        if self._cursor is None:
            self.scroll_relative(y=direction * height, **AT_ONCE)
            return
        target = self._cursor + direction * height
        last = self.plan.blocks.rows - 1
        if target <= 0 and self.scroll_offset.y == 0:
            self.to_end(top=True)
            return
        top = self.scroll_offset.y + direction * height
        self.scroll_to(y=max(0, min(top, self.max_scroll_y)), **AT_ONCE)
        target = max(self.rows_on_screen.start, min(last, target))
        while not self._is_stop(self.row_at(target)) and target < last:
            target += 1
        self.select(target)

    def to_end(self, *, top: bool = False) -> None:
        """Go to the first or the last line."""
        last = self.plan.blocks.rows - 1
        if last >= 0:
            number = self._first_stop() if top else last
            if number is not None:
                self.select(number)
        if top:
            self.scroll_home(**AT_ONCE)
        else:
            self.scroll_end(**AT_ONCE)

    def _first_stop(self) -> int | None:
        rows = range(min(self.plan.blocks.rows, 100_000))
        return next((n for n in rows if self._is_stop(self.row_at(n))), None)

    def select(self, number: int, *, center: bool = False, scroll: bool = True) -> None:
        """Put the cursor on a row, and the row on the screen unless *scroll* is false."""
        row = self.row_at(number)
        if row is None or not self._is_stop(row):
            return
        before, top = self._item, self.scroll_offset.y
        if self._dragged_from is None and row.item != before:
            self.on_old_side = False
        self._cursor, self._item = number, row.item
        self._show_cursor_state()
        if self._anchor is not None:
            self.scene.selected = (min(self._anchor, number), max(self._anchor, number))
            self.post_message(self.RangeChanged(self))
            self.refresh()
        if scroll:
            self.scroll_to_row(number, center=center)
        if self.scroll_offset.y == top:  # else everything is shown again anyway
            self.redraw_items(before, row.item)
        self.post_message(self.Moved(self, self.place))

    def _show_cursor_state(self) -> None:
        self.scene.cursor = self._item if self.has_focus else None

    def scroll_to_row(self, number: int, *, center: bool = False) -> None:
        """Bring a row on the screen, with all of its line where it fits."""
        height = self.scrollable_content_region.height
        top = self.rows_on_screen.start
        row = self.row_at(number)
        if not height:  # it is hidden: where to scroll to is known when it is shown
            self._unshown = row.item if row is not None else None
            return
        first = last = number
        while row is not None and last - number < height:
            after = self.row_at(last + 1)
            if after is None or after.item != row.item:
                break
            last += 1
        end, highest = self.scroll_offset.y + height, self.top_for(first)
        if center and not (top <= first and last < end):
            self.scroll_to(y=max(0, min(highest, first - height // 3)), **AT_ONCE)
        elif first < top:
            self.scroll_to(y=highest, **AT_ONCE)
        elif last >= end:
            self.scroll_to(y=min(highest, last - height + 1), **AT_ONCE)

    def _show_unshown(self) -> None:
        item, self._unshown = self._unshown, None
        number = self.plan.find(item) if item is not None else None
        if number is not None:
            self.scroll_to_row(number, center=True)

    def show_cursor(self) -> bool:
        """Bring the cursor on the screen. False if it was there already."""
        if self._cursor is None:
            return False
        before = self.scroll_offset.y
        self.scroll_to_row(self._cursor, center=True)
        return self.scroll_offset.y != before

    # -- range -------------------------------------------------------------------------------

    def toggle_range(self) -> bool:
        """Begin a range of rows at the cursor, or give it up. True if there is one now."""
        if self._anchor is not None or self._cursor is None:
            self.end_range()
            return False
        self._begin_range(self._cursor)
        return True

    def _begin_range(self, number: int) -> None:
        self._anchor = number
        self.scene.selected = (number, number)
        self.refresh()
        self.post_message(self.RangeChanged(self))

    def end_range(self) -> None:
        """Give the range up."""
        if self._anchor is not None:
            self._anchor = self.scene.selected = None
            self.refresh()
            self.post_message(self.RangeChanged(self))

    @property
    def has_range(self) -> bool:
        """Whether a range of rows is being selected."""
        return self._anchor is not None

    def _chosen_rows(self) -> Iterator[Row]:
        first, last = self.scene.selected or (self._cursor or 0, self._cursor or 0)
        blocks = self.plan.blocks
        block = blocks.at(first)
        while block < len(blocks) and blocks.starts[block] <= last:
            start = blocks.starts[block]
            yield from self.plan.rows_of(block)[max(0, first - start) : last + 1 - start]
            block += 1

    def chosen_places(self) -> list[Place]:
        """What each row of the range is about, or the row under the cursor."""
        return [self.place_of(row) for row in self._chosen_items()]

    def chosen_heads(self) -> list[Place]:
        """The heads of files in the range, and the rows below them."""
        _, rows = self._chosen_blocks()
        return [self.place_of(row) for row in rows if row.kind in ("file", "detail")]

    def _chosen_items(self) -> Iterator[Row]:
        """One row of each item of the range, or of what is under the cursor."""
        for _, rows in groupby(self._chosen_rows(), key=lambda row: row.item):
            yield next(rows)

    def _chosen_blocks(self) -> tuple[list[int], list[Row]]:
        """The hunks that the range holds as a whole, and the rows besides them."""
        first, last = self.scene.selected or (self._cursor or 0, self._cursor or 0)
        blocks = self.plan.blocks
        whole: list[int] = []
        rows: list[Row] = []
        block = blocks.at(first)
        while block < len(blocks) and blocks.starts[block] <= last:
            start, end, number = (
                blocks.starts[block],
                blocks.starts[block + 1],
                blocks.owners[block],
            )
            single = number >= 0 and len(blocks.of_hunk(number)) == 1
            if single and first <= start and end <= last + 1 and number not in self.plan.folded:
                whole.append(number)
            else:
                rows += self.plan.rows_of(block)[max(0, first - start) : last + 1 - start]
            block += 1
        return whole, rows

    def selected_lines(self) -> dict[int, list[int]]:
        """Indexes of the changed lines of the range, or under the cursor, by hunk number."""
        result: dict[int, set[int]] = {}
        whole, rows = self._chosen_blocks()
        for number in whole:
            result[number] = set(self.stream.hunks[number].changed)
        for row in rows:
            if row.kind == "line":
                kinds = self.plan.scan(row.owner).kinds
                found = {i for i in (row.left, row.right) if i >= 0 and kinds[i] != 0x20}
            elif row.kind == "space":
                found = set(range(row.left, row.left - row.right - 2))
            else:
                continue
            result.setdefault(row.owner, set()).update(found)
        return {number: sorted(found) for number, found in result.items() if found}

    def selected_text(self) -> str:
        """The range, or what is under the cursor, as it stands in the files."""
        lines: list[str] = []
        for row in self._chosen_items():
            if row.kind == "line":
                scan = self.plan.scan(row.owner)
                index = row.right if row.right >= 0 else row.left
                if self.on_old_side and row.left >= 0:
                    index = row.left
                lines.append(decode(scan.data(index).removesuffix(b"\r")))
            elif row.kind == "context":
                text = self.scene.context.get(self.stream.file_of[row.owner], [])
                lines.append(decode(text[row.right - 1].removesuffix(b"\r")))
            elif row.kind == "file":
                lines.append(self.stream.files[row.owner].path)
            elif row.kind == "hunk" and self.scene.selected is None:
                lines.append(decode(self.stream.hunks[row.owner].body).rstrip("\n"))
            elif row.kind == "note":
                lines.append(self.plan.notes[row.left].text)
        return "\n".join(lines)

    # -- mouse and focus ---------------------------------------------------------------------

    def _row_under(self, event: events.MouseEvent) -> int | None:
        number = self.number_at(event.y - self.gutter.top)
        return number if self._is_stop(self.row_at(number)) else None

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Go to what is under the pointer; moving on selects a range."""
        number = self._row_under(event)
        if event.button == 1 and number is not None:
            out_of_place = number == self.pinned
            self.end_range()
            self.select(number)
            half = self.options.width // 2
            self.on_old_side = self.options.split and event.x - self.gutter.left < half
            if not out_of_place:
                self._dragged_from = number
                self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag a range."""
        if self._dragged_from is None:
            return
        height = self.scrollable_content_region.height
        above = event.y < (self.pinned is not None)
        if above or event.y >= height:
            self.scroll_relative(y=-1 if above else 1, **AT_ONCE)
        number = self.rows_on_screen.start if above else self._row_under(event)
        if number is not None and number != self._cursor:
            if self._anchor is None:
                self._begin_range(self._dragged_from)
            self.select(number)

    def on_mouse_up(self) -> None:
        """The range stays until it is used or given up."""
        self._end_drag()

    def _end_drag(self) -> None:
        if self._dragged_from is not None:
            self._dragged_from = None
            self.release_mouse()

    def on_click(self, event: events.Click) -> None:
        """A double click acts on what is under the pointer."""
        if event.chain >= 2 and self._row_under(event) is not None:
            self.end_range()
            self.post_message(self.Activated(self, self.place))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves the view; the cursor stays."""
        event.stop()
        event.prevent_default()
        self.scroll_relative(y=WHEEL, **AT_ONCE)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves the view; the cursor stays."""
        event.stop()
        event.prevent_default()
        self.scroll_relative(y=-WHEEL, **AT_ONCE)

    def on_focus(self) -> None:
        """The cursor shows."""
        self._show_cursor_state()
        self.refresh()

    def on_blur(self) -> None:
        """The cursor is hidden."""
        self._show_cursor_state()
        self.refresh()
