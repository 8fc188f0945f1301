"""Files of a session: opened with suspicion, written so that they survive a crash."""

import errno
import fcntl
import os
import secrets
import stat
import sys
from pathlib import Path

_REASONS = {
    errno.ENOSPC: "the disk is full; free some space and try again",
    errno.EDQUOT: "your disk quota is used up; free some space and try again",
    errno.EFBIG: "the file may not grow any further (a limit of this system)",
    errno.EROFS: "the file system is read-only; choose another folder with --sessions",
    errno.EIO: "the disk reports an error",
    errno.EACCES: "permission denied; check who owns it, or choose another folder with --sessions",
    errno.EPERM: "the operation is not permitted there; choose another folder with --sessions",
    errno.ENOENT: "it does not exist (any more)",
    errno.ENOLCK: "the file system has no locks; choose another folder with --sessions",
    errno.EMFILE: "this process has too many files open",
}


class LogError(Exception):
    """A session cannot be written or read; the text says why and what to do."""


def reason(error: OSError) -> str:
    """Why an operation failed, and what to do about it."""
    return _REASONS.get(error.errno or 0) or (error.strerror or str(error))


def sync(fd: int) -> None:
    """Make a file's data durable.

    On macOS ``fsync`` leaves data in the drive's cache; ``F_FULLFSYNC`` is what empties it
    (fsync(2) of macOS).
    """
    if sys.platform == "darwin":
        fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
    else:
        os.fdatasync(fd)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_all(fd: int, data: bytes) -> None:
    """Write all of *data*, also where the system takes only a part at a time."""
    written = os.write(fd, data)
    while written < len(data):
        written += os.write(fd, memoryview(data)[written:])


def make_folder(folder: Path) -> None:
    """Make a folder that only its owner can enter, and its parents, durably."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def replace_file(path: Path, data: bytes) -> None:
    """Put *data* at *path*: after a crash there is the old content or the new, never a part.

    Raises:
        OSError: If it fails; nothing has changed then.
    """
    temporary = path.parent / f".{path.name}.{secrets.token_hex(4)}"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        try:
            write_all(fd, data)
            sync(fd)
        finally:
            os.close(fd)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def move_tail(path: Path, start: int, fd: int) -> Path:
    """Move what follows *start* into a file of its own beside *path*, then cut it off; durably.

    Args:
        fd: The file at *path*, open for writing.

    Raises:
        OSError: If it fails; what follows *start* is in one of the two files then.
    """
    number = 1
    while (aside := path.with_name(f"{path.name}.torn-{number}")).exists():
        number += 1
    with path.open("rb") as file:
        file.seek(start)
        replace_file(aside, file.read())
    os.ftruncate(fd, start)
    sync(fd)
    return aside


def open_regular(path: Path) -> int:
    """A descriptor for reading a regular file; links, pipes and devices are refused.

    Raises:
        LogError: If there is no regular file that can be read.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise LogError(f"{path} is a symbolic link, which is not followed") from None
        raise LogError(f"cannot read {path}: {reason(error)}") from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise LogError(f"{path} is not a regular file")
    return fd


def read_regular(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most *limit* bytes.

    Raises:
        LogError: If it cannot be read, or is bigger.
    """
    with os.fdopen(open_regular(path), "rb") as file:
        try:
            data = file.read(limit + 1)
        except OSError as error:
            raise LogError(f"cannot read {path}: {reason(error)}") from error
    if len(data) > limit:
        raise LogError(f"{path} is bigger than {limit:,} bytes")
    return data
