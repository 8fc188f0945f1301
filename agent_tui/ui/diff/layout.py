"""Finds the rows of what a patch shows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from agent_tui.ui.diff.block_rows import BlockRows, Row
from agent_tui.ui.diff.model import PlaceKind
from agent_tui.ui.diff.text import breaks

__all__ = ["Layout", "Row"]


class Layout(BlockRows):
    """The rows of a patch, and where each thing is in them."""

    def find(self, item: tuple[PlaceKind, int, int, int]) -> int | None:
        """The first row of an item."""
        kind, owner = item[:2]
        blocks: Iterable[int]
        if kind in ("file", "detail") or owner < -1:
            file = owner if kind in ("file", "detail") else -2 - owner
            known = 0 <= file < len(self.blocks.head_of)
            blocks = [self.blocks.head_of[file]] if known else []
        elif owner < 0:
            blocks = [0] if len(self.blocks) else []
        else:
            blocks = self._blocks_of(item)
        for block in blocks:
            for offset, row in enumerate(self.rows_of(block)):
                if row[:4] == item:
                    return self.blocks.starts[block] + offset
        return None

    def _blocks_of(self, item: tuple[PlaceKind, int, int, int]) -> Iterable[int]:
        """The blocks of a hunk in which an item can be: making the rows of all takes long."""
        kind, owner, left, right = item
        blocks = self.blocks.of_hunk(owner)
        if len(blocks) < 2:
            return blocks
        if kind in ("hunk", "context"):
            return blocks[0], blocks[-1]
        index: int | None = left if right <= -2 else max(left, right)
        if kind == "note":
            index = self.at.index_of(owner, left)
            if index is None:
                return blocks[0], blocks[-1]  # it stands under a line around the hunk
        block = self.block_of(owner, index) if index is not None else None
        return () if block is None else (block,)

    def find_line(self, number: int, index: int) -> int | None:
        """The row that shows a line of a hunk, or else the hunk's head."""
        block = self.block_of(number, index)
        if block is None:
            return None
        for offset, row in enumerate(self.rows_of(block)):
            if (row.kind == "line" and index in (row.left, row.right)) or (
                row.kind == "space" and row.left <= index < row.left - row.right - 2
            ):
                return self.blocks.starts[block] + offset
        return self.blocks.starts[self.blocks.of_hunk(number)[0]]

    def find_note(self, note_id: str) -> int | None:
        """The first row of a note."""
        number = next((n for n, note in enumerate(self.notes) if note.id == note_id), None)
        if number is None:
            return None
        rows = [self.find(("note", owner, number, 0)) for owner in self.at.owners(number)]
        return next((row for row in rows if row is not None), None)

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
