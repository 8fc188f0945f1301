"""A log on the disk whose records are read when they are looked at.

The index and the states at intervals are made once, a piece at a time and behind the screen, and
kept in a file beside the log that can be removed at any time.
"""

import os
import threading
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload

from agent_tui.domain import events as e
from agent_tui.domain.fold import apply
from agent_tui.domain.output import Output, Pieces, piece_of
from agent_tui.domain.replacing import replace
from agent_tui.domain.state import State, Step
from agent_tui.sessions import codec
from agent_tui.sessions.files import LogError, open_regular, reason
from agent_tui.sessions.index import (
    TELLING_TYPES,
    IndexBuilder,
    LogIndex,
    read_record,
)
from agent_tui.sessions.snapshots import KeptStates, Snapshots, without_output

INTERVAL = 32
"""Records that change more than a step's output, between two kept states."""

_READ = 1024
_READ_FIRST = 8  # who looks at an end often wants a piece or two
_RECENT = 4096
_ASKED, _RETRIED = "model.asked", "model.retried"
_TELLING = frozenset(TELLING_TYPES)
_PIECES = frozenset((*TELLING_TYPES, _RETRIED))
_HAVE_PIECES = (e.StepOutput, e.ToolCalled, e.ToolReturned, e.ModelRetried)


