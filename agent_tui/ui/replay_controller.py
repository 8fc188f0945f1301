"""The actions of a replay: stepping, seeking and playing. Nothing can be decided."""

from collections.abc import Callable

from textual.timer import Timer

from agent_tui.sessions.replay import Unit
from agent_tui.ui.controller import SessionController
from agent_tui.ui.screens.session import SessionScreen
from agent_tui.ui.sources import ReplaySource

IDLE_CAP_S = 1.5
"""A pause in the session is played for at most this many seconds."""


class ReplayController(SessionController):
    """Moves through a saved session.

    Args:
        screen: The session screen.
        source: The replay.
        close: Goes away from the screen.
    """

    where = "replay"

    def __init__(
        self, screen: SessionScreen, source: ReplaySource, close: Callable[[], None]
    ) -> None:
        super().__init__(screen)
        self._close = close
        self._source = source
        self._playing: Timer | None = None
        replay = source.replay
        self._actions |= {
            "step-forward": lambda: self._go("stop", 1),
            "step-back": lambda: self._go("stop", -1),
            "next-gate": lambda: self._go("gate", 1),
            "previous-gate": lambda: self._go("gate", -1),
            "next-attempt": lambda: self._go("attempt", 1),
            "previous-attempt": lambda: self._go("attempt", -1),
            "replay-start": lambda: self._seek(0),
            "replay-end": lambda: self._seek(replay.length),
            "play": self._play,
        }
        self.attach(source)

    async def leave(self) -> None:
        """Go away from the replay."""
        self._pause()
        self._close()

    def gate_keys(self) -> list[tuple[str, str]]:
        """How to move."""
        return [
            ("step-back", "back"),
            ("step-forward", "step"),
            ("previous-gate", "decision before"),
            ("next-gate", "next decision"),
            ("next-attempt", "next attempt"),
            ("play", "pause" if self._playing else "play"),
            ("help", "help"),
            ("leave", "leave"),
        ]

    def _go(self, unit: Unit, direction: int) -> None:
        self._pause()
        replay = self._source.replay
        if direction > 0:
            replay.forward(unit)
        else:
            replay.back(unit)
        self.presenter.changed()

    def _seek(self, position: int) -> None:
        self._pause()
        self._source.replay.seek(position)
        self.presenter.changed()

    def _play(self) -> None:
        if self._playing is not None:
            self._pause()
        else:
            if self._source.replay.position >= self._source.replay.length:
                self._source.replay.start()
            self._next()
        self.presenter.changed()

    def _next(self) -> None:
        pause = self._source.next_pause(IDLE_CAP_S)
        self._playing = self.screen.set_timer(max(pause, 0.01), self._step)

    def _step(self) -> None:
        replay = self._source.replay
        replay.forward("record")
        self.presenter.changed()
        if replay.position < replay.length:
            self._next()
        else:
            self._playing = None

    def _pause(self) -> None:
        if self._playing is not None:
            self._playing.stop()
            self._playing = None
            self.presenter.changed()
