"""What a call to the Responses API says: its parameters, and the conversation as its items."""

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

from agent_tui.domain.turn import Message, ModelRequest, ToolResult, ToolSpec
from agent_tui.providers.native_patch import TOOL, native_calls, write_output
from agent_tui.providers.schema import fits_strict, instruction
from agent_tui.providers.wire import Replay

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]

API = "openai.responses"


def request_body(
    model: str,
    request: ModelRequest,
    *,
    effort: Effort | None,
    thinking: bool,
    summaries: bool,
    native_patch: bool = False,
) -> dict[str, Any]:
    """The call's parameters."""
    instructions = request.system
    native = native_calls(API, request.messages)
    body: dict[str, Any] = {
        "model": model,
        "input": [item for message in request.messages for item in _items(message, native)],
        "store": False,
        "max_output_tokens": request.max_output_tokens,
        "prompt_cache_key": _cache_key(request),
    }
    if request.answer_schema is not None:
        schema = fits_strict(request.answer_schema)
        if schema is None:
            instructions = f"{instructions}\n\n{instruction(request.answer_schema)}"
        else:
            body["text"] = {
                "format": {
                    "type": "json_schema",
                    "name": "answer",
                    "strict": True,
                    "schema": schema,
                }
            }
    body["instructions"] = instructions
    if thinking:
        body["include"] = ["reasoning.encrypted_content"]
        reasoning: dict[str, str] = {"effort": effort} if effort else {}
        reasoning |= {"summary": "auto"} if summaries else {}
        if reasoning:
            body["reasoning"] = reasoning
    if request.tools:
        body["tools"] = [_tool(tool, native_patch) for tool in request.tools]
    return body


def _cache_key(request: ModelRequest) -> str:
    """The same for calls that begin alike, so that they meet the same cache."""
    names = " ".join(tool.name for tool in request.tools)
    return hashlib.sha256(f"{request.system}\n{names}".encode()).hexdigest()[:32]


def _tool(tool: ToolSpec, native_patch: bool) -> dict[str, Any]:
    if native_patch and tool.name == TOOL:
        return {"type": TOOL}
    schema = fits_strict(tool.parameters)
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": schema or dict(tool.parameters),
        "strict": schema is not None,
    }


def _items(message: Message, native: frozenset[str]) -> list[Mapping[str, Any]]:
    if message.role == "tool":
        return [
            write_output(result) if result.call_id in native else _output(result)
            for result in message.results
        ]
    if message.role == "user":
        return [{"role": "user", "content": message.text}]
    if isinstance(message.replay, Replay) and message.replay.api == API:
        return list(message.replay.turn)
    told: list[Mapping[str, Any]] = []
    if message.text:
        told.append({"role": "assistant", "content": message.text})
    return told + [
        {
            "type": "function_call",
            "call_id": call.id,
            "name": call.name,
            "arguments": call.arguments,
        }
        for call in message.calls
    ]


def _output(result: ToolResult) -> dict[str, Any]:
    """The API has no field for a failure, so the words say it."""
    text = result.text if result.ok else f"The call failed: {result.text}"
    return {"type": "function_call_output", "call_id": result.call_id, "output": text}
