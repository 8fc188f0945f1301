"""The folder of all sessions: make, find, list, open."""

import contextlib
import io
import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent_tui.domain.base import BlobRef
from agent_tui.domain.events import Record
from agent_tui.domain.text import one_line
from agent_tui.ports import Clock
from agent_tui.sessions.blobs import get_blob, verify
from agent_tui.sessions.clock import SystemClock
from agent_tui.sessions.files import LogError
from agent_tui.sessions.lock import is_locked
from agent_tui.sessions.log import EVENTS, SessionLog
from agent_tui.sessions.packed import SUFFIX, unpack
from agent_tui.sessions.reader import LogReader
from agent_tui.sessions.redact import Redactor
from agent_tui.sessions.summary import SessionSummary, summarize, summary_of

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # without letters that look like digits
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class SessionNotFound(LogError):
    """No session, or more than one, has that name."""


@dataclass(frozen=True, slots=True)
class ReadSession:
    """A session that is only read.

    Attributes:
        records: What can be read of it, in order.
        problems: What is damaged, as sentences; empty when nothing is.
        blob: Gives a stored text by its reference, compared with its digest; raises
            :class:`LogError` when it is missing or damaged.
    """

    id: str
    records: tuple[Record, ...]
    problems: tuple[str, ...]
    blob: Callable[[BlobRef], bytes]


def read_folder(folder: Path) -> ReadSession:
    """Read a session's folder. Nothing is written, so a shipped or foreign one can be read.

    Raises:
        LogError: If there is no log that can be read at all.
    """
    reader = LogReader(folder / EVENTS)
    records = reader.read_new()
    problems = list(reader.problems)
    if reader.tail and not problems and not is_locked(folder):
        problems.append(f"{EVENTS} ends in the middle of a record")
    return ReadSession(
        folder.resolve().name,
        tuple(records),
        tuple(problems),
        lambda ref: get_blob(folder, ref),
    )


def open_packed(file: Path) -> ReadSession:
    """Read a session that was packed into one file.

    Raises:
        LogError: If it is no packed session.
    """
    events, blobs = unpack(file)
    reader = LogReader(Path(EVENTS))
    records = reader.read_from(io.BytesIO(events))
    problems = list(reader.problems)
    if reader.tail and not problems:
        problems.append(f"{EVENTS} ends in the middle of a record")

    def blob(ref: BlobRef) -> bytes:
        if ref.digest not in blobs:
            raise LogError(f"the stored text {one_line(ref.digest, 12)}… is not in {file}")
        return verify(ref, blobs[ref.digest])

    return ReadSession(file.stem, tuple(records), tuple(problems), blob)


def open_path(path: Path) -> ReadSession:
    """Read a session by its path: a folder, the ``events.jsonl`` in it, or a packed file.

    Raises:
        LogError: If it is none of these.
    """
    if path.is_dir():
        if not os.path.lexists(path / EVENTS):
            raise LogError(f"there is no session in the folder {one_line(str(path), 300)}")
        return read_folder(path)
    if path.name == EVENTS:
        return read_folder(path.parent)
    return open_packed(path)


