"""When the person was last at the keys, for all that is better done when nobody waits for one."""

from time import monotonic


class Presence:
    """A person at a keyboard and a mouse."""

    def __init__(self) -> None:
        self._touched_at = monotonic()

    def touched(self) -> None:
        """A key was pressed, or the mouse moved."""
        self._touched_at = monotonic()

    @property
    def paused_s(self) -> float:
        """Seconds since then."""
        return monotonic() - self._touched_at
