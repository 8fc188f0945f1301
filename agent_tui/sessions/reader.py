"""Reading a log from its file: what can be read is read, what cannot is named."""

import os
import re
from pathlib import Path
from typing import BinaryIO

from agent_tui.domain.events import Record
from agent_tui.sessions import codec
from agent_tui.sessions.files import LogError, open_regular, reason

MAX_LINE = 64 * 1024 * 1024
"""Bytes of the longest record that is read."""

_MAX_GUESSES = 4
_BETWEEN = re.compile(rb',"h":"[0-9a-f]{32}"\}(?=\{"v":)')


class LogReader:
    """Reads ``events.jsonl`` and follows it as it grows. It never writes.

    A line without its end is not a record yet, so a writer may be at work meanwhile.

    Attributes:
        problems: What is damaged, one sentence each, with line numbers counted from 1.
        next_seq: The place of the next record.
        digest: The last record's digest, which the next one is chained to.
        good_end: Offset of the byte after the last good record.
        size: Length of the file in bytes at the last reading.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[str] = []
        self.next_seq = 0
        self.digest = codec.FIRST
        self.good_end = 0
        self.size = 0
        self._offset = 0
        self._line = 0
        # The digests that the next record may follow; none when the line before is unreadable.
        self._before: tuple[str, ...] = (codec.FIRST,)
        self._unreadable = 0
        self._problems_before_tail = 0

    def read_new(self) -> list[Record]:
        """The records that were added since the last call.

        Raises:
            LogError: If the file cannot be read.
        """
        with os.fdopen(open_regular(self.path), "rb") as file:
            try:
                return self.read_from(file)
            except OSError as error:
                raise LogError(f"cannot read {self.path}: {reason(error)}") from error

    def read_from(self, file: BinaryIO) -> list[Record]:
        """The same from a file that is open; :attr:`path` only gives its name."""
        self.size = file.seek(0, os.SEEK_END)
        if self.size < self._offset:
            raise LogError(f"{self.path} became shorter while it was read; open it again")
        file.seek(self._offset)
        records = []
        while (line := file.readline(MAX_LINE)).endswith(b"\n") or len(line) == MAX_LINE:
            self._line += 1
            self._offset += len(line)
            while line and not line.endswith(b"\n"):  # no record is that long
                line = file.readline(MAX_LINE)
                self._offset += len(line)
            taken = [record for _, record in self._take_all(line)]
            if taken:
                records += taken
                self.good_end = self._offset
                self._problems_before_tail = len(self.problems)
        self.size = max(self.size, self._offset)
        return records

    @property
    def tail(self) -> int:
        """How many bytes after the last good record are no record."""
        return max(0, self.size - self.good_end)

    def forget_tail(self) -> None:
        """Go back to the last good record, because the bytes after it were moved away."""
        del self.problems[self._problems_before_tail :]
        self._offset = self.size = self.good_end
        self._before = (self.digest,)
        self._unreadable = 0

    def _take_all(self, line: bytes) -> list[tuple[int, Record]]:
        """The records of a line, each with where it begins in it.

        A line is one record, or several whose line ends are missing. Those are only taken apart
        where each is whole and follows the one before.
        """
        parts = self._glued(line)
        if parts:
            self._problem(f"holds {len(parts)} records; they are kept")
        taken = ((at, self._take(part)) for at, part in parts or [(0, line)])
        return [(at, record) for at, record in taken if record is not None]

    def _glued(self, line: bytes) -> list[tuple[int, bytes]]:
        """Parts of a line with their places, if it is several records, or nothing."""
        starts = [0, *(match.end() for match in _BETWEEN.finditer(line))]
        if len(starts) == 1 or self._unreadable:
            return []
        parts = [line[a:b] for a, b in zip(starts, [*starts[1:], len(line)], strict=True)]
        before, seq = self._before, self.next_seq
        for part in parts:
            try:
                item = codec.decode(part)
            except codec.BadLine:
                return []
            if item.record.seq != seq or not any(item.follows(digest) for digest in before):
                return []
            before, seq = (item.digest,), seq + 1
        return list(zip(starts, parts, strict=True))

    def _take(self, line: bytes) -> Record | None:
        try:
            item = codec.decode(line)
        except codec.BadLine as error:
            self._problem(f"is no record: {error}")
            self._before = ()
            self._unreadable += 1
            return None
        record = item.record
        if record.seq < self.next_seq:
            self._problem(f"repeats record {record.seq}; it is left out")
            return None
        missing = record.seq - self.next_seq - self._unreadable
        follows = not self._before or any(item.follows(digest) for digest in self._before)
        if not follows and missing <= 0:
            self._problem("was changed after it was written (its checksum differs); it is left out")
            # Either the content or the checksum was changed, so the next one follows one of these.
            computed = [codec.chain(digest, item.body) for digest in self._before]
            self._before = (item.digest, *computed)[:_MAX_GUESSES]
            self._unreadable += 1
            return None
        if missing > 0:
            self._problem(f"comes after {missing} missing record{'s' if missing > 1 else ''}")
        self._unreadable = 0
        self.next_seq = record.seq + 1
        self.digest = item.digest
        self._before = (item.digest,)
        return record

    def _problem(self, text: str) -> None:
        self.problems.append(f"{self.path.name} line {self._line} {text}")
