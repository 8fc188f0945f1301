"""Plan, code, fail, correct, pass, commit against a server that someone else wrote: aimock.

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
from live_session import FAIL, KEYS, PASS, REPORT, SPEC, Live, Person, options

from agent_tui.bootstrap.environment import open_environment
from agent_tui.bootstrap.starting import start_session
from agent_tui.domain import events as e

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
FIXED = PASS | {"updates": [{"finding": f"F{n}", "status": "fixed"} for n in (1, 2)]}
LOOK = "import sys; sys.exit('better' not in open('b.txt').read())"
CHECK = {"name": "look", "command": ["{python}", "-c", LOOK], "timeout_s": 60.0}


def tool(name: str, arguments: dict[str, Any], call: str) -> dict[str, Any]:
    return {"toolCalls": [{"name": name, "arguments": json.dumps(arguments), "id": call}]}


def fixtures(roles: dict[str, str]) -> list[dict[str, Any]]:
    """Answers in the order in which a role asks, whatever it says."""
    said: dict[str, list[dict[str, Any]]] = {
        "planner": [{"content": json.dumps(SPEC)}],
        "coder": [
            tool("write_file", {"path": "b.txt", "text": "worse\n"}, "w1"),
            tool("report", REPORT, "r1"),
            tool("write_file", {"path": "b.txt", "text": "better\n"}, "w2"),
            tool("report", REPORT, "r2"),
        ],
        "reviewer": [{"content": json.dumps(FAIL)}, {"content": json.dumps(FIXED)}],
    }
    return [
        {"match": {"model": roles[role], "sequenceIndex": n}, "response": reply, "chunkSize": 6}
        for role, replies in said.items()
        for n, reply in enumerate(replies)
    ]


@pytest.fixture
async def mock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)
    assert NODE is not None
    file = tmp_path / "fixtures.json"
    roles = {"planner": "plan", "coder": "code", "reviewer": "judge"}
    file.write_text(json.dumps({"fixtures": fixtures(roles)}))
    command = [str(CLI), "--port", "0", "--strict", "--fixtures", str(file)]
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


@pytest.mark.parametrize("house", ["mixed", "near"])
async def test_plan_code_fail_correct_pass_commit(mock: str, tmp_path: Path, house: str) -> None:
    """With Claude and GPT as they are meant, and with one chat server for all roles."""
    claude, gpt = ("claude", "gpt") if house == "mixed" else ("near", "near")
    settings = {
        "checks": [CHECK],
        "roles.planner.model": f"{claude}:plan",
        "roles.coder.model": f"{gpt}:code",
        "roles.reviewer.model": f"{claude}:judge",
    }
    env = await open_environment(options(tmp_path, mock, settings=settings))
    person = Person()
    live = Live(await start_session(env, "Make it better", person))
    finished = await live.finish(person)
    await live.session.close()
    assert finished.outcome == "committed", finished.detail
    assert (tmp_path / "repository/b.txt").read_text() == "better\n"
    kinds = [step.kind for step in live.session.state.steps]
    attempt = ["code", "check", "review"]
    assert kinds == ["plan", *attempt, *attempt, "commit"]
    checked = [event.results[0].ok for event in live.events(e.ChecksFinished)]
    assert checked == [False, True]
    called = [event.name for event in live.events(e.ToolCalled)]
    assert called == ["write_file", "report"] * 2
    pieces = [r.event for r in live.records if isinstance(r.event, e.StepOutput)]
    assert {piece.channel for piece in pieces} >= {"text", "arguments"}, "it was streamed"
    answered = live.events(e.ModelAnswered)
    assert all(event.latency.first_token_s is not None for event in answered)
    assert all(event.cost.unpriced_calls == 1 for event in answered), "a local server has no price"
