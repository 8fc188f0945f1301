"""What goes wrong: models that fail, limits, interruptions, hooks, drift, a failing deploy."""

import asyncio
import dataclasses
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import pytest
from engine_helpers import (
    Hang,
    Person,
    Repo,
    Say,
    Session,
    Starter,
    Truncate,
    Turn,
    priced,
    review,
    spec,
    tools,
    write,
)

from agent_tui.domain import events as e
from agent_tui.domain.base import ModelRef
from agent_tui.domain.checks import CheckCommand
from agent_tui.domain.decision import Answer, Approve, GateKind, Reject, Waive
from agent_tui.domain.state import Phase
from agent_tui.domain.turn import ModelError, ModelErrorKind
from agent_tui.engine.loop import Engine
from agent_tui.providers.scripted import Script, ScriptedModel

pytestmark = pytest.mark.anyio

OK = Approve()
STOP = Reject(reason="Enough.", stop=True)
Given = tuple[GateKind, Answer]
SPEC_OK: Given = ("spec", OK)
DIFF_OK: Given = ("diff", OK)
VERDICT_OK: Given = ("verdict", OK)
MESSAGE_OK: Given = ("message", OK)
AGAIN: Given = ("fault", OK)
ALL_OK = (SPEC_OK, DIFF_OK, VERDICT_OK, MESSAGE_OK)
CHANGE = {"b.txt": "better\n"}


def attempts(count: int) -> list[Turn]:
    return [turn for n in range(count) for turn in write({"b.txt": f"try {n}\n"})]


# -- limits ------------------------------


async def test_the_iterations_end_at_their_limit_and_one_more_can_be_allowed(
    starting: Starter, repo: Repo
) -> None:
    session = await starting(
        planner=[spec()],
        coder=attempts(3),
        reviewer=[review("fail"), review("fail"), review("fail")],
        limits=e.Limits(iterations=2),
    )
    round_ = (DIFF_OK, VERDICT_OK)
    person = await session.until_waiting(SPEC_OK, *round_, *round_)
    assert person.gates[-1].kind == "limit"
    assert person.gates[-1].question == "2 attempts were made; the limit is 2."
    person = await session.until_waiting(("limit", OK), *round_)
    assert session.state.attempt == 3
    assert person.gates[-1].question == "3 attempts were made; the limit is 3."
    finished = await session.run(("limit", STOP))
    assert (finished.outcome, finished.detail) == ("limit", "Enough.")


async def test_an_attempt_that_was_rejected_counts(starting: Starter) -> None:
    session = await starting(planner=[spec()], coder=attempts(1), limits=e.Limits(iterations=1))
    person = await session.until_waiting(SPEC_OK, ("diff", Reject(reason="no")))
    assert person.gates[-1].kind == "limit"


async def test_money_is_counted_before_each_call(starting: Starter) -> None:
    session = await starting(
        planner=[spec()],
        coder=[write({"left.txt": "over\n"})[0], *write(CHANGE)],
        limits=e.Limits(dollars=0.5),
        price=priced("0.25"),
    )
    person = await session.until_waiting(SPEC_OK)
    # Planner and coder were called once each; the coder's second call is not made.
    assert person.gates[-1].question == "The session has cost $0.50; its limit is $0.50."
    assert len(session.models["coder"].requests) == 1
    assert [s.outcome for s in session.state.steps] == ["done", "cancelled"]
    # Approving allows the same amount again, and the step begins anew with a clean worktree.
    person = await session.until_waiting(("limit", OK))
    assert person.gates[-1].kind == "diff"
    assert session.state.cost.priced == 1
    assert await session.workspace.files(session.state.revision.tree) == ("a.txt", "b.txt")


async def test_time_is_counted_and_the_persons_is_not(starting: Starter) -> None:
    session = await starting(planner=[spec()], coder=write(CHANGE), limits=e.Limits(minutes=1))
    await session.until_waiting()
    session.clock.ticks += 10 * 60_000  # ten minutes at the gate
    await session.until_waiting(SPEC_OK)
    assert session.state.phase is Phase.DIFF_GATE
    late = await starting_again(session, minutes=0.00001)
    assert late.gates[-1].kind == "limit"
    assert "its limit is" in late.gates[-1].question


