"""``agent-tui sessions clean``: what sessions left, in real repositories, judged by git."""

import asyncio
import shutil
from pathlib import Path

import pytest

from agent_tui.workspace.leftovers import find_leftovers, remove_leftovers
from tests.shells import Shell, run_session, small_repository


@pytest.fixture
def repo(tmp_path: Path, shell: Shell) -> Path:
    """A repository in which a session has committed."""
    root = small_repository(shell, tmp_path / "repo")
    run_session(shell, root)
    return root


def refs(shell: Shell, repo: Path, under: str) -> list[str]:
    return shell.git(repo, "for-each-ref", "--format=%(refname)", under).split()


def test_what_is_merged_goes_and_what_is_used_stays(
    shell: Shell, repo: Path, tmp_path: Path
) -> None:
    (branch,) = refs(shell, repo, "refs/heads/agent-tui/")
    session = branch.rpartition("/")[2]
    kept_alive = refs(shell, repo, "refs/agent-tui/")
    assert kept_alive
    said = shell.run("sessions", "clean", cwd=repo)
    assert said.returncode == 0, said.stderr
    assert said.stdout == (
        f"remove  agent-tui/{session}: main has its commit\n"
        "nothing is removed yet: add --yes to do it\n"
    )
    assert refs(shell, repo, "refs/heads/agent-tui/") == [branch]
    shell.git(repo, "worktree", "add", "-q", str(tmp_path / "elsewhere"), f"agent-tui/{session}")
    said = shell.run("sessions", "clean", "--yes", cwd=repo)
    assert f"keep    agent-tui/{session}: it is checked out in {tmp_path}" in said.stdout
    assert refs(shell, repo, "refs/heads/agent-tui/") == [branch]
    shell.git(repo, "worktree", "remove", str(tmp_path / "elsewhere"))
    said = shell.run("sessions", "clean", "--yes", cwd=repo)
    assert said.stdout.endswith("removed: 1 ref\n"), said.stderr
    assert refs(shell, repo, "refs/heads/agent-tui/") == []
    # The session is there, so what keeps its trees is, too; and it can be taken back.
    assert refs(shell, repo, "refs/agent-tui/") == kept_alive
    assert shell.run("sessions", "verify", cwd=repo).returncode == 0
    assert shell.run("undo", cwd=repo).returncode == 0


def test_a_commit_that_only_its_branch_has_stays(shell: Shell, repo: Path) -> None:
    (branch,) = refs(shell, repo, "refs/heads/agent-tui/")
    shell.git(repo, "reset", "-q", "--hard", "HEAD^")
    said = shell.run("sessions", "clean", "--yes", cwd=repo)
    assert "no other branch has its commit\nthere is nothing to remove\n" in said.stdout
    assert refs(shell, repo, "refs/heads/agent-tui/") == [branch]
    shell.git(repo, "tag", "kept", branch)
    assert "kept has its commit" in shell.run("sessions", "clean", "--yes", cwd=repo).stdout
    assert refs(shell, repo, "refs/heads/agent-tui/") == []


def test_refs_of_a_deleted_session(shell: Shell, repo: Path, tmp_path: Path) -> None:
    count = len(refs(shell, repo, "refs/agent-tui/"))
    (folder,) = tmp_path.glob("home/**/sessions/2*")
    shutil.move(folder, tmp_path / "away")
    said = shell.run("sessions", "clean", "--yes", cwd=repo)
    assert f"remove  {count} refs of {folder.name}: its session is not among" in said.stdout
    assert refs(shell, repo, "refs/agent-tui/") == []
    assert shell.git(repo, "fsck", "--strict") == ""
    assert shell.run("sessions", "clean", cwd=repo).stdout == "there is nothing to remove\n"


def test_what_moves_meanwhile_stays(shell: Shell, repo: Path) -> None:
    (branch,) = refs(shell, repo, "refs/heads/agent-tui/")
    found = asyncio.run(find_leftovers(repo, {}))
    assert [entry.removable for entry in found] == [True, True]
    # Main does not have the commit any more, and a ref of the session has another value.
    shell.git(repo, "reset", "-q", "--hard", "HEAD^")
    other = found[1].refs[0][0]
    shell.git(repo, "update-ref", other, "HEAD")
    problems = asyncio.run(remove_leftovers(repo, found))
    assert len(problems) == 2
    assert all("stays" in problem for problem in problems)
    assert refs(shell, repo, "refs/heads/agent-tui/") == [branch]
    assert other in refs(shell, repo, "refs/agent-tui/")


def test_a_session_that_is_not_through_keeps_its_branch(shell: Shell, repo: Path) -> None:
    (branch,) = refs(shell, repo, "refs/heads/agent-tui/")
    found = asyncio.run(find_leftovers(repo, {branch.rpartition("/")[2]: False}))
    assert [(entry.removable, entry.why) for entry in found] == [
        (False, "its session is not through")
    ]
