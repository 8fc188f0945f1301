"""OpenAI's own ``apply_patch`` items, as calls of our tool of that name and back.

An item holds one operation on one file; its diff is in the form that ``*** Update File`` of the
patch format has (https://platform.openai.com/docs/guides/tools-apply-patch).
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent_tui.domain.base import ModelRef
from agent_tui.domain.turn import Message, ToolCall, ToolResult
from agent_tui.providers.wire import Replay, text_at

TOOL = "apply_patch"
CALL = "apply_patch_call"
_HEADS = {"create_file": "Add", "update_file": "Update", "delete_file": "Delete"}
_HAVE_IT = re.compile(r"gpt-(5\.[1-9]|[6-9]|[1-9]\d)\b.*")
"""Models of OpenAI's that take the tool: from GPT-5.1 on, by its guide."""


def has_native_patch(ref: ModelRef) -> bool:
    """Whether a model of OpenAI's own service has the tool."""
    return ref.provider == "openai" and _HAVE_IT.fullmatch(ref.model) is not None


def read_call(item: Mapping[str, Any]) -> ToolCall:
    """An item as a call of our tool. What is wrong with it, our tool says."""
    operation = item.get("operation")
    kind, path = text_at(operation, "type"), text_at(operation, "path")
    diff = text_at(operation, "diff").strip("\n")
    head = f"*** {_HEADS.get(kind, kind)} File: {path}"
    body = [diff] if diff and kind != "delete_file" else []
    patch = "\n".join(["*** Begin Patch", head, *body, "*** End Patch", ""])
    return ToolCall(text_at(item, "call_id"), TOOL, json.dumps({"patch": patch}))


def native_calls(api: str, messages: Sequence[Message]) -> frozenset[str]:
    """The ids of the calls in a conversation that came as such items."""
    return frozenset(
        text_at(item, "call_id")
        for message in messages
        if isinstance(message.replay, Replay) and message.replay.api == api
        for item in message.replay.turn
        if text_at(item, "type") == CALL
    )


def write_output(result: ToolResult) -> dict[str, Any]:
    """What the tool gave back, as an item."""
    return {
        "type": "apply_patch_call_output",
        "call_id": result.call_id,
        "status": "completed" if result.ok else "failed",
        "output": result.text,
    }
