"""The linked worktree: snapshots, resets, diffs, and a life of several processes."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest
from workspace_helpers import SESSION, Repo, contents

from agent_tui.domain.decision import Selection
from agent_tui.domain.patch import parse_patch
from agent_tui.ports import Workspace, WorkspaceError
from agent_tui.workspace.repository import open_repository
from agent_tui.workspace.worktree import GitWorkspace

pytestmark = pytest.mark.anyio


def untouched(repo: Repo) -> dict[str, object]:
    """All that a session must not change before it lands."""
    return {
        "files": contents(repo.root),
        "modes": {p: p.lstat().st_mode for p in repo.root.rglob("*") if ".git" not in p.parts},
        "index": (repo.root / ".git" / "index").read_bytes(),
        "config": (repo.root / ".git" / "config").read_bytes(),
        "branches": repo.git("for-each-ref", "refs/heads", "refs/tags", "refs/stash"),
        "stash": repo.git("stash", "list"),
        "HEAD": (repo.root / ".git" / "HEAD").read_bytes(),
        "log": (repo.root / ".git" / "logs" / "HEAD").read_bytes(),
    }


async def test_it_is_a_workspace(workspace: GitWorkspace) -> None:
    port: Workspace = workspace
    assert port.root.is_dir()


async def test_create_gives_the_base(repo: Repo, workspace: GitWorkspace) -> None:
    assert contents(workspace.root) == contents(repo.root)
    assert workspace.base_tree == repo.git("rev-parse", "HEAD^{tree}")
    assert await workspace.snapshot() == workspace.base_tree
    assert os.access(workspace.root / "run.sh", os.X_OK)
    inside = Repo(workspace.root)
    assert inside.git("status", "--porcelain") == ""
    assert inside.git("rev-parse", "HEAD") == repo.head()


async def test_nothing_of_the_users_is_touched(repo: Repo, workspace_of, tmp_path: Path) -> None:
    repo.put("a.txt", "stashed\n")
    repo.git("stash")
    repo.put("a.txt", "staged\n")
    repo.git("add", "a.txt")
    repo.put("a.txt", "and changed again\n")
    repo.put("untracked", "x")
    repo.put("x.log", "ignored")
    before = untouched(repo)
    workspace = await workspace_of(repo)
    await workspace.write_files({"a.txt": b"mine\n", "new": b"x"})
    tree = await workspace.snapshot()
    patch = parse_patch(await workspace.diff(workspace.base_tree, tree))
    assert [file.path for file in patch.files] == ["a.txt", "new"]
    await workspace.reset(tree)
    await workspace.reset(workspace.base_tree)
    await workspace.read(tree, "a.txt")
    await workspace.remove()
    assert untouched(repo) == before
    assert repo.git("worktree", "list", "--porcelain").count("worktree ") == 1
    repo.fsck()


async def test_a_snapshot_is_what_git_add_would_make(repo: Repo, workspace: GitWorkspace) -> None:
    root = workspace.root
    (root / "a.txt").unlink()
    (root / "link").symlink_to("nowhere")
    (root / "x.log").write_text("ignored")
    (root / "deep" / "er").mkdir(parents=True)
    (root / "deep" / "er" / "f").write_bytes(b"\0binary")
    (root / "run.sh").chmod(0o644)
    (root / os.fsdecode(b"\xff.txt")).write_text("odd")
    os.mkfifo(root / "fifo")
    tree = await workspace.snapshot()
    expected = Repo(root)
    expected.git("add", "-A")
    assert tree == expected.git("write-tree")
    assert set(await workspace.files(tree)) == {
        ".gitignore", "link", "deep/er/f", "run.sh", "src/b.py", '"\\377.txt"',
    }  # fmt: skip
    assert await workspace.read(tree, '"\\377.txt"') == b"odd"
    assert await workspace.read(tree, "link") == b"nowhere"
    assert await workspace.read(tree, "deep") is None
    assert await workspace.read(tree, "a.txt") is None
    assert await workspace.read(tree, "deep/er/f") == b"\0binary"


async def test_ignored_files_of_the_base_belong_to_it(repo: Repo, workspace_of) -> None:
    repo.put("kept.log", "tracked though ignored\n")
    repo.commit()
    workspace = await workspace_of(repo)
    await workspace.write_files({"kept.log": b"changed\n", "other.log": b"ignored\n"})
    tree = await workspace.snapshot()
    assert await workspace.read(tree, "kept.log") == b"changed\n"
    assert "other.log" not in await workspace.files(tree)
    await workspace.write_files({"kept.log": None})
    without = await workspace.snapshot()
    await workspace.reset(without)
    await workspace.write_files({"kept.log": b"back\n"})
    assert await workspace.read(await workspace.snapshot(), "kept.log") == b"back\n"


async def test_what_reset_wrote_stays_in_the_snapshot(workspace: GitWorkspace) -> None:
    await workspace.write_files({".gitignore": b"", "x.log": b"now tracked\n"})
    tree = await workspace.snapshot()
    await workspace.write_files({".gitignore": b"*.log\nbuild/\n"})
    patch = parse_patch(await workspace.diff(workspace.base_tree, tree))
    without_rule = await workspace.select(
        workspace.base_tree, tree, patch, Selection(files=(".gitignore",))
    )
    await workspace.reset(without_rule)
    assert await workspace.snapshot() == without_rule
    await workspace.write_files({"x.log": None})
    assert await workspace.snapshot() == workspace.base_tree


async def test_reset_removes_everything_else(repo: Repo, workspace: GitWorkspace) -> None:
    root = workspace.root
    (root / "a.txt").unlink()
    (root / "a.txt").mkdir()
    (root / "a.txt" / "inner").write_text("in the way")
    shutil.rmtree(root / "src")
    (root / "src").symlink_to("/tmp")
    (root / "build").mkdir()
    (root / "build" / "x.log").write_text("ignored")
    Repo(root / "nested").init()
    os.mkfifo(root / "fifo")
    (root / "run.sh").chmod(0o600)
    await workspace.reset(workspace.base_tree)
    assert contents(root) == contents(repo.root)
    assert not (root / "nested").exists()
    assert not (root / "build").exists()
    assert not (root / "fifo").exists()
    assert os.access(root / "run.sh", os.X_OK)
    assert await workspace.snapshot() == workspace.base_tree


async def test_reset_after_the_folder_was_removed(repo: Repo, workspace: GitWorkspace) -> None:
    shutil.rmtree(workspace.root)
    await workspace.reset(workspace.base_tree)
    assert contents(workspace.root) == contents(repo.root)


async def test_flags_in_gits_own_index_hide_nothing(workspace: GitWorkspace) -> None:
    inside = Repo(workspace.root)
    inside.git("update-index", "--assume-unchanged", "a.txt")
    inside.git("update-index", "--skip-worktree", "src/b.py")
    inside.put("a.txt", "changed\n")
    inside.put("src/b.py", "changed\n")
    tree = await workspace.snapshot()
    assert await workspace.read(tree, "a.txt") == b"changed\n"
    assert await workspace.read(tree, "src/b.py") == b"changed\n"


async def test_a_change_of_the_same_size_at_the_same_time_is_seen(
    workspace: GitWorkspace,
) -> None:
    file = workspace.root / "a.txt"
    stat = file.stat()
    file.write_bytes(b"ONE\ntwo\nthree\n")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert await workspace.read(await workspace.snapshot(), "a.txt") == b"ONE\ntwo\nthree\n"


async def test_nested_repositories_are_refused(workspace: GitWorkspace) -> None:
    nested = Repo(workspace.root / "nested").init()
    with pytest.raises(WorkspaceError, match="nested"):
        await workspace.snapshot()
    nested.put("f", "x")
    nested.commit()
    with pytest.raises(WorkspaceError, match=r"'nested' .* git repository of its own: remove it"):
        await workspace.snapshot()


async def test_submodules_stay_as_they_are(repo: Repo, tmp_path: Path, workspace_of) -> None:
    other = Repo(tmp_path / "other").init()
    other.put("f", "x")
    other.commit()
    repo.git("-c", "protocol.file.allow=always", "submodule", "-q", "add", str(other.root), "sub")
    repo.git("commit", "-qm", "sub")
    workspace = await workspace_of(repo)
    assert await workspace.snapshot() == workspace.base_tree
    await workspace.write_files({"a.txt": b"x\n"})
    await workspace.reset(await workspace.snapshot())
    assert (workspace.root / "sub").is_dir()
    with pytest.raises(WorkspaceError, match="'sub/d/x' is not written: it lies in a submodule"):
        await workspace.write_files({"fine": b"", "sub/d/x": b""})
    assert not (workspace.root / "fine").exists()
    await workspace.remove()
    assert not workspace.root.exists()


async def test_work_from_a_submodule_checkout(repo: Repo, tmp_path: Path, workspace_of) -> None:
    outer = Repo(tmp_path / "outer").init()
    outer.git("-c", "protocol.file.allow=always", "submodule", "-q", "add", str(repo.root), "sub")
    inner = Repo(outer.root / "sub")
    inner.git("config", "user.name", "A")
    inner.git("config", "user.email", "a@b")
    workspace = await workspace_of(inner)
    assert contents(workspace.root) == contents(repo.root)
    assert Repo(workspace.root).git("status", "--porcelain") == ""


@pytest.mark.parametrize("autocrlf", ["true", "input", "false"])
async def test_line_ends_are_converted_as_git_would(
    tmp_path: Path, workspace_of, autocrlf: str
) -> None:
    repo = Repo(tmp_path / "repo").init()
    repo.put("t.txt", b"one\ntwo\n")
    repo.put("crlf.bat", b"rem\r\n")
    repo.put(".gitattributes", b"*.win text eol=crlf\n")
    repo.put("w.win", b"a\r\nb\r\n")
    repo.commit()
    repo.git("config", "core.autocrlf", autocrlf)
    workspace = await workspace_of(repo)
    expected = b"one\r\ntwo\r\n" if autocrlf == "true" else b"one\ntwo\n"
    assert (workspace.root / "t.txt").read_bytes() == expected
    assert (workspace.root / "w.win").read_bytes() == b"a\r\nb\r\n"
    assert await workspace.snapshot() == workspace.base_tree
    await workspace.write_files({"t.txt": b"one\nTWO\n", "w.win": b"a\nB\n", "n": b"x\r\ny\r\n"})
    tree = await workspace.snapshot()
    assert await workspace.read(tree, "t.txt") == b"one\nTWO\n"
    assert await workspace.read(tree, "w.win") == b"a\nB\n"
    new = b"x\r\ny\r\n" if autocrlf == "false" else b"x\ny\n"
    assert await workspace.read(tree, "n") == new


async def test_the_users_settings_do_not_change_a_diff(repo: Repo, workspace_of) -> None:
    workspace = await workspace_of(repo)
    (workspace.root / "a.txt").rename(workspace.root / "z.txt")
    await workspace.write_files(
        {"z.txt": b"one\ntwo\nTHREE\n", "src/b.py": b"x = 2\n\n", ".gitattributes": b"* -diff\n"}
    )
    tree = await workspace.snapshot()
    plain = await workspace.diff(workspace.base_tree, tree)
    assert b"rename from a.txt" in plain
    config = {
        "diff.noprefix": "true", "diff.mnemonicPrefix": "true", "diff.context": "0",
        "diff.algorithm": "minimal", "diff.renames": "copies", "diff.interHunkContext": "9",
        "color.ui": "always", "color.diff": "always", "diff.suppressBlankEmpty": "true",
        "diff.orderFile": "/nonexistent", "diff.wsErrorHighlight": "all", "diff.external": "false",
        "core.quotePath": "true", "core.abbrev": "4", "diff.submodule": "log",
        "diff.indentHeuristic": "false", "diff.srcPrefix": "x/", "diff.dstPrefix": "y/",
        "diff.relative": "true", "core.attributesFile": "/nonexistent", "diff.renameLimit": "1",
    }  # fmt: skip
    for key, value in config.items():
        repo.git("config", key, value)
    home = Path(os.environ["HOME"]) / "config"
    shutil.copy(repo.root / ".git" / "config", home)
    os.environ["GIT_CONFIG_GLOBAL"] = str(home)
    try:
        again = await workspace_of(repo, resume=True)
        assert await again.diff(workspace.base_tree, tree) == plain
    finally:
        os.environ["GIT_CONFIG_GLOBAL"] = "/dev/null"


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
async def test_a_repository_without_commits(
    tmp_path: Path, workspace_of, object_format: str
) -> None:
    repo = Repo(tmp_path / "r").init(f"--object-format={object_format}")
    workspace = await workspace_of(repo)
    assert contents(workspace.root) == {}
    assert await workspace.snapshot() == workspace.base_tree
    await workspace.write_files({"f": b"first\n"})
    tree = await workspace.snapshot()
    patch = parse_patch(await workspace.diff(workspace.base_tree, tree))
    assert [(file.path, file.status) for file in patch.files] == [("f", "added")]


async def test_trees_survive_gc_and_a_resume(repo: Repo, workspace_of) -> None:
    facts = await open_repository(repo.root)
    first = await workspace_of(repo, facts=facts)
    await first.write_files({"a.txt": b"1\n"})
    tree = await first.snapshot()
    await first.write_files({"a.txt": b"2\n"})
    await first.close()
    repo.git("-c", "gc.pruneExpire=now", "gc", "-q", "--prune=now")
    second = await workspace_of(repo, facts=facts, resume=True)
    assert await second.read(tree, "a.txt") == b"1\n"
    assert await second.read(await second.snapshot(), "a.txt") == b"2\n"
    await second.reset(tree)
    assert await second.snapshot() == tree


async def test_a_resume_makes_a_lost_folder_again(repo: Repo, workspace_of) -> None:
    facts = await open_repository(repo.root)
    first = await workspace_of(repo, facts=facts)
    await first.write_files({"a.txt": b"1\n"})
    tree = await first.snapshot()
    await first.close()
    shutil.rmtree(first.root)
    repo.put("a.txt", "the user goes on\n")
    repo.commit()
    second = await workspace_of(repo, facts=facts, resume=True)
    assert await second.snapshot() == facts.tree
    await second.reset(tree)
    assert (second.root / "a.txt").read_bytes() == b"1\n"


async def test_a_resume_after_remove(repo: Repo, workspace_of) -> None:
    facts = await open_repository(repo.root)
    first = await workspace_of(repo, facts=facts)
    await first.remove()
    await first.remove()
    await first.close()
    await first.close()
    second = await workspace_of(repo, facts=facts, resume=True)
    assert await second.snapshot() == facts.tree


async def test_a_second_session_of_the_same_name_is_refused(repo: Repo, workspace_of) -> None:
    await workspace_of(repo)
    with pytest.raises(WorkspaceError, match="exists already: resume"):
        await workspace_of(repo)


async def test_a_foreign_folder_is_not_taken_for_the_worktree(
    repo: Repo, workspace_of, tmp_path: Path
) -> None:
    other = Repo(tmp_path / "worktrees" / SESSION).init()
    with pytest.raises(WorkspaceError, match="is not this session's worktree"):
        await workspace_of(repo, resume=True)
    shutil.rmtree(other.root)
    other.root.symlink_to(repo.root)
    with pytest.raises(WorkspaceError, match="is not this session's worktree"):
        await workspace_of(repo, resume=True)


@pytest.mark.parametrize("name", ["", "a/b", "..", "a..b", "x.lock", "-x", "a b", "a\n", "x."])
async def test_names_of_sessions(repo: Repo, tmp_path: Path, name: str) -> None:
    facts = await open_repository(repo.root)
    with pytest.raises(WorkspaceError, match="cannot be the name of a session"):
        await GitWorkspace.create(facts, name, tmp_path / "worktrees")


async def test_outside_text_is_no_option(workspace: GitWorkspace) -> None:
    for bad in ("--output=x", "HEAD", "", "4b825dc", "-" * 40):
        with pytest.raises(WorkspaceError, match="is not the name of an object"):
            await workspace.reset(bad)
        with pytest.raises(WorkspaceError, match="is not the name of an object"):
            await workspace.diff(workspace.base_tree, bad)
    assert await workspace.read(workspace.base_tree, "--help") is None
    assert await workspace.read(workspace.base_tree, ":(glob)**") is None
    assert await workspace.read(workspace.base_tree, "src/") is None
    assert await workspace.read(workspace.base_tree, "../repo/a.txt") is None


async def test_base_that_is_gone(repo: Repo, workspace_of) -> None:
    facts = (await open_repository(repo.root)).model_copy(update={"commit": "1" * 40})
    with pytest.raises(WorkspaceError, match="base commit of the session is not in this repo"):
        await workspace_of(repo, facts=facts)


async def test_many_calls_at_once(workspace: GitWorkspace) -> None:
    await workspace.write_files({"a.txt": b"1\n"})
    tree = await workspace.snapshot()

    async def one() -> tuple[str, bytes | None, int]:
        return (
            await workspace.snapshot(),
            await workspace.read(tree, "a.txt"),
            len(await workspace.diff(workspace.base_tree, tree)),
        )

    results = await asyncio.gather(*(one() for _ in range(8)))
    assert len(set(results)) == 1
    assert results[0][:2] == (tree, b"1\n")


async def test_a_cancelled_wait_leaves_nothing_half_done(workspace: GitWorkspace) -> None:
    await workspace.write_files({"a.txt": b"1\n"})
    tree = await workspace.snapshot()
    task = asyncio.create_task(workspace.reset(workspace.base_tree))
    await asyncio.sleep(0)  # it has been handed to the thread
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await workspace.snapshot() in (workspace.base_tree, tree)


async def test_two_sessions_side_by_side(repo: Repo, tmp_path: Path) -> None:
    facts = await open_repository(repo.root)
    both = [await GitWorkspace.create(facts, name, tmp_path / "worktrees") for name in "ab"]
    for number, workspace in enumerate(both):
        await workspace.write_files({"a.txt": b"%d\n" % number})
    trees = [await workspace.snapshot() for workspace in both]
    assert trees[0] != trees[1]
    await both[0].remove()
    assert await both[1].snapshot() == trees[1]
    for workspace in both:
        await workspace.close()


async def test_what_the_system_refuses_is_a_sentence(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    facts = await open_repository(repo.root)
    with pytest.raises(WorkspaceError, match=r"/file.*: (File exists|Not a directory)\."):
        await GitWorkspace.create(facts, "a", tmp_path / "file")


async def test_worktrees_behind_a_link(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    facts = await open_repository(repo.root)
    async with await GitWorkspace.create(facts, "a", tmp_path / "link") as workspace:
        assert await workspace.snapshot() == workspace.base_tree
        await workspace.remove()
    assert repo.git("worktree", "list", "--porcelain").count("worktree ") == 1
    assert list((tmp_path / "real").iterdir()) == []


async def test_sparse_split_and_v4(repo: Repo, workspace_of) -> None:
    repo.put("big/one", "1\n")
    repo.put("big/two", "2\n")
    repo.commit()
    repo.git("update-index", "--index-version", "4")
    repo.git("update-index", "--split-index")
    repo.git("sparse-checkout", "set", "src")
    before = untouched(repo)
    workspace = await workspace_of(repo)
    assert (workspace.root / "big" / "one").read_text() == "1\n"
    assert await workspace.snapshot() == workspace.base_tree
    after = untouched(repo)
    assert after == before
