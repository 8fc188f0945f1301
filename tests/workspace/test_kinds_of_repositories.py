"""Repositories that are not whole, or not one's own: a session commits there, or says why not."""

import os
from pathlib import Path

import pytest
from workspace_helpers import MESSAGE, SESSION, Repo, approve

from agent_tui.ports import WorkspaceError
from agent_tui.workspace.repository import open_repository, require_idle
from agent_tui.workspace.worktree import GitWorkspace

pytestmark = pytest.mark.anyio


def clone(repo: Repo, to: Path, *options: str) -> Repo:
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.git("clone", "-q", *options, f"file://{repo.root}", str(to))
    made = Repo(to)
    made.git("config", "user.name", "Ada Example")
    made.git("config", "user.email", "ada@example.com")
    return made


async def commits(repo: Repo, workspaces: Path) -> str:
    """Commit a change in it, and give what the log says then."""
    facts = await open_repository(repo.root)
    async with await GitWorkspace.create(facts, SESSION, workspaces) as workspace:
        await workspace.write_files({"a.txt": b"changed\n", "new/x": b"x\n"})
        tree = await workspace.snapshot()
        done = await workspace.commit(approve(workspace, tree), MESSAGE, SESSION)
        assert done.landed, done.detail
        assert repo.git("rev-parse", "HEAD^{tree}") == tree
    assert repo.git("status", "--porcelain") == ""
    return repo.git("log", "--format=%s")


@pytest.mark.parametrize("kind", ["shallow", "partial", "treeless", "shallow and partial"])
async def test_clones_that_are_not_whole(repo: Repo, tmp_path: Path, kind: str) -> None:
    repo.put("a.txt", "second\n")
    repo.commit("second")
    options = {
        "shallow": ["--depth=1"],
        "partial": ["--filter=blob:none"],
        "treeless": ["--filter=tree:0"],
        "shallow and partial": ["--depth=1", "--filter=blob:none"],
    }[kind]
    part = clone(repo, tmp_path / "part", *options)
    log = await commits(part, tmp_path / "worktrees")
    assert log.split("\n")[:2] == ["Do it", "second"]
    assert (repo.root / "a.txt").read_text() == "second\n"


async def test_a_partial_clone_without_its_files(repo: Repo, tmp_path: Path) -> None:
    """What is not there is not fetched: the remote's programs would run."""
    part = clone(repo, tmp_path / "part", "--filter=blob:none", "--no-checkout")
    facts = await open_repository(part.root)
    with pytest.raises(WorkspaceError) as found:
        await GitWorkspace.create(facts, SESSION, tmp_path / "worktrees")
    assert "is not here" in str(found.value), str(found.value)
    assert "git" in str(found.value)
    assert not (tmp_path / "worktrees" / SESSION).exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a repository away")
async def test_a_repository_of_somebody_else(repo: Repo) -> None:
    for folder, _, files in os.walk(repo.root):
        for path in (folder, *(os.path.join(folder, name) for name in files)):  # noqa: PTH118
            os.lchown(path, 65534, 65534)
    with pytest.raises(WorkspaceError, match=r"belongs to another user.*safe\.directory"):
        await open_repository(repo.root)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("MERGE_HEAD", "a merge is in progress: finish it"),
        ("CHERRY_PICK_HEAD", "a cherry-pick is in progress: finish it"),
        ("REVERT_HEAD", "a revert is in progress"),
        ("rebase-merge", "a rebase is in progress"),
        ("BISECT_LOG", "a bisect is in progress"),
    ],
)
async def test_in_the_middle_of_something(repo: Repo, entry: str, said: str) -> None:
    at = repo.root / ".git" / entry
    at.mkdir() if entry == "rebase-merge" else at.write_text(repo.head())
    facts = await open_repository(repo.root)  # it can be looked at
    with pytest.raises(WorkspaceError, match=said):
        await require_idle(facts.root)
