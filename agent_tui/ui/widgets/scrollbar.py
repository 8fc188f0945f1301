"""A scroll bar that costs nothing while it looks the same.

Textual draws the whole of a scroll bar whenever one more line can be scrolled to: while a model
streams into a pane, that takes longer than the lines themselves.
"""

from __future__ import annotations

from math import ceil
from typing import Self

from rich.segment import Segment
from textual.geometry import Region
from textual.scrollbar import ScrollBar
from textual.strip import Strip
from textual.widget import Widget

_PARTS = 8
"""A thumb begins and ends at an eighth of a cell."""

_Look = tuple[int, int, int, bool, bool]


class SteadyScrollBar(ScrollBar):
    """A vertical scroll bar whose lines are kept until the thumb is at another place.

    It always has its column: text that is wrapped anew when it comes and goes is hard to read on.
    """

    _drawn: tuple[_Look, list[Strip]] | None = None

    def _look(self) -> _Look:
        """Its height, where the thumb begins and how long it is, and what the mouse does to it."""
        height, window, whole = self.size.height, self.window_size, ceil(self.window_virtual_size)
        state = self.mouse_over, self.grabbed is not None
        if not 0 < window < whole or not height:
            return (height, 0, 0, *state)
        thumb = max(1.0, window * height / whole)
        start = (height - thumb) * self.position / (whole - window)
        return (height, int(start * _PARTS), ceil(thumb * _PARTS), *state)

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Self:
        """Draw it again, if it looks different."""
        if layout or recompose or self._drawn is None or self._drawn[0] != self._look():
            super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        return self

    def notify_style_update(self) -> None:
        """A theme changed."""
        super().notify_style_update()
        self._drawn = None

    def render_lines(self, crop: Region) -> list[Strip]:
        """Its cells, one to a line."""
        look = self._look()
        if self._drawn is None or self._drawn[0] != look:
            self._drawn = (look, self._draw() if look[2] else self._blank())
        return self._drawn[1][crop.y : crop.bottom]

    def _blank(self) -> list[Strip]:
        """Nothing to scroll to: it looks as the pane does."""
        style = self.parent.rich_style if isinstance(self.parent, Widget) else self.rich_style
        return [self._filtered(Strip.blank(self.size.width, style))] * self.size.height

    def _filtered(self, strip: Strip) -> Strip:
        for line_filter in self.get_line_filters():
            strip = strip.apply_filter(line_filter, self.background_colors[1])
        return strip

    def _draw(self) -> list[Strip]:
        bar = self.render()
        width, height = self.size
        console = self.app.console
        options = console.options.update(width=width, height=height)
        strips: dict[Segment, Strip] = {}  # most cells are the same
        lines = []
        for cell in console.render(bar, options):
            if cell.text == "\n":
                continue
            if cell not in strips:
                strips[cell] = self._filtered(Strip([cell], width).apply_style(self.rich_style))
            lines.append(strips[cell])
        return lines
