"""Counting and compacting on the wire: what is asked, and what is made of the answer."""

from collections.abc import Callable

import pytest
from provider_frames import ANTHROPIC, CHAT, RESPONSES, AnyModel
from provider_loopback import Loopback, Reply, json_reply

from agent_tui.domain.turn import Message, ModelError, ModelRequest, ToolSpec
from agent_tui.ports import Measures
from agent_tui.providers.retry import RetryingModel

pytestmark = pytest.mark.anyio
Open = Callable[..., AnyModel]
TOOL = ToolSpec("look", "Look.", {"type": "object", "properties": {}})
TURNS = (Message("user", "Go."), Message("assistant", "Gone."), Message("user", "On."))
ASK = ModelRequest(role="coder", system="You code.", messages=TURNS, tools=(TOOL,))
BLOCK = {"type": "compaction", "content": "It went well.", "signature": "abc"}


def compacted_message() -> dict[str, object]:
    usage = {"input_tokens": 900, "output_tokens": 40}
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-test",
        "content": [BLOCK], "stop_reason": "compaction", "stop_sequence": None, "usage": usage,
    }  # fmt: skip


async def test_anthropic_counts(server: Loopback, open_api: Open) -> None:
    server.replies = [json_reply(200, {"input_tokens": 1234})]
    model = open_api(ANTHROPIC)
    assert isinstance(model, Measures)
    assert await model.count_tokens(ASK) == 1234
    (asked,) = server.requests
    assert asked.path == "/v1/messages/count_tokens"
    assert "max_tokens" not in asked.body
    assert asked.body["tools"][0]["name"] == "look"


async def test_anthropic_compacts_and_goes_on(server: Loopback, open_api: Open) -> None:
    server.replies = [json_reply(200, compacted_message()), Reply(ANTHROPIC.answer("Fine."))]
    model = open_api(ANTHROPIC)
    assert isinstance(model, Measures)
    made = await model.compact(ASK)
    assert made is not None
    assert (made.summary, made.usage.input_tokens, made.usage.output_tokens) == (
        "It went well.",
        900,
        40,
    )
    first = server.requests[0]
    assert first.body["compaction"] == {"type": "summarize"}
    assert "compact-2026-09-04" in first.headers["anthropic-beta"]
    assert "cache_control" not in first.body
    later = ModelRequest("coder", "You code.", (made.message, Message("user", "Go on.")))
    _ = [event async for event in model.stream(later)]
    second = server.requests[1]
    assert second.body["messages"][0] == {"role": "assistant", "content": [BLOCK]}
    assert second.headers["anthropic-beta"] == "compact-2026-09-04"


async def test_an_ordinary_call_asks_for_no_beta(server: Loopback, open_api: Open) -> None:
    server.replies = [Reply(ANTHROPIC.answer("Fine."))]
    _ = [event async for event in open_api(ANTHROPIC).stream(ASK)]
    assert "anthropic-beta" not in server.requests[0].headers


async def test_responses_count(server: Loopback, open_api: Open) -> None:
    counted = {"object": "response.input_tokens", "input_tokens": 77}
    server.replies = [json_reply(200, counted)]
    model = open_api(RESPONSES)
    assert isinstance(model, Measures)
    assert await model.count_tokens(ASK) == 77
    assert server.requests[0].path == "/v1/responses/input_tokens"
    assert server.requests[0].body["instructions"] == "You code."


async def test_responses_compact_and_go_on(server: Loopback, open_api: Open) -> None:
    item = {"type": "compaction", "id": "cmp_1", "encrypted_content": "xyz"}
    user = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Go."}]}
    usage = {"input_tokens": 800, "output_tokens": 30, "total_tokens": 830,
             "input_tokens_details": {"cached_tokens": 100, "cache_write_tokens": 0},
             "output_tokens_details": {"reasoning_tokens": 0}}  # fmt: skip
    body = {"id": "r", "created_at": 1, "object": "response.compaction", "output": [user, item],
            "usage": usage}  # fmt: skip
    server.replies = [json_reply(200, body), Reply(RESPONSES.answer("Fine."))]
    model = open_api(RESPONSES)
    assert isinstance(model, Measures)
    made = await model.compact(ASK)
    assert made is not None
    assert (made.usage.input_tokens, made.usage.cache_read_tokens) == (800, 100)
    assert server.requests[0].path == "/v1/responses/compact"
    later = ModelRequest("coder", "You code.", (made.message, Message("user", "Go on.")))
    _ = [event async for event in model.stream(later)]
    said = server.requests[1].body["input"]
    assert [entry.get("type") for entry in said] == ["message", "compaction", None]
    assert said[1]["encrypted_content"] == "xyz"


async def test_a_server_that_cannot_says_so(server: Loopback, open_api: Open) -> None:
    for api in (ANTHROPIC, RESPONSES):
        model = open_api(api)
        assert isinstance(model, Measures)
        for call in (model.count_tokens, model.compact):
            server.replies = [json_reply(404, {"error": {"message": "No such path."}})]
            with pytest.raises(ModelError) as caught:
                await call(ASK)
            assert caught.value.kind == "not_found"


async def test_an_answer_without_a_summary_is_none(server: Loopback, open_api: Open) -> None:
    empty = compacted_message() | {"content": [{**BLOCK, "content": None}]}
    server.replies = [json_reply(200, empty)]
    model = open_api(ANTHROPIC)
    assert isinstance(model, Measures)
    with pytest.raises(ModelError) as caught:
        await model.compact(ASK)
    assert caught.value.kind == "bad_answer"


async def test_chat_servers_do_neither(open_api: Open) -> None:
    retrying = RetryingModel(open_api(CHAT))
    assert await retrying.count_tokens(ASK) is None
    assert await retrying.compact(ASK) is None
