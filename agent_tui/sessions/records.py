"""Records of a session as a replay needs them: by place, by type, and the state after each.

Two kinds: :class:`MemoryLog` holds its records; :class:`~agent_tui.sessions.indexed.IndexedLog`
reads them from the disk when they are looked at.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Protocol

from agent_tui.domain.events import Record, Unknown
from agent_tui.domain.fold import apply
from agent_tui.domain.state import State

INTERVAL = 200


class RecordLog(Protocol):
    """What a replay reads. A position is a number of records; a place counts from 0."""

    def __len__(self) -> int:
        """How many records there are, so far."""
        ...

    def __getitem__(self, place: int) -> Record:
        """One record."""
        ...

    def state_at(self, position: int) -> State:
        """The state after the first *position* records."""
        ...

    def find(
        self, types: frozenset[str], start: int, stop: int, *, others: bool = False
    ) -> Iterator[int]:
        """Places with records of those types, from *start* to before *stop*.

        Backwards if *stop* is less.

        Args:
            others: Those of all other types instead.
        """
        ...


def type_of(record: Record) -> str:
    """A record's type as it stands in the log."""
    event = record.event
    return event.original_type if isinstance(event, Unknown) else event.type


def fold(records: Iterable[Record], state: State | None = None) -> State:
    """The state after all *records*, starting from *state* or from nothing."""
    state = state or State()
    for record in records:
        state = apply(state, record)
    return state


class MemoryLog:
    """Records that are all in memory. States are kept at intervals."""

    def __init__(self, records: Iterable[Record], *, interval: int = INTERVAL) -> None:
        """Take them.

        Raises:
            ValueError: If the interval is not positive.
        """
        if interval < 1:
            raise ValueError("the interval must be at least 1")
        self._records = list(records)
        self._types = [type_of(record) for record in self._records]
        self._interval = interval
        self._kept = [State()]  # the states at 0, interval, 2 * interval, …
        self._last = (0, self._kept[0])

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, place: int) -> Record:
        return self._records[place]

    def state_at(self, position: int) -> State:
        """The state after the first *position* records."""
        at, state = self._last
        kept = min(position // self._interval, len(self._kept) - 1)
        if at > position or kept * self._interval >= at:
            at, state = kept * self._interval, self._kept[kept]
        for index in range(at, position):
            state = apply(state, self._records[index])
            if (index + 1) == len(self._kept) * self._interval:
                self._kept.append(state)
        self._last = (position, state)
        return state

    def find(
        self, types: frozenset[str], start: int, stop: int, *, others: bool = False
    ) -> Iterator[int]:
        """Places with records of those types (or of all others), in order or backwards."""
        step = 1 if start <= stop else -1
        return (p for p in range(start, stop, step) if (self._types[p] in types) is not others)


def place_at(log: RecordLog, when: float) -> int:
    """How many records were written up to a time (seconds since the epoch).

    Clocks jump; where the times of a log are not in order, it is one of the places that fit.
    """
    return bisect_right(range(len(log)), when, key=lambda place: log[place].at.timestamp())
