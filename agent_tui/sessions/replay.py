"""A cursor over a session's records: the state after any of them, forwards and backwards."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Literal

from agent_tui.domain import events as e
from agent_tui.domain.fold import apply
from agent_tui.domain.state import State

Unit = Literal["record", "stop", "gate", "attempt"]

_BETWEEN_STOPS = (
    e.StepOutput,
    e.ModelAsked,
    e.ModelAnswered,
    e.ModelTried,
    e.ToolCalled,
    e.ToolReturned,
    e.LogRecovered,
    e.Unknown,
)


def fold(records: Iterable[e.Record], state: State | None = None) -> State:
    """The state after all *records*, starting from *state* or from nothing."""
    state = state or State()
    for record in records:
        state = apply(state, record)
    return state


class Replay:
    """Steps through records. A position is the number of records that have happened.

    Nothing here knows a clock, a file or the network. States are kept at intervals, so that any
    move folds at most ``interval`` records.

    Attributes:
        position: From 0 (before everything) to :attr:`length` (after everything).
    """

    def __init__(self, records: Sequence[e.Record], *, interval: int = 200) -> None:
        """Start before the first record.

        Args:
            interval: Records between two kept states.

        Raises:
            ValueError: If the interval is not positive.
        """
        if interval < 1:
            raise ValueError("the interval must be at least 1")
        self.records = tuple(records)
        self.position = 0
        self._interval = interval
        self._kept = [State()]  # the states at 0, interval, 2 * interval, …
        self._last = (0, State())
        self._places: dict[Unit, list[int]] = {
            "stop": [i for i, r in self._after() if not isinstance(r.event, _BETWEEN_STOPS)],
            "gate": [i for i, r in self._after() if isinstance(r.event, e.GateOpened)],
            "attempt": [
                i
                for i, r in self._after()
                if isinstance(r.event, e.AttemptProposed) and r.event.revision == 1
            ],
        }

    def _after(self) -> Iterable[tuple[int, e.Record]]:
        return enumerate(self.records, start=1)

    @property
    def length(self) -> int:
        """How many records there are."""
        return len(self.records)

    @property
    def state(self) -> State:
        """The state at the present position."""
        return self.state_at(self.position)

    @property
    def record(self) -> e.Record | None:
        """The last record that has happened, or None at the start."""
        return self.records[self.position - 1] if self.position else None

    def state_at(self, position: int) -> State:
        """The state after the first *position* records.

        Raises:
            ValueError: If there are not that many.
        """
        if not 0 <= position <= self.length:
            raise ValueError(f"there is no position {position} in {self.length} records")
        at, state = self._last
        kept = min(position // self._interval, len(self._kept) - 1)
        if at > position or kept * self._interval >= at:
            at, state = kept * self._interval, self._kept[kept]
        for index in range(at, position):
            state = apply(state, self.records[index])
            if (index + 1) == len(self._kept) * self._interval:
                self._kept.append(state)
        self._last = (position, state)
        return state

    def seek(self, position: int) -> State:
        """Go to a position; one outside of the session becomes its nearest end."""
        self.position = min(max(position, 0), self.length)
        return self.state

    def start(self) -> State:
        """Go before the first record."""
        return self.seek(0)

    def end(self) -> State:
        """Go after the last record."""
        return self.seek(self.length)

    def forward(self, unit: Unit = "record") -> State:
        """Go on to the next record, stop, gate or attempt; to the end when there is none."""
        return self.seek(self._next(unit))

    def back(self, unit: Unit = "record") -> State:
        """Go back to the record, stop, gate or attempt before; to the start when there is none."""
        return self.seek(self._previous(unit))

    def places(self, unit: Unit) -> tuple[int, ...]:
        """The positions right after each record, stop, gate or attempt."""
        if unit == "record":
            return tuple(range(1, self.length + 1))
        return tuple(self._places[unit])

    def _next(self, unit: Unit) -> int:
        if unit == "record":
            return self.position + 1
        places = self._places[unit]
        index = bisect_right(places, self.position)
        return places[index] if index < len(places) else self.length

    def _previous(self, unit: Unit) -> int:
        if unit == "record":
            return self.position - 1
        places = self._places[unit]
        index = bisect_left(places, self.position)
        return places[index - 1] if index else 0