async def test_a_wait_over_two_processes_is_counted_whole(starting: Starter) -> None:
    session = await starting(planner=[spec()], coder=write(CHANGE))
    await session.until_waiting()
    gate = session.state.gate
    assert gate is not None
    session.clock.ticks += 7_000  # seven seconds at the gate, then kill -9
    draft = e.DraftSaved(gate=gate.id, subject="reason", text="x")
    await session.ctx.recorder.append(draft, "person")
    session.clock.ticks += 600_000  # ten minutes in which nobody has it open
    await session.engine()[0].recover("1")
    session.clock.ticks += 3_000
    await session.until_waiting(SPEC_OK)
    [decided] = session.events(e.GateDecided)
    assert 7 <= decided.waited_s < 11


async def starting_again(session: Session, *, minutes: float) -> Person:
    """The same session with another limit of time, from its last gate on."""
    state = session.ctx.recorder.state
    assert state.session is not None
    limits = e.Limits(minutes=minutes)
    started = state.session.model_copy(update={"limits": limits})
    session.ctx.recorder.state = type(state)(
        **{**{k: getattr(state, k) for k in state.__slots__}, "session": started}
    )
    return await session.until_waiting(("diff", Reject(reason="again")))


async def test_a_limit_with_failing_checks_says_so(starting: Starter) -> None:
    session = await starting(
        planner=[spec()],
        coder=write(CHANGE),
        reviewer=[review("fail")],
        checks=[CheckCommand(name="no", command=("false",))],
        limits=e.Limits(iterations=1),
    )
    finished = await session.run(SPEC_OK, DIFF_OK, VERDICT_OK, ("limit", STOP))
    assert finished.outcome == "checks failed"


# -- models that fail ------------------------------


@pytest.mark.parametrize("kind", get_args(ModelErrorKind))
async def test_any_failure_asks_and_can_be_tried_again(
    starting: Starter, kind: ModelErrorKind
) -> None:
    session = await starting(planner=[ModelError(kind, f"It was {kind}."), spec()])
    person = await session.until_waiting()
    assert (person.gates[-1].kind, person.gates[-1].question) == ("fault", f"It was {kind}.")
    assert session.state.fault == f"It was {kind}."
    assert session.state.steps[0].outcome == "failed"
    person = await session.until_waiting(AGAIN)
    assert person.gates[-1].kind == "spec"
    assert session.state.fault == ""


@pytest.mark.parametrize("role", ["planner", "coder", "reviewer"])
async def test_stopping_at_a_fault_is_a_providers_error(
    starting: Starter, repo: Repo, role: str
) -> None:
    turns: dict[str, Sequence[Turn]] = {
        "planner": [spec()],
        "coder": write(CHANGE),
        "reviewer": [review()],
    }
    before = {"planner": 0, "coder": 1, "reviewer": 2}[role]
    turns[role] = [ModelError("auth", "The key is not valid.")]
    session = await starting(**turns)
    finished = await session.run(*ALL_OK[:before], ("fault", STOP))
    assert (finished.outcome, finished.detail) == ("provider error", "The key is not valid.")
    assert repo.commits() == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Say("I would rather not say."), "The planner's answer does not fit its schema"),
        (Say('{"title": "T", "summary": "S", "criteria": []}'), "criteria: "),
        (Say('{"title": "T", "criteria": [{"text": "x"}]}'), "summary: Field required"),
        (Say('{"title": "T"'), "the answer: Invalid JSON"),
        (Say(""), "does not fit its schema"),
        (Truncate(), "fake:planner stopped without an end"),
        (Say("{}", stop="refused"), "fake:planner refused to answer."),
        (Say(spec().text, stop="max_tokens"), "cut off at its token limit"),
    ],
)
async def test_an_answer_that_is_none_is_a_fault(
    starting: Starter, answer: Turn, words: str
) -> None:
    session = await starting(planner=[answer, spec()])
    person = await session.until_waiting()
    assert person.gates[-1].kind == "fault"
    assert words in person.gates[-1].question
    assert not session.state.specs
    person = await session.until_waiting(AGAIN)
    assert person.gates[-1].kind == "spec"


