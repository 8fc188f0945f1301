"""Whether a session is whole, and whether what was committed is what was approved."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

from agent_tui.domain import events as e
from agent_tui.domain.base import BlobRef
from agent_tui.domain.decision import Approval
from agent_tui.sessions.blobs import FOLDER, get_blob
from agent_tui.sessions.files import LogError
from agent_tui.sessions.index import IndexBuilder, LogIndex, open_log, read_record
from agent_tui.sessions.lock import is_locked
from agent_tui.sessions.log import EVENTS


@dataclass
class Report:
    """What a verification found.

    Attributes:
        problems: What is wrong, as sentences; empty when nothing is.
        notes: What was not looked at, and why.
        revisions: The proposed trees: name, base tree, and the stored patch.
        commits: The commits that the log names, each with the approval that it was made for.
        unknown: Records of types that this version does not know.
    """

    session: str
    records: int = 0
    blobs: int = 0
    approvals: int = 0
    unknown: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    started: e.SessionStarted | None = None
    revisions: list[tuple[str, str, BlobRef]] = field(default_factory=list)
    commits: list[tuple[e.CommitDone, Approval | None]] = field(default_factory=list)


def verify_folder(folder: Path, progress: Callable[[float], None] = lambda part: None) -> Report:
    """Check a session's chain of records, its stored texts, and each commit's approval.

    The index of the log is neither used nor written.

    Args:
        progress: Told how much is done, from 0 to 1.

    Raises:
        LogError: If there is no log that can be read at all.
    """
    report = Report(folder.resolve().name)
    approvals = _Approvals(report)
    refs: dict[str, BlobRef] = {}

    def visit(place: int, line: bytes) -> None:
        event = read_record(line, place).event
        report.unknown += isinstance(event, e.Unknown)
        refs.update((ref.digest, ref) for ref in references(event))
        approvals.add(event, place)

    index = LogIndex()
    builder = IndexBuilder(folder / EVENTS, index, visit)
    with open_log(folder / EVENTS) as file:
        while builder.advance(file):
            progress(builder.good_end / max(1, builder.size))
    report.records = len(index)
    report.problems[:0] = builder.problems
    if builder.tail and not builder.problems and not is_locked(folder):
        report.problems.append(f"{EVENTS} ends in the middle of a record")
    if not index:
        report.problems.append("there is no record in the log")
    for ref in refs.values():
        try:
            get_blob(folder, ref)
            report.blobs += 1
        except LogError as error:
            report.problems.append(str(error))
    stored = folder / FOLDER
    extra = {path.name for path in stored.iterdir()} - refs.keys() if stored.is_dir() else set()
    if extra:
        report.notes.append(f"{len(extra)} stored texts belong to no record (of a step that ended)")
    if report.unknown:
        report.notes.append(
            f"{report.unknown} records are of types that this version does not know"
        )
    return report


def references(value: object) -> Iterator[BlobRef]:
    """The stored texts that an event refers to."""
    if isinstance(value, BlobRef):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from references(getattr(value, name))
    elif isinstance(value, dict):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from references(item)


class _Approvals:
    """Follows proposals and approvals, and judges each commit by them."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._approved: list[Approval] = []
        self._specs: set[int] = set()
        self._pending: Approval | None = None

    def add(self, event: e.Event, place: int) -> None:
        """Judge the next event."""
        report = self._report
        match event:
            case e.SessionStarted():
                report.started = event
            case e.SpecProposed(version=version):
                self._specs.add(version)
            case e.AttemptProposed(tree=tree, base_tree=base, patch=patch):
                report.revisions.append((tree, base, patch))
            case e.GateDecided(choice="approve", approval=Approval() as approval):
                self._approve(approval, place)
            case e.CommitStarted(approval=approval):
                self._pending = approval
                if approval not in self._approved:
                    report.problems.append(
                        f"record {place} begins a commit that nobody approved in these bytes"
                    )
            case e.CommitRefused():
                self._pending = None
            case e.CommitDone():
                self._commit(event, place)

    def _approve(self, approval: Approval, place: int) -> None:
        report = self._report
        report.approvals += 1
        self._approved.append(approval)
        if (approval.tree, approval.base_tree) not in {(t, b) for t, b, _ in report.revisions}:
            report.problems.append(
                f"record {place} approves the tree {approval.tree[:12]}, which nobody proposed"
            )
        if self._specs and approval.spec_version not in self._specs:
            report.problems.append(
                f"record {place} approves under version {approval.spec_version} of the spec, "
                "which there is not"
            )
        started = report.started
        if started is not None and approval.parent != started.repo.commit:
            report.problems.append(f"record {place} approves a commit on another parent")

    def _commit(self, event: e.CommitDone, place: int) -> None:
        report = self._report
        if report.commits:
            report.problems.append(f"record {place} is a second commit")
        report.commits.append((event, self._pending))
        if self._pending is None:
            report.problems.append(f"record {place} is a commit that was not begun")
        elif event.tree != self._pending.tree:
            report.problems.append(
                f"record {place}: commit {event.commit[:12]} has the tree {event.tree[:12]}, "
                f"but {self._pending.tree[:12]} was approved"
            )
