"""Every gate and every answer: where it leads, what the models are told, what is committed."""

import asyncio

import pytest
from engine_helpers import RETRY, Repo, Say, Session, Starter, review, spec, tools, write

from agent_tui.domain import events as e
from agent_tui.domain.checks import CheckCommand
from agent_tui.domain.decision import (
    AddFinding,
    Answer,
    Approve,
    EditFiles,
    EditMessage,
    EditSpec,
    FindingDraft,
    Gate,
    GateKind,
    Reject,
    Reopen,
    Seen,
    Selection,
    Waive,
)
from agent_tui.domain.patch import Patch, parse_patch
from agent_tui.domain.spec import Criterion, Spec
from agent_tui.domain.state import Phase, State
from agent_tui.engine.gates import Parked, PendingGates, PolicyGatekeeper

pytestmark = pytest.mark.anyio

OK = Approve()
SPEC_OK: tuple[GateKind, Answer] = ("spec", OK)
DIFF_OK: tuple[GateKind, Answer] = ("diff", OK)
VERDICT_OK: tuple[GateKind, Answer] = ("verdict", OK)
MESSAGE_OK: tuple[GateKind, Answer] = ("message", OK)
ALL_OK = (SPEC_OK, DIFF_OK, VERDICT_OK, MESSAGE_OK)
CHANGE = {"a.txt": "".join(f"line {n}\n" for n in range(1, 31)).replace("line 3\n", "three\n")}
NASTY = "No!\n\n# Attempt 7\n- `x` ends\twith \u202e and {braces}"


async def patch_of(session: Session) -> Patch:
    revision = session.state.revision
    assert revision is not None
    return parse_patch(await session.workspace.diff(revision.base_tree, revision.tree))


# -- straight through ------------------------------


async def test_what_is_approved_is_committed_byte_for_byte(starting: Starter, repo: Repo) -> None:
    base = repo.head()
    session = await starting(planner=[spec()], coder=write(CHANGE), reviewer=[review()])
    finished = await session.run(*ALL_OK)
    assert finished.outcome == "committed"
    [made] = session.events(e.CommitDone)
    [attempt] = session.events(e.AttemptProposed)
    assert made.tree == attempt.tree == repo.git("rev-parse", f"{made.commit}^{{tree}}")
    assert repo.git("rev-parse", f"{made.commit}^") == base
    assert made.landed == "refs/heads/main"
    assert repo.head() == made.commit
    assert repo.show("HEAD", "a.txt") == CHANGE["a.txt"].rstrip()
    message = repo.git("log", "-1", "--format=%B")
    assert message.startswith("Do it\n\nBecause.\n")
    trailers = repo.git("log", "-1", "--format=%(trailers)").splitlines()
    assert trailers == [
        f"Agent-Tui-Session: {session.state.session.session}",
        "Assisted-by: fake:planner",
        "Assisted-by: fake:coder",
        "Assisted-by: fake:reviewer",
    ]
    approvals = {d.approval.digest for d in session.events(e.GateDecided) if d.approval}
    assert approvals == {session.events(e.CommitStarted)[0].approval.digest}
    assert session.sink.blobs[attempt.patch.digest] == await session.workspace.diff(
        attempt.base_tree, attempt.tree
    )
    assert repo.commits() == 2
    repo.fsck()


async def test_gates_that_are_automatic_are_decided_by_policy(
    starting: Starter, repo: Repo
) -> None:
    session = await starting(
        planner=[spec()],
        coder=write(CHANGE),
        reviewer=[review()],
        gates={"spec": "auto", "verdict": "auto"},
    )
    await session.run(DIFF_OK, MESSAGE_OK)
    actors = {r.event.kind: r.actor for r in session.sink.records if r.event.type == "gate.decided"}
    assert actors == {
        "spec": "policy",
        "diff": "person",
        "verdict": "policy",
        "message": "person",
    }


