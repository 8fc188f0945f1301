"""A review of a few changed files, in a real pseudo-terminal, up to its gate."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.terminal.pty_driver import Program, events, running, types
from tests.workspace.workspace_helpers import Repo


def changed(root: Path, files: Mapping[str, tuple[str, str]]) -> Path:
    """A repository in which each file was committed with one text, and has another one now."""
    repo = Repo(root).init()
    for name, (before, _) in files.items():
        repo.put(name, before)
    repo.commit("base")
    for name, (_, after) in files.items():
        repo.put(name, after)
    return root


@contextmanager
def reviewing(
    repo: Path, env: dict[str, str], sessions: Path, shown: bytes, editor: Path | None = None
) -> Iterator[Program]:
    """A review of what is changed in a repository, when its gate is on the screen.

    Args:
        shown: What is on the screen then.
        editor: The person's own one.
    """
    words = ["--sessions", str(sessions), "--set", "gates.grace_ms=0", "review"]
    env = {**env, "VISUAL": str(editor)} if editor is not None else env
    with running(words, env, repo, size=(120, 40)) as program:
        program.until(lambda: "gate.opened" in types(sessions), "the gate")
        program.until(lambda: shown in program.output, "the gate on the screen")
        yield program


def editor_of(folder: Path, script: str) -> Path:
    """An editor that runs a shell script with the name of the file."""
    path = folder / "editor"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def said(sessions: Path, kind: str) -> list[dict[str, Any]]:
    """The data of all events of a kind."""
    return [record["data"] for record in events(sessions) if record["type"] == kind]
