"""What a list of sessions shows of each, without reading whole logs every time."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from agent_tui.domain.events import Record, StepOutput
from agent_tui.domain.state import State
from agent_tui.sessions.files import LogError, read_regular, replace_file
from agent_tui.sessions.labels import Labels
from agent_tui.sessions.lock import is_locked
from agent_tui.sessions.reader import LogReader
from agent_tui.sessions.replay import fold

EVENTS = "events.jsonl"
CACHE = "summary.json"
_VERSION = 2
_MAX_CACHE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """One session in a list.

    Attributes:
        repo: The repository's name; *root* is the absolute path of its working tree.
        outcome: How the loop ended, empty while it has not.
        gate: The kind of the gate that waits for a decision, or empty.
        left: Whether the person left it to go on later.
        locked: Whether a living process writes it now.
        attempts: How many attempts the coder has made.
        cost: In US dollars, of the calls whose price is known.
        unpriced_calls: Calls without a known price.
        problem: What is wrong with the log, in a sentence; empty when nothing is.
        models: The models of its roles.
        parent: The session that it was forked from, or "".
        labels: What the person calls it.
    """

    id: str
    path: Path
    request: str = ""
    repo: str = ""
    root: str = ""
    outcome: str = ""
    gate: str = ""
    left: bool = False
    locked: bool = False
    attempts: int = 0
    cost: Decimal = Decimal(0)
    unpriced_calls: int = 0
    records: int = 0
    started: datetime | None = None
    last: datetime | None = None
    problem: str = ""
    models: tuple[str, ...] = ()
    parent: str = ""
    labels: Labels = field(default_factory=Labels)

    @property
    def title(self) -> str:
        """The person's name for it, or the request."""
        return self.labels.name or self.request

    @property
    def state(self) -> str:
        """Where it stands: ``waiting: diff``, ``running``, ``left``, or how it ended.

        ``interrupted`` means that no process has it open although it was neither left nor ended.
        """
        if self.outcome:
            return self.outcome
        if self.locked:
            return f"waiting: {self.gate}" if self.gate else "running"
        if not self.records:
            return "damaged" if self.problem else "empty"
        return "left" if self.left else "interrupted"


@dataclass(frozen=True, slots=True)
class _Cached:
    key: str
    summary: SessionSummary


_CACHED = TypeAdapter(_Cached)


def summarize(
    session_id: str, path: Path, records: Iterable[Record], problems: Iterable[str] = ()
) -> SessionSummary:
    """The summary that follows from a session's records."""
    count = 0

    def counted() -> Iterable[Record]:
        nonlocal count
        for record in records:
            count += 1
            if not isinstance(record.event, StepOutput):  # most of the records, and not shown here
                yield record

    return summary_from(session_id, path, fold(counted()), count, problems)


def summary_from(
    session_id: str, path: Path, state: State, count: int, problems: Iterable[str] = ()
) -> SessionSummary:
    """The summary of a session whose state and number of records are known."""
    session = state.session
    models = {str(model): None for model in session.roles.values()} if session else {}
    return SessionSummary(
        id=session_id,
        path=path,
        models=tuple(models),
        parent=state.parent.parent if state.parent else "",
        request=session.request if session else "",
        repo=session.repo.name if session else "",
        root=session.repo.root if session else "",
        outcome=_outcome(state),
        gate=state.gate.kind if state.gate else "",
        left=state.left,
        attempts=state.attempt,
        cost=state.cost.priced,
        unpriced_calls=state.cost.unpriced_calls,
        records=count,
        started=state.started_at,
        last=state.last_at,
        problem=next(iter(problems), "" if session or not count else "its first record is missing"),
    )


def _outcome(state: State) -> str:
    if state.finished is not None:
        return state.finished.outcome
    return "imported" if state.session is not None and state.session.source is not None else ""


def summary_of(folder: Path) -> SessionSummary:
    """The summary of a session's folder. Never raises: what is wrong becomes its ``problem``.

    It is kept in the folder as ``summary.json`` for as long as the log's size and time of change
    stay the same; that file can be removed at any time.
    """
    try:
        stat = (folder / EVENTS).lstat()
        key = f"{_VERSION} {stat.st_size} {stat.st_mtime_ns}"
        summary = _cached(folder, key)
        if summary is None:
            reader = LogReader(folder / EVENTS)
            records = reader.read_new()
            problems = list(reader.problems)
            if reader.tail and not problems:
                problems.append("the end of its log is cut off")
            summary = summarize(folder.name, folder, records, problems)
            if not (reader.tail and is_locked(folder)):
                _keep(folder, key, summary)
    except LogError as error:
        return SessionSummary(id=folder.name, path=folder, problem=str(error))
    except OSError as error:
        problem = f"its log cannot be read: {error.strerror or error}"
        return SessionSummary(id=folder.name, path=folder, problem=problem)
    locked = is_locked(folder)
    cut = locked and summary.problem.endswith("is cut off")  # the writer is in the middle of it
    return replace(summary, locked=locked, problem="" if cut else summary.problem)


def _keep(folder: Path, key: str, summary: SessionSummary) -> None:
    with contextlib.suppress(OSError):  # a folder that cannot be written does without
        replace_file(folder / CACHE, _CACHED.dump_json(_Cached(key, summary)))


def _cached(folder: Path, key: str) -> SessionSummary | None:
    try:
        cached = _CACHED.validate_json(read_regular(folder / CACHE, _MAX_CACHE))
    except (LogError, ValidationError):
        return None  # missing, old or damaged: made again
    return replace(cached.summary, id=folder.name, path=folder) if cached.key == key else None