async def test_each_role_is_told_what_it_needs(starting: Starter) -> None:
    session = await starting(planner=[spec()], coder=write(CHANGE), reviewer=[review()])
    await session.run(*ALL_OK)
    models = session.models
    assert "Please do it" in models["planner"].openings[0]
    assert "AC1: it is done" in models["coder"].openings[0]
    opening = models["reviewer"].openings[0]
    assert "AC2: it is tested" in opening
    assert "did it" in opening
    assert "\n-line 3\n+three\n" in opening
    for role, model in models.items():
        assert all(r.role == role for r in model.requests)
    assert {t.name for t in models["planner"].requests[0].tools} == {
        "list_files",
        "read_file",
        "search",
        "git_log",
        "git_blame",
    }
    assert models["planner"].requests[0].answer_schema is not None
    assert models["coder"].requests[0].answer_schema is None


async def test_what_is_asked_and_answered_is_in_the_log(starting: Starter) -> None:
    noisy = Say(text=spec().text, thinking="hm", before=(RETRY,))
    session = await starting(planner=[noisy], coder=[], reviewer=[])
    await session.until_waiting()
    [asked] = session.events(e.ModelAsked)
    assert asked.prompt == session.models["planner"].openings[0]
    assert asked.system == session.models["planner"].requests[0].system
    [retried] = session.events(e.ModelRetried)
    assert (retried.kind, retried.attempt) == ("overloaded", 2)
    [answered] = session.events(e.ModelAnswered)
    assert answered.cost.unpriced_calls == 1
    step = session.state.step
    assert step is not None
    assert "".join(o.text for o in step.output if o.channel == "text").rstrip() == noisy.text
    assert "".join(o.text for o in step.output if o.channel == "thinking") == "hm"


# -- reject ------------------------------


async def test_a_rejected_spec_goes_back_with_the_reason(starting: Starter) -> None:
    session = await starting(planner=[spec("One"), spec("Two")])
    await session.until_waiting(("spec", Reject(reason=NASTY)))
    [decision] = session.events(e.GateDecided)
    assert NASTY in decision.sends
    assert decision.reason == NASTY
    second = session.models["planner"].openings[1]
    assert decision.sends in second
    assert "# One" in second  # and the version that was rejected
    assert [v.spec.title for v in session.state.specs] == ["One", "Two"]
    assert session.state.rejection == ""


async def test_criteria_keep_their_ids_over_versions(starting: Starter) -> None:
    third = [{"id": "AC2", "text": "two"}, {"text": "new"}, {"id": "AC2", "text": "again"}]
    session = await starting(
        planner=[spec("One", "one", "two"), spec("Two", criteria=third), spec("Three", "x")]
    )
    await session.until_waiting(("spec", Reject(reason="no")), ("spec", Reject(reason="no")))
    ids = [[c.id for c in v.spec.criteria] for v in session.state.specs]
    assert ids == [["AC1", "AC2"], ["AC2", "AC3", "AC4"], ["AC5"]]


async def test_a_rejected_diff_goes_back_with_reason_and_marked_lines(starting: Starter) -> None:
    session = await starting(
        planner=[spec()], coder=[*write(CHANGE), *write({"b.txt": "better\n"})]
    )
    await session.until_waiting(SPEC_OK)
    [(_, hunk)] = (await patch_of(session)).hunks
    marked = Selection(lines={hunk.id: hunk.changed})
    await session.until_waiting(("diff", Reject(reason=NASTY, selection=marked)))
    decision = session.events(e.GateDecided)[-1]
    assert NASTY in decision.sends
    assert "-line 3\n+three" in decision.sends
    opening = session.models["coder"].openings[1]
    assert decision.sends in opening
    assert opening.startswith("# Attempt 2")
    # The second attempt goes on from the first.
    assert {f.path for f in (await patch_of(session)).files} == {"a.txt", "b.txt"}
    assert session.state.attempt == 2


