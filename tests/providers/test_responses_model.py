"""The Responses API: what is sent, what is read, what is sent back."""

from collections.abc import Callable

import pytest
from provider_frames import (
    RESPONSES,
    AnyModel,
    r_end,
    r_item,
    r_response,
    r_start,
    r_text,
    r_tool,
    sse,
)
from provider_loopback import Loopback, Reply, json_reply

from agent_tui.domain.turn import (
    Done,
    Message,
    ModelError,
    ModelRequest,
    ThinkingDelta,
    ToolCall,
    ToolResult,
    ToolSpec,
)
from agent_tui.domain.usage import Usage

pytestmark = pytest.mark.anyio

Open = Callable[..., AnyModel]
USER = Message(role="user", text="Go.")
CLOSED = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
FREE = {"type": "object", "additionalProperties": {"type": "string"}}


def ask(*messages: Message, **more: object) -> ModelRequest:
    return ModelRequest(role="coder", system="You code.", messages=messages or (USER,), **more)  # type: ignore[arg-type]


async def done_of(model: AnyModel, request: ModelRequest) -> Done:
    *_, last = [event async for event in model.stream(request)]
    assert isinstance(last, Done)
    return last


async def error_of(model: AnyModel) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await done_of(model, ask())
    return caught.value


async def test_what_is_sent(server: Loopback, open_api: Open) -> None:
    server.replies = [Reply(RESPONSES.answer("{}")), Reply(RESPONSES.answer("{}"))]
    tools = (ToolSpec("fit", "Fits.", CLOSED), ToolSpec("free", "Does not.", FREE))
    request = ask(tools=tools, answer_schema=CLOSED, max_output_tokens=1234)
    model = open_api(RESPONSES, effort="xhigh")
    await done_of(model, request)
    await done_of(model, request)
    sent = server.requests[0]
    assert sent.path == "/v1/responses"
    key = sent.body.pop("prompt_cache_key")
    assert key == server.requests[1].body["prompt_cache_key"]
    closed = CLOSED | {"additionalProperties": False}
    assert sent.body == {
        "model": "test",
        "instructions": "You code.",
        "input": [{"role": "user", "content": "Go."}],
        "store": False,
        "stream": True,
        "include": ["reasoning.encrypted_content"],
        "reasoning": {"effort": "xhigh", "summary": "auto"},
        "max_output_tokens": 1234,
        "text": {
            "format": {
                "type": "json_schema",
                "name": "answer",
                "strict": True,
                "schema": closed,
            }
        },
        "tools": [
            {
                "type": "function",
                "name": "fit",
                "description": "Fits.",
                "parameters": closed,
                "strict": True,
            },
            {
                "type": "function",
                "name": "free",
                "description": "Does not.",
                "parameters": FREE,
                "strict": False,
            },
        ],
    }


async def test_a_model_that_does_not_reason(server: Loopback, open_api: Open) -> None:
    server.replies = [Reply(RESPONSES.answer("{}"))]
    await done_of(open_api(RESPONSES, thinking=False), ask(answer_schema=FREE))
    body = server.requests[0].body
    assert not body.keys() & {"reasoning", "include", "text"}
    assert '"additionalProperties": {"type": "string"}' in body["instructions"]


async def test_usage_counts_the_cache_once(server: Loopback, open_api: Open) -> None:
    server.replies = [Reply(RESPONSES.answer("x"))]
    assert (await done_of(open_api(RESPONSES), ask())).usage == Usage(
        input_tokens=100,
        cache_read_tokens=60,
        cache_write_tokens=5,
        output_tokens=20,
        reasoning_tokens=8,
    )


async def test_usage_without_details(server: Loopback, open_api: Open) -> None:
    usage = {"input_tokens": 3, "input_tokens_details": None, "output_tokens": 2}
    server.replies = [Reply([r_start(), *r_text("x"), *r_end(usage=usage)])]
    used = (await done_of(open_api(RESPONSES), ask())).usage
    assert used == Usage(input_tokens=3, output_tokens=2)


