"""The Messages API: what is sent, what is read, what is sent back."""

from collections.abc import Callable

import pytest
from provider_frames import ANTHROPIC, AnyModel, a_block, a_start, a_stop, a_text, a_tool
from provider_loopback import Loopback, Reply

from agent_tui.domain.turn import (
    Done,
    Message,
    ModelError,
    ModelRequest,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    ToolResult,
    ToolSpec,
)
from agent_tui.domain.usage import Usage
from agent_tui.providers.wire import Replay

pytestmark = pytest.mark.anyio

Open = Callable[..., AnyModel]
USER = Message(role="user", text="Go.")
CLOSED = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
FREE = {"type": "object", "additionalProperties": {"type": "string"}}


def ask(*messages: Message, **more: object) -> ModelRequest:
    return ModelRequest(role="planner", system="You plan.", messages=messages or (USER,), **more)  # type: ignore[arg-type]


async def done_of(model: AnyModel, request: ModelRequest) -> Done:
    *_, last = [event async for event in model.stream(request)]
    assert isinstance(last, Done)
    return last


async def test_what_is_sent(server: Loopback, open_api: Open) -> None:
    server.replies = [Reply(ANTHROPIC.answer("{}"))]
    tools = (ToolSpec("fit", "Fits.", CLOSED), ToolSpec("free", "Does not.", FREE))
    request = ask(tools=tools, answer_schema=CLOSED, max_output_tokens=1234)
    await done_of(open_api(ANTHROPIC, effort="high"), request)
    sent = server.requests[0]
    assert sent.path == "/v1/messages"
    closed = CLOSED | {"additionalProperties": False}
    assert sent.body == {
        "model": "test",
        "max_tokens": 1234,
        "stream": True,
        "system": [{"type": "text", "text": "You plan."}],
        "messages": [{"role": "user", "content": "Go."}],
        "cache_control": {"type": "ephemeral"},
        "thinking": {"type": "adaptive", "display": "summarized"},
        "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": closed}},
        "tools": [
            {
                "name": "fit",
                "description": "Fits.",
                "input_schema": closed,
                "eager_input_streaming": True,
                "strict": True,
            },
            {
                "name": "free",
                "description": "Does not.",
                "input_schema": FREE,
                "eager_input_streaming": True,
            },
        ],
    }


async def test_a_schema_that_cannot_be_strict_is_asked_for_in_words(
    server: Loopback, open_api: Open
) -> None:
    server.replies = [Reply(ANTHROPIC.answer("{}"))]
    await done_of(open_api(ANTHROPIC, thinking=False), ask(answer_schema=FREE))
    body = server.requests[0].body
    assert "output_config" not in body
    assert "thinking" not in body
    assert '"additionalProperties": {"type": "string"}' in body["system"][0]["text"]


async def test_usage_counts_the_cache_once(server: Loopback, open_api: Open) -> None:
    start = a_start(input_tokens=10, cache_read_input_tokens=60, cache_creation_input_tokens=30)
    end = a_stop("end_turn", output_tokens=25, output_tokens_details={"thinking_tokens": 9})
    server.replies = [Reply([start, *a_text(0, "x"), *end])]
    assert (await done_of(open_api(ANTHROPIC), ask())).usage == Usage(
        input_tokens=100,
        cache_read_tokens=60,
        cache_write_tokens=30,
        output_tokens=25,
        reasoning_tokens=9,
    )


