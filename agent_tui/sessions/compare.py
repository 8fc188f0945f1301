"""Several sessions side by side: what was asked, what came of it, and what it took.

:func:`compared` reads one session, :func:`table` puts several into rows: what belongs together
stands in one row, whatever it is called in each session, and a row knows whether its cells differ.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from agent_tui.domain.patch import Patch, parse_patch
from agent_tui.domain.state import Revision, State
from agent_tui.domain.verdict import CriterionState
from agent_tui.sessions.align import aligned
from agent_tui.sessions.files import LogError
from agent_tui.sessions.saved import SavedSession

Tone = Literal["", "ok", "bad", "warn", "muted"]
NONE = "–"

_LISTS = {
    "steps": "step",
    "files": "file",
    "constraints": "constraint",
    "out_of_scope": "not in it",
    "risks": "risk",
    "test_plan": "test plan",
    "open_questions": "question",
    "adr": "decision",
}
_SIGNS: dict[CriterionState | None, tuple[str, Tone]] = {
    "met": ("✓ ", "ok"),
    "unmet": ("✗ ", "bad"),
    "unclear": ("? ", "warn"),
    None: ("", ""),
}


@dataclass(frozen=True, slots=True)
class Compared:
    """One session's column.

    Attributes:
        name: What the person calls it, or "".
        position: After how many of its records it is looked at, of *length*.
        problem: What is missing, in a sentence; "" when nothing is.
    """

    id: str
    state: State
    patch: Patch
    name: str = ""
    position: int = 0
    length: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one session has in a row."""

    text: str = NONE
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A row: the same thing in every session."""

    label: str
    cells: tuple[Cell, ...]

    @property
    def differs(self) -> bool:
        """Whether the sessions do not all have the same here."""
        return len({cell.text for cell in self.cells}) > 1


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under a heading."""

    title: str
    lines: tuple[Line, ...]


def compared(saved: SavedSession, position: int | None = None, name: str = "") -> Compared:
    """A session as it stands after a number of records, or at its end. All must have been read."""
    length = len(saved.log)
    at = length if position is None else position
    state = saved.log.state_at(at)
    patch, problem = _patch(saved, state.revision)
    return Compared(saved.id, state, patch, name, at, length, problem)


def _patch(saved: SavedSession, revision: Revision | None) -> tuple[Patch, str]:
    if revision is None:
        return Patch(), ""
    try:
        return parse_patch(saved.blob(revision.patch)), ""
    except LogError as error:
        return Patch(), f"its change is not here: {error}"


def facts(one: Compared) -> dict[str, Cell]:
    """What a session is and came to, by label; the same labels for all sessions."""
    state, session = one.state, one.state.session
    roles = {str(role): str(ref) for role, ref in state.roles.items()}
    decided = [d.event.choice for d in state.decisions if d.actor == "person"]
    counts = {c: decided.count(c) for c in dict.fromkeys(decided)}
    words = {"approve": "approved", "edit": "edited", "reject": "rejected", "stop": "stopped"}
    return {
        "request": _cell(session.request if session else ""),
        "recorded by": _cell(str(session.source) if session and session.source else ""),
        "forked from": _cell(f"{state.parent.parent}@{state.parent.seq + 1}"
                             if state.parent else ""),
        "changed": _cell("; ".join(state.parent.changes) if state.parent else ""),
        "planner": _cell(roles.get("planner", "")),
        "coder": _cell(roles.get("coder", "")),
        "reviewer": _cell(roles.get("reviewer", "")),
        "outcome": _outcome(state),
        "you": _cell(", ".join(f"{count} {words[c]}" for c, count in counts.items())),
        "attempts": _cell(str(state.attempt) if state.attempt else ""),
        "diff": _size(one.patch),
        "checks": _checks(state),
        "verdict": _verdict(state),
        "findings": _findings(state),
        "commit": _cell(state.commit.commit[:12] if state.commit else ""),
    }  # fmt: skip


