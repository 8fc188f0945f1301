"""The real application on the terminal that this process has, driven through a scenario.

``python -m tests.terminal.hostile_app SCENARIO FOLDER [SESSION]``: the driver waits for each screen
to settle, so that all of them are really drawn.
"""

import os
import sys
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.screen import Screen

from agent_tui.ui.app import AgentTui
from agent_tui.ui.launch import Launch
from agent_tui.ui.replay_controller import ReplayController
from agent_tui.ui.screens.compare import CompareScreen
from agent_tui.ui.screens.model import ModelDialog
from agent_tui.ui.screens.session import SessionScreen
from agent_tui.ui.terminal import say_last
from tests.ui.driver import Driver

Scenario = Callable[[Driver], Awaitable[None]]

PANES = ("1", "2", "3", "o", "m", "m", "t")
DIALOGS = ("d", "ctrl+t", ":", "@", "S", "F", "b", "B", "C", "f")
STEPS = 6


async def look_around(person: Driver) -> None:
    """Every pane from top to bottom, and what opens over them."""
    for key in PANES:
        await person.press(key)
        for move in ("g", "pagedown", "pagedown", "G"):
            await person.press(move)
        await person.settle()
    await person.press("escape")
    for key in ("?", "slash"):
        await person.press(key)
        await person.settle()
        await person.press("escape")
    await person.press("1", "2", "slash", "f", "i", "r", "enter", "n", "y")
    await person.settle()


async def replay(person: Driver) -> None:
    """A poisoned session, at many of its events and at its end."""
    await person.loaded()
    assert isinstance(person.controller, ReplayController)
    cursor = person.controller._source.replay
    for step in range(STEPS):
        cursor.seek(cursor.length * step // STEPS)
        person.controller.presenter.changed()
        await person.settle()
    cursor.end()
    person.controller.presenter.changed()
    await person.settle()
    await look_around(person)
    cursor.seek(cursor.length * 3 // 4)
    person.controller.presenter.changed()
    for key in DIALOGS:
        await person.press("2")
        await person.settle()
        await person.press(key if key != ":" else "colon")
        await person.settle()
        for _ in range(3):
            if not on_session(person):
                await person.press("escape")
                await person.pilot.pause()
        assert on_session(person), f"{key} opened what escape does not close"
    await person.press("q")


async def home(person: Driver) -> None:
    """The list of sessions."""
    await person.until(lambda: "31337" in person.text, "the list")
    await person.press("down", "down", "up")
    await person.pilot.pause()
    await person.press("escape", "space", "space", "equals_sign")
    await person.until(lambda: isinstance(person.app.screen, CompareScreen), "the comparison")
    await person.until(lambda: "SESSION" in person.text, "what is compared")
    for key in ("1", "2", "3"):
        await person.press(key, "pagedown", "G")
        await person.pilot.pause()
    person.app.exit()


async def saved(person: Driver) -> None:
    """The list of what can be replayed, and a replay from it."""
    await person.until(lambda: "31337" in person.text, "the list")
    await person.press("down", "up", "enter")
    await person.loaded()
    await person.press("q")
    await person.until(lambda: not isinstance(person.app.screen, SessionScreen), "the list again")
    await person.press("q")


def on_session(person: Driver) -> bool:
    return isinstance(person.app.screen, SessionScreen)


def refused(person: Driver) -> bool:
    return any("only E would keep" in said.message for said in person.app._notifications)


async def live(person: Driver) -> None:
    """A session from the question of trust to its commit, and the dialogs of every gate."""
    await person.until(lambda: "agent-tui.toml" in person.text, "the question of trust")
    await person.pilot.pause()
    await person.press("escape")
    for kind, keys in (
        ("spec", ("r", "e")),
        ("tool", ("A", "r")),
        ("diff", ("c", "r", "e", "d", "colon", "C")),
        ("verdict", ("c", "r")),
        ("message", ("e", "r")),
    ):
        await person.gate(kind)
        for key in keys:
            await person.press(key)
            if (kind, key) == ("diff", "e"):  # the dialog would take some of it for line ends
                await person.until(lambda: refused(person), "why that is not edited here")
                continue
            await person.until(lambda: not on_session(person), f"the dialog of {key}")
            await person.pilot.pause()
            for _ in range(5):  # a dialog may ask once more before it closes
                if not on_session(person):
                    await person.press("escape")
                    await person.pilot.pause()
            assert on_session(person), f"{key} opened what escape does not close"
            await person.settle()
        # What is hostile is not run, not even here.
        await person.press(*(("r", "ctrl+s") if kind == "tool" else ("a",)))
    await person.finished()
    assert person.app.conductor is not None
    await person.app.conductor.leave()


async def fault(person: Driver) -> None:
    """A step that was stopped, and what can be done then."""
    await person.until(lambda: "agent-tui.toml" in person.text, "the question of trust")
    await person.pilot.pause()
    await person.press("escape")
    await person.gate("spec")
    await person.press("a")
    await person.gate("tool")
    await person.press("escape")
    await person.gate("fault")
    await person.press("e")
    await person.until(lambda: isinstance(person.app.screen, ModelDialog), "the dialog")
    await person.pilot.pause()
    await person.press("escape")
    await person.settle()
    await person.press("r")
    await person.finished()
    assert person.app.conductor is not None
    await person.app.conductor.leave()


SCENARIOS: dict[str, tuple[str, Scenario]] = {
    "replay": ("replay", replay),
    "home": ("home", home),
    "saved": ("replay", saved),
    "live": ("run", live),
    "fault": ("run", fault),
}


def shown_screens() -> set[str]:
    """The names of the screens and dialogs that are composed from now on."""
    seen: set[str] = set()
    compose = Screen._compose

    async def composed(screen: "Screen[Any]") -> None:
        seen.add(type(screen).__name__)
        await compose(screen)

    Screen._compose = composed  # type: ignore[method-assign]
    return seen


def main(name: str, folder: Path, request: str, session: str | None) -> int:
    kind, scenario = SCENARIOS[name]
    launch = Launch(
        kind=kind,
        folder=folder / "repo",
        request=request,
        session=session,
        sessions=folder / "sessions",
        script=folder / "script.toml",
        grace_ms=0,
    )
    app = AgentTui(launch)
    problems = []
    seen = shown_screens()

    async def drive(pilot: Pilot[None]) -> None:
        try:
            await scenario(Driver(app, pilot))
        except BaseException:
            problems.append(traceback.format_exc())
            app.exit()

    app.run(auto_pilot=drive)
    if app.farewell:
        say_last(app.farewell, error=False)
    if app.failure is not None:
        problems.append("".join(traceback.format_exception(app.failure)))
    (folder / "problem").write_text("\n".join([*problems, f"it left with {app.return_code}"]))
    (folder / "screens").write_text("\n".join(sorted(seen)))
    return 1 if problems else 0


if __name__ == "__main__":
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    sys.exit(
        main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4] if sys.argv[4:] else None)
    )
