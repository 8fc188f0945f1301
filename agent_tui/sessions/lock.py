"""One writer per session, whatever process it is in."""

import fcntl
import json
import os
import socket
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from agent_tui.domain.text import one_line
from agent_tui.sessions.files import LogError, reason, write_all

FILE = "lock"
_TRIES = 50
_WAIT_S = 0.01


class SessionLocked(LogError):
    """Another process writes this session; it can be read meanwhile."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds a lock, as written into it. Only for telling a person: the lock itself decides."""

    pid: int
    host: str
    started: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.started}"


class WriterLock:
    """The lock of a session's writer (``flock``): it ends with the process, however that ends."""

    def __init__(self, folder: Path) -> None:
        """Take the lock.

        Raises:
            SessionLocked: If another process has it.
            LogError: If the lock cannot be made.
        """
        path = folder / FILE
        try:
            self._fd = os.open(
                path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600
            )
        except OSError as error:
            raise LogError(f"cannot lock {path}: {reason(error)}") from error
        try:
            if not self._take():
                holder = owner(folder)
                by = f" ({holder})" if holder else ""
                raise SessionLocked(
                    f"session {folder.name} is open in another process{by}; "
                    "leave it there first, or open it read-only"
                )
            now = datetime.now(UTC).isoformat(timespec="seconds")
            text = json.dumps(asdict(Owner(os.getpid(), socket.gethostname(), now)))
            os.ftruncate(self._fd, 0)
            write_all(self._fd, text.encode() + b"\n")
        except OSError as error:
            os.close(self._fd)
            raise LogError(f"cannot lock {path}: {reason(error)}") from error
        except LogError:
            os.close(self._fd)
            raise

    def _take(self) -> bool:
        # is_locked() holds a shared lock for a moment. Where a shared lock can be had there is no
        # writer, so another try will do.
        for _ in range(_TRIES):
            if _flock(self._fd, fcntl.LOCK_EX):
                return True
            if not _flock(self._fd, fcntl.LOCK_SH):
                return False
            fcntl.flock(self._fd, fcntl.LOCK_UN)
            time.sleep(_WAIT_S)
        return False

    def release(self) -> None:
        """Let go of it. The file stays, since removing it would race with the next writer."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _flock(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_locked(folder: Path) -> bool:
    """Whether a living process writes this session."""
    try:
        fd = os.open(folder / FILE, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False  # no lock file that could be held, as in a session that was shipped
    try:
        return not _flock(fd, fcntl.LOCK_SH)
    except OSError:
        return False  # a file system without locks has no writers either
    finally:
        os.close(fd)


def owner(folder: Path) -> Owner | None:
    """Who wrote itself into the lock last, or None where that cannot be read."""
    try:
        fd = os.open(folder / FILE, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        fields = json.loads(os.read(fd, 4096))
        return Owner(
            int(fields["pid"]), one_line(str(fields["host"])), one_line(str(fields["started"]))
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None  # an unreadable owner only makes the message shorter
    finally:
        os.close(fd)
