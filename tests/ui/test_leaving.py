"""Leaving a session in the middle of something: it is left in order, and the program goes on."""

import asyncio
import shutil
from pathlib import Path

import pytest
from textual.events import Key

from agent_tui.config.paths import shipped_sessions
from agent_tui.ui.app import AgentTui
from agent_tui.ui.launch import Launch
from agent_tui.ui.screens.dialogs import ConfirmDialog
from agent_tui.ui.screens.session import SessionScreen
from tests.ui.driver import Driver, demo, drive
from tests.ui.test_take_back import through

pytestmark = pytest.mark.anyio
ROUNDS = 12


async def over(person: Driver) -> None:
    await person.until(lambda: not person.app.is_running, "the end of the program")
    assert person.app.failure is None


async def test_with_a_question_open(tmp_path: Path) -> None:
    """The question belongs to a worker that waits for its answer, for ever."""
    async with drive(demo(tmp_path)) as person:
        await through(person)
        await person.press("a")
        await person.finished()
        await person.press("U")
        await person.until(lambda: isinstance(person.app.screen, ConfirmDialog), "the question")
        person.app.post_message(Key("ctrl+q", None))
        await over(person)
        assert "replay it" in person.app.farewell


async def test_by_the_palette(tmp_path: Path) -> None:
    """The palette runs it in a worker of its own, which must not wait for itself."""
    async with drive(demo(tmp_path)) as person:
        await person.gate("spec")
        command = next(
            c for c in person.app.get_system_commands(person.screen) if "eave" in c.title
        )
        command.callback()
        await over(person)
        assert "go on with" in person.app.farewell


async def test_at_any_moment_of_a_replay(tmp_path: Path) -> None:
    """Also while a frame is drawn. What it prints is the number of rounds."""
    sessions = tmp_path / "sessions"
    shutil.copytree(shipped_sessions() / "person-steps-in", sessions / "one")
    app = AgentTui(Launch(kind="replay", folder=tmp_path, sessions=sessions))
    async with app.run_test(size=(120, 40)) as pilot:
        person = Driver(app, pilot)
        await person.until(lambda: app.screen.query("#sessions Row, #sessions"), "the list")
        for number in range(ROUNDS):
            await person.until(lambda: getattr(app.screen, "here", None), "a row")
            app.post_message(Key("enter", None))
            await person.until(lambda: isinstance(app.screen, SessionScreen), "the replay")
            if number % 4:
                screen = person.screen
                await person.until(lambda screen=screen: screen.controller, "its controller")
                for _ in range(number % 4):
                    app.post_message(Key("right", None))
                for _ in range(number):  # so many rounds of the loop later
                    await asyncio.sleep(0)
            app.post_message(Key("q", "q"))
            await person.until(
                lambda: not isinstance(app.screen, SessionScreen) or app.failure, "the list again"
            )
            assert app.failure is None
    print(f"left a replay {ROUNDS} times")
