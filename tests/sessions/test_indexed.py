"""A log that is read by its index gives what reading all of it gives, however it is damaged."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from agent_tui.domain import events as e
from agent_tui.domain.state import State
from agent_tui.sessions import codec, index, index_file, indexed
from agent_tui.sessions.indexed import IndexedLog
from agent_tui.sessions.reader import LogReader
from agent_tui.sessions.records import MemoryLog, type_of
from agent_tui.sessions.replay import UNITS, Replay
from tests.benchmarks.big_session import make_big_session

STATES = TypeAdapter(State)
COUNT = 3_000


def shown(state: State) -> bytes:
    """A state as JSON, output and all: what a hash of it would be made of."""
    return STATES.dump_json(state)


def opened(path: Path) -> IndexedLog:
    log = IndexedLog(path)
    while log.build(700):
        pass
    return log


@pytest.fixture(autouse=True, scope="module")
def many_snapshots() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(indexed, "INTERVAL", 8)
        yield


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("big") / "session"
    return make_big_session(folder, COUNT, padding=0) / "events.jsonl"


@pytest.fixture(scope="module")
def records(big: Path) -> list[e.Record]:
    return LogReader(big).read_new()


def test_records_and_states_are_those_of_reading_all(big: Path, records: list[e.Record]) -> None:
    log, memory = opened(big), MemoryLog(records)
    assert len(log) == len(memory) == COUNT
    assert [log.index.type_of(n) for n in range(COUNT)] == [type_of(r) for r in records]
    places = random.Random(5).sample(range(COUNT + 1), 120)
    for place in [0, 1, COUNT, *places]:
        assert shown(log.state_at(place)) == shown(memory.state_at(place)), place
        if place < COUNT:
            assert log[place] == records[place]
    assert len(log.snapshots) > 1


@pytest.mark.parametrize("unit", UNITS)
def test_places_are_those_of_reading_all(big: Path, records: list[e.Record], unit: str) -> None:
    ours, plain = Replay(opened(big)), Replay(records)
    assert ours.places(unit) == plain.places(unit)
    for position in (0, 1, 57, 1_400, COUNT - 1, COUNT):
        ours.position = plain.position = position
        assert ours.next(unit) == plain.next(unit)
        assert ours.previous(unit) == plain.previous(unit)


def test_the_index_that_was_kept_gives_the_same(big: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_file, "WORTHWHILE", 100)
    first = opened(big)
    index_file.keep(first)
    second = IndexedLog(big)
    assert index_file.restore(second)
    assert len(second) == COUNT
    assert not second.build()
    for place in range(0, COUNT + 1, 37):
        assert shown(second.state_at(place)) == shown(first.state_at(place)), place
    big.with_name(index_file.FILE).unlink()


def test_a_log_that_grew_is_indexed_from_there(
    big: Path, records: list[e.Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_file, "WORTHWHILE", 100)
    lines = big.read_bytes().splitlines(keepends=True)
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"".join(lines[:2_000]))
    index_file.keep(opened(path))
    with path.open("ab") as file:
        file.write(b"".join(lines[2_000:]))
    log = IndexedLog(path)
    assert index_file.restore(log)
    assert len(log) == 2_000
    while log.build():
        pass
    memory = MemoryLog(records)
    for place in (1_999, 2_000, 2_001, 2_600, COUNT):
        assert shown(log.state_at(place)) == shown(memory.state_at(place)), place


@pytest.mark.parametrize("spoil", ["log", "length", "header", "parts", "codes"])
def test_an_index_that_does_not_fit_is_made_again(
    big: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: str
) -> None:
    monkeypatch.setattr(index_file, "WORTHWHILE", 100)
    path = tmp_path / "events.jsonl"
    lines = big.read_bytes().splitlines(keepends=True)[:500]
    path.write_bytes(b"".join(lines))
    index_file.keep(opened(path))
    file = path.with_name(index_file.FILE)
    data = file.read_bytes()
    if spoil == "log":
        path.write_bytes(b"".join(lines[:400]))
    elif spoil == "length":
        file.write_bytes(data[:-1])
    elif spoil == "header":
        file.write_bytes(b"[" + data[1:])
    elif spoil == "codes":
        head = data.index(b"\n") + 1
        file.write_bytes(data[:head] + b"\xff" + data[head + 1 :])
    else:
        file.unlink()
        file.symlink_to(path)
    assert not index_file.restore(IndexedLog(path))


def test_a_follower_sees_what_is_added(big: Path, tmp_path: Path) -> None:
    lines = big.read_bytes().splitlines(keepends=True)
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"".join(lines[:10]) + lines[10][:40])
    log = opened(path)
    assert len(log) == 10
    with path.open("ab") as file:
        file.write(lines[10][40:] + lines[11])
    while log.build():
        pass
    assert len(log) == 12
    assert not log.problems


def damage(lines: list[bytes], what: str, at: int) -> list[bytes]:
    if what == "cut":
        return [*lines[:at], lines[at][: len(lines[at]) // 2]]
    if what == "glued":
        return [*lines[:at], lines[at][:-1] + lines[at + 1], *lines[at + 2 :]]
    if what == "gone":
        return lines[:at] + lines[at + 1 :]
    if what == "twice":
        return lines[: at + 1] + lines[at:]
    if what == "swapped":
        return [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]
    if what == "changed":
        return [*lines[:at], lines[at].replace(b'"actor":"', b'"actor": "'), *lines[at + 1 :]]
    if what == "zeros":
        return [*lines[:at], b"\0" * len(lines[at]), *lines[at + 1 :]]
    if what == "digest":
        changed = lines[at][:-10] + b"0000000" + lines[at][-3:]
        return [*lines[:at], changed, *lines[at + 1 :]]
    return [*lines[:at], b'{"v":99,"type":"x"}\n', b"\n", *lines[at:]]


@settings(max_examples=60, deadline=None)
@given(
    harm=st.lists(
        st.tuples(
            st.sampled_from(
                ["cut", "glued", "gone", "twice", "swapped", "changed", "zeros", "digest", "more"]
            ),
            st.integers(0, 180),
        ),
        min_size=1,
        max_size=3,
    ),
    chunk=st.sampled_from([700, 4_096, 1_000_000]),
)
def test_damage_is_judged_as_a_reader_judges_it(
    big: Path,
    tmp_path_factory: pytest.TempPathFactory,
    harm: list[tuple[str, int]],
    chunk: int,
) -> None:
    lines = big.read_bytes().splitlines(keepends=True)[:200]
    for what, at in harm:
        lines = damage(lines, what, min(at, len(lines) - 2))
    path = tmp_path_factory.mktemp("damage") / "events.jsonl"
    path.write_bytes(b"".join(lines))
    reader = LogReader(path)
    plain = reader.read_new()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "CHUNK", chunk)
        log = opened(path)
    assert [log[n] for n in range(len(log))] == plain
    assert list(log.problems) == reader.problems
    assert log.builder.good_end == reader.good_end
    assert log.builder.next_seq == reader.next_seq
    memory = MemoryLog(plain)
    for place in range(0, len(plain) + 1, 13):
        assert shown(log.state_at(place)) == shown(memory.state_at(place))


def test_a_long_line_is_read_in_whole(tmp_path: Path, write_long: Callable[..., Path]) -> None:
    path = write_long(3 * index.CHUNK)
    log = opened(path)
    assert [r.event.type for r in log[:]] == ["session.left", "step.output", "session.left"]
    assert not log.problems


def test_nobody_is_away_while_something_streams(tmp_path: Path) -> None:
    """A session that ended in the middle of an answer was left with the last word of it."""
    start = datetime(2026, 11, 22, tzinfo=UTC)
    said = e.StepOutput(step="s", channel="text", text="word")
    events = [e.SessionLeft(), said, said, e.SessionResumed(), e.SessionLeft()]
    seconds = [0, 10, 70, 100, 101]
    digest, lines, records = "", [], []
    for seq, (event, second) in enumerate(zip(events, seconds, strict=True)):
        at = start + timedelta(seconds=second)
        records.append(e.Record(seq=seq, at=at, actor="engine", event=event))
        line, digest = codec.encode(records[-1], digest)
        lines.append(line)
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"".join(lines))
    log = opened(path)
    assert MemoryLog(records).state_at(5).away_s == 30
    assert log.state_at(4).away_s == log.state_at(5).away_s == 30


@pytest.fixture
def write_long(tmp_path: Path) -> Callable[..., Path]:
    def write(length: int) -> Path:
        digest, lines = "", []
        said = e.StepOutput(step="s", channel="text", text="x" * length)
        for seq, event in enumerate([e.SessionLeft(), said, e.SessionLeft()]):
            record = e.Record(seq=seq, at=datetime.now(UTC), actor="engine", event=event)
            line, digest = codec.encode(record, digest)
            lines.append(line)
        path = tmp_path / "events.jsonl"
        path.write_bytes(b"".join(lines))
        return path

    return write


def test_a_log_that_changed_under_us_is_said(big: Path, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    data = big.read_bytes()
    path.write_bytes(data)
    log = opened(path)
    with path.open("r+b") as file:
        file.truncate(1_000)
    with pytest.raises(indexed.LogError, match="became shorter"):
        log[COUNT - 1]


def test_the_end_of_what_a_step_streamed_is_read_piece_by_piece(
    big: Path, records: list[e.Record]
) -> None:
    """In any order of sizes: what was read before is not read again, and nothing is left out."""
    log, memory = opened(big), MemoryLog(records)
    chance = random.Random(7)
    several = 0
    for place in chance.sample(range(COUNT + 1), 60):
        for step, whole in zip(
            log.state_at(place).steps, memory.state_at(place).steps, strict=True
        ):
            pieces = list(whole.output)
            for count in (1, 3, 0, 40, 2, chance.randrange(1, 400), 5_000):
                assert list(step.output.tail(count)) == pieces[max(0, len(pieces) - count) :]
            several += len(pieces) > 40
    assert several > 20