async def test_the_turn_is_sent_back_as_it_came(server: Loopback, open_api: Open) -> None:
    thinking = a_block(
        0,
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "thinking_delta", "thinking": "Hm, "},
        {"type": "thinking_delta", "thinking": "so."},
        {"type": "signature_delta", "signature": "c2ln"},
    )
    redacted = a_block(1, {"type": "redacted_thinking", "data": "b3BhcXVl"})
    frames = [
        a_start(),
        *thinking,
        *redacted,
        *a_text(2),
        *a_text(3, "I ", "look."),
        *a_tool(4, "t1", "read_file", '{"path"', ': "a.py"}'),
        *a_tool(5, "t2", "list_files"),
        *a_stop("tool_use"),
    ]
    server.replies = [Reply(frames), Reply(ANTHROPIC.answer("Fine."))]
    model = open_api(ANTHROPIC)
    events = [event async for event in model.stream(ask())]
    assert [e.text for e in events if isinstance(e, ThinkingDelta)] == ["Hm, ", "so."]
    assert [e.text for e in events if isinstance(e, TextDelta)] == ["I ", "look."]
    done = events[-1]
    assert isinstance(done, Done)
    assert done.message.text == "I look."
    assert done.message.calls == (
        ToolCall("t1", "read_file", '{"path": "a.py"}'),
        ToolCall("t2", "list_files", "{}"),
    )
    results = (ToolResult("t1", "text"), ToolResult("t2", "no", ok=False))
    await done_of(model, ask(USER, done.message, Message(role="tool", results=results)))
    assert server.requests[1].body["messages"][1:] == [
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm, so.", "signature": "c2ln"},
                {"type": "redacted_thinking", "data": "b3BhcXVl"},
                {"type": "text", "text": "I look."},
                {
                    "type": "tool_use",
                    "id": "t1",
                    "name": "read_file",
                    "input": {"path": "a.py"},
                },
                {"type": "tool_use", "id": "t2", "name": "list_files", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "t1",
                    "content": "text",
                    "is_error": False,
                },
                {"type": "tool_result", "tool_use_id": "t2", "content": "no", "is_error": True},
            ],
        },
    ]


async def test_a_paused_turn_is_sent_back_and_goes_on(server: Loopback, open_api: Open) -> None:
    paused = [a_start(), *a_text(0, "I search"), *a_stop("pause_turn")]
    server.replies = [Reply(paused), Reply(ANTHROPIC.answer("Found."))]
    model = open_api(ANTHROPIC)
    done = await done_of(model, ask())
    assert (done.stop, done.message.calls) == ("paused", ())
    await done_of(model, ask(USER, done.message))
    last = server.requests[1].body["messages"][-1]
    assert last == {"role": "assistant", "content": [{"type": "text", "text": "I search"}]}


async def test_a_full_context_window_is_named(server: Loopback, open_api: Open) -> None:
    frames = [a_start(), *a_text(0, "x"), *a_stop("model_context_window_exceeded")]
    server.replies = [Reply(frames)]
    with pytest.raises(ModelError, match="context window") as caught:
        await done_of(open_api(ANTHROPIC), ask())
    assert caught.value.kind == "context"


async def test_a_stop_without_a_reason_is_no_end(server: Loopback, open_api: Open) -> None:
    server.replies = [Reply([a_start(), *a_text(0, "x"), *a_stop(None)])]
    with pytest.raises(ModelError) as caught:
        await done_of(open_api(ANTHROPIC), ask())
    assert caught.value.kind == "truncated"


async def test_more_of_a_block_that_never_began(server: Loopback, open_api: Open) -> None:
    server.replies = [Reply([a_start(), a_text(0, "x")[1], *a_stop("end_turn")])]
    with pytest.raises(ModelError) as caught:
        await done_of(open_api(ANTHROPIC), ask())
    assert caught.value.kind == "bad_stream"


async def test_a_call_that_was_cut_off_is_no_call(server: Loopback, open_api: Open) -> None:
    cut = [a_start(), *a_tool(0, "t1", "write_file", '{"path": "a'), *a_stop("max_tokens")]
    server.replies = [Reply(cut)]
    done = await done_of(open_api(ANTHROPIC), ask())
    assert (done.stop, done.message.calls) == ("max_tokens", ())


async def test_a_turn_of_another_api_is_told_anew(server: Loopback, open_api: Open) -> None:
    server.replies = [Reply(ANTHROPIC.answer("Fine."))]
    turn = Message(
        role="assistant",
        text="I look.",
        calls=(ToolCall("t1", "read_file", '{"path": "a.py"}'), ToolCall("t2", "x", "broken")),
        replay=Replay("openai.responses", [{"type": "reasoning"}]),
    )
    await done_of(open_api(ANTHROPIC), ask(USER, turn, Message(role="assistant"), USER))
    assert server.requests[0].body["messages"][1:-1] == [
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "I look."},
                {
                    "type": "tool_use",
                    "id": "t1",
                    "name": "read_file",
                    "input": {"path": "a.py"},
                },
                {"type": "tool_use", "id": "t2", "name": "x", "input": {}},
            ],
        }
    ]
