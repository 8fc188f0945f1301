"""Very long lines, as in minified files: their text is kept, most of their rows are not made."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence

LONG = 2_000
"""Bytes from which a line's text is kept: making it anew for each of its rows would take long."""
KEPT = 16
WHOLE = 40
"""Rows up to which a wrapped line is shown whole."""
AROUND = 2
"""Rows that are shown around a change within a longer one, and at its beginning and end."""
AT_FIRST = 8
"""Rows that are shown of one that stands alone."""
MOST = 20
"""Rows of one change within it that are shown, at its beginning."""

Key = tuple[int, int]
"""A hunk's number, and a line's index in it."""


def changed_part(old: str, new: str) -> tuple[int, int]:
    """How many characters two lines have in common at the beginning, and then at the end."""
    most = min(len(old), len(new))
    before = _alike(most, lambda a, b: old[a:b] == new[a:b])
    ends = len(old), len(new)
    after = _alike(
        most - before, lambda a, b: old[ends[0] - b : ends[0] - a] == new[ends[1] - b : ends[1] - a]
    )
    return before, after


def _alike(most: int, same: Callable[[int, int], bool]) -> int:
    """How many of the first characters are the same, by halves: strings compare fast."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if same(low, middle):
            low = middle
        else:
            high = middle - 1
    return low


class LongLines:
    """What is known of the long lines of a patch.

    Attributes:
        opened: Lines of which every row is shown.
        spots: Of a line, the place in its text that is shown besides what changed.
    """

    def __init__(self) -> None:
        self.opened: set[Key] = set()
        self.spots: dict[Key, int] = {}
        self._texts: dict[Key, str] = {}

    @property
    def touched(self) -> set[int]:
        """Numbers of the hunks in which other rows of a line are shown than at first."""
        return {number for number, _ in (*self.opened, *self.spots)}

    def again(self) -> LongLines:
        """For another layout of the same patch."""
        other = LongLines()
        other.opened, other.spots = set(self.opened), dict(self.spots)
        return other

    def get(self, key: Key) -> str | None:
        """A line's text, if it is one that was kept."""
        return self._texts.get(key)

    def keep(self, key: Key, text: str) -> None:
        """Keep a line's text, if it is long."""
        if len(text) >= LONG:
            if len(self._texts) >= KEPT:
                self._texts.clear()
            self._texts[key] = text


def shown_parts(starts: Sequence[int], spans: Iterable[tuple[int, int]]) -> list[int]:
    """Which rows of a long line are shown; a gap in front of row *n* stands as ``-n``.

    Args:
        starts: Where each row begins in the text.
        spans: What must be seen of the text.
    """
    count = len(starts)
    wanted = {*range(AROUND), *range(count - AROUND, count)}
    for first, last in spans:
        begin = bisect_right(starts, first) - 1
        end = min(bisect_right(starts, last) - 1, begin + MOST)
        wanted |= {*range(max(0, begin - AROUND), min(count, end + AROUND + 1))}
    result: list[int] = []
    before = -1
    for part in sorted(wanted):
        if part == before + 2:  # a gap of one row is that row
            result.append(part - 1)
        elif part > before + 1:
            result.append(-part)
        result.append(part)
        before = part
    return result
