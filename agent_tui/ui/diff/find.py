"""Searching all lines of a patch."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Sequence

from agent_tui.domain.patch import Hunk
from agent_tui.domain.text import decode

REGEX = "re:"
"""What a search begins with when it is a regular expression."""
_NO_LETTERS = re.compile(r"\\N\{[^}]*\}|\\x..|\\u....|\\.|\(\?P[<=>]\w*", re.DOTALL)
"""What of a regular expression is not looked for as it is written: escapes, names of groups."""


def compile_pattern(text: str) -> re.Pattern[str]:
    """A search text as a pattern. Without a capital letter it finds both cases.

    Raises:
        re.error: If what follows ``re:`` is no regular expression.
    """
    plain = not text.startswith(REGEX)
    wanted = text if plain else text.removeprefix(REGEX)
    letters = wanted if plain else _NO_LETTERS.sub("", wanted)
    flags = re.NOFLAG if letters != letters.lower() else re.IGNORECASE
    return re.compile(re.escape(wanted) if plain else wanted, flags)


class Matches:
    """The lines of a patch that match, in order."""

    def __init__(self) -> None:
        self.hunks = array("l")
        self.indexes = array("l")

    def __len__(self) -> int:
        return len(self.hunks)

    def near(self, place: tuple[int, int], direction: int, *, here: bool) -> int | None:
        """The number of the match after or before a place, going round at the end.

        Args:
            place: A hunk's number and a line's index.
            here: Whether a match at the place itself will do.
        """
        count = len(self)
        if not count:
            return None
        low, high = 0, count
        while low < high:
            middle = (low + high) // 2
            if (self.hunks[middle], self.indexes[middle]) < place:
                low = middle + 1
            else:
                high = middle
        if direction > 0:
            exact = low < count and (self.hunks[low], self.indexes[low]) == place
            return (low + (exact and not here)) % count
        return (low - 1) % count


def find_lines(
    hunks: Sequence[Hunk], pattern: re.Pattern[str], cancelled: Callable[[], bool], *, plain: bool
) -> Matches:
    """All lines that match, each once.

    Args:
        plain: The pattern is a text: what is nowhere in a hunk is in none of its lines.
    """
    matches = Matches()
    for number, hunk in enumerate(hunks):
        if number % 64 == 0 and cancelled():
            return matches
        body = hunk.body
        if plain and pattern.search(decode(body)) is None:
            continue
        index = 0
        for line in body.split(b"\n")[:-1]:
            if line[:1] == b"\\":
                continue
            if pattern.search(decode(line[1:].removesuffix(b"\r"))):
                matches.hunks.append(number)
                matches.indexes.append(index)
            index += 1
    return matches
