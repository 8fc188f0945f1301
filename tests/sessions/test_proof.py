"""Replay equals live at every event; any valid log folds; a disk that fails costs nothing told."""

import asyncio
import errno
import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from agent_tui.bootstrap.demo import demo_options
from agent_tui.bootstrap.environment import open_environment
from agent_tui.bootstrap.starting import start_session
from agent_tui.config.paths import shipped_sessions
from agent_tui.demo.repository import REQUEST
from agent_tui.domain import events as e
from agent_tui.domain.fold import apply
from agent_tui.domain.state import State
from agent_tui.sessions import codec, files, indexed
from agent_tui.sessions.catalog import read_summary, said_in
from agent_tui.sessions.files import LogError
from agent_tui.sessions.indexed import IndexedLog
from agent_tui.sessions.reader import LogReader
from agent_tui.sessions.records import MemoryLog, place_at
from agent_tui.sessions.redact import Redactor
from agent_tui.sessions.store import SessionStore
from agent_tui.sessions.summary import summarize
from tests.live_states import differences
from tests.sessions.conftest import StepClock, story
from tests.sessions.test_codec import EVENTS

STATES = TypeAdapter(State)


def digest(state: State) -> str:
    return hashlib.sha256(STATES.dump_json(state)).hexdigest()


def replayed(path: Path) -> IndexedLog:
    log = IndexedLog(path)
    while log.build(100):
        pass
    return log


@pytest.mark.parametrize("name", ["second-attempt-passes", "person-steps-in"])
def test_a_shipped_session_replays_as_it_was_at_every_event(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexed, "INTERVAL", 16)
    path = shipped_sessions() / name / "events.jsonl"
    log, state = replayed(path), State()
    records = LogReader(path).read_new()
    forwards = []
    for place, record in enumerate(records, 1):
        state = apply(state, record)
        forwards.append(digest(state))
        assert digest(log.state_at(place)) == forwards[-1], place
    for place in range(len(records), 0, -7):
        assert digest(log.state_at(place)) == forwards[place - 1], place


def test_a_live_session_replays_as_it_was_at_every_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexed, "INTERVAL", 16)
    live: list[tuple[int, str]] = []

    async def go() -> Path:
        made = await demo_options(tmp_path / "demo", 0.0)
        options = replace(made, settings={**made.settings, "checks": []})
        session = await start_session(await open_environment(options), REQUEST)
        state = State()

        def note(record: e.Record) -> None:
            nonlocal state
            state = apply(state, record)
            live.append((record.seq, digest(state)))

        session.subscribe(note)
        await session.run()
        assert digest(session.state) == live[-1][1]
        await session.close()
        return session.folder

    (tmp_path / "demo").mkdir()
    folder = asyncio.run(go())
    log = replayed(folder / "events.jsonl")
    assert len(log) == len(live) > 80
    for seq, expected in live:
        assert digest(log.state_at(seq + 1)) == expected, seq


class Jumping:
    """A clock that somebody sets, back and forth."""

    def __init__(self, jumps: list[int]) -> None:
        self.jumps = jumps
        self.looks = 0

    def now(self) -> datetime:
        self.looks += 1
        jump = self.jumps[self.looks % len(self.jumps)]
        return datetime(2026, 11, 22, tzinfo=UTC) + timedelta(seconds=jump)

    def monotonic_ns(self) -> int:
        return self.looks


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    events=st.lists(EVENTS, max_size=25),
    jumps=st.lists(st.integers(-(10**8), 10**8), min_size=1, max_size=5),
)
def test_any_valid_log_folds_and_replays(
    tmp_path: Path, events: list[e.Event], jumps: list[int]
) -> None:
    clock, before, lines = Jumping(jumps), codec.FIRST, []
    for seq, event in enumerate(events):
        record = e.Record(seq=seq, at=clock.now(), actor="engine", event=event)
        line, before = codec.encode(record, before)
        lines.append(line)
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"".join(lines))
    reader = LogReader(path)
    records = reader.read_new()
    assert len(records) == len(events)
    assert not reader.problems
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(indexed, "INTERVAL", 3)
        log = replayed(path)
        memory = MemoryLog(records)
        for place in range(len(records) + 1):
            assert digest(log.state_at(place)) == digest(memory.state_at(place))
        if records:
            assert 0 <= place_at(log, records[-1].at.timestamp()) <= len(log)
    check_summary(tmp_path, records)


