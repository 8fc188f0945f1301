"""The fold: a session's state after its first n records. Live screen and replay share it."""

from collections.abc import Callable
from typing import Any

from agent_tui.domain import events as e
from agent_tui.domain import fold_given
from agent_tui.domain.decision import Selection
from agent_tui.domain.fold_review import HANDLERS as REVIEW_HANDLERS
from agent_tui.domain.fold_review import with_answers
from agent_tui.domain.fold_steps import HANDLERS as STEP_HANDLERS
from agent_tui.domain.fold_tools import HANDLERS as TOOL_HANDLERS
from agent_tui.domain.replacing import replace
from agent_tui.domain.state import (
    Decided,
    Phase,
    Revision,
    SpecVersion,
    State,
)
from agent_tui.domain.usage import Cost, Usage
from agent_tui.domain.verdict import LedgerEntry


def apply(state: State, record: e.Record) -> State:
    """The state after one more record. Pure: no clock, no files, no git."""
    if isinstance(record.event, e.SessionResumed):
        state = _away(state, record)
    state = replace(state, seq=record.seq, last_at=record.at)
    handler = _HANDLERS.get(type(record.event))
    return handler(state, record.event, record) if handler else state


def _away(s: State, r: e.Record) -> State:
    """The time in which no process had the session open counts for nobody."""
    if s.last_at is None:
        return s
    gap = r.at - s.last_at
    opened = s.gate_opened + gap if s.gate_opened else None
    return replace(s, away_s=s.away_s + gap.total_seconds(), gate_opened=opened)


def _session_started(s: State, ev: e.SessionStarted, r: e.Record) -> State:
    phase = Phase.GIVEN if ev.given else Phase.PLAN
    return replace(s, session=ev, protection=ev.protection, started_at=r.at, phase=phase)


def _session_forked(s: State, ev: e.SessionForked, r: e.Record) -> State:
    # What was spent before was spent by the parent.
    return replace(
        s,
        parent=ev,
        started_at=r.at,
        gate_opened=r.at if s.gate else None,
        left=False,
        usage=Usage(),
        cost=Cost(),
        model_s=0.0,
        work_s=0.0,
        person_s=0.0,
        away_s=0.0,
        drafts=(),
    )


def _draft_saved(s: State, ev: e.DraftSaved, r: e.Record) -> State:
    others = tuple(d for d in s.drafts if (d.gate, d.subject) != (ev.gate, ev.subject))
    return replace(s, drafts=(*others, ev) if ev.text else others)


def _session_left(s: State, ev: e.SessionLeft, r: e.Record) -> State:
    return replace(s, left=True)


def _session_resumed(s: State, ev: e.SessionResumed, r: e.Record) -> State:
    return replace(s, left=False, protection=ev.protection or s.protection)


def _session_finished(s: State, ev: e.SessionFinished, r: e.Record) -> State:
    return replace(s, finished=ev, phase=Phase.DONE, gate=None)


def _spec_proposed(s: State, ev: e.SpecProposed, r: e.Record) -> State:
    version = SpecVersion(ev.version, ev.spec, ev.author)
    return replace(s, specs=(*s.specs, version), phase=Phase.SPEC_GATE, gate=None, rejection="")


def _attempt_proposed(s: State, ev: e.AttemptProposed, r: e.Record) -> State:
    before = s.revision
    report = ev.report
    if report is None and before is not None and before.attempt == ev.attempt:
        report = before.report
    revision = Revision(
        attempt=ev.attempt,
        revision=ev.revision,
        tree=ev.tree,
        base_tree=ev.base_tree,
        patch=ev.patch,
        author=ev.author,
        report=report,
        left_out=ev.left_out,
        change=ev.change,
        since=ev.since,
        notes=ev.notes,
    )
    if ev.report is not None:
        s = with_answers(s, ev.report.answers, ev.author, ev.attempt)
    s = replace(
        s,
        revisions=(*s.revisions, revision),
        phase=Phase.DIFF_GATE,
        gate=None,
        marked=Selection(),
        seen=(),
        rejection="",
        refused=None,
    )
    return fold_given.proposed(s, ev)