async def test_json_in_a_fence_is_read(starting: Starter) -> None:
    session = await starting(planner=[Say(f"```json\n{spec('Fenced').text}\n```\n")])
    await session.until_waiting()
    assert session.state.specs[0].spec.title == "Fenced"


@pytest.mark.parametrize(
    "text",
    ["", "fail", '{"outcome": "maybe", "summary": ""}', '{"outcome": "pass"}', "[]", "null"],
)
async def test_a_review_that_is_none_is_a_fault_and_nothing_passes(
    starting: Starter, text: str
) -> None:
    session = await starting(planner=[spec()], coder=write(CHANGE), reviewer=[Say(text)])
    person = await session.until_waiting(SPEC_OK, DIFF_OK)
    assert person.gates[-1].kind == "fault"
    assert not session.state.passes


async def test_the_answer_that_failed_is_paid_for(starting: Starter) -> None:
    session = await starting(planner=[Say("no json"), spec()], price=priced("0.25"))
    await session.until_waiting(AGAIN)
    assert str(session.state.cost.priced) == "0.50"


async def test_an_exhausted_script_says_so_plainly(starting: Starter) -> None:
    session = await starting()
    ref = ModelRef(provider="scripted", model="empty")
    models = {role: ScriptedModel(ref, Script()) for role in ("planner", "coder", "reviewer")}
    session.ctx.models.update(models)  # type: ignore[attr-defined]
    person = await session.until_waiting()
    assert person.gates[-1].question == (
        "The script has no more answers for the planner. It is a fixed text; a real model would "
        "go on from here."
    )


# -- the coder's tools ------------------------------


async def results_of(session: Session, *answers: Given) -> list[tuple[bool, str]]:
    """What the tools gave back to the coder, in the order of the calls."""
    await session.until_waiting(*answers)
    found = []
    for request in session.models["coder"].requests:
        found += [(r.ok, r.text) for r in request.messages[-1].results]
    return found


DEEP = "[" * 100_000
CALLS: list[tuple[str, object, str]] = [
    ("no_such_tool", {}, "There is no tool no_such_tool; there are list_files, read_file"),
    ("read_file", "{", "Bad arguments: arguments: Invalid JSON"),
    ("read_file", "", "Bad arguments: path: Field required"),
    ("read_file", "[]", "Bad arguments"),
    ("read_file", DEEP, "Bad arguments"),
    ("read_file", '{"path": NaN, "x": [1e999, -Infinity, 1.5]}', "Bad arguments"),
    ("read_file", {"path": 7}, "Bad arguments: path"),
    ("read_file", {"path": "none.txt"}, "There is no file none.txt. Call list_files"),
    ("read_file", {"path": "../b.txt"}, "../b.txt"),
    ("read_file", {"path": "/etc/passwd"}, "/etc/passwd"),
    ("read_file", {"path": ""}, ""),
    ("read_file", {"path": "."}, "There is no file"),
    ("read_file", {"path": "a\0b"}, ""),
    ("read_file", {"path": '"unquoted'}, ""),
    ("read_file", {"path": '"\\q"'}, ""),
    ("read_file", {"path": "x" * 300_000}, ""),
    ("read_file", {"path": "bin"}, "bin is a binary file of 3 bytes"),
    ("write_file", {"path": "../outside", "text": ""}, "is not written"),
    ("write_file", {"path": "/tmp/outside", "text": ""}, "is not written"),
    ("write_file", {"path": ".git/config", "text": ""}, "it leads into .git"),
    ("write_file", {"path": ".GIT/hooks/pre-commit", "text": ""}, "it leads into .git"),
    ("write_file", {"path": "a.txt/below", "text": ""}, "a.txt"),
    ("write_file", {"path": "a\0b", "text": ""}, "is not written"),
    ("write_file", {"path": '"x', "text": ""}, "is not written"),
    ("write_file", {"path": "link/x", "text": ""}, "link"),
    ("write_file", '{"path": "s", "text": "\\ud800"}', "Bad arguments"),
    ("delete_file", {"path": "none.txt"}, "There is no file none.txt"),
    ("replace_text", {"path": "a.txt", "old": "line 1", "new": "x"}, "occurs 11 times in a.txt"),
    ("replace_text", {"path": "a.txt", "old": "nowhere", "new": "x"}, "occurs 0 times"),
    ("replace_text", {"path": "a.txt", "old": "", "new": "x"}, "occurs 0 times"),
]