async def test_a_rejected_verdict_goes_back_to_the_reviewer(starting: Starter) -> None:
    session = await starting(
        planner=[spec()], coder=write(CHANGE), reviewer=[review("fail"), review()]
    )
    await session.until_waiting(SPEC_OK, DIFF_OK, ("verdict", Reject(reason=NASTY)))
    decision = session.events(e.GateDecided)[-1]
    assert NASTY in decision.sends
    assert decision.sends in session.models["reviewer"].openings[1]
    assert session.state.phase is Phase.VERDICT_GATE
    assert len(session.events(e.VerdictProposed)) == 2


async def test_a_rejected_message_is_written_anew(starting: Starter, repo: Repo) -> None:
    session = await starting(
        planner=[spec()],
        coder=[*write(CHANGE), Say(text="Do it better\n\nMuch better.\n")],
        reviewer=[review()],
    )
    finished = await session.run(*ALL_OK[:3], ("message", Reject(reason=NASTY)), MESSAGE_OK)
    assert finished.outcome == "committed"
    decision = next(d for d in session.events(e.GateDecided) if d.choice == "reject")
    assert decision.sends in session.models["coder"].openings[1]
    assert repo.git("log", "-1", "--format=%s") == "Do it better"


async def test_a_message_without_a_word_is_no_message(starting: Starter) -> None:
    session = await starting(
        planner=[spec()], coder=[*write(CHANGE), Say(text=" \n")], reviewer=[review()]
    )
    person = await session.until_waiting(*ALL_OK[:3], ("message", Reject(reason="no")))
    assert person.gates[-1].kind == "fault"
    assert session.state.message == "Do it\n\nBecause."


@pytest.mark.parametrize("before", [0, 1, 2, 3])
async def test_stopping_at_any_gate_ends_it_without_a_commit(
    starting: Starter, repo: Repo, before: int
) -> None:
    head = repo.head()
    session = await starting(planner=[spec()], coder=write(CHANGE), reviewer=[review()])
    kind = ALL_OK[before][0]
    stop = Reject(reason="Enough.", stop=True)
    finished = await session.run(*ALL_OK[:before], (kind, stop))
    assert (finished.outcome, finished.detail) == ("rejected", "Enough.")
    assert session.decisions()[-1] == (kind, "stop")
    assert repo.head() == head
    assert repo.commits() == 1
    assert not session.events(e.CommitStarted)


async def test_rejecting_everything_without_words_is_said_so(starting: Starter) -> None:
    session = await starting(planner=[spec(), spec()])
    await session.until_waiting(("spec", Reject(reason="  ")))
    assert "They gave no reason." in session.models["planner"].openings[1]


# -- edit ------------------------------


async def test_the_persons_spec_is_in_force_and_asked_about_again(starting: Starter) -> None:
    mine = Spec(title="Mine", summary="", criteria=(Criterion(id="AC2", text="my own words"),))
    session = await starting(planner=[spec()], coder=write(CHANGE))
    await session.until_waiting(("spec", EditSpec(spec=mine)), SPEC_OK)
    assert session.decisions() == [("spec", "edit"), ("spec", "approve")]
    assert [v.author for v in session.state.specs] == ["planner", "person"]
    assert "AC2: my own words" in session.models["coder"].openings[0]
    assert "it is done" not in session.models["coder"].openings[0]


async def test_the_persons_files_become_a_revision_that_everybody_is_told_of(
    starting: Starter, repo: Repo
) -> None:
    session = await starting(
        planner=[spec()],
        coder=[*write(CHANGE), *write({"b.txt": "better\n"}), *write({"c.txt": "c\n"})],
        reviewer=[review("fail"), review("fail"), review()],
    )
    edit = EditFiles(files={"a.txt": CHANGE["a.txt"].replace("three", "THREE"), "new.txt": "n\n"})
    finished = await session.run(
        SPEC_OK, ("diff", edit), DIFF_OK, VERDICT_OK, DIFF_OK, VERDICT_OK, DIFF_OK,
        ("verdict", Waive(finding="F1", reason="fine")),
        ("verdict", Waive(finding="F2", reason="fine")),
        VERDICT_OK, MESSAGE_OK,
    )  # fmt: skip
    assert finished.outcome == "committed"
    first, mine, *_ = session.events(e.AttemptProposed)
    assert [(x.attempt, x.revision, x.author) for x in (first, mine)] == [
        (1, 1, "coder"),
        (1, 2, "person"),
    ]
    assert "-three\n+THREE" in mine.change
    assert ("diff", "edit") in session.decisions()
    # The review is of the person's tree, and everybody is told, also in later rounds.
    for opening in [
        *session.models["coder"].openings[1:],
        *session.models["reviewer"].openings,
    ]:
        assert mine.change in opening
    assert repo.show("HEAD", "a.txt").splitlines()[2] == "THREE"
    assert repo.show("HEAD", "b.txt") == "better"


