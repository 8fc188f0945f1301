"""Draws the lines of hunks, and the context around them."""

from __future__ import annotations

from collections.abc import Sequence

from agent_tui.ui.diff.brush import Brush, Names, Pieces, Span
from agent_tui.ui.diff.hunk_lines import NO_END
from agent_tui.ui.diff.layout import Row
from agent_tui.ui.diff.text import at_cell, breaks, code_text, fitting

BAR = "│"
_SIGNS = {0x2B: "+", 0x2D: "-", 0x20: " "}
_BASES = {0x2B: "add", 0x2D: "del", 0x20: "plain"}
_TONES = {"✗": "bad", "+": "sign-add", "-": "sign-del"}


def _around(numbers: Sequence[int], digits: int) -> str:
    """The numbers of a line of context, in the cells of the signs as well, which it has not.

    Far behind the last hunk they may have more digits than there is room for in front of a hunk's
    lines. What cannot be shown of them then is the old one, and the beginning.

    Args:
        digits: Of the largest number in the hunks.
    """
    cells = len(numbers) * (digits + 1) + 1
    shown = " ".join(f"{number:>{digits}}" for number in numbers)
    if len(shown) > cells:
        shown = f"{numbers[-1]:>{cells - 2}}"
    if len(shown) > cells:
        shown = "…" + shown[1 - cells :]
    return shown.ljust(cells)