async def test_a_call_that_cannot_be_done_is_told_to_the_coder(
    starting: Starter, repo: Repo, tmp_path: Path
) -> None:
    (repo.root / "bin").write_bytes(b"\0\1\2")
    (repo.root / "link").symlink_to(tmp_path)
    repo.commit("more")
    asked = tools(*((name, arguments) for name, arguments, _ in CALLS))  # type: ignore[misc]
    session = await starting(planner=[spec()], coder=[asked, *write(CHANGE)])
    results = await results_of(session, SPEC_OK)
    assert session.state.phase is Phase.DIFF_GATE
    for (name, arguments, words), (ok, text) in zip(CALLS, results, strict=False):
        assert not ok, (name, arguments, text)
        assert words in text, (name, arguments, text)
        assert len(text) < 1000
    returned = session.events(e.ToolReturned)
    assert [r.ok for r in returned[: len(CALLS)]] == [False] * len(CALLS)
    assert not (tmp_path / "x").exists()
    assert not (session.workspace.root.parent / "outside").exists()
    asked_for = [made.arguments for made in session.events(e.ToolCalled)]
    assert asked_for[1] == {"raw": "{"}
    assert asked_for[4] == {"raw": DEEP}
    assert asked_for[5] == {"path": "NaN", "x": ["1e999", "-Infinity", 1.5]}  # is JSON again


async def test_the_coder_sees_its_own_changes(starting: Starter) -> None:
    session = await starting(
        planner=[spec()],
        coder=[
            tools(
                ("write_file", {"path": "new/c.txt", "text": "1\n2\n"}),
                ("delete_file", {"path": "a.txt"}),
                ("list_files", {}),
                ("read_file", {"path": "new/c.txt"}),
                ("replace_text", {"path": "new/c.txt", "old": "2\n", "new": "3\n"}),
                ("read_file", {"path": "new/c.txt"}),
                ("read_file", {"path": "a.txt"}),
            ),
            tools(("report", {"summary": "did it"})),
        ],
    )
    results = await results_of(session, SPEC_OK)
    assert results[2] == (True, "b.txt\nnew/c.txt")
    assert results[3] == (True, "1\n2\n")
    assert results[5] == (True, "1\n3\n")
    assert not results[6][0]


async def test_line_ends_of_a_file_are_kept(starting: Starter, repo: Repo) -> None:
    (repo.root / "dos.txt").write_bytes(b"one\r\ntwo\r\nthree\r\n")
    repo.git("config", "core.autocrlf", "false")
    repo.commit("dos")
    change = {"path": "dos.txt", "old": "one\ntwo", "new": "1\n2\n2b"}
    session = await starting(
        planner=[spec()],
        coder=[tools(("replace_text", change)), tools(("report", {"summary": ""}))],
    )
    await session.until_waiting(SPEC_OK)
    tree = session.state.revision.tree
    assert await session.workspace.read(tree, "dos.txt") == b"1\r\n2\r\n2b\r\nthree\r\n"


