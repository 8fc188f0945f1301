"""OpenAI's own apply_patch items over a real connection: declared, read, answered."""

import json
from collections.abc import Callable

import pytest
from provider_frames import RESPONSES, AnyModel, r_end, r_item, r_start, r_text, r_tool
from provider_loopback import Loopback, Reply

from agent_tui.domain.base import ModelRef
from agent_tui.domain.turn import Done, Message, ModelRequest, ToolCallStarted, ToolResult, ToolSpec
from agent_tui.providers.native_patch import has_native_patch
from agent_tui.workspace.edits import Formats

pytestmark = pytest.mark.anyio

USER = Message(role="user", text="Go.")
SCHEMA = {"type": "object", "properties": {"patch": {"type": "string"}}, "required": ["patch"]}
TOOLS = (ToolSpec("apply_patch", "Patches.", SCHEMA), ToolSpec("report", "Reports.", SCHEMA))


def ask(*messages: Message) -> ModelRequest:
    return ModelRequest(role="coder", system="You code.", messages=messages or (USER,), tools=TOOLS)


def operation(call: str, kind: str, path: str, diff: str | None = None) -> dict[str, object]:
    what = {"type": kind, "path": path} | ({"diff": diff} if diff is not None else {})
    return {"id": f"ap_{call}", "type": "apply_patch_call", "call_id": call, "status": "completed",
            "operation": what}  # fmt: skip


async def test_items_become_calls_and_results_become_items(
    server: Loopback, open_api: Callable[..., AnyModel]
) -> None:
    update = operation("u", "update_file", "a.txt", "@@\n one\n-two\n+2\n")
    create = operation("c", "create_file", "new.txt", "+first\n+second\n")
    delete = operation("d", "delete_file", "old.txt")
    frames = [r_start(), *r_item(update), *r_item(create), *r_item(delete),
              *r_tool("r", "report", "{}"), *r_end()]  # fmt: skip
    server.replies = [Reply(frames), Reply([r_start(), *r_text("Done."), *r_end()])]
    model = open_api(RESPONSES, native_patch=True)
    events = [event async for event in model.stream(ask())]
    done = events[-1]
    assert isinstance(done, Done)
    assert done.stop == "tool_use"
    assert [c.name for c in done.message.calls] == ["apply_patch"] * 3 + ["report"]
    assert ToolCallStarted("u", "apply_patch") in events
    sent = server.requests[0].body["tools"]
    assert sent[0] == {"type": "apply_patch"}
    assert (sent[1]["type"], sent[1]["name"]) == ("function", "report")

    files = {"a.txt": b"one\ntwo\n", "old.txt": b"x\n"}
    made = {}
    for call in done.message.calls[:3]:
        result = Formats().apply(json.loads(call.arguments)["patch"], files.get)
        assert result.applies, result.explain()
        made |= {edit.path: edit.data for edit in result.files}
    assert made == {"a.txt": b"one\n2\n", "new.txt": b"first\nsecond\n", "old.txt": None}

    results = (ToolResult("u", "wrote a.txt"), ToolResult("c", "no", ok=False),
               ToolResult("d", "deleted"), ToolResult("r", "ok"))  # fmt: skip
    following = ask(USER, done.message, Message(role="tool", results=results))
    assert [e async for e in model.stream(following)]
    items = server.requests[1].body["input"]
    assert items[1:4] == [update, create, delete]
    assert items[5:] == [
        {"type": "apply_patch_call_output", "call_id": "u", "status": "completed",
         "output": "wrote a.txt"},
        {"type": "apply_patch_call_output", "call_id": "c", "status": "failed", "output": "no"},
        {"type": "apply_patch_call_output", "call_id": "d", "status": "completed",
         "output": "deleted"},
        {"type": "function_call_output", "call_id": "r", "output": "ok"},
    ]  # fmt: skip


async def test_without_it_the_tool_is_a_function(
    server: Loopback, open_api: Callable[..., AnyModel]
) -> None:
    server.replies = [Reply([r_start(), *r_text("Done."), *r_end()])]
    assert [e async for e in open_api(RESPONSES).stream(ask())]
    assert server.requests[0].body["tools"][0]["type"] == "function"


async def test_a_broken_item_is_a_call_that_fails(
    server: Loopback, open_api: Callable[..., AnyModel]
) -> None:
    broken = {"id": "x", "type": "apply_patch_call", "call_id": "x", "operation": "nonsense"}
    server.replies = [Reply([r_start(), *r_item(broken), *r_end()])]
    events = [e async for e in open_api(RESPONSES, native_patch=True).stream(ask())]
    done = events[-1]
    assert isinstance(done, Done)
    patch = json.loads(done.message.calls[0].arguments)["patch"]
    try:
        assert not Formats().apply(patch, {}.get).applies
    except ValueError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("name", "has"),
    [
        ("openai:gpt-5.3-codex", True),
        ("openai:gpt-5.1", True),
        ("openai:gpt-6.1-sol", True),
        ("openai:gpt-5", False),
        ("openai:gpt-4.1", False),
        ("gateway:gpt-5.3-codex", False),
        ("openai:o3", False),
    ],
)
def test_which_models_have_it(name: str, has: bool) -> None:
    provider, _, model = name.partition(":")
    assert has_native_patch(ModelRef(provider=provider, model=model)) is has
