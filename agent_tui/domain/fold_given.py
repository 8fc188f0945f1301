"""Where a session goes that reviews a given change: the same phases in a shorter order.

The change comes first (phase ``GIVEN``). Then checks and reviewer look at it if there are any, and
then the person; what the person accepts is committed or written out, and nobody codes again. Each
function leaves a session without a given change on its ordinary way.
"""

from dataclasses import replace

from agent_tui.domain import events as e
from agent_tui.domain.given import Given
from agent_tui.domain.state import Phase, State


def proposed(s: State, ev: e.AttemptProposed) -> State:
    """After a revision: models look at the change as it was given, the person at their own."""
    others = _has_reviewer(s) or (s.session is not None and bool(s.session.checks))
    if _given(s) and ev.author == "author" and others:
        return replace(s, phase=Phase.CHECK)
    return s


def checked(s: State) -> State:
    """After the checks: the reviewer comes next; what was approved goes on to its commit."""
    if not _given(s):
        return replace(s, phase=Phase.REVIEW)
    if s.revision is not None and s.revision.approval is not None:
        return replace(s, phase=Phase.MESSAGE)
    return replace(s, phase=Phase.REVIEW if _has_reviewer(s) else Phase.DIFF_GATE)


def verdict_gate(s: State) -> Phase:
    """Where a verdict is looked at: beside the diff when nobody is there to code again."""
    return Phase.DIFF_GATE if _given(s) else Phase.VERDICT_GATE


def decided(s: State, ev: e.GateDecided, at: Phase) -> State:
    """After a decision; *at* is the phase in which it was made."""
    given = _given(s)
    if given is None or ev.choice not in ("approve", "reject"):
        return s
    if ev.choice == "reject" and ev.kind == "message":
        return replace(s, phase=Phase.DIFF_GATE, rejection="")
    if ev.choice == "reject" and ev.kind in ("fault", "limit"):
        # Without the models, the person goes on alone.
        alone = at in (Phase.CHECK, Phase.REVIEW)
        return replace(s, phase=Phase.DIFF_GATE if alone else Phase.FINISH, rejection="")
    if ev.kind != "diff":
        return s
    if ev.choice == "reject" or not given.commits:
        return replace(s, phase=Phase.FINISH)
    unchecked = bool(s.session and s.session.checks) and s.revision and s.revision.checks is None
    return replace(s, phase=Phase.CHECK if unchecked else Phase.MESSAGE)


def _given(s: State) -> Given | None:
    return s.session.given if s.session else None


def _has_reviewer(s: State) -> bool:
    return s.session is not None and "reviewer" in s.session.roles