class IndexedLog:
    """The records of a log, by place.

    One thread may build (:meth:`build`) while another one reads what is there already.

    Attributes:
        index: Offsets and types.
        snapshots: States at intervals.
        complete: Whether all of the log was indexed when it was looked at last.
    """

    def __init__(self, path: Path) -> None:
        """Open a log.

        Raises:
            LogError: If it cannot be read.
        """
        self.path = path
        self.index = LogIndex()
        self.snapshots = Snapshots()
        self.complete = False
        self._fd = open_regular(path)
        self._file = os.fdopen(self._fd, "rb", closefd=False)
        self._building = threading.Lock()
        self._recent: OrderedDict[int, e.Record] = OrderedDict()
        self._bare: tuple[int, State] = (0, State())
        self._last: tuple[int, State] = (0, State())
        self._folded: State | None = State()
        self._since = 0
        self._count = 0
        self.builder = IndexBuilder(path, self.index, self._take)

    # -- building ----------------------------------------------------------------------------

    def build(self, records: int = 1) -> bool:
        """Index some more: at least *records* more, or up to the end of the log.

        Returns:
            Whether there is more to do.

        Raises:
            LogError: If the log cannot be read any more.
        """
        with self._building:
            goal = len(self.index) + records
            try:
                while len(self.index) < goal and self.builder.advance(self._file):
                    pass
                self.complete = len(self.index) < goal
            except OSError as error:
                raise LogError(f"cannot read {self.path}: {reason(error)}") from error
            finally:
                self._count = len(self.index)
        return not self.complete

    @property
    def progress(self) -> float:
        """How much of the log is indexed, from 0 to 1."""
        return self.builder.good_end / self.builder.size if self.builder.size else 1.0

    @property
    def problems(self) -> Sequence[str]:
        """What is damaged, as sentences."""
        return self.builder.problems

    def _take(self, place: int, line: bytes) -> None:
        if self._folded is None:
            self._folded = self._refold(place)
        self._folded = self._apply(self._folded, place, read_record(line, place))
        self._since += 1
        if self._since >= INTERVAL:
            self._since = 0
            self._folded = without_output(self._folded)
            self.snapshots.add(place + 1, self._folded)

    def adopt(self, index: LogIndex, positions: "array[int]", kept: KeptStates) -> None:
        """Take what was kept of an earlier indexing."""
        self.index = self.builder.index = index
        self.snapshots.restore(positions, kept)
        self._count = len(index)
        self._folded, self._since = None, 0

    def _refold(self, stop: int) -> State:
        """The state before a place, where indexing goes on after an earlier one."""
        at, state = self.snapshots.before(stop)
        for place in self.find(_TELLING, at, stop, others=True):
            state = self._apply(state, place, self[place])
            self._since += 1
        return state

    def _apply(self, state: State, place: int, record: e.Record) -> State:
        """The state after one more record, where what streamed before it was passed over."""
        if place and isinstance(record.event, e.SessionResumed):
            [(_, line)] = self.lines(place - 1, place)  # since when nobody had it open
            state = replace(state, last_at=read_record(line, place - 1).at)
        return apply(state, record)

    def bytes_at(self, start: int, stop: int) -> bytes:
        """Some bytes of the log; fewer at its end."""
        return os.pread(self._fd, max(0, stop - start), max(0, start))

    def __del__(self) -> None:
        # Screens and threads may still look at it when it is left, so there is no other end.
        if hasattr(self, "_fd"):
            os.close(self._fd)

    # -- reading -----------------------------------------------------------------------------

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> e.Record: ...
    @overload
    def __getitem__(self, place: slice) -> list[e.Record]: ...
    def __getitem__(self, place: int | slice) -> e.Record | list[e.Record]:
        if isinstance(place, slice):
            return [self[p] for p in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        place %= len(self)
        record = self._recent.get(place)
        if record is None:
            [(_, line)] = self.lines(place, place + 1)
            record = self._recent[place] = read_record(line, place)
            if len(self._recent) > _RECENT:
                self._recent.popitem(last=False)
        return record

    def lines(self, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
        """Places and lines of some records."""
        if start >= stop:
            return
        offsets = self.index.offsets
        first = offsets[start]
        last = offsets[stop] if stop < len(offsets) else self.builder.good_end
        data = self._pread(first, last)
        for place in range(start, stop):
            begin = offsets[place] - first
            # A line may hold two records, if the end of one is missing.
            end = offsets[place + 1] - first if place + 1 < stop else len(data)
            stop_at = data.find(b"\n", begin, end) + 1
            yield place, data[begin : stop_at or end]

    def _pread(self, first: int, last: int) -> bytes:
        try:
            data = os.pread(self._fd, last - first, first)
        except OSError as error:
            raise LogError(f"cannot read {self.path}: {reason(error)}") from error
        if len(data) != last - first:
            raise LogError(f"{self.path} became shorter while it was read; open it again")
        return data

    def find(
        self, types: frozenset[str], start: int, stop: int, *, others: bool = False
    ) -> Iterator[int]:
        """Places with records of those types (or of all others), in order or backwards."""
        return self.index.find(self.index.numbers(types, others=others), start, stop)

    # -- states ------------------------------------------------------------------------------

    def state_at(self, position: int) -> State:
        """The state after the first *position* records."""
        if position <= 0:
            return State()
        if self._last[0] == position:
            return self._last[1]
        at, state = self.snapshots.before(position)
        if at < self._bare[0] <= position:
            at, state = self._bare
        for place in self.find(_TELLING, at, position, others=True):
            state = self._apply(state, place, self[place])
        record = self[position - 1]
        state = without_output(replace(state, seq=record.seq, last_at=record.at))
        self._bare = (position, state)
        state = replace(state, steps=self._with_output(state.steps, position))
        self._last = (position, state)
        return state

    def _with_output(self, steps: tuple[Step, ...], position: int) -> tuple[Step, ...]:
        """The steps with what they streamed, which is read when somebody looks at it."""
        result = list(steps)
        coders = (n for n in range(len(steps) - 1, -1, -1) if steps[n].kind == "code")
        for index in {len(steps) - 1, next(coders, len(steps) - 1)} if steps else ():
            step = steps[index]
            later = (s.seq for s in steps[index + 1 :] if s.id == step.id)
            stop = min(position, self.place_of(next(later, None), position))
            result[index] = replace(step, output=LoggedPieces(self, step, stop))
        return tuple(result)

    def place_of(self, seq: int | None, default: int) -> int:
        """The place of the record with a number: the same, except in a log with damage."""
        if seq is None:
            return default
        if seq < len(self) and self[seq].seq == seq:
            return seq
        return bisect_left(range(len(self)), seq, key=lambda place: self[place].seq)


class LoggedPieces(Pieces):
    """What a step has streamed up to a position, read from the log when it is looked at."""

    __slots__ = ("_log", "_near", "_spans", "_step", "_stop")

    def __init__(self, log: IndexedLog, step: Step, stop: int) -> None:
        super().__init__()
        self._count = -1
        self._log = log
        self._step = step.id
        self._stop = stop
        self._spans = self._find_spans(log.place_of(step.seq, 0) + 1, stop)
        # The end as far as it was read, and what is left before it: people look ever further.
        self._near: tuple[list[Output], tuple[tuple[int, int], ...]] = ([], self._spans)

    def _find_spans(self, start: int, stop: int) -> tuple[tuple[int, int], ...]:
        """Ranges of places whose pieces count: a retry drops what came since the call began."""
        spans = [(start, stop)]
        mark = start
        for place in self._log.find(frozenset((_ASKED, _RETRIED)), start, stop):
            event = self._log[place].event
            if not isinstance(event, e.ModelAsked | e.ModelRetried) or event.step != self._step:
                continue
            if isinstance(event, e.ModelRetried):
                cut = [(a, min(b, mark)) for a, b in spans if a < mark]
                spans = [*cut, (place, stop)]
            mark = place + 1
        return tuple(spans)

    def _load(self) -> list[Output]:
        if self._count < 0:
            self._items = list(self._pieces(self._spans))
            self._count = len(self._items)
        return self._items

    def _pieces(self, spans: Sequence[tuple[int, int]]) -> Iterator[Output]:
        for start, stop in spans:
            for first in range(start, stop, _READ):
                last = min(stop, first + _READ)
                places = set(self._log.find(_PIECES, first, last))
                for place, line in self._log.lines(first, last) if places else ():
                    piece = self._piece(place, line) if place in places else None
                    if piece is not None:
                        yield piece

    def _piece(self, place: int, line: bytes) -> Output | None:
        said = codec.said(line)
        if said is not None:
            return said[1] if said[0] == self._step else None
        record = read_record(line, place)
        event = record.event
        if not isinstance(event, _HAVE_PIECES) or event.step != self._step:
            return None
        return piece_of(event, record.seq)

    def tail(self, count: int) -> Sequence[Output]:
        """The last *count* pieces at most; only those are read."""
        if self._count >= 0:
            return super().tail(count)
        found, left = self._near
        if len(found) < count:
            found, spans = list(found), list(left)
            size = count - len(found)
            while spans and len(found) < count:
                start, last = spans.pop()
                first = max(start, last - min(max(size, _READ_FIRST), _READ))
                if first > start:
                    spans.append((start, first))
                found[:0] = self._pieces([(first, last)])
                # Nearly all records of a step are pieces, so what is missing is near.
                size = 2 * (count - len(found)) if found else 2 * size
            self._near = found, tuple(spans)
        return found[max(0, len(found) - count) :]

    def plus(self, piece: Output) -> Pieces:
        """This sequence and one more piece."""
        self._load()
        return super().plus(piece)

    def __len__(self) -> int:
        return len(self._load())

    def __bool__(self) -> bool:
        return self._count > 0 if self._count >= 0 else bool(self.tail(1))

    def __iter__(self) -> Iterator[Output]:
        return iter(self._load())

    @overload
    def __getitem__(self, index: int) -> Output: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Output]: ...
    def __getitem__(self, index: int | slice) -> Output | Sequence[Output]:
        return self._load()[index]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LoggedPieces) and self._log is other._log:
            if self._step != other._step:
                return False
            if self._spans == other._spans:
                return True
            # Pieces have numbers, so their ends nearly always tell, and little is read for that.
            return self.tail(1) == other.tail(1) and list(self) == list(other)
        return super().__eq__(other)

    def __hash__(self) -> int:
        return hash((self._step, self._spans))
