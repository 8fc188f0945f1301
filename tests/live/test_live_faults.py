"""Faults on a real connection, through the whole engine: nothing is lost, nothing is done twice."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from live_session import (
    ANTHROPIC,
    CHAT,
    FAIL,
    PASS,
    RESPONSES,
    SPEC,
    Live,
    Person,
    begin,
    calls,
    reports,
    resume,
    says,
    whole_loop,
    writes,
)
from provider_frames import Api
from provider_loopback import Loopback, Reply, json_reply

from agent_tui.domain import events as e
from agent_tui.domain.base import ModelRef
from agent_tui.domain.decision import Approve, ChangeModel
from agent_tui.domain.state import State
from agent_tui.engine.gates import Parked
from agent_tui.headless import run_headless

pytestmark = pytest.mark.anyio
NEAR = ModelRef(provider="near", model="small")


def refusal(status: int, message: str = "Because.", **headers: str) -> Reply:
    return json_reply(status, {"error": {"type": "x", "message": message}}, **headers)


async def test_the_whole_loop_on_the_wire(server: Loopback, tmp_path: Path) -> None:
    server.replies = [
        says(ANTHROPIC, SPEC),
        writes("worse\n"),
        reports("r0"),
        says(ANTHROPIC, FAIL),
        writes("better\n", "w2"),
        reports("r2"),
        says(ANTHROPIC, PASS | {"updates": [{"finding": "F1", "status": "fixed"}]}),
    ]
    person = Person()
    live = await begin(tmp_path, server, person)
    finished = await live.finish(person)
    await live.session.close()
    assert finished.outcome == "committed", finished.detail
    assert (tmp_path / "repository/b.txt").read_text() == "better\n"
    paths = [request.path for request in server.requests]
    assert paths == ["/v1/messages", *["/v1/responses"] * 2, "/v1/messages", *paths[4:]]
    first, second = [r.body for r in server.requests if r.path == "/v1/responses"][:2]
    # What was sent before is sent again as it was: that is what a provider's cache goes by.
    assert second["input"][: len(first["input"])] == first["input"]
    assert {k: first[k] for k in ("instructions", "tools", "prompt_cache_key")} == {
        k: second[k] for k in ("instructions", "tools", "prompt_cache_key")
    }
    asked = [r.body for r in server.requests if r.path == "/v1/messages"]
    assert all(body["cache_control"] == {"type": "ephemeral"} for body in asked)


PASSING: dict[str, Callable[[Api], Reply]] = {
    "429": lambda api: refusal(429),
    "429 for some seconds": lambda api: refusal(429, retry_after="7"),
    "500": lambda api: refusal(500),
    "529": lambda api: refusal(529),
    "error in mid-stream": lambda api: Reply([*api.start, *api.text("Half"), api.overloaded]),
    "dropped": lambda api: Reply([*api.start, *api.text("Half")], end="drop"),
    "no terminal event": lambda api: Reply([*api.start, *api.text("Half")]),
    "HTML": lambda api: Reply([b"<html>"], 200, {"content-type": "text/html"}),
    "malformed": lambda api: Reply([*api.start, *api.text("Half"), b"event: x\ndata: {oops\n\n"]),
}


@pytest.mark.parametrize("fault", PASSING)
async def test_a_passing_fault_is_waited_out(server: Loopback, tmp_path: Path, fault: str) -> None:
    plan, write, report, verdict = whole_loop()
    make = PASSING[fault]
    server.replies = [
        make(ANTHROPIC), make(ANTHROPIC), plan, write, make(RESPONSES), report, make(ANTHROPIC),
        verdict,
    ]  # fmt: skip
    person = Person()
    live = await begin(tmp_path, server, person)
    finished = await live.finish(person)
    await live.session.close()
    assert finished.outcome == "committed", finished.detail
    retried = live.events(e.ModelRetried)
    assert [(r.attempt, r.attempts) for r in retried] == [(2, 5), (3, 5), (2, 5), (2, 5)]
    assert len(live.events(e.ModelTried)) == 4
    called = [event.name for event in live.events(e.ToolCalled)]
    assert called == ["write_file", "report"], "no tool runs twice"
    told = [x["call_id"] for r in server.requests if r.path == "/v1/responses"
            for x in r.body["input"][-1:] if x.get("type") == "function_call_output"]  # fmt: skip
    assert set(told) == {"w1"}
    state = live.session.state
    assert all("Half" not in piece.text for step in state.steps for piece in step.output), "twice"
    assert state.retry is None
    if fault in ("error in mid-stream", "dropped", "no terminal event", "malformed"):
        of_failed = [r.usage.input_tokens for r in retried]
        assert of_failed == [10, 10, 0, 10], "what the provider reported before it failed is owed"


LASTING: dict[str, tuple[Reply, str]] = {
    "401": (refusal(401), "refused the API key"),
    "403": (refusal(403), "refused the API key"),
    "404": (refusal(404, "model: opus"), "is not a model that"),
    "400": (refusal(400), "refused the request as invalid"),
    "413": (refusal(413), "refused the request as invalid"),
    "too long": (refusal(400, "prompt is too long: 9 tokens > 8 maximum"), "longer than"),
    "429 for 300 seconds": (refusal(429, retry_after="300"), "asks to wait 300 seconds"),
    "429 until a date": (
        refusal(429, retry_after="Fri, 31 Dec 2100 23:59:59 GMT"), "asks to wait"),
    "refusal": (Reply(ANTHROPIC.refused), "refused to answer"),
    "max_tokens": (Reply(ANTHROPIC.too_long), "cut off at its token limit"),
    "empty": (Reply(ANTHROPIC.empty), "does not fit its schema"),
    "truncated JSON": (Reply(ANTHROPIC.answer('{"title": "Be')), "does not fit its schema"),
    "another schema": (says(ANTHROPIC, {"title": "x"}), "does not fit its schema"),
}  # fmt: skip


@pytest.mark.parametrize("fault", LASTING)
async def test_a_lasting_fault_opens_a_gate_and_again_works(
    server: Loopback, tmp_path: Path, fault: str
) -> None:
    reply, words = LASTING[fault]
    server.replies = [reply, *whole_loop()]
    person = Person(Approve())
    live = await begin(tmp_path, server, person)
    finished = await live.finish(person)
    await live.session.close()
    assert finished.outcome == "committed", finished.detail
    (question,) = person.faults
    assert words in question
    assert not live.events(e.ModelRetried)


async def test_after_the_last_attempt_there_is_a_gate(server: Loopback, tmp_path: Path) -> None:
    server.replies = [*(refusal(529) for _ in range(5)), *whole_loop()]
    person = Person(Approve())
    live = await begin(tmp_path, server, person)
    assert (await live.finish(person)).outcome == "committed"
    await live.session.close()
    (question,) = person.faults
    assert "It was tried 5 times." in question


IMPATIENT = {
    "providers.claude.timeout_s": 0.3,
    "providers.gpt.timeout_s": 0.3,
}


def stalls(api: Api) -> Reply:
    return Reply([*api.start, *api.text("Half a plan")], end="hang")


async def test_a_stalled_stream_is_tried_again_and_ends_at_a_gate(
    server: Loopback, tmp_path: Path
) -> None:
    server.replies = [stalls(ANTHROPIC) for _ in range(5)]

    def go_on(state: State) -> Approve:
        server.replies = whole_loop()
        return Approve()

    person = Person(go_on)
    live = await begin(tmp_path, server, person, settings=IMPATIENT)
    finished = await live.finish(person)
    await live.session.close()
    assert finished.outcome == "committed", finished.detail
    assert "claude:opus did not answer in time" in person.faults[0]
    assert "It was tried 5 times." in person.faults[0]
    stalled = live.session.state.steps[0].id
    kinds = [r.kind for r in live.events(e.ModelRetried) if r.step == stalled]
    assert kinds == ["timeout"] * 4
    texts = [piece.text for piece in live.session.state.steps[-1].output]
    assert "Half a plan" not in "".join(texts)


async def test_a_turn_that_pauses_is_sent_back(server: Loopback, tmp_path: Path) -> None:
    from provider_frames import a_start, a_stop, a_text

    paused = Reply([a_start(), *a_text(0, "Let me think on."), *a_stop("pause_turn")])
    server.replies = [paused, *whole_loop()]
    person = Person()
    live = await begin(tmp_path, server, person)
    assert (await live.finish(person)).outcome == "committed"
    await live.session.close()
    sent = server.requests[1].body["messages"][-1]
    assert (sent["role"], sent["content"][0]["text"]) == ("assistant", "Let me think on.")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("write_file", '{"path": "b.t'), ("write_file", "[1]"), ("no_such_tool", "{}")],
)
async def test_a_bad_tool_call_is_answered_and_the_coder_goes_on(
    server: Loopback, tmp_path: Path, name: str, arguments: str
) -> None:
    plan, *rest = whole_loop()
    server.replies = [plan, calls(RESPONSES, name, arguments, "bad"), *rest]
    person = Person()
    live = await begin(tmp_path, server, person)
    assert (await live.finish(person)).outcome == "committed"
    await live.session.close()
    answered = server.requests[2].body["input"][-1]
    assert answered["call_id"] == "bad"
    assert "failed" in answered["output"]


async def test_a_server_that_vanishes_between_turns(server: Loopback, tmp_path: Path) -> None:
    plan, write, report, verdict = whole_loop()
    server.replies = [plan]
    port = int(server.url.rpartition(":")[2])

    def back(state: object) -> Approve:
        server.replies = [write, report, verdict]
        return Approve()

    person = Person(back)
    live = await begin(tmp_path, server, person)
    live.session.subscribe(
        lambda record: asyncio.ensure_future(_vanish(server, port, record)).add_done_callback(
            lambda task: task.result()
        )
    )
    finished = await live.finish(person)
    await live.session.close()
    assert finished.outcome == "committed", finished.detail
    assert "The connection to gpt:codex failed" in person.faults[0]


async def _vanish(server: Loopback, port: int, record: e.Record) -> None:
    if isinstance(record.event, e.SpecProposed):
        await server.stop()
    elif isinstance(record.event, e.GateOpened) and record.event.gate.kind == "fault":
        await server.start(port)


async def test_another_model_takes_over_and_a_resume_keeps_it(
    server: Loopback, tmp_path: Path
) -> None:
    plan, _, _, verdict = whole_loop()
    server.replies = [
        plan, refusal(404, "model: codex"), writes("better\n", api=CHAT), refusal(401),
    ]  # fmt: skip
    person = Person(ChangeModel(role="coder", model=NEAR))
    live = await begin(tmp_path, server, person)
    with pytest.raises(AssertionError, match="a gate waits"):
        await live.finish(person)
    state = live.session.state
    assert state.roles["coder"] == NEAR
    assert state.decisions[-1].event.reason == "With near:small as the coder."
    assert server.requests[-1].path == "/v1/chat/completions"
    await live.session.leave()
    await live.session.close()

    server.replies = [writes("better\n", api=CHAT), reports(api=CHAT), verdict]
    person = Person(Approve())
    again = await _resume_without_flags(tmp_path, server, live.session.id, person)
    finished = await again.finish(person)
    await again.session.close()
    assert finished.outcome == "committed", finished.detail
    assert again.session.state.roles["coder"] == NEAR
    assert [r.path for r in server.requests[-3:]][:2] == ["/v1/chat/completions"] * 2


async def _resume_without_flags(
    folder: Path, server: Loopback, session: str, person: Person
) -> Live:
    """As a person resumes: the models come from the log, the providers from the configuration."""
    from dataclasses import replace

    from live_session import options

    from agent_tui.bootstrap.environment import open_environment
    from agent_tui.bootstrap.starting import resume_session

    given = options(folder, server.url)
    kept = {k: v for k, v in given.settings.items() if not k.startswith("roles.")}
    env = await open_environment(replace(given, settings=kept))
    return Live(await resume_session(env, session, person))


async def test_without_a_screen_a_fault_leaves_a_session_to_resume(
    server: Loopback, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan, *rest = whole_loop()
    server.replies = [plan, refusal(401)]
    live = await begin(tmp_path, server, None)
    assert await run_headless(live.session, as_json=False) == 6
    out = capsys.readouterr()
    assert "provider error: gpt:codex refused the API key" in out.out
    assert f"go on with: agent-tui resume {live.session.id}" in out.err
    server.replies = list(rest)
    again = await resume(tmp_path, server, live.session.id, None)
    assert await run_headless(again.session, as_json=False) == 0
    assert (tmp_path / "repository/b.txt").read_text() == "better\n"


async def test_without_a_screen_a_stalled_stream_leaves_a_session_to_resume(
    server: Loopback, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan, *rest = whole_loop()
    server.replies = [plan, *(stalls(RESPONSES) for _ in range(5))]
    live = await begin(tmp_path, server, None, settings=IMPATIENT)
    assert await run_headless(live.session, as_json=False) == 6
    out = capsys.readouterr()
    assert "provider error: gpt:codex did not answer in time" in out.out
    assert f"go on with: agent-tui resume {live.session.id}" in out.err
    server.replies = list(rest)
    again = await resume(tmp_path, server, live.session.id, None)
    assert await run_headless(again.session, as_json=False) == 0
    assert (tmp_path / "repository/b.txt").read_text() == "better\n"


async def test_without_a_screen_a_limit_leaves_a_session_to_resume(
    server: Loopback, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan, write, report, _ = whole_loop()
    more = {"settings": {"limits.iterations": 1}}
    bad = {"severity": "major", "title": "Too bad", "path": "b.txt", "quote": "better"}
    server.replies = [plan, write, report, says(ANTHROPIC, FAIL | {"findings": [bad]})]
    live = await begin(tmp_path, server, None, **more)
    assert await run_headless(live.session, as_json=False) == 4
    fixed = PASS | {"updates": [{"finding": "F1", "status": "fixed"}]}
    server.replies = [writes("best\n", "w2"), reports("r2"), says(ANTHROPIC, fixed)]
    again = await resume(tmp_path, server, live.session.id, None, **more)
    assert await run_headless(again.session, as_json=False) == 0
    capsys.readouterr()


async def test_stopping_closes_the_connection_and_keeps_what_came(
    server: Loopback, tmp_path: Path
) -> None:
    hanging = Reply([*ANTHROPIC.start, *ANTHROPIC.text("Half a plan ")], end="hang")
    server.replies = [hanging, *whole_loop()]
    person = Person(Approve())
    live = await begin(tmp_path, server, person)
    stopped = asyncio.Event()

    def stop(record: e.Record) -> None:
        if isinstance(record.event, e.StepOutput) and not stopped.is_set():
            stopped.set()
            assert live.session.interrupt()

    live.session.subscribe(stop)
    running = asyncio.ensure_future(live.finish(person))
    await stopped.wait()
    await server.gone.wait()  # it saw the end of the connection
    finished = await running
    await live.session.close()
    assert finished.outcome == "committed"
    (step, *_) = live.session.state.steps
    assert step.outcome == "cancelled"
    texts = [r.event.text for r in live.records if isinstance(r.event, e.StepOutput)]
    assert "".join(texts).startswith("Half a plan")
    (failed,) = live.events(e.ModelFailed)
    assert (failed.kind, failed.usage.input_tokens) == ("cancelled", 10)
    assert person.faults == ["You stopped this step."]


async def test_a_call_is_seen_while_it_is_written(server: Loopback, tmp_path: Path) -> None:
    server.replies = whole_loop()
    person = Person()
    live = await begin(tmp_path, server, person)
    await live.finish(person)
    await live.session.close()
    written = [r.event.text for r in live.records
               if isinstance(r.event, e.StepOutput) and r.event.channel == "arguments"]  # fmt: skip
    first = "".join(written).split("\x1e")[1]
    name, _, arguments = first.partition(" ")
    assert (name, json.loads(arguments)) == ("write_file", {"path": "b.txt", "text": "better\n"})


async def test_parked_is_told_with_its_gate(server: Loopback, tmp_path: Path) -> None:
    server.replies = [refusal(401)]
    live = await begin(tmp_path, server, None)
    with pytest.raises(Parked) as caught:
        await live.session.run()
    assert caught.value.gate == live.session.state.gate
    await live.session.close()
