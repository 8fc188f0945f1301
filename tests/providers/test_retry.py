"""Retries: which, how often, how long, and how a wait ends early."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from anyio.lowlevel import checkpoint

from agent_tui.domain.base import ModelRef
from agent_tui.domain.turn import (
    Done,
    Message,
    ModelError,
    ModelErrorKind,
    ModelEvent,
    ModelRequest,
    Retrying,
    TextDelta,
    Trying,
)
from agent_tui.providers.retry import RETRIED, RetryingModel, RetryPolicy

pytestmark = pytest.mark.anyio

ASK = ModelRequest(role="coder", system="s", messages=(Message(role="user", text="Go."),))
DONE = Done(stop="end", message=Message(role="assistant", text="Yes"))
POLICY = RetryPolicy(attempts=3, base_s=1.0, cap_s=60.0)


class Failing:
    """A model that fails as told, each time after it said half of something."""

    ref = ModelRef(provider="p", model="m")

    def __init__(self, failures: Sequence[ModelError]) -> None:
        self.failures = list(failures)
        self.attempts = 0
        self.closed = 0

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        self.attempts += 1
        try:
            yield TextDelta("Half")
            if self.failures:
                raise self.failures.pop(0)
            yield DONE
        finally:
            self.closed += 1


class Sleeper:
    """Notes the waits; a blocked one goes on until it is cancelled."""

    def __init__(self, *, blocked: bool = False) -> None:
        self.waits: list[float] = []
        self.blocked = blocked
        self.asleep = asyncio.Event()
        self.cancelled = False

    async def __call__(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.asleep.set()
        if self.blocked:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled = True
                raise


def failed(kind: ModelErrorKind, after: float | None = None) -> ModelError:
    return ModelError(kind, "It failed.", after)


def retrying(model: Failing, sleep: Sleeper, policy: RetryPolicy = POLICY) -> RetryingModel:
    return RetryingModel(model, policy, sleep=sleep, chance=lambda: 1.0)


async def collect(model: RetryingModel) -> list[ModelEvent]:
    return [event async for event in model.stream(ASK)]


async def test_a_passing_failure_is_waited_out() -> None:
    model, sleep = Failing([failed("overloaded"), failed("connection")]), Sleeper()
    assert await collect(retrying(model, sleep)) == [
        TextDelta("Half"),
        Retrying("overloaded", "It failed.", attempt=2, wait_s=1.0, attempts=3),
        Trying(2),
        TextDelta("Half"),
        Retrying("connection", "It failed.", attempt=3, wait_s=2.0, attempts=3),
        Trying(3),
        TextDelta("Half"),
        DONE,
    ]
    assert sleep.waits == [1.0, 2.0]
    assert model.closed == model.attempts == 3


@pytest.mark.parametrize("kind", sorted(RETRIED))
async def test_attempts_are_bounded(kind: ModelErrorKind) -> None:
    model = Failing([failed(kind) for _ in range(9)])
    with pytest.raises(ModelError, match="tried 3 times") as caught:
        await collect(retrying(model, Sleeper()))
    assert caught.value.kind == kind
    assert model.attempts == 3


@pytest.mark.parametrize(
    "kind", ["auth", "billing", "bad_request", "not_found", "refused", "bad_answer", "exhausted"]
)
async def test_what_would_fail_again_is_not_tried_again(kind: ModelErrorKind) -> None:
    model, sleep = Failing([failed(kind)]), Sleeper()
    with pytest.raises(ModelError, match=r"^It failed\.$") as caught:
        await collect(retrying(model, sleep))
    assert caught.value.kind == kind
    assert (model.attempts, sleep.waits) == (1, [])


async def test_the_server_says_how_long() -> None:
    model, sleep = Failing([failed("rate_limit", 30.0), failed("rate_limit", 0.0)]), Sleeper()
    await collect(retrying(model, sleep))
    assert sleep.waits == [30.0, 2.0], "never sooner than our own wait"


async def test_more_than_the_cap_is_not_waited() -> None:
    model, sleep = Failing([failed("rate_limit", 300.0)]), Sleeper()
    with pytest.raises(ModelError, match="wait 300 seconds, and more than 60") as caught:
        await collect(retrying(model, sleep))
    assert (caught.value.kind, caught.value.retry_after_s) == ("rate_limit", 300.0)
    assert (model.attempts, sleep.waits) == (1, [])


def test_waits_grow_to_the_cap_and_are_spread() -> None:
    policy = RetryPolicy(attempts=9, base_s=1.0, cap_s=5.0)
    assert [policy.wait_s(n, None, 1.0) for n in range(2, 7)] == [1.0, 2.0, 4.0, 5.0, 5.0]
    assert [policy.wait_s(n, None, 0.0) for n in range(2, 5)] == [0.5, 1.0, 2.0]


async def test_one_attempt_is_no_retry() -> None:
    model = Failing([failed("overloaded")])
    with pytest.raises(ModelError, match=r"^It failed\.$"):
        await collect(retrying(model, Sleeper(), RetryPolicy(attempts=1)))


async def test_a_wait_can_be_cut_short() -> None:
    model, sleep = Failing([failed("overloaded")]), Sleeper(blocked=True)
    outer = retrying(model, sleep)
    task = asyncio.ensure_future(collect(outer))
    await sleep.asleep.wait()
    outer.skip_wait()
    assert (await task)[-1] == DONE
    assert sleep.cancelled


async def test_a_wait_can_be_cut_short_before_it_began() -> None:
    outer = retrying(Failing([failed("overloaded")]), Sleeper(blocked=True))
    events = outer.stream(ASK)
    async for event in events:
        if isinstance(event, Retrying):
            outer.skip_wait()
            break
    assert [event async for event in events] == [Trying(2), TextDelta("Half"), DONE]


async def test_an_old_key_press_does_not_cut_a_later_wait_short() -> None:
    finished = False

    async def turns(seconds: float) -> None:
        nonlocal finished
        for _ in range(20):
            await checkpoint()
        finished = True

    outer = RetryingModel(Failing([failed("overloaded")]), POLICY, sleep=turns)
    outer.skip_wait()
    await collect(outer)
    assert finished


async def test_a_wait_can_be_cancelled() -> None:
    model, sleep = Failing([failed("overloaded")]), Sleeper(blocked=True)
    task = asyncio.ensure_future(collect(retrying(model, sleep)))
    await sleep.asleep.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sleep.cancelled
    assert model.attempts == 1


async def test_a_model_without_an_end_is_tried_again() -> None:
    class Endless(Failing):
        async def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
            self.attempts += 1
            yield TextDelta("Half")

    model = Endless([])
    with pytest.raises(ModelError) as caught:
        await collect(retrying(model, Sleeper()))
    assert (caught.value.kind, model.attempts) == ("truncated", 3)


async def test_a_broken_sleep_is_not_hidden() -> None:
    async def broken(seconds: float) -> None:
        raise RuntimeError("no clock")

    model = RetryingModel(Failing([failed("overloaded")]), POLICY, sleep=broken)
    with pytest.raises(RuntimeError, match="no clock"):
        await collect(model)
