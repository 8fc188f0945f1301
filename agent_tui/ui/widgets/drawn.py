"""A view whose lines are complete as they are drawn.

Textual goes through each line of a widget once more, for borders, tints and filters. Lines that
need none of it, and are kept, are on the screen in half the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.style import Style
from textual.color import Color
from textual.geometry import Region
from textual.strip import Strip

from agent_tui.ui.widgets.lines import LineView


class _Kept(Strip):
    """A line that is freed as soon as nobody keeps it.

    Textual's own keeps itself in its list of cuts, so that only the collector would free it: a
    page of lines every few keys, and a pause each time.
    """

    __slots__ = ()

    def divide(self, cuts: Iterable[int]) -> Sequence[Strip]:
        """The parts between some cells; the line itself where nothing is cut."""
        cuts = [cut for cut in cuts if cut <= self.cell_length]
        return [self] if cuts == [self.cell_length] else super().divide(cuts)


class DrawnView(LineView, inherit_bindings=False):
    """A scrolled view of lines that are drawn by :meth:`line` and kept."""

    _behind: Color | None = None

    def notify_style_update(self) -> None:
        """A theme or a state changed."""
        super().notify_style_update()
        self._behind = None

    def line(self, number: int) -> Strip:
        """A line by its number, as it is written to the terminal: filtered, and kept."""
        return self.filtered(Strip.blank(self.size.width, self.rich_style))

    def number_at(self, y: int) -> int:
        """The number of the line that a line of the screen shows."""
        return y + self.scroll_offset.y

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        return self.line(self.number_at(y))

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines on the screen, as they were drawn."""
        if not self._is_bare:
            return super().render_lines(crop)
        width = self.size.width
        room = width - self.scrollbar_size_vertical
        strips = [_fitted(self.line(self.number_at(y)), room) for y in crop.line_range]
        if crop.column_span != (0, width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips

    @property
    def _is_bare(self) -> bool:
        """Whether nothing is to be added to the lines."""
        styles = self.styles
        return (
            not styles.gutter
            and self.opacity == styles.text_opacity == 1.0
            and not styles.tint.a
            and not (styles.has_rule("hatch") and styles.hatch != "none")
        )

    def filtered(self, strip: Strip) -> Strip:
        """A strip after the application's filters, which have the last word on every text."""
        segments = list(strip)
        background = self._behind
        if background is None:
            background = self._behind = self.background_colors[1]
        for line_filter in self.get_line_filters():
            segments = line_filter.apply(segments, background)
        return _Kept(segments, strip.cell_length)


def _fitted(strip: Strip, room: int) -> Strip:
    """A strip as wide as the view, where no scroll bar takes the last cell."""
    if strip.cell_length == room:
        return strip
    last = next(reversed(strip), None)
    return strip.adjust_cell_length(room, last.style if last is not None else Style.null())
