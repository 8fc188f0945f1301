"""Chat Completions: what is sent, what is read, and the ways of the servers that speak it."""

from collections.abc import Callable

import pytest
from provider_frames import CHAT, AnyModel, c_chunk, c_end, c_tool, data
from provider_loopback import Loopback, Reply, json_reply

from agent_tui.domain.base import ModelRef
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
from agent_tui.ports import Clock
from agent_tui.providers.openai_chat import ChatModel

pytestmark = pytest.mark.anyio

Open = Callable[..., AnyModel]
USER = Message(role="user", text="Go.")
CLOSED = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
TOOL = ToolSpec("look", "Look.", {"type": "object", "properties": {}})


def ask(*messages: Message, **more: object) -> ModelRequest:
    return ModelRequest(role="coder", system="You code.", messages=messages or (USER,), **more)  # type: ignore[arg-type]


async def done_of(model: AnyModel, request: ModelRequest) -> Done:
    *_, last = [event async for event in model.stream(request)]
    assert isinstance(last, Done)
    return last


async def test_what_is_sent(server: Loopback, open_api: Open) -> None:
    server.replies = [Reply(CHAT.answer("{}"))]
    await done_of(open_api(CHAT, effort="low"), ask(answer_schema=CLOSED, max_output_tokens=1234))
    sent = server.requests[0]
    assert sent.path == "/v1/chat/completions"
    closed = CLOSED | {"additionalProperties": False}
    assert sent.body == {
        "model": "test",
        "messages": [
            {"role": "system", "content": "You code."},
            {"role": "user", "content": "Go."},
        ],
        "max_tokens": 1234,
        "stream": True,
        "stream_options": {"include_usage": True},
        "reasoning_effort": "low",
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": closed},
        },
    }


async def test_with_tools_the_schema_is_asked_for_in_words(
    server: Loopback, open_api: Open
) -> None:
    server.replies = [Reply(CHAT.answer("{}"))]
    await done_of(open_api(CHAT), ask(answer_schema=CLOSED, tools=(TOOL,)))
    body = server.requests[0].body
    assert "response_format" not in body
    assert '"required": ["a"]' in body["messages"][0]["content"]
    function = {"name": "look", "description": "Look.", "parameters": TOOL.parameters}
    assert body["tools"] == [{"type": "function", "function": function}]


async def test_a_server_that_refuses_the_format_is_asked_in_words(
    server: Loopback, open_api: Open
) -> None:
    refusal = {"error": {"message": "'response_format' of type 'json_schema' is not supported"}}
    answers = [Reply(CHAT.answer("{}")), Reply(CHAT.answer("{}"))]
    server.replies = [json_reply(400, refusal), *answers]
    model = open_api(CHAT)
    for _ in range(2):
        await done_of(model, ask(answer_schema=CLOSED))
    assert ["response_format" in request.body for request in server.requests] == [
        True,
        False,
        False,
    ]
    assert '"required": ["a"]' in server.requests[1].body["messages"][0]["content"]


async def test_another_refusal_is_not_taken_for_that(server: Loopback, open_api: Open) -> None:
    server.replies = [json_reply(400, {"error": {"message": "max_tokens is too large"}})]
    with pytest.raises(ModelError, match="max_tokens") as caught:
        await done_of(open_api(CHAT), ask(answer_schema=CLOSED))
    assert caught.value.kind == "bad_request"
    assert len(server.requests) == 1


async def test_the_servers_own_limit(server: Loopback, open_api: Open) -> None:
    server.replies = [Reply(CHAT.answer("x"))]
    await done_of(open_api(CHAT, max_output_tokens=4096), ask())
    assert server.requests[0].body["max_tokens"] == 4096


async def test_usage_counts_the_cache_once(server: Loopback, open_api: Open) -> None:
    usage = {
        "prompt_tokens": 100,
        "prompt_tokens_details": {"cached_tokens": 60},
        "completion_tokens": 20,
        "completion_tokens_details": {"reasoning_tokens": 8},
    }
    server.replies = [Reply([c_chunk({"content": "x"}), *c_end("stop", usage)])]
    assert (await done_of(open_api(CHAT), ask())).usage == Usage(
        input_tokens=100, cache_read_tokens=60, output_tokens=20, reasoning_tokens=8
    )


