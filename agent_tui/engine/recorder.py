"""Append, then fold: the one way in which the engine changes its state."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

from agent_tui.domain.base import Actor, BlobRef
from agent_tui.domain.events import Channel, Event, Record, StepOutput
from agent_tui.domain.fold import apply
from agent_tui.domain.state import State
from agent_tui.ports import EventSink

BATCH_S = 0.04
"""Stream output is written in batches of this many seconds: a frame or two on a screen."""


_UNFINISHED = re.compile(r"[!-~]{1,256}\Z")
"""A word at the end of what has come so far: more of it may follow."""


class Recorder:
    """Writes events to the log and keeps the state that follows from them."""

    def __init__(self, sink: EventSink, state: State | None = None) -> None:
        self._sink = sink
        self._order = asyncio.Lock()
        self.state = state or State()

    async def append(self, event: Event, actor: Actor, *, durable: bool = True) -> Record:
        """Write one event; the state has it when this returns."""
        writing = asyncio.ensure_future(self._append(event, actor, durable))
        try:
            return await asyncio.shield(writing)
        except asyncio.CancelledError:
            # What is being written will be in the log, so it has to be in the state as well.
            await asyncio.wait([writing])
            raise

    async def _append(self, event: Event, actor: Actor, durable: bool) -> Record:
        async with self._order:
            record = await self._sink.append(event, actor, durable=durable)
            self.state = apply(self.state, record)
        return record

    async def put_blob(self, data: bytes) -> BlobRef:
        """Store a big text beside the log."""
        return await self._sink.put_blob(data)

    @contextlib.asynccontextmanager
    async def stream(self, step: str, actor: Actor) -> "AsyncIterator[OutputStream]":
        """A place to write a step's output to; all of it is in the log when the block ends."""
        stream = OutputStream(self, step, actor)
        pump = asyncio.create_task(stream.pump(), name=f"output of {step}")
        try:
            yield stream
        finally:
            stream.close()
            await pump


class OutputStream:
    """Collects a step's output and appends it in batches, behind the writer's back."""

    def __init__(self, recorder: Recorder, step: str, actor: Actor) -> None:
        self._recorder = recorder
        self._step = step
        self._actor = actor
        self._pieces: list[tuple[Channel, str]] = []
        self._filled = asyncio.Event()
        self._closed = asyncio.Event()

    def write(self, channel: Channel, text: str) -> None:
        """Add text. Never waits."""
        if not text:
            return
        if self._pieces and self._pieces[-1][0] == channel:
            self._pieces[-1] = (channel, self._pieces[-1][1] + text)
        else:
            self._pieces.append((channel, text))
        self._filled.set()

    def close(self) -> None:
        """No more output will come."""
        self._closed.set()
        self._filled.set()

    async def flush(self, *, whole_words: bool = False) -> None:
        """Append what was written so far.

        Args:
            whole_words: Keep the beginning of a word for later: a secret that is cut in two by
                the stream would not be found in either half.
        """
        self._filled.clear()
        pieces, self._pieces = self._pieces, []
        if whole_words and pieces:
            channel, text = pieces.pop()
            cut = _UNFINISHED.search(text)
            at = cut.start() if cut else len(text)
            if text[:at]:
                pieces.append((channel, text[:at]))
            if text[at:]:
                self._pieces.append((channel, text[at:]))
        for channel, text in pieces:
            event = StepOutput(step=self._step, channel=channel, text=text)
            await self._recorder.append(event, self._actor, durable=False)

    async def pump(self) -> None:
        """Append batches until closed."""
        while not (self._closed.is_set() and not self._pieces):
            await self._filled.wait()
            await self.flush(whole_words=not self._closed.is_set())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BATCH_S):
                    await self._closed.wait()
