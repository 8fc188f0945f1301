"""What a drawing depends on, and the pieces that every row is made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from agent_tui.domain.text import LEFT_TO_RIGHT
from agent_tui.ui.diff.layout import Layout
from agent_tui.ui.diff.text import fences, is_open, letter_from

MARK = "▌"
Span = tuple[int, int, str]
"""Where it begins, where it ends, and the name of its style."""
Names = tuple[str, ...]


@dataclass
class Scene:
    """What a drawing depends on besides the layout.

    Attributes:
        cursor: The item that the cursor is on, where the view has the focus.
        selected: First and last row of the range.
        marked_hunks, marked_notes: Ids of what carries a mark.
        pattern: What is searched for.
        spans: Colours of a line, by hunk and index.
        words: Changed words of a line.
        moved: Indexes of lines that were moved, by hunk.
        coarse: Hunks with blocks that are too large for word highlights.
        context: Lines of the new file, by file, where it was read.
        seen: Numbers of hunks that were on screen.
        shift: Cells that the text is scrolled sideways.
    """

    cursor: tuple[object, ...] | None = None
    selected: tuple[int, int] | None = None
    marked_hunks: frozenset[str] = frozenset()
    marked_notes: frozenset[str] = frozenset()
    pattern: re.Pattern[str] | None = None
    spans: Mapping[tuple[int, int], list[Span]] = field(default_factory=dict)
    words: Mapping[tuple[int, int], list[Span]] = field(default_factory=dict)
    moved: Mapping[int, frozenset[int]] = field(default_factory=dict)
    coarse: set[int] = field(default_factory=set)
    context: Mapping[int, list[bytes]] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    shift: int = 0


class Pieces(list[Segment]):
    """The beginning of a row. What looks the same as the piece before it is joined to that."""

    def put(self, text: str, style: Style) -> None:
        """Append a text."""
        if self and self[-1].style is style:
            text = self.pop().text + text
        self.append(Segment(text, style))

    @property
    def cells(self) -> int:
        """How wide it is."""
        return sum([len(s[0]) if s[0].isascii() else cell_len(s[0]) for s in self])

    def cut(self, width: int) -> None:
        """Make it no wider than that."""
        if self.cells <= width:
            return
        self[:] = Strip(self).crop(0, width)
        text = "".join([segment.text for segment in self])
        if not text.isascii() and is_open(text[text.rfind(LEFT_TO_RIGHT) + 1 :]):
            self.append(Segment(self[-1].text + LEFT_TO_RIGHT, self.pop().style))

    def fill(self, width: int, style: Style) -> None:
        """Make it exactly that wide."""
        self.cut(width)
        missing = width - self.cells
        if missing > 0:
            self.put(" " * missing, style)


class Brush:
    """Draws pieces.

    Args:
        layout: The rows.
        scene: What else there is to see.
        style: Gives the style of some names put together; equal names give the same object.
    """

    def __init__(self, layout: Layout, scene: Scene, style: Callable[[Names], Style]) -> None:
        self._layout = layout
        self._scene = scene
        self._style = style

    def _put(self, pieces: Pieces, text: str, *names: str) -> None:
        pieces.put(text, self._style(names))

    def _begin(self, marked: bool, base: Names) -> Pieces:
        """A row, with its mark."""
        pieces = Pieces()
        pieces.put(MARK if marked else " ", self._style((*base, "mark") if marked else base))
        return pieces

    def _is_marked(self, number: int) -> bool:
        marks = self._scene.marked_hunks
        return bool(marks) and self._layout.stream.hunks[number].id in marks

    def _put_text(
        self,
        pieces: Pieces,
        text: str,
        base: Names,
        *,
        first: int = 0,
        last: int | None = None,
        layers: Iterable[Sequence[Span]] = (),
    ) -> None:
        """Append a part of a text with its spans, and what was searched for.

        Args:
            first, last: Which characters.
            layers: Spans in order; those of one layer do not overlap.
        """
        last = len(text) if last is None else min(last, len(text))
        if first >= last:
            return
        layers = [layer for layer in layers if layer]
        pattern = self._scene.pattern
        if pattern is not None:
            begin = max(0, first - 1000)
            found = pattern.finditer(text[begin : last + 1000])
            layers.append([(begin + m.start(), begin + m.end(), "match") for m in found])
        seen = [(max(first, begin), min(last, end)) for layer in layers
                for begin, end, _ in layer if begin < last and end > first]  # fmt: skip
        cuts = {first, last, *chain.from_iterable(seen)}
        if not text.isascii():  # a letter and what is drawn upon it have one style
            cuts = {letter_from(text, cut, last) for cut in cuts}
        fence = () if text.isascii() else fences(text, first, last)
        if not seen and not fence:
            pieces.put(text[first:last], self._style(base))
            return
        at = [0] * len(layers)
        for begin, end in pairwise(sorted(cuts)):
            names = base
            for number, layer in enumerate(layers):
                place = at[number]
                while place < len(layer) and layer[place][1] <= begin:
                    place += 1
                at[number] = place
                if place < len(layer) and layer[place][0] <= begin:
                    names = (*names, layer[place][2])
            part = text[begin:end]
            for stop in reversed(fence):
                if begin < stop <= end:
                    part = part[: stop - begin] + LEFT_TO_RIGHT + part[stop - begin :]
            pieces.put(part, self._style(names))
