"""Turns one line of text into what the terminal gets.

Textual works the style of each piece out anew for each line. A screen has some dozens of different
ones and changes some hundred lines at once, so here each is made once.
"""

from itertools import pairwise

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.content import Content
from textual.strip import Strip
from textual.style import Style
from textual.widget import Widget

Names = tuple[str, ...]
TAB = 8


class Ink:
    """Draws lines in the styles of a widget.

    Args:
        view: The widget.
    """

    def __init__(self, view: Widget) -> None:
        self._view = view
        self._styles: dict[tuple[Names, tuple[str | Style, ...]], RichStyle] = {}

    def clear(self) -> None:
        """A theme or a state of the widget changed: look at its styles again."""
        self._styles.clear()

    def line(self, text: Content, width: int, kinds: Names = ()) -> Strip:
        """A line as wide as that; what does not fit is cut, with an ellipsis.

        Args:
            kinds: Component classes of the widget that lie under the text.
        """
        plain = text.plain
        if "\n" in plain or "\t" in plain:
            expanded = text.split("\n", allow_blank=True)[0].expand_tabs(TAB)
            # Textual keeps the length from before the tabs became spaces, once "" was measured.
            text = Content(expanded.plain, [*expanded.spans])
        if text.cell_length > width:
            text = text.truncate(width, ellipsis=True)
        segments = self._segments(text, kinds)
        room = width - text.cell_length
        if room > 0:
            segments.append(Segment(" " * room, self._rich(kinds)))
        return Strip(segments, width)

    def _segments(self, line: Content, kinds: Names) -> list[Segment]:
        """A text in pieces, each of which has one style."""
        plain, spans = line.plain, line.spans
        if not spans:
            return [Segment(plain, self._rich(kinds))]
        ends = {0, len(plain)}
        for span in spans:
            ends |= {span.start, span.end}
        return [
            Segment(
                plain[begin:end],
                self._rich(kinds, tuple([s.style for s in spans if s.start <= begin < s.end])),
            )
            for begin, end in pairwise(sorted(ends))
        ]

    def _rich(self, kinds: Names, spans: tuple[str | Style, ...] = ()) -> RichStyle:
        """The style of a piece: of its kinds, and of the spans over it, the last one on top."""
        found = self._styles.get((kinds, spans))
        if found is None:
            style = self._view.get_visual_style(*kinds)
            for span in spans:
                style += Style.parse(span) if isinstance(span, str) else span
            found = self._styles[kinds, spans] = style.rich_style
        return found
