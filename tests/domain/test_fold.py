"""The fold takes any events, changes nothing that it is given, and leads where it should."""

import copy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_tui.domain import events as e
from agent_tui.domain.base import Actor, BlobRef, ModelRef
from agent_tui.domain.decision import Approval, Choice, Gate, GateKind, ToolQuestion
from agent_tui.domain.fold import apply
from agent_tui.domain.spec import Criterion, Spec
from agent_tui.domain.state import Phase, State, Step
from agent_tui.domain.usage import Cost, Latency, Usage
from agent_tui.domain.verdict import Finding, FindingUpdate, Verdict

NOW = datetime(2026, 11, 22, tzinfo=UTC)
REPO = e.RepoFacts(root="/r", name="r", ref="refs/heads/main", commit="1" * 40, tree="2" * 40)
SPEC = Spec(title="T", summary="S", criteria=(Criterion(id="AC1", text="it works"),))
PATCH = BlobRef(digest="5" * 64, size=3)
MODEL = ModelRef(provider="scripted", model="m")
BLOCKER = Finding(id="F1", severity="blocker", title="bad")


def fold(*events: e.Event, actor: Actor = "engine", state: State | None = None) -> State:
    state = state or State()
    for event in events:
        seq = state.seq + 1
        record = e.Record(seq=seq, at=NOW + timedelta(seconds=seq), actor=actor, event=event)
        state = apply(state, record)
    return state


def decided(kind: GateKind, choice: Choice, **fields: Any) -> e.GateDecided:
    return e.GateDecided(gate="g", kind=kind, choice=choice, **fields)


STARTED = e.SessionStarted(session="s", request="r", repo=REPO, roles={"coder": MODEL})
SPECCED = e.SpecProposed(version=1, spec=SPEC, author="planner")
ATTEMPT = e.AttemptProposed(attempt=1, tree="3" * 40, base_tree="2" * 40, patch=PATCH)
PASS = e.VerdictProposed(tree="3" * 40, verdict=Verdict(outcome="pass", summary="ok"))
FAIL = e.VerdictProposed(
    tree="3" * 40, verdict=Verdict(outcome="fail", summary="no", findings=(BLOCKER,))
)
MESSAGE = e.MessageProposed(version=1, message="m", author="coder")
DONE = e.CommitDone(commit="9" * 40, tree="3" * 40, ref="refs/heads/agent-tui/s")

# -- any events ------------------------------

st.register_type_strategy(Decimal, st.decimals(allow_nan=False, allow_infinity=False, places=6))
POOLS: dict[str, st.SearchStrategy[Any]] = {
    "step": st.sampled_from(["s1", "s2"]),
    "finding": st.sampled_from(["F1", "F2"]),
    "attempt": st.sampled_from([1, 2]),
    "arguments": st.dictionaries(st.text(), st.text() | st.integers() | st.none(), max_size=2),
    "data": st.just({}),
}
st.register_type_strategy(
    ToolQuestion,
    st.builds(ToolQuestion, step=POOLS["step"], arguments=POOLS["arguments"], proposed=st.just(())),
)


def strategy_for(cls: type[e.Event]) -> st.SearchStrategy[e.Event]:
    """Any event of that class, with ids that meet those of other events."""
    pools = {
        name: pool
        for name, pool in POOLS.items()
        if name in cls.model_fields and not (cls is e.FindingAdded and name == "finding")
    }
    return st.builds(cls, **pools)  # type: ignore[arg-type]


EVENTS = st.one_of([strategy_for(cls) for cls in get_args(e.Event)])
ACTORS = st.sampled_from(get_args(Actor))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(EVENTS, ACTORS), max_size=12), st.floats(-1e6, 1e6))
def test_any_sequence_can_be_applied(happened: list[tuple[e.Event, Actor]], at: float) -> None:
    state = State()
    for seq, (event, actor) in enumerate(happened):
        record = e.Record(seq=seq, at=NOW + timedelta(seconds=at), actor=actor, event=event)
        before, record_before = copy.deepcopy(state), repr(record)
        after = apply(state, record)
        assert repr(apply(before, record)) == repr(after)  # the same again
        assert repr(state) == repr(before)  # repr, because NaN differs from itself
        assert repr(record) == record_before
        assert after.seq == seq
        assert isinstance(after.phase, Phase)
        state = after
        # What screens ask for is there at any time.
        assert (state.spec is None) == (not state.specs)
        assert state.attempt == (state.revision.attempt if state.revision else 0)
        assert set(state.open_findings) <= set(state.ledger) or state.ledger
        assert isinstance(state.passes, bool)
        assert isinstance(state.message, str)
        assert state.step is None or state.step.running in (True, False)


