"""The log: durable, in order, valid after every failure and every cut."""

import asyncio
import fcntl
import json
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_tui.domain import events as e
from agent_tui.domain.base import Actor, BlobRef
from agent_tui.ports import EventSink
from agent_tui.sessions.blobs import get_blob
from agent_tui.sessions.clock import SystemClock
from agent_tui.sessions.files import LogError, write_all
from agent_tui.sessions.lock import SessionLocked, is_locked, owner
from agent_tui.sessions.log import SessionLog
from agent_tui.sessions.reader import LogReader
from agent_tui.sessions.redact import Redactor
from agent_tui.sessions.store import SessionStore, read_folder

pytestmark = pytest.mark.anyio

Story = list[tuple[e.Event, Actor]]
WriteStory = Callable[..., Awaitable[str]]


def note(text: str) -> e.StepOutput:
    return e.StepOutput(step="s", channel="text", text=text)


def lines_of(log: SessionLog) -> list[bytes]:
    return (log.folder / "events.jsonl").read_bytes().split(b"\n")[:-1]


async def test_append_gives_what_is_read_back(store: SessionStore, events: Story) -> None:
    log = store.create("one")
    sink: EventSink = log
    written = [await sink.append(event, actor) for event, actor in events]
    session = store.read("one")  # while it is open
    assert session.records == tuple(written)
    assert session.problems == ()
    assert [record.seq for record in written] == list(range(len(events)))
    await log.close()
    async with store.open_writer("one") as again:
        assert again.records == tuple(written)
        assert again.problems == ()
        record = await again.append(e.SessionResumed(), "engine")
        assert record.seq == len(events)
        assert record.attempt == 2
    assert len(store.read("one").records) == len(events) + 1


async def test_the_attempt_in_progress_stands_in_each_record(
    store: SessionStore, write_story: WriteStory
) -> None:
    await write_story("one")
    for record in store.read("one").records:
        event = record.event
        if isinstance(event, e.AttemptProposed):
            assert record.attempt == event.attempt
        if isinstance(event, e.StepStarted):
            assert record.attempt == (event.attempt or 0)