async def test_a_coder_that_changes_nothing_is_a_fault(starting: Starter) -> None:
    session = await starting(
        planner=[spec()], coder=[Say("It is all there already."), *write(CHANGE)]
    )
    person = await session.until_waiting(SPEC_OK)
    assert person.gates[-1].kind == "fault"
    assert person.gates[-1].question == ("The coder changed nothing. It is all there already.")
    assert not session.state.revisions
    await session.until_waiting(AGAIN)
    assert session.state.attempt == 1


async def test_a_coder_without_an_end_is_stopped(starting: Starter) -> None:
    circle: list[Turn] = [tools(("list_files", {})) for _ in range(60)]
    session = await starting(planner=[spec()], coder=circle)
    person = await session.until_waiting(SPEC_OK)
    assert person.gates[-1].question == "The coder made 60 calls without an end."


async def test_what_a_failed_attempt_wrote_is_gone_in_the_next(starting: Starter) -> None:
    left = tools(("write_file", {"path": "left.txt", "text": "over\n"}))
    session = await starting(
        planner=[spec()], coder=[left, ModelError("server", "Oops."), *write(CHANGE)]
    )
    await session.until_waiting(SPEC_OK, AGAIN)
    assert await session.workspace.files(session.state.revision.tree) == ("a.txt", "b.txt")


# -- interruptions ------------------------------


async def interrupted(session: Session, role: str, *answers: Given) -> tuple[Engine, Person]:
    """Run until that model hangs, stop the step, and wait for the gate that asks how to go on."""
    engine, person = session.engine(*answers)
    task = asyncio.ensure_future(engine.run())
    assert not engine.interrupt()  # nothing runs yet
    await session.models[role].hanging.wait()  # type: ignore[index]
    assert engine.interrupt()
    await person.waiting.wait()
    assert not engine.interrupt()  # at a gate there is nothing to stop
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return engine, person


async def test_a_step_is_stopped_in_the_middle_and_begun_again(
    starting: Starter, repo: Repo
) -> None:
    session = await starting(planner=[spec()], coder=[Hang(), *write(CHANGE)], reviewer=[review()])
    _, person = await interrupted(session, "coder", SPEC_OK)
    assert (person.gates[-1].kind, person.gates[-1].question) == (
        "fault",
        "You stopped this step.",
    )
    step = session.state.steps[-1]
    assert (step.kind, step.outcome) == ("code", "cancelled")
    assert [o.text for o in step.output] == ["half an "]  # what came is kept
    finished = await session.run(AGAIN, *ALL_OK[1:])
    assert finished.outcome == "committed"
    assert repo.show("HEAD", "b.txt") == "better"


async def test_a_stopped_step_can_be_the_end(starting: Starter, repo: Repo) -> None:
    session = await starting(planner=[Hang()])
    await interrupted(session, "planner")
    finished = await session.run(("fault", STOP))
    assert (finished.outcome, finished.detail) == ("failed", "Enough.")
    assert repo.commits() == 1


async def test_leaving_ends_the_step_and_the_session_can_be_taken_up(
    starting: Starter, repo: Repo
) -> None:
    session = await starting(planner=[spec()], coder=[Hang(), *write(CHANGE)], reviewer=[review()])
    engine, _ = session.engine(SPEC_OK)
    task = asyncio.ensure_future(engine.run())
    await session.models["coder"].hanging.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await engine.leave()
    assert session.state.left
    assert [s.outcome for s in session.state.steps] == ["done", "cancelled"]
    engine, _ = session.engine()
    assert [r.event.type for r in await engine.recover("1")] == ["session.resumed"]
    assert not session.state.left
    assert (await session.run(*ALL_OK[1:])).outcome == "committed"


