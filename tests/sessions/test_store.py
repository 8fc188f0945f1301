"""The store: ids, lists, damaged sessions, packed sessions."""

import io
import struct
import zipfile
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest

from agent_tui.domain import events as e
from agent_tui.domain.base import Actor, BlobRef
from agent_tui.domain.decision import Gate
from agent_tui.sessions import packed
from agent_tui.sessions.files import LogError
from agent_tui.sessions.packed import pack, unpack
from agent_tui.sessions.store import SessionNotFound, SessionStore, open_packed, open_path

pytestmark = pytest.mark.anyio

WriteStory = Callable[..., Awaitable[str]]
Story = list[tuple[e.Event, Actor]]


async def test_ids_sort_by_time(store: SessionStore) -> None:
    ids = []
    for _ in range(5):
        log = store.create()
        ids.append(log.id)
        await log.close()
    assert ids == sorted(ids) == store.ids()
    assert ids[0].startswith("20261122-1530")
    assert len(ids[0]) == len("20261122-153012-k3f9")


async def test_ids_that_are_no_names_are_refused(store: SessionStore) -> None:
    for name in ("../x", "a/b", ".hidden", "", " ", "-x", "x\n", "é", "x" * 101):
        with pytest.raises(LogError):
            store.path(name)
        if name:
            with pytest.raises(LogError, match="cannot be the id"):
                store.create(name)
    await store.create("x").close()
    with pytest.raises(LogError, match="there is a session x already"):
        store.create("x")


async def test_resolve(store: SessionStore) -> None:
    for name in ("20260101-000000-abcd", "20260101-000001-abxy", "20260202-000000-wxyz"):
        await store.create(name).close()
    assert store.resolve("202602") == "20260202-000000-wxyz"
    assert store.resolve("20260101-000001-abxy") == "20260101-000001-abxy"
    assert store.resolve("abc") == "20260101-000000-abcd"
    with pytest.raises(SessionNotFound, match="2 sessions begin with '20260101'"):
        store.resolve("20260101")
    with pytest.raises(SessionNotFound, match=r"2 sessions begin with 'ab' .*type more"):
        store.resolve("ab")
    with pytest.raises(SessionNotFound, match=r"no session begins with 'q'; see"):
        store.resolve("q")
    with pytest.raises(SessionNotFound):
        store.resolve("")
    with pytest.raises(SessionNotFound) as caught:
        store.resolve("\x1b[2J")
    assert "\x1b" not in str(caught.value)


def test_an_empty_place_has_no_sessions(tmp_path: Path) -> None:
    store = SessionStore(tmp_path / "none")
    assert store.list() == []
    assert store.ids() == []
    with pytest.raises(SessionNotFound):
        store.read("x")
    with pytest.raises(SessionNotFound):
        store.open_writer("x")
    with pytest.raises(SessionNotFound):
        store.summary("x")


async def test_list(store: SessionStore, write_story: WriteStory) -> None:
    await write_story("done")
    await write_story("cut", 4)
    await store.create("empty").close()
    by_id = {summary.id: summary for summary in store.list()}
    assert [s.id for s in store.list()] == ["cut", "done", "empty"]  # the latest activity first
    done = by_id["done"]
    assert done.state == "committed"
    assert done.request == "Parse roman numerals"
    assert (done.repo, done.root) == ("roman", "/home/me/code/roman")
    assert done.attempts == 2
    assert done.cost == Decimal("0.0125")
    assert done.records == len(store.read("done").records)
    assert done.started is not None
    assert done.last is not None
    assert done.last > done.started
    assert not done.problem
    assert by_id["cut"].state == "interrupted"
    assert by_id["empty"].state == "empty"
    assert store.list() == store.list()
    assert {s.id for s in store.list("/home/me/code/roman")} == {"done", "cut"}
    assert {s.id for s in store.list("/home/me/code/../code/roman/")} == {"done", "cut"}
    assert store.list("/home/me") == []


async def test_states(store: SessionStore, events: Story) -> None:
    async with store.create("one") as log:
        for event, actor in events[:2]:
            await log.append(event, actor)
        assert store.summary("one").state == "running"
        await log.append(e.GateOpened(gate=Gate(id="g", kind="diff", question="?")), "engine")
        assert store.summary("one").state == "waiting: diff"
        assert store.summary("one").locked
        await log.append(e.SessionLeft(), "person")
    assert store.summary("one").state == "left"
    assert store.summary("one").gate == "diff"
    async with store.open_writer("one") as log:
        await log.append(e.SessionResumed(), "engine")
        assert store.summary("one").state == "waiting: diff"
        await log.append(e.SessionFinished(outcome="rejected"), "engine")
    assert store.summary("one").state == "rejected"


