"""Lines of a file around its changes, as many as the person wants to see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agent_tui.ui.diff.linking import nearest_line
from agent_tui.ui.diff.searching import Searcher
from agent_tui.ui.diff.text import longest_line

MORE = 10
"""Lines of context that one press adds on each side."""


class Expander(Searcher):
    """A view that shows more of a file than the patch has."""

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

    def lines_around(self, path: str, first: int, last: int) -> list[bytes]:
        """Lines of the newer side of a file of which more was shown than the patch has.

        Args:
            first, last: Counted from 1; both ends belong to them.
        """
        number = next((n for n, file in enumerate(self.stream.files) if file.path == path), -1)
        return self.scene.context.get(number, [])[first - 1 : last]

    def _expand(self, hunks: Iterable[int], length: int, *, whole: bool) -> None:
        expanded = self.plan.expanded
        hunks = list(hunks)
        before = {number: expanded.get(number, (0, 0)) for number in hunks}
        if whole:
            after = {number: self._limits(number, length, whole=True) for number in hunks}
            if after == before:
                after = dict.fromkeys(hunks, (0, 0))
        else:
            after = {}
            for number, (up, down) in before.items():
                above, below = self._limits(number, length, whole=False)
                after[number] = min(above, up + MORE), min(below, down + MORE)
                expanded[number] = after[number]  # what one has taken is gone for the next
        if after == before:
            self.post_message(self.Refused(self, "all of the file is shown already"))
            return
        self._show_around(after)

    def _show_around(self, lines: Mapping[int, tuple[int, int]]) -> None:
        """Show so many lines above and below some hunks; notes can be on them."""
        layout = self.plan

        def change() -> None:
            heads = {*layout.at.heads}
            layout.expanded |= lines
            layout.blocks.longest = max(layout.blocks.longest, self._longest_around(lines))
            layout.set_overlays(self.overlays)
            layout.remeasure(lines, heads | {*layout.at.heads} if layout.notes else ())

        self.keep_place(change)

    def _longest_around(self, hunks: Iterable[int]) -> int:
        """Cells of the longest line that is shown around some hunks, about."""
        longest = 0
        for number in hunks:
            text = self.scene.context.get(self.stream.file_of[number], [])
            shown = self.plan.new_lines(number)
            longest = max(longest, longest_line(text[max(0, shown.start - 1) : shown.stop - 1]))
        return longest

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
        if stream.files[stream.file_of[number]].status == "deleted":
            below = 0  # it has no lines but those of the hunk
        elif below is None:
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
            here = self.place
            if here is not None and here.file_number == file:  # else the person has moved on
                super(Expander, self).go_to_line(line)

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
        self._show_around({number: (above, below)})
