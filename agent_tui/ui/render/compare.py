"""Sessions side by side as rows: a column each, with what differs made plain."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content

from agent_tui.domain.text import one_line, visible, visible_lines
from agent_tui.sessions.compare import NONE, Cell, Compared, Line, Section
from agent_tui.ui.diff.words import changed_words
from agent_tui.ui.render.text import BLANK, heading
from agent_tui.ui.widgets.rows import Row

LEAST = 30
"""Cells that a column has at least: where less is left, the columns scroll."""
GAP = 2
SHORT = 24
"""Letters up to which a whole cell has the colour of what it means, and not its sign alone."""


@dataclass(frozen=True, slots=True)
class Look:
    """What of the columns is shown, and how.

    Attributes:
        base: The column that the others are held against.
        active: The column that is looked at.
        first: The first column on the screen.
        only: Whether only what differs is shown.
    """

    base: int = 0
    active: int = 0
    first: int = 0
    only: bool = False


@dataclass(frozen=True, slots=True)
class Columns:
    """How wide the columns are, and which are on the screen."""

    label: int
    width: int
    shown: range


def columns_for(count: int, width: int, first: int) -> Columns:
    """As many columns as fit."""
    label = 14 if width < 100 else 18
    fitting = max(1, min(count, (width - label) // (LEAST + GAP)))
    each = (width - label) // fitting - GAP
    first = max(0, min(first, count - fitting))
    return Columns(label, each, range(first, first + fitting))


def step_of(one: Compared) -> str:
    """The session's id, with the step where that is not its end."""
    at = "" if one.position == one.length else f"@{one.position}"
    return one_line(one.id, 60) + at


def heads(found: Sequence[Compared], look: Look, width: int) -> tuple[Content, Content]:
    """Two lines above the columns: which session each is, and what it is called."""
    places = columns_for(len(found), width, look.first)
    left, right = places.shown.start, len(found) - places.shown.stop
    hidden = f"◂ {left} " if left else ""
    upper = [Content.styled(f"{hidden:<{places.label}}", "$muted")]
    lower = [Content.styled(f"{f'{right} ▸' if right else '':<{places.label}}", "$muted")]
    for number in places.shown:
        one = found[number]
        star = "★ " if number == look.base else "  "
        style = "bold $accent" if number == look.active else "bold"
        upper.append(_padded(Content.styled(star + step_of(one), style), places.width))
        models = " · ".join(dict.fromkeys(str(model) for model in one.state.roles.values()))
        lower.append(_padded(Content.styled("  " + one_line(one.name or models), "$muted"),
                             places.width))  # fmt: skip
    return Content("").join(upper), Content("").join(lower)


def _padded(text: Content, width: int) -> Content:
    if text.cell_length > width:
        text = text.truncate(width, ellipsis=True)
    return Content.assemble(text, " " * (width + GAP - text.cell_length))


def compare_rows(sections: Sequence[Section], count: int, look: Look, width: int) -> list[Row]:
    """All rows for a width."""
    places = columns_for(count, width, look.first)
    out: list[Row] = []
    for section in sections:
        lines = [line for line in section.lines if line.differs or not look.only]
        apart = sum(line.differs for line in section.lines)
        if not lines:
            continue
        if out:
            out.append(BLANK)
        note = f"{apart} of {len(section.lines)} differ" if apart else "all the same"
        out.append(heading(section.title, note))
        for line in lines:
            key = ("differs" if line.differs else "same", section.title, section.lines.index(line))
            parts = _line(line, look, places)
            out += [Row(part, item=key, key=key) for part in parts]
    if not out:
        out.append(Row(Content.styled("Nothing differs.", "$muted")))
    return out


def _line(line: Line, look: Look, places: Columns) -> list[Content]:
    base = line.cells[look.base].text
    cells = [_cell(line.cells[n], base, places.width, differs=line.differs, own=n == look.base)
             for n in places.shown]  # fmt: skip
    sign = ("≠ ", "$warn") if line.differs else ("  ", "")
    name = _label(line.label, places.label - 3)
    head = Content.assemble(sign, (f"{name:<{places.label - 2}}", "" if line.differs else "$muted"))
    blank = Content(" " * places.label)
    out = []
    for number in range(max(len(parts) for parts in cells)):
        parts = [c[number] if number < len(c) else Content("") for c in cells]
        start = head if number == 0 else blank
        out.append(Content.assemble(start, *(_padded(part, places.width) for part in parts)))
    return out


def _label(text: str, room: int) -> str:
    shown = visible(text)
    return shown if len(shown) <= room else "…" + shown[1 - room :]


def _cell(cell: Cell, base: str, width: int, *, differs: bool, own: bool) -> list[Content]:
    text = visible_lines(cell.text)
    shown = Content.styled(text, "$muted")
    if differs and cell.text != NONE:
        shown = _emphasised(Content(text), text, visible_lines(base), own=own)
    if cell.tone and cell.tone != "muted":
        end = len(text) if len(text) <= SHORT else len(text.split(" ", 1)[0])
        shown = shown.stylize(f"${cell.tone}", 0, end)
    return [part for line in shown.split("\n") for part in (line.wrap(width) or [Content("")])]


def _emphasised(shown: Content, text: str, base: str, *, own: bool) -> Content:
    """With the words marked that the base does not have; all bold where it is another text."""
    if own or text == base:
        return shown
    spans = changed_words(base, text) if base != NONE and len(text) > SHORT else None
    if spans is None:
        return shown.stylize("bold")
    for begin, end, _ in spans[1]:
        shown = shown.stylize("bold on $ok 30%", begin, end)
    return shown


def file_note(one: Compared, place: str, *, here: bool) -> Content:
    """The title above a session's own change."""
    patch = one.patch
    added = sum(file.added for file in patch.files)
    removed = sum(file.removed for file in patch.files)
    size = Content.assemble(
        f"{len(patch.files)} {'file' if len(patch.files) == 1 else 'files'} ",
        (f"+{added} ", "$ok"),
        (f"−{removed}", "$bad"),
    )
    away = Content("") if here else Content.styled(f"  {one_line(place, 60)}: not changed", "$warn")
    return Content.assemble((step_of(one), "bold"), "  ", size, away)


def hidden_note(found: Sequence[Compared], shown: range) -> Content:
    """How many columns are to the left and to the right of those on the screen."""
    left, right = shown.start, len(found) - shown.stop
    parts = [f"◂ {left}" if left else "", f"{right} ▸" if right else ""]
    return Content.styled("  ".join(part for part in parts if part), "$muted")