# -- where decisions lead ------------------------------


@pytest.mark.parametrize(
    ("before", "kind", "choice", "phase"),
    [
        ([SPECCED], "spec", "approve", Phase.CODE),
        ([SPECCED], "spec", "reject", Phase.PLAN),
        ([SPECCED], "spec", "edit", Phase.SPEC_GATE),
        ([SPECCED], "spec", "stop", Phase.FINISH),
        ([SPECCED, ATTEMPT], "diff", "approve", Phase.CHECK),
        ([SPECCED, ATTEMPT], "diff", "reject", Phase.CODE),
        ([SPECCED, ATTEMPT], "diff", "edit", Phase.DIFF_GATE),
        ([SPECCED, ATTEMPT], "diff", "stop", Phase.FINISH),
        ([SPECCED, ATTEMPT, PASS], "verdict", "approve", Phase.MESSAGE),
        ([SPECCED, ATTEMPT, FAIL], "verdict", "approve", Phase.CODE),
        ([SPECCED, ATTEMPT, FAIL], "verdict", "reject", Phase.REVIEW),
        ([SPECCED, ATTEMPT, FAIL], "diff", "approve", Phase.CHECK),
        ([SPECCED, ATTEMPT, PASS], "verdict", "stop", Phase.FINISH),
        ([SPECCED, ATTEMPT, PASS, MESSAGE], "message", "approve", Phase.COMMIT),
        ([SPECCED, ATTEMPT, PASS, MESSAGE], "message", "reject", Phase.MESSAGE),
        ([SPECCED, ATTEMPT, PASS, MESSAGE], "message", "edit", Phase.MESSAGE_GATE),
        ([SPECCED, ATTEMPT, PASS, MESSAGE], "message", "stop", Phase.FINISH),
        ([DONE], "deploy", "approve", Phase.DEPLOY),
        ([DONE], "deploy", "reject", Phase.FINISH),
        ([SPECCED, ATTEMPT], "limit", "approve", Phase.DIFF_GATE),
        ([SPECCED, ATTEMPT], "limit", "reject", Phase.FINISH),
        ([SPECCED, ATTEMPT], "limit", "stop", Phase.FINISH),
        ([SPECCED, ATTEMPT], "fault", "approve", Phase.DIFF_GATE),
        ([SPECCED, ATTEMPT], "fault", "reject", Phase.FINISH),
        ([SPECCED, ATTEMPT], "fault", "stop", Phase.FINISH),
    ],
)
def test_a_decision_leads_to_its_phase(
    before: list[e.Event], kind: GateKind, choice: Choice, phase: Phase
) -> None:
    opened = e.GateOpened(gate=Gate(id="g", kind=kind, question="?"))
    state = fold(STARTED, *before, opened)
    assert state.gate == opened.gate
    state = fold(decided(kind, choice, sends="because"), state=state)
    assert state.phase is phase
    assert state.gate is None
    assert state.fault == ""
    assert state.rejection == ("because" if choice == "reject" else "")


def test_work_leads_to_its_phase() -> None:
    state = fold(STARTED)
    assert state.phase is Phase.PLAN
    for event, phase in [
        (SPECCED, Phase.SPEC_GATE),
        (ATTEMPT, Phase.DIFF_GATE),
        (e.ChecksFinished(tree="3" * 40, results=()), Phase.REVIEW),
        (PASS, Phase.VERDICT_GATE),
        (MESSAGE, Phase.MESSAGE_GATE),
        (e.CommitRefused(cause="hook", detail="no"), Phase.VERDICT_GATE),
        (DONE, Phase.FINISH),
        (e.DeployFinished(ok=True), Phase.FINISH),
        (e.SessionFinished(outcome="committed"), Phase.DONE),
    ]:
        state = fold(event, state=state)
        assert state.phase is phase


def test_a_commit_is_followed_by_the_deploy_gate_if_there_is_a_command() -> None:
    state = fold(STARTED.model_copy(update={"deploy": ("push",)}), DONE)
    assert state.phase is Phase.DEPLOY_GATE


