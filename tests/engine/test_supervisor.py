"""Tool calls pass the supervisor: allowed, asked about, denied; recorded; never done twice."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from engine_helpers import Repo, Session, Starter, review, spec, tools, write

from agent_tui.config.given import GivenRules
from agent_tui.domain import events as e
from agent_tui.domain.checks import CheckCommand
from agent_tui.domain.decision import AllowAlways, Answer, Approve, GateKind, Reject
from agent_tui.domain.rules import Rule
from agent_tui.engine.gates import PolicyGatekeeper
from agent_tui.engine.loop import Engine
from agent_tui.workspace.commands import WorktreeCommands
from agent_tui.workspace.edits import Formats

pytestmark = pytest.mark.anyio

OK = Approve()
SPEC_OK: tuple[GateKind, Answer] = ("spec", OK)
REST: tuple[tuple[GateKind, Answer], ...] = (("diff", OK), ("verdict", OK), ("message", OK))
ALLOW_ONCE: tuple[GateKind, Answer] = ("tool", OK)


def rule(action: str, command: str = "", **fields: Any) -> Rule:
    return Rule.model_validate({"action": action, "command": tuple(command.split()), **fields})


def supervised(session: Session, *rules: Rule, store: GivenRules | None = None) -> Session:
    session.ctx = replace(
        session.ctx,
        commands=WorktreeCommands(session.workspace.root),
        edits=Formats(),
        rules=rules,
        rule_store=store,
    )
    return session


def running(line: str, **arguments: Any) -> tuple[str, dict[str, Any]]:
    return ("run_command", {"command": line, **arguments})


REPORT = tools(("report", {"summary": "did it", "commit_message": "Do it"}))


def results(session: Session, role: str = "coder") -> list[str]:
    """What the tools gave back, in the words that the model got."""
    last = session.models[role].requests[-1]  # type: ignore[index]
    return [result.text for message in last.messages for result in message.results]


async def test_a_command_asks_and_its_files_are_part_of_the_attempt(
    starting: Starter, repo: Repo
) -> None:
    line = "printf 'made\\n' > made.txt && rm b.txt && cat a.txt"
    session = await starting(
        planner=[spec()],
        coder=[
            tools(running(line)),
            tools(
                ("read_file", {"path": "made.txt"}),
                ("read_file", {"path": "b.txt"}),
                ("search", {"pattern": "^ma"}),
                ("list_files", {}),
            ),
            REPORT,
        ],
        reviewer=[review()],
    )
    supervised(session)
    engine, person = session.engine(SPEC_OK, ALLOW_ONCE, *REST)
    await engine.run()
    gate = next(gate for gate in person.gates if gate.kind == "tool")
    assert gate.tool is not None
    assert gate.tool.arguments == {"command": line}
    assert "redirects to a file" in gate.tool.why
    said = results(session)
    assert said[0].startswith("exit code 0\nline 1\n")
    assert said[1] == "made\n"
    assert "There is no file b.txt" in said[2]
    assert said[3] == "made.txt:1:made"
    assert said[4].split("\n") == ["a.txt", "made.txt"]
    assert repo.show("HEAD", "made.txt") == "made"
    called = session.events(e.ToolCalled)[0]
    assert (called.decision, called.rule) == ("ask", "default of run_command: ask")
    decided = next(d for d in session.events(e.GateDecided) if d.kind == "tool")
    assert (decided.choice, decided.scope) == ("approve", "once")
    assert [c.line for c in session.events(e.CommandStarted)] == [line]
    assert [c.exit_code for c in session.events(e.CommandEnded)] == [0]
    reading = [c for c in session.events(e.ToolCalled) if c.name == "read_file"]
    assert {c.decision for c in reading} == {"allow"}


async def test_a_denied_call_tells_the_model_why(starting: Starter) -> None:
    session = await starting(
        planner=[spec()],
        coder=[
            tools(running("curl http://example.org")),
            tools(running("cat a.txt"), ("write_file", {"path": "secret/x", "text": "x"})),
            *write({"b.txt": "better\n"}),
        ],
        reviewer=[review()],
    )
    supervised(
        session,
        rule("deny", "curl", reason="No downloads here."),
        rule("deny", path="secret/**"),
        rule("allow", "cat"),
    )
    await session.run(SPEC_OK, *REST)
    said = results(session)
    assert said[0] == "This is not allowed. No downloads here."
    assert said[1].startswith("exit code 0\nline 1")
    assert said[2].startswith("This is not allowed.")
    decisions = [(c.name, c.decision) for c in session.events(e.ToolCalled)]
    assert decisions[:3] == [
        ("run_command", "deny"),
        ("run_command", "allow"),
        ("write_file", "deny"),
    ]
    rules = [c.rule for c in session.events(e.ToolCalled)]
    assert rules[0] == "deny commands that begin with `curl` (configured)"
    assert [c.line for c in session.events(e.CommandStarted)] == ["cat a.txt"]


async def test_the_persons_reason_reaches_the_model_and_nothing_runs(starting: Starter) -> None:
    session = await starting(
        planner=[spec()],
        coder=[tools(running("touch evil")), *write({"b.txt": "better\n"})],
        reviewer=[review()],
    )
    supervised(session)
    await session.run(SPEC_OK, ("tool", Reject(reason="Use the file tools.")), *REST)
    assert results(session)[0] == "The person did not allow this call: Use the file tools."
    assert session.events(e.CommandStarted) == []


async def test_stopping_at_the_gate_ends_the_session(starting: Starter) -> None:
    session = await starting(planner=[spec()], coder=[tools(running("touch evil"))])
    supervised(session)
    finished = await session.run(SPEC_OK, ("tool", Reject(reason="Enough.", stop=True)))
    assert finished.outcome == "rejected"
    assert session.events(e.CommandStarted) == []


async def test_always_for_the_session_is_not_asked_again(starting: Starter) -> None:
    session = await starting(
        planner=[spec()],
        coder=[
            tools(running("cat a.txt | head -1")),
            tools(running("head -2 a.txt"), running("cat b.txt")),
            tools(running("tail -1 a.txt")),
            *write({"b.txt": "better\n"}),
        ],
        reviewer=[review()],
    )
    supervised(session)
    await session.run(
        SPEC_OK, ("tool", AllowAlways(scope="session")), ("tool", Reject(reason="no")), *REST
    )
    assert [str(r.rule) for r in session.events(e.RuleAdded)] == [
        "allow commands that begin with `cat`",
        "allow commands that begin with `head`",
    ]
    assert len(session.state.rules) == 2
    decisions = [c.decision for c in session.events(e.ToolCalled) if c.name == "run_command"]
    assert decisions == ["ask", "allow", "allow", "ask"]


async def test_always_for_the_project_outlives_the_session(
    starting: Starter, repo: Repo, tmp_path: Path
) -> None:
    store = GivenRules(tmp_path / "state" / "rules.json", repo.root)
    session = await starting(
        planner=[spec()],
        coder=[tools(running("cat a.txt")), *write({"b.txt": "better\n"})],
        reviewer=[review()],
    )
    supervised(session, store=store)
    await session.run(SPEC_OK, ("tool", AllowAlways(scope="project")), *REST)
    assert store.rules() == (rule("allow", "cat", tool="run_command"),)
    assert (tmp_path / "state" / "rules.json").stat().st_mode & 0o777 == 0o600
    again = supervised(
        await starting(
            planner=[spec()],
            coder=[tools(running("cat b.txt")), *write({"b.txt": "best\n"})],
            reviewer=[review()],
            session="20261122-163012-k3f9",
        ),
        store=store,
    )
    await again.run(SPEC_OK, *REST)
    called = next(c for c in again.events(e.ToolCalled) if c.name == "run_command")
    assert called.rule == "allow commands that begin with `cat` (always for this project)"
    assert GivenRules(tmp_path / "state" / "rules.json", tmp_path).rules() == ()


async def test_rules_that_cannot_be_written_hold_for_the_session(
    starting: Starter, repo: Repo, tmp_path: Path
) -> None:
    (tmp_path / "rules.json").write_text("not JSON")
    store = GivenRules(tmp_path / "rules.json", repo.root)
    session = await starting(
        planner=[spec()],
        coder=[tools(running("cat a.txt")), *write({"b.txt": "better\n"})],
        reviewer=[review()],
    )
    supervised(session, store=store)
    await session.run(SPEC_OK, ("tool", AllowAlways(scope="project")), *REST)
    decided = next(d for d in session.events(e.GateDecided) if d.kind == "tool")
    assert decided.scope == "session"
    assert "could not be written" in decided.reason
    assert (tmp_path / "rules.json").read_text() == "not JSON"


async def test_without_a_person_what_would_ask_is_denied(starting: Starter) -> None:
    session = await starting(
        planner=[spec()],
        coder=[tools(running("touch evil"), running("cat b.txt")), *write({"b.txt": "better\n"})],
        reviewer=[review()],
    )
    supervised(session, rule("allow", "cat"))
    finished = await Engine(session.ctx, PolicyGatekeeper()).run()
    assert finished.outcome == "committed"
    said = results(session)
    assert "Nobody is there to ask" in said[0]
    assert said[1] == "exit code 0\ngood"
    assert [c.line for c in session.events(e.CommandStarted)] == ["cat b.txt"]


async def test_a_resume_in_the_middle_of_the_question_asks_anew(
    starting: Starter, repo: Repo
) -> None:
    turns = [tools(running("echo x >> log.txt"))]
    session = await starting(
        planner=[spec()], coder=[*turns, *turns, *write({"b.txt": "better\n"})], reviewer=[review()]
    )
    supervised(session)
    waiting = await session.until_waiting(SPEC_OK)
    assert waiting.gates[-1].kind == "tool"
    assert session.state.gate is None, "the step that asked has ended"
    await session.engine()[0].recover("0")
    await session.run(ALLOW_ONCE, *REST)
    assert repo.show("HEAD", "log.txt") == "x"
    assert len(session.events(e.CommandStarted)) == 1


async def test_a_command_that_was_cut_off_is_not_run_again_unasked(
    starting: Starter, repo: Repo
) -> None:
    line = "echo x >> log.txt; test -e stop || sleep 1000"
    session = await starting(
        planner=[spec()],
        coder=[
            tools(running(line)),
            tools(running(line)),
            *write({"b.txt": "better\n"}),
        ],
        reviewer=[review()],
    )
    supervised(session, rule("allow", tool="run_command"))
    engine, _ = session.engine(SPEC_OK)
    task = asyncio.ensure_future(engine.run())
    started = asyncio.Event()
    session.sink.on_record = lambda record: (
        started.set() if isinstance(record.event, e.CommandStarted) else None
    )
    await started.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert session.state.unfinished == (line,)
    await session.run(("tool", Reject(reason="It hangs.")), *REST)
    called = [c for c in session.events(e.ToolCalled) if c.name == "run_command"]
    assert [c.decision for c in called] == ["allow", "ask"]
    assert "nobody knows how far it came" in called[1].why
    assert session.events(e.CommandEnded) == []


async def test_the_step_can_be_interrupted_at_the_gate(starting: Starter) -> None:
    session = await starting(
        planner=[spec()], coder=[tools(running("touch evil")), *write({"b.txt": "x\n"})],
        reviewer=[review()],
    )  # fmt: skip
    supervised(session)
    engine, person = session.engine(SPEC_OK)
    task = asyncio.ensure_future(engine.run())
    await person.waiting.wait()
    person.waiting.clear()
    assert engine.interrupt()
    await person.waiting.wait()
    assert session.state.gate is not None
    assert session.state.gate.kind == "fault"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert session.events(e.CommandStarted) == []


async def test_waiting_for_an_answer_is_not_the_steps_time(starting: Starter) -> None:
    session = await starting(
        planner=[spec()],
        coder=[tools(running("cat a.txt")), *write({"b.txt": "better\n"})],
        reviewer=[review()],
    )
    supervised(session)

    def slow(state: object) -> Answer:
        session.clock.ticks += 5_000_000
        return OK

    await session.run(SPEC_OK, ("tool", slow), *REST)
    assert session.state.person_s > 4_999
    assert session.state.work_s < 100


async def test_patches_checks_and_history(starting: Starter, repo: Repo) -> None:
    patch = (
        "*** Begin Patch\n*** Update File: b.txt\n@@\n-good\n+better\n*** Add File: c.txt\n+new\n"
        "*** End Patch\n"
    )
    session = await starting(
        planner=[
            tools(
                ("git_log", {}),
                ("git_blame", {"path": "b.txt", "start_line": 1, "end_line": 1}),
                ("read_file", {"path": "a.txt", "start_line": 3, "end_line": 4}),
            ),
            spec(),
        ],
        coder=[
            tools(("apply_patch", {"patch": patch.replace("good", "bad")})),
            tools(("apply_patch", {"patch": "nonsense"})),
            tools(
                ("apply_patch", {"patch": patch}),
                ("run_check", {"check": "nope"}),
                ("run_check", {"check": "grep"}),
                ("read_file", {"path": "a.txt", "start_line": 99}),
            ),
            REPORT,
        ],
        reviewer=[review()],
        checks=[CheckCommand(name="grep", command=("grep", "better", "b.txt"))],
    )  # fmt: skip
    supervised(session, rule("deny", path=".github/"))
    await session.run(SPEC_OK, *REST)
    planned = results(session, "planner")
    assert planned[0].endswith("Ada Example: base")
    assert "good" in planned[1]
    assert planned[2] == "line 3\nline 4\n\n[lines 3 to 4 of 30]"
    said = results(session)
    assert said[0].startswith("Nothing was changed. b.txt")
    assert said[1].startswith("The patch cannot be read")
    assert said[2] == "wrote b.txt\nwrote c.txt"
    assert "there are grep" in said[3]
    assert said[4].startswith("check grep: PASSED")
    assert "has 30 lines" in said[5]
    assert repo.show("HEAD", "c.txt") == "new"


async def test_every_path_of_a_patch_is_held_against_the_rules(starting: Starter) -> None:
    patch = (
        "*** Begin Patch\n*** Add File: c.txt\n+new\n"
        "*** Add File: .GitHub/workflows/x.yml\n+on: push\n"
        "*** End Patch\n"
    )
    session = await starting(
        planner=[spec()],
        coder=[tools(("apply_patch", {"patch": patch})), *write({"b.txt": "better\n"})],
        reviewer=[review()],
    )
    supervised(session, rule("deny", path=".github/"), rule("ask", path="b.txt"))
    await session.run(SPEC_OK, ("tool", AllowAlways(scope="session")), *REST)
    assert results(session)[0].startswith("This is not allowed")
    assert session.state.rules == (rule("allow", tool="write_file", path="/b.txt"),)


async def test_broken_calls_are_answered_and_recorded(starting: Starter) -> None:
    session = await starting(
        planner=[spec()],
        coder=[
            tools(("fly", {}), ("read_file", "{"), ("run_command", {"command": ""})),
            *write({"b.txt": "better\n"}),
        ],
        reviewer=[review()],
    )
    supervised(session)
    await session.run(SPEC_OK, *REST)
    said = results(session)
    assert said[0].startswith("There is no tool fly")
    assert said[1].startswith("Bad arguments")
    assert said[2].startswith("Bad arguments: command")
    assert [c.decision for c in session.events(e.ToolCalled)[:3]] == ["", "", ""]


async def test_files_that_run_by_being_there_need_a_person(starting: Starter) -> None:
    made = {"src/conftest.py": "x = 1\n", ".GITHUB/workflows/a.yml": "on: push\n", "b.txt": "x\n"}
    session = await starting(planner=[spec()], coder=write(made), reviewer=[review()])
    finished = await Engine(session.ctx, PolicyGatekeeper()).run()
    assert finished.outcome == "rejected"
    assert "pytest runs it" in finished.detail
    opened = next(g.gate for g in session.events(e.GateOpened) if g.gate.kind == "diff")
    assert [flag.partition(":")[0] for flag in opened.flags] == [
        ".GITHUB/workflows/a.yml",
        "src/conftest.py",
    ]


async def test_an_automatic_diff_gate_asks_a_person_about_such_files(
    starting: Starter, repo: Repo
) -> None:
    session = await starting(
        planner=[spec()],
        coder=write({"conftest.py": "x = 1\n"}),
        reviewer=[review()],
        gates={"spec": "auto", "diff": "auto", "verdict": "auto", "message": "auto"},
    )
    await session.run(("diff", OK))
    assert repo.show("HEAD", "conftest.py") == "x = 1"