async def test_the_turn_is_sent_back_as_it_came(server: Loopback, open_api: Open) -> None:
    reasoning = {
        "id": "rs_1",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "Hm."}],
        "encrypted_content": "b3BhcXVl",
    }
    hologram = {"id": "h_1", "type": "hologram_call", "beams": [{"colour": "red"}]}
    thought = sse(
        {"type": "response.reasoning_summary_text.delta", "item_id": "rs_1", "delta": "Hm."}
    )
    first = r_item(reasoning)
    frames = [
        r_start(),
        first[0],
        thought,
        first[1],
        *r_item(hologram),
        *r_text("I look."),
        *r_tool("t1", "read_file", '{"path"', ': "a.py"}'),
        *r_end(),
    ]
    server.replies = [Reply(frames), Reply(RESPONSES.answer("Fine."))]
    model = open_api(RESPONSES)
    events = [event async for event in model.stream(ask())]
    assert events[0] == ThinkingDelta("Hm.")
    done = events[-1]
    assert isinstance(done, Done)
    assert (done.stop, done.message.text) == ("tool_use", "I look.")
    results = (ToolResult("t1", "text"), ToolResult("t2", "no such file", ok=False))
    await done_of(model, ask(USER, done.message, Message(role="tool", results=results)))
    said = server.requests[1].body["input"]
    assert said[1:3] == [reasoning, hologram]
    assert [item["type"] for item in said[3:]] == [
        "message",
        "function_call",
        "function_call_output",
        "function_call_output",
    ]
    assert said[4]["arguments"] == '{"path": "a.py"}'
    assert said[5] == {"type": "function_call_output", "call_id": "t1", "output": "text"}
    assert said[6]["output"] == "The call failed: no such file"


async def test_items_that_only_the_last_event_has(server: Loopback, open_api: Open) -> None:
    item = {"type": "message", "content": [{"type": "output_text", "text": "Yes"}]}
    server.replies = [Reply([r_start(), *r_end(output=[item])])]
    assert (await done_of(open_api(RESPONSES), ask())).message.text == "Yes"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("rate_limit_exceeded", "rate_limit"),
        ("server_error", "server"),
        ("invalid_prompt", "bad_request"),
        ("bio_policy", "refused"),
        ("context_length_exceeded", "context"),
        ("insufficient_quota", "billing"),
        ("something_new", "server"),
    ],
)
async def test_failed_and_error_events_raise(
    server: Loopback, open_api: Open, code: str, kind: str
) -> None:
    error = {"code": code, "message": "Because."}
    failed = {"type": "response.failed", "response": r_response(status="failed", error=error)}
    flat = {"type": "error", "sequence_number": 3, "param": None, **error}
    nested = {"type": "error", "error": {"type": "whatever", **error}}
    model = open_api(RESPONSES)
    for event in (failed, flat, nested):
        server.replies = [Reply([r_start(), *r_text("Half"), sse(event)])]
        found = await error_of(model)
        assert found.kind == kind
        assert "Because" in str(found)


async def test_filtered_content_is_a_refusal(server: Loopback, open_api: Open) -> None:
    end = r_end("incomplete", incomplete_details={"reason": "content_filter"})
    server.replies = [Reply([r_start(), *end])]
    assert (await done_of(open_api(RESPONSES), ask())).stop == "refused"


async def test_a_refusal_without_deltas(server: Loopback, open_api: Open) -> None:
    part = {"type": "refusal", "refusal": "I will not."}
    item = {"id": "m", "type": "message", "role": "assistant", "content": [part]}
    server.replies = [Reply([r_start(), *r_item(item), *r_end()])]
    done = await done_of(open_api(RESPONSES), ask())
    assert (done.stop, done.message.text) == ("refused", "I will not.")


async def test_refused_summaries_are_not_asked_for_again(server: Loopback, open_api: Open) -> None:
    said = "Your organization must be verified to generate reasoning summaries."
    error = {"type": "invalid_request_error", "param": "reasoning.summary", "message": said}
    answers = [Reply(RESPONSES.answer("Yes")), Reply(RESPONSES.answer("Yes"))]
    server.replies = [json_reply(400, {"error": error}), *answers]
    model = open_api(RESPONSES)
    assert (await done_of(model, ask())).message.text == "Yes"
    await done_of(model, ask())
    asked = [request.body.get("reasoning") for request in server.requests]
    assert asked == [{"summary": "auto"}, None, None]


async def test_a_turn_without_a_replay_is_told_anew(server: Loopback, open_api: Open) -> None:
    server.replies = [Reply(RESPONSES.answer("Fine."))]
    turn = Message(role="assistant", text="I look.", calls=(ToolCall("t1", "look", "{}"),))
    await done_of(open_api(RESPONSES), ask(USER, turn))
    assert server.requests[0].body["input"][1:] == [
        {"role": "assistant", "content": "I look."},
        {"type": "function_call", "call_id": "t1", "name": "look", "arguments": "{}"},
    ]
