"""A scratch repository: real git trees, and real git diffs, of the files that a source shows.

git itself makes the diffs, so that an imported change reads like one of ours. The repository is
bare and empty of configuration: nothing of what is imported can run in it.
"""

import errno
import hashlib
import os
import shutil
import subprocess
import tempfile
import zlib
from datetime import datetime
from pathlib import Path

from agent_tui.domain.text import decode, one_line
from agent_tui.sessions.files import reason
from agent_tui.sessions.importers.files import Content
from agent_tui.sessions.importers.source import ImportFailed

_DIFF = (
    "--histogram", "--find-renames=50%", "--unified=3", "--inter-hunk-context=0",
    "--indent-heuristic", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv",
)  # fmt: skip
_AUTHOR = "agent-tui import <import@localhost>"
REF = "refs/heads/imported"
TIMEOUT_S = 120.0

Tree = dict[str, "str | Tree"]


class ScratchRepository:
    """Trees of file states, diffs between them, and at the end a bundle of all."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=_in_memory())
        self._git_dir = Path(self._folder.name) / "scratch.git"
        self._folders: set[str] = set()
        self._root: Tree = {}
        self._parent = ""
        self._known: set[str] = set()
        self._ready = False
        self._differ: subprocess.Popen[bytes] | None = None
        self._on_disk = False

    def close(self) -> None:
        """End git and remove the folder."""
        self._end_differ()
        self._folder.cleanup()

    def _end_differ(self) -> None:
        if self._differ is not None:
            self._differ.communicate()
            self._differ = None

    def change(
        self, files: dict[str, tuple[Content, Content]], at: datetime, message: str
    ) -> tuple[str, str, bytes]:
        """Take one turn's change: path → content before and after.

        Returns:
            The names of the tree before and of the tree after, and git's diff between them.

        Raises:
            ImportFailed: If git fails, or is not there.
        """
        self._prepare()
        drift = False
        for path, (before, _) in files.items():
            drift |= self._put(path, before)
        base = self._write(self._root)
        if drift:
            self._commit(base, at, "The files before the next change, as the source shows them")
        for path, (_, after) in files.items():
            self._put(path, after)
        tree = self._write(self._root)
        self._commit(tree, at, message)
        return base, tree, self._diff(base, tree)

    def _diff(self, base: str, tree: str) -> bytes:
        """git's diff between two trees, by one process for all of them.

        git repeats a line that names no object and then empties its buffer, which marks the end.
        """
        if self._differ is None:
            self._differ = self._start("diff-tree", "--stdin", "-r", "-p", *_DIFF)
        to, back = self._differ.stdin, self._differ.stdout
        if to is None or back is None:
            raise ImportFailed("git diff-tree cannot be talked to")
        try:
            to.write(f"{base} {tree}\n".encode() + _END)
            to.flush()
        except OSError as error:
            raise ImportFailed("git diff-tree ended too early") from error
        lines: list[bytes] = []
        while (line := back.readline()) != _END:
            if not line:
                raise ImportFailed("git diff-tree ended too early")
            lines.append(line)
        return b"".join(lines[1:])  # the first names the trees

    def bundle(self) -> bytes | None:
        """Everything as a git bundle, or None when there was no change.

        Raises:
            ImportFailed: If git fails.
        """
        if not self._parent:
            return None
        self._git("update-ref", REF, self._parent)
        self._git("symbolic-ref", "HEAD", REF)
        return self._git("bundle", "create", "--quiet", "-", REF, "HEAD")

    def _prepare(self) -> None:
        if not self._ready:
            for folder in ("objects", "refs"):
                (self._git_dir / folder).mkdir(parents=True)
            (self._git_dir / "HEAD").write_text("ref: refs/heads/none\n")
            (self._git_dir / "config").write_text("[core]\nbare = true\n")
            self._ready = True

    def _put(self, path: str, content: Content) -> bool:
        *folders, name = path.split("/")
        tree = self._root
        for folder in folders:
            child = tree.get(folder)
            if not isinstance(child, dict):
                if content is None:
                    return False
                child = tree[folder] = {}
            tree = child
        oid = self._object("blob", content) if content is not None else None
        if tree.get(name) == oid:
            return False
        if oid is None:
            tree.pop(name, None)
        else:
            tree[name] = oid
        return True

    def _write(self, tree: Tree) -> str:
        entries = []
        for name, child in tree.items():
            raw = name.encode()
            if isinstance(child, str):
                entries.append((raw, b"100644 " + raw + b"\0" + bytes.fromhex(child)))
            elif child:
                oid = self._write(child)
                if oid != _EMPTY_TREE:
                    entries.append((raw + b"/", b"40000 " + raw + b"\0" + bytes.fromhex(oid)))
        return self._object("tree", b"".join(entry for _, entry in sorted(entries)))

    def _commit(self, tree: str, at: datetime, message: str) -> None:
        stamp = f"{_AUTHOR} {max(0, int(at.timestamp()))} +0000"
        parent = f"parent {self._parent}\n" if self._parent else ""
        text = f"tree {tree}\n{parent}author {stamp}\ncommitter {stamp}\n\n{message}\n"
        self._parent = self._object("commit", text.encode("utf-8", "replace"))

    def _object(self, kind: str, data: bytes) -> str:
        store = f"{kind} {len(data)}\0".encode() + data
        oid = hashlib.sha1(store, usedforsecurity=False).hexdigest()
        if oid not in self._known:
            self._known.add(oid)
            packed = zlib.compress(store, 1)
            try:
                self._store(oid, packed)
            except OSError as error:
                if error.errno not in _FULL or self._on_disk:
                    raise _unwritable(error) from error
                self._move_to_disk(oid, packed)
        return oid

    def _store(self, oid: str, packed: bytes) -> None:
        folder = self._git_dir / "objects" / oid[:2]
        if oid[:2] not in self._folders:
            folder.mkdir(exist_ok=True)
            self._folders.add(oid[:2])
        (folder / oid[2:]).write_bytes(packed)

    def _move_to_disk(self, oid: str, packed: bytes) -> None:
        """The memory is full: go on where there is more room, with the object that was too much."""
        self._end_differ()
        before, self._folder = self._folder, tempfile.TemporaryDirectory(prefix=_PREFIX)
        self._on_disk = True
        source, self._git_dir = self._git_dir, Path(self._folder.name) / "scratch.git"
        try:
            shutil.copytree(source, self._git_dir)
            self._store(oid, packed)
        except OSError as error:
            raise _unwritable(error) from error
        finally:
            before.cleanup()

    def _command(self, *arguments: str) -> tuple[list[str], dict[str, str]]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        environment |= {
            "GIT_DIR": str(self._git_dir),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "LC_ALL": "C",
        }
        return ["git", "-c", "core.quotePath=false", *arguments], environment

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        command, environment = self._command(*arguments)
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
        except FileNotFoundError:
            raise ImportFailed(_NO_GIT) from None

    def _git(self, *arguments: str) -> bytes:
        command, environment = self._command(*arguments)
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                check=False,
                env=environment,
                timeout=TIMEOUT_S,
                stdin=subprocess.DEVNULL,
            )
        except FileNotFoundError:
            raise ImportFailed(_NO_GIT) from None
        except subprocess.TimeoutExpired:
            raise ImportFailed(f"git {arguments[0]} took more than {TIMEOUT_S:.0f} s") from None
        if done.returncode:
            raise ImportFailed(f"git {arguments[0]} failed: {one_line(decode(done.stderr), 300)}")
        return done.stdout


_MEMORY = Path("/dev/shm")  # noqa: S108 - what is made there has a random name and is ours alone
_ROOM = 256 * 1024 * 1024
_PREFIX = "agent-tui-import-"
_FULL = (errno.ENOSPC, errno.EDQUOT)


def _in_memory() -> str | None:
    """A folder in memory, if there is one with room: thousands of small files are made there."""
    try:
        found = os.statvfs(_MEMORY)
    except OSError:
        return None
    room = found.f_bavail * found.f_frsize >= _ROOM
    return str(_MEMORY) if room and os.access(_MEMORY, os.W_OK | os.X_OK) else None


def _unwritable(error: OSError) -> ImportFailed:
    return ImportFailed(f"git's objects cannot be written: {reason(error)}")


_NO_GIT = "git is not installed; it makes the diffs of an import"
_END = b"end-of-diff\n"
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