async def test_the_cache_is_used_and_never_believed_too_much(
    store: SessionStore, write_story: WriteStory
) -> None:
    await write_story("one")
    fresh = store.summary("one")
    cache = store.folder / "one" / "summary.json"
    text = cache.read_text()
    cache.write_text(text.replace("Parse roman numerals", "From the cache"))
    assert store.summary("one").request == "From the cache"
    async with store.open_writer("one") as log:
        await log.append(e.SessionLeft(), "person")
    assert store.summary("one").request == "Parse roman numerals"
    key = cache.read_text()
    for damage in ("", "{", "[]", "null", "[" * 100_000, key.replace("records", "recrods")):
        cache.write_text(damage)
        assert store.summary("one").request == fresh.request
    cache.write_text(key.replace('"attempts":2', '"attempts":"many"'))
    assert store.summary("one").attempts == 2
    cache.write_text(key.replace('"cost":"0.0125"', '"cost":"much"'))
    assert store.summary("one").cost == Decimal("0.0125")
    cache.unlink()
    cache.mkdir()  # so that it cannot be written either
    assert store.summary("one").request == fresh.request


async def test_damaged_sessions_are_listed_with_a_problem(
    store: SessionStore, write_story: WriteStory
) -> None:
    await write_story("good")
    await write_story("middle")
    path = store.folder / "middle" / "events.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"AC1"', b'"AC9"'))
    await write_story("torn")
    path = store.folder / "torn" / "events.jsonl"
    path.write_bytes(path.read_bytes()[:-3])
    (store.folder / "nothing").mkdir()
    (store.folder / "rubbish").mkdir()
    (store.folder / "rubbish" / "events.jsonl").write_bytes(b"\x00" * 5000)
    (store.folder / "folder" / "events.jsonl").mkdir(parents=True)
    (store.folder / "link").mkdir()
    (store.folder / "link" / "events.jsonl").symlink_to("/etc/passwd")
    (store.folder / "loop").symlink_to("loop")
    (store.folder / "no id").mkdir()
    (store.folder / "not-zip.zip").write_bytes(b"x")
    (store.folder / "readme.txt").write_bytes(b"x")
    problems = {summary.id: summary.problem for summary in store.list()}
    assert problems.pop("good") == ""
    assert "was changed after it was written" in problems["middle"]
    assert "cut off" in problems["torn"]
    assert set(problems) == {"middle", "torn", "nothing", "rubbish", "folder", "link", "not-zip"}
    assert all(problems.values()), problems
    states = {summary.id: summary.state for summary in store.list()}
    assert states["rubbish"] == states["nothing"] == "damaged"
    assert states["middle"] == "committed"


async def test_reading_writes_nothing(
    store: SessionStore, write_story: WriteStory, tmp_path: Path
) -> None:
    await write_story("one")
    path = store.folder / "one" / "events.jsonl"
    path.write_bytes(path.read_bytes() + b"torn")
    before = {p: p.read_bytes() for p in store.folder.rglob("*") if p.is_file()}
    store.read("one")
    open_path(path)
    open_path(path.parent)
    pack(path.parent, tmp_path / "x.zip")
    assert {p: p.read_bytes() for p in store.folder.rglob("*") if p.is_file()} == before


# Packed sessions.


async def packed_story(store: SessionStore, write: WriteStory, file: Path) -> BlobRef:
    await write("one")
    async with store.open_writer("one") as log:
        ref = await log.put_blob(b"a patch\n" * 100)
        await log.put_blob(b"another")
    pack(store.folder / "one", file)
    return ref


async def test_a_packed_session_is_the_same_session(
    store: SessionStore, write_story: WriteStory, tmp_path: Path
) -> None:
    file = tmp_path / "shared.zip"
    ref = await packed_story(store, write_story, file)
    session = open_packed(file)
    assert session.records == store.read("one").records
    assert session.problems == ()
    assert session.blob(ref) == b"a patch\n" * 100
    assert session.id == "shared"
    assert open_path(file).records == session.records
    with pytest.raises(LogError, match="is not in"):
        session.blob(BlobRef(digest="0" * 64, size=1))
    with pytest.raises(LogError, match="is not in"):
        session.blob(BlobRef(digest="../one", size=1))
    with pytest.raises(LogError, match="damaged"):
        session.blob(ref.model_copy(update={"size": 3}))


