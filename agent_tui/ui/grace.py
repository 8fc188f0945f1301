"""The moment after a gate has appeared: what is typed then was meant for something else."""

import time
from collections.abc import Callable

MAX_DEAF_S = 2.0
"""Keys are not dead for longer than this, however fast the person types."""


class Grace:
    """Says for how long keys that decide are dead.

    Args:
        seconds: How long they are dead when a gate appears, and after each key meanwhile.
        later: Called with the seconds after which they may be alive again.
        monotonic: A clock that never goes back, in seconds.
    """

    def __init__(
        self,
        seconds: float,
        later: Callable[[float], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._later = later
        self._monotonic = monotonic
        self._gate = ""
        self._opened_at = 0.0
        self._until = 0.0

    def deaf(self, gate: str) -> bool:
        """Whether keys are dead at a gate, by its id."""
        now = self._monotonic()
        if gate != self._gate:
            self._gate = gate
            self._opened_at = now
            self._listen_at(now + self._seconds)
        return now < self._until

    def typed(self) -> None:
        """A key came while keys were dead: the person is still typing."""
        self._listen_at(self._monotonic() + self._seconds)

    def _listen_at(self, when: float) -> None:
        self._until = min(when, self._opened_at + max(MAX_DEAF_S, self._seconds))
        delay = self._until - self._monotonic()
        if delay > 0:
            self._later(delay)
