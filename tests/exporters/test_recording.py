"""The recording of the replay's screen, held against the screen itself and another terminal."""

import asyncio
import dataclasses
import json

import pytest

from agent_tui.domain import events as e
from agent_tui.domain.output import TELLING
from agent_tui.sessions.saved import SavedSession
from agent_tui.sessions.store import ReadSession
from agent_tui.ui import recording
from agent_tui.ui.recording import record_screen
from agent_tui.ui.replay_controller import ReplayController
from tests.exporters.exporting import shipped
from tests.ui.driver import Driver


def test_the_screen_is_recorded_as_a_person_would_have_seen_it() -> None:
    pyte = pytest.importorskip("pyte", reason="pyte, a terminal in Python, is not installed")
    whole = shipped("second-attempt-passes")
    gates = [n for n, r in enumerate(whole.records) if isinstance(r.event, e.GateOpened)]
    # From the first diff gate on there is a change to be seen; the streaming before is left out.
    records = tuple(r for r in whole.records[: gates[1] + 1] if not isinstance(r.event, TELLING))
    prepared = dataclasses.replace(whole, records=records)
    header, *events = [json.loads(line) for line in record_screen(prepared, (120, 40)).splitlines()]
    assert header["term"] == {"cols": 120, "rows": 40, "type": "xterm-256color"}
    assert all(0 <= interval <= 2.0 and code in "omx" for interval, code, _ in events)
    assert [d for _, c, d in events if c == "m"] == [
        "request", "spec gate", "spec approve", "attempt 1", "diff gate",
    ]  # fmt: skip
    screen = pyte.Screen(120, 40)
    stream = pyte.Stream(screen)
    for _, code, data in events:
        if code == "o":
            stream.feed(data)
    shown = [line.rstrip() for line in screen.display]
    saved = SavedSession.of(ReadSession(prepared.id, records, (), lambda ref: b""))
    saved.blob = lambda ref: prepared.patches[ref.digest]
    assert shown == asyncio.run(_seen(saved, len(records)))


async def _seen(saved: SavedSession, position: int) -> list[str]:
    """The screen's text at a place of a replay, read from the application itself."""
    app = recording._Recorded(saved)
    async with app.run_test(size=(120, 40)) as pilot:
        person = Driver(app, pilot)
        await person.loaded()
        controller = person.controller
        assert isinstance(controller, ReplayController)
        controller.seek(position)
        await person.settle()
        return person.text.split("\n")


def test_pauses_and_streams_take_no_more_than_they_may() -> None:
    records = shipped("person-steps-in").records
    found = list(recording.places(records))
    assert found[-1][0] == len(records)
    assert [place for place, _, _ in found] == sorted({place for place, _, _ in found})
    told = sum(gap for _, gap, _ in found)
    really = (records[-1].at - records[0].at).total_seconds()
    assert 0.2 * really < told < 3 * really
    shown = {n for n, r in enumerate(records, 1) if isinstance(r.event, e.GateOpened)}
    assert shown <= {place for place, _, _ in found}