def check_summary(folder: Path, records: list[e.Record]) -> None:
    """The list reads a part of the records, and says what all of them say."""
    summary, words = read_summary(folder)
    whole = summarize(folder.name, folder, records)
    assert replace(summary, last=whole.last, problem="") == replace(whole, problem="")
    told = [word for record in records for word in said_in(record.event)]
    assert words[: len(told)] == told


@pytest.mark.parametrize("name", ["second-attempt-passes", "person-steps-in"])
def test_the_list_says_what_the_whole_session_says(name: str, tmp_path: Path) -> None:
    """After each record that is not streamed."""
    path = shipped_sessions() / name / "events.jsonl"
    records = LogReader(path).read_new()
    lines = path.read_bytes().splitlines(keepends=True)
    for count, record in enumerate(records, 1):
        if not isinstance(record.event, e.StepOutput):
            (tmp_path / "events.jsonl").write_bytes(b"".join(lines[:count]))
            check_summary(tmp_path, records[:count])


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("call", ["write", "fdatasync"])
def test_a_disk_that_fails_at_any_write_or_sync_loses_nothing_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, call: str
) -> None:
    """The k-th call fails, for every k that the story makes; a write fails in its middle."""
    true: Callable[..., int] = getattr(os, call)
    failures = 0
    for k in range(1, 200):
        calls = 0

        def failing(fd: int, *data: memoryview, k: int = k) -> int:
            nonlocal calls
            if not stat.S_ISREG(os.fstat(fd).st_mode):  # no disk: the pipe that wakes the loop
                return true(fd, *data)
            calls += 1
            if calls == k:
                if data:
                    true(fd, data[0][: len(data[0]) // 2])
                raise OSError(number, os.strerror(number))
            return true(fd, *data)

        store = SessionStore(tmp_path / str(k), clock=StepClock(), redactor=Redactor({}))
        told: list[e.Record] = []
        refused = 0

        async def go(store: SessionStore = store, told: list[e.Record] = told) -> Path:
            nonlocal refused
            async with store.create("s") as log:
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(files.os, call, failing)
                    for event, actor in story():
                        try:
                            told.append(await log.append(event, actor))
                        except LogError as error:
                            refused += 1
                            assert "cannot write the session log" in str(error)
                            told.append(await log.append(event, actor))  # trying again helps
                return log.folder

        folder = asyncio.run(go())
        reader = LogReader(folder / "events.jsonl")
        assert reader.read_new() == told
        assert not reader.problems
        assert refused == (1 if calls >= k else 0)
        failures += refused
        if calls < k:
            break
    print(f"{failures} failures of {call}")
    assert failures == len(story())


def test_a_state_that_is_another_than_it_was_live_is_found(tmp_path: Path) -> None:
    """What every session of the test suite is held to (``replay_equals_live``) can fail."""
    events = story()

    async def go() -> tuple[Path, dict[int, State]]:
        live, state = {}, State()
        async with SessionStore(tmp_path, clock=StepClock()).create("one") as log:
            for event, actor in events:
                record = await log.append(event, actor, durable=False)
                live[record.seq] = state = apply(state, record)
            return log.folder, live

    folder, live = asyncio.run(go())
    assert differences(folder, live) == (len(events), [])
    steps = live[3].steps
    for wrong in (replace(live[3], left=True), replace(live[3], steps=(*steps, *steps[:1]))):
        assert differences(folder, {**live, 3: wrong})[1], wrong
