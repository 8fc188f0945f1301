"""Every fault of the three APIs ends as one kind of error, in words without a key."""

import asyncio
import traceback
from collections.abc import Callable

import pytest
from provider_frames import ANTHROPIC, KEY, RESPONSES, AnyModel, Api, a_start, data, sse
from provider_loopback import Loopback, Reply, json_reply

from agent_tui.domain.turn import (
    Counted,
    Done,
    Message,
    ModelError,
    ModelEvent,
    ModelRequest,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallStarted,
    ToolSpec,
)

pytestmark = pytest.mark.anyio

Open = Callable[..., AnyModel]
ASK = ModelRequest(role="coder", system="You code.", messages=(Message(role="user", text="Go."),))


async def collect(model: AnyModel, request: ModelRequest = ASK) -> list[ModelEvent]:
    """The events of an attempt, without what it counted on its way."""
    return [event async for event in model.stream(request) if not isinstance(event, Counted)]


async def fail(model: AnyModel) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await collect(model)
    shown = "".join(traceback.format_exception(caught.value))
    assert KEY not in shown
    assert "Bearer" not in shown
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
    return caught.value


def body(api: Api, kind: str, message: str, code: str | None = None) -> dict[str, object]:
    error = {"type": kind, "message": message, "code": code}
    return {"type": "error", "error": error} if api is ANTHROPIC else {"error": error}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "bad_request"),
        (401, "auth"),
        (402, "billing"),
        (403, "auth"),
        (404, "not_found"),
        (408, "timeout"),
        (409, "server"),
        (413, "bad_request"),
        (422, "bad_request"),
        (429, "rate_limit"),
        (500, "server"),
        (502, "server"),
        (503, "overloaded"),
        (529, "overloaded"),
    ],
)
async def test_a_status_has_its_kind(
    api: Api, server: Loopback, open_api: Open, status: int, kind: str
) -> None:
    said = f"It is so because of {KEY} and sk-proj-other***key"
    server.replies = [json_reply(status, body(api, "whatever", said))]
    error = await fail(open_api(api))
    assert error.kind == kind
    assert f"HTTP {status}" in str(error)
    assert "other***key" not in str(error)
    assert ("It is so" in str(error)) == (status != 401)
    assert error.retry_after_s is None
    assert len(server.requests) == 1, "the SDK must not retry on its own"
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "300"}, 300.0),
        ({"retry-after": "Sun, 22 Nov 2026 12:01:30 GMT"}, 90.0),
        ({"retry-after": "Sun, 22 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
    ],
    ids=str,
)
async def test_retry_after_is_told(
    api: Api,
    server: Loopback,
    open_api: Open,
    headers: dict[str, str],
    seconds: float | None,
) -> None:
    limited = json_reply(429, body(api, "rate_limit_error", "Slow."))
    limited.headers |= headers
    server.replies = [limited]
    error = await fail(open_api(api))
    assert (error.kind, error.retry_after_s) == ("rate_limit", seconds)


async def test_no_credit_is_not_a_rate_limit(api: Api, server: Loopback, open_api: Open) -> None:
    if api is ANTHROPIC:
        said = "Your credit balance is too low to access the API."
        server.replies = [json_reply(400, body(api, "invalid_request_error", said))]
    else:
        reply = json_reply(429, body(api, "insufficient_quota", "Quota.", "insufficient_quota"))
        server.replies = [reply]
    assert (await fail(open_api(api))).kind == "billing"


async def test_an_error_page_is_told_in_one_line(
    api: Api, server: Loopback, open_api: Open
) -> None:
    page = b"<html>\n<body>\x1b[31m502 Bad\n\nGateway</body></html>"
    server.replies = [Reply([page], 502, {"content-type": "text/html"})]
    error = await fail(open_api(api))
    assert error.kind == "server"
    assert "\x1b" not in str(error)


async def test_an_error_in_mid_stream_has_status_200(
    api: Api, server: Loopback, open_api: Open
) -> None:
    server.replies = [Reply([*api.start, *api.text("Half"), api.overloaded])]
    error = await fail(open_api(api))
    assert error.kind == "overloaded"
    assert "Busy" in str(error)


async def test_a_dropped_stream(api: Api, server: Loopback, open_api: Open) -> None:
    server.replies = [Reply([*api.start, *api.text("Half")], end="drop")]
    assert (await fail(open_api(api))).kind == "connection"