def costs(one: Compared, base: Compared | None = None) -> dict[str, Cell]:
    """What it took, by label; with *base*, also how much more or less than that one."""
    mine, other = _took(one), _took(base) if base is not None else {}
    found = {}
    for label, (value, show) in mine.items():
        more = value - other[label][0] if label in other else 0.0
        sign = "+" if more > 0 else "−"
        apart = f"  {sign}{show(abs(more))}" if other and show(abs(more)) != show(0.0) else ""
        found[label] = Cell(show(value) + apart)
    unpriced = one.state.cost.unpriced_calls
    if unpriced:
        calls = "call" if unpriced == 1 else "calls"
        money = found["cost"].text + ", " if one.state.cost.priced else ""
        found["cost"] = Cell(f"{money}{unpriced} unpriced {calls}", "muted")
    return found


def _took(one: Compared) -> dict[str, tuple[float, Callable[[float], str]]]:
    state, wall = one.state, 0.0
    if state.started_at and state.last_at:
        wall = max(0.0, (state.last_at - state.started_at).total_seconds() - state.away_s)
    return {
        "cost": (float(state.cost.priced), lambda value: f"${value:.4f}"),
        "tokens in": (state.usage.input_tokens, lambda value: f"{value:,.0f}"),
        "tokens out": (state.usage.output_tokens, lambda value: f"{value:,.0f}"),
        "time": (wall, duration),
        "of it models": (state.model_s, duration),
        "of it you": (state.person_s, duration),
    }


