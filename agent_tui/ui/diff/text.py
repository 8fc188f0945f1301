"""A line's text as it is shown, and where it is cut into rows."""

from __future__ import annotations

from rich.cells import cell_len, get_character_cell_size

from agent_tui.domain.text import decode, visible

TAB = 4
EXACT = 100_000
"""Characters up to which a line that is not ASCII is measured one by one."""


def code_text(data: bytes, *, show_return: bool = False) -> str:
    """A line of code as it is shown: tabs expanded, controls visible.

    Args:
        show_return: Show a carriage return at the end, which is otherwise part of the line's end.
    """
    if not show_return:
        data = data.removesuffix(b"\r")
    text = decode(data)
    if "\t" in text:
        text = text.expandtabs(TAB)
    return text if text.isascii() and text.isprintable() else visible(text)


def breaks(text: str, room: int) -> list[int]:
    """Where each row of a wrapped line begins; the first is 0.

    Args:
        room: Cells of a row, at least 2.
    """
    if len(text) * 2 <= room:
        return [0]
    if text.isascii():
        return list(range(0, len(text), room)) or [0]
    if len(text) > EXACT:  # no character is wider than two cells
        return list(range(0, len(text), room // 2))
    result, used = [0], 0
    for at, char in enumerate(text):
        width = get_character_cell_size(char)
        if used + width > room:
            result.append(at)
            used = 0
        used += width
    return result


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
