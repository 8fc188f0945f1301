"""All sessions of a store at a glance, and a search over what was asked, decided and found.

A SQLite file beside the sessions holds their summaries and words. It is disposable: what changed in
a session is read again, and a file that is damaged is made anew.
"""

import contextlib
import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from pydantic import TypeAdapter, ValidationError

from agent_tui.domain import events as e
from agent_tui.domain.events import Record
from agent_tui.domain.fold import apply
from agent_tui.domain.state import State
from agent_tui.sessions.blobs import get_blob
from agent_tui.sessions.files import LogError
from agent_tui.sessions.index import (
    TELLING_TYPES,
    IndexBuilder,
    LogIndex,
    open_log,
    read_record,
)
from agent_tui.sessions.labels import FILE as LABELS
from agent_tui.sessions.labels import read_labels
from agent_tui.sessions.lock import is_locked
from agent_tui.sessions.log import EVENTS
from agent_tui.sessions.store import SessionStore
from agent_tui.sessions.summary import SessionSummary, summary_from

FILE = ".catalog.sqlite"
_VERSION = 2
_SUMMARY = TypeAdapter(SessionSummary)
_PATHS = re.compile(rb"^(?:\+\+\+ b/|--- a/|rename to )(.+)$", re.MULTILINE)
_WORD = re.compile(r"[\w]+")
_UNTOLD = frozenset(
    str(cls.model_fields["type"].default)
    for cls in (
        e.StepStarted,
        e.StepFinished,
        e.ModelAsked,
        e.ModelTried,
        e.ModelChosen,
        e.CommandStarted,
        e.CommandEnded,
        e.SourcesRead,
        e.RuleAdded,
        e.ChecksFinished,
        e.DraftSaved,
        e.SelectionSaved,
        e.CommentDraftSaved,
        e.CommentRemoved,
        e.CommentResolved,
        e.CommitStarted,
        e.CommitDone,
        e.CommitRefused,
        e.CommitUndone,
        e.DeployChanged,
        e.DeployFinished,
        e.LogRecovered,
    )
)
"""Types of which neither a summary nor a search knows anything: half of what is not streamed."""
_TOLD = re.compile(
    rb'"type":"(?:'
    + b"|".join(
        re.escape(str(cls.model_fields["type"].default).encode())
        for cls in get_args(e.Event)
        if not {str(cls.model_fields["type"].default)} & (_UNTOLD | set(TELLING_TYPES))
    )
    + rb')"'
)
"""Where a line may have a record of the others. Inside a text its quotes would be escaped."""
_AT_ONCE = 8 * 1024 * 1024
"""Bytes of the longest log that is gone through at once."""
_TABLES = f"""
PRAGMA user_version = {_VERSION};
CREATE TABLE IF NOT EXISTS session (id TEXT PRIMARY KEY, key TEXT, summary TEXT);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(id UNINDEXED, text, tokenize='unicode61');
"""


@dataclass(frozen=True, slots=True)
class Hit:
    """A session that a search found, and where: some words around the first that fits."""

    summary: SessionSummary
    excerpt: str


