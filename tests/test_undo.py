"""``agent-tui undo``: a session's commit is taken back, and brought again, in real repositories."""

import json
from pathlib import Path

import pytest

from tests.shells import SCRIPT, Shell, run_session, small_repository


@pytest.fixture
def repo(tmp_path: Path, shell: Shell) -> Path:
    """A repository in which a session has committed, with work of the person's around it."""
    root = small_repository(shell, tmp_path / "repo")
    more = '  { name = "write_file", arguments = { path = "new/d.txt", text = "d\\n" } },\n'
    more += '  { name = "delete_file", arguments = { path = "c.txt" } },\n'
    first = 'tools = [{ name = "write_file"'
    run_session(shell, root, SCRIPT.replace(first, first.replace("[{", f"[\n{more}{{")))
    (root / "a.txt").write_text("mine\n")
    return root


def files(shell: Shell, repo: Path) -> dict[str, str]:
    names = shell.git(repo, "ls-files").split("\n")
    return {name: (repo / name).read_text() for name in names if (repo / name).exists()}


BEFORE = {"a.txt": "mine\n", "b.txt": "b.txt\n", "c.txt": "c.txt\n"}
AFTER = {"a.txt": "mine\n", "b.txt": "better\n", "new/d.txt": "d\n"}


def test_back_and_again(shell: Shell, repo: Path) -> None:
    commit = shell.git(repo, "rev-parse", "HEAD")
    assert files(shell, repo) == AFTER
    done = shell.run("undo", cwd=repo)
    assert done.returncode == 0, done.stderr
    assert f"took back {commit[:10]} (3 files)" in done.stdout
    by = shell.git(repo, "rev-parse", "HEAD")
    assert f"to bring it again: agent-tui undo {by[:10]}" in done.stdout
    assert files(shell, repo) == BEFORE
    assert shell.git(repo, "rev-parse", "HEAD^") == commit
    assert shell.git(repo, "diff", "HEAD~2", "HEAD", "--stat") == ""
    assert shell.git(repo, "status", "--porcelain") == "M a.txt"
    assert shell.git(repo, "log", "-1", "--format=%s") == 'Undo "Make it better"'
    again = shell.run("undo", by[:10], cwd=repo)
    assert again.returncode == 0, again.stderr
    assert f"brought again what {by[:10]} had taken back (3 files)" in again.stdout
    assert "to take it back again: agent-tui undo" in again.stdout
    assert files(shell, repo) == AFTER
    assert shell.git(repo, "log", "-1", "--format=%s") == 'Redo "Undo "Make it better""'
    # Brought again, it can be taken back again; and nothing of ours is left but the commits.
    assert shell.run("undo", cwd=repo).returncode == 0
    assert files(shell, repo) == BEFORE
    nothing = shell.run("undo", cwd=repo)
    assert nothing.returncode == 2
    assert "no commit of a session here that could be taken back" in nothing.stderr
    assert not shell.git(repo, "for-each-ref", "refs/heads/agent-tui/*.undo-*")
    shell.git(repo, "fsck", "--strict")


def test_the_log_has_it_and_replays(shell: Shell, repo: Path) -> None:
    session = shell.git(repo, "log", "-1", "--format=%(trailers:key=Agent-Tui-Session,valueonly)")
    assert shell.run("undo", session, cwd=repo).returncode == 0
    replayed = shell.run("replay", session, "--headless", "--json", cwd=repo)
    last = json.loads(replayed.stdout.splitlines()[-1])
    assert last["type"] == "commit.undone"
    assert last["actor"] == "person"
    assert sorted(last["data"]["paths"]) == ["b.txt", "c.txt", "new/d.txt"]
    words = shell.run("replay", session, "--headless", cwd=repo)
    assert "took back" in words.stdout.splitlines()[-1]