def _with_revision(s: State, **changes: Any) -> State:
    if not s.revisions:
        return s
    return replace(s, revisions=(*s.revisions[:-1], replace(s.revisions[-1], **changes)))


def _checks_finished(s: State, ev: e.ChecksFinished, r: e.Record) -> State:
    return fold_given.checked(_with_revision(s, checks=ev.results))


def _verdict_proposed(s: State, ev: e.VerdictProposed, r: e.Record) -> State:
    s = _with_revision(s, verdict=ev.verdict)
    s = with_answers(s, ev.verdict.answers, r.actor, s.attempt)
    updates = {update.finding: update for update in ev.verdict.updates}

    def updated(entry: LedgerEntry) -> LedgerEntry:
        update = updates.get(entry.finding.id)
        # What the person decided stands until the person decides otherwise.
        if update is None or (entry.status == "waived" and entry.by == "person"):
            return entry
        return entry.model_copy(
            update={"status": update.status, "reason": update.reason, "by": "reviewer"}
        )

    ledger = [updated(entry) for entry in s.ledger]
    known = {entry.finding.id for entry in ledger}
    ledger += [
        LedgerEntry(finding=finding, attempt=s.attempt, by=finding.author)
        for finding in ev.verdict.findings
        if finding.id not in known
    ]
    phase = fold_given.verdict_gate(s)
    return replace(s, ledger=tuple(ledger), phase=phase, gate=None, rejection="")


def _finding_added(s: State, ev: e.FindingAdded, r: e.Record) -> State:
    entry = LedgerEntry(finding=ev.finding, attempt=s.attempt, by=r.actor)
    return replace(s, ledger=(*s.ledger, entry))


def _finding_changed(s: State, ev: e.FindingChanged, r: e.Record) -> State:
    ledger = tuple(
        entry.model_copy(update={"status": ev.status, "reason": ev.reason, "by": r.actor})
        if entry.finding.id == ev.finding
        else entry
        for entry in s.ledger
    )
    return replace(s, ledger=ledger)


def _message_proposed(s: State, ev: e.MessageProposed, r: e.Record) -> State:
    return replace(s, messages=(*s.messages, ev), phase=Phase.MESSAGE_GATE, gate=None, rejection="")


def _gate_opened(s: State, ev: e.GateOpened, r: e.Record) -> State:
    return replace(s, gate=ev.gate, gate_opened=r.at)


def _gate_decided(s: State, ev: e.GateDecided, r: e.Record) -> State:
    return fold_given.decided(_after_decision(s, ev, r), ev, s.phase)


def _after_decision(s: State, ev: e.GateDecided, r: e.Record) -> State:
    now = s.revision
    place = (now.attempt, now.revision) if now else (0, 0)
    decided = Decided(ev, r.actor, s.attempt, r.at, r.seq, place)
    s = replace(
        s,
        decisions=(*s.decisions, decided),
        gate=None,
        gate_opened=None,
        marked=Selection(),
        seen=(),
        drafts=tuple(d for d in s.drafts if d.gate != ev.gate),
        fault="",
        person_s=s.person_s + (ev.waited_s if r.actor == "person" else 0.0),
    )
    if ev.approval is not None:
        s = _with_revision(s, approval=ev.approval)
    if ev.choice == "stop":
        return replace(s, phase=Phase.FINISH)
    if ev.kind == "tool":
        return s  # the step that asked goes on
    if ev.choice == "reject":
        # A rejection keeps what it sends until the role has answered.
        again = _AGAIN[ev.kind]
        return replace(s, phase=again, rejection=ev.sends, carried_comments=ev.comments)
    if ev.choice == "edit":
        return s  # the edit's own event follows and says where to go
    if ev.kind == "limit":
        return replace(s, extra=s.extra + 1)
    if ev.kind == "fault":
        return replace(s, refused=None)
    if ev.kind == "verdict" and not s.passes:
        return replace(s, phase=Phase.CODE)
    return replace(s, phase=_ONWARD[ev.kind], refused=None)