async def test_a_server_that_tells_no_usage(server: Loopback, open_api: Open) -> None:
    server.replies = [Reply([c_chunk({"content": "x"}), c_end()[0]])]
    assert (await done_of(open_api(CHAT), ask())).usage == Usage()


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_thinking_is_sent_back_with_its_calls(
    server: Loopback, open_api: Open, field: str
) -> None:
    frames = [
        c_chunk({"role": "assistant", "content": None, field: "Hm, "}),
        c_chunk({field: "so."}),
        c_chunk({"content": "I look."}),
        c_tool(0, "t1", "look", '{"at"'),
        c_tool(1, "t2", "read", "{}"),
        c_tool(0, None, "", ': "a"}'),
        *c_end("tool_calls"),
    ]
    server.replies = [Reply(frames), Reply(CHAT.answer("Fine."))]
    model = open_api(CHAT)
    events = [event async for event in model.stream(ask())]
    assert events[:2] == [ThinkingDelta("Hm, "), ThinkingDelta("so.")]
    done = events[-1]
    assert isinstance(done, Done)
    calls = (ToolCall("t1", "look", '{"at": "a"}'), ToolCall("t2", "read", "{}"))
    assert (done.stop, done.message.calls) == ("tool_use", calls)
    results = (ToolResult("t1", "text"), ToolResult("t2", "no", ok=False))
    await done_of(model, ask(USER, done.message, Message(role="tool", results=results)))
    assistant, *told = server.requests[1].body["messages"][2:]
    assert assistant[field] == "Hm, so."
    assert assistant["content"] == "I look."
    assert [call["function"]["arguments"] for call in assistant["tool_calls"]] == [
        '{"at": "a"}',
        "{}",
    ]
    assert told == [
        {"role": "tool", "tool_call_id": "t1", "content": "text"},
        {"role": "tool", "tool_call_id": "t2", "content": "The call failed: no"},
    ]


async def test_thinking_without_calls_is_not_sent_back(server: Loopback, open_api: Open) -> None:
    frames = [c_chunk({"reasoning": "Hm."}), c_chunk({"content": "Yes"}), *c_end()]
    server.replies = [Reply(frames), Reply(CHAT.answer("Fine."))]
    model = open_api(CHAT)
    done = await done_of(model, ask())
    await done_of(model, ask(USER, done.message, USER))
    turn = server.requests[1].body["messages"][2]
    assert turn == {"role": "assistant", "content": "Yes"}


async def test_the_same_thought_in_two_fields_is_one(server: Loopback, open_api: Open) -> None:
    both = {"reasoning": "Hm.", "reasoning_content": "Hm."}
    server.replies = [Reply([c_chunk(both), *CHAT.answer("Yes")])]
    events = [event async for event in open_api(CHAT).stream(ask())]
    assert [event for event in events if isinstance(event, ThinkingDelta)] == [ThinkingDelta("Hm.")]


async def test_complete_calls_that_all_have_index_0(server: Loopback, open_api: Open) -> None:
    frames = [c_tool(0, "t1", "look", "{}"), c_tool(0, "t2", "read", "{}"), *c_end("stop")]
    server.replies = [Reply(frames)]
    done = await done_of(open_api(CHAT), ask())
    assert done.stop == "tool_use"
    assert done.message.calls == (ToolCall("t1", "look", "{}"), ToolCall("t2", "read", "{}"))


async def test_calls_without_index_and_id_and_with_an_object(
    server: Loopback, open_api: Open
) -> None:
    parts = [
        {"function": {"name": "look", "arguments": {"at": "a"}}},
        {"function": {"name": "read", "arguments": "{}"}},
    ]
    server.replies = [Reply([c_chunk({"tool_calls": parts}), *c_end("stop")])]
    done = await done_of(open_api(CHAT), ask())
    assert done.message.calls == (
        ToolCall("call_1", "look", '{"at": "a"}'),
        ToolCall("call_2", "read", "{}"),
    )


async def test_broken_arguments_are_not_sent_back(server: Loopback, open_api: Open) -> None:
    server.replies = [Reply(CHAT.call('{"at": oops')), Reply(CHAT.answer("Sorry"))]
    model = open_api(CHAT)
    done = await done_of(model, ask())
    await done_of(model, ask(USER, done.message))
    (call,) = server.requests[1].body["messages"][2]["tool_calls"]
    assert call["function"]["arguments"] == "{}"


async def test_usage_in_every_chunk(server: Loopback, open_api: Open) -> None:
    def chunk(text: str, finish: str | None, count: int) -> bytes:
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
        usage = {"prompt_tokens": 5, "completion_tokens": count}
        return data({"id": "c", "choices": [choice], "usage": usage})

    server.replies = [Reply([chunk("Ye", None, 1), chunk("s", "stop", 2), b"data: [DONE]\n\n"])]
    done = await done_of(open_api(CHAT), ask())
    assert (done.message.text, done.usage.output_tokens) == ("Yes", 2)


async def test_the_openai_account_is_not_told_to_other_servers(
    server: Loopback, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("API_KEY", "ADMIN_KEY", "ORG_ID", "PROJECT_ID"):
        monkeypatch.setenv(f"OPENAI_{name}", f"private-{name}")
    server.replies = [Reply(CHAT.answer("x"))]
    ref = ModelRef(provider="local", model="m")
    model = ChatModel(ref, None, clock, base_url=f"{server.url}/v1")
    await done_of(model, ask())
    await model.close()
    assert "private" not in str(server.requests[0].headers)
