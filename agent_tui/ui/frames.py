"""When what happened is drawn: at once after a pause, otherwise with the next frame."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

from textual.screen import Screen

from agent_tui.ui.delays import after

FRAME_S = 1 / 30
"""Events that come faster than this are shown together."""

AT_ONCE_S = 0.000_1
"""What happens in one round of the event loop is shown together in any case."""


class Frames:
    """Draws a screen when it is asked to, one frame after the other.

    Args:
        screen: The screen.
        draw: Draws it as it is now.

    Attributes:
        settled: Set while all that happened is on the screen.
    """

    def __init__(self, screen: Screen[None], draw: Callable[[], Awaitable[None]]) -> None:
        self._screen = screen
        self._draw = draw
        self._scheduled: asyncio.TimerHandle | None = None
        self._next = 0.0
        self._begun = 0
        self._order = asyncio.Lock()
        self.settled = asyncio.Event()

    def ask(self, *, at_once: bool = False) -> None:
        """Something happened: show it.

        Args:
            at_once: A person did it by a key, which does not wait for its turn.
        """
        if not self._screen.is_mounted or (self._scheduled is not None and not at_once):
            return
        if self._scheduled is not None:
            self._scheduled.cancel()
        self.settled.clear()
        # A key after a pause must not wait for the frame rate either.
        pause = AT_ONCE_S if at_once else max(self._next - monotonic(), AT_ONCE_S)
        self._scheduled = after(pause, self._screen, self._frame)

    async def _frame(self) -> None:
        self._scheduled = None
        self._begun += 1
        try:
            async with self._order:  # an earlier frame may still wait for a patch
                self._next = monotonic() + FRAME_S
                await self._draw()
        finally:
            self._begun -= 1
        if self._scheduled is None and not self._begun:
            self.settled.set()
