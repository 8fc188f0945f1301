"""Searching the lines of a patch, and going from one match to the next."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import NamedTuple

from rich.cells import cell_len
from textual.message import Message

from agent_tui.ui.diff.find import REGEX, Matches, compile_pattern, find_lines
from agent_tui.ui.diff.going import Goer
from agent_tui.ui.diff.model import Place
from agent_tui.ui.widgets.lines import AT_ONCE


class _Shown(NamedTuple):
    """The match that was gone to last, and what the cursor was on then."""

    number: int
    item: object


class Searcher(Goer):
    """A view whose lines can be searched."""

    class Searched(Message):
        """A search has ended, or the cursor went to another match.

        Attributes:
            count: How many lines match.
            at: Which of them the cursor is on, from 1; 0 if none.
        """

        def __init__(self, view: Searcher, count: int, at: int) -> None:
            super().__init__()
            self.view = view
            self.count = count
            self.at = at

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._searched = ""
        self._search: object = None
        self._matches: Matches | None = None
        self._shown: _Shown | None = None

    def forget_matches(self) -> None:
        """Another patch: what was found is not in it, and what is being searched neither."""
        self._search = self._matches = self._shown = None

    def search(self, text: str) -> None:
        """Search all files; what was found is told by :class:`Searched`."""
        self.forget_matches()
        self._searched = text
        self.scene.pattern = None
        self.redraw()
        if not text:
            return
        try:
            pattern = compile_pattern(text)
        except re.error as error:
            self.post_message(self.Refused(self, f"that is no regular expression: {error}"))
            return
        self.scene.pattern = pattern
        hunks = self.stream.hunks
        plain = not text.startswith(REGEX)
        search = self._search = object()

        def cancelled() -> bool:
            return self._search is not search

        def done(matches: Matches) -> None:
            if not cancelled():
                self._matches = matches
                self.next_match(1, here=True)

        self.behind(lambda: find_lines(hunks, pattern, cancelled, plain=plain), done, asked=True)

    def search_on(self, text: str, direction: int) -> None:
        """Go to the next or previous match of a text, and search it first where that is due."""
        if self._matches is None or self._searched != text:
            self.search(text)
        else:
            self.next_match(direction)

    def next_match(self, direction: int, *, here: bool = False) -> None:
        """Go to the next or previous row that has a match, round the end.

        Args:
            here: One at the cursor will do.
        """
        matches = self._matches
        if matches is None:
            return
        before = self._shown
        number = self._next(matches, direction, here=here)
        if number is not None:
            hunk, index = matches.hunks[number], matches.indexes[number]
            again = not here and direction > 0 and self._is_at(before, number)
            self._unfold(hunk)
            self.go_to_hunk(hunk, index)
            self._show_match(hunk, index, again=again)
            self._shown = _Shown(number, self._item)
        self.post_message(self.Searched(self, len(matches), 0 if number is None else number + 1))

    def _is_at(self, shown: _Shown | None, number: int) -> bool:
        return shown is not None and shown == (number, self._item)

    def _next(self, matches: Matches, direction: int, *, here: bool) -> int | None:
        if not len(matches):
            return None
        place, row = self.place, self._cursor
        at = (0, -1)
        if place is not None and place.number is not None:
            at = (place.number, self._line_at(place, 0 if here else direction))
        elif place is not None and place.file_number is not None:
            at = (self.stream.first[place.file_number], -1)
        if here:
            return matches.near(at, 1, here=True)
        number = None
        if self.options.split and place is not None and place.kind == "line":
            number = self._beyond(matches, at, direction)
        if number is None:
            number = matches.near(at, direction, here=False)
            if number is not None:
                number = self._first_in_run(matches, number, direction)
        for _ in range(2):  # a row has no more lines than that, or is the only one with matches
            if number is None or self._row_of(matches, number) != row:
                break
            number = (number + direction) % len(matches)
        return number

    def _line_at(self, place: Place, direction: int) -> int:
        """The line of a hunk from which to go on: the cursor's, or one next to it.

        Args:
            direction: 0 where a match at the cursor will do.
        """
        row = self.row_at(self._cursor or 0)
        if place.kind == "space" and row is not None:  # what is folded is one row
            return row.left - row.right - 3 if direction > 0 else row.left
        if place.kind == "line" and place.index is not None:
            return place.index
        return self._line_above(place.number or 0) + (direction < 0)

    def _row_of(self, matches: Matches, number: int) -> int | None:
        return self.plan.find_line(matches.hunks[number], matches.indexes[number])

    def _line_above(self, hunk: int) -> int:
        """The last line of a hunk above the cursor, or -1."""
        at = (self._cursor or 0) - 1
        while (row := self.row_at(at)) is not None and row.owner == hunk:
            if row.kind == "line":
                return max(row.left, row.right)
            if row.kind == "space":
                return row.left - row.right - 3
            at -= 1
        return -1

    # -- side by side, where a block's removed and added lines stand in the same rows --------

    def _run(self, matches: Matches, at: tuple[int, int]) -> tuple[int, range]:
        """Where the block of a line begins, and the numbers of the matches in it."""
        hunk, index = at
        run = self.plan.scan(hunk).run_at(index) if index >= 0 else None
        if run is None:
            return 0, range(0)
        start, removed, added = run
        places = _Places(matches)
        first = bisect_left(places, (hunk, start))
        return start, range(first, bisect_left(places, (hunk, start + removed + added), first))

    def _offset(self, hunk: int, index: int) -> int:
        """In which row of its block a line stands."""
        run = self.plan.scan(hunk).run_at(index)
        if run is None:
            return 0
        start, removed, _ = run
        return index - start if index < start + removed else index - start - removed

    def _beyond(self, matches: Matches, at: tuple[int, int], direction: int) -> int | None:
        """The next match in the rows of the block that a line is in."""
        hunk, index = at
        _, numbers = self._run(matches, at)
        if not numbers:
            return None
        here = self._offset(hunk, index)
        rows = ((self._offset(hunk, matches.indexes[n]) - here) * direction for n in numbers)
        ahead = [(row, n) for row, n in zip(rows, numbers, strict=True) if row > 0]
        if ahead:
            return min(ahead)[1]
        edge = numbers[-1] if direction > 0 else numbers[0]
        after = (edge + direction) % len(matches)
        return self._first_in_run(matches, after, direction)

    def _first_in_run(self, matches: Matches, number: int, direction: int) -> int:
        """Of the matches in the same block, the one that is come to first."""
        hunk, index = matches.hunks[number], matches.indexes[number]
        numbers = self._run(matches, (hunk, index))[1] if self.options.split else range(0)
        rows = [(self._offset(hunk, matches.indexes[n]) * direction, n) for n in numbers]
        return min(rows)[1] if rows else number

    # -- within a row ------------------------------------------------------------------------

    def _unfold(self, number: int) -> None:
        """Show the lines of a hunk of which only the head is shown."""
        if number in self.plan.folded:
            self.plan.opened.add(number)
            self.plan.folded.discard(number)
            self.keep_place(lambda: self.plan.remeasure([number]))

    def _show_match(self, number: int, index: int, *, again: bool) -> None:
        """Within a long line, show the row that matches; *again*: the next one that does."""
        layout, pattern = self.plan, self.scene.pattern
        if pattern is None:
            return
        if not self._wrap:
            text = layout.text(number, index)
            self._show_sideways(text, pattern.search(text), layout.room(number))
            return
        if not layout.is_long(number, index):
            return
        text, before = layout.text(number, index), layout.long.spots.get((number, index), -1)
        found = pattern.search(text, before + 1 if again else 0) or pattern.search(text)
        if found is None:
            return
        layout.long.spots[number, index] = found.start()
        layout.remeasure([number])
        self._resize_world()
        self.redraw()
        row = layout.find_text(number, index, found.start())
        if row is not None:
            self.select(row, center=True)

    def _show_sideways(self, text: str, found: re.Match[str] | None, room: int) -> None:
        """Scroll so far sideways that a match in a line is on the screen."""
        if found is None:
            return
        shift, begin = self.scene.shift, cell_len(text[: found.start()])
        if not shift <= begin <= begin + cell_len(found[0]) <= shift + room:
            self.scroll_to(x=max(0, begin - room // 3), **AT_ONCE)


class _Places:
    """The places of matches as pairs, for bisection."""

    def __init__(self, matches: Matches) -> None:
        self._matches = matches

    def __len__(self) -> int:
        return len(self._matches)

    def __getitem__(self, number: int) -> tuple[int, int]:
        return self._matches.hunks[number], self._matches.indexes[number]
