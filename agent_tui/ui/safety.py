"""The last line of defence: no raw control character leaves for the terminal in a line."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter


class VisibleControls(LineFilter):
    """Makes visible whatever a widget let through."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments without anything that steers a terminal."""
        # domain pulls in nothing here
        from agent_tui.domain.text import LEFT_TO_RIGHT, visible  # noqa: PLC0415

        return [
            segment
            if segment.control
            or segment.text.isprintable()
            or segment.text.replace(LEFT_TO_RIGHT, "").isprintable()
            else Segment(visible(segment.text), segment.style)
            for segment in segments
        ]
