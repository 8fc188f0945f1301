"""What the cursor and a range are on stays the same when the rows change around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from agent_tui.ui.diff.background import Background
from agent_tui.ui.diff.layout import Row
from agent_tui.ui.widgets.lines import AT_ONCE


class Mark(NamedTuple):
    """A row by what it shows, which other rows and other notes do not change.

    Attributes:
        note: The id of the note that it shows.
        line: The line of the hunk that it shows, or the nearest one.
    """

    row: Row
    note: str | None = None
    line: int = 0


class Keeper(Background):
    """A view that stays where it is while what stands above the cursor grows and shrinks."""

    def keep_place(self, change: Callable[[], None]) -> None:
        """Change the rows. Cursor, range and the line where the cursor is on screen stay.

        With a cursor that is out of view, the first row in view stays where it is.
        """
        shown, top = self.rows_on_screen, self.scroll_offset.y
        cursor, anchor = self._mark(self._cursor), self._mark(self._anchor)
        dragged = self._mark(self._dragged_from)
        in_view = self._cursor is not None and self._cursor in shown
        held = self._cursor if in_view and self._cursor is not None else shown.start
        mark = cursor if in_view else self._mark(held) if shown else None
        super().keep_place(change)
        if dragged is not None:
            dragged_from = self._find(dragged)
            if dragged_from is None:
                self._end_drag()
            else:
                self._dragged_from = dragged_from
        found = self._find(cursor)
        if anchor is not None:
            began = self._find(anchor)
            if began is None or found is None:
                self.end_range()
            else:
                self._anchor = began
        row = self._find(mark)
        row = row if row is not None else self._nearest(mark)
        if row is not None:
            self.scroll_to(y=max(0, row - (held - top)), **AT_ONCE)
        found = found if found is not None else self._nearest(cursor)
        if found is not None:
            self.select(found, scroll=in_view)
        self.call_after_refresh(self.look)

    def _mark(self, number: int | None) -> Mark | None:
        row = self.row_at(number) if number is not None else None
        if row is None:
            return None
        layout = self.plan
        if row.kind == "note":
            note = layout.notes[row.left].id
            return Mark(row, note, layout.at.index_of(row.owner, row.left) or 0)
        if row.kind == "context":
            above = row.right < self.stream.hunks[row.owner].new_start
            return Mark(row, line=0 if above else max(0, len(layout.scan(row.owner)) - 1))
        return Mark(row, line=max(0, row.right if row.right >= 0 else row.left))

    def _find(self, mark: Mark | None) -> int | None:
        if mark is None:
            return None
        if mark.note is not None:
            return self.plan.find_note(mark.note)
        return self.plan.find(mark.row.item)

    def _nearest(self, mark: Mark | None) -> int | None:
        """A row near one that is not there any more."""
        if mark is None:
            return None
        row = mark.row
        if row.kind in ("file", "detail"):
            return self.plan.find(("file", row.owner, 0, 0))
        if row.owner < -1:  # a note under a file's head
            return self.plan.find(("file", -2 - row.owner, 0, 0))
        if row.owner < 0:
            return self._first_stop()
        return self.plan.find_line(row.owner, mark.line)
