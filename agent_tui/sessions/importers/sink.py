"""Where the events of an import go: into memory for a look, or into a session's folder to stay."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Protocol

from agent_tui.domain.base import Actor, BlobRef
from agent_tui.domain.events import AttemptProposed, Event, Record, StepStarted
from agent_tui.sessions import codec
from agent_tui.sessions.blobs import FOLDER, refer
from agent_tui.sessions.files import (
    LogError,
    make_folder,
    open_regular,
    reason,
    sync,
    sync_folder,
    write_all,
)
from agent_tui.sessions.redact import Redactor

EVENTS = "events.jsonl"
_BUFFER = 1 << 20
_AT_ONCE = 8
"""Files that are made durable at once."""


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


class Sink(Protocol):
    """Takes events in order, and texts that are stored beside them."""

    def emit(self, event: Event, actor: Actor, at: datetime) -> None:
        """Take one event."""
        ...

    def blob(self, data: bytes) -> BlobRef:
        """Store bytes."""
        ...

    def keep(self, path: Path, ref: BlobRef) -> None:
        """Store a source file as it stands on the disk."""
        ...


class _Counter:
    """The place of the next record, and the attempt that it belongs to."""

    def __init__(self) -> None:
        self.seq = 0
        self.attempt = 0

    def count(self, event: Event) -> int:
        if isinstance(event, StepStarted | AttemptProposed) and event.attempt is not None:
            self.attempt = event.attempt
        self.seq += 1
        return self.seq - 1


class MemorySink:
    """Keeps everything in memory: nothing is written.

    Attributes:
        records: What was emitted.
        blobs: Stored bytes by digest.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._counter = _Counter()
        self.records: list[Record] = []
        self.blobs: dict[str, bytes] = {}
        self._files: dict[str, Path] = {}

    def emit(self, event: Event, actor: Actor, at: datetime) -> None:
        """Take one event."""
        event, _ = codec.redacted(event, self._redactor)
        seq = self._counter.count(event)
        attempt = self._counter.attempt
        self.records.append(Record(seq=seq, at=at, attempt=attempt, actor=actor, event=event))

    def blob(self, data: bytes) -> BlobRef:
        """Store bytes."""
        ref = refer(data)
        self.blobs[ref.digest] = data
        return ref

    def keep(self, path: Path, ref: BlobRef) -> None:
        """Remember where a source file is."""
        self._files[ref.digest] = path

    def read(self, ref: BlobRef) -> bytes:
        """Stored bytes.

        Raises:
            LogError: If nothing of that name was stored, or a source file has changed since.
        """
        if ref.digest in self.blobs:
            return self.blobs[ref.digest]
        path = self._files.get(ref.digest)
        if path is None:
            raise LogError(f"the stored text {ref.digest[:12]}… is not there")
        with os.fdopen(open_regular(path), "rb") as file:
            data = file.read()
        if refer(data) != ref:
            raise LogError(f"{path} has changed since it was read")
        return data


class FolderSink:
    """Writes a session's folder beside its place, and moves it there when it is complete.

    Args:
        folder: The session's folder, which is not there yet.
    """

    def __init__(self, folder: Path, redactor: Redactor) -> None:
        self.folder = folder
        self._work = folder.with_name(f".{folder.name}.importing")
        self._redactor = redactor
        self._counter = _Counter()
        self._digest = codec.FIRST
        self._pending: list[bytes] = []
        self._size = 0
        try:
            make_folder(folder.parent)
            self._work.mkdir(mode=0o700)
            self._fd = os.open(
                self._work / EVENTS, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise LogError(f"cannot write {folder}: {reason(error)}") from error

    def emit(self, event: Event, actor: Actor, at: datetime) -> None:
        """Write one event with the next that are written."""
        _, data = codec.redacted(event, self._redactor)
        seq = self._counter.count(event)
        line, self._digest = codec.line_of(
            event.type,
            data,
            self._digest,
            seq=seq,
            at=at,
            mono_ns=0,
            attempt=self._counter.attempt,
            actor=actor,
        )
        self._pending.append(line)
        self._size += len(line)
        if self._size > _BUFFER:
            self._flush()

    def blob(self, data: bytes) -> BlobRef:
        """Store bytes; they are made durable at the end."""
        ref = refer(data)
        path = self._work / FOLDER / ref.digest
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            with path.open("xb") as file:
                path.chmod(0o600)
                file.write(data)
        except FileExistsError:
            return ref
        except OSError as error:
            raise LogError(f"cannot write {path}: {reason(error)}") from error
        return ref

    def keep(self, path: Path, ref: BlobRef) -> None:
        """Copy a source file.

        Raises:
            LogError: If it cannot be copied, or has changed since it was read.
        """
        target = self._work / FOLDER / ref.digest
        try:
            make_folder(target.parent)
            with os.fdopen(open_regular(path), "rb") as source, target.open("xb") as copy:
                target.chmod(0o600)
                shutil.copyfileobj(source, copy, 1 << 20)
                size = copy.tell()
        except FileExistsError:
            return
        except OSError as error:
            raise LogError(f"cannot copy {path}: {reason(error)}") from error
        if size != ref.size:
            raise LogError(f"{path} changed while it was read; try again when the agent is done")

    def finish(self) -> None:
        """Make it durable and move it to its place.

        Raises:
            LogError: If that fails; nothing is left then.
        """
        try:
            self._flush()
            sync(self._fd)
            os.close(self._fd)
            self._fd = -1
            with ThreadPoolExecutor(_AT_ONCE) as pool:  # the disk takes them together
                for _ in pool.map(_sync_file, (self._work / FOLDER).iterdir()):
                    pass
            sync_folder(self._work / FOLDER)
            sync_folder(self._work)
            self._work.rename(self.folder)
            sync_folder(self.folder.parent)
        except OSError as error:
            self.abandon()
            raise LogError(f"cannot write {self.folder}: {reason(error)}") from error

    def abandon(self) -> None:
        """Leave nothing behind."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        shutil.rmtree(self._work, ignore_errors=True)

    def _flush(self) -> None:
        data = b"".join(self._pending)
        self._pending.clear()
        self._size = 0
        try:
            write_all(self._fd, data)
        except OSError as error:
            raise LogError(f"cannot write {self._work / EVENTS}: {reason(error)}") from error
