"""The head of the file one is in, at the top of the view while its own row is scrolled away."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Region

from agent_tui.ui.diff.canvas import Canvas
from agent_tui.ui.diff.layout import Row

MIN_HEIGHT = 4
"""Lines of a view that has one of them for a head."""


class PinnedCanvas(Canvas):
    """A canvas that always says which file is on the screen.

    The head lies over the first row in view, which therefore does not count as shown: a row that is
    to be read has to be below it.
    """

    def file_of(self, row: Row | None) -> int | None:
        """The number of the file that a row belongs to; None above the first file."""
        if row is None:
            return None
        if row.kind in ("file", "detail"):
            return row.owner
        if row.owner < 0:
            return -2 - row.owner if row.owner < -1 else None
        return self.stream.file_of[row.owner]

    def head_over(self, number: int) -> int | None:
        """The row of the head that lies over a row when that one is the first in view.

        None for heads themselves, for what is above the first file, and for the last row of a file:
        a head with nothing of its file below it would say what is not the case.
        """
        row = self.row_at(number)
        if row is None or row.kind == "file":
            return None
        file = self.file_of(row)
        if file is None or self.scrollable_content_region.height < MIN_HEIGHT:
            return None
        after = self.row_at(number + 1)
        if after is None or after.kind == "file":
            return None
        return self.plan.blocks.starts[self.plan.blocks.head_of[file]]

    @property
    def pinned(self) -> int | None:
        """The row of the head that is shown out of its place."""
        return self.head_over(self.scroll_offset.y)

    def top_for(self, number: int) -> int:
        """How far to scroll so that a row is the first that can be read."""
        return number if self.head_over(number) is None else max(0, number - 1)

    def number_at(self, y: int) -> int:
        """The row that a line of the screen shows."""
        if y == 0 and (head := self.pinned) is not None:
            return head
        return super().number_at(y)

    @property
    def rows_on_screen(self) -> range:
        """The numbers of the rows that can be read, without a head that is out of its place."""
        shown = super().rows_on_screen
        return shown if self.pinned is None else shown[1:]

    @property
    def rows_drawn(self) -> Sequence[int]:
        """The numbers of all rows on the screen."""
        head = self.pinned
        return self.rows_on_screen if head is None else [head, *self.rows_on_screen]

    def refresh_line(self, y: int) -> None:
        """Draw a row anew, where it is on the screen."""
        if y == self.pinned:
            self.refresh(Region(0, 0, self.size.width, 1))
        else:
            super().refresh_line(y)
