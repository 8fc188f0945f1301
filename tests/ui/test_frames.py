"""When what happened is drawn."""

import asyncio
from time import monotonic

import pytest
from textual.app import App
from textual.screen import Screen

from agent_tui.ui import frames
from agent_tui.ui.frames import Frames


class Shown(App[None]):
    """An application with one screen."""

    def get_default_screen(self) -> Screen[None]:
        """A plain one."""
        return Screen()


def test_what_a_person_does_does_not_wait_for_the_frame_rate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What comes fast is drawn together, a frame later; a key is drawn at once, with all of it."""
    monkeypatch.setattr(frames, "FRAME_S", 3600.0)
    happened: list[str] = []
    drawn: list[str] = []

    async def draw() -> None:
        drawn.append("".join(happened))

    async def run() -> None:
        app = Shown()
        async with app.run_test():
            shown = Frames(app.screen, draw)
            happened.append("a")
            shown.ask()
            await asyncio.wait_for(shown.settled.wait(), 30)
            assert drawn == ["a"]
            for name in "bc":
                happened.append(name)
                shown.ask()
            assert not shown.settled.is_set()
            happened.append("k")
            shown.ask(at_once=True)
            shown.ask()
            await asyncio.wait_for(shown.settled.wait(), 30)
            assert drawn == ["a", "abck"]

    asyncio.run(run())


def test_a_frame_comes_also_when_the_machine_looks_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two looks at the clock, more time may pass than the frame was to wait."""
    late = iter([0.0])
    drawn: list[int] = []

    async def draw() -> None:
        drawn.append(1)

    async def run() -> None:
        app = Shown()
        async with app.run_test():
            shown = Frames(app.screen, draw)
            monkeypatch.setattr("textual._time.get_time", lambda: monotonic() + next(late, 1.0))
            shown.ask()
            await asyncio.wait_for(shown.settled.wait(), 30)

    asyncio.run(run())
    assert drawn == [1]
