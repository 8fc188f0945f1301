"""What comes in may be anything: no path leaves, nothing fills the memory, a sentence says why."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_tui.domain import events as e
from agent_tui.sessions.files import LogError
from agent_tui.sessions.importers.files import FileTracker, safe_path
from agent_tui.sessions.importers.load import FORMATS, Context, load, save
from agent_tui.sessions.importers.source import ImportFailed
from agent_tui.sessions.redact import Redactor
from agent_tui.sessions.store import read_folder
from tests.importers.importing import Claude, read
from tests.importers.test_other_formats import SOURCES


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/r/a.py", "a.py"),
        ("a/./b.py", "a/b.py"),
        ("/r/../etc/passwd", None),
        ("../x", None),
        ("/elsewhere/x", None),
        ("/rx/a", None),
        ("/r/.git/config", None),
        ("/r/sub/.GIT/config", None),
        ("/r", None),
        ("/r/", None),
        ("", None),
        ("a\x00b", None),
        ("a\nb", None),
        ("a\ud800", None),
        ("x" * 5000, None),
    ],
)
def test_no_path_leaves_the_folder(path: str, name: str | None) -> None:
    assert safe_path(path, "/r") == name


def test_paths_of_windows() -> None:
    assert safe_path("C:\\work\\src\\a.py", "C:\\work") == "src/a.py"
    assert safe_path("C:\\other\\a.py", "C:\\work") is None


def test_json_that_is_nested_deeply_is_refused(tmp_path: Path) -> None:
    whole = tmp_path / "deep.json"
    whole.write_text('{"schema_version": "ATIF-v1.7", "steps": ' + "[" * 100_000)
    with pytest.raises(ImportFailed, match="nested too deeply"):
        load(whole, Context(Redactor({})))
    claude = Claude()
    claude.asks("go")
    path = claude.write(tmp_path)
    with path.open("a") as file:
        file.write('{"type":"user","sessionId":"x","message":' + '{"a":' * 5000 + "1\n")
    done = read(path)
    assert done.account.count("kept raw") == 1


def test_a_file_that_is_nothing_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(random.Random(1).randbytes(5000))
    with pytest.raises(ImportFailed, match="no format that is known"):
        load(path, Context(Redactor({})))
    with pytest.raises(ImportFailed, match=r"not a regular file|cannot read"):
        load(tmp_path, Context(Redactor({})), "codex")
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(ImportFailed, match="symbolic link"):
        load(tmp_path / "link", Context(Redactor({})))


def test_nothing_is_left_of_an_import_that_fails(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_text("[" * 100_000)
    store = tmp_path / "store"
    with pytest.raises(LogError):
        save(path, store / "one", Context(Redactor({})), "atif")
    assert list(store.iterdir()) == []


def test_secrets_do_not_reach_the_log(tmp_path: Path) -> None:
    claude = Claude()
    claude.asks("use sk-ant-api03-" + "x" * 40)
    folder = tmp_path / "store" / "one"
    save(claude.write(tmp_path), folder, Context(Redactor({})))
    assert b"sk-ant-api03" not in (folder / "events.jsonl").read_bytes()


def test_a_saved_import_reads_back_whole(tmp_path: Path) -> None:
    claude = Claude()
    claude.asks("go")
    claude.edit("m", "/home/dev/roman/a.py", "a\n", "a", "b")
    path = claude.write(tmp_path)
    folder = tmp_path / "store" / "one"
    account = save(path, folder, Context(Redactor({})))
    saved = read_folder(folder)
    assert saved.problems == ()
    assert list(saved.records) == read(path).records
    (last,) = [r.event for r in saved.records if isinstance(r.event, e.SessionImported)]
    assert saved.blob(last.raw[0]) == path.read_bytes()
    assert account.model_dump() == json.loads(saved.blob(last.account)) | {
        "files": account.model_dump()["files"],
        "notes": account.notes,
        "unknown": account.unknown,
    }
    assert all(p.stat().st_mode & 0o077 == 0 for p in folder.rglob("*"))


@pytest.mark.parametrize("name", SOURCES)
def test_damaged_sources_never_raise_anything_else(name: str, tmp_path: Path) -> None:
    """Bytes changed, cut and doubled at random: a full account, or one sentence."""
    good = SOURCES[name][0](tmp_path).read_bytes()
    rng = random.Random(name)
    told = refused = 0
    for _ in range(60):
        data = bytearray(good)
        for _ in range(rng.randint(1, 8)):
            at = rng.randrange(len(data))
            kind = rng.randrange(3)
            if kind == 0:
                data[at] = rng.randrange(256)
            elif kind == 1:
                del data[at : at + rng.randint(1, 40)]
            else:
                data[at:at] = data[at : at + rng.randint(1, 40)]
            if not data:
                data = bytearray(b"{")
        path = tmp_path / "damaged"
        path.write_bytes(data)
        try:
            done = load(path, Context(Redactor({})), name)
        except ImportFailed:
            refused += 1
        else:
            told += 1
            assert done[2].complete
    print(f"{name}: {told} told, {refused} refused")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FIELDS = (
    *("type", "message", "content", "role", "payload", "timestamp", "uuid", "id", "usage"),
    *("toolUseResult", "steps", "item", "changes", "tool_calls", "observation", "results"),
    *("metrics", "messages", "parts", "info", "state", "tool", "args", "status"),
)
records = st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=8)
TYPES = ["user", "assistant", "event_msg", "response_item", "session_meta", "gemini", "tool_use"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(TYPES), records), max_size=6), st.sampled_from(list(FORMATS))
)
def test_any_json_has_an_account(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, dict[str, object]]], name: str
) -> None:
    path = tmp_path_factory.mktemp("any") / "x.jsonl"
    path.write_text("".join(json.dumps({**r, "type": kind}) + "\n" for kind, r in lines))
    try:
        _, _, account = load(path, Context(Redactor({})), name)
    except ImportFailed:
        return
    assert account.complete


# -- files of which only hunks are known -----------------------------------------------------------

edits = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 3), st.lists(st.sampled_from("xyz"), max_size=3)),
    min_size=1,
    max_size=5,
)


@settings(max_examples=150, deadline=None)
@given(edits, st.integers(0, 3))
def test_hunks_put_together_are_the_change_as_a_whole(
    steps: list[tuple[int, int, list[str]]], context: int
) -> None:
    """Whatever edits are told as hunks, the diff of the turn leads to the same file."""
    import difflib

    first = [f"line {n}\n" for n in range(1, 26)]
    now = list(first)
    tracker = FileTracker()
    for number, (place, count, new) in enumerate(steps):
        at = min(place, len(now))
        after = [*now[:at], *(f"{x}{number}\n" for x in new), *now[at + count :]]
        diff = "".join(difflib.unified_diff(now, after, n=context))
        if diff:
            tracker.patched("f", diff)
        now = after
    change = tracker.turn()
    if not change.patches:
        assert now == first
        return
    assert apply_patch(first, b"".join(change.patches).decode()) == now


def apply_patch(lines: list[str], patch: str) -> list[str]:
    """A patch applied by git, which knows nothing of how it was made."""
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "f").write_text("".join(lines))
        done = subprocess.run(
            ["git", "apply", "--unidiff-zero", "-"],
            input=patch.encode(),
            cwd=folder,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode() + patch
        path = Path(folder) / "f"
        return path.read_text().splitlines(keepends=True) if path.exists() else []
