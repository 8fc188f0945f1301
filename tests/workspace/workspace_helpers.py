"""Real repositories to work on, driven by git's own commands."""

import os
import subprocess
from pathlib import Path

from agent_tui.domain.decision import Approval
from agent_tui.workspace.worktree import GitWorkspace

SESSION = "20261122-153012-k3f9"
MESSAGE = f"Do it\n\nBecause.\n\nAgent-Tui-Session: {SESSION}\n"


class Repo:
    """A repository in a temporary folder, driven by git's own commands."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def git(self, *args: str, stdin: bytes | None = None, ok: bool = True) -> str:
        return self.raw(*args, stdin=stdin, ok=ok).decode("utf-8", "surrogateescape").strip()

    def raw(self, *args: str, stdin: bytes | None = None, ok: bool = True) -> bytes:
        done = subprocess.run(
            ["git", *args], cwd=self.root, input=stdin, capture_output=True, check=False
        )
        assert not ok or done.returncode == 0, (args, done.stderr)
        return done.stdout

    def init(self, *options: str, identity: bool = True) -> "Repo":
        self.root.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main", *options)
        if identity:
            self.git("config", "user.name", "Ada Example")
            self.git("config", "user.email", "ada@example.com")
        return self

    def put(self, path: str, data: bytes | str, mode: int | None = None) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data if isinstance(data, bytes) else data.encode())
        if mode is not None:
            file.chmod(mode)
        return file

    def commit(self, message: str = "change") -> str:
        self.git("add", "-A", "-f")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def tree_of(self, rev: str) -> dict[str, tuple[str, str]]:
        out = self.raw("ls-tree", "-r", "-z", rev).decode("utf-8", "surrogateescape")
        entries = (line.split("\t", 1) for line in out.split("\0")[:-1])
        return {name: (head.split()[0], head.split()[2]) for head, name in entries}

    def fsck(self) -> None:
        done = subprocess.run(
            ["git", "fsck", "--strict", "--no-dangling"],
            cwd=self.root,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def approve(workspace: GitWorkspace, tree: str) -> Approval:
    """An approval of that tree on the session's base."""
    facts = workspace._facts
    return Approval(parent=facts.commit, base_tree=facts.tree, tree=tree, spec_version=1)


def contents(root: Path) -> dict[str, bytes]:
    """All files below a folder, ``.git`` apart."""
    found = {}
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name != ".git"]
        for name in files:
            path = Path(folder) / name
            key = str(path.relative_to(root))
            if key == ".git":
                continue
            found[key] = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
    return found
