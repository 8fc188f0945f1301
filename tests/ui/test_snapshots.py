"""One picture for each state worth seeing. The report shows what changed."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from textual.pilot import Pilot

from agent_tui.config.paths import shipped_sessions
from agent_tui.domain import events as e
from agent_tui.domain.state import State
from agent_tui.sessions.store import SessionStore, open_path
from agent_tui.ui.app import AgentTui
from agent_tui.ui.launch import Launch
from agent_tui.ui.replay_controller import ReplayController
from agent_tui.ui.screens.compare import CompareScreen
from agent_tui.ui.widgets.rows import RowsView
from tests.ui.driver import Driver, demo
from tests.workspace.workspace_helpers import Repo

SMALL, MIDDLE, LARGE = (80, 24), (120, 40), (200, 60)
Before = Callable[[Pilot[None]], Awaitable[None]]


class FrozenClock:
    """It is always the same moment."""

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

    def monotonic_ns(self) -> int:
        return 0


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    for name in ("NO_COLOR", "TEXTUAL_THEME", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)


def app_of(launch: Launch) -> AgentTui:
    app = AgentTui(launch)
    app.cursor_blink = False
    return app


def replay(name: str = "second-attempt-passes") -> AgentTui:
    path = shipped_sessions() / name
    return app_of(Launch(kind="replay", folder=path, session=str(path), clock=FrozenClock()))


def at(wanted: Callable[[e.Record, State], bool], *keys: str, theme: str | None = None) -> Before:
    """Go to the first record of a replay that is wanted, then press keys."""

    async def before(pilot: Pilot[None]) -> None:
        assert isinstance(pilot.app, AgentTui)
        person = Driver(pilot.app, pilot)
        await person.loaded()
        controller = person.controller
        assert isinstance(controller, ReplayController)
        cursor = controller._source.replay
        cursor.start()
        while True:
            cursor.forward("record")
            record = cursor.record
            assert record is not None
            if wanted(record, cursor.state):
                break
            assert cursor.position < cursor.length, "no record like that"
        if theme is not None:
            person.app.theme = theme
        controller.presenter.changed()
        await person.settle()
        await person.press(*keys)
        await person.settle()

    return before


def gate(kind: str, nth: int = 1) -> Callable[[e.Record, State], bool]:
    count = 0

    def wanted(record: e.Record, state: State) -> bool:
        nonlocal count
        opened = isinstance(record.event, e.GateOpened) and record.event.gate.kind == kind
        count += opened
        return opened and count == nth

    return wanted


def streaming(kind: str, pieces: int) -> Callable[[e.Record, State], bool]:
    def wanted(record: e.Record, state: State) -> bool:
        step = state.step
        return (
            step is not None
            and step.kind == kind
            and step.running
            and len(step.output) >= pieces
            and isinstance(record.event, e.StepOutput | e.ToolReturned)
        )

    return wanted


def finished(record: e.Record, state: State) -> bool:
    return isinstance(record.event, e.SessionFinished)


REPLAYS: dict[str, tuple[str, Before, tuple[int, int]]] = {
    "planning": ("second-attempt-passes", at(streaming("plan", 20)), MIDDLE),
    "spec_small": ("second-attempt-passes", at(gate("spec")), SMALL),
    "spec_second_version": ("person-steps-in", at(gate("spec", 2)), MIDDLE),
    "coding": ("second-attempt-passes", at(streaming("code", 12)), MIDDLE),
    "diff_large": ("second-attempt-passes", at(gate("diff"), "2"), LARGE),
    "diff_small": ("second-attempt-passes", at(gate("diff"), "2"), SMALL),
    "checks_running": ("second-attempt-passes", at(streaming("check", 1)), MIDDLE),
    "verdict_fails": ("second-attempt-passes", at(gate("verdict"), "3"), MIDDLE),
    "verdict_fails_small": ("second-attempt-passes", at(gate("verdict"), "3"), SMALL),
    "verdict_waived": ("person-steps-in", at(gate("diff", 2), "3"), LARGE),
    "diff_yours": ("person-steps-in", at(gate("diff", 3), "2"), MIDDLE),
    "verdict_passes_light": (
        "second-attempt-passes",
        at(gate("verdict", 2), "3", theme="agent-light"),
        MIDDLE,
    ),
    "message_paper": ("second-attempt-passes", at(gate("message"), theme="paper"), MIDDLE),
    "diff_high_contrast": (
        "second-attempt-passes",
        at(gate("diff", 2), "2", theme="high-contrast"),
        MIDDLE,
    ),
    "diff_colour_blind_safe": (
        "second-attempt-passes",
        at(gate("diff", 2), "2", theme="colour-blind-safe"),
        MIDDLE,
    ),
    "diff_ansi": ("second-attempt-passes", at(gate("diff", 2), "2", theme="ansi"), MIDDLE),
    "committed": ("second-attempt-passes", at(finished), MIDDLE),
    "timeline": ("person-steps-in", at(finished, "t"), LARGE),
}


@pytest.mark.parametrize("name", REPLAYS)
def test_replay(snap_compare: Callable[..., bool], name: str) -> None:
    session, before, size = REPLAYS[name]
    assert snap_compare(replay(session), run_before=before, terminal_size=size)


def live(*script: str) -> Before:
    """Go through gates (``@kind`` waits for one) by pressing keys (``'text`` types)."""

    async def before(pilot: Pilot[None]) -> None:
        assert isinstance(pilot.app, AgentTui)
        person = Driver(pilot.app, pilot)
        for word in script:
            if word.startswith("@"):
                await person.gate(word[1:])
            elif word.startswith("'"):
                await person.type(word[1:])
                await person.until(
                    lambda: person.state.drafts or person.state.comment_drafts, "the draft"
                )
            else:
                await person.press(word)
        for box in pilot.app.screen.query("Input, TextArea"):
            box.cursor_blink = False  # on a slow machine it was gone in the picture now and then
        await person.settle()
        person.app.clear_notifications()
        await pilot.pause()

    return before


LIVE: dict[str, tuple[Before, tuple[int, int]]] = {
    "spec_gate": (live("@spec"), MIDDLE),
    "reject_dialog": (live("@spec", "r", "'read bare numbers"), SMALL),
    "edit_spec": (live("@spec", "e"), MIDDLE),
    "hunk_left_out": (
        live("@spec", "a", "@diff", "right_square_bracket", "space"),
        MIDDLE,
    ),
    "comment_dialog": (
        live("@spec", "a", "@diff", "right_curly_bracket", "j", "j", "c", "'why"),
        MIDDLE,
    ),
    "help": (live("@spec", "question_mark"), MIDDLE),
}


@pytest.mark.parametrize("name", LIVE)
def test_live(snap_compare: Callable[..., bool], tmp_path: Path, name: str) -> None:
    before, size = LIVE[name]
    app = app_of(demo(tmp_path, clock=FrozenClock()))
    assert snap_compare(app, run_before=before, terminal_size=size)


async def _sessions(store: SessionStore, root: Path) -> None:
    for number, name in enumerate(("second-attempt-passes", "person-steps-in")):
        saved = open_path(shipped_sessions() / name)
        log = store.create(f"20261122-11000{number}-abcd")
        stop = None if number == 0 else 60
        for record in saved.records[:stop]:
            event = record.event
            if isinstance(event, e.SessionStarted):
                facts = event.repo.model_copy(update={"root": str(root)})
                event = event.model_copy(update={"repo": facts})
            if not isinstance(event, e.StepOutput):
                await log.append(event, record.actor, durable=False)
        await log.close()


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=["small", "middle"])
def test_home(snap_compare: Callable[..., bool], tmp_path: Path, size: tuple[int, int]) -> None:
    root = tmp_path / "myrepo"
    repo = Repo(root).init()
    repo.put("a.py", "x = 1\n")
    repo.commit()
    repo.put("a.py", "x = 2\n")
    folder = tmp_path / "sessions"
    asyncio.run(_sessions(SessionStore(folder, clock=FrozenClock()), root))
    app = app_of(Launch(kind="home", folder=root, sessions=folder, clock=FrozenClock()))

    async def before(pilot: Pilot[None]) -> None:
        await Driver(app, pilot).until(
            lambda: app.screen.query_one("#sessions").rows, "the list of sessions"
        )
        await pilot.press("tab")

    assert snap_compare(app, run_before=before, terminal_size=size)


COMPARED: dict[str, tuple[tuple[str, ...], tuple[int, int]]] = {
    "overview_small": (("tab",), SMALL),
    "overview": (("right_square_bracket",), (160, 48)),
    "changes": (("2", "right_curly_bracket", "right_square_bracket"), (160, 48)),
}


@pytest.mark.parametrize("name", COMPARED)
def test_compare(snap_compare: Callable[..., bool], tmp_path: Path, name: str) -> None:
    keys, size = COMPARED[name]
    names = ("second-attempt-passes", "person-steps-in")
    app = app_of(Launch(kind="compare", folder=tmp_path, compare=names, clock=FrozenClock()))

    async def before(pilot: Pilot[None]) -> None:
        person = Driver(app, pilot)
        screen = app.screen
        assert isinstance(screen, CompareScreen)
        await person.until(lambda: screen.found is not None, "the sessions")
        await person.until(lambda: screen.query_one("#rows", RowsView).rows, "the rows")
        await person.press(*keys)
        await person.still()

    assert snap_compare(app, run_before=before, terminal_size=size)