async def test_files_edited_in_place_are_taken_as_they_are(starting: Starter) -> None:
    session = await starting(planner=[spec()], coder=write(CHANGE))
    await session.until_waiting(SPEC_OK)
    await session.workspace.reset(session.state.revision.tree)
    (session.workspace.root / "b.txt").write_text("mine\n")
    (session.workspace.root / "a.txt").unlink()
    await session.until_waiting(("diff", EditFiles(files=None)))
    files = (await patch_of(session)).files
    assert [(f.path, f.status) for f in files] == [("a.txt", "deleted"), ("b.txt", "modified")]


async def test_an_edit_that_changes_nothing_decides_nothing(starting: Starter) -> None:
    session = await starting(planner=[spec()], coder=write(CHANGE))
    person = await session.until_waiting(SPEC_OK, ("diff", EditFiles(files=dict(CHANGE))))
    assert session.decisions() == [("spec", "approve")]
    assert [gate.id for gate in person.gates[1:]] == [person.gates[1].id] * 2
    assert len(session.state.revisions) == 1


async def test_a_file_outside_is_refused_and_the_gate_asks_again(
    starting: Starter, repo: Repo
) -> None:
    session = await starting(planner=[spec()], coder=write(CHANGE))
    edit = EditFiles(files={"../outside.txt": "x"})
    person = await session.until_waiting(SPEC_OK, ("diff", edit), ("fault", OK))
    assert "outside.txt" in person.gates[2].question
    assert person.gates[3].kind == "diff"
    assert not (session.workspace.root.parent / "outside.txt").exists()


async def test_the_persons_message_is_committed(starting: Starter, repo: Repo) -> None:
    session = await starting(planner=[spec()], coder=write(CHANGE), reviewer=[review()])
    await session.run(*ALL_OK[:3], ("message", EditMessage(message="My words")), MESSAGE_OK)
    assert repo.git("log", "-1", "--format=%s") == "My words"
    assert [m.author for m in session.events(e.MessageProposed)] == ["coder", "person"]


async def test_without_a_message_of_the_coder_the_specs_title_is_it(
    starting: Starter, repo: Repo
) -> None:
    coder = [tools(("write_file", {"path": "b.txt", "text": "x\n"})), Say(text="I am done.")]
    session = await starting(planner=[spec("Do the thing")], coder=coder, reviewer=[review()])
    await session.run(*ALL_OK)
    assert repo.git("log", "-1", "--format=%s") == "Do the thing"
    assert session.state.revision.report.summary == "I am done."


# -- approve a part ------------------------------

TWO_HUNKS = {
    "a.txt": CHANGE["a.txt"].replace("line 25\n", "twenty-five\n"),
    "b.txt": "bad\n",
}
GREP = CheckCommand(name="good", command=("grep", "-q", "good", "b.txt"))


