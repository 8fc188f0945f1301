"""What is written down before files of the person's are replaced, in case the process ends there.

One file in the git directory of the checkout, readable by its owner only, there for as long as the
replacing lasts. It is whole or not there at all. Everything happens under a lock on the git
directory itself, which the system lets go of when its holder ends; so whoever has the lock and
finds a journal knows that its writer is dead.
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agent_tui.domain.text import one_line
from agent_tui.ports import WorkspaceError
from agent_tui.workspace.files import TEMPORARY
from agent_tui.workspace.paths import parts_of

NAME = "agent-tui-apply.json"
_UNFINISHED = f"{NAME}.new"
_VERSION = 1
_LARGEST = 64 * 1024 * 1024
"""Bytes of a journal that are read at most: some 200,000 files."""

_MADE = b"made\n"
"""The line that follows when every file is replaced, and only second names are left to remove."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_TEMPORARY = re.compile(re.escape(TEMPORARY) + "[0-9a-f]{16}")
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file that is replaced.

    Attributes:
        old: Digest of what stood there; None if nothing did.
        new: Digest of what is to stand there; None if nothing is.
        staged: The new file's name until it gets its own; "" if there is none.
        kept: The old file's second name; "" if there is none.
        folders: How many of the folders on its way, from the top, had been there.
    """

    path: str
    old: str | None
    new: str | None
    staged: str
    kept: str
    folders: int


def digest_of(data: bytes) -> str:
    """The name that a journal gives to a content."""
    return hashlib.sha256(data).hexdigest()


class Journal:
    """The journal of one checkout; made by :func:`hold`, which has the lock.

    Args:
        folder: A descriptor of the git directory.
        place: Its path, for what is said.
    """

    def __init__(self, folder: int, place: Path) -> None:
        self._folder = folder
        self._place = place

    def begin(self, entries: Sequence[Entry]) -> None:
        """Write down what is about to be done, durably.

        Raises:
            OSError: If that cannot be; nothing is written down then.
        """
        with contextlib.suppress(FileNotFoundError):
            os.unlink(_UNFINISHED, dir_fd=self._folder)
        said = {"v": _VERSION, "files": [asdict(entry) for entry in entries]}
        try:
            with self._open(_UNFINISHED, _NEW) as file:
                file.write(json.dumps(said).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            os.rename(_UNFINISHED, NAME, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(_UNFINISHED, dir_fd=self._folder)
            raise
        os.fsync(self._folder)

    def made(self) -> None:
        """Write down that every file is replaced."""
        with self._open(NAME, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC) as file:
            file.write(_MADE)
            file.flush()
            os.fsync(file.fileno())

    def end(self) -> None:
        """Forget it: there is nothing to make good."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(NAME, dir_fd=self._folder)
            os.fsync(self._folder)

    def read(self) -> tuple[tuple[Entry, ...], bool] | None:
        """What an earlier process was about to do, and whether it was made; None if nothing.

        Raises:
            WorkspaceError: If there is something that is not a journal of ours.
        """
        with contextlib.suppress(FileNotFoundError):
            os.unlink(_UNFINISHED, dir_fd=self._folder)  # before it, nothing was done
        try:
            with self._open(NAME, _READ) as file:
                found = os.fstat(file.fileno())
                if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
                    raise self._foreign("it is not a file of yours")
                if found.st_size > _LARGEST:
                    raise self._foreign("it is too big")
                text, _, rest = file.read().partition(b"\n")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._foreign(error.strerror or str(error)) from error
        try:
            return _entries(json.loads(text)), rest == _MADE
        except (
            ValueError, TypeError, KeyError, AttributeError, RecursionError, WorkspaceError
        ) as error:  # fmt: skip
            raise self._foreign("it says nothing that can be understood") from error

    def _open(self, name: str, flags: int) -> Any:
        mode = "rb" if not flags & os.O_WRONLY else "wb"
        return os.fdopen(os.open(name, flags, 0o600, dir_fd=self._folder), mode)

    def _foreign(self, why: str) -> WorkspaceError:
        return WorkspaceError(
            f"{one_line(str(self._place / NAME))} should tell how to make an interrupted change "
            f"of files good, but {one_line(why)}: put the files in order (the old ones are called "
            f"{TEMPORARY}…), then remove it."
        )


def _entries(said: dict[str, Any]) -> tuple[Entry, ...]:
    """The entries of a journal, each of them checked: another one may have written it.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: If it is not what :meth:`Journal.begin`
            writes.
        WorkspaceError: If it names a file that may never be written.
    """
    if said["v"] != _VERSION:
        raise ValueError("another version")
    entries = tuple(Entry(**entry) for entry in said["files"])
    for entry in entries:
        depth = len(parts_of(entry.path)) - 1
        names = [name for name in (entry.staged, entry.kept) if name]
        digests = [digest for digest in (entry.old, entry.new) if digest is not None]
        if (
            not all(_TEMPORARY.fullmatch(name) for name in names)
            or not all(_DIGEST.fullmatch(digest) for digest in digests)
            or not 0 <= int(entry.folders) <= depth
        ):
            raise ValueError("no entry of ours")
    return entries


@contextlib.contextmanager
def hold(git_dir: Path) -> Iterator[Journal]:
    """Hold the lock on the checkout's journal.

    Raises:
        WorkspaceError: If another process has it.
    """
    folder = os.open(git_dir, _FOLDER)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
            raise WorkspaceError(
                "another agent-tui is changing files here just now: try again when it is through."
            ) from error
        yield Journal(folder, git_dir)
    finally:
        os.close(folder)
