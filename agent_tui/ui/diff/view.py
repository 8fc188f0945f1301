"""The widget: a patch, what is drawn over it, and everything that can be done in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from textual.message import Message

from agent_tui.domain.patch import Patch
from agent_tui.ui.diff.blocks import Stream
from agent_tui.ui.diff.find import REGEX, Matches, compile_pattern, find_lines
from agent_tui.ui.diff.going import Goer
from agent_tui.ui.diff.linking import Spot, file_at, go_to_spot, nearest_line, spot_of
from agent_tui.ui.diff.model import Overlays, Read
from agent_tui.ui.widgets.lines import AT_ONCE

MORE = 10
"""Lines of context that one press adds on each side."""


class DiffView(Goer):
    """A review of a patch, in one stream over all files."""

    class Searched(Message):
        """A search has ended, or the cursor went to another match.

        Attributes:
            count: How many lines match.
            at: Which of them the cursor is on, from 1; 0 if none.
        """

        def __init__(self, view: DiffView, count: int, at: int) -> None:
            super().__init__()
            self.view = view
            self.count = count
            self.at = at

    class Refused(Message):
        """Something could not be done; *reason* says why, in words for a person."""

        def __init__(self, view: DiffView, reason: str) -> None:
            super().__init__()
            self.view = view
            self.reason = reason

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._matches: Matches | None = None
        self._searched = ""
        self._partial = False

    # -- what it shows -----------------------------------------------------------------------

    def show(
        self,
        patch: Patch,
        overlays: Overlays | None = None,
        read: Read | None = None,
        *,
        at: Spot | None = None,
    ) -> None:
        """Show a patch. The same patch again keeps the cursor, and takes other overlays alone.

        Args:
            overlays: What is drawn over it.
            read: Gives whole files: for context, for colours that are right in the middle of a
                long string, and for the sizes of binary files.
            at: Where the person was in another patch, and is to be in this one. Without it, or if
                that file is not in this one, it begins at the top.
        """
        overlays = overlays or Overlays()
        self.read = read
        if patch is self.stream.patch:
            self._overlay(overlays)
            return
        partial, self._partial = self._partial, False
        if partial and self._begins(patch):
            self._go_on(patch, overlays)
            return
        self.stream = Stream(patch)
        self.overlays = overlays
        self.forget()
        self._matches = None
        self._cursor = self._item = self._anchor = self.scene.selected = self._unshown = None
        self.scroll_to(0, 0, **AT_ONCE)
        file = file_at(self, at) if at is not None else None
        self._lay_out(self.stream.first[file + 1] if file is not None else 0)
        self._count_carried()
        self.to_end(top=True)
        if at is not None:
            go_to_spot(self, at)
        self.call_after_refresh(self.look)

    @property
    def spot(self) -> Spot:
        """Where the person is, for another patch to begin there."""
        return spot_of(self)

    def show_first(self, patch: Patch) -> None:
        """Show the first files of a patch, of which the rest is still being read.

        When :meth:`show` is called with all of it, the cursor and what was seen stay.
        """
        self.show(patch)
        self._partial = True

    def _begins(self, patch: Patch) -> bool:
        """Whether the files that are shown are the first ones of a patch."""
        mine, theirs = self.stream.files, patch.files[: len(self.stream.files)]
        return [file.path for file in mine] == [file.path for file in theirs] and all(
            a.body == b.body
            for one, other in zip(mine, theirs, strict=True)
            for a, b in zip(one.hunks, other.hunks, strict=False)
        )

    def _go_on(self, patch: Patch, overlays: Overlays) -> None:
        self.stream = Stream(patch)
        self.overlays = overlays
        self._keeping_place(self._lay_out)
        self._count_carried()

    def _overlay(self, overlays: Overlays) -> None:
        before, self.overlays = self.overlays, overlays
        if before == overlays:  # but what is left out may be other lines of the same draft
            self.redraw_left_out()
            return
        layout = self.plan
        if (before.notes, before.folded, before.intro) == (
            overlays.notes, overlays.folded, overlays.intro,
        ):  # fmt: skip
            layout.overlays = overlays
        else:
            hunks = {*layout.at_line, *layout.folded}
            files = {*layout.at_file, -1}
            layout.set_overlays(overlays)
            hunks |= {*layout.at_line, *layout.folded}
            files |= {*layout.at_file}
            self._keeping_place(lambda: layout.remeasure(hunks, files))
        self._count_carried()
        self.redraw()

    def _count_carried(self) -> None:
        for hunk in self.overlays.seen:
            number = self.stream.number_of(hunk)
            if number is not None:
                self.scene.seen.add(number)

    def _keeping_place(self, change: Callable[[], None]) -> None:
        """Change the rows; the cursor stays on its line, and the line where it is on screen."""
        row = self.row_at(self._cursor) if self._cursor is not None else None
        offset = (self._cursor or 0) - self.scroll_offset.y
        change()
        self._resize_world()
        self.redraw()
        if row is None:
            return
        index = row.right if row.right >= 0 else row.left
        found = self.plan.find(row.item)
        if found is None and row.owner >= 0:
            found = self.plan.find_line(row.owner, max(0, index))
        if found is not None:
            if self._anchor is not None and found != self._cursor:
                self.end_range()
            if 0 <= offset < self.scrollable_content_region.height:
                self.scroll_to(y=max(0, found - offset), **AT_ONCE)
            self.select(found)
        self.call_after_refresh(self.look)

    def on_resize(self) -> None:
        """The rows are made anew for another width."""
        if self.options != self.plan.options:
            self._keeping_place(self._lay_out)
        else:
            self._resize_world()
        self._show_unshown()
        self.call_after_refresh(self.look)

    # -- ways to show it ---------------------------------------------------------------------

    def toggle_split(self) -> bool:
        """Side by side, or unified. True if it is side by side now."""
        self._split = not self.options.split
        self._keeping_place(self._lay_out)
        return self._split

    def toggle_wrap(self) -> bool:
        """Wrap long lines, or scroll them. True if they are wrapped now."""
        self._wrap = not self._wrap
        self.scroll_to(x=0, **AT_ONCE)
        self._keeping_place(self._lay_out)
        return self._wrap

    def toggle_space(self) -> bool:
        """Fold blocks that differ in white space alone, or show them. True if they are folded."""
        self._fold_space = not self._fold_space
        self._keeping_place(self._lay_out)
        return self._fold_space

    def toggle_fold(self) -> bool:
        """Open the folded hunk or the long line at the cursor. False if nothing is folded."""
        place = self.place
        if place is None or place.number is None:
            return False
        if place.number not in self.plan.folded:
            return self._toggle_long(place.number)
        number = place.number
        self.plan.opened.add(number)
        self.plan.folded.discard(number)
        self._keeping_place(lambda: self.plan.remeasure([number]))
        return True

    def _toggle_long(self, number: int) -> bool:
        row = self.row_at(self._cursor) if self._cursor is not None else None
        if row is None or row.kind != "line" or not self._wrap:
            return False
        if not self.plan.toggle_long(number, row.left, row.right):
            return False
        self._keeping_place(lambda: self.plan.remeasure([number]))
        return True

    def sideways(self, cells: int) -> None:
        """Scroll long lines that are not wrapped."""
        self.scroll_relative(x=cells, **AT_ONCE)

    # -- context -----------------------------------------------------------------------------

    def expand_context(self, *, whole: bool = False) -> None:
        """Show more lines around the hunk at the cursor, or the whole file; again: less."""
        place = self.place
        if place is None or place.file_number is None:
            return
        file = place.file_number
        hunks = self.stream.numbers_of(file)
        if not hunks:
            self.post_message(self.Refused(self, "this file has no lines around its changes"))
            return

        def done(lines: list[bytes] | None) -> None:
            if lines is None:
                reason = "the whole file is not at hand here"
                self.post_message(self.Refused(self, reason))
                return
            chosen = hunks if whole or place.number is None else [place.number]
            self._expand(chosen, len(lines), whole=whole)

        self.with_lines(file, done)

    def _expand(self, hunks: Iterable[int], length: int, *, whole: bool) -> None:
        layout = self.plan
        hunks = list(hunks)
        limits = {number: self._limits(number, length, whole=whole) for number in hunks}
        before = {number: layout.expanded.get(number, (0, 0)) for number in hunks}
        if whole:
            after = limits if before != limits else dict.fromkeys(hunks, (0, 0))
        else:
            after = {
                number: (min(limits[number][0], up + MORE), min(limits[number][1], down + MORE))
                for number, (up, down) in before.items()
            }
        if after == before:
            self.post_message(self.Refused(self, "all of the file is shown already"))
            return
        layout.expanded.update(after)
        self._keeping_place(lambda: layout.remeasure(hunks))

    def _limits(self, number: int, length: int, *, whole: bool) -> tuple[int, int]:
        """Up to how many lines can be shown above and below a hunk.

        Args:
            length: Lines of the file.
            whole: What is between two hunks goes to the second one.
        """
        stream, expanded = self.stream, self.plan.expanded
        hunk, hunks = stream.hunks[number], stream.numbers_of(stream.file_of[number])
        above, below = stream.gap(number)
        if number > hunks[0] and not whole:
            above -= expanded.get(number - 1, (0, 0))[1]
        if below is None:
            last = hunk.new_start + hunk.new_count - (1 if hunk.new_count else 0)
            below = max(0, length - last)
        else:
            below = 0 if whole else below - expanded.get(number + 1, (0, 0))[0]
        return max(0, above), max(0, below)

    def go_to_line(self, line: int) -> bool:
        """Go to a line of the new file at the cursor, and show what is between, if it is hidden.

        False if the file shows no lines.
        """
        place = self.place
        file = place.file_number if place is not None else None
        nearest = nearest_line(self, file, line) if file is not None else None
        if nearest is None or nearest[1] == line:
            return super().go_to_line(line)
        number, shown = nearest

        def done(lines: list[bytes] | None) -> None:
            if lines is None or not 1 <= line <= len(lines):
                reason = (
                    f"line {line} is not shown, and the whole file is not at hand here"
                    if lines is None
                    else f"there is no line {line}: the file has {len(lines):,}"
                )
                self.post_message(self.Refused(self, reason))
            else:
                self._expand_to(number, line - shown, len(lines))
            super(DiffView, self).go_to_line(line)

        self.with_lines(file or 0, done)
        return True

    def _expand_to(self, number: int, lines: int, length: int) -> None:
        """Show so many lines below a hunk and some more, or above it where it is negative."""
        most_above, most_below = self._limits(number, length, whole=False)
        above, below = self.plan.expanded.get(number, (0, 0))
        if lines > 0:
            below = min(most_below, below + lines + MORE)
        else:
            above = min(most_above, above - lines + MORE)
        self.plan.expanded[number] = (above, below)
        self._keeping_place(lambda: self.plan.remeasure([number]))

    # -- search ------------------------------------------------------------------------------

    def search(self, text: str) -> None:
        """Search all files; what was found is told by :class:`Searched`."""
        self._matches = None
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

        def cancelled() -> bool:
            return self.scene.pattern is not pattern

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

    def _show_match(self, number: int, index: int, *, again: bool) -> None:
        """Within a long line, show the row that matches; *again*: the next one that does."""
        layout, pattern = self.plan, self.scene.pattern
        if pattern is None:
            return
        if not self._wrap:
            self._show_sideways(pattern.search(layout.text(number, index)), layout.room(number))
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

    def _show_sideways(self, found: re.Match[str] | None, room: int) -> None:
        """Scroll so far sideways that a match is on the screen."""
        shift = self.scene.shift
        if found is not None and not shift <= found.start() <= found.end() <= shift + room:
            self.scroll_to(x=max(0, found.start() - room // 3), **AT_ONCE)

    def next_match(self, direction: int, *, here: bool = False) -> None:
        """Go to the next or previous line that matches."""
        matches, place = self._matches, self.place
        if matches is None:
            return
        at = (0, -1)
        if place is not None and place.number is not None:
            at = (place.number, place.index if place.index is not None else -1)
        elif place is not None and place.file_number is not None:
            at = (self.stream.first[place.file_number], -1)
        number = matches.near(at, direction, here=here)
        if number is not None:
            found = matches.hunks[number], matches.indexes[number]
            again = direction > 0 and not here and at == found
            self.go_to_hunk(*found)
            self._show_match(*found, again=again)
        self.post_message(self.Searched(self, len(matches), 0 if number is None else number + 1))
