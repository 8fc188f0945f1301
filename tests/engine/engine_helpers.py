"""A session on a real repository, with models and a person that do what a test says."""

import asyncio
import json
import subprocess
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from agent_tui.domain import events as e
from agent_tui.domain.base import Actor, BlobRef, ModelRef, Role
from agent_tui.domain.checks import CheckCommand
from agent_tui.domain.decision import Answer, Gate, GateKind, GatePolicy
from agent_tui.domain.document import Document
from agent_tui.domain.state import State
from agent_tui.domain.turn import (
    Done,
    Message,
    ModelError,
    ModelEvent,
    ModelRequest,
    Retrying,
    StopReason,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallStarted,
)
from agent_tui.domain.usage import Cost, Latency, Usage
from agent_tui.engine.context import Context, unpriced
from agent_tui.engine.loop import Engine
from agent_tui.engine.recorder import Recorder
from agent_tui.workspace.checks import TreeChecks
from agent_tui.workspace.repository import open_repository
from agent_tui.workspace.worktree import GitWorkspace

SESSION = "20261122-153012-k3f9"
T = TypeVar("T")
Starter = Callable[..., Awaitable["Session"]]


class Repo:
    """A repository in a temporary folder, driven by git's own commands."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def git(self, *args: str) -> str:
        done = subprocess.run(
            ["git", *args], cwd=self.root, capture_output=True, check=False, text=True
        )
        assert done.returncode == 0, (args, done.stderr)
        return done.stdout.strip()

    def put(self, path: str, text: str, mode: int = 0o644) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(mode)

    def hook(self, name: str, script: str) -> None:
        self.put(f".git/hooks/{name}", f"#!/bin/sh\n{script}\n", 0o755)

    def commit(self, message: str = "base") -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def show(self, rev: str, path: str) -> str:
        return self.git("show", f"{rev}:{path}")

    def commits(self) -> int:
        """How many commits all branches hold."""
        return int(self.git("rev-list", "--count", "--branches"))

    def fsck(self) -> None:
        self.git("fsck", "--strict", "--no-dangling")


def make_repo(root: Path) -> Repo:
    repo = Repo(root)
    root.mkdir(parents=True)
    repo.git("init", "-q", "-b", "main")
    repo.git("config", "user.name", "Ada Example")
    repo.git("config", "user.email", "ada@example.com")
    repo.put("a.txt", "".join(f"line {n}\n" for n in range(1, 31)))
    repo.put("b.txt", "good\n")
    repo.commit()
    return repo


class StepClock:
    """Goes on by a millisecond with every look at it."""

    def __init__(self) -> None:
        self.ticks = 0

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 15, 30, 12, tzinfo=UTC) + timedelta(milliseconds=self.ticks)

    def monotonic_ns(self) -> int:
        self.ticks += 1
        return self.ticks * 1_000_000


class CountingIds:
    def __init__(self) -> None:
        self.count = 0

    def new(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}-{self.count}"


class MemorySink:
    """A log in memory."""

    def __init__(self, clock: StepClock) -> None:
        self.records: list[e.Record] = []
        self.blobs: dict[str, bytes] = {}
        self.on_record: Callable[[e.Record], None] = lambda record: None
        self._clock = clock

    async def append(self, event: e.Event, actor: Actor, *, durable: bool = True) -> e.Record:
        at = self._clock.now()
        record = e.Record(seq=len(self.records), at=at, actor=actor, event=event)
        self.records.append(record)
        self.on_record(record)
        return record

    async def put_blob(self, data: bytes) -> BlobRef:
        digest = sha256(data).hexdigest()
        self.blobs[digest] = data
        return BlobRef(digest=digest, size=len(data))


# -- what models say ------------------------------


@dataclass
class Say:
    """One answer of a model: streamed as it is, then ended."""

    text: str = ""
    thinking: str = ""
    calls: tuple[ToolCall, ...] = ()
    stop: StopReason | None = None
    usage: Usage = field(default_factory=lambda: Usage(input_tokens=10, output_tokens=5))
    before: tuple[ModelEvent, ...] = ()


class Hang:
    """Streams a little and then never ends."""


class Truncate:
    """Ends without an end."""


Turn = Say | Hang | Truncate | ModelError
_numbers = iter(range(10**9))


def call(name: str, arguments: Mapping[str, Any] | str) -> ToolCall:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return ToolCall(f"call-{next(_numbers)}", name, text)


def tools(*calls: tuple[str, Mapping[str, Any] | str], text: str = "") -> Say:
    return Say(text=text, calls=tuple(call(name, arguments) for name, arguments in calls))


def spec(title: str = "Do it", *criteria: str, **fields: Any) -> Say:
    items = [{"text": text} for text in criteria or ("it is done", "it is tested")]
    return Say(json.dumps({"title": title, "summary": "S.", "criteria": items, **fields}))


def review(outcome: str = "pass", **fields: Any) -> Say:
    return Say(json.dumps({"outcome": outcome, "summary": f"It is a {outcome}.", **fields}))


def write(files: Mapping[str, str], **report: Any) -> list[Turn]:
    """An attempt of the coder: write these files, then report."""
    report = {"summary": "did it", "commit_message": "Do it\n\nBecause.", **report}
    return [
        tools(*(("write_file", {"path": p, "text": t}) for p, t in files.items())),
        tools(("report", report)),
    ]


class FakeModel:
    """A model that says what it was told to say, and keeps what it was asked."""

    def __init__(self, role: Role, turns: Sequence[Turn]) -> None:
        self.ref = ModelRef(provider="fake", model=role)
        self.turns = deque(turns)
        self.requests: list[ModelRequest] = []
        self.hanging = asyncio.Event()

    @property
    def openings(self) -> list[str]:
        """The first message of each conversation, in order."""
        return [r.messages[0].text for r in self.requests if len(r.messages) == 1]

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        self.requests.append(request)
        if not self.turns:
            raise AssertionError(f"the {request.role} was asked once too often")
        turn = self.turns.popleft()
        if isinstance(turn, ModelError):
            yield TextDelta("half an ")
            raise turn
        if isinstance(turn, Truncate):
            yield TextDelta("half an ")
            return
        if isinstance(turn, Hang):
            yield TextDelta("half an ")
            self.hanging.set()
            await asyncio.get_running_loop().create_future()
            return
        for event in turn.before:
            yield event
        if turn.thinking:
            yield ThinkingDelta(turn.thinking)
        for word in turn.text.split(" "):
            yield TextDelta(word + " ")
        for made in turn.calls:
            yield ToolCallStarted(made.id, made.name)
            yield ToolCallDelta(made.id, made.arguments)
        yield Done(
            stop=turn.stop or ("tool_use" if turn.calls else "end"),
            message=Message(role="assistant", text=turn.text, calls=turn.calls),
            usage=turn.usage,
            latency=Latency(first_token_s=0.5, total_s=1.0),
        )


# -- what the person says ------------------------------

Reply = Answer | Callable[[State], Answer]


class Person:
    """Answers the gates in order; a gate of another kind than expected is a failure."""

    actor: Actor = "person"

    def __init__(self, *answers: tuple[GateKind, Reply]) -> None:
        self.answers = deque(answers)
        self.gates: list[Gate] = []
        self.waiting = asyncio.Event()

    async def answer(self, gate: Gate, state: State) -> Answer:
        self.gates.append(gate)
        if not self.answers:
            self.waiting.set()
            await asyncio.get_running_loop().create_future()
        kind, reply = self.answers.popleft()
        assert gate.kind == kind, f"expected the {kind} gate, and there is: {gate}"
        return reply(state) if callable(reply) else reply


# -- the session ------------------------------


def priced(dollars: str) -> Callable[[ModelRef, Usage], Cost]:

    return lambda model, usage: Cost(priced=Decimal(dollars))


class Session:
    """A session and everything that a test wants to look at."""

    def __init__(
        self,
        repo: Repo,
        workspace: GitWorkspace,
        models: dict[Role, FakeModel],
        price: Callable[[ModelRef, Usage], Cost],
    ) -> None:
        self.repo = repo
        self.workspace = workspace
        self.models = models
        self.clock = StepClock()
        self.sink = MemorySink(self.clock)
        self.ctx = Context(
            recorder=Recorder(self.sink),
            workspace=workspace,
            checks=TreeChecks(workspace),
            models=models,  # type: ignore[arg-type]
            clock=self.clock,
            ids=CountingIds(),
            price=price,
        )

    @property
    def state(self) -> State:
        return self.ctx.state

    def events(self, kind: type[T]) -> list[T]:
        return [r.event for r in self.sink.records if isinstance(r.event, kind)]

    def decisions(self) -> list[tuple[str, str]]:
        return [(d.kind, d.choice) for d in self.events(e.GateDecided)]

    def engine(self, *answers: tuple[GateKind, Reply]) -> tuple[Engine, Person]:
        person = Person(*answers)
        return Engine(self.ctx, person), person

    async def until_waiting(self, *answers: tuple[GateKind, Reply]) -> Person:
        """Go on until all answers are given and another gate waits; then stop there."""
        engine, person = self.engine(*answers)
        task = asyncio.ensure_future(engine.run())
        waiting = asyncio.ensure_future(person.waiting.wait())
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if task.done():
            raise AssertionError(f"no gate waited: {task.result()}")
        task.cancel()
        await asyncio.gather(task, waiting, return_exceptions=True)
        return person

    async def run(self, *answers: tuple[GateKind, Reply]) -> e.SessionFinished:
        """Run to the end; every answer must have been asked for, and no other."""
        engine, person = self.engine(*answers)
        task = asyncio.ensure_future(engine.run())
        waiting = asyncio.ensure_future(person.waiting.wait())
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise AssertionError(f"a gate waits that was not expected: {person.gates[-1]}")
        finished = task.result()
        assert not person.answers, f"never asked for: {person.answers}"
        assert not any(step.running for step in self.state.steps)
        return finished


async def start(
    repo: Repo,
    worktrees: Path,
    *,
    planner: Sequence[Turn] = (),
    coder: Sequence[Turn] = (),
    reviewer: Sequence[Turn] = (),
    limits: e.Limits | None = None,
    gates: dict[GateKind, GatePolicy] | None = None,
    checks: Sequence[CheckCommand] = (),
    deploy: tuple[str, ...] = (),
    price: Callable[[ModelRef, Usage], Cost] = unpriced,
    request: str = "Please do it",
    session: str = SESSION,
    document: Document | None = None,
) -> Session:
    facts = await open_repository(repo.root)
    workspace = await GitWorkspace.create(facts, session, worktrees, hooks="run")
    turns: dict[Role, Sequence[Turn]] = {
        "planner": planner,
        "coder": coder,
        "reviewer": reviewer,
    }
    models: dict[Role, FakeModel] = {role: FakeModel(role, said) for role, said in turns.items()}
    made = Session(repo, workspace, models, price)
    await made.ctx.recorder.append(
        e.SessionStarted(
            session=session,
            request=request,
            repo=facts,
            roles={role: model.ref for role, model in models.items()},
            limits=limits or e.Limits(),
            gates=gates or {},
            checks=tuple(checks),
            deploy=deploy,
            document=document,
        ),
        "person",
    )
    return made


RETRY = Retrying(kind="overloaded", message="Busy.", attempt=2, wait_s=1.0)
