"""A conversation is made shorter before its window is full, and money is forecast before a call."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from engine_helpers import FakeModel, Say, Session, Starter, priced, review, spec, tools, write

from agent_tui.domain import events as e
from agent_tui.domain.base import ModelRef
from agent_tui.domain.decision import Approve, GateKind, Reject
from agent_tui.domain.turn import Compacted, Message, ModelError, ModelRequest
from agent_tui.domain.usage import Cost, Latency, Usage

pytestmark = pytest.mark.anyio
OK = Approve()
SPEC_OK: tuple[GateKind, Approve] = ("spec", OK)
ALL_OK: list[tuple[GateKind, Approve]] = [
    SPEC_OK,
    ("diff", OK),
    ("verdict", OK),
    ("message", OK),
]
WINDOW = 20_000
READ = ("read_file", {"path": "a.txt"})


class Measured(FakeModel):
    """A model whose provider counts and compacts as a test says."""

    counted: int | None = None
    own: Compacted | ModelError | None = None

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.counts = 0

    async def count_tokens(self, request: ModelRequest) -> int | None:
        self.counts += 1
        return self.counted

    async def compact(self, request: ModelRequest) -> Compacted | None:
        if isinstance(self.own, ModelError):
            raise self.own
        return self.own


def measured(session: Session, window: int | None = WINDOW) -> Measured:
    coder = session.models["coder"]
    coder.__class__ = Measured
    assert isinstance(coder, Measured)
    coder.counts = 0
    object.__setattr__(session.ctx, "window", lambda ref: window)
    return coder


def long_read(tokens: int) -> Say:
    said = tools(READ)
    return Say(calls=said.calls, usage=Usage(input_tokens=tokens, output_tokens=100))


async def started(starting: Starter, *coder: object, **more: object) -> Session:
    reviewer = [review()]
    return await starting(planner=[spec()], coder=list(coder), reviewer=reviewer, **more)


async def test_a_full_window_is_compacted_by_the_provider(starting: Starter) -> None:
    session = await started(starting, long_read(14_000), *write({"a.txt": "x\n"}))
    coder = measured(session)
    block = Message(role="assistant", replay="the provider's own")
    coder.own = Compacted(block, "so far", Usage(input_tokens=14_000, output_tokens=50), Latency())
    finished = await session.run(*ALL_OK)
    assert finished.outcome == "committed"
    (event,) = session.events(e.ContextCompacted)
    assert (event.method, event.window_tokens, event.summary) == ("provider", WINDOW, "so far")
    assert event.before_tokens > 14_000 > event.after_tokens
    after = coder.requests[1].messages
    assert after[0] == block
    assert coder.openings[0] in after[1].text, "the task is told again"
    assert session.state.usage.input_tokens >= 28_000, "what compacting used is counted"
    step = next(s for s in session.state.steps if s.kind == "code")
    assert step.compactions == 1


@pytest.mark.parametrize("own", [None, ModelError("bad_request", "No such parameter.")])
async def test_a_summary_where_the_provider_has_none(
    starting: Starter, own: ModelError | None
) -> None:
    notes = Say("I read a.txt; b.txt is left.")
    session = await started(starting, long_read(14_000), notes, *write({"a.txt": "x\n"}))
    coder = measured(session)
    coder.own = own
    finished = await session.run(*ALL_OK)
    assert finished.outcome == "committed"
    (event,) = session.events(e.ContextCompacted)
    assert (event.method, event.summary) == ("summary", notes.text)
    (told,) = coder.requests[2].messages
    assert notes.text in told.text
    assert coder.openings[0] in told.text


async def test_the_provider_counts_only_near_the_end_and_its_count_is_taken(
    starting: Starter,
) -> None:
    session = await started(starting, long_read(2_000), long_read(11_000), *write({"a.txt": "x\n"}))
    coder = measured(session)
    coder.counted = 5_000
    await session.run(*ALL_OK)
    assert coder.counts == 1, "only after the long call"
    assert not session.events(e.ContextCompacted)


async def test_a_window_that_nobody_knew_is_found_out_once(starting: Starter) -> None:
    full = ModelError("context", "The conversation is longer than the model can take.")
    session = await started(
        starting, long_read(500), full, Say("My notes."), *write({"a.txt": "x\n"})
    )
    measured(session, None)
    finished = await session.run(*ALL_OK)
    assert finished.outcome == "committed"
    (event,) = session.events(e.ContextCompacted)
    assert (event.method, event.window_tokens) == ("summary", 0)


async def test_a_window_that_stays_too_small_is_a_fault(starting: Starter) -> None:
    full = ModelError("context", "The conversation is longer than the model can take.")
    session = await started(starting, long_read(500), full, Say("My notes."), full)
    measured(session, None)
    person = await session.until_waiting(SPEC_OK)
    assert person.gates[-1].kind == "fault"
    assert len(session.events(e.ContextCompacted)) == 1


# -- money ------------------------------


def by_tokens(in_: str, out: str, cached: str = "0") -> Callable[[ModelRef, Usage], Cost]:
    def price(ref: ModelRef, usage: Usage) -> Cost:
        fresh = usage.input_tokens - usage.cache_read_tokens
        return Cost(
            priced=fresh * Decimal(in_)
            + usage.cache_read_tokens * Decimal(cached)
            + usage.output_tokens * Decimal(out)
        )

    return price


async def test_a_call_that_would_go_beyond_the_limit_is_not_made(starting: Starter) -> None:
    session = await started(
        starting,
        *write({"a.txt": "x\n"}),
        price=by_tokens("0", "0.001"),
        limits=e.Limits(dollars=1.0),
    )
    person = await session.until_waiting()
    assert person.gates[-1].kind == "limit"
    assert "forecast at $2.00" in person.gates[-1].question
    assert "2,000 out" in person.gates[-1].question
    assert "of $1.00, $0.00 are spent" in person.gates[-1].question
    assert not session.models["planner"].requests, "nothing was spent"
    person = await session.until_waiting(("limit", OK))
    assert person.gates[-1].kind == "spec", "2 dollars are enough"


async def test_history_and_cache_make_the_forecast(starting: Starter) -> None:
    usage = Usage(input_tokens=9_000, cache_write_tokens=8_000, output_tokens=40)
    first = tools(READ)
    session = await started(
        starting,
        Say(calls=first.calls, usage=usage),
        *write({"a.txt": "x\n"}),
        price=by_tokens("0.0001", "0.0001"),
        limits=e.Limits(dollars=1.8),
    )
    finished = await session.run(
        *ALL_OK,
    )
    assert finished.outcome == "committed", "9,000 tokens more would be too many: they are cached"


async def test_what_has_no_price_is_not_forecast(starting: Starter) -> None:
    session = await started(starting, *write({"a.txt": "x\n"}), limits=e.Limits(dollars=0.01))
    assert (await session.run(*ALL_OK)).outcome == "committed"


async def test_stopping_at_the_forecast_keeps_what_was_spent(starting: Starter) -> None:
    session = await started(
        starting, *write({"a.txt": "x\n"}), price=priced("0.30"), limits=e.Limits(dollars=0.5)
    )
    finished = await session.run(SPEC_OK, ("limit", Reject(reason="Enough.", stop=True)))
    assert finished.outcome == "limit"
    assert session.state.cost.priced == Decimal("0.30")