_ONWARD: dict[str, Phase] = {
    "spec": Phase.CODE,
    "diff": Phase.CHECK,
    "verdict": Phase.MESSAGE,
    "message": Phase.COMMIT,
    "deploy": Phase.DEPLOY,
}
_AGAIN: dict[str, Phase] = {
    "spec": Phase.PLAN,
    "diff": Phase.CODE,
    "verdict": Phase.REVIEW,
    "message": Phase.MESSAGE,
    "deploy": Phase.FINISH,
    "limit": Phase.FINISH,
    "fault": Phase.FINISH,
}


def _selection_saved(s: State, ev: e.SelectionSaved, r: e.Record) -> State:
    return replace(s, marked=ev.selection, seen=s.seen if ev.seen is None else ev.seen)


def _commit_started(s: State, ev: e.CommitStarted, r: e.Record) -> State:
    return replace(s, commit_started=ev, refused=None)


def _commit_done(s: State, ev: e.CommitDone, r: e.Record) -> State:
    phase = Phase.DEPLOY_GATE if s.session and s.session.deploy else Phase.FINISH
    return replace(s, commit=ev, phase=phase)


def _commit_refused(s: State, ev: e.CommitRefused, r: e.Record) -> State:
    # A hook that fails is a finding like any other: the person sends it to the coder.
    phase = fold_given.verdict_gate(s) if ev.cause == "hook" else s.phase
    return replace(s, refused=ev, phase=phase, commit_started=None)


def _commit_undone(s: State, ev: e.CommitUndone, r: e.Record) -> State:
    return replace(s, undone=(*s.undone, ev))


def _deploy_changed(s: State, ev: e.DeployChanged, r: e.Record) -> State:
    return replace(s, deploy_changed=ev.command)


def _deploy_finished(s: State, ev: e.DeployFinished, r: e.Record) -> State:
    return replace(s, deploy=ev, phase=Phase.FINISH)


def _request_added(s: State, ev: e.RequestAdded, r: e.Record) -> State:
    return replace(s, requests=(*s.requests, ev.text))


def _session_imported(s: State, ev: e.SessionImported, r: e.Record) -> State:
    return replace(s, imported=ev, phase=Phase.DONE, gate=None)


def _log_recovered(s: State, ev: e.LogRecovered, r: e.Record) -> State:
    return replace(s, notes=(*s.notes, ev.detail))


_HANDLERS: dict[type, Callable[[State, Any, e.Record], State]] = {
    e.SessionStarted: _session_started,
    e.SessionForked: _session_forked,
    e.DraftSaved: _draft_saved,
    e.SessionLeft: _session_left,
    e.SessionResumed: _session_resumed,
    e.SessionFinished: _session_finished,
    e.SpecProposed: _spec_proposed,
    e.AttemptProposed: _attempt_proposed,
    e.ChecksFinished: _checks_finished,
    e.VerdictProposed: _verdict_proposed,
    e.FindingAdded: _finding_added,
    e.FindingChanged: _finding_changed,
    e.MessageProposed: _message_proposed,
    e.GateOpened: _gate_opened,
    e.GateDecided: _gate_decided,
    e.SelectionSaved: _selection_saved,
    e.CommitStarted: _commit_started,
    e.CommitDone: _commit_done,
    e.CommitRefused: _commit_refused,
    e.CommitUndone: _commit_undone,
    e.DeployChanged: _deploy_changed,
    e.DeployFinished: _deploy_finished,
    e.RequestAdded: _request_added,
    e.SessionImported: _session_imported,
    e.LogRecovered: _log_recovered,
    **STEP_HANDLERS,
    **REVIEW_HANDLERS,
    **TOOL_HANDLERS,
}
