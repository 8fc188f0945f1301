"""Where a screen's state comes from: a session that runs here, or a replay."""

import asyncio
from collections.abc import Callable

from agent_tui.bootstrap import LiveSession
from agent_tui.domain.base import BlobRef
from agent_tui.domain.events import GateDecided, GateOpened, Record
from agent_tui.domain.fold import apply
from agent_tui.domain.state import State
from agent_tui.headless import progress
from agent_tui.sessions.replay import Replay
from agent_tui.sessions.store import ReadSession


class LiveSource:
    """Folds the records of a running session as they reach the log.

    Attributes:
        changed: Called after each record.
    """

    live = True
    place = ""
    caption = ""

    def __init__(self, session: LiveSession) -> None:
        self._session = session
        self.changed: Callable[[], None] = lambda: None
        self.state = session.state
        session.subscribe(self._add)

    def _add(self, record: Record) -> None:
        if record.seq > self.state.seq:
            self.state = apply(self.state, record)
            self.changed()

    async def blob(self, ref: BlobRef) -> bytes:
        """A text that is stored beside the log."""
        return await asyncio.to_thread(self._session.blob, ref)

    def since_last(self) -> float:
        """Seconds since the last event."""
        last = self.state.last_at
        return (self._session.clock.now() - last).total_seconds() if last else 0.0


class ReplaySource:
    """Steps through a saved session. Nothing is written, run or asked."""

    live = False

    def __init__(self, saved: ReadSession) -> None:
        self._saved = saved
        self.replay = Replay(saved.records)
        self.replay.forward("gate")

    @property
    def state(self) -> State:
        """The state at the place of the replay."""
        return self.replay.state

    @property
    def place(self) -> str:
        """The place in words."""
        return f"REPLAY {self.replay.position}/{self.replay.length}"

    async def blob(self, ref: BlobRef) -> bytes:
        """A text that was stored beside the log."""
        return await asyncio.to_thread(self._saved.blob, ref)

    def since_last(self) -> float:
        """A replay has no clock."""
        return 0.0

    @property
    def caption(self) -> str:
        """What the last record says."""
        record = self.replay.record
        if record is None:
            return "the start of the session"
        words = progress(record, self.state).strip().replace("\n", " · ")
        if isinstance(record.event, GateOpened):
            words = f"{record.event.gate.kind} gate: waits for a decision"
        waited = ""
        if isinstance(record.event, GateDecided):
            waited = f" (after {record.event.waited_s:.1f} s)"
        return f"{record.event.type}  {words}{waited}"

    def next_pause(self, cap_s: float) -> float:
        """Seconds until the next record when playing, at most *cap_s*."""
        here, records = self.replay.position, self.replay.records
        if not 0 < here < len(records):
            return 0.0
        gap = (records[here].at - records[here - 1].at).total_seconds()
        if isinstance(records[here - 1].event, GateOpened):
            return cap_s
        return min(max(gap, 0.0), cap_s)
