"""Draws rows of a patch as strips of styled text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from agent_tui.domain.text import visible
from agent_tui.ui.diff.layout import NO_END, Layout, Row, file_name, wrapped
from agent_tui.ui.diff.model import Paragraph
from agent_tui.ui.diff.text import breaks, code_text

MARK = "▌"
BAR = "│"
Span = tuple[int, int, str]
"""Where it begins, where it ends, and the name of its style."""
Names = tuple[str, ...]

_STATUS = {
    "added": ("A", "ok"),
    "deleted": ("D", "bad"),
    "modified": ("M", "accent"),
    "renamed": ("R", "warn"),
    "copied": ("C", "warn"),
    "type changed": ("T", "warn"),
}
_SIGNS = {0x2B: "+", 0x2D: "-", 0x20: " "}
_BASES = {0x2B: "add", 0x2D: "del", 0x20: "plain"}


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


class Painter:
    """Draws rows.

    Args:
        layout: The rows.
        scene: What else there is to see.
        style: Gives the style of some names put together.
    """

    def __init__(self, layout: Layout, scene: Scene, style: Callable[[Names], Style]) -> None:
        self._layout = layout
        self._scene = scene
        self._style = style

    def draw(self, number: int, row: Row) -> Strip:
        """One row, as wide as the view."""
        scene = self._scene
        extra: Names = ()
        if scene.selected is not None and scene.selected[0] <= number <= scene.selected[1]:
            extra = ("range",)
        if scene.cursor == row.item:
            extra += ("cursor",)
        parts = _PARTS[row.kind](self, row, extra)
        base, pieces = parts
        width = self._layout.options.width
        strip = Strip(pieces)
        if strip.cell_length > width:
            strip = strip.crop(0, width)
        return strip.adjust_cell_length(width, self._style((*base, *extra)))

    # -- pieces ------------------------------------------------------------------------------

    def _piece(self, text: str, *names: str) -> Segment:
        return Segment(text, self._style(names))

    def _mark(self, marked: bool, base: Names) -> Segment:
        return self._piece(MARK if marked else " ", *base, "mark")

    def _is_marked(self, number: int) -> bool:
        marks = self._scene.marked_hunks
        return bool(marks) and self._layout.stream.hunks[number].id in marks

    def _fill(self, left: list[Segment], right: list[Segment], base: Names) -> list[Segment]:
        """Left and right parts with room between; the left one is cut where it must be."""
        width = self._layout.options.width
        room = width - sum(cell_len(piece.text) for piece in right)
        used = sum(cell_len(piece.text) for piece in left)
        if used > room - 1:
            strip = Strip(left).crop(0, max(0, room - 2))
            return [*strip, self._piece("… ", *base), *right]
        return [*left, self._piece(" " * (room - used), *base), *right]

    # -- kinds of rows -----------------------------------------------------------------------

    def _intro(self, row: Row, extra: Names) -> tuple[Names, list[Segment]]:
        if row.left < 0:
            return ("plain",), [self._piece(" ", "plain")]
        paragraph: Paragraph = self._layout.overlays.intro[row.left]
        width = self._layout.options.width
        text = wrapped(paragraph.lead + paragraph.text, width - 2)
        line = visible(text[row.part]) if row.part < len(text) else ""
        tone = ("muted", "strong") if paragraph.heading else (paragraph.tone or "plain",)
        pieces = [self._piece(" ", "plain")]
        if paragraph.lead and row.part == 0:
            lead = line[: len(paragraph.lead)]
            pieces.append(self._piece(lead, "plain", "warn"))
            line = line[len(paragraph.lead) :]
        pieces.append(self._piece(line, "plain", *tone))
        return ("plain",), pieces

    def _file(self, row: Row, extra: Names) -> tuple[Names, list[Segment]]:
        layout, scene = self._layout, self._scene
        file = layout.stream.files[row.owner]
        base: Names = ("head", *extra)
        dropped = file.path in layout.overlays.left_out.files
        sign, tone = _STATUS[file.status]
        name = visible(file_name(file))
        left = [
            self._mark(False, base),
            self._piece(("✗" if dropped else sign) + " ", *base, "bad" if dropped else tone),
            *self._found(name, 0, len(name), [], (*base, "strong", *(["gone"] * dropped))),
        ]
        if file.status not in ("modified", "renamed", "copied"):
            left.append(self._piece(f"  {file.status}", *base, tone))
        elif file.status != "modified":
            left.append(self._piece(f"  {file.status}", *base, "warn"))
        if dropped:
            left.append(self._piece("  left out", *base, "bad"))
        right = []
        numbers = layout.stream.numbers_of(row.owner)
        if numbers:
            seen = sum(1 for number in numbers if number in scene.seen) if scene.seen else 0
            right.append(self._piece(f"+{file.added}", *base, "ok"))
            right.append(self._piece(f" −{file.removed} ", *base, "bad"))
            if seen == len(numbers):
                right.append(self._piece(" ✓ seen ", *base, "muted"))
            else:
                right.append(self._piece(f" {seen}/{len(numbers)} seen ", *base, "muted"))
        return base, self._fill(left, right, base)

    def _detail(self, row: Row, extra: Names) -> tuple[Names, list[Segment]]:
        layout = self._layout
        file = layout.stream.files[row.owner]
        detail = layout.details(row.owner)[row.left]
        base: Names = ("plain", *extra)
        pieces = [self._mark(False, base), self._piece("  ", *base)]
        out = layout.overlays.left_out
        left = {"mode": out.modes, "move": out.moves, "end": out.ends}.get(detail.about, ())
        if file.path in left:
            pieces.append(self._piece("✗ ", *base, "bad"))
            pieces.append(self._piece(detail.text, *base, "gone"))
            pieces.append(self._piece("  left out", *base, "bad"))
        else:
            pieces.append(self._piece(detail.text, *base, detail.tone))
        return base, pieces

    def _hunk(self, row: Row, extra: Names) -> tuple[Names, list[Segment]]:
        layout, stream = self._layout, self._layout.stream
        number = row.owner
        hunk = stream.hunks[number]
        file = stream.files[stream.file_of[number]]
        overlays = layout.overlays
        base: Names = ("hunk", *extra)
        left = [
            self._mark(self._is_marked(number), base),
            self._piece(f"@@ {number + 1}/{len(stream.hunks)}", *base, "accent"),
        ]
        if overlays.claims or overlays.flag_unclaimed:
            claims = overlays.claims.get(hunk.id, ())
            if claims:
                left.append(self._piece(" · " + visible(" ".join(claims)), *base, "accent",
                                        "strong"))  # fmt: skip
            elif overlays.flag_unclaimed:
                left.append(self._piece(" · no criterion claims this", *base, "warn"))
        lines = overlays.left_out.lines
        out = len(lines.get(hunk.id, ())) if lines else 0
        if file.path in overlays.left_out.files or out == len(hunk.changed) > 0:
            left.append(self._piece(" · ✗ left out", *base, "bad"))
        elif out:
            left.append(self._piece(" · ✗ partly left out", *base, "warn"))
        if overlays.flags and (flag := overlays.flags.get(hunk.id)) is not None:
            tone = (flag[1],) if flag[1] else ()
            left.append(self._piece(f" · {visible(flag[0])}", *base, *tone))
        if number in layout.folded:
            left.append(self._piece(f" · folded +{hunk.added} −{hunk.removed}", *base, "muted"))
        if number in self._scene.coarse:
            left.append(self._piece(" · too large for word highlights", *base, "muted"))
        if hunk.section:
            left.append(self._piece("  " + visible(hunk.section), *base, "muted"))
        right = [self._piece("✓ ", *base, "muted")] if number in self._scene.seen else []
        return base, self._fill(left, right, base)

    def _note(self, row: Row, extra: Names) -> tuple[Names, list[Segment]]:
        layout = self._layout
        note = layout.notes[row.left]
        lines = layout.note_lines(row.left)
        line = lines[row.part]
        base: Names = ("note", *extra)
        marked = note.id in self._scene.marked_notes
        first_said = next((i for i, text in enumerate(lines) if text.lead), 0)
        sign = f"{note.sign} " if row.part == first_said else "  "
        pieces = [
            self._mark(marked, base),
            self._piece("     " + sign, *base, note.tone or "plain"),
        ]
        if line.quoted:
            pieces.append(self._piece("> " + line.text, *base, "muted"))
        else:
            tone = (note.tone,) if note.tone else ()
            text = visible(line.text)
            pieces.append(self._piece(text[: line.lead], *base, *tone, "strong"))
            pieces += self._found(text, line.lead, len(text), [], (*base, *tone))
        return base, pieces

    def _space(self, row: Row, extra: Names) -> tuple[Names, list[Segment]]:
        base: Names = ("plain", *extra)
        count = -2 - row.right
        words = f"⋯ {count} changed lines differ in white space alone; i shows them"
        pad = " " * (self._gutter(row.owner) - 1)
        return base, [
            self._mark(self._is_marked(row.owner), base),
            self._piece(pad + words, *base, "muted"),
        ]

    def _gutter(self, number: int) -> int:
        layout = self._layout
        return layout.options.gutter(layout.stream.digits(layout.stream.file_of[number]))

    def _context(self, row: Row, extra: Names) -> tuple[Names, list[Segment]]:
        layout = self._layout
        base: Names = ("more", *extra)
        file = layout.stream.file_of[row.owner]
        lines = self._scene.context.get(file, [])
        data = lines[row.right - 1] if 0 < row.right <= len(lines) else b""
        text = code_text(data)
        digits, room = layout.stream.digits(file), layout.room(row.owner)
        pieces = [self._mark(self._is_marked(row.owner), base)]
        if layout.options.split:
            left = self._numbers(f"{row.left:>{digits}}", " ", "  ", base)
            body = self._text(text, 0, room, [], base)
            right = self._numbers(f"{row.right:>{digits}}", " ", "  ", base)
            pieces += [*left, *_fit(body, room, self._style(base)), self._piece(BAR, *base, "rule")]
            return base, [*pieces, *right, *body]
        shown = f"{row.right:>{digits}}"
        if layout.options.wide(digits):
            shown = f"{row.left:>{digits}} {shown}"
        return base, [*pieces, *self._numbers(shown, " ", "  ", base),
                      *self._text(text, 0, room, [], base)]  # fmt: skip

    # -- lines -------------------------------------------------------------------------------

    def _line(self, row: Row, extra: Names) -> tuple[Names, list[Segment]]:
        if self._layout.options.split:
            return self._pair(row, extra)
        layout, number = self._layout, row.owner
        index = row.right if row.right >= 0 else row.left
        scan = layout.scan(number)
        base = self._base(number, index, extra)
        digits = layout.stream.digits(layout.stream.file_of[number])
        pieces = [self._mark(self._is_marked(number), base)]
        if row.part:
            pieces.append(self._piece(" " * (layout.options.gutter(digits) - 1), *base))
        else:
            old, new = scan.numbers(index)
            before = str(old) if old is not None else ""
            after = str(new) if new is not None else ""
            shown = f"{after or before:>{digits}}"
            if layout.options.wide(digits):
                shown = f"{before:>{digits}} {after:>{digits}}"
            pieces += self._numbers(shown, self._sign_of_note(number, index),
                                    self._sign(number, index), base)  # fmt: skip
        pieces += self._body(number, index, row.part, base)
        return base, pieces

    def _pair(self, row: Row, extra: Names) -> tuple[Names, list[Segment]]:
        layout, number = self._layout, row.owner
        room = layout.room(number)
        base: Names = ("plain", *extra)
        pieces = [self._mark(self._is_marked(number), base)]
        pieces += self._side(number, row.left, row.part, room, extra, old=True)
        pieces.append(self._piece(BAR, *base, "rule"))
        pieces += self._side(number, row.right, row.part, room, extra, old=False)
        ending = self._base(number, row.right, extra) if row.right >= 0 else ("void", *extra)
        return ending, pieces

    def _side(
        self, number: int, index: int, part: int, room: int, extra: Names, *, old: bool
    ) -> list[Segment]:
        layout = self._layout
        digits = layout.stream.digits(layout.stream.file_of[number])
        if index < 0:
            return [self._piece(" " * (digits + 3 + room), "void", *extra)]
        base = self._base(number, index, extra)
        scan = layout.scan(number)
        if part:
            pieces = [self._piece(" " * (digits + 3), *base)]
        else:
            shown = scan.numbers(index)[0 if old else 1]
            note = self._sign_of_note(number, index, old=old)
            pieces = self._numbers(f"{shown:>{digits}}", note, self._sign(number, index), base)
        body = self._body(number, index, part, base)
        return [*pieces, *_fit(body, room, self._style(base))]

    def _base(self, number: int, index: int, extra: Names) -> Names:
        kind = _BASES[self._layout.scan(number).kinds[index]]
        if kind != "plain":
            if self._is_out(number, index):
                kind = "out"
            elif index in self._scene.moved.get(number, ()):
                kind = "moved"
        return (kind, *extra)

    def _is_out(self, number: int, index: int) -> bool:
        layout = self._layout
        out = layout.overlays.left_out
        if out.files:
            file = layout.stream.files[layout.stream.file_of[number]]
            if file.path in out.files:
                return True
        return bool(out.lines) and index in out.lines.get(layout.stream.hunks[number].id, ())

    def _numbers(self, shown: str, note: str, sign: str, base: Names) -> list[Segment]:
        tone = {"✗": "bad", "+": "sign-add", "-": "sign-del"}.get(sign[0], "number")
        return [
            self._piece(shown, *base, "number"),
            self._piece(note, *base, "sign-note"),
            self._piece(sign, *base, tone),
        ]

    def _sign(self, number: int, index: int) -> str:
        """The sign of a line, two cells."""
        kind = self._layout.scan(number).kinds[index]
        if kind != 0x20 and self._is_out(number, index):
            return "✗ "
        moved = index in self._scene.moved.get(number, ())
        return _SIGNS[kind] + (("»" if kind == 0x2D else "«") if moved else " ")

    def _sign_of_note(self, number: int, index: int, *, old: bool | None = None) -> str:
        found = self._layout.at_line.get(number, {}).get(index)
        if not found:
            return " "
        note = self._layout.notes[found[0]]
        if old is not None and (note.side == "old") != old:
            return " "
        return note.sign

    def _body(self, number: int, index: int, part: int, base: Names) -> list[Segment]:
        layout, scene = self._layout, self._scene
        text = layout.text(number, index)
        room = layout.room(number)
        if layout.options.wrap:
            starts = breaks(text, room)
            if part >= len(starts):
                return []
            first = starts[part]
            last = starts[part + 1] if part + 1 < len(starts) else len(text)
        elif text.isascii():
            first, last = scene.shift, scene.shift + room
        else:
            first = breaks(text[: scene.shift + 1], max(2, scene.shift))[-1] if scene.shift else 0
            last = first + room
        spans: list[Span] = []
        if base[0] != "out":
            spans += scene.spans.get((number, index), ())
            spans += scene.words.get((number, index), ())
            if base[0] == "add" and text[-1:] == " ":
                spans.append((len(text.rstrip(" ")), len(text), "trailing"))
        if text.endswith(NO_END) and index in layout.scan(number).unended:
            spans.append((len(text) - len(NO_END), len(text), "muted"))
        return self._text(text, first, last, spans, base)

    def _text(
        self, text: str, first: int, last: int, spans: list[Span], base: Names
    ) -> list[Segment]:
        return self._found(text, first, min(last, len(text)), spans, base)

    def _found(
        self, text: str, first: int, last: int, spans: list[Span], base: Names
    ) -> list[Segment]:
        """A part of a text with its spans, and what was searched for."""
        pattern = self._scene.pattern
        if pattern is not None:
            begin = max(0, first - 1000)
            matches = [
                (begin + match.start(), begin + match.end(), "match")
                for match in pattern.finditer(text[begin : last + 1000])
            ]
            spans = [*spans, *matches]
        spans = [span for span in spans if span[0] < last and span[1] > first]
        if not spans:
            return [self._piece(text[first:last], *base)] if first < last else []
        cuts = {first, last}
        for begin, end, _ in spans:
            cuts.add(max(first, begin))
            cuts.add(min(last, end))
        ordered = sorted(cuts)
        pieces: list[Segment] = []
        for begin, end in pairwise(ordered):
            names = tuple(name for a, b, name in spans if a <= begin < b)
            pieces.append(self._piece(text[begin:end], *base, *names))
        return pieces


_PARTS: dict[str, Callable[[Painter, Row, Names], tuple[Names, list[Segment]]]] = {
    "intro": Painter._intro,
    "file": Painter._file,
    "detail": Painter._detail,
    "hunk": Painter._hunk,
    "note": Painter._note,
    "space": Painter._space,
    "context": Painter._context,
    "line": Painter._line,
}


def _fit(pieces: list[Segment], room: int, style: Style) -> list[Segment]:
    """The pieces in exactly that many cells."""
    used = sum(cell_len(piece.text) for piece in pieces)
    if used > room:
        cut = Strip(pieces).crop(0, room)
        return [*cut.adjust_cell_length(room, style)]
    return [*pieces, Segment(" " * (room - used), style)] if used < room else pieces