@pytest.mark.parametrize("outcome", ["cancelled", "interrupted"])
def test_a_deploy_without_an_end_is_asked_about_again(outcome: e.StepOutcome) -> None:
    deploying = fold(
        STARTED.model_copy(update={"deploy": ("push",)}),
        DONE,
        decided("deploy", "approve"),
        e.StepStarted(step="d", kind="deploy"),
    )
    assert deploying.phase is Phase.DEPLOY
    end = e.StepFinished(step="d", outcome=outcome)
    assert fold(end, state=deploying).phase is Phase.DEPLOY_GATE
    known = fold(e.DeployFinished(ok=True), end, state=deploying)
    assert known.phase is Phase.FINISH


def test_a_refused_commit_stays_where_it_is_and_an_approved_fault_tries_again() -> None:
    state = fold(STARTED, SPECCED, ATTEMPT, PASS, MESSAGE, decided("message", "approve"))
    state = fold(e.CommitRefused(cause="moved", detail="no"), state=state)
    assert (state.phase, state.refused and state.refused.cause) == (Phase.COMMIT, "moved")
    state = fold(decided("fault", "approve"), state=state)
    assert (state.phase, state.refused) == (Phase.COMMIT, None)


def test_what_a_rejection_sends_is_kept_until_the_role_answers() -> None:
    rejected = fold(STARTED, SPECCED, decided("spec", "reject", sends="Not so."))
    failed = fold(
        e.StepStarted(step="p", kind="plan"),
        e.StepFinished(step="p", outcome="failed", detail="broken"),
        decided("fault", "approve"),
        state=rejected,
    )
    assert (failed.rejection, failed.phase) == ("Not so.", Phase.PLAN)
    assert fold(SPECCED, state=failed).rejection == ""


def test_an_approval_belongs_to_its_revision() -> None:
    state = fold(STARTED, SPECCED, ATTEMPT)
    approval = state.approval()
    assert approval == Approval(parent="1" * 40, base_tree="2" * 40, tree="3" * 40, spec_version=1)
    state = fold(decided("diff", "approve", approval=approval), state=state)
    assert state.revision is not None
    assert state.revision.approval == approval
    other = ATTEMPT.model_copy(update={"revision": 2, "tree": "4" * 40, "author": "person"})
    state = fold(other, state=state)
    assert state.revision is not None
    assert state.revision.approval is None
    assert state.approval().digest != approval.digest


@pytest.mark.parametrize("field", ["parent", "base_tree", "tree", "spec_version"])
def test_every_field_counts_in_the_digest(field: str) -> None:
    approval = fold(STARTED, SPECCED, ATTEMPT).approval()
    other: Any = 7 if field == "spec_version" else "8" * 40
    assert approval.model_copy(update={field: other}).digest != approval.digest


def test_there_is_no_approval_before_there_is_something() -> None:
    with pytest.raises(ValueError, match="nothing to approve"):
        fold(STARTED, SPECCED).approval()


# -- the ledger ------------------------------


def verdict(*updates: FindingUpdate, findings: tuple[Finding, ...] = ()) -> e.VerdictProposed:
    return e.VerdictProposed(
        tree="3" * 40,
        verdict=Verdict(outcome="pass", summary="", updates=updates, findings=findings),
    )


@pytest.mark.parametrize("status", ["open", "fixed", "disputed", "deferred"])
def test_what_the_person_waived_stays_waived(status: Any) -> None:
    state = fold(STARTED, SPECCED, ATTEMPT, FAIL)
    waived = e.FindingChanged(finding="F1", status="waived", reason="fine by me")
    state = fold(waived, actor="person", state=state)
    assert state.passes
    state = fold(verdict(FindingUpdate(finding="F1", status=status)), state=state)
    [entry] = state.ledger
    assert (entry.status, entry.by, entry.reason) == ("waived", "person", "fine by me")
    reopened = e.FindingChanged(finding="F1", status="open")
    state = fold(reopened, actor="person", state=state)
    assert not state.passes
    state = fold(verdict(FindingUpdate(finding="F1", status=status)), state=state)
    assert state.ledger[0].status == status


