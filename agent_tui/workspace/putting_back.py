"""Making good what was begun with files of the person's: all of it back, or all of it finished.

Nothing here trusts the order in which things were done: each file is looked at. What holds neither
the old bytes nor the new ones is somebody else's work and stays.
"""

import hashlib
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from agent_tui.domain.text import one_line
from agent_tui.ports import WorkspaceError
from agent_tui.workspace.files import NO_LINKS, Folder
from agent_tui.workspace.journal import Entry, Journal, hold
from agent_tui.workspace.paths import parts_of

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_SPECIAL = "something else than a plain file"
_NAMED = 3
"""How many files a sentence names."""


def recover(git_dir: Path, root: Path) -> str:
    """Make good what a process that was ended in the middle had begun in this checkout.

    Args:
        git_dir: What belongs to that checkout alone.

    Returns:
        A sentence on what was done, or "".

    Raises:
        WorkspaceError: If another process is at it just now, or it cannot be made good.
    """
    try:
        with hold(git_dir) as journal:
            return make_good(journal, root)
    except OSError as error:
        raise WorkspaceError(
            "an earlier change of files was ended in the middle and cannot be made good: "
            f"{one_line(error.strerror or str(error))}."
        ) from error


def make_good(journal: Journal, root: Path) -> str:
    """What :func:`recover` does, for whoever holds the journal."""
    found = journal.read()
    if found is None:
        return ""
    entries, made = found
    foreign: list[tuple[str, str]] = []
    rest = ""
    with Folder(root) as folder:
        if made:
            try:
                finish(folder, entries)
            except WorkspaceError as error:  # a folder is not what it was: not ours any more
                rest = f" But {error}"
        else:
            foreign = put_back(folder, entries)
    journal.end()
    if made:
        text = "An earlier change of files was ended just before its end; it is complete now."
        return text + rest
    text = "An earlier change of files was ended in the middle; they are as they were before it."
    if not foreign:
        return text
    names = ", ".join(one_line(path) for path, _ in foreign[:_NAMED])
    more = f" and {len(foreign) - _NAMED} more" if len(foreign) > _NAMED else ""
    kept = next((name for _, name in foreign if name), "")
    where = f" What stood there before is beside it ({kept})." if kept else ""
    return f"{text} But {names}{more} changed since, and stays.{where}"


def put_back(folder: Folder, entries: Sequence[Entry]) -> list[tuple[str, str]]:
    """Put back what stood at each path, wherever nobody else has changed it since.

    Returns:
        The paths that stay as they are, each with the name of what stood there before, or "".

    Raises:
        OSError: If the system refuses it; it can be tried again.
    """
    foreign = []
    for entry in reversed(entries):
        parts = parts_of(entry.path)
        try:
            parent = folder.parent(entry.path, parts)
        except WorkspaceError:
            foreign.append((entry.path, ""))
            continue
        if parent is not None:
            try:
                left = _put_back(parent, parts[-1], entry)
                os.fsync(parent)
            finally:
                os.close(parent)
            if left is not None:
                foreign.append((entry.path, left))
    for entry in entries:
        parts = parts_of(entry.path)
        for depth in range(len(parts) - 1, entry.folders, -1):
            remove_empty(folder, entry.path, parts[:depth])
    return foreign


def _put_back(parent: int, name: bytes, entry: Entry) -> str | None:
    """Put one file back.

    Returns:
        None if it is as it was; else the name of what stood there, or "" if nothing did.
    """
    left = None
    if entry.kept and same_file(parent, entry.kept, None):
        left = _restore(parent, name, entry)
    elif entry.old is None and entry.new is not None:
        staged = same_file(parent, entry.staged, None)
        ours = content_digest(parent, name) == entry.new
        # Under two names it is ours for certain; one that has the staged one beside it is not.
        if ours and (not staged or same_file(parent, entry.staged, name)):
            os.unlink(name, dir_fd=parent)
        elif not staged and same_file(parent, name, None):
            left = ""
    if entry.staged:
        with suppress(FileNotFoundError):
            os.unlink(entry.staged, dir_fd=parent)
    return left


def _restore(parent: int, name: bytes, entry: Entry) -> str | None:
    """Put a file back of which there is a second name (or a copy that may not be complete)."""
    now = content_digest(parent, name)
    whole = content_digest(parent, entry.kept) == entry.old
    # Only the mode may be new: then it was replaced if the second name is complete.
    as_before = now == entry.old and (entry.old != entry.new or not whole)
    if same_file(parent, entry.kept, name) or as_before:
        pass  # it was not replaced yet
    elif now != entry.new or not whole:
        return entry.kept
    elif now is not None:
        os.rename(entry.kept, name, src_dir_fd=parent, dst_dir_fd=parent)
        return None
    else:
        try:  # unlike a rename, this replaces nothing that has appeared
            os.link(entry.kept, name, src_dir_fd=parent, dst_dir_fd=parent, follow_symlinks=False)
        except FileExistsError:
            return entry.kept
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            os.rename(entry.kept, name, src_dir_fd=parent, dst_dir_fd=parent)
            return None
    os.unlink(entry.kept, dir_fd=parent)
    return None


def finish(folder: Folder, entries: Sequence[Entry]) -> None:
    """Forget the old files, and remove the folders that are empty without them.

    Raises:
        OSError, WorkspaceError: If that does not go.
    """
    for entry in entries:
        parts = parts_of(entry.path)
        parent = folder.parent(entry.path, parts)
        if parent is None:
            continue
        try:
            for name in filter(None, (entry.kept, entry.staged)):
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=parent)
            os.fsync(parent)
        finally:
            os.close(parent)
        if entry.new is None:
            for depth in range(len(parts) - 1, 0, -1):
                remove_empty(folder, entry.path, parts[:depth])


def remove_empty(folder: Folder, path: str, parts: tuple[bytes, ...]) -> None:
    """Remove a folder if it is there and nothing is in it."""
    with suppress(OSError, WorkspaceError):
        parent = folder.parent(path, parts)
        if parent is not None:
            try:
                os.rmdir(parts[-1], dir_fd=parent)
            finally:
                os.close(parent)


def content_digest(parent: int, name: str | bytes) -> str | None:
    """The digest of a plain file's content; None if nothing is there.

    Raises:
        OSError: If it cannot be read.
    """
    found = _stat(parent, name)
    if found is None:
        return None
    if not stat.S_ISREG(found.st_mode):
        return _SPECIAL
    with os.fdopen(os.open(name, _READ, dir_fd=parent), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def same_file(parent: int, name: str | bytes, other: str | bytes | None) -> bool:
    """Whether both names are of one file; with None, whether there is a file at all."""
    one = _stat(parent, name)
    if one is None or other is None:
        return one is not None
    two = _stat(parent, other)
    return two is not None and (one.st_dev, one.st_ino) == (two.st_dev, two.st_ino)


def _stat(parent: int, name: str | bytes) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return None
