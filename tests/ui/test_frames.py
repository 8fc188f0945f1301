"""When what happened is drawn."""

import asyncio
from time import monotonic

import pytest
from textual.app import App
from textual.screen import Screen

from agent_tui.ui import frames
from agent_tui.ui.frames import Frames
from agent_tui.ui.presence import Presence


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
            shown = Frames(app.screen, draw, Presence())
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
            shown = Frames(app.screen, draw, Presence())
            monkeypatch.setattr("textual._time.get_time", lambda: monotonic() + next(late, 1.0))
            shown.ask()
            await asyncio.wait_for(shown.settled.wait(), 30)

    asyncio.run(run())
    assert drawn == [1]


@pytest.mark.parametrize(
    ("key_s", "given_way_s", "at_once", "least_s"),
    [(0.2, 3600.0, False, 0.2), (3600.0, 0.2, False, 0.2), (3600.0, 3600.0, True, 0.0)],
    ids=["after the key", "a key held down", "asked for by the key"],
)
def test_a_frame_gives_way_to_a_key(
    monkeypatch: pytest.MonkeyPatch,
    key_s: float,
    given_way_s: float,
    at_once: bool,
    least_s: float,
) -> None:
    """What a key leads to is shown first, but keys do not put a frame off for ever."""
    monkeypatch.setattr(frames, "KEY_S", key_s)
    monkeypatch.setattr(frames, "GIVEN_WAY_S", given_way_s)
    drawn: list[float] = []

    async def draw() -> None:
        drawn.append(monotonic())

    async def run() -> float:
        app, person = Shown(), Presence()
        async with app.run_test():
            shown = Frames(app.screen, draw, person)
            shown.ask(at_once=True)  # the next one is due a frame later
            await asyncio.wait_for(shown.settled.wait(), 30)
            person.touched()
            shown.ask()
            if at_once:
                shown.ask(at_once=True)
            await asyncio.wait_for(shown.settled.wait(), 30)
        return drawn[1] - drawn[0]

    assert asyncio.run(run()) >= least_s
    assert len(drawn) == 2
