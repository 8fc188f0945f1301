"""Finding a repository, and every refusal."""

import os
import subprocess
from pathlib import Path

import pytest
from workspace_helpers import Repo

from agent_tui.ports import WorkspaceError
from agent_tui.workspace.git import Git, GitError, Place
from agent_tui.workspace.repository import EMPTY_TREES, open_repository, require_idle

pytestmark = pytest.mark.anyio


async def test_facts(repo: Repo) -> None:
    facts = await open_repository(repo.root)
    assert facts.root == str(repo.root)
    assert facts.name == "repo"
    assert facts.ref == "refs/heads/main"
    assert facts.commit == repo.head()
    assert facts.tree == repo.git("rev-parse", "HEAD^{tree}")
    assert facts.dirty == 0


async def test_dirty_paths_are_counted(repo: Repo) -> None:
    repo.put("a.txt", "changed\n")
    repo.put("new file", "x")
    repo.put("staged", "x")
    repo.git("add", "staged")
    repo.put("x.log", "ignored")
    assert (await open_repository(repo.root)).dirty == 3


async def test_from_a_subfolder(repo: Repo) -> None:
    assert (await open_repository(repo.root / "src")).root == str(repo.root)


async def test_detached_head(repo: Repo) -> None:
    repo.git("checkout", "-q", "--detach")
    facts = await open_repository(repo.root)
    assert facts.ref is None
    assert facts.commit == repo.head()


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
async def test_without_commits(tmp_path: Path, object_format: str) -> None:
    repo = Repo(tmp_path / "r").init(f"--object-format={object_format}")
    facts = await open_repository(repo.root)
    assert (facts.ref, facts.commit) == ("refs/heads/main", "")
    assert facts.tree == repo.git("hash-object", "-t", "tree", "/dev/null")
    assert facts.tree == EMPTY_TREES[object_format]


async def test_linked_worktree(repo: Repo, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", "-b", "other", str(tmp_path / "linked"))
    facts = await open_repository(tmp_path / "linked")
    assert (facts.root, facts.ref) == (str(tmp_path / "linked"), "refs/heads/other")


async def test_submodule(repo: Repo, tmp_path: Path) -> None:
    outer = Repo(tmp_path / "outer").init()
    outer.git("-c", "protocol.file.allow=always", "submodule", "-q", "add", str(repo.root), "sub")
    inner = Repo(outer.root / "sub")
    inner.git("config", "user.name", "A")
    inner.git("config", "user.email", "a@b")
    facts = await open_repository(inner.root)
    assert (facts.root, facts.commit) == (str(inner.root), repo.head())


async def test_separate_git_dir(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r").init("--separate-git-dir", str(tmp_path / "elsewhere"))
    assert (await open_repository(repo.root)).root == str(repo.root)


async def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"not in a git repository: .* git init"):
        await open_repository(tmp_path)


async def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="is not a folder"):
        await open_repository(tmp_path / "missing")


async def test_bare(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    Repo(tmp_path / "r").git("init", "-q", "--bare")
    with pytest.raises(WorkspaceError, match=r"bare repository.*open a checkout"):
        await open_repository(tmp_path / "r")


async def test_inside_git_dir(repo: Repo) -> None:
    with pytest.raises(WorkspaceError, match=r"no working tree.*checkout"):
        await open_repository(repo.root / ".git" / "refs")


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("merge", "merge"),
        ("rebase", "rebase"),
        ("cherry-pick", "cherry-pick"),
        ("revert", "revert"),
    ],
)
async def test_operation_in_progress(repo: Repo, command: str, word: str) -> None:
    repo.git("checkout", "-q", "-b", "other")
    repo.put("a.txt", "theirs\n")
    repo.commit()
    repo.git("checkout", "-q", "main")
    repo.put("a.txt", "ours\n")
    repo.commit()
    repo.put("a.txt", "newer\n")
    repo.commit()
    repo.git(command, "HEAD~1" if command == "revert" else "other", ok=False)
    facts = await open_repository(repo.root)
    with pytest.raises(WorkspaceError, match=f"a {word} .*in progress.*--abort"):
        await require_idle(facts.root)