def duration(seconds: float) -> str:
    """A time for people: ``0.4 s``, ``12 s``, ``3 min 12 s``, ``2 h 05 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, left = divmod(minutes, 60)
    return f"{hours} h {left:02d} min" if hours else f"{minutes} min {rest:02d} s"


def table(columns: Sequence[Compared], base: int = 0) -> tuple[Section, ...]:
    """All of it in rows, without those in which no session has anything.

    Args:
        base: The session that the others' cost and time are held against.
    """
    about = [facts(one) for one in columns]
    took = [costs(one, None if n == base else columns[base]) for n, one in enumerate(columns)]
    sections = [
        Section("Session", _rows(about)),
        Section("Cost and time", _rows(took)),
        Section("Spec", _spec(columns)),
        Section("Checks", _check_lines(columns)),
        Section("Verdict", _verdict_lines(columns)),
        Section("Changed files", _file_lines(columns)),
    ]
    return tuple(section for section in sections if section.lines)


def _rows(columns: Sequence[dict[str, Cell]]) -> tuple[Line, ...]:
    lines = (Line(label, tuple(one[label] for one in columns)) for label in columns[0])
    return tuple(line for line in lines if any(cell.text != NONE for cell in line.cells))


# -- what belongs together --------------------------------------------------------------------


def _spec(columns: Sequence[Compared]) -> tuple[Line, ...]:
    specs = [one.state.spec.spec if one.state.spec else None for one in columns]
    versions = [one.state.spec for one in columns]
    written = [f"v{v.version} by {_author(v.author)}" if v else "" for v in versions]
    found = [
        {
            "version": _cell(written[n]),
            "title": _cell(spec.title if spec else ""),
            "summary": _cell(spec.summary if spec else ""),
        }
        for n, spec in enumerate(specs)
    ]
    lines = list(_rows(found))
    criteria = [[(c.id, c.text) for c in spec.criteria] if spec else [] for spec in specs]
    for row in aligned(criteria):
        label = next(item[0] for item in row if item is not None)
        cells = []
        for one, item in zip(columns, row, strict=True):
            answer = None
            if item is not None and one.state.revision and one.state.revision.verdict:
                answer = one.state.revision.verdict.criterion(item[0])
            sign, tone = _SIGNS[answer.status if answer else None]
            cells.append(Cell(sign + item[1], tone) if item is not None else Cell())
        lines.append(Line(label, tuple(cells)))
    for field, label in _LISTS.items():
        items = [[("", text) for text in getattr(spec, field)] if spec else [] for spec in specs]
        lines += [
            Line(label, tuple(Cell(item[1]) if item else Cell() for item in row))
            for row in aligned(items)
        ]
    return tuple(lines)


def _check_lines(columns: Sequence[Compared]) -> tuple[Line, ...]:
    results = [
        {r.name: r for r in ((one.state.revision.checks or ()) if one.state.revision else ())}
        for one in columns
    ]
    lines = []
    for name in dict.fromkeys(name for found in results for name in found):
        cells = []
        for found in results:
            result = found.get(name)
            if result is None:
                cells.append(Cell())
                continue
            failed = [test.name for test in result.tests if not test.ok]
            passed = len(result.tests) - len(failed)
            text = "✓ passes" if result.ok else f"✗ {result.problem or 'fails'}"
            if result.tests:
                text += f", {passed} of {len(result.tests)} tests"
            text += "".join(f"\n  ✗ {test}" for test in failed)
            cells.append(Cell(text, "ok" if result.ok else "bad"))
        lines.append(Line(name, tuple(cells)))
    return tuple(lines)


def _verdict_lines(columns: Sequence[Compared]) -> tuple[Line, ...]:
    verdicts = [one.state.revision.verdict if one.state.revision else None for one in columns]
    lines = list(_rows([{"review": _cell(v.summary if v else "")} for v in verdicts]))
    ledgers = [
        [(entry.finding.id, entry.finding.title) for entry in one.state.ledger] for one in columns
    ]
    for row in aligned(ledgers):
        label = next(item[0] for item in row if item is not None)
        cells = []
        for one, item in zip(columns, row, strict=True):
            entry = next((e for e in one.state.ledger if item and e.finding.id == item[0]), None)
            if entry is None:
                cells.append(Cell())
                continue
            where = f" ({entry.finding.path})" if entry.finding.path else ""
            tone: Tone = "bad" if entry.blocks else "ok" if entry.status == "fixed" else "warn"
            text = f"{entry.status} {entry.finding.severity}: {entry.finding.title}{where}"
            cells.append(Cell(text, tone))
        lines.append(Line(label, tuple(cells)))
    return tuple(lines)


def _file_lines(columns: Sequence[Compared]) -> tuple[Line, ...]:
    found = [{file.path: file for file in one.patch.files} for one in columns]
    lines = []
    for path in sorted({path for files in found for path in files}):
        cells = []
        for files in found:
            file = files.get(path)
            kind = "" if file is None or file.status == "modified" else f"{file.status} "
            size = "binary" if file is not None and file.binary else ""
            if file is not None and not size:
                size = f"+{file.added} −{file.removed}"
            cells.append(Cell(kind + size) if file is not None else Cell())
        lines.append(Line(path, tuple(cells)))
    return tuple(lines)


# -- single cells -----------------------------------------------------------------------------


def _author(actor: str) -> str:
    return "you" if actor == "person" else actor


def _cell(text: str, tone: Tone = "") -> Cell:
    return Cell(text, tone) if text.strip() else Cell()


def _outcome(state: State) -> Cell:
    if state.finished is not None:
        good = state.finished.outcome == "committed"
        taken = " and taken back" if state.taken_back else ""
        return Cell(state.finished.outcome + taken, "ok" if good and not taken else "bad")
    if state.session is not None and state.session.source is not None:
        return Cell("imported", "muted")
    return Cell(f"open, at the {state.gate.kind} gate" if state.gate else "open", "warn")


def _size(patch: Patch) -> Cell:
    count = len(patch.files)
    if not count:
        return Cell()
    added = sum(file.added for file in patch.files)
    removed = sum(file.removed for file in patch.files)
    return Cell(f"{count} {'file' if count == 1 else 'files'} +{added} −{removed}")


def _checks(state: State) -> Cell:
    checks = (state.revision.checks or ()) if state.revision else ()
    if not checks:
        return Cell()
    good = sum(check.ok for check in checks)
    verb = "passes" if len(checks) == 1 else "pass"
    return Cell(f"{good} of {len(checks)} {verb}", "ok" if good == len(checks) else "bad")


def _verdict(state: State) -> Cell:
    verdict = state.revision.verdict if state.revision else None
    if verdict is None:
        return Cell()
    return Cell("pass", "ok") if state.passes else Cell("fail", "bad")


def _findings(state: State) -> Cell:
    statuses = [entry.status for entry in state.ledger]
    told = sorted(set(statuses), key=statuses.index)
    blocked = any(entry.blocks for entry in state.ledger)
    text = ", ".join(f"{statuses.count(status)} {status}" for status in told)
    return _cell(text, "bad" if blocked else "")
