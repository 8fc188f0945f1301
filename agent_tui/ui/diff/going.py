"""Going to hunks, files, lines and notes."""

from __future__ import annotations

from textual.message import Message

from agent_tui.ui.diff.keeping import Keeper
from agent_tui.ui.diff.linking import row_of_line
from agent_tui.ui.widgets.lines import AT_ONCE


class Goer(Keeper):
    """A view whose cursor goes to what is asked for."""

    class Refused(Message):
        """Something could not be done; *reason* says why, in words for a person."""

        def __init__(self, view: Goer, reason: str) -> None:
            super().__init__()
            self.view = view
            self.reason = reason

    def next_hunk(self, direction: int, *, unseen: bool = False) -> bool:
        """Go to the next or previous hunk. False if there is none."""
        place = self.place
        if place is None:
            return False
        if place.number is not None:
            number = place.number + direction
            row = self.row_at(self._cursor or 0)
            if direction < 0 and row is not None and row.kind != "hunk":
                number = place.number
        else:
            first = self.stream.first[place.file_number or 0]
            number = first if direction > 0 else first - 1
        while unseen and 0 <= number < len(self.stream.hunks) and number in self.scene.seen:
            number += direction
        if not 0 <= number < len(self.stream.hunks):
            return False
        return self.go_to_hunk(number)

    def first_unseen(self) -> bool:
        """Go to the first hunk that was not on the screen. False if there is none."""
        seen, count = self.scene.seen, len(self.stream.hunks)
        number = next((n for n in range(count) if n not in seen), None)
        return number is not None and self.go_to_hunk(number)

    def go_to_hunk(self, number: int, index: int | None = None) -> bool:
        """Go to a hunk by its number in the patch, or to one of its lines."""
        found = (
            self.plan.find(("hunk", number, 0, 0))
            if index is None
            else self.plan.find_line(number, index)
        )
        if found is None:
            return False
        self.select(found, center=True)
        if index is None:
            self._show_whole(number, found)
        return True

    def _show_whole(self, number: int, row: int) -> None:
        """Scroll so that a hunk is on the screen as a whole, where it fits."""
        height = self.scrollable_content_region.height
        blocks = self.plan.blocks
        numbers = blocks.of_hunk(number)
        last = blocks.starts[numbers[-1] + 1] - 1 if numbers else row
        if last >= self.scroll_offset.y + height:
            self.scroll_to(y=max(0, min(self.top_for(row), last - height + 1)), **AT_ONCE)

    def next_file(self, direction: int) -> bool:
        """Go to the next or previous file. False if there is none."""
        place = self.place
        if place is None:
            return False
        here = place.file_number if place.file_number is not None else -1  # above the first one
        if direction < 0 and here >= 0 and place.kind != "file":
            return self.go_to_file(here)
        return self.go_to_file(here + direction)

    def go_to_file(self, number: int) -> bool:
        """Go to a file by its number in the patch."""
        found = self.plan.find(("file", number, 0, 0))
        if found is None or number < 0:
            return False
        self.select(found)
        self.scroll_to(y=found, **AT_ONCE)
        return True

    def go_to_line(self, line: int) -> bool:
        """Go to a line of the new file at the cursor, or the nearest one that is shown."""
        place = self.place
        if place is None or place.file_number is None:
            return False
        found = row_of_line(self, place.file_number, line)
        if found is None:
            return False
        self.select(found, center=True)
        return True

    def note_row(self, note_id: str) -> int | None:
        """The first row of a note."""
        return self.plan.find_note(note_id)

    def next_note(self, direction: int) -> bool:
        """Go to the next or previous note from the cursor. False if there is none."""
        here = self._cursor if self._cursor is not None else -1
        place = self.place
        at = self.note_row(place.note) if place is not None and place.note is not None else here
        rows = {self.note_row(note.id) for note in self.plan.notes} - {None}
        ordered = sorted(row for row in rows if row is not None)
        if direction > 0:
            found = next((row for row in ordered if row > here and row != at), None)
        else:
            first = here if at is None else at
            found = next((row for row in reversed(ordered) if row < first), None)
        if found is None:
            return False
        self.select(found, center=True)
        return True

    def go_to_note(self, note_id: str) -> bool:
        """Go to a note. False if it is not shown."""
        row = self.note_row(note_id)
        if row is None:
            return False
        self.select(row, center=True)
        return True

    def reveal(self, row: int) -> None:
        """Bring a row on the screen; the cursor stays."""
        self.scroll_to_row(row, center=True)
