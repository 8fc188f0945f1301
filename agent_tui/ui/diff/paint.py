"""Draws rows of a patch as strips of styled text."""

from __future__ import annotations

from collections.abc import Callable

from textual.strip import Strip

from agent_tui.domain.text import counted, visible
from agent_tui.ui.diff.brush import Names, Pieces, Scene
from agent_tui.ui.diff.facts import file_name
from agent_tui.ui.diff.layout import Row
from agent_tui.ui.diff.left_out import is_left_out
from agent_tui.ui.diff.lines import LineBrush
from agent_tui.ui.diff.model import Paragraph
from agent_tui.ui.diff.notes import wrapped

__all__ = ["Names", "Painter", "Scene"]

MIN_NAME = 24
"""Cells of a file's name for whose sake what its sign says as well is left unsaid."""
_STATUS = {
    "added": ("A", "ok"),
    "deleted": ("D", "bad"),
    "modified": ("M", "accent"),
    "renamed": ("R", "warn"),
    "copied": ("C", "warn"),
    "type changed": ("T", "warn"),
}


class Painter(LineBrush):
    """Draws rows."""

    def draw(self, number: int, row: Row) -> Strip:
        """One row, as wide as the view."""
        scene = self._scene
        extra: Names = ()
        if scene.selected is not None and scene.selected[0] <= number <= scene.selected[1]:
            extra = ("range",)
        if scene.cursor == row.item:
            extra += ("cursor",)
        base, pieces = _PARTS[row.kind](self, row, extra)
        width = self._layout.options.width
        pieces.fill(width, self._style((*base, *extra)))
        return Strip(pieces, width)

    def _fill(self, left: Pieces, right: Pieces, base: Names) -> Pieces:
        """Left and right parts with room between; the left one is cut where it must be."""
        room = self._layout.options.width - right.cells
        if left.cells > room - 1:
            left.cut(max(0, room - 2))
            self._put(left, "… ", *base)
        left.fill(room, self._style(base))
        for text, style, _ in right:
            left.put(text, style or self._style(base))
        return left

    # -- kinds of rows -----------------------------------------------------------------------

    def _intro(self, row: Row, extra: Names) -> tuple[Names, Pieces]:
        base: Names = ("plain",)
        pieces = self._begin(False, base)
        if row.left < 0:
            return base, pieces
        paragraph: Paragraph = self._layout.overlays.intro[row.left]
        width = self._layout.options.width
        text = wrapped(paragraph.lead + paragraph.text, width - 2)
        line = visible(text[row.part]) if row.part < len(text) else ""
        tone = ("muted", "strong") if paragraph.heading else (paragraph.tone or "plain",)
        lead = len(paragraph.lead) if row.part == 0 else 0
        if lead:
            self._put(pieces, line[:lead], *base, "warn")
        self._put_text(pieces, line, (*base, *tone), first=lead)
        return base, pieces

    def _file(self, row: Row, extra: Names) -> tuple[Names, Pieces]:
        layout, scene = self._layout, self._scene
        file = layout.stream.files[row.owner]
        base: Names = ("head", *extra)
        left_out = layout.overlays.left_out
        some = layout.stream.lines_in(row.owner, left_out.lines)
        dropped = is_left_out(file, some, left_out)
        sign, tone = _STATUS[file.status]
        left, right = self._begin(False, base), Pieces()
        self._put(left, ("✗" if dropped else sign) + " ", *base, "bad" if dropped else tone)
        numbers = layout.stream.numbers_of(row.owner)
        if numbers:
            seen = sum(1 for number in numbers if number in scene.seen) if scene.seen else 0
            self._put(right, f"+{file.added}", *base, "ok")
            self._put(right, f" −{file.removed} ", *base, "bad")
            said = " ✓ seen " if seen == len(numbers) else f" {seen}/{len(numbers)} seen "
            self._put(right, said, *base, "muted")
        name = (*base, "strong", "gone") if dropped else (*base, "strong")
        status = f"  {file.status}" if file.status != "modified" else ""
        out = "  left out" if dropped else f"  {counted(some, 'line')} left out" if some else ""
        room = layout.options.width - left.cells - right.cells - len(out) - 2
        if room - len(status) < MIN_NAME:
            status = ""  # the sign in front says it
        self._put_text(left, file_name(file, max(MIN_NAME, room - len(status))), name)
        if status:
            self._put(left, status, *base, tone)
        if out:
            self._put(left, out, *base, "bad" if dropped else "warn")
        return base, self._fill(left, right, base)

    def _detail(self, row: Row, extra: Names) -> tuple[Names, Pieces]:
        layout = self._layout
        file = layout.stream.files[row.owner]
        detail = layout.details(row.owner)[row.left]
        base: Names = ("plain", *extra)
        pieces = self._begin(False, base)
        self._put(pieces, "  ", *base)
        out = layout.overlays.left_out
        parts = {
            "mode": out.modes, "move": out.moves, "end": out.ends,
            "original": {*out.originals, *out.moves},  # a file that is not moved is not removed
        }  # fmt: skip
        left = parts.get(detail.about, ())
        if file.path in left:
            self._put(pieces, "✗ ", *base, "bad")
            self._put_text(pieces, detail.text, (*base, "gone"))
            self._put(pieces, "  left out", *base, "bad")
        else:
            self._put_text(pieces, detail.text, (*base, detail.tone))
        return base, pieces

    def _hunk(self, row: Row, extra: Names) -> tuple[Names, Pieces]:
        layout, stream = self._layout, self._layout.stream
        number = row.owner
        hunk = stream.hunks[number]
        overlays = layout.overlays
        base: Names = ("hunk", *extra)
        left, right = self._begin(self._is_marked(number), base), Pieces()
        self._put(left, f"@@ {number + 1}/{len(stream.hunks)}", *base, "accent")
        if overlays.claims or overlays.flag_unclaimed:
            claims = overlays.claims.get(hunk.id, ())
            if claims:
                said = " · " + visible(" ".join(claims))
                self._put_text(left, said, (*base, "accent", "strong"))
            elif overlays.flag_unclaimed:
                self._put(left, " · no criterion claims this", *base, "warn")
        lines = overlays.left_out.lines
        out = len(lines.get(hunk.id, ())) if lines else 0
        path = stream.files[stream.file_of[number]].path
        if path in overlays.left_out.files or (out and out == hunk.added + hunk.removed):
            self._put(left, " · ✗ left out", *base, "bad")
        elif out:
            self._put(left, " · ✗ partly left out", *base, "warn")
        if overlays.flags and (flag := overlays.flags.get(hunk.id)) is not None:
            tone = (flag[1],) if flag[1] else ()
            self._put_text(left, f" · {visible(flag[0])}", (*base, *tone))
        if number in layout.folded:
            self._put(left, f" · folded +{hunk.added} −{hunk.removed}", *base, "muted")
        if number in self._scene.coarse:
            self._put(left, " · too large for word highlights", *base, "muted")
        if hunk.section:
            self._put_text(left, "  " + visible(hunk.section), (*base, "muted"))
        if number in self._scene.seen:
            self._put(right, "✓ ", *base, "muted")
        return base, self._fill(left, right, base)

    def _note(self, row: Row, extra: Names) -> tuple[Names, Pieces]:
        layout = self._layout
        note = layout.notes[row.left]
        lines = layout.note_lines(row.left)
        line = lines[row.part]
        base: Names = ("note", *extra)
        first_said = next((i for i, text in enumerate(lines) if text.lead), 0)
        sign = f"{note.sign} " if row.part == first_said else "  "
        pieces = self._begin(note.id in self._scene.marked_notes, base)
        self._put(pieces, "     " + sign, *base, note.tone or "plain")
        if line.quoted:
            self._put_text(pieces, "> " + line.text, (*base, "muted"))
        else:
            names = (*base, note.tone) if note.tone else base
            text = visible(line.text)
            self._put(pieces, text[: line.lead], *names, "strong")
            self._put_text(pieces, text, names, first=line.lead)
        return base, pieces


_PARTS: dict[str, Callable[[Painter, Row, Names], tuple[Names, Pieces]]] = {
    "intro": Painter._intro,
    "file": Painter._file,
    "detail": Painter._detail,
    "hunk": Painter._hunk,
    "note": Painter._note,
    "space": Painter.space,
    "context": Painter.context,
    "line": Painter.line,
}