def test_no_finding_is_lost_or_doubled() -> None:
    minor = Finding(id="F2", severity="minor", title="small")
    state = fold(STARTED, SPECCED, ATTEMPT, FAIL, verdict(findings=(BLOCKER, minor)))
    assert [entry.finding.id for entry in state.ledger] == ["F1", "F2"]
    assert [entry.attempt for entry in state.ledger] == [1, 1]
    state = fold(verdict(FindingUpdate(finding="F1", status="fixed", reason="so")), state=state)
    assert [entry.status for entry in state.ledger] == ["fixed", "open"]
    assert [entry.finding.id for entry in state.open_findings] == ["F2"]
    assert state.passes  # a minor one does not block


@pytest.mark.parametrize(
    ("severity", "status", "passes"),
    [
        ("blocker", "open", False),
        ("major", "open", False),
        ("major", "disputed", False),
        ("major", "waived", True),
        ("major", "deferred", True),
        ("blocker", "fixed", True),
        ("minor", "open", True),
        ("nit", "disputed", True),
    ],
)
def test_what_blocks(severity: Any, status: Any, passes: bool) -> None:
    finding = Finding(id="F1", severity=severity, title="x")
    state = fold(STARTED, SPECCED, ATTEMPT, verdict(findings=(finding,)))
    state = fold(e.FindingChanged(finding="F1", status=status), actor="person", state=state)
    assert state.passes is passes


def test_nothing_passes_without_a_review() -> None:
    assert not fold(STARTED, SPECCED, ATTEMPT).passes
    reviewed = fold(STARTED, SPECCED, ATTEMPT, PASS)
    assert reviewed.passes
    assert not fold(ATTEMPT.model_copy(update={"revision": 2}), state=reviewed).passes


# -- steps ------------------------------


def said(step: str, text: str) -> e.StepOutput:
    return e.StepOutput(step=step, channel="text", text=text)


def test_a_retry_drops_exactly_what_came_since_the_call() -> None:
    asked = e.ModelAsked(step="s", system="", prompt="")
    answered = e.ModelAnswered(
        step="s", stop="end", usage=Usage(), cost=Cost(), latency=Latency(first_token_s=1.0)
    )
    retried = e.ModelRetried(step="s", kind="server", message="Oops.", attempt=2, wait_s=3)
    started = [
        e.StepStarted(step="other", kind="code"),
        e.StepStarted(step="s", kind="review"),
    ]
    state = fold(*started, said("other", "a"), asked, said("s", "kept"), answered)
    state = fold(asked, said("s", "half "), said("other", "b"), said("s", "an answer"), state=state)
    assert texts(state.steps[1]) == ["kept", "half ", "an answer"]
    state = fold(retried, state=state)
    note = "Oops. Attempt 2 in 3 s.\n"
    assert texts(state.steps[1]) == ["kept", note]
    assert texts(state.steps[0]) == ["a", "b"]
    state = fold(said("s", "again half"), retried, said("s", "whole"), answered, state=state)
    assert texts(state.steps[1]) == ["kept", note, note, "whole"]
    assert state.steps[1].calls == 2


def texts(step: Step) -> list[str]:
    return [piece.text for piece in step.output]


def test_output_is_kept_for_the_last_step_and_for_the_coders_last() -> None:
    def begun(step: str, kind: e.StepKind) -> e.StepStarted:
        return e.StepStarted(step=step, kind=kind)

    state = fold(begun("p", "plan"), said("p", "1"), begun("c", "code"), said("c", "2"))
    assert [texts(step) for step in state.steps] == [[], ["2"]]
    state = fold(begun("k", "check"), said("k", "3"), said("p", "late"), state=state)
    assert [texts(step) for step in state.steps] == [[], ["2"], ["3"]]
    state = fold(said("c", "still"), begun("r", "review"), state=state)
    assert [texts(step) for step in state.steps] == [[], ["2", "still"], [], []]
    state = fold(begun("d", "code"), said("c", "late"), state=state)
    assert not any(step.output for step in state.steps)


def test_states_share_what_was_streamed_and_differ_where_they_part() -> None:
    first = fold(e.StepStarted(step="s", kind="plan"), said("s", "a"))
    left, right = fold(said("s", "b"), state=first), fold(said("s", "c"), state=first)
    assert [texts(x.steps[0]) for x in (first, left, right)] == [["a"], ["a", "b"], ["a", "c"]]
    assert left != right
    assert left == fold(e.StepStarted(step="s", kind="plan"), said("s", "a"), said("s", "b"))


