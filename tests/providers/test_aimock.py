"""The three adapters against a server that someone else wrote: npm ``@copilotkit/aimock``.

``AIMOCK_DIR`` names the folder where ``npm install @copilotkit/aimock@1.43.0`` was run.
"""

import asyncio
import json
import os
import re
import shutil
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from provider_frames import ANTHROPIC, CHAT, RESPONSES, AnyModel, Api

from agent_tui.domain.turn import (
    Done,
    Message,
    ModelError,
    ModelEvent,
    ModelRequest,
    Retrying,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolResult,
    ToolSpec,
)
from agent_tui.ports import Clock
from agent_tui.providers.openai_responses import ResponsesModel
from agent_tui.providers.retry import RetryingModel

NODE = shutil.which("node")
CLI = Path(os.environ.get("AIMOCK_DIR", "."), "node_modules/@copilotkit/aimock/dist/cli.js")
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(NODE is None, reason="Node is not installed"),
    pytest.mark.skipif(
        "AIMOCK_DIR" not in os.environ or not CLI.is_file(),
        reason="AIMOCK_DIR names no folder with @copilotkit/aimock",
    ),
]

TOOLS = (ToolSpec("read_file", "Reads.", {"type": "object", "properties": {}}),)
LONG = "one two three four five six seven eight nine ten eleven twelve"
CALL = {"name": "read_file", "arguments": '{"path": "a.py"}', "id": "call_1"}


def fault(message: str, status: int, **more: Any) -> dict[str, Any]:
    response = {"error": {"message": f"about {message}"}, "status": status, **more}
    return {"match": {"userMessage": message}, "response": response}


FIXTURES: list[dict[str, Any]] = [
    {"match": {"userMessage": "long"}, "response": {"content": LONG}, "chunkSize": 8},
    {
        "match": {"userMessage": "think"},
        "response": {"content": "So.", "reasoning": "Hm, let me see."},
    },
    {
        "match": {"userMessage": "read", "hasToolResult": False},
        "response": {"content": "I look.", "toolCalls": [CALL]},
    },
    {"match": {"userMessage": "read", "hasToolResult": True}, "response": {"content": "Done."}},
    {
        "match": {"userMessage": "cut"},
        "response": {"content": LONG},
        "chunkSize": 8,
        "truncateAfterChunks": 3,
    },
    {
        "match": {"userMessage": "once", "sequenceIndex": 0},
        "response": {"error": {"message": "Slow."}, "status": 429, "retryAfter": 2},
    },
    {"match": {"userMessage": "once", "sequenceIndex": 1}, "response": {"content": "Now."}},
    {"match": {"userMessage": "stop"}, "response": {"content": "and", "finishReason": "length"}},
    fault("unknown key", 401),
    fault("unknown model", 404),
    fault("too much", 429, retryAfter=300),
    fault("broken", 500),
    fault("crowded", 529),
]


@pytest.fixture
async def mock(tmp_path: Path) -> AsyncIterator[str]:
    """The server's address."""
    assert NODE is not None
    fixtures = tmp_path / "fixtures.json"
    fixtures.write_text(json.dumps({"fixtures": FIXTURES}))
    command = [str(CLI), "--port", "0", "--strict", "--fixtures", str(fixtures)]
    server = await asyncio.create_subprocess_exec(NODE, *command, stdout=PIPE, stderr=STDOUT)
    assert server.stdout is not None
    said = b""
    while not (found := re.search(rb"listening on (http://[\d.:]+)", said)):
        line = await server.stdout.readline()
        assert line, said.decode()
        said += line
    yield found[1].decode()
    server.terminate()
    await server.communicate()


@pytest.fixture(params=[ANTHROPIC, RESPONSES, CHAT], ids=lambda api: api.name)
async def model(request: pytest.FixtureRequest, mock: str, clock: Clock) -> AsyncIterator[AnyModel]:
    api: Api = request.param
    opened = api.open(mock, clock)
    yield opened
    await opened.close()


def ask(text: str, *more: Message, tools: tuple[ToolSpec, ...] = ()) -> ModelRequest:
    messages = (Message(role="user", text=text), *more)
    return ModelRequest(role="coder", system="You code.", messages=messages, tools=tools)


async def collect(model: AnyModel, request: ModelRequest) -> tuple[list[ModelEvent], Done]:
    *events, done = [event async for event in model.stream(request)]
    assert isinstance(done, Done)
    return events, done


async def test_text(model: AnyModel) -> None:
    events, done = await collect(model, ask("long"))
    deltas = [event.text for event in events if isinstance(event, TextDelta)]
    assert len(deltas) > 3
    assert "".join(deltas) == done.message.text == LONG
    assert done.stop == "end"
    assert done.latency.first_token_s is not None


async def test_thinking(model: AnyModel) -> None:
    events, done = await collect(model, ask("think"))
    thoughts = [event.text for event in events if isinstance(event, ThinkingDelta)]
    assert "".join(thoughts) == "Hm, let me see."
    assert done.message.text == "So."


async def test_a_call_and_its_result(model: AnyModel) -> None:
    events, done = await collect(model, ask("read", tools=TOOLS))
    (call,) = done.message.calls
    assert (done.stop, call.name, json.loads(call.arguments)) == (
        "tool_use",
        "read_file",
        {"path": "a.py"},
    )
    written = [event.text for event in events if isinstance(event, ToolCallDelta)]
    assert "".join(written) == call.arguments
    result = Message(role="tool", results=(ToolResult(call.id, "text"),))
    _, end = await collect(model, ask("read", done.message, result, tools=TOOLS))
    assert (end.stop, end.message.text) == ("end", "Done.")


async def test_the_token_limit(model: AnyModel) -> None:
    if isinstance(model, ResponsesModel):  # here it says "incomplete", and not why
        with pytest.raises(ModelError, match="incomplete") as caught:
            await collect(model, ask("stop"))
        assert caught.value.kind == "bad_answer"
        return
    _, done = await collect(model, ask("stop"))
    assert done.stop == "max_tokens"


async def test_a_stream_that_is_cut(model: AnyModel) -> None:
    with pytest.raises(ModelError) as caught:
        await collect(model, ask("cut"))
    assert caught.value.kind in ("connection", "truncated")


@pytest.mark.parametrize(
    ("said", "kind", "after"),
    [
        ("unknown key", "auth", None),
        ("unknown model", "not_found", None),
        ("too much", "rate_limit", 300.0),
        ("broken", "server", None),
        ("crowded", "overloaded", None),
    ],
)
async def test_faults(model: AnyModel, said: str, kind: str, after: float | None) -> None:
    with pytest.raises(ModelError) as caught:
        await collect(model, ask(said))
    assert (caught.value.kind, caught.value.retry_after_s) == (kind, after)


async def test_a_retry(model: AnyModel) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    retrying = RetryingModel(model, sleep=sleep)
    first, *_, done = [event async for event in retrying.stream(ask("once"))]
    assert isinstance(first, Retrying)
    assert isinstance(done, Done)
    assert (first.kind, done.message.text, waits) == ("rate_limit", "Now.", [2.0])
