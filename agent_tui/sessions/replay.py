"""A cursor over a session's records: the state after any of them, forwards and backwards."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from agent_tui.domain import events as e
from agent_tui.domain.state import State
from agent_tui.sessions.records import INTERVAL, MemoryLog, RecordLog, fold, place_at

__all__ = ["Replay", "Unit", "fold"]

Unit = Literal[
    "record", "stop", "gate", "attempt", "rejection", "failing check", "finding", "commit"
]
UNITS: tuple[Unit, ...] = get_args(Unit)


def _types(*classes: type[e.Event]) -> frozenset[str]:
    return frozenset(str(cls.model_fields["type"].default) for cls in classes)


@dataclass(frozen=True, slots=True)
class _Places:
    """Which records are the places of a unit: by type, and then by what is in them.

    Attributes:
        others: All types but those.
    """

    types: frozenset[str]
    others: bool = False
    fits: Callable[[e.Record], bool] = lambda record: True


def _first_revision(record: e.Record) -> bool:
    return isinstance(record.event, e.AttemptProposed) and record.event.revision == 1


def _rejected(record: e.Record) -> bool:
    return isinstance(record.event, e.GateDecided) and record.event.choice in ("reject", "stop")


def _failed(record: e.Record) -> bool:
    event = record.event
    return isinstance(event, e.ChecksFinished) and not all(result.ok for result in event.results)


def _found(record: e.Record) -> bool:
    event = record.event
    return isinstance(event, e.FindingAdded) or (
        isinstance(event, e.VerdictProposed) and bool(event.verdict.findings)
    )


_PLACES: dict[Unit, _Places] = {
    "record": _Places(frozenset(), others=True),
    "stop": _Places(
        _types(
            e.StepOutput,
            e.ModelAsked,
            e.ModelAnswered,
            e.ModelTried,
            e.ToolCalled,
            e.ToolReturned,
            e.DraftSaved,
            e.LogRecovered,
        ),
        others=True,
        fits=lambda record: not isinstance(record.event, e.Unknown),
    ),
    "gate": _Places(_types(e.GateOpened)),
    "attempt": _Places(_types(e.AttemptProposed), fits=_first_revision),
    "rejection": _Places(_types(e.GateDecided), fits=_rejected),
    "failing check": _Places(_types(e.ChecksFinished), fits=_failed),
    "finding": _Places(_types(e.VerdictProposed, e.FindingAdded), fits=_found),
    "commit": _Places(_types(e.CommitDone)),
}


class Replay:
    """Steps through records. A position is the number of records that have happened.

    Nothing here knows a clock or the network, and nothing is written.

    Attributes:
        log: The records. It may grow, if somebody writes the session meanwhile.
        position: From 0 (before everything) to :attr:`length` (after everything).
    """

    def __init__(
        self, records: Sequence[e.Record] | RecordLog, *, interval: int = INTERVAL
    ) -> None:
        """Start before the first record.

        Args:
            interval: Records between two kept states, where they are all in memory.

        Raises:
            ValueError: If the interval is not positive.
        """
        self.log: RecordLog = (
            MemoryLog(records, interval=interval) if isinstance(records, list | tuple) else records  # type: ignore[assignment]
        )
        self.position = 0

    @property
    def length(self) -> int:
        """How many records there are."""
        return len(self.log)

    @property
    def state(self) -> State:
        """The state at the present position."""
        return self.state_at(self.position)

    @property
    def record(self) -> e.Record | None:
        """The last record that has happened, or None at the start."""
        return self.log[self.position - 1] if self.position else None

    def state_at(self, position: int) -> State:
        """The state after the first *position* records.

        Raises:
            ValueError: If there are not that many.
        """
        if not 0 <= position <= self.length:
            raise ValueError(f"there is no position {position} in {self.length} records")
        return self.log.state_at(position)

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
        """Go on to the next place of a unit; to the end when there is none."""
        following = self.next(unit)
        return self.seek(self.length if following is None else following)

    def back(self, unit: Unit = "record") -> State:
        """Go back to the place of a unit before; to the start when there is none."""
        return self.seek(self.previous(unit) or 0)

    def next(self, unit: Unit) -> int | None:
        """The position right after the next record of a unit, or None."""
        return next(self._after(unit, self.position, self.length), None)

    def previous(self, unit: Unit) -> int | None:
        """The position right after the record of a unit before this one, or None."""
        return next(self._after(unit, self.position - 2, -1), None)

    def places(self, unit: Unit) -> tuple[int, ...]:
        """The positions right after each record of a unit."""
        return tuple(self._after(unit, 0, self.length))

    def at_time(self, when: float) -> int:
        """The position at a time, in seconds since the epoch."""
        return place_at(self.log, when)

    def _after(self, unit: Unit, start: int, stop: int) -> Iterator[int]:
        wanted = _PLACES[unit]
        if start < 0:
            return
        for place in self.log.find(wanted.types, start, stop, others=wanted.others):
            if unit == "record" or wanted.fits(self.log[place]):
                yield place + 1
