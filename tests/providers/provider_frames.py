"""Events as the three APIs send them, and what the three have in common for the tests."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from agent_tui.domain.base import ModelRef
from agent_tui.providers.anthropic import AnthropicModel
from agent_tui.providers.openai_chat import ChatModel
from agent_tui.providers.openai_responses import ResponsesModel
from agent_tui.providers.wire import Timeouts

KEY = "sk-loopback-7f3a9c51d0"
Frames = list[bytes]
AnyModel = AnthropicModel | ResponsesModel | ChatModel


def sse(event: dict[str, Any]) -> bytes:
    """A frame with the event's type as its name."""
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def data(chunk: object) -> bytes:
    """A frame without a name."""
    return f"data: {json.dumps(chunk)}\n\n".encode()


# Anthropic


def a_start(**usage: int) -> bytes:
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-test",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 1} | usage,
    }
    return sse({"type": "message_start", "message": message})


def a_block(index: int, block: dict[str, Any], *deltas: dict[str, Any]) -> Frames:
    begin = {"type": "content_block_start", "index": index, "content_block": block}
    parts = [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
    return [sse(event) for event in (begin, *parts, {"type": "content_block_stop", "index": index})]


def a_text(index: int, *texts: str) -> Frames:
    deltas = ({"type": "text_delta", "text": text} for text in texts)
    return a_block(index, {"type": "text", "text": ""}, *deltas)


def a_tool(index: int, call: str, name: str, *parts: str) -> Frames:
    deltas = ({"type": "input_json_delta", "partial_json": part} for part in parts)
    return a_block(index, {"type": "tool_use", "id": call, "name": name, "input": {}}, *deltas)


def a_stop(reason: str | None, **usage: Any) -> Frames:
    delta = {"stop_reason": reason, "stop_sequence": None}
    counted = {"output_tokens": 7} | usage
    return [
        sse({"type": "message_delta", "delta": delta, "usage": counted}),
        sse({"type": "message_stop"}),
    ]


# OpenAI Responses


def r_start() -> bytes:
    return sse({"type": "response.created", "sequence_number": 0, "response": r_response()})


def r_response(**more: Any) -> dict[str, Any]:
    base = {"id": "resp_1", "object": "response", "model": "gpt-test", "status": "in_progress"}
    return base | {"output": [], "error": None, "incomplete_details": None} | more


def r_item(item: dict[str, Any], *deltas: dict[str, Any]) -> Frames:
    begin = {"type": "response.output_item.added", "output_index": 0, "item": item}
    end = {"type": "response.output_item.done", "output_index": 0, "item": item}
    return [sse(event) for event in (begin, *deltas, end)]


def r_text(*texts: str) -> Frames:
    part = {"type": "output_text", "text": "".join(texts), "annotations": []}
    item = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    }
    deltas = (
        {
            "type": "response.output_text.delta",
            "item_id": "msg_1",
            "output_index": 0,
            "content_index": 0,
            "delta": text,
        }
        for text in texts
    )
    return r_item(item, *deltas)


def r_tool(call: str, name: str, *parts: str) -> Frames:
    item = {
        "id": f"fc_{call}",
        "type": "function_call",
        "call_id": call,
        "name": name,
        "arguments": "".join(parts),
        "status": "completed",
    }
    deltas = (
        {
            "type": "response.function_call_arguments.delta",
            "item_id": f"fc_{call}",
            "output_index": 0,
            "delta": part,
        }
        for part in parts
    )
    return r_item(item, *deltas)


USAGE = {
    "input_tokens": 100,
    "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 5},
    "output_tokens": 20,
    "output_tokens_details": {"reasoning_tokens": 8},
    "total_tokens": 120,
}


def r_end(kind: str = "completed", **more: Any) -> Frames:
    response = r_response(status=kind, usage=USAGE) | more
    return [sse({"type": f"response.{kind}", "sequence_number": 9, "response": response})]


# Chat Completions


def c_chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return data({"id": "c1", "object": "chat.completion.chunk", "choices": [choice]})


def c_tool(index: int, call: str | None, name: str, arguments: str) -> bytes:
    part = {"index": index, "function": {"name": name, "arguments": arguments}}
    named = {"id": call, "type": "function"} if call else {}
    return c_chunk({"tool_calls": [part | named]})


def c_end(finish: str = "stop", usage: dict[str, Any] | None = None) -> Frames:
    counted = usage or {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    last = {"id": "c1", "object": "chat.completion.chunk", "choices": [], "usage": counted}
    return [c_chunk({}, finish), data(last), b"data: [DONE]\n\n"]


@dataclass(frozen=True)
class Api:
    """What the tests of all three need to know of one."""

    name: str
    model: Callable[..., Any]
    suffix: str
    start: Frames
    text: Callable[..., Frames]
    answer: Callable[[str], Frames]
    call: Callable[[str], Frames]
    overloaded: bytes
    empty: Frames
    refused: Frames
    too_long: Frames

    def open(self, url: str, clock: Any, silence_s: float = 30.0, **more: Any) -> AnyModel:
        made = self.model(
            ModelRef(provider=self.name, model="test"),
            SecretStr(KEY),
            clock,
            base_url=url + self.suffix,
            timeouts=Timeouts(connect_s=5, silence_s=silence_s),
            **more,
        )
        assert isinstance(made, AnthropicModel | ResponsesModel | ChatModel)
        return made


ANTHROPIC = Api(
    name="anthropic",
    model=AnthropicModel,
    suffix="",
    start=[a_start()],
    text=lambda text: a_text(0, text),
    answer=lambda text: [a_start(), *a_text(0, text), *a_stop("end_turn")],
    call=lambda args: [a_start(), *a_tool(0, "t1", "read_file", args), *a_stop("tool_use")],
    overloaded=sse({"type": "error", "error": {"type": "overloaded_error", "message": "Busy"}}),
    empty=[a_start(), *a_stop("end_turn")],
    refused=[a_start(), *a_text(0, "I will not."), *a_stop("refusal")],
    too_long=[a_start(), *a_text(0, "and so"), *a_stop("max_tokens")],
)
RESPONSES = Api(
    name="openai",
    model=ResponsesModel,
    suffix="/v1",
    start=[r_start()],
    text=r_text,
    answer=lambda text: [r_start(), *r_text(text), *r_end()],
    call=lambda args: [r_start(), *r_tool("t1", "read_file", args), *r_end()],
    overloaded=sse({"type": "error", "code": "server_is_overloaded", "message": "Busy"}),
    empty=[r_start(), *r_end()],
    refused=[
        r_start(),
        sse({"type": "response.refusal.delta", "item_id": "m", "delta": "I will not."}),
        *r_end(),
    ],
    too_long=[
        r_start(),
        *r_text("and so"),
        *r_end("incomplete", incomplete_details={"reason": "max_output_tokens"}),
    ],
)
CHAT = Api(
    name="local",
    model=ChatModel,
    suffix="/v1",
    start=[c_chunk({"role": "assistant", "content": ""})],
    text=lambda text: [c_chunk({"content": text})],
    answer=lambda text: [c_chunk({"content": text}), *c_end()],
    call=lambda args: [c_tool(0, "t1", "read_file", args), *c_end("tool_calls")],
    overloaded=data({"error": {"type": "server_error", "code": "slow_down", "message": "Busy"}}),
    empty=c_end(),
    refused=[c_chunk({"refusal": "I will not."}), *c_end()],
    too_long=[c_chunk({"content": "and so"}), *c_end("length")],
)
APIS: Sequence[Api] = (ANTHROPIC, RESPONSES, CHAT)
