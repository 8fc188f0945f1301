"""Searching all lines of a patch."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Sequence

from agent_tui.domain.patch import Hunk
from agent_tui.domain.text import decode, visible
from agent_tui.ui.diff.text import TAB, shown_text

REGEX = "re:"
"""What a search begins with when it is a regular expression."""
_NO_LETTERS = re.compile(r"\\N\{[^}]*\}|\\x..|\\u....|\\.|\(\?P[<=>]\w*", re.DOTALL)
"""What of a regular expression is not looked for as it is written: escapes, names of groups."""
_BLANKS = re.compile(r"(?:\\ )+")
"""Blanks in a pattern, of which a tab may be any number."""
_PLAIN = bytes(range(0x20, 0x7F)) + b"\t\n"
"""Bytes that are never shown as an escape."""


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
    """All lines that match as they are shown, each once.

    Args:
        plain: The pattern is a text: what is nowhere in a hunk is in none of its lines.
    """
    matches = Matches()
    in_hunk = pattern
    if plain:
        in_hunk = re.compile(_BLANKS.sub(r"[ \\t]+", pattern.pattern), pattern.flags)
    for number, hunk in enumerate(hunks):
        if number % 64 == 0 and cancelled():
            return matches
        body = hunk.body
        if b"\r" in body and not 0 < body.count(b"\r\n") < hunk.size:
            body = body.replace(b"\r\n", b"\n")  # returns are shown where some lines have none
        text = decode(body)
        odd = body.translate(None, _PLAIN)
        escaped = bool(odd) and (chars := decode(odd)) != visible(chars)
        if plain and not escaped and not in_hunk.search(text):
            continue
        lines = [line[1:] for line in text.split("\n")[:-1] if line[:1] != "\\"]
        if escaped:
            lines = [shown_text(line) for line in lines]
        elif "\t" in text:
            lines = "\n".join(lines).expandtabs(TAB).split("\n")
        for index, line in enumerate(lines):
            if pattern.search(line):
                matches.hunks.append(number)
                matches.indexes.append(index)
    return matches
