"""Replacing several files of a folder at once: all of them, or none.

Everything new is on the disk before the first file changes, and what was there is kept under
another name until the last one has. A failure in between puts the old files back. Only the end of
the whole process (a power cut, ``kill -9``) between two renames can leave some files new and some
old; the old ones then still stand beside them under the name of :data:`~.files.TEMPORARY`.
"""

import errno
import os
import secrets
import stat
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from agent_tui.domain.text import one_line
from agent_tui.ports import WorkspaceError
from agent_tui.workspace.files import TEMPORARY, Folder
from agent_tui.workspace.paths import parts_of, refusal

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


@dataclass(frozen=True, slots=True)
class Swap:
    """One file's replacement.

    Attributes:
        old: The bytes that have to stand there until the last moment; None: nothing may.
        new: What is to stand there; None removes the file.
        executable: Whether it can be run; None leaves that as it is.
    """

    path: str
    old: bytes | None
    new: bytes | None
    executable: bool | None = None


@dataclass(slots=True)
class _Step:
    """One swap under way: an open folder, and the names in it.

    Attributes:
        staged: The new file's name until it is renamed.
        kept: The old file's second name, while it may have to come back.
    """

    swap: Swap
    parts: tuple[bytes, ...]
    parent: int
    staged: str = ""
    kept: str = ""
    done: bool = False
    folders: list[tuple[bytes, ...]] = field(default_factory=list)


def read_file(root: Path, path: str) -> bytes | None:
    """The bytes of a plain file below *root*, reached without following a link.

    Returns:
        None if there is nothing.

    Raises:
        WorkspaceError: If something else than a plain file is there or on the way.
    """
    parts = parts_of(path)
    with Folder(root) as folder:
        try:
            parent = folder.parent(path, parts)
            if parent is None:
                return None
            try:
                return _content(path, parts[-1], parent)
            finally:
                os.close(parent)
        except OSError as error:
            raise WorkspaceError(
                f"'{one_line(path)}' cannot be read: {one_line(error.strerror or str(error))}."
            ) from error


def swap_files(root: Path, swaps: Collection[Swap]) -> None:
    """Make every swap, or none.

    Raises:
        WorkspaceError: If one of them cannot be made; everything is as it was.
    """
    plan = [(swap, parts_of(swap.path)) for swap in swaps]
    gone = {parts for swap, parts in plan if swap.new is None}
    with Folder(root) as folder:
        steps: list[_Step] = []
        path = ""
        try:
            for swap, parts in plan:
                path = swap.path
                folder.check(path, parts, swap.new, gone)
            for swap, parts in plan:
                path = swap.path
                steps.append(_stage(folder, swap, parts))
            # What goes makes room for what comes.
            for step in sorted(steps, key=lambda step: step.swap.new is not None):
                path = step.swap.path
                _make(step)
        except BaseException as error:
            for step in reversed(steps):
                _take_back(folder, step)
            if isinstance(error, OSError):
                raise refusal(path, one_line(error.strerror or str(error))) from error
            raise
        finally:
            for step in steps:
                os.close(step.parent)
        _finish_all(folder, steps)


def _stage(folder: Folder, swap: Swap, parts: tuple[bytes, ...]) -> _Step:
    """Write the new file beside its place, durably."""
    missing = [parts[:depth] for depth in range(1, len(parts))]
    missing = [inner for inner in missing if not _exists(folder, swap.path, inner)]
    parent = folder.parent(swap.path, parts, create=swap.new is not None)
    if parent is None:
        raise refusal(swap.path, "its folder disappeared")
    step = _Step(swap, parts, parent, folders=missing)
    try:
        if _content(swap.path, parts[-1], parent) != swap.old:
            raise _changed(swap)
        if swap.new is not None:
            step.staged = f"{TEMPORARY}{secrets.token_hex(8)}"
            descriptor = os.open(step.staged, _NEW, 0o666, dir_fd=parent)
            with os.fdopen(descriptor, "wb") as file:
                file.write(swap.new)
                file.flush()
                mode = _mode(swap, parts[-1], parent, stat.S_IMODE(os.fstat(descriptor).st_mode))
                os.fchmod(descriptor, mode)
                os.fsync(descriptor)
    except BaseException:
        _take_back(folder, step)
        os.close(parent)
        raise
    return step


