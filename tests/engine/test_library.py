"""Verify, check out, fork, compare, search and delete, on a real session in a real repository."""

import asyncio
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from agent_tui.bootstrap import library as lib
from agent_tui.bootstrap.deleting import delete, would_free
from agent_tui.bootstrap.demo import demo_options
from agent_tui.bootstrap.environment import Options, open_environment
from agent_tui.bootstrap.forking import ForkWish, fork_session
from agent_tui.bootstrap.saved import look_at
from agent_tui.bootstrap.starting import resume_session, start_session
from agent_tui.demo.repository import REQUEST
from agent_tui.domain import events as e
from agent_tui.ports import WorkspaceError
from agent_tui.sessions import codec
from agent_tui.sessions.catalog import FILE as CATALOG
from agent_tui.sessions.catalog import Catalog
from agent_tui.sessions.compare import compared, facts
from agent_tui.sessions.files import LogError
from agent_tui.sessions.labels import Labels, read_labels, write_labels
from agent_tui.sessions.store import SessionStore

pytestmark = pytest.mark.anyio

CHECK = {
    "name": "tests",
    "command": ["{python}", "-S", "-c", "import durations as d; assert d.parse('2.05h')==7380"],
    "timeout_s": 60.0,
}


def git(folder: Path, *args: str) -> str:
    done = subprocess.run(["git", *args], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Options, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
        patch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
        folder = tmp_path_factory.mktemp("library") / "demo"
        folder.mkdir()

        async def go() -> tuple[Options, str]:
            made = await demo_options(folder, 0.0)
            options = replace(made, settings={**made.settings, "checks": [CHECK]})
            session = await start_session(await open_environment(options), REQUEST)
            await session.run()
            await session.close()
            return options, session.id

        options, session = asyncio.run(go())
    return folder, options, session


@pytest.fixture
def copy(made: tuple[Path, Options, str], tmp_path: Path) -> tuple[Options, Path]:
    """The session's folder, to be spoilt; the repository is the true one."""
    _, options, session = made
    store = tmp_path / "sessions"
    shutil.copytree(options.sessions / session, store / session)  # type: ignore[operator]
    return replace(options, sessions=store), store / session


def rewrite(folder: Path, change) -> None:  # type: ignore[no-untyped-def]
    """Forge the log: other data in its records, and a chain that fits."""
    digest, lines = "", []
    for line in (folder / "events.jsonl").read_bytes().splitlines():
        fields = json.loads(line)
        del fields["h"]
        change(fields)
        body = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
        digest = codec.chain(digest, body)
        lines.append(body[:-1] + b',"h":"' + digest.encode() + b'"}\n')
    (folder / "events.jsonl").write_bytes(b"".join(lines))


def test_a_good_session_is_good(made: tuple[Path, Options, str]) -> None:
    _, options, session = made
    report = lib.verify_session(options, session)
    assert not report.problems
    assert not report.notes
    assert report.approvals >= 3
    assert len(report.commits) == 1


def test_what_a_forger_changes_is_found(copy: tuple[Options, Path]) -> None:
    options, folder = copy
    other = git(Path(lib.look_at(options, folder.name).started.repo.root), "rev-parse", "HEAD~1")  # type: ignore[union-attr]

    def swap(fields: dict) -> None:  # type: ignore[type-arg]
        if fields["type"] == "commit.done":
            fields["data"]["commit"] = other

    rewrite(folder, swap)
    problems = "\n".join(lib.verify_session(options, folder.name).problems)
    assert "which is not the one that was approved" in problems
    assert "does not name this session" in problems


@pytest.mark.parametrize(
    ("kind", "field", "words"),
    [
        ("commit.started", "tree", "nobody approved in these bytes"),
        ("gate.decided", "tree", "which nobody proposed"),
        ("gate.decided", "parent", "on another parent"),
    ],
)
def test_an_approval_that_does_not_fit_is_found(
    copy: tuple[Options, Path], kind: str, field: str, words: str
) -> None:
    options, folder = copy

    def change(fields: dict) -> None:  # type: ignore[type-arg]
        if fields["type"] == kind and fields["data"].get("approval"):
            fields["data"]["approval"][field] = "7" * 40

    rewrite(folder, change)
    assert words in "\n".join(lib.verify_session(options, folder.name).problems)


def test_a_changed_record_and_a_changed_text_are_found(copy: tuple[Options, Path]) -> None:
    options, folder = copy
    blob = next(iter((folder / "blobs").iterdir()))
    blob.write_bytes(blob.read_bytes().replace(b"+", b"-", 1))
    log = folder / "events.jsonl"
    log.write_bytes(log.read_bytes().replace(b"committed", b"Committed", 1))
    problems = "\n".join(lib.verify_session(options, folder.name).problems)
    assert "is damaged: its bytes are not the same" in problems
    assert "was changed after it was written" in problems


def test_files_of_a_step(made: tuple[Path, Options, str], tmp_path: Path) -> None:
    folder, options, session = made
    saved, first = lib.at_step(options, f"{session}@a1")
    _, last = lib.at_step(options, f"{session}@end")
    files, later = lib.files_at(saved, first), lib.files_at(saved, last)
    assert files.whole
    assert "durations/parse.py" in files.paths
    assert files.read("durations/parse.py") != later.read("durations/parse.py")
    assert b"durations/parse.py" in files.diff(later)
    with pytest.raises(lib.UsageError, match="no file"):
        files.read("../secret")
    target = tmp_path / "out"
    tree = lib.check_out(saved, first, target)
    root = folder / "durations"
    assert git(target, "write-tree") == tree
    assert git(target, "status", "--porcelain") != ""
    assert (target / "durations/parse.py").read_bytes() == files.read("durations/parse.py")
    with pytest.raises(WorkspaceError, match="not empty"):
        lib.check_out(saved, first, target)
    assert git(root, "status", "--porcelain") == ""
    git(root, "fsck", "--strict")
    git(root, "worktree", "remove", "--force", str(target))


def test_without_the_repository_the_patch_is_there(
    copy: tuple[Options, Path], tmp_path: Path
) -> None:
    options, folder = copy

    def elsewhere(fields: dict) -> None:  # type: ignore[type-arg]
        if fields["type"] == "session.started":
            fields["data"]["repo"]["root"] = str(tmp_path / "gone")

    rewrite(folder, elsewhere)
    saved, last = lib.at_step(options, folder.name)
    files = lib.files_at(saved, last)
    assert not files.whole
    assert "durations/parse.py" in files.paths
    assert lib.patch_at(saved, last).startswith(b"diff --git")
    with pytest.raises(lib.UsageError, match="not here"):
        files.read("durations/parse.py")
    with pytest.raises(WorkspaceError, match="not here"):
        lib.check_out(saved, last, tmp_path / "out")
    report = lib.verify_session(options, folder.name)
    assert not report.problems
    assert "the repository is not here" in report.notes[0]


def test_a_step_that_there_is_not(made: tuple[Path, Options, str]) -> None:
    _, options, session = made
    for step in ("0", "9999999", "a7", "x"):
        with pytest.raises(lib.UsageError, match="has no step"):
            lib.at_step(options, f"{session}@{step}")


async def test_a_fork_goes_its_own_way(made: tuple[Path, Options, str]) -> None:
    folder, options, session = made
    before = (options.sessions / session / "events.jsonl").read_bytes()  # type: ignore[operator]
    changed = replace(options, settings={**options.settings, "limits.iterations": "7"})
    saved, position = lib.at_step(options, f"{session}@a1")
    env = await open_environment(changed)
    wish = ForkWish("Try it in another way.")
    new_id = await fork_session(env, saved, position, wish)
    child = look_at(options, new_id)
    child.read_all()
    state = child.log.state_at(len(child.log))
    assert state.parent is not None
    assert (state.parent.parent, state.parent.seq) == (session, position - 1)
    line = before.splitlines()[position - 1].decode()
    assert f'"h":"{state.parent.digest}"' in line
    assert state.parent.changes == ("limits.iterations: 7",)
    assert state.cost == type(state.cost)()
    assert state.revision == saved.log.state_at(position).revision
    going = await resume_session(env, new_id)
    await going.run()
    await going.close()
    assert going.state.finished is not None
    assert going.state.finished.outcome == "committed"
    assert not lib.verify_session(options, new_id).problems
    assert (options.sessions / session / "events.jsonl").read_bytes() == before  # type: ignore[operator]
    columns = []
    for name in (session, new_id):
        found = look_at(options, name)
        found.read_all()
        columns.append(facts(compared(found)))
    assert columns[1]["forked from"].text == f"{session}@{position}"
    assert columns[0].keys() == columns[1].keys()
    # Deleting it frees its refs and its folder; the commit and the branch stay.
    root = folder / "durations"
    freed = delete(would_free(options, new_id))
    assert freed.refs > 0
    assert not freed.folder.exists()
    assert git(root, "for-each-ref", f"refs/agent-tui/{new_id}") == ""
    assert git(root, "rev-parse", f"refs/heads/agent-tui/{new_id}")


@pytest.mark.parametrize("kind", [e.CommitStarted, e.SessionFinished])
async def test_no_fork_after_the_commit_began(
    made: tuple[Path, Options, str], kind: type[e.Event]
) -> None:
    _, options, session = made
    saved, last = lib.at_step(options, session)
    at = next(n for n in range(last) if isinstance(saved.log[n].event, kind)) + 1
    env = await open_environment(options)
    with pytest.raises(LogError, match="fork from an earlier one"):
        await fork_session(env, saved, at, ForkWish())


def test_search_and_labels(copy: tuple[Options, Path]) -> None:
    options, folder = copy
    store = SessionStore(options.sessions or Path())
    catalog = Catalog(store)
    assert not catalog.known()
    [summary] = catalog.refresh()
    assert summary.outcome == "committed"
    for words in ("picky", "pick dur", "parse py", folder.name[:15]):
        assert [hit.summary.id for hit in catalog.search(words)] == [folder.name], words
    for words in ("zebra", "picky zebra", '"', "*", ""):
        assert not catalog.search(words)
    write_labels(folder, Labels(name="Roman holiday", tags=("keep",), archived=True))
    [summary] = catalog.refresh()
    assert summary.title == "Roman holiday"
    assert summary.labels == read_labels(folder)
    assert catalog.search("holiday keep")
    shutil.rmtree(folder)
    assert not catalog.refresh()
    assert not catalog.search("picky")
    catalog.close()
    with pytest.raises(LogError, match="cannot be a tag"):
        write_labels(options.sessions or Path(), Labels(tags=("a b",)))


def test_a_damaged_catalog_is_made_anew(copy: tuple[Options, Path]) -> None:
    options, folder = copy
    store = SessionStore(options.sessions or Path())
    (store.folder / CATALOG).write_bytes(b"SQLite format 3\0" + b"x" * 5_000)
    catalog = Catalog(store)
    assert [s.id for s in catalog.refresh()] == [folder.name]
    catalog.close()


def test_the_catalog_gives_what_the_store_gives(copy: tuple[Options, Path]) -> None:
    options, folder = copy
    store = SessionStore(options.sessions or Path())
    log = folder / "events.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    for number, count in enumerate((1, 20, 60, len(lines) - 1)):
        other = store.folder / f"cut-{number}"
        shutil.copytree(folder, other)
        (other / "events.jsonl").write_bytes(b"".join(lines[:count]))
    catalog = Catalog(store)
    assert catalog.refresh() == store.list()
    catalog.close()
