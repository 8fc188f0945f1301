"""The times of an import: in order, also where the source has none, or has them in disorder."""

from datetime import datetime

from agent_tui.domain.base import Actor
from agent_tui.domain.events import Event
from agent_tui.sessions.importers.sink import Sink


class TimedSink:
    """Gives each event a time that is not before the one of the event before.

    Args:
        sink: Where the events go.
        fallback: The time for records before the first that has one.

    Attributes:
        known: Whether any record had a time.
        back: Records that had an earlier time than the one before.
    """

    def __init__(self, sink: Sink, fallback: datetime) -> None:
        self._sink = sink
        self._fallback = fallback
        self._last: datetime | None = None
        self._waiting: list[tuple[Event, Actor]] = []
        self.known = False
        self.back = 0

    def at(self, told: datetime | None) -> datetime:
        """The time of what the source tells now, with the time that it told."""
        if told is None:
            return self._last or self._fallback
        self.known = True
        return max(told, self._last) if self._last is not None else told

    def emit(self, event: Event, actor: Actor, told: datetime | None) -> datetime:
        """Send an event on; the time that it has got."""
        if told is None and self._last is None:
            # Records before the first that has a time happened no later than that one.
            self._waiting.append((event, actor))
            return self._fallback
        if told is not None and self._last is not None and told < self._last:
            self.back += 1
        self._last = now = self.at(told)
        waiting, self._waiting = self._waiting, []
        for earlier, by in waiting:
            self._sink.emit(earlier, by, now)
        self._sink.emit(event, actor, now)
        return now

    def end(self) -> None:
        """Nothing has a time any more that had none until now: such events get the fallback."""
        self._last = self._last or self._fallback