class Catalog:
    """The summaries of a store's sessions. Use it from one thread, and close it.

    Args:
        store: The sessions.
    """

    def __init__(self, store: SessionStore) -> None:
        self._store = store
        self._db = self._open()

    def _open(self) -> sqlite3.Connection:
        file = self._store.folder / FILE
        if not self._store.folder.is_dir():
            return _ready(sqlite3.connect(":memory:"))
        for _ in range(2):
            with contextlib.suppress(OSError):
                os.close(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
            try:
                return _ready(sqlite3.connect(file, timeout=5))
            except sqlite3.OperationalError:
                break  # a folder that cannot be written, or somebody else is busy there
            except sqlite3.DatabaseError:
                with contextlib.suppress(OSError):
                    file.unlink()
        return _ready(sqlite3.connect(":memory:"))

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    # -- reading -----------------------------------------------------------------------------

    def known(self) -> list[SessionSummary]:
        """What was known at the last :meth:`refresh`, at once; the latest activity first."""
        rows = self._db.execute("SELECT id, summary FROM session").fetchall()
        return _sorted(self._with_lock(_summaries(rows, self._store.folder)))

    def refresh(
        self, progress: Callable[[int, int], None] = lambda done, of: None
    ) -> list[SessionSummary]:
        """Read the sessions that changed, and give all of them; the latest activity first.

        Args:
            progress: Told how many sessions were looked at, and how many there are.
        """
        ids = self._store.ids()
        had = dict(self._db.execute("SELECT id, key FROM session").fetchall())
        for number, session_id in enumerate(ids):
            key = self._key(session_id)
            if key and had.get(session_id) != key:
                self._read(session_id, key)
            if number % 50 == 0:
                progress(number, len(ids))
                self._db.commit()
        for gone in had.keys() - set(ids):
            self._db.execute("DELETE FROM session WHERE id = ?", (gone,))
            self._db.execute("DELETE FROM words WHERE id = ?", (gone,))
        self._db.commit()
        return self.known()

    def search(self, text: str, limit: int = 200) -> list[Hit]:
        """Sessions in which all words of a text occur, the best first; a word may be its beginning.

        Refresh first. What is searched: requests, specs, reasons, findings, comments, messages,
        names, tags and the names of files.
        """
        words = " ".join(f'"{word}"*' for word in _WORD.findall(text))
        if not words:
            return []
        rows = self._db.execute(
            "SELECT w.id, s.summary, snippet(words, 1, '', '', '…', 12) "
            "FROM words w JOIN session s ON s.id = w.id WHERE words MATCH ? "
            "ORDER BY rank LIMIT ?",
            (words, limit),
        ).fetchall()
        found = {row[0]: row[2] for row in rows}
        summaries = self._with_lock(_summaries([row[:2] for row in rows], self._store.folder))
        return [Hit(summary, found[summary.id]) for summary in summaries]

    def _with_lock(self, summaries: Iterable[SessionSummary]) -> list[SessionSummary]:
        # A session that has ended has no writer, so it is not asked.
        return [
            s if s.outcome or not s.path.is_dir() else replace(s, locked=is_locked(s.path))
            for s in summaries
        ]

    # -- what changed ------------------------------------------------------------------------

    def _key(self, session_id: str) -> str:
        folder = self._store.folder / session_id
        try:
            found = (folder / EVENTS).lstat()
        except OSError:
            try:
                found = self._store.path(session_id).stat()
            except (OSError, LogError):
                return ""
        key = f"{found.st_size} {found.st_mtime_ns}"
        with contextlib.suppress(OSError):
            key += f" {(folder / LABELS).stat().st_mtime_ns}"
        return key

    def _read(self, session_id: str, key: str) -> None:
        folder = self._store.folder / session_id
        words: list[str] = []
        if folder.is_dir():
            summary, words = read_summary(folder)
        else:
            with contextlib.suppress(LogError):
                words = [w for r in self._store.read(session_id).records for w in said_in(r.event)]
            summary = self._store.summary(session_id)
        words += [session_id, summary.labels.name, *summary.labels.tags]
        json = _SUMMARY.dump_json(summary).decode()
        self._db.execute("INSERT OR REPLACE INTO session VALUES (?, ?, ?)", (session_id, key, json))
        self._db.execute("DELETE FROM words WHERE id = ?", (session_id,))
        self._db.execute("INSERT INTO words VALUES (?, ?)", (session_id, "\n".join(words)))


def _ready(db: sqlite3.Connection) -> sqlite3.Connection:
    try:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version not in (0, _VERSION):
            db.executescript("DROP TABLE IF EXISTS session; DROP TABLE IF EXISTS words;")
        db.executescript(_TABLES)
    except BaseException:
        db.close()
        raise
    return db


def _summaries(rows: Iterable[tuple[str, str]], folder: Path) -> Iterator[SessionSummary]:
    for _, text in rows:
        with contextlib.suppress(ValidationError):  # of another version: read again when it changes
            summary = _SUMMARY.validate_json(text)
            # The store may have been moved since.
            yield replace(summary, path=folder / summary.path.name)


def _sorted(summaries: list[SessionSummary]) -> list[SessionSummary]:
    return sorted(summaries, key=lambda s: (str(s.last or ""), s.id), reverse=True)


def read_summary(folder: Path) -> tuple[SessionSummary, list[str]]:
    """A session's summary and its words, without parsing what does not show in them.

    Never raises: what is wrong with the log becomes the summary's ``problem``. Checksums are not
    compared here: that is two thirds of the work, and done when the session is opened or verified.
    """
    state = State()
    words: list[str] = []
    try:
        quick = _told(folder / EVENTS)
    except (LogError, OSError):
        quick = None  # and the careful reader says why
    if quick is not None:
        for record in quick:
            state = apply(state, record)
            words += said_in(record.event)
        return _summed_up(folder, state, words, quick[-1], quick[-1].seq + 1, [])
    return _read_carefully(folder)


def _told(path: Path) -> list[Record] | None:
    """The records that a summary shows, and the last one; None if a line is not in its place.

    Raises:
        LogError, OSError: If the log cannot be read.
    """
    with open_log(path) as file:
        data = file.read(_AT_ONCE + 1)
    if len(data) > _AT_ONCE or not data.endswith(b"\n"):
        return None
    last = data.rfind(b"\n", 0, -1) + 1
    starts = [data.rfind(b"\n", 0, found.start()) + 1 for found in _TOLD.finditer(data)]
    records = []
    line = at = 0
    for start in sorted({*starts, last}):
        line += data.count(b"\n", at, start)
        at = start
        try:
            record = read_record(data[start : data.find(b"\n", start)], line)
        except LogError:
            return None
        if record.seq != line:
            return None
        records.append(record)
    return records


def _read_carefully(folder: Path) -> tuple[SessionSummary, list[str]]:
    """The same of a log that is very long, or not as it should be: with what is wrong with it."""
    state = State()
    words: list[str] = []

    def visit(place: int, line: bytes) -> None:
        nonlocal state
        if index.type_of(place) in _UNTOLD:
            return
        record = read_record(line, place)
        state = apply(state, record)
        words.extend(said_in(record.event))

    index = LogIndex()
    try:
        builder = IndexBuilder(folder / EVENTS, index, visit)
        with open_log(folder / EVENTS) as file:
            while builder.advance(file):
                pass
    except (LogError, OSError) as error:
        return SessionSummary(id=folder.name, path=folder, problem=str(error)), words
    problems = list(builder.problems)
    if builder.tail and not problems and not is_locked(folder):
        problems.append("the end of its log is cut off")
    last = None
    if len(index):
        with contextlib.suppress(LogError, OSError), open_log(folder / EVENTS) as file:
            file.seek(index.offsets[-1])
            last = read_record(file.readline(), len(index) - 1)
    return _summed_up(folder, state, words, last, len(index), problems)


def _summed_up(
    folder: Path,
    state: State,
    words: list[str],
    last: Record | None,
    count: int,
    problems: list[str],
) -> tuple[SessionSummary, list[str]]:
    for ref in {revision.patch.digest: revision.patch for revision in state.revisions}.values():
        with contextlib.suppress(LogError):
            patch = get_blob(folder, ref)
            words.extend(sorted({p.decode("utf-8", "replace") for p in _PATHS.findall(patch)}))
    summary = summary_from(folder.name, folder, state, count, problems)
    at = last.at if last is not None else state.last_at
    return replace(summary, last=at, labels=read_labels(folder)), words


def said_in(event: e.Event) -> list[str]:
    """The words of an event that a search for a session looks at."""
    match event:
        case e.SessionStarted(request=request, repo=repo):
            return [request, repo.name]
        case e.SpecProposed(spec=spec):
            lists = (spec.constraints, spec.out_of_scope, spec.risks, spec.test_plan,
                     spec.open_questions, spec.steps, spec.adr)  # fmt: skip
            told = [text for texts in lists for text in texts]
            return [spec.title, spec.summary, *(c.text for c in spec.criteria), *told]
        case e.GateDecided(reason=reason):
            return [reason]
        case e.VerdictProposed(verdict=verdict):
            found = [text for f in verdict.findings for text in (f.title, f.body, f.path or "")]
            return [verdict.summary, *found]
        case e.FindingAdded(finding=finding):
            return [finding.title, finding.body, finding.path or ""]
        case e.FindingChanged(reason=reason):
            return [reason]
        case e.MessageProposed(message=message):
            return [message]
        case e.SessionForked(reason=reason, parent=parent):
            return [reason, parent]
        case e.RequestAdded(text=text):
            return [text]
        case e.CommentAdded(comment=comment):
            return [comment.text, comment.place.path or ""]
        case e.CommentChanged(text=text):
            return [text]
    return []
