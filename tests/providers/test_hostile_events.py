"""Whatever a server sends, a turn ends as an answer or as a :class:`ModelError`."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provider_frames import APIS, AnyModel, Api
from provider_loopback import Loopback, Reply

from agent_tui.domain.turn import Done, Message, ModelError, ModelRequest
from agent_tui.domain.usage import Latency
from agent_tui.providers import anthropic, openai_chat, openai_responses, responses_request
from agent_tui.providers.failures import Peer
from agent_tui.providers.wire import Turn

PEER = Peer("p:m")
NAMES = """type index content_block delta text thinking signature partial_json citation citations
    stop_reason usage message input_tokens output_tokens output_tokens_details thinking_tokens id
    name input item item_id call_id arguments response status error code output content refusal
    incomplete_details reason choices finish_reason tool_calls function reasoning prompt_tokens
    """.split()  # noqa: SIM905
WORDS = """message_start content_block_start content_block_delta content_block_stop message_delta
    message_stop text tool_use thinking text_delta thinking_delta signature_delta citations_delta
    input_json_delta end_turn tool_use response.output_item.added response.output_item.done
    response.completed response.incomplete response.failed error function_call message output_text
    response.output_text.delta response.function_call_arguments.delta completed incomplete stop
    tool_calls length""".split()  # noqa: SIM905
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-1, 3), st.text(max_size=3), st.sampled_from(WORDS)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)
    ),
    max_leaves=12,
)
EVENTS = st.builds(
    lambda kind, rest: {**rest, "type": kind},
    st.sampled_from(WORDS),
    st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6),
)
TURNS: dict[str, Callable[[], Turn]] = {
    "anthropic": lambda: anthropic.MessagesTurn(PEER),
    "responses": lambda: openai_responses.ResponsesTurn(PEER),
    "chat": lambda: openai_chat.ChatTurn(PEER),
}


@pytest.mark.parametrize("name", TURNS)
@given(events=st.lists(EVENTS, max_size=8))
def test_any_events_end_well(name: str, events: list[dict[str, Any]]) -> None:
    turn = TURNS[name]()
    try:
        for event in events:
            for delta in turn.feed(event):
                assert delta is not None
        done = turn.done(Latency(), None)
    except ModelError:
        return
    assert isinstance(done, Done)
    json.dumps(done.message.replay.turn)  # type: ignore[attr-defined]
    for request in (_request(done.message), _request(Message("assistant", done.message.text))):
        anthropic.request_body("m", request, effort=None, thinking=True)
        responses_request.request_body("m", request, effort=None, thinking=True, summaries=True)
        openai_chat.request_body("m", request, effort=None, enforce_schema=True)


def _request(turn: Message) -> ModelRequest:
    return ModelRequest(role="coder", system="s", messages=(Message("user", "Go."), turn))


@pytest.mark.anyio
@pytest.mark.parametrize("api", APIS, ids=lambda api: api.name)
async def test_half_a_character_does_not_break_the_next_call(
    api: Api, server: Loopback, open_api: Callable[..., AnyModel]
) -> None:
    frames = [frame.replace(b"XYZ", rb"a\ud83d!") for frame in api.answer("XYZ")]
    server.replies = [Reply(frames), Reply(api.answer("Yes"))]
    model = open_api(api)
    *_, done = [event async for event in model.stream(_request(Message("user", "And?")))]
    assert isinstance(done, Done)
    assert done.message.text == "a\ufffd!"
    done.message.text.encode()
    *_, again = [event async for event in model.stream(_request(done.message))]
    assert isinstance(again, Done)


@pytest.mark.anyio
@pytest.mark.parametrize("api", APIS, ids=lambda api: api.name)
async def test_half_a_character_in_arguments_does_not_break_the_next_call(
    api: Api, server: Loopback, open_api: Callable[..., AnyModel]
) -> None:
    arguments = r'{"a": "\ud83d"}'
    server.replies = [Reply(api.call(arguments)), Reply(api.answer("Yes"))]
    model = open_api(api)
    *_, done = [event async for event in model.stream(_request(Message("user", "And?")))]
    assert isinstance(done, Done)
    assert done.message.calls[0].arguments == arguments
    *_, again = [event async for event in model.stream(_request(done.message))]
    assert isinstance(again, Done)


@pytest.mark.anyio
@pytest.mark.parametrize("api", APIS, ids=lambda api: api.name)
async def test_a_frame_that_is_nested_without_end(
    api: Api, server: Loopback, open_api: Callable[..., AnyModel]
) -> None:
    deep = b'event: message_delta\ndata: {"type": ' + b"[" * 50_000 + b"]" * 50_000 + b"}\n\n"
    server.replies = [Reply([*api.start, deep, *api.answer("Yes")])]
    with pytest.raises(ModelError) as caught:
        _ = [event async for event in open_api(api).stream(_request(Message("user", "And?")))]
    assert caught.value.kind == "bad_stream"