async def test_everything_is_private(store: SessionStore) -> None:
    old = os.umask(0)
    try:
        async with store.create("one") as log:
            await log.append(note("x"), "coder")
            await log.put_blob(b"x")
        store.list()
    finally:
        os.umask(old)
    for path in (store.folder, *store.folder.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


async def test_subscribers_see_each_record_once_and_in_order(
    store: SessionStore, events: Story
) -> None:
    seen: list[e.Record] = []
    other: list[e.Record] = []
    async with store.create("one") as log:
        end = log.subscribe(seen.append)
        log.subscribe(other.append)
        await asyncio.gather(
            *(
                log.append(event, actor, durable=i % 3 == 0)
                for i, (event, actor) in enumerate(events)
            )
        )
        assert [record.seq for record in seen] == list(range(len(events)))
        end()
        end()
        await log.append(note("x"), "coder")
    assert len(seen) == len(events)
    assert len(other) == len(events) + 1
    assert store.read("one").records == tuple(other)


async def test_a_durable_record_is_on_the_disk_before_subscribers_hear_of_it(
    store: SessionStore,
) -> None:
    async with store.create("one") as log:
        found: list[int] = []
        log.subscribe(lambda record: found.append(len(lines_of(log))))
        await log.append(note("a"), "coder")
        await log.append(note("b"), "coder", durable=False)
        await log.append(note("c"), "coder", durable=False)
        await log.append(note("d"), "coder")
        assert found == [1, 1, 1, 4]


async def test_streamed_records_are_written_soon_by_themselves(
    store: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agent_tui.sessions import log as module

    loop, written = asyncio.get_running_loop(), asyncio.Event()

    def write(fd: int, data: bytes) -> None:
        write_all(fd, data)
        loop.call_soon_threadsafe(written.set)

    monkeypatch.setattr(module, "write_all", write)
    async with store.create("one") as log:
        await log.append(note("a"), "coder", durable=False)
        assert lines_of(log) == []
        await written.wait()  # for the log's own timer
        assert len(lines_of(log)) == 1
        await log.append(note("b"), "coder", durable=False)
        await log.flush()
        assert len(lines_of(log)) == 2


async def test_much_streamed_text_does_not_wait_in_memory(store: SessionStore) -> None:
    async with store.create("one") as log:
        for _ in range(10):
            await log.append(note("x" * 100_000), "coder", durable=False)
        assert len(lines_of(log)) >= 6
    assert len(store.read("one").records) == 10


async def test_closing_writes_what_waits(store: SessionStore) -> None:
    log = store.create("one")
    await log.append(note("a"), "coder", durable=False)
    await log.close()
    await log.close()
    assert len(store.read("one").records) == 1
    with pytest.raises(LogError, match="session one is closed"):
        await log.append(note("b"), "coder")
    with pytest.raises(LogError, match="session one is closed"):
        await log.put_blob(b"x")


async def test_being_cancelled_does_not_tear_a_record(store: SessionStore) -> None:
    seen: list[e.Record] = []
    async with store.create("one") as log:
        log.subscribe(seen.append)
        for i in range(50):
            task = asyncio.create_task(log.append(note(str(i)), "coder"))
            for _ in range(i % 5):
                await asyncio.sleep(0)
            task.cancel()
            done = await asyncio.gather(task, return_exceptions=True)
            assert isinstance(done[0], asyncio.CancelledError | e.Record)
        last = await log.append(note("last"), "coder")
    session = store.read("one")
    assert session.problems == ()
    assert session.records == tuple(seen)
    assert session.records[-1] == last
    assert len(seen) > 1  # some were begun before they were cancelled


async def test_closing_waits_for_what_is_being_written(store: SessionStore) -> None:
    log = store.create()
    blobs = [asyncio.create_task(log.put_blob(bytes([n]) * 9)) for n in range(3)]
    await asyncio.sleep(0)  # they have begun
    await log.close()
    for n, blob in enumerate(blobs):
        assert get_blob(log.folder, await blob) == bytes([n]) * 9


async def test_cancelled_while_the_disk_is_busy(
    store: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    from agent_tui.sessions import log as module

    started, go_on = threading.Event(), threading.Event()

    def slow(fd: int) -> None:
        started.set()
        go_on.wait()

    async with store.create("one") as log:
        monkeypatch.setattr(module, "sync", slow)
        task = asyncio.create_task(log.append(note("a"), "coder"))
        await asyncio.to_thread(started.wait)
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        record = await log.append(note("b"), "coder")
        assert record.seq == 1
    assert len(store.read("one").records) == 2


# Failing writes, with the real error of a file that may not grow.


@contextmanager
def no_room(size: int) -> Iterator[None]:
    """Files of this process may not grow beyond *size* bytes (EFBIG, as Python ignores SIGXFSZ)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_write_that_fails_leaves_the_log_valid(store: SessionStore) -> None:
    seen: list[e.Record] = []
    async with store.create("one") as log:
        log.subscribe(seen.append)
        await log.append(note("a"), "coder")
        await log.append(note("streamed"), "coder", durable=False)
        size = (log.folder / "events.jsonl").stat().st_size
        message = r"cannot write the session log .*may not grow"
        with no_room(size + 40), pytest.raises(LogError, match=message):
            await log.append(note("lost"), "coder")
        assert (log.folder / "events.jsonl").stat().st_size == size
        assert len(seen) == 2
        record = await log.append(note("b"), "coder")
        assert record.seq == 2
    session = store.read("one")
    assert session.problems == ()
    assert session.records == tuple(seen)
    texts = [r.event.text for r in session.records if isinstance(r.event, e.StepOutput)]
    assert texts == ["a", "streamed", "b"]


async def test_a_failure_behind_the_back_is_said_at_the_next_chance(store: SessionStore) -> None:
    log = store.create("one")
    await log.append(note("a"), "coder")
    size = (log.folder / "events.jsonl").stat().st_size
    with no_room(size):
        await log.append(note("b"), "coder", durable=False)
        with pytest.raises(LogError, match="cannot write"):
            await log.flush()
        with pytest.raises(LogError, match="cannot write"):
            await log.close()
    assert not is_locked(log.folder)
    assert len(store.read("one").records) == 1
    assert store.read("one").problems == ()


async def test_a_log_that_cannot_be_cut_back_refuses_to_go_on(
    store: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(fd: int, size: int) -> None:
        raise OSError(5, "Input/output error")

    log = store.create("one")
    await log.append(note("a"), "coder")
    size = (log.folder / "events.jsonl").stat().st_size
    with monkeypatch.context() as patch, no_room(size + 40):
        patch.setattr(os, "ftruncate", fail)
        with pytest.raises(LogError):
            await log.append(note("lost"), "coder")
    with pytest.raises(LogError, match="ends with half a record that cannot be removed"):
        await log.append(note("b"), "coder")
    await log.close()
    async with store.open_writer("one") as again:
        assert [type(r.event) for r in again.records] == [e.StepOutput, e.LogRecovered]


async def test_a_blob_that_cannot_be_written_leaves_nothing(store: SessionStore) -> None:
    async with store.create("one") as log:
        await log.put_blob(b"fits")
        with no_room(100), pytest.raises(LogError, match="cannot write"):
            await log.put_blob(b"x" * 1000)
        assert len(list((log.folder / "blobs").iterdir())) == 1
        ref = await log.put_blob(b"x" * 1000)
        assert log.read_blob(ref) == b"x" * 1000


async def test_read_only_places_are_said(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="cannot make the session folder"):
        SessionStore(Path("/proc/sessions")).create()
    (tmp_path / "file").write_text("")
    with pytest.raises(LogError, match="cannot make the session folder"):
        SessionStore(tmp_path / "file").create()


# Blobs.


async def test_blobs(store: SessionStore) -> None:
    async with store.create("one") as log:
        ref = await log.put_blob(b"diff --git")
        assert await log.put_blob(b"diff --git") == ref
        assert await log.put_blob(b"") != ref
        assert ref.size == 10
        assert store.blob("one", ref) == log.read_blob(ref) == b"diff --git"
        assert store.read("one").blob(ref) == b"diff --git"
        path = log.folder / "blobs" / ref.digest
        path.write_bytes(b"diff --GIT")
        with pytest.raises(LogError, match="is damaged"):
            log.read_blob(ref)
        await log.put_blob(b"diff --git")  # the damaged one is made good
        assert log.read_blob(ref) == b"diff --git"
        with pytest.raises(LogError, match="is damaged"):
            log.read_blob(ref.model_copy(update={"size": 11}))
        path.unlink()
        with pytest.raises(LogError, match="does not exist"):
            log.read_blob(ref)
        path.symlink_to("/etc/passwd")
        with pytest.raises(LogError, match="symbolic link"):
            log.read_blob(ref)
        for digest in ("../events.jsonl", "/etc/passwd", ref.digest.upper(), "", ref.digest + "\n"):
            with pytest.raises(LogError, match="not the name"):
                log.read_blob(BlobRef(digest=digest, size=1))


# Torn ends and damage.


async def test_every_cut_of_a_log_is_recovered(
    store: SessionStore, write_story: WriteStory, tmp_path: Path
) -> None:
    await write_story("one", 2)
    whole = (store.folder / "one" / "events.jsonl").read_bytes()
    records = store.read("one").records
    ends = [i + 1 for i, byte in enumerate(whole) if byte == 10]
    for cut in range(len(whole) + 1):
        name = f"cut-{cut}"
        path = store.folder / name / "events.jsonl"
        path.parent.mkdir(mode=0o700)
        path.write_bytes(whole[:cut])
        kept = sum(end <= cut for end in ends)
        torn = cut - (ends[kept - 1] if kept else 0)
        session = store.read(name)
        assert session.records == records[:kept]
        assert len(session.problems) == (torn > 0)
        async with store.open_writer(name) as log:
            assert log.records[:kept] == records[:kept]
            assert log.problems == ()
            if torn:
                (recovered,) = log.records[kept:]
                assert isinstance(recovered.event, e.LogRecovered)
                assert recovered.seq == kept
                moved = path.with_name("events.jsonl.torn-1")
                assert moved.read_bytes() == whole[cut - torn : cut]
            else:
                assert len(log.records) == kept
            await log.append(note("on"), "coder")
        assert store.read(name).problems == ()
        assert len(store.read(name).records) == kept + (torn > 0) + 1


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
async def test_damage_never_costs_more_than_the_lines_it_touches(
    store: SessionStore,
    tmp_path_factory: pytest.TempPathFactory,
    events: Story,
    data: st.DataObject,
) -> None:
    folder = tmp_path_factory.mktemp("log") / "x"
    async with SessionLog.create(folder, clock=SystemClock(), redactor=Redactor({})) as log:
        for event, actor in events:
            await log.append(event, actor, durable=False)
    path = folder / "events.jsonl"
    whole = path.read_bytes()
    records = read_folder(folder).records
    start = data.draw(st.integers(0, len(whole) - 1))
    removed = data.draw(st.integers(0, 40))
    added = data.draw(st.binary(max_size=40))
    damaged = whole[:start] + added + whole[start + removed :]
    path.write_bytes(damaged)
    session = read_folder(folder)
    first = whole.count(b"\n", 0, start)
    last = whole.count(b"\n", 0, start + removed)
    kept = [record.seq for record in session.records]
    assert list(session.records) == [records[seq] for seq in kept]
    assert kept[:first] == list(range(first))
    assert kept[len(kept) - len(records[last + 1 :]) :] == list(range(last + 1, len(records)))
    assert session.problems or whole.startswith(damaged)
    before = session.records
    async with SessionLog(folder, clock=SystemClock(), redactor=Redactor({})) as log:
        assert log.records[: len(before)] == before
        await log.append(e.SessionLeft(), "person")
    assert read_folder(folder).records[: len(before)] == before


def damaged_session(store: SessionStore, change: Callable[[list[bytes]], list[bytes]]) -> None:
    path = store.folder / "one" / "events.jsonl"
    lines = path.read_bytes().split(b"\n")[:-1]
    path.write_bytes(b"".join(line + b"\n" for line in change(lines)))


async def test_a_changed_record_is_named_and_left_out(
    store: SessionStore, write_story: WriteStory
) -> None:
    await write_story("one")
    before = store.read("one").records
    damaged_session(
        store,
        lambda lines: [
            line.replace(b'"approve"', b'"reject"') if b'"g1"' in line else line for line in lines
        ],
    )
    session = store.read("one")
    changed = [i for i, record in enumerate(before) if record not in session.records]
    assert len(changed) == 1
    assert session.problems == (
        f"events.jsonl line {changed[0] + 1} was changed after it was written "
        "(its checksum differs); it is left out",
    )
    async with store.open_writer("one") as log:
        assert log.problems == session.problems
        await log.append(note("x"), "coder")
    assert len(store.read("one").problems) == 1


async def test_a_changed_checksum_costs_one_record(
    store: SessionStore, write_story: WriteStory
) -> None:
    await write_story("one")
    count = len(store.read("one").records)
    damaged_session(store, lambda x: [*x[:4], x[4][:-34] + b"0" * 32 + x[4][-2:], *x[5:]])
    session = store.read("one")
    assert len(session.records) == count - 1
    assert len(session.problems) == 1


async def test_lines_that_are_missing_doubled_or_swapped(
    store: SessionStore, write_story: WriteStory
) -> None:
    await write_story("one")
    path = store.folder / "one" / "events.jsonl"
    whole = path.read_bytes()
    before = store.read("one").records

    damaged_session(store, lambda x: [*x[:3], *x[6:]])
    session = store.read("one")
    assert session.records == before[:3] + before[6:]
    assert session.problems == ("events.jsonl line 4 comes after 3 missing records",)

    path.write_bytes(whole)
    damaged_session(store, lambda x: [*x[:4], x[3], *x[4:]])
    session = store.read("one")
    assert session.records == before
    assert session.problems == ("events.jsonl line 5 repeats record 3; it is left out",)

    path.write_bytes(whole)
    damaged_session(store, lambda x: [*x[:4], b"rubbish", b"\x00\xff", *x[6:]])
    session = store.read("one")
    assert session.records == before[:4] + before[6:]
    assert [p[:29] for p in session.problems] == [
        f"events.jsonl line {n} is no rec" for n in (5, 6)
    ]

    path.write_bytes(whole)
    damaged_session(store, lambda x: x[2:])
    session = store.read("one")
    assert session.records == before[2:]
    assert store.list()[0].problem


async def test_a_torn_end_is_moved_aside_each_time(store: SessionStore) -> None:
    async with store.create("one") as log:
        await log.append(note("a"), "coder")
    path = store.folder / "one" / "events.jsonl"
    for number, tail in (
        (1, b"half a rec"),
        (2, b"\x00" * 100),
        (3, b"whole\nlines\nof rubbish\n"),
    ):
        path.write_bytes(path.read_bytes() + tail)
        async with store.open_writer("one") as log:
            event = log.records[-1].event
            assert isinstance(event, e.LogRecovered)
            assert event.detail == (
                f"{len(tail)} bytes at the end of the log were no record; "
                f"they are in events.jsonl.torn-{number}"
            )
            assert log.problems == ()
        assert path.with_name(f"events.jsonl.torn-{number}").read_bytes() == tail
    assert store.read("one").problems == ()


async def test_a_reader_follows_a_writer(store: SessionStore) -> None:
    async with store.create("one") as log:
        reader = store.follow("one")
        assert reader.read_new() == []
        first = await log.append(note("a"), "coder")
        assert reader.read_new() == [first]
        assert reader.read_new() == []
        path = log.folder / "events.jsonl"
        more = [await log.append(note(str(i)), "coder") for i in range(3)]
        whole = path.read_bytes()
        part = LogReader(path)
        path.write_bytes(whole[:-5])
        assert part.read_new() == [first, *more[:2]]
        path.write_bytes(whole)
        assert part.read_new() == more[2:]
        assert reader.read_new() == more
        assert part.problems == reader.problems == []
        path.write_bytes(whole[:50])
        with pytest.raises(LogError, match="became shorter"):
            reader.read_new()


def test_what_is_no_log_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with pytest.raises(LogError, match="does not exist"):
        LogReader(path).read_new()
    os.mkfifo(path)
    with pytest.raises(LogError, match="not a regular file"):
        LogReader(path).read_new()
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(LogError, match="symbolic link"):
        LogReader(path).read_new()


def test_a_line_of_any_length_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agent_tui.sessions import reader as module

    monkeypatch.setattr(module, "MAX_LINE", 10)
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"x" * 95 + b"\n" + b"y" * 20 + b"\n" + b"z" * 10)
    reader = LogReader(path)
    assert reader.read_new() == []
    assert [problem[:19] for problem in reader.problems][:2] == [
        "events.jsonl line 1",
        "events.jsonl line 2",
    ]


# Several processes.

WRITER = """
import asyncio, os, sys
from pathlib import Path
from agent_tui.domain.events import StepOutput, SessionLeft
from agent_tui.sessions.store import SessionStore

async def main():
    store = SessionStore(Path(sys.argv[1]))
    log = store.open_writer(sys.argv[2])
    i = 0
    while True:
        event = StepOutput(step="s", channel="text", text="x" * 3000)
        await log.append(event, "coder", durable=False)
        record = await log.append(SessionLeft(), "person")
        print(record.seq, flush=True)

asyncio.run(main())
"""


def start_writer(store: SessionStore, session: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(store.folder), session],
        stdout=subprocess.PIPE,
        text=True,
    )


async def test_one_writer_and_any_number_of_readers(store: SessionStore) -> None:
    await store.create("one").close()
    process = start_writer(store, "one")
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        assert is_locked(store.folder / "one")
        with pytest.raises(SessionLocked) as caught:
            store.open_writer("one")
        assert f"process {process.pid} on " in str(caught.value)
        holder = owner(store.folder / "one")
        assert holder is not None
        assert holder.pid == process.pid
        assert len(store.read("one").records) >= 2
        assert store.read("one").problems == ()
        (summary,) = store.list()
        assert summary.locked
        assert summary.state == "running"
        assert "cut off" not in summary.problem
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    assert not is_locked(store.folder / "one")
    async with store.open_writer("one") as log:
        assert is_locked(log.folder)
        with pytest.raises(SessionLocked, match=f"process {os.getpid()}"):
            store.open_writer("one")
    assert not is_locked(store.folder / "one")


async def test_what_was_acknowledged_survives_kill_9(store: SessionStore) -> None:
    await store.create("one").close()
    for _ in range(3):
        process = start_writer(store, "one")
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(20)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.readlines()
        process.stdout.close()
        process.wait()
        acknowledged = [int(line) for line in lines if line.endswith("\n")][-1]
        async with store.open_writer("one") as log:
            assert log.problems == ()
            assert [record.seq for record in log.records] == list(range(len(log.records)))
            assert len(log.records) > acknowledged
            assert isinstance(log.records[acknowledged].event, e.SessionLeft)


async def test_a_probe_of_the_lock_does_not_keep_a_writer_away(
    store: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.create("one").close()
    probe = os.open(store.folder / "one" / "lock", os.O_RDONLY)
    fcntl.flock(probe, fcntl.LOCK_SH)
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            os.close(probe)

    monkeypatch.setattr("agent_tui.sessions.lock.time.sleep", wait)
    await store.open_writer("one").close()
    assert len(waits) == 3


async def test_an_unreadable_owner_does_not_matter(store: SessionStore) -> None:
    async with store.create("one") as log:
        (log.folder / "lock").write_bytes(b"\xff{")
        with pytest.raises(SessionLocked, match="open in another process;"):
            store.open_writer("one")
    (log.folder / "lock").unlink()
    (log.folder / "lock").symlink_to(log.folder / "elsewhere")
    with pytest.raises(LogError, match="cannot lock"):
        store.open_writer("one")
    assert not (log.folder / "elsewhere").exists()


def test_records_are_json_for_other_tools(store: SessionStore, write_story: WriteStory) -> None:
    asyncio.run(write_story("one"))  # type: ignore[arg-type]
    text = (store.folder / "one" / "events.jsonl").read_text(encoding="utf-8")
    for seq, line in enumerate(text.split("\n")[:-1]):
        assert json.loads(line)["seq"] == seq


@pytest.mark.parametrize("count", [2, 3])
async def test_records_in_one_line_are_kept_where_each_follows_the_one_before(
    store: SessionStore, write_story: WriteStory, count: int
) -> None:
    await write_story("one")
    before = store.read("one").records
    damaged_session(store, lambda x: [*x[:4], b"".join(x[4 : 4 + count]), *x[4 + count :]])
    session = store.read("one")
    assert session.records == before
    assert session.problems == (f"events.jsonl line 5 holds {count} records; they are kept",)
    async with store.open_writer("one") as log:
        assert log.records == before
        await log.append(e.SessionLeft(), "person")
    assert len(store.read("one").records) == len(before) + 1


async def test_records_in_one_line_are_not_believed_if_they_do_not_follow(
    store: SessionStore, write_story: WriteStory
) -> None:
    await write_story("one")
    before = store.read("one").records
    damaged_session(store, lambda x: [*x[:4], x[4] + x[6], *x[7:]])
    session = store.read("one")
    assert session.records == before[:4] + before[7:]
    assert session.problems[0].startswith("events.jsonl line 5 is no record")