class LineBrush(Brush):
    """Draws lines of code."""

    def line(self, row: Row, extra: Names) -> tuple[Names, Pieces]:
        """A line of a hunk, or one of each side."""
        if row.part < 0:
            return self._gap(row, extra)
        if self._layout.options.split:
            return self._pair(row, extra)
        layout, number = self._layout, row.owner
        index = row.right if row.right >= 0 else row.left
        base = self._base(number, index, extra)
        digits = layout.stream.digits(layout.stream.file_of[number])
        pieces = self._begin(self._is_marked(number), base)
        if row.part:
            self._put(pieces, " " * (layout.options.gutter(digits) - 1), *base)
        else:
            old, new = layout.scan(number).numbers(index)
            before = str(old) if old is not None else ""
            after = str(new) if new is not None else ""
            shown = f"{after or before:>{digits}}"
            if layout.options.wide(digits):
                shown = f"{before:>{digits}} {after:>{digits}}"
            note = self._sign_of_note(number, index)
            self._put_numbers(pieces, shown, note, self._sign(number, index), base)
        self._put_body(pieces, number, index, row.part, base)
        return base, pieces

    def context(self, row: Row, extra: Names) -> tuple[Names, Pieces]:
        """A line around a hunk."""
        layout = self._layout
        base: Names = ("more", *extra)
        file = layout.stream.file_of[row.owner]
        lines = self._scene.context.get(file, [])
        data = lines[row.right - 1] if 0 < row.right <= len(lines) else b""
        text = code_text(data)
        digits, room = layout.stream.digits(file), layout.room(row.owner)
        pieces = self._begin(self._is_marked(row.owner), base)
        if layout.options.split:
            self._put_numbers(pieces, _around([row.left], digits), " ", "", base)
            self._put_in_one_row(pieces, text, room, base)
            pieces.fill(1 + digits + 3 + room, self._style(base))
            self._put(pieces, BAR, *base, "rule")
            self._put_numbers(pieces, _around([row.right], digits), " ", "", base)
        else:
            both = layout.options.wide(digits)
            numbers = [row.left, row.right] if both else [row.right]
            self._put_numbers(pieces, _around(numbers, digits), " ", "", base)
        self._put_in_one_row(pieces, text, room, base)
        return base, pieces

    def space(self, row: Row, extra: Names) -> tuple[Names, Pieces]:
        """What stands for a block that differs in white space alone."""
        layout = self._layout
        base: Names = ("plain", *extra)
        gutter = layout.options.gutter(layout.stream.digits(layout.stream.file_of[row.owner]))
        words = f"⋯ {-2 - row.right} changed lines differ in white space alone; i shows them"
        return self._remark(row, words, gutter, base)

    def _gap(self, row: Row, extra: Names) -> tuple[Names, Pieces]:
        """What stands for the rows of a long line that are not made."""
        layout = self._layout
        parts = layout.parts(row.owner, row.left, row.right)
        at = parts.index(row.part)
        hidden = -row.part - (parts[at - 1] + 1 if at else 0)
        gutter = layout.options.gutter(layout.stream.digits(layout.stream.file_of[row.owner]))
        words = f"⋯ {hidden:,} more rows of this line; enter shows them"
        index = row.right if row.right >= 0 else row.left
        whole = layout.options.split
        base = ("plain", *extra) if whole else self._base(row.owner, index, extra)
        return self._remark(row, words, gutter, base)

    def _remark(self, row: Row, words: str, gutter: int, base: Names) -> tuple[Names, Pieces]:
        pieces = self._begin(self._is_marked(row.owner), base)
        self._put(pieces, " " * (gutter - 1) + words, *base, "muted")
        return base, pieces

    # -- side by side ------------------------------------------------------------------------

    def _pair(self, row: Row, extra: Names) -> tuple[Names, Pieces]:
        layout, number = self._layout, row.owner
        room = layout.room(number)
        digits = layout.stream.digits(layout.stream.file_of[number])
        base: Names = ("plain", *extra)
        pieces = self._begin(self._is_marked(number), base)
        width = 1 + digits + 3 + room
        self._put_side(pieces, number, row.left, row.part, width, extra, old=True)
        self._put(pieces, BAR, *base, "rule")
        width += 1 + digits + 3 + room
        self._put_side(pieces, number, row.right, row.part, width, extra, old=False)
        ending = self._base(number, row.right, extra) if row.right >= 0 else ("void", *extra)
        return ending, pieces

    def _put_side(
        self,
        pieces: Pieces,
        number: int,
        index: int,
        part: int,
        until: int,
        extra: Names,
        *,
        old: bool,
    ) -> None:
        layout = self._layout
        if index < 0:
            pieces.fill(until, self._style(("void", *extra)))
            return
        digits = layout.stream.digits(layout.stream.file_of[number])
        base = self._base(number, index, extra)
        if part:
            self._put(pieces, " " * (digits + 3), *base)
        else:
            shown = layout.scan(number).numbers(index)[0 if old else 1]
            note = self._sign_of_note(number, index, old=old)
            sign = self._sign(number, index)
            self._put_numbers(pieces, f"{shown:>{digits}}", note, sign, base)
        self._put_body(pieces, number, index, part, base)
        pieces.fill(until, self._style(base))

    # -- what a line consists of -------------------------------------------------------------

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

    def _put_numbers(self, pieces: Pieces, shown: str, note: str, sign: str, base: Names) -> None:
        """Numbers, the sign of a note, the line's sign; blanks go with what is in front of them."""
        numbers = self._style((*base, "number"))
        tone = _TONES.get(sign[:1])
        if pieces[-1].text == " ":  # no mark
            pieces.pop()
            shown = " " + shown
        pieces.put(shown, numbers)
        pieces.put(note, numbers if note == " " else self._style((*base, "sign-note")))
        pieces.put(sign, numbers if tone is None else self._style((*base, tone)))

    def _sign(self, number: int, index: int) -> str:
        """The sign of a line, two cells."""
        kind = self._layout.scan(number).kinds[index]
        if kind != 0x20 and self._is_out(number, index):
            return "✗ "
        moved = index in self._scene.moved.get(number, ())
        return _SIGNS[kind] + (("»" if kind == 0x2D else "«") if moved else " ")

    def _sign_of_note(self, number: int, index: int, *, old: bool | None = None) -> str:
        found = self._layout.at.lines.get(number, {}).get(index)
        if not found:
            return " "
        note = self._layout.notes[found[0]]
        if old is not None and (note.side == "old") != old:
            return " "
        return note.sign

    def _put_body(self, pieces: Pieces, number: int, index: int, part: int, base: Names) -> None:
        layout, scene = self._layout, self._scene
        text = layout.text(number, index)
        room = layout.room(number)
        if layout.options.wrap:
            starts = breaks(text, room)
            if part >= len(starts):
                return
            first = starts[part]
            last = starts[part + 1] if part + 1 < len(starts) else len(text)
        else:
            first, last = self._put_scrolled(pieces, text, room, base)
        at, end = (number, index), len(text)
        if text.endswith(NO_END) and index in layout.scan(number).unended:
            end -= len(NO_END)
        last_of_all: list[Span] = []
        if base[0] == "add" and text.endswith(" ", 0, end):
            last_of_all.append((len(text[:end].rstrip(" ")), end, "trailing"))
        layers = (scene.spans.get(at, ()), scene.words.get(at, ())) if base[0] != "out" else ()
        layers = (*layers, last_of_all)
        # What is searched for is not marked in our own words. A copy of a long line takes long.
        code = text if scene.pattern is None else text[:end]
        self._put_text(pieces, code, base, first=first, last=min(last, end), layers=layers)
        if last > end < len(text):
            self._put(pieces, text[max(first, end) : last], *base, "muted")

    def _put_in_one_row(self, pieces: Pieces, text: str, room: int, base: Names) -> None:
        """A line that is never wrapped; a mark at its end says that there is more of it."""
        begin = pieces.cells
        first, last = self._put_scrolled(pieces, text, room, base)
        if last < len(text):
            last = first + fitting(text[first:last], begin + room - 1 - pieces.cells)
        self._put_text(pieces, text, base, first=first, last=last)
        if last < len(text):
            pieces.fill(begin + room - 1, self._style(base))
            self._put(pieces, "…", *base, "muted")

    def _put_scrolled(self, pieces: Pieces, text: str, room: int, base: Names) -> tuple[int, int]:
        """Which characters of a line are seen that is scrolled sideways.

        Half of a wide one at the left end is a blank, which is put here; at the right end it is
        left to whoever fills the row.
        """
        shift = 0 if self._layout.options.wrap else self._scene.shift
        if text.isascii():
            return shift, shift + room
        first, halves = at_cell(text, shift)
        if halves:
            self._put(pieces, " " * halves, *base)
        return first, first + fitting(text[first:], room - halves)
