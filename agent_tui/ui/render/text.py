"""Building blocks: wrapped paragraphs and signs. All text from outside is made visible here."""

from collections.abc import Hashable, Iterable
from functools import lru_cache

from textual.content import Content

from agent_tui.domain.text import visible, visible_lines
from agent_tui.domain.verdict import CriterionState, FindingStatus
from agent_tui.ui.widgets.rows import Row

BLANK = Row(Content(""))

CRITERION_SIGN: dict[CriterionState | None, tuple[str, str]] = {
    "met": ("✓", "$ok"),
    "unmet": ("✗", "$bad"),
    "unclear": ("?", "$warn"),
    None: ("·", "$muted"),
}
FINDING_STYLE: dict[FindingStatus, str] = {
    "open": "$bad",
    "disputed": "$warn",
    "fixed": "$ok",
    "waived": "$muted",
    "deferred": "$muted",
}


def safe(text: str, style: str = "") -> Content:
    """One line of text from outside, as content without markup."""
    return Content.styled(visible(text), style) if style else Content(visible(text))


def hang(first: Content, body: Content, width: int) -> list[Content]:
    """*first* and then *body*, wrapped so that later lines stand under the body."""
    indent = first.cell_length
    lines = body.wrap(max(8, width - indent)) or [Content("")]
    pad = Content(" " * indent)
    return [Content.assemble(first if i == 0 else pad, line) for i, line in enumerate(lines)]


def paragraph(
    text: str, width: int, *, style: str = "", first: Content | None = None
) -> list[Content]:
    """A text of several lines, wrapped, each line hanging behind *first*."""
    result: list[Content] = []
    lines = visible_lines(text).split("\n")
    if first is not None:
        body = Content.styled(lines[0], style) if style else Content(lines[0])
        result += hang(first, body, width)
        lines = lines[1:]
    indent = first.cell_length if first is not None else 0
    for line in lines:
        result += _hanging(line, width, style, indent)
    return result


def _hanging(text: str, width: int, style: str, indent: int) -> list[Content]:
    body = Content.styled(text, style) if style else Content(text)
    return hang(Content(" " * indent), body, width)


def streamed(text: str, width: int, *, style: str = "", indent: int = 0) -> list[Row]:
    """The rows of a text that grows: of its earlier lines they are the same ones each time."""
    lines = visible_lines(text).split("\n")
    return [row for line in lines for row in _streamed(line, width, style, indent)]


@lru_cache(maxsize=4096)
def _streamed(line: str, width: int, style: str, indent: int) -> tuple[Row, ...]:
    return tuple(rows(_hanging(line, width, style, indent)))


def rows(
    lines: Iterable[Content], *, item: Hashable = None, key: Hashable = None, kind: str = ""
) -> list[Row]:
    """Rows that belong together."""
    return [Row(line, item=item, key=key, kind=kind) for line in lines]


def heading(text: str, note: str = "") -> Row:
    """A small heading inside a pane."""
    if note:
        return Row(Content.assemble((text.upper(), "bold $muted"), (f"  {note}", "$muted")))
    return Row(Content.styled(text.upper(), "bold $muted"))


def seconds(value: float | None) -> str:
    """A duration for people: ``0.4s``, ``12s``, ``3m12s``, ``2h05m``."""
    if value is None:
        return "–"
    if value < 10:
        return f"{value:.1f}s"
    if value < 60:
        return f"{value:.0f}s"
    minutes, rest = divmod(int(value), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s"
    return f"{minutes // 60}h{minutes % 60:02d}m"
