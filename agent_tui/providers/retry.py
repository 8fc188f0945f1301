"""The one retry policy above all providers: bounded, capped, and seen by the person."""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeGuard, cast

from agent_tui.domain.base import ModelRef
from agent_tui.domain.turn import (
    Compacted,
    Done,
    ModelError,
    ModelErrorKind,
    ModelEvent,
    ModelRequest,
    Retrying,
    Trying,
)
from agent_tui.ports import Measures, Model

RETRIED: frozenset[ModelErrorKind] = frozenset(
    {"rate_limit", "overloaded", "server", "connection", "timeout", "truncated", "bad_stream"}
)
"""Failures that may be gone the next time. All others would fail again, or cost again."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, and how long to wait.

    Attributes:
        attempts: All attempts, the first one included.
        base_s: Seconds before the second attempt; doubled before each further one.
        cap_s: The longest wait. A server that asks for more is not waited for.
    """

    attempts: int = 5
    base_s: float = 1.0
    cap_s: float = 60.0

    def wait_s(self, attempt: int, asked_s: float | None, chance: float) -> float:
        """Seconds before an attempt: never less than the server asks for.

        Args:
            attempt: The number of the attempt that comes, from 2.
            asked_s: The server's Retry-After, at most ``cap_s``.
            chance: From 0 to 1; spreads the wait from a half to the whole of it, so that
                clients that failed together do not come back together.
        """
        whole = min(self.cap_s, self.base_s * 2.0 ** (attempt - 2))
        return max(whole * (1 + chance) / 2, asked_s or 0.0)


class RetryingModel:
    """A model whose passing failures are waited out.

    What an attempt streamed before it failed does not count; ``Retrying`` says so to the
    consumer. Tools are run after ``Done`` only, so an attempt can be made again at any point.
    """

    def __init__(
        self,
        model: Model,
        policy: RetryPolicy | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._model = model
        self._policy = policy or RetryPolicy()
        self._sleep = sleep
        self._chance = chance
        self._skip = asyncio.Event()

    @property
    def ref(self) -> ModelRef:
        """Provider and model."""
        return self._model.ref

    def skip_wait(self) -> None:
        """End the wait that is going on, if there is one: the next attempt is made at once."""
        self._skip.set()

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """See :class:`~agent_tui.ports.Model`."""
        attempt = 1
        while True:
            try:
                async with aclosing(cast(Any, self._model.stream(request))) as events:
                    async for event in events:
                        yield event
                        if isinstance(event, Done):
                            return
                raise ModelError("truncated", f"{self.ref} stopped without an end to its answer.")
            except ModelError as error:
                attempt += 1
                wait = self._wait_before(attempt, error)
                self._skip.clear()  # a key pressed once the wait is on the screen counts
                yield Retrying(error.kind, str(error), attempt, wait, self._policy.attempts)
            await self._wait(wait)
            yield Trying(attempt)

    def _wait_before(self, attempt: int, error: ModelError) -> float:
        """Seconds to wait.

        Raises:
            ModelError: If the call is not to be made again.
        """
        if error.kind not in RETRIED:
            raise error
        asked, cap = error.retry_after_s, self._policy.cap_s
        if attempt > self._policy.attempts:
            if self._policy.attempts == 1:
                raise error
            raise _given_up(error, f"It was tried {self._policy.attempts} times.")
        if asked is not None and asked > cap:
            raise _given_up(
                error,
                f"The server asks to wait {asked:.0f} seconds, and more than {cap:.0f} are not "
                "waited: try again later, or with another model.",
            )
        return self._policy.wait_s(attempt, asked, self._chance())

    async def _wait(self, seconds: float) -> None:
        sleeping = asyncio.ensure_future(self._sleep(seconds))
        skipped = asyncio.ensure_future(self._skip.wait())
        both = (sleeping, skipped)
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
        with contextlib.suppress(asyncio.CancelledError):
            sleeping.result()  # an exception of the injected sleep is not lost

    async def count_tokens(self, request: ModelRequest) -> int | None:
        """See :class:`~agent_tui.ports.Measures`. There is no second attempt: an estimate does."""
        return await self._model.count_tokens(request) if _measures(self._model) else None

    async def compact(self, request: ModelRequest) -> Compacted | None:
        """See :class:`~agent_tui.ports.Measures`. There is no second attempt: a summary does."""
        return await self._model.compact(request) if _measures(self._model) else None

    async def close(self) -> None:
        """Close the model's connections, if it has any."""
        close = getattr(self._model, "close", None)
        if close is not None:
            await close()


def _measures(model: Model) -> TypeGuard[Measures]:
    return isinstance(model, Measures)


def _given_up(error: ModelError, why: str) -> ModelError:
    return ModelError(error.kind, f"{error} {why}", error.retry_after_s)
