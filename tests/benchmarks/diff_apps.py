"""Applications that are measured: the diff widget alone, and a bare view of the same lines.

``diff_apps.py widget FILE`` and ``diff_apps.py bare FILE``; an empty file gives the empty frame.
"""

from __future__ import annotations

import asyncio
import gc
import mmap
import sys
from array import array
from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Segment, Strip
from textual.widgets import Static

_STEP = 4_096
AT_ONCE: dict[str, Any] = {"animate": False, "force": True, "immediate": True}


def say_ready(app: App[Any]) -> None:
    """All is loaded, and stays: what the collector does meanwhile is not what is measured."""
    gc.freeze()
    app.query_one(Static).update("ready for keys", layout=False)


class Bare(ScrollView, can_focus=True):
    """A file's lines, without colours: what Textual itself costs."""

    BINDINGS = [
        ("pagedown", "page(1)"), ("G,end", "bottom"), ("g", "top"),
        ("right_square_bracket", "next('@@ ')"),
        ("right_curly_bracket", "next('diff ')"),
    ]  # fmt: skip

    def on_mount(self) -> None:
        self._starts = array("q", [0])
        self._count = 0
        self._at = 0
        path = Path(sys.argv[2])
        if path.stat().st_size:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self.run_worker(self._index())

    async def _index(self) -> None:
        self._starts, self._count = await asyncio.to_thread(self._find)
        self.virtual_size = Size(self.size.width, self._count)
        self.refresh()
        say_ready(self.app)

    def _find(self) -> tuple[array[int], int]:
        starts, at, count = array("q", [0]), 0, 0
        while (at := self._map.find(b"\n", at) + 1) > 0:
            count += 1
            if count % _STEP == 0:
                starts.append(at)
        return starts, count

    def render_line(self, y: int) -> Strip:
        number = y + self.scroll_offset.y
        if number >= self._count:
            return Strip.blank(self.size.width)
        at = self._offset(number)
        text = self._map[at : self._map.find(b"\n", at)].decode("utf-8", "replace")
        return Strip([Segment(text)]).adjust_cell_length(self.size.width)

    def _offset(self, number: int) -> int:
        at = self._starts[number // _STEP]
        for _ in range(number % _STEP):
            at = self._map.find(b"\n", at) + 1
        return at

    def action_next(self, beginning: str) -> None:
        """Scroll to the next line that begins so, the first one on the screen or not."""
        begin = self._offset(self._at)
        found = self._map.find(b"\n" + beginning.encode(), begin)
        if found >= 0:
            self._at += self._map[begin : found + 1].count(b"\n")
            self.scroll_to(y=self._at, **AT_ONCE)

    def action_page(self, direction: int) -> None:
        self.scroll_relative(y=direction * (self.size.height - 2), **AT_ONCE)

    def action_top(self) -> None:
        # A line more or less, so that there is something to write at the top as well.
        self._at = 0
        self.scroll_to(y=int(self.scroll_offset.y == 0), **AT_ONCE)

    def action_bottom(self) -> None:
        self.scroll_end(**AT_ONCE)


class BareApp(App[None]):
    def compose(self) -> ComposeResult:
        yield Static("first frame")
        yield Bare()

    def on_mount(self) -> None:
        self.query_one(Bare).focus()


def widget_app() -> App[None]:
    """The diff widget; ``space`` leaves the hunk at the cursor out, ``a`` a file, ``A`` a range."""
    from agent_tui.domain.patch import Patch, first_files, parse_patch
    from agent_tui.ui.diff import DiffViewer, Overlays
    from agent_tui.ui.selection import DraftSelection

    class Viewer(DiffViewer):
        def laid_out(self) -> None:
            super().laid_out()
            if self.plan.complete and isinstance(self.overlays.left_out, DraftSelection):
                say_ready(self.app)

    class WidgetApp(App[None]):
        draft = DraftSelection(Patch())
        BINDINGS = [("a", "drop('file')"), ("b", "drop('hunk')"), ("c", "drop('range')")]

        def compose(self) -> ComposeResult:
            yield Static("first frame")
            yield Viewer()

        def on_mount(self) -> None:
            self.query_one(DiffViewer).focus()
            if Path(sys.argv[2]).stat().st_size:
                self.run_worker(self._load())

        async def _load(self) -> None:
            raw = await asyncio.to_thread(Path(sys.argv[2]).read_bytes)
            head = first_files(raw)
            if head is not None:
                first = await asyncio.to_thread(parse_patch, head)
                self.query_one(DiffViewer).show_first(first)
            patch = await asyncio.to_thread(parse_patch, raw)
            self.draft = DraftSelection(patch)
            view = self.query_one(DiffViewer)
            view.show(patch, Overlays(left_out=self.draft))
            if view.plan.complete:
                say_ready(self)

        def action_drop(self, what: str) -> None:
            view = self.query_one(DiffViewer)
            place = view.place
            if place is None or place.file is None:
                return
            if what == "file":
                self.draft.toggle_file(place.path)
            elif what == "hunk" and place.hunk is not None:
                self.draft.toggle_hunk(place.file, place.hunk)
            else:
                view.toggle_range()
                view.select(min(view.plan.blocks.rows - 1, (view.cursor or 0) + 5_000))
                stream = view.stream
                self.draft.toggle_lines(
                    (stream.files[stream.file_of[number]], stream.hunks[number], indexes)
                    for number, indexes in view.selected_lines().items()
                )
                view.end_range()
            assert self.draft.selection is not None  # what a session would keep
            view.show(view.stream.patch, Overlays(left_out=self.draft))

    return WidgetApp()


if __name__ == "__main__":
    (widget_app() if sys.argv[1] == "widget" else BareApp()).run()
