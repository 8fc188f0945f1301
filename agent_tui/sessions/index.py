"""Where each record of a log is, and of which type: made in one pass, without parsing.

A line in the form that the codec writes, whose place and checksum follow those of the line before,
is taken as it is. Any other line is read in full and judged as :class:`LogReader` judges it, so an
index holds exactly the records that a reader gives, and the same sentences about damage.
"""

import hashlib
import os
import re
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from agent_tui.domain.events import Record
from agent_tui.domain.output import TELLING
from agent_tui.sessions import codec
from agent_tui.sessions.files import LogError, open_regular
from agent_tui.sessions.reader import MAX_LINE, LogReader
from agent_tui.sessions.records import type_of

CHUNK = 1024 * 1024
"""Bytes that are read at once."""

TELLING_TYPES = tuple(str(cls.model_fields["type"].default) for cls in TELLING)

_START = b'{"v":1,"seq":%d,'
"""How a line begins; one of a later version is read in full."""

_HEAD = re.compile(
    rb'"ts":"[^"\n]*","mono_ns":-?\d+,"attempt":\d+,"actor":"\w+","type":"([\w.]+)","data":\{'
)
_FIRST_OTHER = len(TELLING_TYPES)
Visit = Callable[[int, bytes], None]


class LogIndex:
    """Offsets and types of the records of one log, in order. It only ever grows.

    Attributes:
        offsets: Where each record's line begins, in bytes.
        codes: For each record the number of its type in :attr:`types`.
        types: Type names by number; those that only add to a step's output come first.
        numbers_of: The number of each type.
    """

    def __init__(self) -> None:
        self.offsets = array("Q")
        self.codes = bytearray()
        self.types: list[str] = list(TELLING_TYPES)
        self.numbers_of = {name.encode(): number for number, name in enumerate(self.types)}

    def __len__(self) -> int:
        return len(self.codes)

    def restore(self, offsets: "array[int]", codes: bytearray, types: list[str]) -> None:
        """Take what was kept in a file."""
        self.offsets, self.codes, self.types = offsets, codes, types
        self.numbers_of = {name.encode(): number for number, name in enumerate(types)}

    def add(self, offset: int, type_: bytes) -> int:
        """Add the next record, and give the number of its type."""
        number = self.numbers_of.get(type_)
        if number is None:
            number = self.new_type(type_)
        self.offsets.append(offset)
        self.codes.append(number)
        return number

    def new_type(self, type_: bytes) -> int:
        """The number of a type that has none yet."""
        # More types than a byte can count are one type: no log of ours has that many.
        number = min(len(self.types), 255)
        if number == len(self.types):
            self.types.append(type_.decode())
        self.numbers_of[type_] = number
        return number

    def type_of(self, position: int) -> str:
        """The type of the record at a place counted from 0."""
        return self.types[self.codes[position]]

    def numbers(self, types: frozenset[str], *, others: bool = False) -> frozenset[int]:
        """The numbers of those types, or with *others* of all but those."""
        return frozenset(n for n, name in enumerate(self.types) if (name in types) is not others)

    def find(self, numbers: frozenset[int], start: int, stop: int) -> Iterator[int]:
        """Places with one of those types, from *start* to before *stop*; backwards if less."""
        if not numbers:
            return
        wanted = re.compile(b"[" + b"".join(re.escape(bytes([n])) for n in sorted(numbers)) + b"]")
        size = 65_536
        if start <= stop:
            for at in range(start, stop, size):
                part = bytes(self.codes[at : min(stop, at + size)])
                yield from (at + match.start() for match in wanted.finditer(part))
            return
        for end in range(start + 1, stop + 1, -size):
            begin = max(stop + 1, end - size)
            part = bytes(self.codes[begin:end])
            yield from reversed([begin + match.start() for match in wanted.finditer(part)])


