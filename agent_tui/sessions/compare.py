"""Several sessions side by side: what was asked, what came of it, and what it took."""

from dataclasses import dataclass

from agent_tui.domain.patch import Patch, parse_patch
from agent_tui.domain.state import Revision, State
from agent_tui.sessions.files import LogError
from agent_tui.sessions.saved import SavedSession


@dataclass(frozen=True, slots=True)
class Compared:
    """One session's column.

    Attributes:
        cells: Label → text, in order; the same labels for all sessions.
    """

    id: str
    state: State
    patch: Patch
    cells: dict[str, str]


def compared(saved: SavedSession) -> Compared:
    """A session as it stands at its end. All of it must have been read."""
    state = saved.log.state_at(len(saved.log))
    patch = _patch(saved, state.revision)
    added = sum(file.added for file in patch.files)
    removed = sum(file.removed for file in patch.files)
    revision = state.revision
    checks = (revision.checks or ()) if revision else ()
    verdict = revision.verdict if revision else None
    wall = 0.0
    if state.started_at and state.last_at:
        wall = (state.last_at - state.started_at).total_seconds()
    session = state.session
    statuses = [entry.status for entry in state.ledger]
    told = sorted(set(statuses), key=statuses.index)
    unpriced = f" + {state.cost.unpriced_calls} unpriced" if state.cost.unpriced_calls else ""
    cells = {
        "forked from": f"{state.parent.parent}@{state.parent.seq}" if state.parent else "–",
        "changed": "; ".join(state.parent.changes) if state.parent else "–",
        "coder": str(session.roles.get("coder", "–")) if session else "–",
        "reviewer": str(session.roles.get("reviewer", "–")) if session else "–",
        "spec": f"v{state.spec.version}: {state.spec.spec.title}" if state.spec else "–",
        "criteria": str(len(state.spec.spec.criteria)) if state.spec else "–",
        "iterations": str(state.attempt),
        "diff": f"{len(patch.files)} files +{added} −{removed}" if patch.files else "–",
        "checks": f"{sum(c.ok for c in checks)} of {len(checks)} pass" if checks else "–",
        "verdict": verdict.outcome if verdict else "–",
        "findings": ", ".join(f"{statuses.count(s)} {s}" for s in told) or "–",
        "outcome": state.finished.outcome if state.finished else "open",
        "cost": f"${state.cost.priced:.4f}{unpriced}",
        "tokens": f"{state.usage.input_tokens:,} in, {state.usage.output_tokens:,} out",
        "time": f"{max(0.0, wall - state.away_s):.0f} s (models {state.model_s:.0f}, "
        f"you {state.person_s:.0f})",
    }
    return Compared(saved.id, state, patch, cells)


def _patch(saved: SavedSession, revision: Revision | None) -> Patch:
    if revision is None:
        return Patch()
    try:
        return parse_patch(saved.blob(revision.patch))
    except LogError:
        return Patch()  # the text is damaged or gone; verify says so