# -- drafts and forks -------------------


def test_drafts_last_until_they_are_sent_or_the_gate_is_decided() -> None:
    def draft(subject: str, text: str, gate: str = "g") -> e.DraftSaved:
        return e.DraftSaved(gate=gate, subject=subject, text=text)

    state = fold(draft("reason", "be"), draft("reason", "because"), draft("comment", "hm"))
    assert state.draft("g", "reason") == "because"
    assert state.draft("g", "comment") == "hm"
    assert state.draft("other", "reason") == ""
    state = fold(draft("comment", ""), state=state)
    assert state.draft("g", "comment") == ""
    decided = e.GateDecided(gate="g", kind="spec", choice="reject")
    assert not fold(decided, state=state).drafts


def test_a_fork_pays_for_itself_alone() -> None:
    answered = e.ModelAnswered(
        step="s",
        stop="end",
        usage=Usage(input_tokens=10),
        cost=Cost(priced=Decimal("1.5")),
        latency=Latency(total_s=2.0),
    )
    forked = e.SessionForked(parent="p", seq=3, digest="d", changes=("coder: other:model",))
    state = fold(STARTED, SPECCED, e.StepStarted(step="s", kind="plan"), answered, forked)
    assert state.parent == forked
    assert state.cost == Cost()
    assert state.model_s == 0
    assert state.spec is not None
    state = fold(answered, state=state)
    assert state.cost.priced == Decimal("1.5")


def test_sums() -> None:
    def answered(step: str, dollars: str, first: float) -> e.ModelAnswered:
        return e.ModelAnswered(
            step=step,
            stop="end",
            usage=Usage(input_tokens=10, cache_read_tokens=4, output_tokens=5),
            cost=Cost(priced=Decimal(dollars), unpriced_calls=1),
            latency=Latency(first_token_s=first, total_s=2.0),
        )

    state = fold(
        e.StepStarted(step="a", kind="plan"),
        answered("a", "0.1", 0.5),
        answered("a", "0.2", 0.7),
        e.StepFinished(step="a", outcome="done", wall_s=4.5),
        e.StepStarted(step="b", kind="code", attempt=3),
        answered("b", "0.3", 0.9),
    )
    assert state.cost == Cost(priced=Decimal("0.6"), unpriced_calls=3)
    assert state.usage == Usage(input_tokens=30, cache_read_tokens=12, output_tokens=15)
    assert (state.model_s, state.work_s) == (6.0, 4.5)
    assert [s.first_token_s for s in state.steps] == [0.5, 0.9]
    assert [s.running for s in state.steps] == [False, True]
    assert [s.attempt for s in state.steps] == [0, 3]


def test_only_the_person_makes_waiting_time() -> None:
    opened = e.GateOpened(gate=Gate(id="g", kind="spec", question="?"))
    state = fold(opened, decided("spec", "approve", waited_s=5), actor="person")
    state = fold(opened, decided("spec", "approve", waited_s=7), actor="policy", state=state)
    assert state.person_s == 5


def test_a_revision_by_the_person_keeps_the_coders_report() -> None:
    report = e.CoderReport(summary="did it")
    first = ATTEMPT.model_copy(update={"report": report})
    mine = ATTEMPT.model_copy(update={"revision": 2, "author": "person"})
    state = fold(first, mine)
    assert state.revision is not None
    assert state.revision.report == report
    state = fold(ATTEMPT.model_copy(update={"attempt": 2}), state=state)
    assert state.revision is not None
    assert state.revision.report is None


def test_the_protection_is_that_of_the_process_that_runs_it() -> None:
    started = STARTED.model_copy(update={"protection": "bubblewrap"})
    state = fold(started)
    assert state.protection == "bubblewrap"
    assert fold(e.SessionResumed(), state=state).protection == "bubblewrap"  # an older log
    assert fold(e.SessionResumed(protection="none"), state=state).protection == "none"


def test_leaving_resuming_and_notes() -> None:
    state = fold(STARTED, e.SessionLeft())
    assert state.left
    state = fold(e.SessionResumed(), e.LogRecovered(detail="3 bytes"), state=state)
    assert not state.left
    assert state.notes == ("3 bytes",)
    unknown = e.Unknown(original_type="from.the.future", data={})
    later = fold(unknown, state=state)
    assert (later.seq, later.phase) == (state.seq + 1, state.phase)
