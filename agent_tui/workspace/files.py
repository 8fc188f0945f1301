"""Writing files into a folder that may hold hostile ones.

Every directory on the way is opened relative to the one before without following links, and a file
is replaced by renaming a finished one over it, so that no link leads a write elsewhere, whenever it
appears.
"""

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path

from agent_tui.domain.text import one_line
from agent_tui.ports import WorkspaceError
from agent_tui.workspace.paths import is_reserved, parts_of, refusal

TEMPORARY = ".agent-tui-tmp-"
"""Files that begin with this are half written and belong to no tree."""

NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
"""What a file system answers that has no hard links, or no more of them."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_KINDS = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
)


def write_files(root: Path, files: Mapping[str, bytes | None]) -> None:
    """Write (or, with None, delete) files below *root*. All are checked before any is written.

    Raises:
        WorkspaceError: If one of the paths leads elsewhere, into ``.git``, into another repository
            or to something that is not a plain file; the text names it.
    """
    plan = {path: (parts_of(path), data) for path, data in files.items()}
    gone = {parts for parts, data in plan.values() if data is None}
    with Folder(root) as folder:
        path = ""
        try:
            for path, (parts, data) in plan.items():
                folder.check(path, parts, data, gone)
            for path, (parts, data) in plan.items():
                if data is None:
                    folder.delete(path, parts)
            for path, (parts, data) in plan.items():
                if data is not None:
                    folder.write(path, parts, data)
        except OSError as error:
            raise refusal(path, one_line(error.strerror or str(error))) from error


class Folder:
    """A folder that was opened once, and whatever is below it, reached without following links.

    Raises:
        WorkspaceError: If it cannot be opened.
    """

    def __init__(self, root: Path) -> None:
        try:
            self._root = os.open(root, _FOLDER)
        except OSError as error:
            raise WorkspaceError(
                f"the worktree {one_line(str(root))} cannot be opened: {error.strerror}."
            ) from error

    def __enter__(self) -> "Folder":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._root)

    def check(
        self,
        path: str,
        parts: tuple[bytes, ...],
        data: bytes | None,
        gone: set[tuple[bytes, ...]],
    ) -> None:
        """Refuse what cannot be written, before anything is."""
        parent = self.parent(path, parts, gone=gone)
        try:
            found = _lstat(parts[-1], parent) if parent is not None else None
        finally:
            if parent is not None:
                os.close(parent)
        if found is None:
            new = parts if parent is None else parts[-1:]
            reserved = [name for part in new if is_reserved(name := os.fsdecode(part))]
            if data is not None and reserved:
                raise refusal(path, f"Windows keeps the name {one_line(reserved[0])} for a device")
        elif stat.S_ISREG(found.st_mode) or (data is None and stat.S_ISLNK(found.st_mode)):
            return
        elif stat.S_ISDIR(found.st_mode) and any(g[: len(parts)] == parts for g in gone - {parts}):
            return  # its files are deleted by the same call
        else:
            raise refusal(path, f"{_kind(found)} is in its place")

    def write(self, path: str, parts: tuple[bytes, ...], data: bytes) -> None:
        """Put a whole new file in its place, with the mode of the old one."""
        parent = self.parent(path, parts, create=True)
        if parent is None:
            raise refusal(path, "its folder disappeared")
        temporary = f"{TEMPORARY}{secrets.token_hex(8)}"
        try:
            found = _lstat(parts[-1], parent)
            if found is not None and not stat.S_ISREG(found.st_mode):
                raise refusal(path, f"{_kind(found)} is in its place")
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(temporary, flags, 0o666, dir_fd=parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                    if found is not None:
                        os.fchmod(file.fileno(), stat.S_IMODE(found.st_mode) & 0o777)
                os.rename(temporary, parts[-1], src_dir_fd=parent, dst_dir_fd=parent)
            except BaseException:
                with suppress(FileNotFoundError):
                    os.unlink(temporary, dir_fd=parent)
                raise
        finally:
            os.close(parent)

    def delete(self, path: str, parts: tuple[bytes, ...]) -> None:
        """Remove the file, and the folders that are empty without it."""
        for depth in range(len(parts), 0, -1):
            parent = self.parent(path, parts[:depth])
            if parent is None:
                return
            try:
                if depth == len(parts):
                    with suppress(FileNotFoundError):
                        os.unlink(parts[-1], dir_fd=parent)
                else:
                    os.rmdir(parts[depth - 1], dir_fd=parent)
            except OSError as error:
                if depth < len(parts) and error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                    return
                raise
            finally:
                os.close(parent)

    def parent(
        self,
        path: str,
        parts: tuple[bytes, ...],
        *,
        create: bool = False,
        gone: Collection[tuple[bytes, ...]] = (),
    ) -> int | None:
        """A descriptor of the folder that holds the last part; None when it does not exist."""
        current = os.dup(self._root)
        try:
            for depth, part in enumerate(parts[:-1], 1):
                found = _lstat(part, current)
                if found is None and create:
                    os.mkdir(part, dir_fd=current)
                elif found is None or (parts[:depth] in gone and not stat.S_ISDIR(found.st_mode)):
                    os.close(current)
                    return None
                elif not stat.S_ISDIR(found.st_mode):
                    raise refusal(path, f"{_kind(found)} is on its way")
                inner = os.open(part, _FOLDER, dir_fd=current)
                os.close(current)
                current = inner
                if _lstat(b".git", current) is not None:
                    raise refusal(path, "it lies in another repository")
        except BaseException:
            os.close(current)
            raise
        return current


def find_file(root: Path, name: bytes) -> os.stat_result | None:
    """What stands at that path, or None; no link on the way or at its end is followed."""
    at = root
    parts = os.fsdecode(name).split("/")
    try:
        for part in parts[:-1]:
            at /= part
            if not stat.S_ISDIR(at.lstat().st_mode):
                return None
        return (at / parts[-1]).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _lstat(name: bytes, folder: int) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _kind(found: os.stat_result) -> str:
    return next((name for is_kind, name in _KINDS if is_kind(found.st_mode)), "a file")


def remove_special_files(folder: Path) -> None:
    """Remove FIFOs, sockets and devices, which ``git clean`` does not see."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                remove_special_files(Path(entry.path))
            elif not entry.is_file(follow_symlinks=False) and not entry.is_symlink():
                os.unlink(entry.path)  # noqa: PTH108 (this runs for every file)


def remove_tree(folder: Path) -> None:
    """Remove a folder of our own with all that is in it, also what was made unwritable.

    Raises:
        OSError: If something in it cannot be removed.
    """

    def unlock(function: Callable[[str], object], path: str, error: object) -> None:
        failed = Path(path)
        if not failed.is_symlink() and not failed.exists():
            return
        for locked in (failed.parent, failed):
            if locked.is_dir() and not locked.is_symlink() and locked.is_relative_to(folder):
                locked.chmod(0o700)
        if failed.is_dir() and not failed.is_symlink():
            shutil.rmtree(failed, ignore_errors=True)
        else:
            function(path)

    if folder.exists():
        shutil.rmtree(folder, onerror=unlock)
    if folder.exists():
        raise OSError(errno.ENOTEMPTY, "it could not be removed", str(folder))