async def test_a_connection_that_says_nothing_at_all(
    api: Api, server: Loopback, open_api: Open
) -> None:
    server.replies = [Reply(status=200, headers={}, end="drop")]
    assert (await fail(open_api(api))).kind == "connection"


async def test_a_stalled_stream(api: Api, server: Loopback, open_api: Open) -> None:
    server.replies = [Reply([*api.start, *api.text("Half")], end="hang")]
    error = await fail(open_api(api, silence_s=0.2))
    assert error.kind == "timeout"
    assert server.url in str(error)
    await server.gone.wait()


async def test_an_end_without_a_terminal_event(api: Api, server: Loopback, open_api: Open) -> None:
    server.replies = [Reply([*api.start, *api.text("Half")])]
    assert (await fail(open_api(api))).kind == "truncated"


async def test_an_end_without_any_event(api: Api, server: Loopback, open_api: Open) -> None:
    server.replies = [Reply()]
    assert (await fail(open_api(api))).kind == "truncated"


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/json"])
async def test_a_200_that_is_no_stream(
    api: Api, server: Loopback, open_api: Open, kind: str
) -> None:
    server.replies = [Reply([b'{"choices": []}'], 200, {"content-type": kind})]
    error = await fail(open_api(api))
    assert error.kind == "bad_stream"
    assert kind.partition(";")[0] in str(error)


@pytest.mark.parametrize(
    "frame",
    [
        b"event: message_delta\ndata: {broken\n\n",
        b"event: message_delta\ndata: 42\n\n",
        b'event: message_delta\ndata: "text"\n\n',
        b"event: message_delta\ndata: [1, 2]\n\n",
        b"event: message_delta\ndata: null\n\n",
        b"event: message_delta\ndata: \xff\xfe\n\n",
    ],
)
async def test_a_malformed_frame(api: Api, server: Loopback, open_api: Open, frame: bytes) -> None:
    server.replies = [Reply([*api.start, frame, *api.answer("x")[len(api.start) :]])]
    assert (await fail(open_api(api))).kind == "bad_stream"


async def test_unknown_events_are_passed_over(api: Api, server: Loopback, open_api: Open) -> None:
    strange = [
        sse({"type": "response.hologram.delta", "delta": "x", "item_id": 3}),
        sse({"type": "content_block_fold", "index": 0}),
        data({"type": "vendor.note", "text": "x"}),
        b": a comment\n\n",
        sse({"type": "ping"}),
    ]
    server.replies = [Reply([*strange, *api.answer("Yes"), *strange])]
    events = await collect(open_api(api))
    assert events[0] == TextDelta("Yes")
    assert isinstance(events[-1], Done)
    assert events[-1].message.text == "Yes"


async def test_an_answer(api: Api, server: Loopback, open_api: Open) -> None:
    reply = Reply(api.answer("Yes"))
    reply.headers |= {"request-id": "req_1", "x-request-id": "req_1"}
    server.replies = [reply]
    first, last = await collect(open_api(api))
    assert first == TextDelta("Yes")
    assert isinstance(last, Done)
    assert (last.stop, last.message.text, last.request_id) == ("end", "Yes", "req_1")
    # The clock ticks at the start, the first byte, the first token, and the end.
    latency = last.latency
    assert (latency.first_byte_s, latency.first_token_s, latency.total_s) == (1.0, 2.0, 3.0)


async def test_an_empty_answer_is_an_answer(api: Api, server: Loopback, open_api: Open) -> None:
    server.replies = [Reply(api.empty), Reply(api.answer("Now"))]
    model = open_api(api)
    (done,) = await collect(model)
    assert isinstance(done, Done)
    assert (done.stop, done.message.text, done.message.calls) == ("end", "", ())
    assert done.latency.first_token_s is None
    again = Message(role="user", text="Say something.")
    request = ModelRequest(role="coder", system="s", messages=(*ASK.messages, done.message, again))
    assert isinstance((await collect(model, request))[-1], Done)


async def test_a_refusal(api: Api, server: Loopback, open_api: Open) -> None:
    server.replies = [Reply(api.refused)]
    done = (await collect(open_api(api)))[-1]
    assert isinstance(done, Done)
    assert done.stop == "refused"
    assert done.usage.output_tokens > 0


async def test_the_token_limit(api: Api, server: Loopback, open_api: Open) -> None:
    server.replies = [Reply(api.too_long)]
    done = (await collect(open_api(api)))[-1]
    assert isinstance(done, Done)
    assert (done.stop, done.message.text) == ("max_tokens", "and so")


