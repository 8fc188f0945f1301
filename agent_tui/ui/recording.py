"""A session as a recording of the replay's own screen: asciinema v3, with what a terminal gets.

The application runs without a terminal, is taken from place to place, and what it writes for each
frame is kept with the time that passed. The format:
https://docs.asciinema.org/manual/asciicast/v3/
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

from rich.console import Console
from textual.driver import Driver
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot

from agent_tui.domain import events as e
from agent_tui.domain.base import BlobRef
from agent_tui.domain.text import one_line, title_line
from agent_tui.sessions.exporters.prepare import ExportError, Prepared, removed_words
from agent_tui.sessions.files import LogError
from agent_tui.sessions.saved import SavedSession
from agent_tui.sessions.store import ReadSession
from agent_tui.ui.app import AgentTui
from agent_tui.ui.controller import SessionController
from agent_tui.ui.launch import Launch
from agent_tui.ui.replay_controller import ReplayController
from agent_tui.ui.screens.session import WIDE, SessionScreen
from agent_tui.ui.sources import ReplaySource

SIZE = (120, 40)
IDLE_CAP_S = 2.0
"""Seconds that a pause in the session takes in the recording, at most; a gate takes as long."""
FRAME_S = 0.2
"""Seconds of the recording between two frames, at least, while something only streams."""
MOST_FRAMES = 1_500
"""Frames of things that only stream; a longer session has them further apart."""
LIMIT_S = 30.0
"""Seconds that a frame may take to be drawn."""
_END = 1.0

_SHOWN = (
    e.SessionStarted, e.RequestAdded, e.SpecProposed, e.AttemptProposed, e.ChecksFinished,
    e.VerdictProposed, e.MessageProposed, e.GateOpened, e.GateDecided, e.CommitDone,
    e.CommitRefused, e.SessionFinished, e.SessionImported,
)  # fmt: skip
_PANES: tuple[tuple[type, int], ...] = (
    (e.SpecProposed, 0), (e.AttemptProposed, 1), (e.ChecksFinished, 2), (e.VerdictProposed, 2),
    (e.MessageProposed, 2), (e.CommitDone, 2),
)  # fmt: skip


class _Tape(HeadlessDriver):
    """A terminal that keeps what is written to it."""

    @property
    def is_headless(self) -> bool:
        """It is drawn to as to any terminal."""
        return False

    def write(self, data: str) -> None:
        """Keep it, but for the shape of the mouse pointer: a recording has none."""
        if isinstance(self._app, _Recorded) and not data.startswith("\x1b]22;"):
            self._app.written.append(data)


class _Recorded(AgentTui):
    """The application on a tape."""

    def __init__(self, saved: SavedSession) -> None:
        super().__init__(Launch(kind="replay", folder=Path.cwd(), session=saved.id))
        self.console = Console(
            color_system="truecolor", force_terminal=True, file=StringIO(), legacy_windows=False
        )
        self.saved = saved
        self.written: list[str] = []

    def get_driver_class(self) -> type[Driver]:
        """The tape."""
        return _Tape

    async def _prepare(self, screen: SessionScreen) -> SessionController:
        await self.load_conductor()  # with it, the themes
        controller = ReplayController(screen, ReplaySource(self.saved), self.exit)
        controller.begin()
        return controller


def record_screen(prepared: Prepared, size: tuple[int, int] = SIZE) -> bytes:
    """The recording's bytes.

    Args:
        prepared: The session without secrets.
        size: Columns and rows.

    Raises:
        ExportError: If the session has no beginning, or the screen cannot be drawn.
    """
    return asyncio.run(_record(prepared, size))


async def _record(prepared: Prepared, size: tuple[int, int]) -> bytes:
    started = prepared.started

    def blob(ref: BlobRef) -> bytes:
        if ref.digest not in prepared.patches:
            raise LogError(f"the stored text {ref.digest[:12]}… is not in the export")
        return prepared.patches[ref.digest]

    session = ReadSession(prepared.id, prepared.records, (), blob)
    app = _Recorded(SavedSession.of(session))
    tape: list[list[object]] = []
    problem: list[Exception] = []

    async def play(pilot: Pilot[Any]) -> None:
        try:
            async for interval, marker in _frames(app, pilot, prepared):
                data = "".join(app.written)
                app.written.clear()
                tape.append([round(interval, 3), "o", data])
                if marker:
                    tape.append([0.0, "m", marker])
        except Exception as error:  # it would end in the application's own worker, unseen
            problem.append(error)
        app.exit()

    await app.run_async(size=size, auto_pilot=play, mouse=False)
    failure = app.failure or (problem[0] if problem else None)
    if failure is not None:
        raise ExportError(f"the screen could not be recorded: {failure!r}") from failure
    state = prepared.state
    good = state.commit is not None or started.source is not None
    tape.append([_END, "x", "0" if good else "1"])
    header = {
        "version": 3,
        "term": {"cols": size[0], "rows": size[1], "type": "xterm-256color"},
        "timestamp": int(prepared.records[0].at.timestamp()),
        "idle_time_limit": IDLE_CAP_S,
        "title": title_line(started.request, 200),
    }
    lines = [header, *tape]
    return "".join(json.dumps(line, ensure_ascii=True) + "\n" for line in lines).encode("ascii")


def places(records: tuple[e.Record, ...]) -> Iterator[tuple[int, float, str]]:
    """The places of a session that are worth a frame.

    Yields:
        The position, the seconds since the frame before, and the label of a marker, or "".
    """
    gaps = [0.0]
    for before, after in pairwise(records):
        gap = max(0.0, (after.at - before.at).total_seconds())
        waits = isinstance(before.event, e.GateOpened)
        gaps.append(IDLE_CAP_S if waits else min(gap, IDLE_CAP_S))
    least = max(FRAME_S, sum(gaps) / MOST_FRAMES)
    passed = 0.0
    for number, (record, gap) in enumerate(zip(records, gaps, strict=True), 1):
        passed += gap
        if isinstance(record.event, _SHOWN) or passed >= least or number == len(records):
            yield number, min(passed, IDLE_CAP_S), _marker(record.event)
            passed = 0.0


def _marker(event: e.Event) -> str:
    match event:
        case e.SessionStarted():
            return "request"
        case e.RequestAdded(text=text):
            return f"request: {title_line(text, 70)}"
        case e.AttemptProposed(attempt=attempt):
            return f"attempt {attempt}"
        case e.GateOpened(gate=gate):
            return f"{gate.kind} gate"
        case e.GateDecided(kind=kind, choice=choice):
            return f"{kind} {choice}"
        case e.CommitDone(commit=commit):
            return f"commit {one_line(commit, 12)}"
    return ""


async def _frames(
    app: _Recorded, pilot: Pilot[Any], prepared: Prepared
) -> AsyncIterator[tuple[float, str]]:
    def loaded() -> bool:
        screen = app.screen
        return isinstance(screen, SessionScreen) and screen.controller is not None

    await _until(pilot, loaded)
    screen = app.screen
    if not isinstance(screen, SessionScreen) or screen.controller is None:
        raise ExportError("the replay could not be opened")
    controller = screen.controller
    if not isinstance(controller, ReplayController):
        raise ExportError("the replay could not be opened")
    if words := removed_words(prepared):
        app.notify(words, markup=False)
    narrow = app.size.width < WIDE
    for number, interval, marker in places(prepared.records):
        controller.seek(number)
        event = prepared.records[number - 1].event
        if narrow:
            pane = next((at for kind, at in _PANES if isinstance(event, kind)), None)
            if pane is not None:
                screen.show_pane(pane)
        await _settled(app, controller)
        yield interval, marker


async def _until(pilot: Pilot[Any], condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():
            await pilot.pause()


async def _painted(app: _Recorded) -> None:
    """Until what all widgets have been told is on the screen."""
    painted = asyncio.Event()
    app.screen.call_after_refresh(painted.set)
    await painted.wait()


async def _settled(app: _Recorded, controller: ReplayController) -> None:
    """Until the screen shows the place, and nothing is worked out behind it any more."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            await controller.presenter.settled.wait()
            await _painted(app)
            behind = [worker for worker in app.workers if worker.group == "behind"]
            if behind:
                await app.workers.wait_for_complete(behind)
            elif controller.presenter.settled.is_set():
                return
