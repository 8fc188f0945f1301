"""The demo's repository: the shipped project under git in a temporary folder, with a remote."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent_tui.domain.text import one_line
from agent_tui.ports import WorkspaceError
from agent_tui.workspace.git import Git, GitError, GitThread, Place

NAME = "durations"
PROJECT = Path(__file__).parent / "project"
SCRIPT = Path(__file__).parent / "script.toml"
REQUEST = "The duration parser is too picky. Make it cope with what people really type."

SETTINGS: Mapping[str, Any] = {
    "roles.planner.model": "scripted:planner",
    "roles.coder.model": "scripted:coder",
    "roles.reviewer.model": "scripted:reviewer",
    "checks": [
        {
            "name": "tests",
            "command": [
                *("{python}", "-m", "pytest", "-q", "-p", "no:cacheprovider"),
                *("--junit-xml={report}", "tests"),
            ],
            "timeout_s": 120.0,
        }
    ],
    "deploy.command": ["git", "push", "origin", "HEAD"],
}
"""The demo's configuration: it takes the place of the user's."""


def demo_folder(wanted: Path | None) -> Path:
    """The folder for the demo: the empty one that was named, or a new temporary one.

    Raises:
        WorkspaceError: If it is not empty, or cannot be made.
    """
    if wanted is None:
        return Path(tempfile.mkdtemp(prefix="agent-tui-demo-"))
    name = one_line(str(wanted))
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        if any(wanted.iterdir()):
            raise WorkspaceError(f"{name} is not empty; name a new folder for the demo.")
    except OSError as error:
        raise WorkspaceError(f"{name} cannot be used for the demo: {error.strerror}.") from error
    return wanted.resolve()


def earlier(folder: Path | None) -> Path | None:
    """The folder, made absolute, if it holds the repository of an earlier demo."""
    if folder is None or not (folder / NAME / ".git").is_dir():
        return None
    return folder.resolve() if (folder / "sessions").is_dir() else None


async def create(folder: Path) -> Path:
    """Make the repository ``folder/durations`` and its remote ``folder/remote.git``.

    Returns:
        The top of the working tree.
    """
    thread = GitThread()
    try:
        return await thread.call(_create, folder)
    finally:
        await thread.close()


def _create(folder: Path) -> Path:
    git = Git()
    root = folder / NAME
    shutil.copytree(PROJECT, root, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    (root / ".gitignore").write_text("__pycache__/\n", encoding="utf-8")
    at = Place(cwd=root)
    git.run("init", "-q", "--initial-branch=main", at=at)
    try:
        git.run("var", "GIT_COMMITTER_IDENT", at=Place(root, config=_STRICT))
    except GitError:
        git.run("config", "user.name", "agent-tui demo", at=at)
        git.run("config", "user.email", "demo@localhost", at=at)
    git.run("add", "--all", at=at)
    git.run("-c", "commit.gpgSign=false", "commit", "-q", "-m", "Read and write durations", at=at)
    git.run("init", "-q", "--bare", "--initial-branch=main", "../remote.git", at=at)
    git.run("remote", "add", "origin", "../remote.git", at=at)
    return root


_STRICT = (("user.useConfigOnly", "true"),)
