"""Saved sessions as a person uses them: the list, the replay and its places, forks, followers."""

import asyncio
import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from textual.widgets import Input

from agent_tui.bootstrap.demo import demo_options
from agent_tui.bootstrap.environment import open_environment
from agent_tui.bootstrap.starting import start_session
from agent_tui.config.paths import shipped_sessions
from agent_tui.demo.repository import REQUEST
from agent_tui.domain import events as e
from agent_tui.domain.decision import Selection
from agent_tui.domain.fold import apply
from agent_tui.domain.state import State
from agent_tui.sessions.labels import read_labels
from agent_tui.sessions.reader import LogReader
from agent_tui.ui.captions import caption_of
from agent_tui.ui.launch import Launch
from agent_tui.ui.replay_controller import ReplayController
from agent_tui.ui.replay_places import place_named
from agent_tui.ui.screens.home import HomeScreen
from agent_tui.ui.screens.saved import SavedScreen
from agent_tui.ui.widgets.rows import RowsView
from tests.ui.driver import Driver, drive

pytestmark = pytest.mark.anyio


def shipped(tmp_path: Path, name: str = "person-steps-in") -> Launch:
    return Launch(kind="replay", folder=tmp_path, session=name, sessions=tmp_path / "sessions")


def position(person: Driver) -> int:
    controller = person.controller
    assert isinstance(controller, ReplayController)
    return controller._source.replay.position


async def at(person: Driver, *keys: str) -> e.Event:
    """Press keys, and give what happened at the place where they led."""
    await person.press(*keys)
    await person.settle()
    controller = person.controller
    assert isinstance(controller, ReplayController)
    record = controller._source.replay.record
    assert record is not None
    return record.event


async def test_places_of_a_replay(tmp_path: Path) -> None:
    async with drive(shipped(tmp_path)) as person:
        await person.loaded()
        rejected = await at(person, "ctrl+r")
        assert isinstance(rejected, e.GateDecided)
        assert rejected.choice == "reject"
        assert "people type 90" in person.text
        failed = await at(person, "ctrl+n")
        assert isinstance(failed, e.VerdictProposed | e.FindingAdded)
        committed = await at(person, "ctrl+k")
        assert isinstance(committed, e.CommitDone)
        last = position(person)
        await at(person, "ctrl+k")
        assert position(person) == last
        assert "there is no commit after this step" in person.text
        await at(person, "alt+r")
        assert position(person) < last
        # By number, by time, by attempt; nonsense is refused in the dialog.
        await person.press("at")
        await person.type("nowhere")
        await person.press("enter")
        await person.pilot.pause()
        assert "Write a step like 120" in person.text
        await person.press("escape")
        await person.press("at")
        await person.type("120")
        await at(person, "enter")
        assert position(person) == 120
        await person.press("at")
        await person.type("a2")
        attempt = await at(person, "enter")
        assert isinstance(attempt, e.AttemptProposed)
        assert attempt.attempt == 2
        # Times as the header shows them; what is too far is the end.
        controller = person.controller
        assert isinstance(controller, ReplayController)
        replay = controller._source.replay
        assert place_named(replay, "1m5s") == place_named(replay, "1:05") == 536
        assert place_named(replay, "65s") == place_named(replay, "0h1m5s") == 536
        assert place_named(replay, "9" * 5000) == place_named(replay, "999999h") == 725
        assert place_named(replay, "m") is place_named(replay, "9" * 5000 + ":00:00") is None
        await person.press(*["greater_than_sign"] * 7)
        assert "plays at 20×" in person.text
        assert len(person.app._notifications) == 1


async def test_the_timeline_leads_anywhere(tmp_path: Path) -> None:
    async with drive(shipped(tmp_path)) as person:
        await person.loaded()
        await person.press("t")
        await person.pilot.pause()
        assert "deploy skipped by you" in person.text  # the whole session, not only the past
        await person.press("end")
        decided = await at(person, "enter")
        assert isinstance(decided, e.GateDecided)
        assert decided.kind == "deploy"


