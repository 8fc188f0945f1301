"""A session that is only looked at, however long, and also while another process writes it."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from agent_tui.domain.base import BlobRef
from agent_tui.domain.events import SessionStarted
from agent_tui.sessions import index_file
from agent_tui.sessions.blobs import get_blob
from agent_tui.sessions.files import LogError
from agent_tui.sessions.indexed import IndexedLog
from agent_tui.sessions.lock import is_locked
from agent_tui.sessions.log import EVENTS
from agent_tui.sessions.records import MemoryLog, RecordLog
from agent_tui.sessions.store import ReadSession

FIRST_RECORDS = 500
"""What is read of a log before it is shown; the rest follows behind the screen."""


class SavedSession:
    """Records, states and stored texts of a session, for reading.

    Attributes:
        id: The session's id, or the name of its file.
        folder: Its folder; None when it came from one file.
        log: Its records.
        blob: Gives a stored text by its reference, compared with its digest; raises
            :class:`LogError` when it is missing or damaged.
    """

    def __init__(
        self,
        session_id: str,
        log: RecordLog,
        blob: Callable[[BlobRef], bytes],
        *,
        folder: Path | None = None,
        problems: Sequence[str] = (),
    ) -> None:
        self.id = session_id
        self.folder = folder
        self.log = log
        self.blob = blob
        self._problems = problems
        self._indexed = log if isinstance(log, IndexedLog) else None
        self._fresh = False
        self._cold = False

    @classmethod
    def of(cls, session: ReadSession) -> "SavedSession":
        """A session that was read already."""
        return cls(session.id, MemoryLog(session.records), session.blob, problems=session.problems)

    @classmethod
    def open(cls, folder: Path) -> "SavedSession":
        """Open a session's folder. Only its beginning is read; :meth:`read_on` reads the rest.

        Raises:
            LogError: If there is no log that can be read.
        """
        log = IndexedLog(folder / EVENTS)
        kept = index_file.restore(log)
        saved = cls(folder.resolve().name, log, lambda ref: get_blob(folder, ref), folder=folder)
        saved._fresh, saved._cold = not kept, kept
        log.build(1 if kept else FIRST_RECORDS)
        return saved

    @property
    def problems(self) -> Sequence[str]:
        """What is damaged in what was read so far, as sentences."""
        if self._indexed is None:
            return self._problems
        found = list(self._indexed.problems)
        if self._indexed.complete and self._indexed.builder.tail and not found and not self.live:
            found.append(f"{EVENTS} ends in the middle of a record")
        return found

    @property
    def progress(self) -> float:
        """How much of it has been read, from 0 to 1."""
        return self._indexed.progress if self._indexed else 1.0

    @property
    def complete(self) -> bool:
        """Whether all of it had been read when it was looked at last."""
        return self._indexed is None or self._indexed.complete

    @property
    def live(self) -> bool:
        """Whether another process writes it now."""
        return self.folder is not None and is_locked(self.folder)

    @property
    def grown(self) -> bool:
        """Whether there is more in the log than was read."""
        if self._indexed is None or self.folder is None:
            return False
        try:
            return (self.folder / EVENTS).stat().st_size > self._indexed.builder.size
        except OSError:
            return False

    def read_on(self, records: int = 1) -> bool:
        """Read some more. At the end, the index of a long log is kept for the next time.

        Returns:
            Whether there is more.

        Raises:
            LogError: If the log cannot be read any more.
        """
        if self._indexed is None:
            return False
        more = self._indexed.build(records)
        if not more and self._cold:
            self._cold = False
            self._indexed.snapshots.warm()
        if not more and self._fresh:
            self._fresh = False
            if not self.live:
                index_file.keep(self._indexed)
        return more

    def read_all(self) -> None:
        """Read it to its end."""
        while self.read_on(100_000):
            pass

    @property
    def started(self) -> SessionStarted | None:
        """The session's first event."""
        first = self.log[0].event if len(self.log) else None
        return first if isinstance(first, SessionStarted) else None

    def digest_at(self, position: int) -> str:
        """The checksum of the last record before a position, as it stands in the log.

        Raises:
            LogError: If the session did not come from a folder.
        """
        if self._indexed is None or position < 1:
            raise LogError(f"{self.id} has no checksums that could be named")
        [(_, line)] = self._indexed.lines(position - 1, position)
        return line[-35:-3].decode("ascii", "replace")


def open_saved(path: Path, read: Callable[[Path], ReadSession]) -> SavedSession:
    """Open a session by its path.

    Args:
        read: Reads what is no session folder.

    Raises:
        LogError: If it cannot be read.
    """
    if path.name == EVENTS and path.is_file():
        path = path.parent
    if path.is_dir() and os.path.lexists(path / EVENTS):
        return SavedSession.open(path)
    return SavedSession.of(read(path))