async def test_a_call_and_its_stream(api: Api, server: Loopback, open_api: Open) -> None:
    server.replies = [Reply(api.call('{"path": "a.py"}'))]
    events = await collect(open_api(api))
    assert events[:-1] == [
        ToolCallStarted("t1", "read_file"),
        ToolCallDelta("t1", '{"path": "a.py"}'),
    ]
    done = events[-1]
    assert isinstance(done, Done)
    assert done.stop == "tool_use"
    assert done.message.calls == (ToolCall("t1", "read_file", '{"path": "a.py"}'),)


@pytest.mark.parametrize("arguments", ['{"path": oops', '{"path": "a', "[1]", "nothing"])
async def test_broken_arguments_reach_the_tool_as_they_are(
    api: Api, server: Loopback, open_api: Open, arguments: str
) -> None:
    server.replies = [Reply(api.call(arguments)), Reply(api.answer("Sorry"))]
    model = open_api(api)
    done = (await collect(model))[-1]
    assert isinstance(done, Done)
    assert done.message.calls[0].arguments == arguments
    request = ModelRequest(role="coder", system="s", messages=(*ASK.messages, done.message))
    assert isinstance((await collect(model, request))[-1], Done)


async def test_a_server_that_vanishes_between_turns(
    api: Api, server: Loopback, open_api: Open
) -> None:
    server.replies = [Reply(api.answer("Yes"))]
    model = open_api(api)
    assert isinstance((await collect(model))[-1], Done)
    await server.stop()
    error = await fail(model)
    assert error.kind == "connection"
    assert server.url in str(error)


async def test_the_connection_lives_on(api: Api, server: Loopback, open_api: Open) -> None:
    server.replies = [Reply(api.answer("One")), Reply(api.answer("Two"))]
    model = open_api(api)
    for word in ("One", "Two"):
        done = (await collect(model))[-1]
        assert isinstance(done, Done)
        assert done.message.text == word
    assert server.connections == 1


async def test_an_answer_is_complete_though_the_server_never_ends(
    api: Api, server: Loopback, open_api: Open
) -> None:
    frames = [frame for frame in api.answer("Yes") if b"[DONE]" not in frame]
    server.replies = [Reply(frames, end="hang")]
    assert isinstance((await collect(open_api(api)))[-1], Done)
    await server.gone.wait()


async def test_cancelling_closes_the_connection(api: Api, server: Loopback, open_api: Open) -> None:
    server.replies = [Reply([*api.start, *api.text("Half")], end="hang")]
    task = asyncio.ensure_future(collect(open_api(api)))
    await server.hanging.wait()
    task.cancel()
    await server.gone.wait()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_leaving_the_stream_closes_the_connection(
    api: Api, server: Loopback, open_api: Open
) -> None:
    server.replies = [Reply([*api.start, *api.text("Half")], end="hang")]
    events = open_api(api).stream(ASK)
    while isinstance(event := await anext(events), Counted):
        pass
    assert event == TextDelta("Half")
    await events.aclose()
    await server.gone.wait()


async def test_a_key_that_breaks_the_header_is_not_told(
    server: Loopback, open_api: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provider_frames.KEY", KEY + "\n")
    for api in (ANTHROPIC, RESPONSES):
        assert (await fail(open_api(api))).kind == "connection"


async def test_an_unknown_end_is_named(api: Api, server: Loopback, open_api: Open) -> None:
    ends = {
        "anthropic": [a_start(), *ANTHROPIC.too_long[1:]],
        "openai": RESPONSES.too_long,
        "local": api.too_long,
    }
    known = {"anthropic": b"max_tokens", "openai": b"max_output_tokens", "local": b"length"}
    frames = [f.replace(known[api.name], b"moonrise") for f in ends[api.name]]
    server.replies = [Reply(frames)]
    error = await fail(open_api(api))
    assert error.kind == "bad_answer"
    assert "moonrise" in str(error)


async def test_tools_are_described_to_all(api: Api, server: Loopback, open_api: Open) -> None:
    tool = ToolSpec("look", "Look.", {"type": "object", "properties": {"at": {"type": "string"}}})
    server.replies = [Reply(api.answer("Yes"))]
    request = ModelRequest(role="coder", system="s", messages=ASK.messages, tools=(tool,))
    await collect(open_api(api), request)
    (described,) = server.requests[0].body["tools"]
    said = described.get("function", described)
    assert (said["name"], said["description"]) == ("look", "Look.")