async def test_leaving_right_after_stopping_leaves(starting: Starter) -> None:
    session = await starting(planner=[Hang()])
    engine, person = session.engine()
    task = asyncio.ensure_future(engine.run())
    await session.models["planner"].hanging.wait()
    assert engine.interrupt()
    task.cancel()
    waiting = asyncio.ensure_future(person.waiting.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    assert task.cancelled()
    assert person.gates == []


async def test_a_gate_that_was_open_is_asked_again_under_its_name(starting: Starter) -> None:
    session = await starting(planner=[spec()])
    first = await session.until_waiting()
    second = await session.until_waiting()
    assert first.gates == second.gates
    assert len(session.events(e.GateOpened)) == 1


def said(session: Session, word: str) -> asyncio.Event:
    """Set when a line of a command's output is that word."""
    event = asyncio.Event()

    def watch(record: e.Record) -> None:
        made = record.event
        shown = made.text if isinstance(made, e.StepOutput) and made.channel == "output" else ""
        if word in shown.split():
            event.set()

    session.sink.on_record = watch
    return event


async def test_a_command_that_runs_is_ended(starting: Starter, tmp_path: Path) -> None:
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    code = f"print('up', flush=True); open({str(fifo)!r}).read()"
    session = await starting(
        planner=[spec()],
        coder=write(CHANGE),
        checks=[CheckCommand(name="hangs", command=(sys.executable, "-c", code))],
    )
    up = said(session, "up")
    engine, person = session.engine(SPEC_OK, DIFF_OK)
    task = asyncio.ensure_future(engine.run())
    await up.wait()
    assert engine.interrupt()
    await person.waiting.wait()
    assert person.gates[-1].question == "You stopped this step."
    assert not session.events(e.ChecksFinished)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_cancelled_record_is_in_the_state_if_it_is_in_the_log(
    starting: Starter,
) -> None:
    session = await starting(planner=[spec()])
    recorder, sink = session.ctx.recorder, session.sink
    begun, go_on = asyncio.Event(), asyncio.Event()
    append = sink.append

    async def slow(event: e.Event, actor: object, *, durable: bool = True) -> e.Record:
        begun.set()
        await go_on.wait()
        return await append(event, actor, durable=durable)  # type: ignore[arg-type]

    sink.append = slow  # type: ignore[method-assign,assignment]
    task = asyncio.ensure_future(recorder.append(e.SessionLeft(), "person"))
    await begun.wait()
    task.cancel()
    for _ in range(10):
        await asyncio.sleep(0)
    assert not task.done()  # it waits for what has begun
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sink.records[-1].event == e.SessionLeft()
    assert recorder.state.seq == sink.records[-1].seq
    assert recorder.state.left


async def test_output_is_complete_and_in_order(starting: Starter) -> None:
    session = await starting(planner=[])
    recorder = session.ctx.recorder
    await recorder.append(e.StepStarted(step="s", kind="plan"), "engine")
    async with recorder.stream("s", "planner") as output:
        for n in range(500):
            output.write("text" if n % 100 < 50 else "thinking", f"{n} ")
            if n % 7 == 0:
                await asyncio.sleep(0)
        output.write("text", "")
    step = session.state.step
    assert step is not None
    assert "".join(o.text for o in step.output) == "".join(f"{n} " for n in range(500))
    assert {o.channel for o in step.output} == {"text", "thinking"}


# -- commit ------------------------------


async def test_a_hook_that_refuses_becomes_a_finding(starting: Starter, repo: Repo) -> None:
    repo.hook("pre-commit", "grep -q good b.txt || { echo 'b.txt is not good'; exit 1; }")
    session = await starting(
        planner=[spec()],
        coder=[*write(CHANGE), *write({"b.txt": "good again\n"})],
        reviewer=[review(), review(updates=[{"finding": "F1", "status": "fixed"}])],
    )
    person = await session.until_waiting(*ALL_OK)
    assert person.gates[-1].kind == "verdict"
    [entry] = session.state.ledger
    assert (entry.by, entry.finding.severity) == ("hooks", "blocker")
    assert "pre-commit" in entry.finding.title
    assert "b.txt is not good" in entry.finding.body
    assert session.state.refused is not None
    assert session.state.refused.cause == "hook"
    assert repo.commits() == 1
    assert not session.events(e.CommitStarted)
    finished = await session.run(VERDICT_OK, DIFF_OK, VERDICT_OK, MESSAGE_OK)
    assert finished.outcome == "committed"
    assert "b.txt is not good" in session.models["coder"].openings[1]
    assert repo.show("HEAD", "b.txt") == "good again"


async def test_waiving_a_hooks_finding_does_not_skip_the_hook(
    starting: Starter, repo: Repo
) -> None:
    repo.hook("commit-msg", "echo 'no ticket'; exit 1")
    session = await starting(planner=[spec()], coder=write(CHANGE), reviewer=[review()])
    waive = ("verdict", Waive(finding="F1", reason="please"))
    await session.until_waiting(*ALL_OK, waive, VERDICT_OK, MESSAGE_OK)
    assert [x.finding.id for x in session.state.ledger] == ["F1", "F2"]
    assert repo.commits() == 1


async def test_what_a_hook_changes_is_a_new_proposal(starting: Starter, repo: Repo) -> None:
    repo.hook("pre-commit", "echo formatted >> b.txt; git add b.txt")
    session = await starting(planner=[spec()], coder=write(CHANGE), reviewer=[review(), review()])
    person = await session.until_waiting(*ALL_OK)
    assert person.gates[-1].kind == "diff"
    changed = session.events(e.AttemptProposed)[-1]
    assert (changed.author, changed.attempt, changed.revision) == ("hooks", 1, 2)
    assert "+formatted" in changed.change
    assert repo.commits() == 1
    # Approved, it is checked and reviewed like any other; then the hook changes it once more.
    await session.until_waiting(*ALL_OK[1:])
    assert session.state.phase is Phase.DIFF_GATE
    assert session.events(e.VerdictProposed)[-1].tree == changed.tree
    repo.hook("pre-commit", "true")
    session.models["reviewer"].turns.append(review())
    finished = await session.run(*ALL_OK[1:])
    assert finished.outcome == "committed"
    assert repo.show("HEAD", "b.txt") == "better\nformatted\nformatted"


async def test_a_hook_may_change_the_message(starting: Starter, repo: Repo) -> None:
    repo.hook("prepare-commit-msg", 'sed -i "1s/^/T-1 /" "$1"')
    session = await starting(planner=[spec()], coder=write(CHANGE), reviewer=[review()])
    await session.run(*ALL_OK)
    assert repo.git("log", "-1", "--format=%s") == "T-1 Do it"
    assert session.events(e.CommitStarted)[0].message.startswith("T-1 Do it\n")


@pytest.mark.parametrize("field", ["tree", "parent", "base_tree", "spec_version"])
async def test_an_approval_of_other_bytes_makes_no_commit(
    starting: Starter, repo: Repo, field: str
) -> None:
    session = await starting(planner=[spec()], coder=write(CHANGE), reviewer=[review()])
    await session.until_waiting(*ALL_OK[:3])
    other: object = 2 if field == "spec_version" else repo.git("rev-parse", "HEAD:")
    if field == "base_tree":
        other = session.state.revision.tree
    wrong = session.state.approval().model_copy(update={field: other})
    gate = session.state.gate
    assert gate is not None
    decision = e.GateDecided(gate=gate.id, kind="message", choice="approve", approval=wrong)
    await session.ctx.recorder.append(decision, "person")
    finished = await session.run(("fault", STOP))
    assert (finished.outcome, finished.detail) == (
        "failed",
        "The approval is not for these bytes.",
    )
    assert repo.commits() == 1
    assert not session.events(e.CommitStarted)


async def test_a_branch_that_moved_keeps_the_commit_on_the_sessions_branch(
    starting: Starter, repo: Repo
) -> None:
    session = await starting(planner=[spec()], coder=write(CHANGE), reviewer=[review()])
    await session.until_waiting(*ALL_OK[:3])
    repo.put("c.txt", "mine\n")
    mine = repo.commit("mine")
    finished = await session.run(MESSAGE_OK)
    assert finished.outcome == "committed"
    [made] = session.events(e.CommitDone)
    assert made.landed is None
    assert "has moved" in made.detail
    assert made.detail in finished.detail
    assert repo.head() == mine
    assert repo.git("rev-parse", made.ref) == made.commit
    assert repo.git("rev-parse", f"{made.commit}^{{tree}}") == made.tree


async def test_a_commit_that_git_refuses_asks_and_can_be_tried_again(
    starting: Starter, repo: Repo
) -> None:
    session = await starting(planner=[spec()], coder=write(CHANGE), reviewer=[review()])
    await session.until_waiting(*ALL_OK[:3])
    repo.git("config", "--unset", "user.email")
    person = await session.until_waiting(MESSAGE_OK)
    assert person.gates[-1].kind == "fault"
    assert "git does not know who you are" in person.gates[-1].question
    assert session.events(e.CommitRefused)[0].cause == "identity"
    repo.git("config", "user.email", "ada@example.com")
    finished = await session.run(AGAIN)
    assert finished.outcome == "committed"
    assert repo.commits() == 2


async def test_stopping_at_a_refused_commit_says_why(starting: Starter, repo: Repo) -> None:
    session = await starting(planner=[spec()], coder=write(CHANGE), reviewer=[review()])
    await session.until_waiting(*ALL_OK[:3])
    repo.git("config", "--unset", "user.email")
    finished = await session.run(MESSAGE_OK, ("fault", STOP))
    assert finished.outcome == "failed"
    assert "git does not know who you are" in finished.detail


async def test_the_persons_sign_off_is_added_when_asked_for(starting: Starter, repo: Repo) -> None:
    session = await starting(planner=[spec()], coder=write(CHANGE), reviewer=[review()])
    session.ctx = dataclasses.replace(session.ctx, signoff="Ada Example <ada@example.com>")
    await session.run(*ALL_OK)
    trailers = repo.git("log", "-1", "--format=%(trailers)").splitlines()
    assert trailers[-1] == "Signed-off-by: Ada Example <ada@example.com>"


# -- deploy ------------------------------

DEPLOY = ("sh", "-c", "echo deploying $AGENT_TUI_COMMIT; git branch deployed $AGENT_TUI_COMMIT")


@pytest.mark.parametrize(
    ("command", "answer", "outcome", "ok"),
    [
        (DEPLOY, OK, "committed", True),
        (("sh", "-c", "echo broken; exit 3"), OK, "failed", False),
        (("no-such-program-anywhere",), OK, "failed", False),
        (DEPLOY, Reject(reason="not today"), "committed", None),
        (DEPLOY, STOP, "committed", None),
    ],
)
async def test_deploy(
    starting: Starter,
    repo: Repo,
    *,
    command: tuple[str, ...],
    answer: Answer,
    outcome: str,
    ok: bool | None,
) -> None:
    session = await starting(
        planner=[spec()], coder=write(CHANGE), reviewer=[review()], deploy=command
    )
    finished = await session.run(*ALL_OK, ("deploy", answer))
    assert finished.outcome == outcome
    [made] = session.events(e.CommitDone)
    assert repo.head() == made.commit
    deployed = session.events(e.DeployFinished)
    assert [d.ok for d in deployed] == ([] if ok is None else [ok])
    assert ("deployed" in repo.git("branch")) == (ok is True)
    if ok is False:
        assert finished.detail.endswith("The deploy command failed.")
        assert deployed[0].output
    if ok:
        assert made.commit in deployed[0].output


async def test_a_deploy_that_was_left_in_the_middle_is_not_run_again_unasked(
    starting: Starter, repo: Repo, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    once = f"test -e {tmp_path}/runs && exit 9; echo x > {tmp_path}/runs; echo up"
    command = ("sh", "-c", f"{once}; cat {tmp_path}/pipe")
    session = await starting(
        planner=[spec()], coder=write(CHANGE), reviewer=[review()], deploy=command
    )
    engine, _ = session.engine(*ALL_OK, ("deploy", OK))
    up = said(session, "up")
    task = asyncio.ensure_future(engine.run())
    await up.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not session.events(e.DeployFinished)
    finished = await session.run(("deploy", Reject(reason="I look myself")))
    assert finished.outcome == "committed"
    assert not session.events(e.DeployFinished)