async def test_search_in_everything_and_bookmarks(tmp_path: Path) -> None:
    async with drive(shipped(tmp_path)) as person:
        await person.loaded()
        await person.press("S")
        await person.type("say why, not what")
        await person.press("enter")
        await person.until(lambda: "say why, not what" in person.text, "the search")
        await person.settle()
        found = position(person)
        await person.press("b")
        await person.type("here")
        await person.press("enter")
        await person.pilot.pause()
        await at(person, "home", "right")
        await person.press("B")
        await person.pilot.pause()
        assert "here" in person.text
        await at(person, "enter")
        assert position(person) == found
        await person.press("S")
        await person.pilot.pause()
        await person.press(*["backspace"] * 30)
        await person.type("zebra crossing")
        await person.press("enter")
        await person.until(lambda: "is not said after" in person.text, "the search")
    # The shipped session has nothing new beside it.
    names = {path.name for path in (shipped_sessions() / "person-steps-in").iterdir()}
    assert names <= {"blobs", "events.jsonl"}
    [marks] = (tmp_path / "marks").iterdir()
    assert json.loads(marks.read_text())[0]["note"] == "here"


def test_each_record_of_a_session_has_a_caption_of_one_short_line() -> None:
    state = State()
    for record in LogReader(shipped_sessions() / "person-steps-in" / "events.jsonl").read_new():
        state = apply(state, record)
        said = caption_of(record, state)
        kind, _, words = said.partition("  ")
        assert kind == record.event.type
        assert words or isinstance(record.event, e.StepOutput), said  # which may be a blank
        assert "\n" not in said
    long = e.StepOutput(step="s", channel="text", text="\x1b[2J" * 1_000_000)
    said = caption_of(e.Record(seq=0, at=record.at, actor="coder", event=long), state)
    assert len(said) < 300
    assert "\x1b" not in said


def test_the_caption_of_a_choice_counts_what_is_left_out() -> None:
    def said(seen: tuple[str, ...] | None = None, **out: object) -> str:
        saved = e.SelectionSaved(gate="g", selection=Selection(**out), seen=seen)
        record = e.Record(seq=0, at=datetime(2026, 11, 28, tzinfo=UTC), actor="person", event=saved)
        return caption_of(record, State()).partition("  ")[2]

    assert said(("h",)) == "you choose: nothing left out, 1 hunk seen"
    assert said(files=("a",)) == "you choose: 1 file left out"
    assert said(lines={"h": (1, 2), "i": (4,), "k": ()}, moves=("a",), files=("b", "c")) == (
        "you choose: 2 files, 3 lines of 2 hunks, 1 part left out"
    )


async def test_speed(tmp_path: Path) -> None:
    async with drive(shipped(tmp_path)) as person:
        await person.loaded()
        controller = person.controller
        assert isinstance(controller, ReplayController)
        await person.press(*["greater_than_sign"] * 9)
        assert controller._source.speed == 20
        await person.press(*["less_than_sign"] * 9)
        assert controller._source.speed == 0.5
        await person.press("p")
        assert "pause (0.5×)" in person.text or await person.settle() is None
        before = position(person)
        await person.until(lambda: position(person) > before, "the next record")
        await person.press("p")


async def test_files_without_their_repository(tmp_path: Path) -> None:
    async with drive(shipped(tmp_path)) as person:
        await person.loaded()
        await at(person, "end")
        await person.press("F")
        await person.until(lambda: "the repository is not here" in person.text, "the files")
        assert "durations/parse.py" in person.text
        await person.press("down", "enter")
        await person.until(lambda: "+++ b/durations/parse.py" in person.text, "its change")
        assert "+++ b/durations/cli.py" not in person.text


async def made(folder: Path) -> tuple[Launch, str]:
    """A finished session of the demo, and the home screen of its repository."""
    options = await demo_options(folder, 0.0)
    options = replace(options, settings={**options.settings, "checks": []})
    session = await start_session(await open_environment(options), REQUEST)
    await session.run()
    await session.close()
    launch = Launch(
        kind="home",
        folder=options.folder,
        sessions=options.sessions,
        script=options.script,
        settings={"checks": [], "deploy.command": []},
        grace_ms=0,
    )
    return launch, session.id


async def listed(person: Driver) -> RowsView:
    def rows() -> object:
        found = person.app.screen.query("#sessions")
        return found and any(row.key for row in found.first(RowsView).rows)

    await person.until(rows, "the list of sessions")
    return person.app.screen.query_one("#sessions", RowsView)


