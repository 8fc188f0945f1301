"""A line's text as it is shown, and where it is cut into rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.cells import cell_len, get_character_cell_size

from agent_tui.domain.text import decode, visible

TAB = 4
EXACT = 100_000
"""Characters up to which a line that is not ASCII is measured one by one."""
_STRIDE = 4096
"""Characters that are measured at once on the way to a place far to the right."""
_EMOJI = "\ufe0f"
"""The variation selector that makes a narrow character a wide one."""

_RIGHT_TO_LEFT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\U00010800-\U00010fff\U0001e800-\U0001efff"
"""Blocks of scripts that run from right to left, as Unicode's DerivedBidiClass.txt has them."""
_RUN = re.compile(f"[{_RIGHT_TO_LEFT}]+(?:[ ,.'’\u0300-\u036f]+[{_RIGHT_TO_LEFT}]+)*")


def code_text(data: bytes, *, show_return: bool = False) -> str:
    """A line of code as it is shown: tabs expanded, controls visible.

    Args:
        show_return: Show a carriage return at the end, which is otherwise part of the line's end.
    """
    if not show_return:
        data = data.removesuffix(b"\r")
    return shown_text(decode(data))


def shown_text(text: str) -> str:
    """A decoded line of code as it is shown."""
    if "\t" in text:
        text = text.expandtabs(TAB)
    return text if text.isascii() and text.isprintable() else visible(text)


def fences(text: str, first: int, last: int) -> tuple[int, ...]:
    """Where words that run from right to left end, within a part of a text or at its end.

    Terminals differ in what they do with such words: most show the letters in the order of the
    file, some turn them round. Behind each run of words a row has a left-to-right mark, so that
    those that turn them round turn nothing else: no number, no sign, no operator, no other column.
    """
    return tuple(match.end() for match in _RUN.finditer(text, first, last))


def is_open(text: str) -> bool:
    """Whether there is a word in it that runs from right to left."""
    return _RUN.search(text) is not None


def breaks(text: str, room: int) -> Sequence[int]:
    """Where each row of a wrapped line begins; the first is 0.

    Args:
        room: Cells of a row, at least 2.
    """
    if len(text) * 2 <= room:
        return [0]
    if text.isascii():
        return range(0, len(text), room)
    if len(text) > EXACT:  # no character is wider than two cells
        return range(0, len(text), room // 2)
    result, used = [0], 0
    for begin, width in graphemes(text):
        if used + width > room:
            result.append(begin)
            used = 0
        used += width
    return result


def graphemes(text: str) -> Iterator[tuple[int, int]]:
    """Where each character begins, with all that is drawn upon it, and its cells, 2 at most.

    The cells are those of :func:`rich.cells.cell_len`. A zero width joiner joins nothing here: in
    a text that is shown it is visible as an escape.
    """
    begin = width = 0
    for at, char in enumerate(text):
        size = get_character_cell_size(char)
        if size:
            if at:
                yield begin, width
            begin, width = at, size
        elif char == _EMOJI:
            width = max(width, cell_len(text[begin] + char))
    if text:
        yield begin, width


def letter_from(text: str, at: int, last: int) -> int:
    """The first character at a place or behind it that stands by itself, *last* at most."""
    while 0 < at < last and not get_character_cell_size(text[at]):
        at += 1
    return at


def at_cell(text: str, cells: int) -> tuple[int, int]:
    """The first character that begins so many cells from the left or behind that.

    Returns:
        Its index, or the text's length if it is shorter, and how many cells behind that it begins:
        1 if a wide character is cut in half there.
    """
    start = used = 0
    while cells - used > 2 * _STRIDE and start < len(text):
        end = start + _STRIDE
        while end < len(text) and not get_character_cell_size(text[end]):
            end += 1
        used += cell_len(text[start:end])
        start = min(end, len(text))
    for begin, width in graphemes(text[start:]):
        if used >= cells:
            return start + begin, used - cells
        used += width
    return len(text), max(0, used - cells)


def fitting(text: str, cells: int) -> int:
    """How many characters at the beginning of a text fit into so many cells."""
    used = 0
    for begin, width in graphemes(text):
        used += width
        if used > cells:
            return begin
    return len(text)


def needs_wrap(lines: list[bytes], room: int) -> bool:
    """Whether one of a hunk's lines, each with its sign, may be longer than a row.

    It errs on the side of yes: an escaped byte takes four cells.
    """
    longest = max(map(len, lines)) - 1
    if longest > room:
        return True
    if longest * 4 <= room:
        return False
    return any(
        len(line) * 4 > room
        and (not line.isascii() or b"\t" in line)
        and cell_len(code_text(line[1:], show_return=True)) > room
        for line in lines
    )


def longest_line(lines: list[bytes]) -> int:
    """About how many cells the longest of these lines takes."""
    return max((len(line) + (TAB - 1) * line.count(b"\t") for line in lines), default=0)
