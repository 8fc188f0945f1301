"""Reading a source file: in lines or whole, with limits, compressed or not."""

import hashlib
import importlib
import io
import json
import os
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from pydantic_core import from_json

from agent_tui.domain.base import BlobRef
from agent_tui.domain.text import one_line
from agent_tui.sessions.files import LogError, open_regular, reason

MAX_LINE = 64 * 1024 * 1024
"""Bytes of the longest line that is read. Longer ones are kept raw."""

MAX_FILE = 2 * 1024 * 1024 * 1024
MAX_JSON = 256 * 1024 * 1024
"""Bytes of the biggest file that is read whole, because it is one JSON value."""

_PIECE = 1024
"""Compressed bytes that are unpacked at once: a frame may make 32,000 of each."""

_ZSTD = b"\x28\xb5\x2f\xfd"
_GZIP = b"\x1f\x8b"


class ImportFailed(LogError):
    """A source cannot be imported; the text says why and what to do."""


class BadJson(ValueError):
    """A line is no JSON that can be read; the text says why."""


class Source:
    """A file that is read once, while its digest is taken.

    Attributes:
        path: Where it is.
        size: Bytes read so far, as they stand in the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._digest = hashlib.sha256()

    @property
    def name(self) -> str:
        """The file's name, safe to show."""
        return one_line(self.path.name, 120)

    @property
    def ref(self) -> BlobRef:
        """The reference of the bytes read so far."""
        return BlobRef(digest=self._digest.hexdigest(), size=self.size)

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Number (from 1) and bytes of each line, without its ``\\n``.

        Only ``\\n`` ends a line: U+2028 and its like may stand inside a string.

        Raises:
            ImportFailed: If the file cannot be read, or is too big.
        """
        with self._open() as file:
            number = 0
            try:
                while line := file.readline(MAX_LINE + 1):
                    number += 1
                    if len(line) > MAX_LINE:
                        yield number, line[:MAX_LINE]
                        self._skip_rest(line, file)
                    else:
                        yield number, line[:-1] if line.endswith(b"\n") else line
            except OSError as error:
                raise ImportFailed(f"cannot read {self.path}: {reason(error)}") from error

    def whole(self) -> bytes:
        """All bytes.

        Raises:
            ImportFailed: If the file cannot be read, or is too big.
        """
        with self._open() as file:
            data = file.read(MAX_JSON + 1)
        if len(data) > MAX_JSON:
            raise ImportFailed(f"{self.path} is bigger than {MAX_JSON:,} bytes")
        return data

    def head(self, limit: int) -> bytes:
        """The first bytes, without counting them as read.

        Raises:
            ImportFailed: If the file cannot be read.
        """
        peek = Source(self.path)
        with peek._open() as file:
            return file.read(limit)

    def _open(self) -> BinaryIO:
        try:
            raw = os.fdopen(open_regular(self.path), "rb", buffering=0)
        except LogError as error:
            raise ImportFailed(str(error)) from error
        counted = io.BufferedReader(_Counted(raw, self), 1 << 20)
        begin = counted.peek(4)[:4]
        if begin == _ZSTD:
            unpacker = _zstd(self.path)
        elif begin.startswith(_GZIP):
            unpacker = partial(zlib.decompressobj, zlib.MAX_WBITS | 16), zlib.error
        else:
            return counted
        return io.BufferedReader(_Unpacked(counted, self.path, *unpacker), 1 << 20)

    def _skip_rest(self, line: bytes, file: BinaryIO) -> None:
        while line and not line.endswith(b"\n"):
            line = file.readline(MAX_LINE)

    def count(self, data: memoryview) -> None:
        """Take bytes that were read from the disk into the digest."""
        self.size += len(data)
        if self.size > MAX_FILE:
            raise ImportFailed(f"{self.path} is bigger than {MAX_FILE:,} bytes")
        self._digest.update(data)


class _Counted(io.RawIOBase):
    """A file whose bytes are counted and hashed as they are read."""

    def __init__(self, raw: io.FileIO, source: Source) -> None:
        self._raw = raw
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._raw.readinto(buffer) or 0
        self._source.count(memoryview(buffer)[:count])
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Unpacked(io.RawIOBase):
    """The stream inside a compressed file, which ends in a sentence before it fills the memory."""

    def __init__(
        self, below: BinaryIO, path: Path, new: Callable[[], Any], error: type[Exception]
    ) -> None:
        self._below = below
        self._path = path
        self._new, self._error = new, error
        self._frame: Any = None
        self._ready = b""
        self._size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready and self._more():
            pass
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _more(self) -> bool:
        """Unpack a little more; whether there was anything left."""
        rest = self._frame.unused_data if self._frame is not None and self._frame.eof else b""
        data = rest or self._below.read(_PIECE)
        if not data:
            if self._frame is not None and not self._frame.eof:
                raise ImportFailed(f"{self._path} is damaged: it ends in the middle")
            return False
        if self._frame is None or self._frame.eof:
            self._frame = self._new()
        try:
            self._ready = self._frame.decompress(data)
        except self._error as error:
            raise ImportFailed(f"{self._path} is damaged: {one_line(str(error))}") from error
        self._size += len(self._ready)
        if self._size > MAX_FILE:
            raise ImportFailed(f"{self._path} unpacks to more than {MAX_FILE:,} bytes")
        return True

    def close(self) -> None:
        self._below.close()
        super().close()


def _zstd(path: Path) -> tuple[Callable[[], Any], type[Exception]]:
    """What unpacks a frame, and its error: of the standard library from Python 3.14 on."""
    try:
        module = importlib.import_module("compression.zstd")
    except ImportError:
        try:
            module = importlib.import_module("zstandard")
        except ImportError:
            raise ImportFailed(
                f"{path} is compressed with zstd; install the package that reads it "
                "(pip install 'agent-tui[zstd]'), or unpack the file with `zstd -d`"
            ) from None
        unpacker = module.ZstdDecompressor(max_window_size=1 << 27)
        return unpacker.decompressobj, module.ZstdError
    return module.ZstdDecompressor, module.ZstdError


def parse(raw: bytes) -> Any:
    """The JSON value of a line or file.

    Raises:
        BadJson: If it is none, or is nested too deeply.
    """
    try:
        value = from_json(raw)
    except ValueError as error:
        value = _slowly(raw, error)
    return value


def _slowly(raw: bytes, error: ValueError) -> Any:
    """Read what the fast parser refuses: a lone surrogate is no reason to lose a line."""
    message = str(error)
    if "recursion" in message:
        raise BadJson("it is nested too deeply") from None
    if "surrogate" not in message:
        raise BadJson(f"it is not JSON ({one_line(message, 100)})") from None
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise BadJson("it is not JSON, nor nearly") from None
