"""The writer of one session's log."""

import asyncio
import contextlib
import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from agent_tui.domain.base import Actor, BlobRef
from agent_tui.domain.events import AttemptProposed, Event, LogRecovered, Record, StepStarted
from agent_tui.domain.fold import apply
from agent_tui.domain.output import Pieces
from agent_tui.domain.replacing import replace
from agent_tui.domain.state import State
from agent_tui.ports import Clock
from agent_tui.sessions import codec
from agent_tui.sessions.blobs import get_blob, put_blob
from agent_tui.sessions.clock import SystemClock
from agent_tui.sessions.files import (
    LogError,
    make_folder,
    move_tail,
    open_regular,
    reason,
    replace_file,
    sync,
    sync_folder,
    write_all,
)
from agent_tui.sessions.indexed import IndexedLog
from agent_tui.sessions.lock import WriterLock
from agent_tui.sessions.reader import LogReader
from agent_tui.sessions.redact import Redactor
from agent_tui.sessions.worker import Worker

__all__ = ["EVENTS", "FLUSH_S", "SessionLog", "Subscriber", "SystemClock"]

EVENTS = "events.jsonl"
FLUSH_S = 0.1
"""Seconds after which records that need not be durable are written."""

_MAX_PENDING = 256 * 1024
_READ_AT_ONCE = 10_000

Subscriber = Callable[[Record], None]


