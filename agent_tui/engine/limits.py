"""Limits on attempts, money and time, checked before a model is called."""

from agent_tui.domain.events import Limits
from agent_tui.domain.state import State


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


def check_iterations(state: State) -> None:
    """Check that the coder may begin one more attempt.

    Raises:
        LimitReached: If all attempts are used up.
    """
    check_limits(state)
    limit = effective_limits(state).iterations
    if limit is not None and state.attempt >= limit:
        raise LimitReached(f"{state.attempt} attempts were made; the limit is {limit}.")
