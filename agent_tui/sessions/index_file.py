"""The index of a long log as a file beside it, so that the next opening need not make it again.

The file is disposable: it says of which log it is (length and last checksum), and one that does not
fit, was made by another version or is damaged is not used. It is plain data, never code.
"""

import contextlib
import json
import os
import sys
from array import array
from pathlib import Path
from typing import Any

from agent_tui.sessions.files import LogError, open_regular, replace_file
from agent_tui.sessions.index import LogIndex
from agent_tui.sessions.indexed import IndexedLog
from agent_tui.sessions.snapshots import SCHEMA, KeptStates, StateWriter

FILE = "events.index"
WORTHWHILE = 5_000
"""Records of a log from which on its index is kept; a shorter one is made in a few milliseconds."""

_VERSION = 2
_HEADER = 64 * 1024
_ARRAYS = ("offsets", "positions", "parts", "lists")


def keep(log: IndexedLog) -> None:
    """Write the index of a log that was indexed to its end; a read-only folder does without.

    Raises:
        LogError: If a state that was read from an earlier file cannot be read any more.
    """
    builder, index = log.builder, log.index
    if len(index) < WORTHWHILE or not log.complete or builder.problems:
        return
    writer = StateWriter()
    for number in range(len(log.snapshots)):
        writer.add(log.snapshots.state(number))
    arrays = {
        "offsets": index.offsets,
        "positions": log.snapshots.positions,
        "parts": _starts(writer.parts),
        "lists": _starts(writer.lists),
    }
    blocks = [bytes(index.codes), *(arrays[name].tobytes() for name in _ARRAYS)]
    texts = [b"".join(writer.parts), b"".join(writer.lists)]
    header = {
        "v": _VERSION,
        "schema": SCHEMA,
        "order": sys.byteorder,
        "size": builder.good_end,
        "digest": builder.digest,
        "seq": builder.next_seq,
        "line": builder.line,
        "types": index.types,
        "lengths": [len(block) for block in (*blocks, *texts)],
    }
    head = json.dumps(header).encode() + b"\n"
    with contextlib.suppress(OSError):
        replace_file(log.path.with_name(FILE), b"".join([head, *blocks, *texts]))


def _starts(parts: list[bytes]) -> "array[int]":
    starts, at = array("Q", [0]), 0
    for part in parts:
        at += len(part)
        starts.append(at)
    return starts


def restore(log: IndexedLog) -> bool:
    """Give a log that was just opened the index that was kept, if it fits.

    Records that were added since then are left to :meth:`IndexedLog.build`.
    """
    try:
        fd = open_regular(log.path.with_name(FILE))
    except LogError:
        return False
    try:
        return _restore(log, fd)
    except (OSError, ValueError, KeyError, TypeError, IndexError, LogError):
        return False  # damaged: made again
    finally:
        os.close(fd)


def _restore(log: IndexedLog, fd: int) -> bool:
    head, newline, _ = os.pread(fd, _HEADER, 0).partition(b"\n")
    header: dict[str, Any] = json.loads(head)
    if not newline or (header["v"], header["schema"], header["order"]) != (
        _VERSION,
        SCHEMA,
        sys.byteorder,
    ):
        return False
    lengths = [int(length) for length in header["lengths"]]
    starts = [len(head) + 1]
    for length in lengths:
        starts.append(starts[-1] + length)
    if os.fstat(fd).st_size != starts[-1]:
        return False
    codes = bytearray(os.pread(fd, lengths[0], starts[0]))
    arrays: dict[str, array[int]] = {}
    for number, name in enumerate(_ARRAYS, 1):
        arrays[name] = array("Q", os.pread(fd, lengths[number], starts[number]))
    count, types = len(codes), header["types"]
    offsets, positions = arrays["offsets"], arrays["positions"]
    fits = (
        len(offsets) == count
        and count > 0
        and max(codes) < len(types)
        and len(arrays["lists"]) == len(positions) + 1
        and all(isinstance(name, str) for name in types)
    )
    if not fits or not _is_end(log, header["size"], header["digest"]):
        return False
    path = log.path.with_name(FILE)

    def reader(start: int) -> "_Part":
        return _Part(path, start)

    index = LogIndex()
    index.restore(offsets, codes, types)
    kept = KeptStates(reader(starts[5]), reader(starts[6]), arrays["parts"], arrays["lists"])
    log.adopt(index, positions, kept)
    log.builder.resume(
        seq=header["seq"], digest=header["digest"], offset=header["size"], line=header["line"]
    )
    return True


class _Part:
    """Reads from a place of a file on."""

    def __init__(self, path: Path, start: int) -> None:
        self._path = path
        self._start = start

    def __call__(self, start: int, stop: int) -> bytes:
        fd = open_regular(self._path)
        try:
            return os.pread(fd, stop - start, self._start + start)
        finally:
            os.close(fd)


def _is_end(log: IndexedLog, size: int, digest: str) -> bool:
    """Whether a record with that digest ends at that byte of the log."""
    end = b',"h":"%b"}\n' % digest.encode()
    return log.bytes_at(size - len(end), size) == end
