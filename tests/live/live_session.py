"""A whole session on the loopback: Messages for planner and reviewer, Responses for the coder."""

import asyncio
import json
import subprocess
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from provider_frames import (
    ANTHROPIC,
    CHAT,
    RESPONSES,
    Api,
    a_start,
    a_stop,
    a_tool,
    c_end,
    c_tool,
    r_end,
    r_start,
    r_tool,
)
from provider_loopback import Loopback, Reply

from agent_tui.bootstrap.environment import Options, open_environment
from agent_tui.bootstrap.live import LiveSession
from agent_tui.bootstrap.starting import resume_session, start_session
from agent_tui.domain import events as e
from agent_tui.domain.base import Actor
from agent_tui.domain.decision import Answer, Approve, Gate
from agent_tui.domain.state import State
from agent_tui.headless import record_line

KEYS = {
    "CLAUDE_KEY": "sk-ant-seeded-8f2c61d4a90b7e35",
    "GPT_KEY": "sk-proj-seeded-1b7d90c2e4f6a853",
    "NEAR_KEY": "near-seeded-key-55e0c7d1",
}
SPEC = {"title": "Better", "summary": "Make it better.", "criteria": [{"text": "b.txt is better"}]}
REPORT = {"summary": "did it", "commit_message": "Better"}
PASS = {"outcome": "pass", "summary": "Good.", "criteria": [{"criterion": "AC1", "status": "met"}]}
FAIL = {
    "outcome": "fail",
    "summary": "Not yet.",
    "findings": [{"severity": "major", "title": "Too bad", "path": "b.txt", "quote": "worse"}],
}


def says(api: Api, answer: object) -> Reply:
    """An answer in JSON."""
    return Reply(api.answer(json.dumps(answer)))


def calls(api: Api, name: str, arguments: object, call: str = "t1") -> Reply:
    """A call of a tool."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    frames = {
        "anthropic": [a_start(), *a_tool(0, call, name, text), *a_stop("tool_use")],
        "openai": [r_start(), *r_tool(call, name, text), *r_end()],
        "local": [c_tool(0, call, name, text), *c_end("tool_calls")],
    }
    return Reply(frames[api.name])


def writes(text: str, call: str = "w1", api: Api = RESPONSES) -> Reply:
    return calls(api, "write_file", {"path": "b.txt", "text": text}, call)


def reports(call: str = "r1", api: Api = RESPONSES) -> Reply:
    return calls(api, "report", REPORT, call)


def whole_loop() -> list[Reply]:
    """Every answer of a session that passes at once."""
    return [says(ANTHROPIC, SPEC), writes("better\n"), reports(), says(ANTHROPIC, PASS)]


def make_repository(root: Path) -> Path:
    def git(*words: str) -> None:
        subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True)

    root.mkdir(parents=True)
    git("init", "-q", "-b", "main")
    git("config", "user.name", "Ada Example")
    git("config", "user.email", "ada@example.com")
    (root / "b.txt").write_text("good\n")
    git("add", "-A")
    git("commit", "-q", "-m", "base")
    return root


def options(folder: Path, url: str, **more: Any) -> Options:
    root = folder / "repository"
    if not root.exists():
        make_repository(root)
    settings = {
        "providers": {
            "claude": {"kind": "anthropic", "base_url": url, "key_env": "CLAUDE_KEY"},
            "gpt": {"kind": "openai", "base_url": f"{url}/v1", "key_env": "GPT_KEY"},
            "near": {"kind": "chat", "base_url": f"{url}/v1", "key_env": "NEAR_KEY"},
        },
        "roles.planner.model": "claude:opus",
        "roles.coder.model": "gpt:codex",
        "roles.reviewer.model": "claude:opus",
        "commit.hooks": "refuse",
        **more.pop("settings", {}),
    }
    return Options(
        folder=root,
        settings=settings,
        sessions=folder / "sessions",
        worktrees=folder / "worktrees",
        own_settings=False,
        **more,
    )


class Person:
    """Approves; at limit and fault gates it gives the answers that it was told, in order."""

    actor: Actor = "person"

    def __init__(self, *answers: Answer | Callable[[State], Answer]) -> None:
        self.answers = deque(answers)
        self.gates: list[Gate] = []
        self.stuck = asyncio.Event()

    async def answer(self, gate: Gate, state: State) -> Answer:
        self.gates.append(gate)
        if gate.kind not in ("limit", "fault"):
            return Approve()
        if not self.answers:
            self.stuck.set()
            await asyncio.get_running_loop().create_future()
        answer = self.answers.popleft()
        return answer(state) if callable(answer) else answer

    @property
    def faults(self) -> list[str]:
        return [gate.question for gate in self.gates if gate.kind == "fault"]


class Live:
    """A session that runs, and what it has recorded."""

    def __init__(self, session: LiveSession) -> None:
        self.session = session
        self.records: list[e.Record] = []
        self.lines: list[str] = []
        session.subscribe(self._add)

    def _add(self, record: e.Record) -> None:
        self.records.append(record)
        self.lines.append(record_line(record))
        if isinstance(record.event, e.ModelRetried):
            asyncio.get_running_loop().call_soon(self._skip)

    def _skip(self) -> None:
        self.session.retry_now()  # nobody sits through a wait in a test

    def events(self, kind: type) -> list[Any]:
        return [r.event for r in self.records if isinstance(r.event, kind)]

    async def finish(self, person: Person) -> e.SessionFinished:
        """Run to the end; a gate for which the person was told nothing is a failure."""
        task = asyncio.ensure_future(self.session.run())
        stuck = asyncio.ensure_future(person.stuck.wait())
        await asyncio.wait({task, stuck}, return_when=asyncio.FIRST_COMPLETED)
        stuck.cancel()
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise AssertionError(f"a gate waits that was not expected: {person.gates[-1]}")
        return task.result()


async def begin(folder: Path, server: Loopback, person: Person | None, **more: Any) -> Live:
    env = await open_environment(options(folder, server.url, **more))
    return Live(await start_session(env, "Make it better", person))


async def resume(
    folder: Path, server: Loopback, session: str, person: Person | None, **more: Any
) -> Live:
    env = await open_environment(options(folder, server.url, **more))
    return Live(await resume_session(env, session, person))


__all__ = ["ANTHROPIC", "CHAT", "RESPONSES"]