class SessionStore:
    """Sessions in one folder, each in a folder of its own (or packed into a ``.zip`` file).

    Nothing here deletes a session.

    Args:
        folder: Where they are; it is made with the first session.
        clock: Gives ids and records their time.
        redactor: Takes secrets out; by default those of this process's environment.
    """

    def __init__(
        self, folder: Path, *, clock: Clock | None = None, redactor: Redactor | None = None
    ) -> None:
        self.folder = folder
        self._clock = clock or SystemClock()
        self._redactor = redactor or Redactor(os.environ)

    def new_id(self) -> str:
        """An id that is not in use: it sorts by time, for example ``20261122-153012-k3f9``."""
        while True:
            end = "".join(secrets.choice(_ALPHABET) for _ in range(4))
            new = f"{self._clock.now():%Y%m%d-%H%M%S}-{end}"
            if not (self.folder / new).exists():
                return new

    def create(self, session_id: str | None = None) -> SessionLog:
        """Make a new session and open its log for writing. It has no records yet.

        Args:
            session_id: Its id; by default a new one.

        Raises:
            LogError: If the id is in use or no name for a folder, or nothing can be written.
        """
        name = session_id or self.new_id()
        if not _ID.fullmatch(name):
            raise LogError(f"{one_line(name, 80)!r} cannot be the id of a session")
        return SessionLog.create(self.folder / name, clock=self._clock, redactor=self._redactor)

    def open_writer(self, session_id: str) -> SessionLog:
        """Open a session's log to go on with it.

        Raises:
            SessionNotFound: If there is no such session.
            agent_tui.sessions.lock.SessionLocked: If another process writes it.
            LogError: If it is packed, or cannot be opened.
        """
        path = self.path(session_id)
        if not path.is_dir():
            raise LogError(f"session {session_id} is packed into a file; it can only be replayed")
        return SessionLog(path, clock=self._clock, redactor=self._redactor)

    def read(self, session_id: str) -> ReadSession:
        """Read a session, also while another process writes it.

        Raises:
            SessionNotFound: If there is no such session.
            LogError: If it cannot be read at all.
        """
        return open_path(self.path(session_id))

    def follow(self, session_id: str) -> LogReader:
        """A reader that gives the records so far, and the new ones at each later call.

        Raises:
            SessionNotFound: If there is no such session.
        """
        return LogReader(self.path(session_id) / EVENTS)

    def blob(self, session_id: str, ref: BlobRef) -> bytes:
        """A stored text of a session, compared with its digest.

        Raises:
            LogError: If it is missing or damaged.
        """
        path = self.path(session_id)
        return get_blob(path, ref) if path.is_dir() else open_packed(path).blob(ref)

    def ids(self) -> list[str]:
        """The ids of all sessions, the oldest first."""
        try:
            found = {
                path.name.removesuffix(SUFFIX)
                for path in self.folder.iterdir()
                if path.is_dir() or (path.suffix == SUFFIX and path.is_file())
            }
        except FileNotFoundError:
            return []
        except OSError as error:
            raise LogError(f"cannot read {self.folder}: {error.strerror}") from error
        return sorted(filter(_ID.fullmatch, found))

    def path(self, session_id: str) -> Path:
        """The folder (or packed file) of a session.

        Raises:
            SessionNotFound: If there is none.
        """
        if _ID.fullmatch(session_id):
            for path in (self.folder / session_id, self.folder / f"{session_id}{SUFFIX}"):
                if path.exists():
                    return path
        raise SessionNotFound(f"there is no session {one_line(session_id, 80)!r} in {self.folder}")

    def resolve(self, prefix: str) -> str:
        """The id that begins with *prefix*, or whose last part does.

        Raises:
            SessionNotFound: If there is none, or more than one.
        """
        ids = self.ids()
        if prefix in ids:
            return prefix
        matches = [i for i in ids if prefix and i.startswith(prefix)]
        matches = matches or [i for i in ids if prefix and i.rpartition("-")[2].startswith(prefix)]
        shown = one_line(prefix, 80)
        if not matches:
            raise SessionNotFound(f"no session begins with {shown!r}; see `agent-tui sessions`")
        if len(matches) > 1:
            some = ", ".join(matches[:5]) + (", …" if len(matches) > 5 else "")
            raise SessionNotFound(
                f"{len(matches)} sessions begin with {shown!r} ({some}); type more of the id"
            )
        return matches[0]

    def list(self, repo_root: str | None = None) -> list[SessionSummary]:
        """All sessions, the one with the latest activity first. A damaged one has a ``problem``.

        Args:
            repo_root: Only those of the repository with this working tree.
        """
        summaries = []
        for session_id in self.ids():
            with contextlib.suppress(SessionNotFound):  # moved away meanwhile
                summaries.append(self.summary(session_id))
        if repo_root is not None:
            wanted = os.path.realpath(repo_root)
            summaries = [s for s in summaries if s.root and os.path.realpath(s.root) == wanted]
        return sorted(summaries, key=lambda s: (str(s.last or ""), s.id), reverse=True)

    def summary(self, session_id: str) -> SessionSummary:
        """One session as :meth:`list` has it.

        Raises:
            SessionNotFound: If there is no such session.
        """
        path = self.path(session_id)
        if path.is_dir():
            return summary_of(path)
        try:
            session = open_packed(path)
        except LogError as error:
            return SessionSummary(id=session_id, path=path, problem=str(error))
        return summarize(session_id, path, session.records, session.problems)
