"""Places of a replay to go to: on the timeline, by number or time, bookmarked, or found."""

import asyncio
import re
from collections.abc import Hashable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from textual.content import Content
from textual.worker import Worker

from agent_tui.domain.text import one_line
from agent_tui.sessions.files import LogError
from agent_tui.sessions.marks import Mark, read_marks, set_mark
from agent_tui.sessions.replay import Replay
from agent_tui.sessions.said import around, search
from agent_tui.ui.captions import caption_of
from agent_tui.ui.render.timeline import timeline_rows
from agent_tui.ui.screens.ask import AskDialog, PickDialog
from agent_tui.ui.sources import ReplaySource
from agent_tui.ui.widgets.lines import ASKED
from agent_tui.ui.widgets.rows import Row

if TYPE_CHECKING:
    from agent_tui.ui.replay_controller import ReplayController

_ELAPSED = re.compile(r"\+?(?:(\d{1,6}):)?(\d{1,3}):(\d{2})")
_AS_SHOWN = re.compile(r"\+?(?=\d)(?:(\d{1,6})h ?)?(?:(\d{1,6})m ?)?(?:(\d{1,6})s)?")
_ATTEMPT = re.compile(r"a(?:ttempt)?[: ]?(\d+)", re.IGNORECASE)


def place_named(replay: Replay, text: str) -> int | None:
    """The position that a person means: ``120``, ``12:30`` or ``1m30s`` (since the start), ``a2``
    (attempt 2), ``start``, ``end``. None if it means none.
    """
    text = text.strip().lower()
    if text.isdecimal():
        return min(int(text), replay.length) if len(text) < 18 else replay.length
    if text in ("start", "end"):
        return 0 if text == "start" else replay.length
    match = _ELAPSED.fullmatch(text) or _AS_SHOWN.fullmatch(text)
    if match and replay.length:
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        passed = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        return replay.at_time((replay.log[0].at + passed).timestamp())
    if match := _ATTEMPT.fullmatch(text):
        places = replay.places("attempt")
        number = int(match[1])
        return places[number - 1] if 0 < number <= len(places) else None
    return None


class ReplayPlaces:
    """The dialogs that lead to places.

    Args:
        controller: Moves there.
        source: The replay.
        marks: The file with the person's bookmarks.
    """

    def __init__(
        self, controller: "ReplayController", source: ReplaySource, marks: Path | None
    ) -> None:
        self._controller = controller
        self._source = source
        self._marks = marks
        self._wanted = ""
        self._searching: Worker[None] | None = None

    def _went(self, key: Hashable) -> None:
        if isinstance(key, int):
            self._controller.seek(key)

    # -- timeline, number, time --------------------------------------------------------------

    def timeline(self) -> None:
        """Show the steps and decisions of the whole session."""
        replay = self._source.replay
        state = replay.state_at(replay.length)
        here = replay.position
        rows = timeline_rows(state, 80)
        before = [row.key for row in rows if isinstance(row.key, int) and row.key <= here]
        dialog = PickDialog(
            "Timeline",
            lambda width: timeline_rows(state, width),
            at=before[-1] if before else None,
        )
        self._controller.screen.app.push_screen(dialog, self._went)

    def ask_where(self) -> None:
        """Ask for a step or a time."""
        replay = self._source.replay

        def problem(text: str) -> str:
            if place_named(replay, text) is None:
                return "Write a step like 120, a time like 1m30s, an attempt like a2, or end."
            return ""

        def done(text: str | None) -> None:
            if text:
                self._went(place_named(replay, text))

        hint = f"a step (of {replay.length}), a time since the start (1m30s), a2, start, end"
        self._controller.screen.app.push_screen(AskDialog("Go to", hint, check=problem), done)

    # -- bookmarks ---------------------------------------------------------------------------

    def bookmark(self) -> None:
        """Set, change or take away the bookmark of this place."""
        file, position = self._marks, self._source.replay.position
        if file is None:
            self._controller.tell("there is no place where a bookmark could be kept", "warning")
            return
        try:
            old = next((m for m in read_marks(file) if m.position == position), None)
        except LogError as error:
            self._controller.tell(str(error), "error")
            return

        def done(note: str | None) -> None:
            if note is None:
                return
            gone = old is not None and note.strip() == "-"
            try:
                set_mark(file, position, None if gone else note.strip())
            except LogError as error:
                self._controller.tell(str(error), "error")
                return
            self._controller.tell("bookmark removed" if gone else f"bookmark at step {position}")

        hint = "a note (may be empty);" + (" - takes the bookmark away;" if old else "")
        title = f"Bookmark at step {position}"
        dialog = AskDialog(title, hint, text=old.note if old else "")
        self._controller.screen.app.push_screen(dialog, done)

    def bookmarks(self) -> None:
        """Show all bookmarks."""
        try:
            marks = read_marks(self._marks) if self._marks is not None else ()
        except LogError as error:
            self._controller.tell(str(error), "error")
            return
        if not marks:
            self._controller.tell("there are no bookmarks yet")
            return
        dialog = PickDialog("Bookmarks", lambda width: [self._row(m, width) for m in marks])
        self._controller.screen.app.push_screen(dialog, self._went)

    def _row(self, mark: Mark, width: int) -> Row:
        words = one_line(mark.note, 500)
        if not words and 0 < mark.position <= self._source.replay.length:
            record = self._source.replay.log[mark.position - 1]
            words = one_line(caption_of(record, self._source.replay.state_at(mark.position)), 500)
        line = Content.assemble((f"{mark.position:>8}  ", "$gate"), words)
        return Row(line.truncate(width, ellipsis=True), item=mark.position, key=mark.position)

    # -- search ------------------------------------------------------------------------------

    def ask_what(self) -> None:
        """Search in everything that was said; the same text again finds the next place."""

        def done(text: str | None) -> None:
            if text:
                self._wanted = text
                self._search(text, 1)

        dialog = AskDialog(
            "Search everything that was said",
            "after this step; begin with < to search backwards;",
            text=self._wanted,
        )
        self._controller.screen.app.push_screen(dialog, done)

    def _search(self, text: str, direction: int) -> None:
        if text.startswith("<") and len(text) > 1:
            text, direction = text[1:], -1
        if self._searching is not None:
            self._searching.cancel()
        self._searching = self._controller.screen.run_worker(
            self._look(text, direction), name="search session", group=ASKED
        )

    async def _look(self, text: str, direction: int) -> None:
        replay = self._source.replay
        places = search(replay.log, text, replay.position, direction)
        shown = one_line(text, 60)
        try:
            while True:
                found = await asyncio.to_thread(next, places, -1)
                if found == -1:
                    side = "after" if direction > 0 else "before"
                    self._controller.tell(f"“{shown}” is not said {side} this step", "warning")
                    return
                if found is not None:
                    words = around(replay.log[found - 1].event, text) or text
                    self._controller.seek(found)
                    self._controller.tell(f"step {found}: {one_line(words, 160)}")
                    return
        except LogError as error:
            self._controller.tell(str(error), "error")
