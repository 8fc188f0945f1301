"""``agent-tui undo``: a session's commit is taken back, and brought again, in real repositories."""

import json
from pathlib import Path

import pytest

from tests.shells import SCRIPT, Shell, run_session, small_repository

SESSION_FIELDS = {"type", "commit", "by", "ref", "landed", "paths", "kept", "detail"}


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


def test_what_was_changed_since_stays(shell: Shell, repo: Path) -> None:
    (repo / "b.txt").write_text("better still\n")
    shell.git(repo, "commit", "-q", "-m", "theirs", "b.txt")
    (repo / "new/d.txt").write_text("d, and mine\n")
    done = shell.run("undo", cwd=repo)
    assert done.returncode == 0, done.stderr
    assert "left as changed since: b.txt, new/d.txt" in done.stdout
    assert files(shell, repo) == {
        "a.txt": "mine\n", "b.txt": "better still\n", "c.txt": "c.txt\n",
        "new/d.txt": "d, and mine\n",
    }  # fmt: skip
    assert shell.git(repo, "diff", "--name-only", "HEAD^", "HEAD") == "c.txt"
    once_more = shell.run("undo", shell.git(repo, "rev-parse", "HEAD~2"), cwd=repo)
    assert once_more.returncode == 2
    assert "nothing of it is left to take back" in once_more.stderr


def test_a_file_of_theirs_in_the_way_stays(shell: Shell, repo: Path) -> None:
    (repo / "c.txt").write_text("their own c\n")
    done = shell.run("undo", cwd=repo)
    assert done.returncode == 0, done.stderr
    assert "left as changed since: c.txt" in done.stdout
    assert (repo / "c.txt").read_text() == "their own c\n"
    assert (repo / "b.txt").read_text() == "b.txt\n"


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
