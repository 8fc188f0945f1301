"""While the person is in the middle of a merge: all can be looked at, and nothing is begun."""

from pathlib import Path

import pytest

from tests.shells import SCRIPT, Shell, run_session, small_repository


@pytest.fixture
def repo(tmp_path: Path, shell: Shell) -> Path:
    """A session has committed; after that a merge stopped in a conflict."""
    root = small_repository(shell, tmp_path / "repo")
    run_session(shell, root)
    shell.git(root, "checkout", "-q", "-b", "other", "HEAD~1")
    (root / "a.txt").write_text("theirs\n")
    shell.git(root, "commit", "-qam", "theirs")
    shell.git(root, "checkout", "-q", "main")
    (root / "a.txt").write_text("ours\n")
    shell.git(root, "commit", "-qam", "ours")
    shell.git(root, "merge", "other", ok=False)
    assert (root / ".git" / "MERGE_HEAD").exists()
    return root


def status(shell: Shell, repo: Path) -> str:
    refs = shell.git(repo, "for-each-ref", "refs/heads")
    return refs + shell.git(repo, "status", "--porcelain") + (repo / "a.txt").read_text()


@pytest.mark.parametrize(
    "words",
    [
        ["sessions", "list"],
        ["config"],
        ["rules"],
        ["review", "HEAD", "--format", "json", "--headless"],
        ["review", "main~2..other", "--format", "json", "--headless"],
    ],
    ids=" ".join,
)
def test_what_is_only_looked_at(shell: Shell, repo: Path, words: list[str]) -> None:
    before = status(shell, repo)
    script = repo.parent / "script.toml"
    more = ["--script", str(script)] if words[0] == "review" else []
    done = shell.run(*words, *more, cwd=repo)
    assert done.returncode == 0, done.stderr
    assert "merge" not in done.stderr
    assert status(shell, repo) == before


@pytest.mark.parametrize(
    "words", [["run", "Better", "--headless"], ["review", "--headless"], ["undo"]], ids=" ".join
)
def test_what_is_not_begun(shell: Shell, repo: Path, words: list[str]) -> None:
    before = status(shell, repo)
    script = repo.parent / "script.toml"
    script.write_text(SCRIPT)
    more = [] if words[0] == "undo" else ["--script", str(script)]
    done = shell.run(*words, *more, cwd=repo)
    assert done.returncode == 2, done.stdout
    assert "a merge is in progress: finish it (git merge --continue)" in done.stderr
    assert status(shell, repo) == before