@pytest.mark.parametrize("at", ["diff", "verdict"])
async def test_what_is_dropped_is_not_checked_not_reviewed_and_not_committed(
    starting: Starter, repo: Repo, at: GateKind
) -> None:
    session = await starting(
        planner=[spec()],
        coder=write(TWO_HUNKS),
        reviewer=[review(), review(updates=[{"finding": "F1", "status": "fixed"}])],
        checks=[GREP],
    )
    await session.until_waiting(*([SPEC_OK] if at == "diff" else [SPEC_OK, DIFF_OK]))
    patch = await patch_of(session)
    second = [hunk for file, hunk in patch.hunks if file.path == "a.txt"][1]
    drop = Selection(files=("b.txt",), lines={second.id: second.changed})
    finished = await session.run(
        (at, Approve(selection=drop, seen=Seen(hunks=2, total=3))), VERDICT_OK, MESSAGE_OK
    )
    assert finished.outcome == "committed"
    mine = session.events(e.AttemptProposed)[-1]
    assert (mine.author, mine.left_out, mine.revision) == ("person", drop, 2)
    assert "b.txt: the whole change" in mine.change
    assert "+twenty-five" in mine.change
    # The decision is about the reduced tree, and so is everything after it.
    decision = next(d for d in session.events(e.GateDecided) if d.seen)
    assert (decision.kind, decision.choice) == ("diff", "approve")
    assert decision.approval is not None
    assert decision.approval.tree == mine.tree
    assert session.events(e.ChecksFinished)[-1].tree == mine.tree
    assert session.events(e.ChecksFinished)[-1].results[0].ok
    assert session.events(e.VerdictProposed)[-1].tree == mine.tree
    opening = session.models["reviewer"].openings[-1]
    assert mine.change in opening
    assert "\n+twenty-five" not in opening.split("# Diff")[1]
    [made] = session.events(e.CommitDone)
    assert made.tree == mine.tree
    assert repo.show("HEAD", "b.txt") == "good"
    assert "line 25" in repo.show("HEAD", "a.txt")
    assert "three" in repo.show("HEAD", "a.txt")


async def test_single_lines_can_be_dropped(starting: Starter, repo: Repo) -> None:
    session = await starting(
        planner=[spec()], coder=write({"b.txt": "good\nkeep\ndrop\n"}), reviewer=[review()]
    )
    await session.until_waiting(SPEC_OK)
    [(_, hunk)] = (await patch_of(session)).hunks
    index = next(i for i in hunk.changed if hunk.lines[i].data == b"drop")
    drop = Approve(selection=Selection(lines={hunk.id: (index,)}))
    await session.run(("diff", drop), VERDICT_OK, MESSAGE_OK)
    assert repo.show("HEAD", "b.txt") == "good\nkeep"


async def test_dropping_everything_is_a_rejection(starting: Starter) -> None:
    session = await starting(planner=[spec()], coder=[*write(CHANGE), *write({"b.txt": "other\n"})])
    drop = Approve(selection=Selection(files=("a.txt",)))
    await session.until_waiting(SPEC_OK, ("diff", drop))
    assert session.decisions()[-1] == ("diff", "reject")
    assert "Every part of the change was left out." in session.models["coder"].openings[1]
    assert len(session.events(e.AttemptProposed)) == 2


# -- findings ------------------------------

MAJOR = {"severity": "major", "title": "Wrong", "path": "a.txt", "quote": "three"}


async def test_a_failed_review_goes_back_to_the_coder_and_is_followed_up(
    starting: Starter, repo: Repo
) -> None:
    fixed = review(updates=[{"finding": "F1", "status": "fixed", "reason": "seen"}])
    session = await starting(
        planner=[spec()],
        coder=[*write(CHANGE), *write({"a.txt": "x\n"})],
        reviewer=[review("fail", findings=[MAJOR]), fixed],
    )
    finished = await session.run(SPEC_OK, DIFF_OK, VERDICT_OK, DIFF_OK, VERDICT_OK, MESSAGE_OK)
    assert finished.outcome == "committed"
    [entry] = session.state.ledger
    assert (entry.finding.id, entry.finding.line, entry.finding.anchored) == ("F1", 3, True)
    assert (entry.status, entry.reason, entry.attempt) == ("fixed", "seen", 1)
    assert "F1 major, open by reviewer (a.txt:3): Wrong" in session.models["coder"].openings[1]
    assert "F1 major, open" in session.models["reviewer"].openings[1]
    failed = session.events(e.GateDecided)[2]
    assert (failed.kind, failed.choice, failed.approval) == ("verdict", "approve", None)


