"""A fault of a real server on the screen: the countdown, the gate, another model."""

import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from provider_frames import ANTHROPIC, CHAT
from provider_loopback import Loopback, Reply, json_reply

from agent_tui.ui.launch import Launch
from tests.ui.driver import Driver, drive

pytestmark = pytest.mark.anyio
SPEC = {"title": "Better", "summary": "Make it better.", "criteria": [{"text": "It is better"}]}


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Loopback]:
    monkeypatch.setenv("CLAUDE_KEY", "sk-ant-on-the-screen-000000")
    loopback = Loopback()
    await loopback.start()
    yield loopback
    await loopback.stop()


def launch(folder: Path, url: str) -> Launch:
    root = folder / "repository"
    root.mkdir()
    for words in (
        ["init", "-q", "-b", "main"],
        ["config", "user.name", "Ada Example"],
        ["config", "user.email", "ada@example.com"],
        ["commit", "-q", "--allow-empty", "-m", "base"],
    ):
        subprocess.run(["git", "-C", str(root), *words], check=True)
    settings = {
        "providers": {
            "claude": {"kind": "anthropic", "base_url": url, "key_env": "CLAUDE_KEY"},
            "near": {"kind": "chat", "base_url": f"{url}/v1"},
        },
        "roles.planner.model": "claude:opus",
        "roles.coder.model": "near:small",
        "roles.reviewer.model": "claude:opus",
    }
    return Launch(
        kind="run", folder=root, request="Make it better", settings=settings,
        sessions=folder / "sessions", grace_ms=0,
    )  # fmt: skip


def busy(after: str) -> Reply:
    return json_reply(529, {"error": {"type": "overloaded_error", "message": "Busy"}},
                      retry_after=after)  # fmt: skip


async def counting_down(person: Driver) -> None:
    await person.loaded()
    await person.until(lambda: "RETRY" in person.text, "the countdown")


async def test_a_wait_counts_down_and_is_cut_short(server: Loopback, tmp_path: Path) -> None:
    server.replies = [busy("50"), Reply(ANTHROPIC.answer(json.dumps(SPEC)))]
    async with drive(launch(tmp_path, server.url)) as person:
        await counting_down(person)
        assert "attempt 2 of 5" in person.text
        assert "claude:opus is overloaded (HTTP 529): Busy." in person.text
        assert "R retry now" in person.text
        assert "esc stop step" in person.text
        left = person.state.retry
        assert left is not None
        await person.until(lambda: "in 50s" not in person.text, "the next second")
        assert "RETRY" in person.text
        await person.press("R")
        await person.gate("spec")
        assert "RETRY" not in person.text
        await person.press("R")
        assert "no call waits for another attempt" in person.text


async def test_a_wait_is_stopped(server: Loopback, tmp_path: Path) -> None:
    server.replies = [busy("50")]
    async with drive(launch(tmp_path, server.url)) as person:
        await counting_down(person)
        await person.press("escape")
        await person.gate("fault")
        assert "You stopped this step" in person.text


async def test_another_model_at_the_gate(server: Loopback, tmp_path: Path) -> None:
    refused = json_reply(401, {"error": {"type": "x", "message": "No."}})
    server.replies = [refused, Reply(CHAT.answer(json.dumps(SPEC)))]
    async with drive(launch(tmp_path, server.url)) as person:
        await person.gate("fault")
        assert "refused the API key" in person.text
        assert "e other model" in person.text
        await person.press("e")
        await person.until(lambda: "Another model for the planner" in person.text, "the dialog")
        assert "near:small" in person.text
        await person.type("nowhere:x")
        await person.press("enter")
        await person.until(lambda: "There is no provider 'nowhere'" in person.text, "the reason")
        await person.press(*["backspace"] * 9)
        await person.type("near")
        await person.press("enter")
        await person.gate("spec")
        assert str(person.state.roles["planner"]) == "near:small"
        await person.press("t")
        await person.until(lambda: "Timeline" in person.text, "the timeline")
        assert "With near:small as the planner." in person.text
        assert "1 call" in person.text
        await person.press("escape")