async def test_packing_is_deterministic_and_replaces_nothing(
    store: SessionStore, write_story: WriteStory, tmp_path: Path
) -> None:
    await packed_story(store, write_story, tmp_path / "a.zip")
    (store.folder / "one" / "events.jsonl").touch()
    pack(store.folder / "one", tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with pytest.raises(LogError, match="is there already"):
        pack(store.folder / "one", tmp_path / "a.zip")
    pack(store.folder / "one", tmp_path / "a.zip", overwrite=True)
    with pytest.raises(LogError, match="cannot write"):
        pack(store.folder / "one", tmp_path / "none" / "a.zip")


async def test_a_store_with_packed_sessions(store: SessionStore, write_story: WriteStory) -> None:
    ref = await packed_story(store, write_story, store.folder / "two.zip")
    assert store.ids() == ["one", "two"]
    one, two = (store.summary(name) for name in ("one", "two"))
    assert (two.id, two.state, two.request) == ("two", one.state, one.request)
    assert store.read("two").records == store.read("one").records
    assert store.blob("two", ref) == b"a patch\n" * 100
    with pytest.raises(LogError, match="can only be replayed"):
        store.open_writer("two")


async def test_half_a_record_is_not_packed(
    store: SessionStore, write_story: WriteStory, tmp_path: Path
) -> None:
    await write_story("one")
    path = store.folder / "one" / "events.jsonl"
    path.write_bytes(path.read_bytes() + b'{"half')
    pack(path.parent, tmp_path / "x.zip")
    assert open_packed(tmp_path / "x.zip").problems == ()
    (path.parent / "blobs").mkdir()
    (path.parent / "blobs" / ("0" * 64)).write_bytes(b"not that")
    with pytest.raises(LogError, match="damaged"):
        pack(path.parent, tmp_path / "y.zip")
    assert not (tmp_path / "y.zip").exists()


def zipped(entries: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in entries:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return buffer.getvalue()


def truncated_data() -> bytes:
    data = bytearray(zipped([("events.jsonl", b"x" * 1000)]))
    data[50] ^= 0xFF
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no zip archive"),
        (b"PK\x05\x06", "no zip archive"),
        (zipped([]), "there is no events.jsonl"),
        (zipped([("events.jsonl", b""), ("../evil", b"")]), "does not belong"),
        (zipped([("events.jsonl", b""), ("/etc/passwd", b"")]), "does not belong"),
        (zipped([("events.jsonl", b""), ("blobs/../x", b"")]), "does not belong"),
        (zipped([("events.jsonl", b""), ("blobs/", b"")]), "does not belong"),
        (zipped([("events.jsonl", b""), ("\x1b[2J", b"")]), "does not belong"),
        (zipped([("events.jsonl", b""), ("blobs/" + "0" * 64, b"x")]), "is damaged"),
        (zipped([("events.jsonl", b"")])[:-10], "no zip archive"),
        (truncated_data(), "is no packed session"),
    ],
    ids=range(11),
)
def test_what_is_no_packed_session_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    file = tmp_path / "x.zip"
    file.write_bytes(data)
    with pytest.raises(LogError, match=message) as caught:
        open_packed(file)
    assert "\x1b" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_entry_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.zip"
    file.write_bytes(zipped([("events.jsonl", b"a"), ("events.jsonl", b"b")]))
    with pytest.raises(LogError, match="is in it twice"):
        unpack(file)


def test_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "x.zip"
    file.write_bytes(zipped([("events.jsonl", b"\0" * 3_000_000)]))
    unpack(file)
    monkeypatch.setattr(packed, "MAX_UNPACKED", 1_000_000)
    with pytest.raises(LogError, match=r"too big: more than 1,000,000 bytes"):
        unpack(file)
    # An archive may lie about sizes; what is counted is what comes out.
    data = bytearray(file.read_bytes())
    at = data.rfind(b"PK\x01\x02")
    struct.pack_into("<L", data, at + 24, 10)
    file.write_bytes(data)
    with pytest.raises(LogError):
        unpack(file)
    monkeypatch.setattr(packed, "MAX_ENTRIES", 3)
    file.write_bytes(zipped([(f"blobs/{i:064x}", b"") for i in range(5)]))
    with pytest.raises(LogError, match="too many entries"):
        unpack(file)
    monkeypatch.setattr(packed, "MAX_FILE", 100)
    with pytest.raises(LogError, match="bigger than 100 bytes"):
        unpack(file)


def test_paths_that_are_no_session(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="does not exist"):
        open_path(tmp_path / "none")
    with pytest.raises(LogError, match="no session in the folder"):
        open_path(tmp_path)
