"""The actions of a replay: stepping, seeking and playing. Nothing can be decided."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from textual.worker import Worker

from agent_tui.domain.text import one_line
from agent_tui.sessions.files import LogError
from agent_tui.sessions.replay import Unit
from agent_tui.ui.controller import SessionController
from agent_tui.ui.delays import after
from agent_tui.ui.replay_files import Compare, Fork, ReplayFiles
from agent_tui.ui.replay_places import ReplayPlaces
from agent_tui.ui.screens.session import SessionScreen
from agent_tui.ui.sources import SPEEDS, ReplaySource

IDLE_CAP_S = 1.5
"""A pause in the session is played for at most this many seconds."""

READ_AT_ONCE = 2_000
"""Records that are indexed between two looks at the screen."""

BREATH_S = 0.002
"""What the thread that indexes leaves to the screen after each piece."""

FOLLOW_S = 0.3
"""Seconds between two looks at a log that another process writes."""

_NOUNS: dict[Unit, str] = {"commit": "commit", "finding": "finding", "rejection": "rejection",
                           "failing check": "failing check"}  # fmt: skip


class ReplayController(SessionController):
    """Moves through a saved session.

    Args:
        screen: The session screen.
        source: The replay.
        close: Goes away from the screen.
        at_end: Whether to show how it ended, once that is known.
        marks: The file with the person's bookmarks.
        fork: Begins a session at a position.
        compare: Shows the session beside another one.
    """

    where = "replay"

    def __init__(
        self,
        screen: SessionScreen,
        source: ReplaySource,
        close: Callable[[], None],
        *,
        at_end: bool = False,
        marks: Path | None = None,
        fork: Fork | None = None,
        compare: Compare | None = None,
    ) -> None:
        super().__init__(screen)
        self._close = close
        self._source = source
        self._at_end = at_end
        self._playing: asyncio.TimerHandle | None = None
        self._turn = 0
        self._reader: Worker[None] | None = None
        self.places = ReplayPlaces(self, source, marks)
        files = ReplayFiles(self, source, fork, compare)
        self._actions |= {
            "step-files": files.files,
            "fork": files.fork,
            "compare": files.compare,
            "step-forward": lambda: self._go("stop", 1),
            "step-back": lambda: self._go("stop", -1),
            "next-gate": lambda: self._go("gate", 1),
            "previous-gate": lambda: self._go("gate", -1),
            "next-attempt": lambda: self._go("attempt", 1),
            "previous-attempt": lambda: self._go("attempt", -1),
            "next-rejection": lambda: self._find("rejection", 1),
            "previous-rejection": lambda: self._find("rejection", -1),
            "next-failure": lambda: self._find("failing check", 1),
            "previous-failure": lambda: self._find("failing check", -1),
            "next-finding": lambda: self._find("finding", 1),
            "previous-finding": lambda: self._find("finding", -1),
            "next-commit": lambda: self._find("commit", 1),
            "previous-commit": lambda: self._find("commit", -1),
            "replay-start": lambda: self.seek(0),
            "replay-end": lambda: self.seek(source.replay.length),
            "play": self._play,
            "faster": lambda: self._speed(1),
            "slower": lambda: self._speed(-1),
            "timeline": self.places.timeline,
            "go-to-step": self.places.ask_where,
            "bookmark": self.places.bookmark,
            "bookmarks": self.places.bookmarks,
            "search-session": self.places.ask_what,
        }

    def begin(self) -> None:
        """Show the session, and read what follows behind the screen."""
        if self._at_end and self._source.saved.complete:
            self._source.replay.end()
        self.attach(self._source)
        read: Any = self._read_on  # a coroutine that is never begun would be complained about
        self._reader = self.screen.run_worker(read, name="read on", group="read on")

    async def leave(self) -> None:
        """Go away from the replay."""
        self.pause()
        if self._reader is not None:
            self._reader.cancel()
        self._close()

    def escape(self) -> Awaitable[None] | None:
        """Go back to the list that it was opened from."""
        return None if self.screen.is_first else self.leave()

    def gate_keys(self) -> list[tuple[str, str]]:
        """How to move."""
        playing = f"pause ({self._source.speed:g}×)" if self._playing else "play"
        return [
            ("step-back", "back"),
            ("step-forward", "step"),
            ("previous-gate", "decision before"),
            ("next-gate", "next decision"),
            ("next-attempt", "next attempt"),
            ("play", playing),
            ("timeline", "timeline"),
            ("leave", "leave" if self.screen.is_first else "back"),
            ("help", "help"),
        ]

    # -- reading behind the screen -----------------------------------------------------------

    async def _read_on(self) -> None:
        """Index the rest of the log, then follow it for as long as another process writes it."""
        saved = self._source.saved
        told = len(saved.problems)
        try:
            while await asyncio.to_thread(saved.read_on, READ_AT_ONCE):
                await asyncio.sleep(BREATH_S)
                self.presenter.tick()
            self._has_read(told)
            while saved.live or saved.grown:
                await asyncio.sleep(FOLLOW_S)
                if saved.grown:
                    await self._follow_log()
            self._has_read(len(saved.problems))
        except LogError as error:
            self.tell(str(error), "error")

    def _has_read(self, told: int) -> None:
        for problem in self._source.saved.problems[told:]:
            self.tell(one_line(problem, 300), "warning")
        if self._at_end:
            self._at_end = False
            self._source.replay.end()
        self.presenter.changed()

    async def _follow_log(self) -> None:
        replay = self._source.replay
        was_at_end = replay.position >= replay.length
        while await asyncio.to_thread(self._source.saved.read_on, READ_AT_ONCE):
            pass
        if was_at_end:
            replay.end()
        self.presenter.changed()

    # -- moving ------------------------------------------------------------------------------

    def _go(self, unit: Unit, direction: int) -> None:
        self.moving()
        replay = self._source.replay
        if direction > 0:
            replay.forward(unit)
        else:
            replay.back(unit)
        self.presenter.changed(at_once=True)

    def _find(self, unit: Unit, direction: int) -> None:
        replay = self._source.replay
        place = replay.next(unit) if direction > 0 else replay.previous(unit)
        if place is None:
            side = "after" if direction > 0 else "before"
            self.tell(f"there is no {_NOUNS[unit]} {side} this step")
        else:
            self.seek(place)

    def seek(self, position: int) -> None:
        """Go to a position."""
        self.moving()
        self._source.replay.seek(position)
        self.presenter.changed(at_once=True)

    def moving(self) -> None:
        """The person moves: nothing else does from now on."""
        self.pause()
        self._at_end = False

    # -- playing -----------------------------------------------------------------------------

    def _speed(self, direction: int) -> None:
        at = SPEEDS.index(self._source.speed) + direction
        self._source.speed = SPEEDS[max(0, min(len(SPEEDS) - 1, at))]
        if self._playing is None:
            self.screen.app.clear_notifications()  # one for each press would cover the screen
            self.tell(f"plays at {self._source.speed:g}×")
        self.presenter.show_gate()

    def _play(self) -> None:
        if self._playing is not None:
            self.pause()
        else:
            self._at_end = False
            if self._source.replay.position >= self._source.replay.length:
                self._source.replay.start()
            self._next()
        self.presenter.changed()

    def _next(self) -> None:
        pause = self._source.next_pause(IDLE_CAP_S)
        self._turn += 1
        self._playing = after(max(pause, 0.01), self.screen, partial(self._step, self._turn))

    def _step(self, turn: int) -> None:
        if self._playing is None or turn != self._turn:
            return  # paused at the last moment, and maybe played on
        replay = self._source.replay
        replay.forward("record")
        self.presenter.changed()
        if replay.position < replay.length:
            self._next()
        else:
            self._playing = None

    def pause(self) -> None:
        """Play no further."""
        if self._playing is not None:
            with contextlib.suppress(RuntimeError):
                self._playing.cancel()
            self._playing = None
            self.presenter.changed()