async def test_a_waived_finding_lets_it_pass_until_it_is_reopened(starting: Starter) -> None:
    session = await starting(
        planner=[spec()], coder=write(CHANGE), reviewer=[review("fail", findings=[MAJOR])]
    )
    person = await session.until_waiting(
        SPEC_OK,
        DIFF_OK,
        ("verdict", Waive(finding="F1", reason="as it should be")),
        ("verdict", Reopen(finding="F1")),
        ("verdict", Waive(finding="F1", reason="after all")),
        VERDICT_OK,
    )
    assert [c.status for c in session.events(e.FindingChanged)] == ["waived", "open", "waived"]
    assert session.decisions()[-1] == ("verdict", "approve")
    assert session.state.phase is Phase.MESSAGE_GATE
    assert len({gate.id for gate in person.gates if gate.kind == "verdict"}) == 1


async def test_the_reviewer_cannot_reopen_what_the_person_waived(starting: Starter) -> None:
    again = review("fail", updates=[{"finding": "F1", "status": "open"}])
    session = await starting(
        planner=[spec()],
        coder=write(CHANGE),
        reviewer=[review("fail", findings=[MAJOR]), again],
    )
    await session.until_waiting(
        SPEC_OK,
        DIFF_OK,
        ("verdict", Waive(finding="F1", reason="mine")),
        ("verdict", Reject(reason="look again")),
        VERDICT_OK,
    )
    assert session.state.phase is Phase.MESSAGE_GATE
    assert [(x.status, x.by) for x in session.state.ledger] == [("waived", "person")]
    assert "F1 major, waived by person" in session.models["reviewer"].openings[1]


@pytest.mark.parametrize("at", ["diff", "verdict"])
async def test_the_persons_finding_is_one_like_any_other(starting: Starter, at: GateKind) -> None:
    draft = FindingDraft(title="Ugly", body="Look.", path="a.txt", quote="three", criterion="AC1")
    add = (at, AddFinding(finding=draft))
    session = await starting(
        planner=[spec()], coder=[*write(CHANGE), *write({"b.txt": "x"})], reviewer=[review()]
    )
    before = [SPEC_OK, add, DIFF_OK] if at == "diff" else [SPEC_OK, DIFF_OK, add]
    await session.until_waiting(*before, VERDICT_OK)
    [entry] = session.state.ledger
    assert (entry.by, entry.finding.author, entry.finding.id) == ("person", "person", "F1")
    assert (entry.finding.line, entry.finding.anchored) == (3, True)
    assert session.state.attempt == 2  # it blocks, so the coder works on
    assert "F1 major, open by person (a.txt:3): Ugly" in session.models["coder"].openings[1]


async def test_a_failing_check_becomes_a_finding_and_ends_with_it(starting: Starter) -> None:
    session = await starting(
        planner=[spec()],
        coder=[*write({"b.txt": "bad\n"}), *write({"b.txt": "good again\n"})],
        reviewer=[review(), review()],
        checks=[GREP],
    )
    await session.until_waiting(SPEC_OK, DIFF_OK)
    [entry] = session.state.ledger
    assert (entry.finding.author, entry.finding.check, entry.status) == ("checks", "good", "open")
    assert not session.state.passes
    await session.until_waiting(VERDICT_OK)
    assert "check good: FAILED" in session.models["coder"].openings[1]
    await session.until_waiting(DIFF_OK)
    [entry] = session.state.ledger
    assert (entry.status, entry.reason) == ("fixed", "check good passes now")
    assert session.state.passes
    assert "check good: PASSED" in session.models["reviewer"].openings[1]


async def test_a_reviewer_cannot_talk_a_failing_check_away(starting: Starter) -> None:
    talk = review("pass", updates=[{"finding": "F1", "status": "fixed", "reason": "trust me"}])
    session = await starting(
        planner=[spec()],
        coder=[*write({"b.txt": "bad\n"}), *write({"b.txt": "worse\n"})],
        reviewer=[review(), talk],
        checks=[GREP],
    )
    await session.until_waiting(SPEC_OK, DIFF_OK, VERDICT_OK, DIFF_OK)
    assert not session.state.passes
    assert [x.finding.check for x in session.state.open_findings] == ["good"]


