"""Commands as a shell runs them, in an environment of their own, with scripted models."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import agent_tui

SCRIPT = """
[[planner]]
[[planner.call]]
[planner.call.answer]
title = "Better"
summary = "It is better."
criteria = [{ text = "b.txt is better" }]

[[coder]]
[[coder.call]]
tools = [{ name = "write_file", arguments = { path = "b.txt", text = "better\\n" } }]
[[coder.call]]
tools = [{ name = "report", arguments = { summary = "did it", commit_message = "Make it better" } }]

[[reviewer]]
[[reviewer.call]]
[reviewer.call.answer]
outcome = "pass"
summary = "It is."
"""

BROKEN = SCRIPT.partition("[[reviewer]]")[0]
"""Its reviewer has nothing to say."""


class Shell:
    """Runs commands with an environment of their own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        here = str(Path(agent_tui.__file__).parents[1])  # the package that these tests belong to
        self.env = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": here}

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "agent_tui", *words]

    def run(self, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            cwd=cwd or self.home,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
        )

    def git(self, cwd: Path, *args: str, ok: bool = True) -> str:
        done = subprocess.run(
            ["git", *args], cwd=cwd, env=self.env, capture_output=True, check=False, text=True
        )
        assert not ok or done.returncode == 0, (args, done.stderr)
        return done.stdout.strip()

    def config(self, text: str) -> Path:
        file = self.home / ".config" / "agent-tui" / "config.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file


def small_repository(shell: Shell, root: Path) -> Path:
    """A repository with three files of one line each."""
    root.mkdir()
    shell.git(root, "init", "-q", "-b", "main")
    shell.git(root, "config", "user.name", "Ada Example")
    shell.git(root, "config", "user.email", "ada@example.com")
    for name in ("a.txt", "b.txt", "c.txt"):
        (root / name).write_text(f"{name}\n")
    shell.git(root, "add", "-A")
    shell.git(root, "commit", "-q", "-m", "base")
    return root


def run_session(shell: Shell, repo: Path, script: str = SCRIPT) -> None:
    """A session of scripted models that commits."""
    file = repo.parent / "script.toml"
    file.write_text(script)
    done = shell.run("run", "Make b better", "--headless", "--script", str(file), cwd=repo)
    assert done.returncode == 0, done.stdout + done.stderr


def records(text: str) -> list[dict[str, Any]]:
    return [json.loads(line, parse_constant=pytest.fail) for line in text.splitlines()]
