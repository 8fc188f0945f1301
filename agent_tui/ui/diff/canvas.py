"""The drawing half of the widget: lays a patch out, and draws the lines that are on the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import ClassVar, TypeVar

from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip

from agent_tui.domain.patch import Patch
from agent_tui.ui.diff.blocks import Options, Stream
from agent_tui.ui.diff.layout import Layout, Row
from agent_tui.ui.diff.model import Overlays
from agent_tui.ui.diff.paint import Names, Painter, Scene
from agent_tui.ui.diff.placing import ABOVE
from agent_tui.ui.widgets.drawn import DrawnView
from agent_tui.ui.widgets.lines import ASKED

T = TypeVar("T")
SPLIT_FROM = 140
"""Cells from which the two sides stand next to each other by themselves."""
AT_FIRST = 400
"""Hunks that are measured before the first frame; the others follow in a thread."""
STRIPS = 4_000


_NAMES = (
    "plain", "head", "hunk", "add", "del", "out", "moved", "more", "note", "void", "number", "rule",
    "mark", "strong", "gone", "accent", "ok", "bad", "warn", "muted", "person", "model", "comment",
    "keyword", "string", "literal", "word-add", "word-del", "trailing", "match", "range", "cursor",
    "sign-add", "sign-del", "sign-note",
)  # fmt: skip


class Canvas(DrawnView, can_focus=True, inherit_bindings=False):
    """Shows rows of a patch."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"diff--{name}" for name in _NAMES}
    DEFAULT_CSS = """
    Canvas {
        height: 1fr;
        background: $background;
        color: $foreground;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 1;
        & > .diff--head { background: $panel; }
        & > .diff--hunk { background: $surface; }
        & > .diff--add { background: $success-muted; }
        & > .diff--del { background: $error-muted; }
        & > .diff--out { color: $foreground-darken-3; text-style: strike; }
        & > .diff--moved { background: $primary-muted; }
        & > .diff--more { color: $foreground-darken-2; }
        & > .diff--note { background: $surface; }
        & > .diff--void { background: $surface; }
        & > .diff--number { color: $foreground-darken-3; }
        & > .diff--rule { color: $foreground-darken-3; }
        & > .diff--mark { color: $primary; }
        & > .diff--strong { text-style: bold; }
        & > .diff--gone { color: $foreground-darken-3; text-style: strike; }
        & > .diff--accent { color: $text-secondary; }
        & > .diff--ok { color: $text-success; }
        & > .diff--bad { color: $text-error; }
        & > .diff--warn { color: $text-warning; }
        & > .diff--muted { color: $foreground-darken-2; }
        & > .diff--person { color: $text-accent; }
        & > .diff--model { color: $text-primary; }
        & > .diff--comment { color: $foreground-darken-2; text-style: italic; }
        & > .diff--keyword { color: $text-accent; }
        & > .diff--string { color: $text-primary; }
        & > .diff--literal { color: $text-warning; }
        & > .diff--word-add { background: $success 45%; }
        & > .diff--word-del { background: $error 45%; }
        & > .diff--trailing { background: $error; }
        & > .diff--match { background: $warning; color: $background; }
        & > .diff--range { background: $primary-muted; }
        & > .diff--cursor { background: $boost; }
        & > .diff--sign-add { color: $text-success; text-style: bold; }
        & > .diff--sign-del { color: $text-error; text-style: bold; }
        & > .diff--sign-note { color: $text-warning; text-style: bold; }
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.scene = Scene()
        self._strips: dict[tuple[int, bool, bool], Strip] = {}
        self._drawn_out: dict[int, object] = {}
        self._styles: dict[Names, Style] = {}
        self._generation = 0
        self._split: bool | None = None
        self._wrap = True
        self._fold_space = False
        self.stream = Stream(Patch())
        self.overlays = Overlays()
        self.plan = self._new_layout()

    # -- layout ------------------------------------------------------------------------------

    @property
    def options(self) -> Options:
        """How the patch is laid out in the present width."""
        width = self.size.width
        split = self._split if self._split is not None else width >= SPLIT_FROM
        # The last column is the scroll bar's, also while there is none: it must not hide a letter.
        return Options(
            max(20, width - 1), split=split, wrap=self._wrap, fold_space=self._fold_space
        )

    def _new_layout(self) -> Layout:
        return Layout(self.stream, self.overlays, Options(20))

    def _lay_out(self, first: int = 0) -> None:
        """Make the rows anew: at first those at the top, then all of them in a thread.

        Args:
            first: So many hunks are among the first ones in any case.
        """
        self._generation += 1
        generation = self._generation
        before = self.plan
        same = before.stream is self.stream
        layout = self._fresh(before if same else None)
        shown = self.furthest_row() if same else None
        layout.measure(max(first, AT_FIRST + (before.hunk_of(shown) if shown is not None else 0)))
        self._use(layout)
        if not layout.complete:
            full = self._fresh(layout)

            def done(_: None) -> None:
                if generation == self._generation:
                    self.keep_place(lambda: self._take_over(full))
                    self.laid_out()

            self.behind(full.measure, done)

    def furthest_row(self) -> int | None:
        """The last row that must stay where it is when the rows are made anew."""
        return self.rows_on_screen.stop - 1 if self.plan.blocks.rows else None

    def _fresh(self, before: Layout | None) -> Layout:
        layout = Layout(self.stream, self.overlays, self.options)
        if before is not None:
            layout.blocks.longest = before.blocks.longest  # of the same lines
            layout.expanded = dict(before.expanded)
            layout.opened = set(before.opened)
            layout.long = before.long.again()
            layout.facts = dict(before.facts)
            layout.set_overlays(self.overlays)
        return layout

    def _take_over(self, full: Layout) -> None:
        """Use a layout that was measured in a thread, with all that has happened since it began."""
        now, hunks, heads = self.plan, set[int](), set[int]()
        for layout in (full, now):
            hunks |= {*layout.folded, *layout.expanded, *layout.long.touched}
            heads |= {*layout.at.heads, *layout.facts}
        lines = full.at.all_lines
        full.expanded, full.opened, full.long = now.expanded, now.opened, now.long
        full.facts = now.facts
        full.blocks.longest = max(full.blocks.longest, now.blocks.longest)
        full.set_overlays(self.overlays)
        full.remeasure(
            hunks | full.folded, heads | {*full.at.heads, ABOVE}, lines | full.at.all_lines
        )
        self.plan = full

    def keep_place(self, change: Callable[[], None]) -> None:
        """Change the rows, and draw them anew."""
        change()
        self._resize_world()
        self.redraw()

    def _use(self, layout: Layout) -> None:
        self.plan = layout
        self.redraw()
        self._resize_world()

    def _resize_world(self) -> None:
        blocks, options = self.plan.blocks, self.plan.options
        room = min(options.room(digits) for digits in range(3, 8))
        more = 0 if options.wrap else max(0, min(blocks.longest, 1_000_000) - room)
        self.styles.overflow_x = "auto" if more else "hidden"
        self.resize_world(Size(self.size.width + more, blocks.rows))

    def laid_out(self) -> None:
        """All rows are known."""

    def behind(
        self, work: Callable[[], T], done: Callable[[T], None], *, asked: bool = False
    ) -> None:
        """Run blocking work in a thread, without waiting for it.

        Args:
            asked: A key asked for it, and the next key is meant for what comes of it.
        """

        async def run() -> None:
            done(await asyncio.to_thread(work))

        self.run_worker(run(), name="diff", group=ASKED if asked else "behind")

    # -- drawing -----------------------------------------------------------------------------

    def redraw(self) -> None:
        """Draw all that is on the screen anew."""
        self._strips.clear()
        self.refresh()

    def redraw_left_out(self) -> None:
        """Draw those rows anew of which something else is left out than when they were drawn."""
        drawn, self._drawn_out = self._drawn_out, {}
        strips, self._strips = self._strips, {}
        for number in self.rows_drawn:
            row = self.plan.row(number)
            if row is None:
                continue
            if number not in drawn or drawn[number] != self._left_out(row):
                self.refresh_line(number)
                continue
            self._drawn_out[number] = drawn[number]
            for key in ((number, a, b) for a in (False, True) for b in (False, True)):
                if key in strips:
                    self._strips[key] = strips[key]

    def _left_out(self, row: Row) -> object:
        """What of a row's file and hunk is left out."""
        out, stream, owner = self.overlays.left_out, self.stream, row.owner
        if row.kind in ("file", "detail"):
            path = stream.files[owner].path
            parts = (out.files, out.modes, out.moves, out.originals, out.ends)
            return *(path in paths for paths in parts), stream.lines_in(owner, out.lines)
        if owner < 0:
            return None
        path = stream.files[stream.file_of[owner]].path
        return path in out.files, out.lines.get(stream.hunks[owner].id)

    def redraw_row(self, number: int) -> None:
        """Draw one row anew."""
        for at_cursor in (False, True):
            for in_range in (False, True):
                self._strips.pop((number, at_cursor, in_range), None)
        self.refresh_line(number)

    def redraw_items(self, *items: tuple[object, ...] | None) -> None:
        """Show those rows again that are about these, for the cursor has come or gone."""
        for number in self.rows_drawn:
            row = self.plan.row(number)
            if row is not None and row.item in items:
                self.refresh_line(number)

    def mark(self, hunks: frozenset[str], notes: frozenset[str]) -> None:
        """Mark the hunks and notes with these ids, and no others."""
        scene, stream = self.scene, self.stream
        fresh_hunks, fresh_notes = hunks ^ scene.marked_hunks, notes ^ scene.marked_notes
        if not fresh_hunks and not fresh_notes:
            return
        scene.marked_hunks, scene.marked_notes = hunks, notes
        view = self.rows_drawn
        self._strips = {key: strip for key, strip in self._strips.items() if key[0] in view}
        for number in view:
            row = self.plan.row(number)
            if row is None:
                continue
            if row.kind == "note":
                fresh = self.plan.notes[row.left].id in fresh_notes
            elif row.kind in ("file", "detail", "intro"):
                fresh = False
            else:
                fresh = stream.hunks[row.owner].id in fresh_hunks
            if fresh:
                self.redraw_row(number)

    def notify_style_update(self) -> None:
        """A theme or a state changed."""
        super().notify_style_update()
        self._styles.clear()
        self._strips.clear()

    def _style(self, names: Names) -> Style:
        style = self._styles.get(names)
        if style is None:
            classes = [f"diff--{name}" for name in names]
            style = self._styles[names] = self.get_visual_style(*classes).rich_style
        return style

    def line(self, number: int) -> Strip:
        """A row, by its number."""
        row = self.plan.row(number)
        if row is None:
            return self.filtered(Strip.blank(self.plan.options.width, self._style(("plain",))))
        scene = self.scene
        at_cursor = scene.cursor == row.item
        chosen = scene.selected
        in_range = chosen is not None and chosen[0] <= number <= chosen[1]
        key = (number, at_cursor, in_range)
        strip = self._strips.get(key)
        if strip is None:
            if len(self._strips) > STRIPS:
                self._strips.clear()
            strip = Painter(self.plan, scene, self._style).draw(number, row)
            strip = self._strips[key] = self.filtered(strip)
            self._drawn_out[number] = self._left_out(row)
        return strip

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        """Long lines are scrolled behind their numbers."""
        super().watch_scroll_x(old_value, new_value)
        self.scene.shift = round(new_value)
        self._strips.clear()

    @property
    def is_watched(self) -> bool:
        """Whether a person can see it now."""
        return (
            self.is_mounted
            and self.is_attached
            and self.screen.is_active
            and self.region != Region()
        )

    @property
    def rows_on_screen(self) -> range:
        """The numbers of the rows that are in view."""
        first = self.scroll_offset.y
        height = self.scrollable_content_region.height
        return range(first, min(first + height, self.plan.blocks.rows))

    @property
    def rows_drawn(self) -> Sequence[int]:
        """The numbers of all rows on the screen."""
        return self.rows_on_screen

    def row_at(self, number: int) -> Row | None:
        """What a row shows."""
        return self.plan.row(number)
