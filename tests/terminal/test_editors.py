"""The person's own editor, in the terminal of the program."""

import subprocess
from pathlib import Path

import pytest

from tests.terminal.pty_driver import Program, running, types


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    for line in ("init -q -b main", "config user.name Ada", "config user.email ada@example.com"):
        subprocess.run(["git", *line.split()], cwd=root, check=True)
    (root / "a.txt").write_text("one\n")
    subprocess.run(["git", "add", "-A"], cwd=root, check=True)
    subprocess.run(["git", "commit", "-qm", "base"], cwd=root, check=True)
    (root / "a.txt").write_text("two\n")
    return root


def editor(tmp_path: Path, script: str) -> str:
    path = tmp_path / "editor"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def edited(program: Program, sessions: Path, shown: bytes) -> None:
    """Edit the file with the editor, which leaves something new to be seen."""
    program.until(lambda: "gate.opened" in types(sessions), "the gate")
    program.until(lambda: b"1 hunk in 1 file" in program.output, "the gate on the screen")
    program.type("E")
    program.until(lambda: shown in program.output, "what the editor made of it")


def test_its_interrupts_are_its_own(tmp_path: Path, env: dict[str, str], repo: Path) -> None:
    """Ctrl-C reaches all that is in the foreground; the editor decides what it means."""
    sessions = tmp_path / "sessions"
    command = editor(tmp_path, "trap '' INT; kill -INT 0; echo interrupted >> \"$1\"")
    words = ["--sessions", str(sessions), "--set", "gates.grace_ms=0", "review"]
    with running(words, {**env, "VISUAL": command}, repo) as program:
        edited(program, sessions, b"interrupted")
        program.type("cstill here\x13")
        program.until(lambda: "comment.added" in types(sessions), "the comment")


def test_one_that_stops_itself_can_go_on(tmp_path: Path, env: dict[str, str], repo: Path) -> None:
    """Here no shell could continue it; the program does, which cannot be stopped itself."""
    sessions = tmp_path / "sessions"
    command = editor(tmp_path, 'kill -STOP $$; echo "gone on" >> "$1"')
    words = ["--sessions", str(sessions), "--set", "gates.grace_ms=0", "review"]
    with running(words, {**env, "VISUAL": command}, repo) as program:
        edited(program, sessions, b"gone on")


def test_a_file_that_was_only_looked_at(tmp_path: Path, env: dict[str, str], repo: Path) -> None:
    sessions = tmp_path / "sessions"
    words = ["--sessions", str(sessions), "--set", "gates.grace_ms=0", "review"]
    with running(words, {**env, "VISUAL": editor(tmp_path, "exit 0")}, repo) as program:
        edited(program, sessions, b"The file is unchanged.")