async def test_the_list_is_searched_and_labelled(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    launch, session = await made(folder)
    assert launch.sessions is not None
    async with drive(launch) as person:
        await listed(person)
        await person.press("escape", "j", "R")
        await person.type("Roman holiday")
        await person.press("enter")
        await person.until(lambda: "Roman holiday" in person.text, "the name")
        await person.press("number_sign")
        await person.type("good old")
        await person.press("enter")
        await person.until(lambda: "#good #old" in person.text, "the tags")
        await person.press("slash")
        await person.type("zebra")
        await person.until(lambda: "No session fits" in person.text, "no session")
        await person.press("escape")
        await person.until(lambda: "Roman holiday" in person.text, "all sessions")
        await person.press("slash")
        await person.type("holi picky")
        await person.until(lambda: "Roman holiday" in person.text, "the session")
        await person.press("escape")
        await listed(person)
        await person.press("j", "x")
        await person.until(lambda: "Roman holiday" not in person.text, "it to be archived")
        await person.press("A")
        await person.until(lambda: "archived Roman holiday" in person.text, "archived ones")
    assert read_labels(launch.sessions / session).archived


async def test_a_session_is_deleted_for_good_by_keys(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    launch, session = await made(tmp_path / "demo")
    assert launch.sessions is not None
    folder = launch.sessions / session
    async with drive(launch, (80, 24)) as person:
        rows = await listed(person)
        await person.press("tab", "D")
        await person.until(lambda: "Delete 1 session for good?" in person.text, "the question")
        await person.press("escape")
        await person.pilot.pause()
        assert folder.is_dir()
        await person.press("D")
        await person.until(lambda: "Delete 1 session for good?" in person.text, "the question")
        assert "It cannot be taken back" in person.text
        await person.press("tab", "enter")
        await person.until(lambda: "are free again" in person.text, "the deletion")
        await person.until(lambda: not any(row.key for row in rows.rows), "the list")
        assert "No sessions yet" in person.text
    assert not folder.exists()


async def test_a_filter_is_picked_and_the_chosen_session_is_seen(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    launch, session = await made(tmp_path / "demo")
    async with drive(launch, (80, 24)) as person:
        rows = await listed(person)
        await person.press("tab", "j")
        assert rows.row is not None and rows.row.key == session
        y = rows.region.y + 2
        shades = {
            segment.style.bgcolor
            for segment in person.app.screen._compositor.render_strips()[y]
            if segment.style is not None
        }
        cursor = person.app.get_css_variables()["cursor-background"].lower()
        assert any(shade is not None and shade.name == cursor for shade in shades)
        await person.press("f")
        await person.until(lambda: "Show only" in person.text, "the filters")
        picks = person.app.screen.query_one("#dialog-rows", RowsView)
        terms = [str(row.key) for row in picks.rows if row.key]
        assert {"state:committed", "since:1d", "repo:all"} <= set(terms)
        await person.press(*["down"] * terms.index("since:1d"), "enter")
        await person.until(lambda: person.app.screen.query("#search"), "the list again")
        box = person.app.screen.query_one("#search", Input)
        await person.until(lambda: box.value == "since:1d", "the term")
        await listed(person)
        await person.press("f")
        await person.until(lambda: "Show only" in person.text, "the filters")
        await person.press(*["down"] * terms.index("before:30d"), "enter")
        await person.until(lambda: "before:30d" in box.value, "the other term")
        await person.until(lambda: "No session fits" in person.text, "nothing")
        await person.press("escape")
        await listed(person)


async def test_a_request_that_cannot_begin_is_not_lost(tmp_path: Path) -> None:
    options = await demo_options(tmp_path, 0.0)
    launch = Launch(kind="home", folder=options.folder, sessions=options.sessions)
    async with drive(launch) as person:
        await person.until(lambda: person.app.conductor is not None, "the home screen")
        await person.type("Read durations")
        await person.press("enter")
        await person.until(lambda: "No model is configured" in person.text, "what is missing")
        [told] = person.app._notifications
        assert "for the planner, the coder and the reviewer. Set it in" in told.message
        assert isinstance(person.app.screen, HomeScreen)
        assert person.app.screen.query_one("#request", Input).value == "Read durations"


async def test_fork_from_a_replay(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    launch, session = await made(folder)
    assert launch.sessions is not None
    async with drive(launch) as person:
        await listed(person)
        assert isinstance(person.app.screen, HomeScreen)
        await person.press("escape", "j", "enter")
        await person.loaded()
        await at(person, "end")
        await person.press("f")
        await person.until(lambda: "commit has begun" in person.text, "a refusal")
        await at(person, "home", "full_stop", "full_stop")
        await person.press("f")
        await person.pilot.pause()
        assert "this one stays as it is" in person.text
        limit = person.app.screen.query_one("#fork-dollars", Input)
        assert limit.placeholder == "dollars at most: none"
        await person.press("tab", "tab", "tab", "tab")
        await person.press("ctrl+s")
        await person.until(lambda: len(list(launch.sessions.glob("2*"))) == 2, "the fork")  # type: ignore[union-attr]
        await person.until(lambda: person.app.conductor.session is not None, "it to go on")  # type: ignore[union-attr]
        await person.gate("diff")
        assert person.state.parent is not None
        assert person.state.parent.parent == session


async def test_a_replay_without_a_name_offers_ones_own_sessions_first(tmp_path: Path) -> None:
    folder = tmp_path / "sessions" / "20261122-110000-abcd"
    shutil.copytree(shipped_sessions() / "second-attempt-passes", folder)
    async with drive(replace(shipped(tmp_path), session=None)) as person:
        await person.until(lambda: "Saved sessions that ship".upper() in person.text, "the list")
        assert "SPEC" not in person.text  # nothing is behind the list
        assert person.text.index("committed") < person.text.index("person-steps-in")
        await person.press("enter")
        await person.loaded()
        controller = person.controller
        assert isinstance(controller, ReplayController)
        assert controller._source.saved.folder == folder
        # Back to the list, by both keys, and to the next one from there.
        for back in ("q", "escape"):
            await person.press(back)
            await person.until(lambda: isinstance(person.app.screen, SavedScreen), "the list")
            assert person.app.is_running
            await person.press("G", "enter")
            await person.loaded()
            assert person.state.session is None or person.state.session.request
        await person.press("escape")
        await person.until(lambda: isinstance(person.app.screen, SavedScreen), "the list")
        await person.press("escape")
        await person.until(lambda: not person.app.is_running, "the end")
        assert person.app.return_code == 0


async def test_ctrl_q_quits_from_a_session_of_the_list_and_q_goes_back(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    launch, _ = await made(tmp_path / "demo")
    async with drive(launch) as person:
        await listed(person)
        await person.press("escape", "j", "enter")
        await person.loaded()
        assert "q back" in person.text
        await person.press("q")
        await listed(person)
        await person.press("tab")
        await person.type("x y\n")
        await person.gate("spec")
        assert person.app.conductor is not None
        session = person.app.conductor.session
        assert session is not None
        await person.press("q")
        await listed(person)
        await person.press("escape", "g", "enter")
        await person.gate("spec", same=True)
        await person.press("r", *"in haste")
        await person.press("ctrl+q")
        await person.until(lambda: not person.app.is_running, "the end")
    async with drive(replace(launch, kind="resume", session=session.id)) as person:
        await person.gate("spec")
        await person.press("r")
        await person.pilot.pause()
        assert "in haste" in person.text


async def test_a_session_that_another_process_writes_is_followed(tmp_path: Path) -> None:
    source = shipped_sessions() / "second-attempt-passes"
    folder = tmp_path / "sessions" / "20261122-110000-abcd"
    shutil.copytree(source, folder)
    lines = (source / "events.jsonl").read_bytes().splitlines(keepends=True)
    log = folder / "events.jsonl"
    log.write_bytes(b"".join(lines[:100]))
    from agent_tui.sessions.lock import WriterLock

    lock = WriterLock(folder)
    async with drive(shipped(tmp_path, folder.name)) as person:
        await person.loaded()
        await person.until(lambda: position(person) == 100, "its present end")
        with log.open("ab") as file:
            file.write(b"".join(lines[100:220]))
        await person.until(lambda: position(person) == 220, "what was added")
        await at(person, "left")
        with log.open("ab") as file:
            file.write(b"".join(lines[220:240]))
        controller = person.controller
        assert isinstance(controller, ReplayController)
        await person.until(lambda: controller._source.replay.length == 240, "more")
        assert position(person) < 220  # who looks back is not pulled away
        lock.release()
        await asyncio.sleep(0)