def _mode(swap: Swap, name: bytes, parent: int, fresh: int) -> int:
    if swap.old is not None:
        fresh = stat.S_IMODE(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode) & 0o777
    if swap.executable is None:
        return fresh
    may_run = (fresh & 0o444) >> 2
    return fresh | may_run if swap.executable else fresh & ~0o111


def _make(step: _Step) -> None:
    name = step.parts[-1]
    if _content(step.swap.path, name, step.parent) != step.swap.old:
        raise _changed(step.swap)
    if step.swap.old is not None:
        step.kept = _second_name(step, name)
    if step.swap.new is None:
        os.unlink(name, dir_fd=step.parent)
    elif step.swap.old is None:
        _appear(step, name)
    else:
        os.rename(step.staged, name, src_dir_fd=step.parent, dst_dir_fd=step.parent)
        step.staged = ""
    step.done = True


def _second_name(step: _Step, name: bytes) -> str:
    """Another name for the old file; where the file system has no links, a copy of it."""
    kept = f"{TEMPORARY}{secrets.token_hex(8)}"
    try:
        os.link(name, kept, src_dir_fd=step.parent, dst_dir_fd=step.parent, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        mode = stat.S_IMODE(os.stat(name, dir_fd=step.parent, follow_symlinks=False).st_mode)
        with os.fdopen(os.open(kept, _NEW, mode, dir_fd=step.parent), "wb") as file:
            file.write(step.swap.old or b"")
    return kept


def _appear(step: _Step, name: bytes) -> None:
    """Put a new file where nothing is."""
    try:
        # A link fails where something has appeared meanwhile; a rename would replace it.
        os.link(step.staged, name, src_dir_fd=step.parent, dst_dir_fd=step.parent)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.rename(step.staged, name, src_dir_fd=step.parent, dst_dir_fd=step.parent)
    else:
        step.done = True
        os.unlink(step.staged, dir_fd=step.parent)
    step.staged = ""


def _take_back(folder: Folder, step: _Step) -> None:
    """Put back what was there, as far as the system lets us."""
    name = step.parts[-1]
    with suppress(OSError):
        if step.kept:
            os.rename(step.kept, name, src_dir_fd=step.parent, dst_dir_fd=step.parent)
            # A rename of one file over another name of itself does nothing.
            with suppress(FileNotFoundError):
                os.unlink(step.kept, dir_fd=step.parent)
        elif step.done:
            os.unlink(name, dir_fd=step.parent)
    with suppress(OSError):
        if step.staged:
            os.unlink(step.staged, dir_fd=step.parent)
    for parts in reversed(step.folders):
        _remove_empty(folder, step.swap.path, parts)


def _finish_all(folder: Folder, steps: Collection[_Step]) -> None:
    try:
        for step in steps:
            _finish(folder, step)
    except (OSError, WorkspaceError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise WorkspaceError(
            f"the files are changed, but cleaning up failed: {one_line(why or 'unknown')}"
        ) from error


def _finish(folder: Folder, step: _Step) -> None:
    """Forget the old file, and remove the folders that are empty without it."""
    parent = folder.parent(step.swap.path, step.parts)
    if parent is None:
        return
    try:
        if step.kept:
            os.unlink(step.kept, dir_fd=parent)
        os.fsync(parent)
    finally:
        os.close(parent)
    if step.swap.new is None:
        for depth in range(len(step.parts) - 1, 0, -1):
            _remove_empty(folder, step.swap.path, step.parts[:depth])


def _remove_empty(folder: Folder, path: str, parts: tuple[bytes, ...]) -> None:
    with suppress(OSError, WorkspaceError):
        parent = folder.parent(path, parts)
        if parent is not None:
            try:
                os.rmdir(parts[-1], dir_fd=parent)
            finally:
                os.close(parent)


def _exists(folder: Folder, path: str, parts: tuple[bytes, ...]) -> bool:
    parent = folder.parent(path, parts)
    if parent is None:
        return False
    try:
        os.stat(parts[-1], dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return False
    finally:
        os.close(parent)
    return True


def _content(path: str, name: bytes, parent: int) -> bytes | None:
    try:
        descriptor = os.open(name, _READ, dir_fd=parent)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise refusal(path, "a symbolic link or a special file is in its place") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise refusal(path, "something else than a plain file is in its place")
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def _changed(swap: Swap) -> WorkspaceError:
    text = "appeared" if swap.old is None else "was changed"
    return refusal(swap.path, f"it {text} meanwhile")