@pytest.mark.parametrize(
    "answer",
    [
        review("fail"),
        review("pass", criteria=[{"criterion": "AC1", "status": "unmet", "evidence": "none"}]),
        review("fail", findings=[{"severity": "nit", "title": "small"}]),
    ],
)
async def test_a_review_that_fails_leaves_something_that_blocks(
    starting: Starter, answer: Say
) -> None:
    session = await starting(planner=[spec()], coder=write(CHANGE), reviewer=[answer])
    await session.until_waiting(SPEC_OK, DIFF_OK)
    assert not session.state.passes
    assert any(x.blocks for x in session.state.ledger)


async def test_a_check_that_cannot_run_fails(starting: Starter) -> None:
    missing = CheckCommand(name="none", command=("no-such-program-anywhere",))
    session = await starting(
        planner=[spec()], coder=write(CHANGE), reviewer=[review()], checks=[GREP, missing]
    )
    await session.until_waiting(SPEC_OK, DIFF_OK)
    assert [r.ok for r in session.events(e.ChecksFinished)[0].results] == [True, False]
    [entry] = session.state.ledger
    assert "was not found" in entry.finding.body


# -- gatekeepers ------------------------------


async def test_a_pending_gate_takes_answers_for_itself_alone() -> None:
    gates = PendingGates()
    gate, other = (Gate(id=name, kind="spec", question="?") for name in ("g1", "g2"))
    assert not gates.resolve("g1", OK)
    task = asyncio.ensure_future(gates.answer(gate, State()))
    assert await gates.parked() == gate
    assert not gates.resolve("g2", OK)
    assert gates.resolve("g1", OK)
    assert gates.waiting is None
    # What comes meanwhile is for this gate, if it asks again, and never for the next one.
    again, late = Reject(reason="again"), Reject(reason="late")
    assert gates.resolve("g1", again)
    assert gates.resolve("g1", late)
    assert await task == OK
    assert await gates.answer(gate, State()) == again
    task = asyncio.ensure_future(gates.answer(other, State()))
    assert await gates.parked() == other
    assert not gates.resolve("g1", late)
    assert gates.resolve("g2", OK)
    assert await task == OK


async def test_a_gate_that_is_left_waits_no_more() -> None:
    gates = PendingGates()
    task = asyncio.ensure_future(gates.answer(Gate(id="g", kind="spec", question=""), State()))
    await gates.parked()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert gates.waiting is None


@pytest.mark.parametrize(
    ("kind", "deploy", "approves"),
    [
        ("spec", False, True),
        ("message", False, True),
        ("deploy", True, True),
        ("deploy", False, False),
    ],
)
async def test_policy(kind: GateKind, deploy: bool, approves: bool) -> None:
    gate = Gate(id="g", kind=kind, question="?")
    answer = await PolicyGatekeeper(deploy=deploy).answer(gate, State())
    assert isinstance(answer, Approve if approves else Reject)


@pytest.mark.parametrize("kind", ["limit", "fault"])
async def test_policy_leaves_a_gate_that_needs_a_person_open(kind: GateKind) -> None:
    gate, other = Gate(id="g", kind=kind, question="?"), Gate(id="h", kind=kind, question="?")
    with pytest.raises(Parked) as caught:
        await PolicyGatekeeper(deploy=True).answer(gate, State())
    assert caught.value.gate == gate
    resumed = PolicyGatekeeper(again=gate)
    assert isinstance(await resumed.answer(gate, State()), Approve)
    with pytest.raises(Parked):
        await resumed.answer(other, State())


async def test_a_refused_commit_is_tried_once_more_on_resume_also_without_its_gate() -> None:
    """The disk was full: the refusal was the last thing that could be written."""
    gate = Gate(id="g", kind="fault", question="?")
    resumed = PolicyGatekeeper(refused=True)
    assert isinstance(await resumed.answer(gate, State()), Approve)
    with pytest.raises(Parked):
        await resumed.answer(gate, State())
