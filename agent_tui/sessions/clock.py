"""The clock that the product uses; tests bring their own."""

import time
from datetime import UTC, datetime


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """The time of day, in UTC, aware."""
        return datetime.now(UTC)

    def monotonic_ns(self) -> int:
        """Nanoseconds of a clock that only goes forward."""
        return time.monotonic_ns()
