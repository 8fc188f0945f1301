"""What the widget works out behind the screen: colours, words, moved blocks, and what was seen."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import NamedTuple

from textual.message import Message

from agent_tui.domain.patch import FilePatch
from agent_tui.ui.diff.facts import binary_facts
from agent_tui.ui.diff.layout import Row
from agent_tui.ui.diff.model import Read, Side
from agent_tui.ui.diff.pointer import Pointer

MAX_COLOURED = 40_000
"""Lines whose colours are kept."""
AROUND = 200
"""Lines of a very long hunk that are coloured around those on the screen."""
FILES_KEPT = 8

Spans = list[tuple[int, int, str]]
Key = tuple[int, int]


class Job(NamedTuple):
    """Lines to colour: of which hunk, and from where to where."""

    number: int
    first: int
    last: int


class Tints(NamedTuple):
    """What a worker found out about some lines."""

    spans: dict[Key, Spans]
    words: dict[Key, Spans]
    coarse: set[int]
    done: list[Job]


class Background(Pointer):
    """A pointer whose lines are coloured as they come near the screen."""

    class HunksSeen(Message):
        """All changed lines of more hunks have been on the screen.

        Attributes:
            count: How many hunks of the patch have been seen by now.
        """

        def __init__(self, view: Background, count: int) -> None:
            super().__init__()
            self.view = view
            self.count = count

        @property
        def control(self) -> Background:
            """The widget."""
            return self.view

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.read: Read | None = None
        self._busy = False
        self._moved_on = False
        self._working_on: set[int] = set()
        self._done: set[Job] = set()
        self._parts_seen: dict[int, set[int]] = {}
        self._facts_asked: set[int] = set()
        self._texts: OrderedDict[tuple[int, Side], list[Spans] | None] = OrderedDict()
        self._moved_asked = False
        self._spans: dict[Key, Spans] = {}
        self._words: dict[Key, Spans] = {}
        self._whole_lines: OrderedDict[int, list[bytes]] = OrderedDict()

    def forget(self) -> None:
        """Another patch: nothing of the old one is kept."""
        self._done, self._parts_seen, self._facts_asked = set(), {}, set()
        self._texts, self._whole_lines = OrderedDict(), OrderedDict()
        self._spans, self._words = {}, {}
        self._moved_asked = False
        scene = self.scene
        scene.spans, scene.words, scene.context = self._spans, self._words, self._whole_lines
        scene.moved, scene.coarse, scene.seen, scene.pattern = {}, set(), set(), None

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Something else is in view."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.call_after_refresh(self.look)

    def laid_out(self) -> None:
        """All rows are known."""
        self.look()

    def look(self) -> None:
        """Note what is on the screen now, and have it coloured."""
        if not self.is_watched:
            return
        rows = [row for number in self.rows_on_screen if (row := self.row_at(number)) is not None]
        self._note_seen(rows)
        self._ask_facts(rows)
        self._colour()

    # -- seen --------------------------------------------------------------------------------

    def _note_seen(self, rows: Iterable[Row]) -> None:
        seen, fresh = self.scene.seen, False
        touched: set[int] = set()
        for row in rows:
            if row.owner < 0 or row.owner in seen:
                continue
            if row.kind == "line":
                kinds = self.plan.scan(row.owner).kinds
                found = {i for i in (row.left, row.right) if i >= 0 and kinds[i] != 0x20}
            else:
                continue  # also what is folded: it is counted, but nobody has seen it
            if found:
                self._parts_seen.setdefault(row.owner, set()).update(found)
                touched.add(row.owner)
        for number in touched:
            hunk = self.stream.hunks[number]
            if len(self._parts_seen[number]) == hunk.added + hunk.removed:
                del self._parts_seen[number]
                seen.add(number)
                fresh = True
        if fresh:
            self._redraw_heads()
            self.post_message(self.HunksSeen(self, len(seen)))

    def _redraw_heads(self) -> None:
        """What was seen is told in the heads alone: the lines need not be drawn again."""
        for number in self.rows_drawn:
            row = self.row_at(number)
            if row is not None and row.kind in ("file", "hunk"):
                self.redraw_row(number)

    # -- whole files -------------------------------------------------------------------------

    def with_lines(self, file: int, done: Callable[[list[bytes] | None], None]) -> None:
        """Get the lines of a file's newer side, which a key asked for, from memory or a thread."""
        found = self._whole_lines.get(file)
        if found is not None:
            done(found)
            return
        read, patch = self.read, self.stream.files[file]
        if read is None:
            done(None)
            return
        stream = self.stream
        side: Side = "old" if patch.status == "deleted" else "new"

        def got(data: bytes | None) -> None:
            if stream is not self.stream:
                return
            if data is None:
                done(None)
                return
            lines = data.split(b"\n")
            if not lines[-1]:
                lines.pop()
            self._whole_lines[file] = lines
            if len(self._whole_lines) > FILES_KEPT:
                shown = {stream.file_of[number] for number in self.plan.expanded}
                kept = (known for known in self._whole_lines if known not in {*shown, file})
                self._whole_lines.pop(next(kept, -1), None)
            done(lines)

        self.behind(lambda: read(patch, side), got, asked=True)

    def _ask_facts(self, rows: Iterable[Row]) -> None:
        """Sizes of the binary files that are in view."""
        read, stream = self.read, self.stream
        if read is None:
            return
        for row in rows:
            if row.kind != "file" or row.owner in self._facts_asked:
                continue
            file = stream.files[row.owner]
            if not file.binary:
                continue
            self._facts_asked.add(row.owner)
            self._ask_fact(row.owner, file, read)

    def _ask_fact(self, number: int, file: FilePatch, read: Read) -> None:
        stream = self.stream

        def work() -> tuple[bytes | None, bytes | None]:
            old = None if file.status == "added" else read(file, "old")
            new = None if file.status == "deleted" else read(file, "new")
            return old, new

        def done(sides: tuple[bytes | None, bytes | None]) -> None:
            if stream is self.stream:
                found = binary_facts(*sides)
                if found:
                    self.plan.facts[number] = found
                    self.rows_changed(files=[number])

        self.behind(work, done)

    def rows_changed(self, files: Iterable[int]) -> None:
        """The heads of some files have other rows now."""
        self.plan.remeasure((), files)
        self._resize_world()
        self.redraw()

    # -- colours -----------------------------------------------------------------------------

    def _near(self) -> list[Job]:
        """What is on the screen and a page around it, and has no colours yet."""
        view, blocks = self.rows_on_screen, self.plan.blocks
        height = max(1, len(view))
        jobs: list[Job] = []
        block = blocks.at(max(0, view.start - height))
        while block < len(blocks) and blocks.starts[block] < view.stop + 2 * height:
            number = blocks.owners[block]
            if number >= 0:
                size = self.stream.hunks[number].size
                job = Job(number, 0, size)
                if size > 4 * AROUND and not self.plan.options.split:
                    begin, end = blocks.begins[block], blocks.ends[block]
                    job = Job(number, max(0, begin - AROUND), min(size, end + AROUND))
                if job not in self._done and job not in jobs:
                    jobs.append(job)
            block += 1
        return jobs

    def _colour(self) -> None:
        jobs = self._near()
        if self._busy:
            self._moved_on = bool(jobs) and not self._working_on & {job.number for job in jobs}
            return
        self._moved_on = False
        self._working_on = {job.number for job in jobs}
        if not jobs:
            self._look_for_moves()
            return
        self._busy = True
        stream, texts, read = self.stream, self._texts, self.read

        def work() -> Tints:
            from agent_tui.ui.diff.tinting import tint  # noqa: PLC0415 - Pygments, behind the paint

            return tint(
                stream, jobs, texts, read, lambda: self._moved_on or stream is not self.stream
            )

        def done(tints: Tints) -> None:
            self._busy = False
            if stream is self.stream:
                if len(self._spans) > MAX_COLOURED:
                    self._spans.clear()
                    self._words.clear()
                    self._done.clear()
                self._done |= set(tints.done)
                self._spans |= tints.spans
                self._words |= tints.words
                self.scene.coarse |= tints.coarse
                self._strips.clear()
                if (tints.spans or tints.words or tints.coarse) and self._shows(jobs):
                    self.refresh()
            self.look()

        self.behind(work, done)

    def _shows(self, jobs: Iterable[Job]) -> bool:
        """Whether some of these lines are on the screen."""
        numbers = {job.number for job in jobs}
        rows = (self.row_at(number) for number in self.rows_on_screen)
        return any(row is not None and row.kind == "line" and row.owner in numbers for row in rows)

    def _look_for_moves(self) -> None:
        from agent_tui.ui.diff.words import MAX_MOVED, moved_lines  # noqa: PLC0415

        patch, stream = self.stream.patch, self.stream
        if self._moved_asked or not stream.hunks:
            return
        self._moved_asked = True
        if patch.added == 0 or patch.removed == 0 or patch.added + patch.removed > MAX_MOVED:
            return

        def done(moved: dict[int, frozenset[int]]) -> None:
            if stream is self.stream and moved:
                self.scene.moved = moved
                self.redraw()

        self.behind(lambda: moved_lines(stream.hunks, lambda: stream is not self.stream), done)
