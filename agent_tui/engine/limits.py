"""Limits on attempts, money and time, checked before a model is called."""

from dataclasses import dataclass

from agent_tui.domain.base import Role
from agent_tui.domain.events import Limits
from agent_tui.domain.state import State
from agent_tui.domain.usage import Cost, Usage


class LimitReached(Exception):
    """A limit forbids to go on; the text says which, and what was used."""


def effective_limits(state: State) -> Limits:
    """The limits in force: each approval at a limit gate grants the same amount once more."""
    limits = state.session.limits if state.session else Limits()
    times = 1 + state.extra
    return Limits(
        iterations=None if limits.iterations is None else limits.iterations + state.extra,
        dollars=None if limits.dollars is None else limits.dollars * times,
        minutes=None if limits.minutes is None else limits.minutes * times,
    )


def check_limits(state: State) -> None:
    """Check money and time.

    Raises:
        LimitReached: If one is used up.
    """
    limits = effective_limits(state)
    if limits.dollars is not None and float(state.cost.priced) >= limits.dollars:
        raise LimitReached(
            f"The session has cost ${state.cost.priced:.2f}; its limit is ${limits.dollars:.2f}."
        )
    if limits.minutes is not None and state.work_s >= limits.minutes * 60:
        raise LimitReached(
            f"The session has worked for {state.work_s / 60:.1f} minutes; "
            f"its limit is {limits.minutes:g}."
        )


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a call will use, as far as it can be known before.

    Attributes:
        input_tokens: Counted or estimated.
        cached_tokens: The part of them that will be read from the provider's cache.
    """

    input_tokens: int
    cached_tokens: int = 0

    def usage(self, state: State, role: Role, most: int) -> Usage:
        """The tokens, with as many coming out as in the longest answer that the role has given."""
        longest = [step.longest for step in state.steps if step.role == role and step.longest]
        return Usage(
            input_tokens=self.input_tokens,
            cache_read_tokens=self.cached_tokens,
            output_tokens=min(most, max(longest, default=FIRST_ANSWER)),
        )


FIRST_ANSWER = 2_000
"""Tokens that are assumed to come out of a role's first call."""


def check_forecast(state: State, usage: Usage, cost: Cost) -> None:
    """Check that a call will not cost more than is left.

    Args:
        cost: What the call is forecast to cost; nothing is known of an unpriced one.

    Raises:
        LimitReached: If it would.
    """
    limit = effective_limits(state).dollars
    if limit is None or not cost.priced or float(state.cost.priced + cost.priced) <= limit:
        return
    raise LimitReached(
        f"The next call is forecast at ${cost.priced:.2f} (about {usage.input_tokens:,} tokens "
        f"in, {usage.output_tokens:,} out); of ${limit:.2f}, ${state.cost.priced:.2f} are spent."
    )


def check_iterations(state: State) -> None:
    """Check that the coder may begin one more attempt.

    Raises:
        LimitReached: If all attempts are used up.
    """
    check_limits(state)
    limit = effective_limits(state).iterations
    if limit is not None and state.attempt >= limit:
        raise LimitReached(f"{state.attempt} attempts were made; the limit is {limit}.")
