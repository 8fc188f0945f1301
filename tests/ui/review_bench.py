"""A repository with changes to review, and the command that opens them."""

import subprocess
from pathlib import Path

import pytest

from agent_tui.ui.launch import Launch, ReviewRequest

LINES = "".join(f"line {n}\n" for n in range(1, 41))


def git(folder: Path, *args: str) -> str:
    done = subprocess.run(["git", *args], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.rstrip("\n")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "Ada Example")
    git(root, "config", "user.email", "ada@example.com")
    (root / "a.txt").write_text(LINES)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "base")
    (root / "a.txt").write_text(
        LINES.replace("line 3\n", "three\nmore\n").replace("line 30\n", "thirty\n")
    )
    (root / "new.txt").write_text("new\n")
    return root


def launch(
    repo: Path, kind: str = "review", session: str | None = None, **review: object
) -> Launch:
    return Launch(
        kind=kind,
        folder=repo,
        session=session,
        sessions=repo.parent / "sessions",
        grace_ms=0,
        review=ReviewRequest(**review),  # type: ignore[arg-type]
    )
