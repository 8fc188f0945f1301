"""Replacing several files of a folder at once: all of them, or none.

Everything new is on the disk before the first file changes, and what was there is kept under
another name until the last one has. A failure in between puts the old files back. What is about to
be done is written into a journal first, so that an end of the whole process (a power cut,
``kill -9``) is made good by :mod:`~agent_tui.workspace.putting_back`.
"""

import os
import secrets
import stat
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_tui.domain.text import one_line
from agent_tui.ports import WorkspaceError
from agent_tui.workspace.files import NO_LINKS, TEMPORARY, Folder
from agent_tui.workspace.journal import Entry, Journal, digest_of
from agent_tui.workspace.paths import parts_of, refusal
from agent_tui.workspace.putting_back import finish, put_back

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


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


@dataclass(frozen=True, slots=True)
class _Step:
    """One swap under way, in an open folder."""

    swap: Swap
    entry: Entry
    name: bytes
    parent: int


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


def swap_files(root: Path, swaps: Collection[Swap], journal: Journal | None = None) -> None:
    """Make every swap, or none.

    Args:
        journal: Where what is about to be done is written down; None only where nothing of
            anybody's can be lost.

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
            entries = [_entry(folder, swap, parts) for swap, parts in plan]
            if journal is not None:
                path = "the journal"
                journal.begin(entries)
            try:
                for (swap, parts), entry in zip(plan, entries, strict=True):
                    path = swap.path
                    steps.append(_stage(folder, swap, parts, entry))
                # What goes makes room for what comes.
                for step in sorted(steps, key=lambda step: step.swap.new is not None):
                    path = step.swap.path
                    _make(step)
                _made(steps, journal)
            except BaseException as error:
                _give_up(folder, entries, journal, error)
                raise
        except OSError as error:
            raise refusal(path, one_line(error.strerror or str(error))) from error
        finally:
            for step in steps:
                os.close(step.parent)
        _finish_all(folder, entries, journal)


def _entry(folder: Folder, swap: Swap, parts: tuple[bytes, ...]) -> Entry:
    """What is going to be done with one file, with the names that it needs."""
    there = 0
    while there < len(parts) - 1 and _exists(folder, swap.path, parts[: there + 1]):
        there += 1
    return Entry(
        path=swap.path,
        old=None if swap.old is None else digest_of(swap.old),
        new=None if swap.new is None else digest_of(swap.new),
        staged="" if swap.new is None else f"{TEMPORARY}{secrets.token_hex(8)}",
        kept="" if swap.old is None else f"{TEMPORARY}{secrets.token_hex(8)}",
        folders=there,
    )


def _stage(folder: Folder, swap: Swap, parts: tuple[bytes, ...], entry: Entry) -> _Step:
    """Write the new file beside its place, durably."""
    parent = folder.parent(swap.path, parts, create=swap.new is not None)
    if parent is None:
        raise refusal(swap.path, "its folder disappeared")
    try:
        if _content(swap.path, parts[-1], parent) != swap.old:
            raise _changed(swap)
        if swap.new is not None:
            descriptor = os.open(entry.staged, _NEW, 0o666, dir_fd=parent)
            with os.fdopen(descriptor, "wb") as file:
                file.write(swap.new)
                file.flush()
                mode = _mode(swap, parts[-1], parent, stat.S_IMODE(os.fstat(descriptor).st_mode))
                os.fchmod(descriptor, mode)
                os.fsync(descriptor)
    except BaseException:
        os.close(parent)
        raise
    return _Step(swap, entry, parts[-1], parent)


def _mode(swap: Swap, name: bytes, parent: int, fresh: int) -> int:
    if swap.old is not None:
        fresh = stat.S_IMODE(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode) & 0o777
    if swap.executable is None:
        return fresh
    may_run = (fresh & 0o444) >> 2
    return fresh | may_run if swap.executable else fresh & ~0o111


def _make(step: _Step) -> None:
    name, entry, parent = step.name, step.entry, step.parent
    if _content(step.swap.path, name, parent) != step.swap.old:
        raise _changed(step.swap)
    if step.swap.old is not None:
        _keep(step, step.swap.old)
    if step.swap.new is None:
        os.unlink(name, dir_fd=parent)
    elif step.swap.old is None:
        _appear(step)
    else:
        os.rename(entry.staged, name, src_dir_fd=parent, dst_dir_fd=parent)


def _keep(step: _Step, old: bytes) -> None:
    """Give the old file another name; where the file system has no links, copy it."""
    name, kept, parent = step.name, step.entry.kept, step.parent
    try:
        os.link(name, kept, src_dir_fd=parent, dst_dir_fd=parent, follow_symlinks=False)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        mode = stat.S_IMODE(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
        with os.fdopen(os.open(kept, _NEW, mode, dir_fd=parent), "wb") as file:
            file.write(old)
            file.flush()
            os.fsync(file.fileno())


def _appear(step: _Step) -> None:
    """Put a new file where nothing is."""
    name, staged, parent = step.name, step.entry.staged, step.parent
    try:
        # A link fails where something has appeared meanwhile; a rename would replace it.
        os.link(staged, name, src_dir_fd=parent, dst_dir_fd=parent)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        os.rename(staged, name, src_dir_fd=parent, dst_dir_fd=parent)
    else:
        os.unlink(staged, dir_fd=parent)


def _made(steps: Sequence[_Step], journal: Journal | None) -> None:
    """From here on, nothing is put back any more."""
    if journal is not None:
        # The new names have to be there after a power cut if the journal says so.
        for parent in {os.fstat(step.parent).st_ino: step.parent for step in steps}.values():
            os.fsync(parent)
        journal.made()


def _give_up(
    folder: Folder, entries: Sequence[Entry], journal: Journal | None, why: BaseException
) -> None:
    """Put back what was there. If even that fails, the journal stays for the next process."""
    try:
        put_back(folder, entries)
        if journal is not None:
            journal.end()
    except OSError as error:
        text = f"the files could not be put back ({one_line(error.strerror or str(error))}): "
        text += "free the disk, and call agent-tui apply again" if journal else "look at them"
        raise WorkspaceError(f"{one_line(str(why))} Besides, {text}.") from why


def _finish_all(folder: Folder, entries: Sequence[Entry], journal: Journal | None) -> None:
    try:
        finish(folder, entries)
        if journal is not None:
            journal.end()
    except (OSError, WorkspaceError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise WorkspaceError(
            f"the files are changed, but cleaning up failed: {one_line(why or 'unknown')}"
        ) from error


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