def test_what_later_commits_changed_stays(shell: Shell, repo: Path) -> None:
    (repo / "b.txt").write_text("better still\n")
    shell.git(repo, "commit", "-q", "-m", "theirs", "b.txt")
    done = shell.run("undo", cwd=repo)
    assert done.returncode == 0, done.stderr
    assert "left, since later commits changed it: b.txt" in done.stdout
    assert files(shell, repo) == {**BEFORE, "b.txt": "better still\n"}
    names = shell.git(repo, "diff", "--name-only", "HEAD^", "HEAD")
    assert names.split() == ["c.txt", "new/d.txt"]
    once_more = shell.run("undo", shell.git(repo, "rev-parse", "HEAD~2"), cwd=repo)
    assert once_more.returncode == 2
    assert "nothing of it is left to take back" in once_more.stderr


def test_what_is_not_committed_stays_on_the_disk_alone(shell: Shell, repo: Path) -> None:
    """The commit is the exact inverse all the same."""
    (repo / "b.txt").write_text("better still\n")
    shell.git(repo, "add", "b.txt")
    (repo / "b.txt").write_text("better still, and more\n")
    (repo / "new/d.txt").write_text("d, and mine\n")
    (repo / "c.txt").write_text("their own c\n")
    disk = {name: (repo / name).read_text() for name in ("a.txt", "b.txt", "c.txt", "new/d.txt")}
    status = shell.git(repo, "status", "--porcelain")
    done = shell.run("undo", cwd=repo)
    assert done.returncode == 0, done.stderr
    assert "no file on the disk was touched" in done.stdout
    assert shell.git(repo, "diff", "HEAD~2", "HEAD", "--stat") == ""
    assert {name: (repo / name).read_text() for name in disk} == disk
    # It is theirs as before: what was staged still is, and the rest shows as a change.
    assert shell.git(repo, "show", ":b.txt") == "better still"
    assert shell.git(repo, "status", "--porcelain") == "M a.txt\nMM b.txt\n M c.txt\n?? new/"
    assert shell.run("undo", "HEAD", cwd=repo).returncode == 0
    assert {name: (repo / name).read_text() for name in disk} == disk
    assert shell.git(repo, "diff", "HEAD~2", "HEAD", "--stat") == ""
    assert shell.git(repo, "status", "--porcelain") == status


def test_where_their_file_keeps_a_folder_the_rest_comes_back(shell: Shell, repo: Path) -> None:
    (repo / "c.txt").mkdir()
    (repo / "c.txt" / "theirs").write_text("in a folder of that name\n")
    done = shell.run("undo", cwd=repo)
    assert done.returncode == 0, done.stderr
    assert "left on the disk, with your own changes: c.txt" in done.stdout
    assert (repo / "c.txt" / "theirs").read_text() == "in a folder of that name\n"
    assert (repo / "b.txt").read_text() == "b.txt\n"
    assert not (repo / "new").exists()
    assert shell.git(repo, "diff", "HEAD~2", "HEAD", "--stat") == ""


def test_what_is_refused(shell: Shell, repo: Path) -> None:
    base = shell.git(repo, "rev-parse", "HEAD^")
    theirs = shell.run("undo", base, cwd=repo)
    assert theirs.returncode == 2
    assert f"take it back with git revert {base[:10]}" in theirs.stderr
    assert "no session 'nonsense'" in shell.run("undo", "nonsense", cwd=repo).stderr
    assert shell.run("undo", "--", "--output=x", cwd=repo).returncode == 2
    assert not (repo / "x").exists()
    (repo / ".git" / "MERGE_HEAD").write_text(base)
    assert "a merge is in progress" in shell.run("undo", cwd=repo).stderr
    (repo / ".git" / "MERGE_HEAD").unlink()
    shell.git(repo, "checkout", "-q", "--detach")
    detached = shell.run("undo", cwd=repo)
    assert detached.returncode == 1
    assert "the commit stays on agent-tui/" in detached.stdout
    assert (repo / "b.txt").read_text() == "better\n"
