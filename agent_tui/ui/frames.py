"""When what happened is drawn: at once after a pause, otherwise with the next frame."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

from textual.css.query import NoMatches
from textual.dom import NoScreen
from textual.screen import Screen

from agent_tui.ui.delays import is_open
from agent_tui.ui.presence import Presence

FRAME_S = 1 / 30
"""Events that come faster than this are shown together."""

KEY_S = 0.03
"""What a key leads to is on the screen that much later; a frame between the two would delay it."""

GIVEN_WAY_S = 2 * FRAME_S
"""For no longer than this does a frame give way to keys, also while one is held down."""

AT_ONCE_S = 0.000_1
"""What happens in one round of the event loop is shown together in any case."""


class Frames:
    """Draws a screen when it is asked to, one frame after the other.

    A worker draws, and not the screen itself: a key goes through the queue of the screen, and is
    not to wait there for a frame, which in turn may wait for a thread.

    Args:
        screen: The screen.
        draw: Draws it as it is now.
        presence: When the person was last at the keys.

    Attributes:
        settled: Set while all that happened is on the screen.
    """

    def __init__(
        self, screen: Screen[None], draw: Callable[[], Awaitable[None]], presence: Presence
    ) -> None:
        self._screen = screen
        self._draw = draw
        self._presence = presence
        self._next = 0.0
        self._asked = False
        self._at_once = asyncio.Event()
        self._is_drawing = False
        self.settled = asyncio.Event()

    def ask(self, *, at_once: bool = False) -> None:
        """Something happened: show it.

        Args:
            at_once: A person did it by a key, which does not wait for its turn.
        """
        if not self._screen.is_mounted or not is_open(self._screen):
            return
        self._asked = True
        self.settled.clear()
        if at_once:
            self._at_once.set()
        if not self._is_drawing:
            self._is_drawing = True
            self._screen.run_worker(self._draw_all(), name="frames", group="frames")

    async def _draw_all(self) -> None:
        while self._asked and is_open(self._screen):
            await asyncio.sleep(AT_ONCE_S)
            while not self._at_once.is_set() and (pause := self._pause()) > 0:
                await _wait(self._at_once, pause)
            self._asked = False
            self._at_once.clear()
            self._next = monotonic() + FRAME_S
            try:
                await self._draw()
            except (NoMatches, NoScreen):
                if is_open(self._screen):
                    raise
                break  # its widgets went away under the drawing
        self._is_drawing = False
        self.settled.set()

    def _pause(self) -> float:
        """Seconds until the next frame is due."""
        until = self._next - monotonic()
        given_way = min(KEY_S - self._presence.paused_s, until + GIVEN_WAY_S)
        return max(until, given_way)


async def _wait(event: asyncio.Event, at_most_s: float) -> None:
    try:
        async with asyncio.timeout(at_most_s):
            await event.wait()
    except TimeoutError:
        pass  # nobody was in a hurry