@pytest.mark.parametrize(
    ("begin", "said"),
    [
        ("merge other", "a merge"),
        ("rebase other", "a rebase"),
        ("rebase --apply other", "a rebase"),
        ("am patches", "an am of patches"),
        ("cherry-pick other", "a cherry-pick"),
        ("revert HEAD~1", "a revert"),
        ("cherry-pick other~1 other, git add a.txt, git commit -m mine", "a cherry-pick or revert"),
        ("revert HEAD~1 HEAD~2, git add a.txt, git commit -m mine", "a cherry-pick or revert"),
        ("bisect start HEAD HEAD~2", "a bisect"),
    ],
)
async def test_what_stops_an_operation_is_said(repo: Repo, begin: str, said: str) -> None:
    """The command that the sentence names is run, and after it a session can begin."""
    repo.git("checkout", "-q", "-b", "other")
    for text in ("theirs\n", "theirs again\n"):
        repo.put("a.txt", text)
        repo.commit()
    patches = repo.raw("format-patch", "--stdout", "main")
    repo.git("checkout", "-q", "main")
    for text in ("ours\n", "newer\n", "newest\n"):
        repo.put("a.txt", text)
        repo.commit()
    (repo.root / ".git" / "patches").write_bytes(patches)
    for command in begin.replace("am patches", "am .git/patches").split(", "):
        repo.git(*command.removeprefix("git ").split(), ok=False)
    with pytest.raises(WorkspaceError) as refused:
        await require_idle(str(repo.root))
    assert str(refused.value).startswith(f"{said} ")
    stop = str(refused.value).partition("or stop it (git ")[2].partition(")")[0]
    repo.git(*stop.split())
    await require_idle(str(repo.root))


async def test_no_identity(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r").init(identity=False)
    with pytest.raises(WorkspaceError, match=r"git config --global user\.name .*user\.email"):
        await open_repository(repo.root)
    repo.git("config", "user.name", "Ada")
    with pytest.raises(WorkspaceError, match="does not know who you are"):
        await open_repository(repo.root)


async def test_identity_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = Repo(tmp_path / "r").init(identity=False)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Env")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "env@example.com")
    assert (await open_repository(repo.root)).commit == ""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
async def test_foreign_owner(repo: Repo) -> None:
    for path in (repo.root, *repo.root.rglob("*")):
        os.lchown(path, 12345, 12345)
    with pytest.raises(WorkspaceError, match=r"belongs to another user.*safe\.directory"):
        await open_repository(repo.root)


async def test_git_missing(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(WorkspaceError, match=r"git was not found: install git 2\.36"):
        await open_repository(repo.root)


async def test_git_too_old(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho git version 2.20.1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    with pytest.raises(WorkspaceError, match=r"git 2\.20 is too old: install git 2\.36"):
        await open_repository(repo.root)


async def test_core_worktree_elsewhere(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    repo.git("config", "core.worktree", str(tmp_path / "victim"))
    with pytest.raises(WorkspaceError, match=r"core\.worktree"):
        await open_repository(repo.root)


async def test_broken_head_commit(repo: Repo) -> None:
    head = repo.head()
    (repo.root / ".git" / "objects" / head[:2] / head[2:]).unlink()
    with pytest.raises(WorkspaceError):
        await open_repository(repo.root)


async def test_git_variables_of_the_caller_do_not_count(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Repo(tmp_path / "other").init()
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "no-index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.root))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "objects"))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'core.bare'='true'")
    facts = await open_repository(repo.root)
    assert facts.root == str(repo.root)
    assert facts.dirty == 0


def test_gateway_reports_what_git_says(repo: Repo) -> None:
    git = Git()
    with pytest.raises(GitError, match=r"^git cat-file: fatal: Not a valid object name nothing"):
        git.run("cat-file", "blob", "nothing", at=Place(repo.root))


def test_gateway_gives_exact_bytes(repo: Repo) -> None:
    git = Git()
    data = b"\x00\xff\r\n\n\n"
    name = git.run("hash-object", "-w", "--stdin", at=Place(repo.root), stdin=data).decode().strip()
    assert git.run("cat-file", "blob", name, at=Place(repo.root)) == data


def test_importing_the_package_does_not_import_gitpython_or_textual() -> None:
    code = (
        "import sys, agent_tui.workspace.checks\n"
        "sys.exit(any(m in sys.modules for m in ('git', 'textual')))"
    )
    subprocess.run(["python", "-c", code], check=True, cwd=Path(__file__).parents[2])
