"""Where a screen's state comes from: a session that runs here, or a replay."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from agent_tui.bootstrap.live import LiveSession
from agent_tui.domain.base import BlobRef
from agent_tui.domain.events import GateOpened, Record
from agent_tui.domain.fold import apply
from agent_tui.domain.state import State
from agent_tui.sessions.replay import Replay
from agent_tui.sessions.saved import SavedSession
from agent_tui.ui.captions import caption_of


class Source(Protocol):
    """Where the state comes from: a running session or a replay."""

    @property
    def live(self) -> bool:
        """Whether decisions can be made."""
        ...

    @property
    def state(self) -> State:
        """The state to show."""
        ...

    @property
    def place(self) -> str:
        """The place of a replay in words, empty for a running session."""
        ...

    @property
    def caption(self) -> str:
        """What happened at this place of a replay, empty for a running session."""
        ...

    async def blob(self, ref: BlobRef) -> bytes:
        """A text that is stored beside the log."""
        ...

    async def file(self, tree: str, path: str) -> bytes | None:
        """A file of a tree, or None where it is not at hand."""
        ...

    def since_last(self) -> float:
        """Seconds since the last event, 0 for a replay."""
        ...


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

    async def file(self, tree: str, path: str) -> bytes | None:
        """A file of a tree of the repository."""
        return await self._session.read_at(tree, path)

    def since_last(self) -> float:
        """Seconds since the last event."""
        last = self.state.last_at
        return (self._session.clock.now() - last).total_seconds() if last else 0.0


SPEEDS = (0.5, 1.0, 2.0, 4.0, 8.0, 20.0)


class ReplaySource:
    """Steps through a saved session. Nothing is written, run or asked.

    Attributes:
        speed: How much faster than it happened it is played.
    """

    live = False

    def __init__(self, saved: SavedSession) -> None:
        self.saved = saved
        self.replay = Replay(saved.log)
        self.replay.forward("gate")
        self.speed = 1.0

    @property
    def state(self) -> State:
        """The state at the place of the replay."""
        return self.replay.state

    @property
    def place(self) -> str:
        """The place in words."""
        words = f"REPLAY {self.replay.position}/{self.replay.length}"
        if not self.saved.complete:
            return f"{words}… reading {self.saved.progress:.0%}"
        return f"{words} live" if self.saved.live else words

    async def blob(self, ref: BlobRef) -> bytes:
        """A text that was stored beside the log."""
        return await asyncio.to_thread(self.saved.blob, ref)

    async def file(self, tree: str, path: str) -> bytes | None:
        """A replay has no repository: only what is in the patch can be shown."""
        return None

    def since_last(self) -> float:
        """A replay has no clock."""
        return 0.0

    @property
    def caption(self) -> str:
        """What the last record says."""
        record = self.replay.record
        if record is None:
            return "the start of the session"
        return caption_of(record, self.state)

    def next_pause(self, cap_s: float) -> float:
        """Seconds until the next record when playing; *cap_s* is the most, at normal speed."""
        here, log = self.replay.position, self.replay.log
        if not 0 < here < len(log):
            return 0.0
        if isinstance(log[here - 1].event, GateOpened):
            return cap_s / self.speed
        gap = (log[here].at - log[here - 1].at).total_seconds()
        return min(max(gap, 0.0), cap_s) / self.speed
