"""A store in a temporary folder with a clock that the test owns, and a session that says a lot."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from agent_tui.domain import events as e
from agent_tui.domain.base import Actor, BlobRef, ModelRef
from agent_tui.domain.decision import Gate
from agent_tui.domain.spec import Criterion, Spec
from agent_tui.domain.usage import Cost, Latency, Usage
from agent_tui.domain.verdict import Verdict
from agent_tui.sessions.redact import Redactor
from agent_tui.sessions.store import SessionStore


class StepClock:
    """A clock that goes on by one second with every look at it."""

    def __init__(self) -> None:
        self.ticks = 0

    def now(self) -> datetime:
        self.ticks += 1
        return datetime(2026, 11, 22, 15, 30, 12, tzinfo=UTC) + timedelta(seconds=self.ticks)

    def monotonic_ns(self) -> int:
        return self.ticks * 1_000_000_000


REPO = e.RepoFacts(
    root="/home/me/code/roman",
    name="roman",
    ref="refs/heads/main",
    commit="1" * 40,
    tree="2" * 40,
    dirty=1,
)
MODEL = ModelRef(provider="scripted", model="demo")
PATCH = BlobRef(digest="5" * 64, size=3)


def story() -> list[tuple[e.Event, Actor]]:
    """The events of a small session, from its start to a commit."""
    spec = Spec(title="Roman", summary="Parse", criteria=(Criterion(id="AC1", text="parses"),))
    answered = e.ModelAnswered(
        step="s1",
        stop="end",
        usage=Usage(input_tokens=10, output_tokens=5),
        cost=Cost(priced=Decimal("0.0125")),
        latency=Latency(total_s=1.5),
    )
    events: list[tuple[e.Event, Actor]] = [
        (
            e.SessionStarted(session="s", request="Parse roman numerals", repo=REPO, roles={}),
            "engine",
        ),
        (e.StepStarted(step="s1", kind="plan", role="planner", model=MODEL), "engine"),
        *(
            (e.StepOutput(step="s1", channel="text", text=f"word {i} "), "planner")
            for i in range(5)
        ),
        (answered, "planner"),
        (e.StepFinished(step="s1", outcome="done", wall_s=1.5), "engine"),
        (e.SpecProposed(version=1, spec=spec, author="planner"), "planner"),
        (e.GateOpened(gate=Gate(id="g1", kind="spec", question="Good?")), "engine"),
        (e.GateDecided(gate="g1", kind="spec", choice="approve", waited_s=3), "person"),
    ]
    for attempt in (1, 2):
        step, gate, tree = f"c{attempt}", f"d{attempt}", str(attempt) * 40
        events += [
            (e.StepStarted(step=step, kind="code", role="coder", attempt=attempt), "engine"),
            (e.StepOutput(step=step, channel="thinking", text="hm\u2028\u202e"), "coder"),
            (e.StepFinished(step=step, outcome="done", wall_s=2), "engine"),
            (
                e.AttemptProposed(attempt=attempt, tree=tree, base_tree="2" * 40, patch=PATCH),
                "coder",
            ),
            (e.GateOpened(gate=Gate(id=gate, kind="diff", question="Good?")), "engine"),
            (e.GateDecided(gate=gate, kind="diff", choice="approve", waited_s=1), "person"),
            (e.ChecksFinished(tree=tree, results=()), "checks"),
            (
                e.VerdictProposed(tree=tree, verdict=Verdict(outcome="pass", summary="fine")),
                "reviewer",
            ),
        ]
    events += [
        (e.MessageProposed(version=1, message="Parse roman numerals", author="coder"), "coder"),
        (
            e.CommitDone(commit="9" * 40, tree="2" * 40, ref="refs/heads/agent-tui/s"),
            "engine",
        ),
        (e.SessionFinished(outcome="committed"), "engine"),
    ]
    return events


@pytest.fixture
def clock() -> StepClock:
    return StepClock()


@pytest.fixture
def store(tmp_path: Path, clock: StepClock) -> SessionStore:
    return SessionStore(tmp_path / "sessions", clock=clock, redactor=Redactor({}))


@pytest.fixture
def records(clock: StepClock) -> list[e.Record]:
    """The story as records, without a log."""
    attempt = 0
    made = []
    for seq, (event, actor) in enumerate(story()):
        if isinstance(event, e.StepStarted | e.AttemptProposed) and event.attempt is not None:
            attempt = event.attempt
        made.append(e.Record(seq=seq, at=clock.now(), attempt=attempt, actor=actor, event=event))
    return made


@pytest.fixture
def events() -> list[tuple[e.Event, Actor]]:
    return story()


@pytest.fixture
def write_story(store: SessionStore) -> Callable[..., Awaitable[str]]:
    """Writes the story, or its beginning, into a new session and gives its id."""

    async def write(session_id: str | None = None, count: int | None = None) -> str:
        async with store.create(session_id) as log:
            for event, actor in story()[:count]:
                await log.append(event, actor, durable=not isinstance(event, e.StepOutput))
            return log.id

    return write
