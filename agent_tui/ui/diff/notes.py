"""The rows of a note, and texts of several lines."""

from __future__ import annotations

from typing import NamedTuple

from textual.content import Content

from agent_tui.domain.text import visible_lines
from agent_tui.ui.diff.model import Note


class NoteLine(NamedTuple):
    """One row of a note: its text, and whether it is the excerpt."""

    text: str
    lead: int
    quoted: bool


def note_lines(note: Note, width: int, *, placed: bool) -> list[NoteLine]:
    """A note's rows, wrapped.

    Args:
        placed: Whether it stands under its line.
    """
    found: list[NoteLine] = []
    if note.outdated or (note.line is not None and not placed):
        where = f"{note.path}:{note.line}" if note.line else ""
        word = "outdated" if note.outdated else "on a line that is not shown"
        found.append(NoteLine(f"{where} ({word})".strip(), 0, False))
    for line in visible_lines(note.excerpt).split("\n") if note.excerpt else ():
        found += [NoteLine(part, 0, True) for part in wrapped(line.expandtabs(4), width)]
    lead = f"{note.label}  " if note.label else ""
    text = visible_lines(note.text).strip("\n").expandtabs(4)
    for row, line in enumerate((lead + text).split("\n")):
        for part, cut_line in enumerate(wrapped(line, width)):
            marked = len(lead) if row == part == 0 else 0
            found.append(NoteLine(cut_line, marked, False))
    return found


def wrapped(text: str, width: int) -> list[str]:
    """A text of several lines, wrapped at words."""
    result: list[str] = []
    for line in text.split("\n"):
        result += [part.plain for part in Content(line).wrap(max(8, width))] or [""]
    return result