class IndexBuilder(LogReader):
    """A reader that fills an index instead of giving records, a piece at a time.

    Args:
        visit: Called with the place and the line of each record that is taken and does more than
            add to a step's output.
    """

    def __init__(self, path: Path, index: LogIndex, visit: Visit) -> None:
        super().__init__(path)
        self.index = index
        self._visit = visit

    @property
    def line(self) -> int:
        """How many lines were gone through."""
        return self._line

    def resume(self, *, seq: int, digest: str, offset: int, line: int) -> None:
        """Go on behind a good record that was indexed earlier."""
        self.next_seq, self.digest = seq, digest
        self._before = (digest,)
        self.good_end = self.size = self._offset = offset
        self._line = line

    def advance(self, file: BinaryIO) -> bool:
        """Go through the next chunk of the log. False when there is no whole line left in it.

        Raises:
            LogError: If the log became shorter.
        """
        self.size = os.fstat(file.fileno()).st_size
        if self.size < self._offset:
            raise LogError(f"{self.path} became shorter while it was read; open it again")
        file.seek(self._offset)
        chunk = file.read(CHUNK)
        end = chunk.rfind(b"\n") + 1
        if end:
            self._lines(chunk[:end], end)
            return True
        return len(chunk) == CHUNK and self._long_line(file)

    def _long_line(self, file: BinaryIO) -> bool:
        file.seek(self._offset)
        line = file.readline(MAX_LINE)
        if not line.endswith(b"\n") and len(line) < MAX_LINE:
            return False
        length = len(line)
        while line and not line.endswith(b"\n"):  # no record is that long
            line = file.readline(MAX_LINE)
            length += len(line)
        self._lines(line or b"\n", length)
        return True

    def _lines(self, chunk: bytes, length: int) -> None:
        begin = self._offset
        at, line_number = 0, self._line
        match, sha, find, starts = _HEAD.match, hashlib.sha256, chunk.find, chunk.startswith
        index, view = self.index, memoryview(chunk)
        numbers, add_offset, add_code = index.numbers_of, index.offsets.append, index.codes.append
        seq, before = self._expected()
        while at < len(chunk):
            stop = find(b"\n", at) + 1
            line_number += 1
            first = _START % seq
            head = match(chunk, at + len(first), stop) if starts(first, at) else None
            regular = head is not None and chunk[stop - 41 : stop - 35] == b',"h":"'
            if regular and head is not None:
                digest = chunk[stop - 35 : stop - 3]
                summed = sha(before)
                summed.update(view[at : stop - 41])
                summed.update(b"}")
                regular = summed.hexdigest()[:32].encode() == digest
            if regular and head is not None:
                seq += 1
                before = digest
                number = numbers.get(head[1])
                if number is None:
                    number = index.new_type(head[1])
                add_offset(begin + at)
                add_code(number)
                if number >= _FIRST_OTHER:
                    self._visit(len(index) - 1, chunk[at:stop])
            else:
                if seq >= 0:
                    self._passed(seq, before, begin + at)
                self._line = line_number
                line = chunk[at:stop]
                taken = self._take_all(line)
                for start, record in taken:
                    index.add(begin + at + start, type_of(record).encode())
                if taken:
                    self.good_end = begin + stop
                    self._problems_before_tail = len(self.problems)
                ends = [*(start for start, _ in taken[1:]), len(line)]
                places = range(len(index) - len(taken), len(index))
                for place, (start, _), end in zip(places, taken, ends, strict=False):
                    if index.codes[place] >= _FIRST_OTHER:
                        self._visit(place, line[start:end])
                seq, before = self._expected()
            at = stop
        if seq >= 0:
            self._passed(seq, before, begin + length)
        self._line = line_number
        self._offset = begin + length
        self.size = max(self.size, self._offset)

    def _expected(self) -> tuple[int, bytes]:
        """Place and digest that a regular next line has; a place of -1 if there is none such."""
        if len(self._before) == 1 and not self._unreadable:
            return self.next_seq, self._before[0].encode()
        return -1, b""

    def _passed(self, seq: int, digest: bytes, end: int) -> None:
        """All was regular up to here."""
        if seq != self.next_seq:
            self.good_end = end
            self._problems_before_tail = len(self.problems)
            self.next_seq, self.digest = seq, digest.decode()
            self._before = (self.digest,)


def read_record(line: bytes, position: int) -> Record:
    """The record in a line that an index names.

    Raises:
        LogError: If there is none: the log is not the one that was indexed.
    """
    try:
        return codec.decode(line).record
    except codec.BadLine as error:
        raise LogError(f"record {position} cannot be read: {error}; open the log again") from None


def open_log(path: Path) -> BinaryIO:
    """A log for reading.

    Raises:
        LogError: If it is no regular file that can be read.
    """
    return os.fdopen(open_regular(path), "rb")