class SessionLog:
    """The session log, open for writing: the product's :class:`~agent_tui.ports.EventSink`.

    Appending happens in order, one at a time, in a thread of its own. A record is redacted before
    it is written, and what subscribers and callers get is the redacted record: the one that a
    later reading of the log yields. Blobs are stored as they are, because a patch must stay exact
    to the byte.

    Attributes:
        folder: The session's folder; its name is the session's id.
        state: The state after the records that the log held when it was opened.
        problems: What of it is damaged, as sentences.
    """

    def __init__(self, folder: Path, *, clock: Clock, redactor: Redactor) -> None:
        """Open an existing session; :meth:`create` makes a new one.

        A torn end is moved into ``events.jsonl.torn-<n>`` and ``log.recovered`` is appended.

        Raises:
            agent_tui.sessions.lock.SessionLocked: If another process writes it.
            LogError: If it cannot be opened.
        """
        self.folder = folder
        self._path = folder / EVENTS
        self._clock = clock
        self._redactor = redactor
        self._subscribers: list[Subscriber] = []
        self._pending: list[bytes] = []
        self._order = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._flusher: asyncio.Task[None] | None = None
        self._broken = ""
        self._lock = WriterLock(folder)
        self._fd = -1
        try:
            self.state, self.problems = self._open()
        except OSError as error:
            self._release()
            raise LogError(f"cannot open {self._path}: {reason(error)}") from error
        except BaseException:
            self._release()
            raise
        self._worker = Worker(f"log {self.id}")

    def _open(self) -> tuple[State, tuple[str, ...]]:
        state, self._attempt, reader = _read(self._path)
        self._fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)
        torn = reader.tail
        if torn:
            moved = move_tail(self._path, reader.good_end, self._fd)
            reader.forget_tail()
        self._size = reader.good_end
        self._seq = reader.next_seq
        self._digest = reader.digest
        if torn:
            detail = f"{torn} bytes at the end of the log were no record; they are in {moved.name}"
            record, digest = self._write_now(LogRecovered(detail=detail), "engine")
            self._accept(record, digest)
            state = apply(state, record)
        self._held = self._size
        return state, tuple(reader.problems)

    @property
    def records(self) -> tuple[Record, ...]:
        """The records that the log held when it was opened, read again.

        Raises:
            LogError: If it cannot be read.
        """
        with os.fdopen(open_regular(self._path), "rb") as file:
            return tuple(LogReader(self._path).read_from(io.BytesIO(file.read(self._held))))

    @classmethod
    def create(cls, folder: Path, *, clock: Clock, redactor: Redactor) -> Self:
        """Make a new session's folder and open its empty log.

        Raises:
            LogError: If there is such a folder already, or it cannot be made.
        """
        try:
            make_folder(folder.parent)
            try:
                folder.mkdir(mode=0o700)
            except FileExistsError:
                raise LogError(f"there is a session {folder.name} already") from None
            try:
                replace_file(folder / EVENTS, b"")
                sync_folder(folder.parent)
            except OSError:
                shutil.rmtree(folder, ignore_errors=True)  # nothing is in it that anybody wrote
                raise
        except OSError as error:
            raise LogError(f"cannot make the session folder {folder}: {reason(error)}") from error
        return cls(folder, clock=clock, redactor=redactor)

    @property
    def id(self) -> str:
        """The session's id."""
        return self.folder.name

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Have *callback* called with each record once it is accepted, in order.

        It is called in the event loop's thread, after the record is on the disk (a record that
        need not be durable: when it is accepted). It must not raise.

        Returns:
            A function that ends it.
        """
        self._subscribers.append(callback)

        def end() -> None:
            with contextlib.suppress(ValueError):  # ended twice
                self._subscribers.remove(callback)

        return end

    async def append(self, event: Event, actor: Actor, *, durable: bool = True) -> Record:
        """Write one event. When it returns and *durable* is true, the event is on the disk.

        Other events are written with the next durable one, or after :data:`FLUSH_S` seconds. Being
        cancelled does not tear it: a record that was begun is written to its end first.

        Raises:
            LogError: If it cannot be written. The log then ends with the last good record, and
                appending can be tried again.
        """
        async with self._order:
            self._check_open()
            cancelled = False
            if durable:
                (record, digest), cancelled = await self._worker.run(
                    lambda: self._write_now(event, actor)
                )
                self._pending.clear()
            else:
                if sum(map(len, self._pending)) > _MAX_PENDING:
                    await self._flush()
                record, line, digest = self._encode(event, actor)
                self._pending.append(line)
                self._set_timer()
            self._accept(record, digest)
            for subscriber in tuple(self._subscribers):
                subscriber(record)
        if cancelled:
            raise asyncio.CancelledError
        return record

    async def put_blob(self, data: bytes) -> BlobRef:
        """Store bytes beside the log, durable before it returns. They are not redacted.

        Raises:
            LogError: If they cannot be written.
        """
        self._check_open()
        ref, cancelled = await self._worker.run(lambda: put_blob(self.folder, data))
        if cancelled:
            raise asyncio.CancelledError
        return ref

    def read_blob(self, ref: BlobRef) -> bytes:
        """The bytes that *ref* names, compared with its digest.

        Raises:
            LogError: If they are not there or damaged.
        """
        return get_blob(self.folder, ref)

    async def flush(self) -> None:
        """Write the records that wait to be written.

        Raises:
            LogError: If they cannot be written; they go on waiting.
        """
        async with self._order:
            self._check_open()
            await self._flush()

    async def close(self) -> None:
        """Write what waits and let go of the lock. Closing twice does nothing.

        Raises:
            LogError: If something that waited cannot be written; the log is closed then, too.
        """
        async with self._order:
            if self._fd < 0:
                return
            if self._timer is not None:
                self._timer.cancel()
            try:
                if not self._broken:
                    await self._flush()
            finally:
                self._worker.close()
                self._release()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def _check_open(self) -> None:
        if self._fd < 0:
            raise LogError(f"session {self.id} is closed")
        if self._broken:
            raise LogError(self._broken)

    def _encode(self, event: Event, actor: Actor) -> tuple[Record, bytes, str]:
        event, data = codec.redacted(event, self._redactor)
        attempt = self._attempt
        if isinstance(event, StepStarted | AttemptProposed) and event.attempt is not None:
            attempt = event.attempt
        record = Record(
            seq=self._seq,
            at=self._clock.now(),
            mono_ns=self._clock.monotonic_ns(),
            attempt=attempt,
            actor=actor,
            event=event,
        )
        line, digest = codec.encode(record, self._digest, data)
        return record, line, digest

    def _accept(self, record: Record, digest: str) -> None:
        self._seq = record.seq + 1
        self._digest = digest
        self._attempt = record.attempt

    def _write_now(self, event: Event, actor: Actor) -> tuple[Record, str]:
        record, line, digest = self._encode(event, actor)
        self._write(b"".join([*self._pending, line]), durable=True)
        return record, digest

    def _write(self, data: bytes, *, durable: bool) -> None:
        try:
            write_all(self._fd, data)
            if durable:
                sync(self._fd)
        except OSError as error:
            self._cut_back()
            raise LogError(f"cannot write the session log {self._path}: {reason(error)}") from error
        self._size += len(data)

    def _cut_back(self) -> None:
        try:
            os.ftruncate(self._fd, self._size)
        except OSError as error:
            # The next opening finds a torn end and moves it aside.
            self._broken = (
                f"the session log {self._path} ends with half a record that cannot be removed "
                f"({reason(error)}); resume the session to go on"
            )

    async def _flush(self) -> None:
        data = b"".join(self._pending)
        if not data:
            return
        _, cancelled = await self._worker.run(lambda: self._write(data, durable=False))
        self._pending.clear()
        if cancelled:
            raise asyncio.CancelledError

    def _set_timer(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self._start_flush)

    def _start_flush(self) -> None:
        self._timer = None
        self._flusher = asyncio.get_running_loop().create_task(self._flush_later())

    async def _flush_later(self) -> None:
        # What cannot be written now stays pending, and the next durable record or close() says so.
        with contextlib.suppress(LogError):
            await self.flush()

    def _release(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self._lock.release()


def _read(path: Path) -> tuple[State, int, LogReader]:
    """The state after all of a log, its last record's attempt, and what is known of its end.

    The records themselves are not held, however many there are; of what steps have streamed, only
    what the state shows.

    Raises:
        LogError: If it cannot be read.
    """
    log = IndexedLog(path)
    while log.build(_READ_AT_ONCE):
        pass
    state = log.state_at(len(log))
    steps = tuple(
        step if type(step.output) is Pieces else replace(step, output=Pieces(step.output))
        for step in state.steps
    )
    attempt = log[len(log) - 1].attempt if len(log) else 0
    return replace(state, steps=steps), attempt, log.builder
