"""The last line of defence of plain output, as the screen has its own."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from agent_tui.domain.text import decode, visible_lines

if TYPE_CHECKING:
    from typing import TextIO


class VisibleStream:
    """A text stream that lets nothing through that would steer a terminal.

    Whoever has exact bytes to write (a patch, an export) uses :func:`write_exact`.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write it with every control, bidi and zero-width character made visible."""
        return self._stream.write(visible_lines(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def write_exact(data: bytes) -> None:
    """Write bytes as they are to a file or a pipe; a terminal gets them as text that is safe."""
    sys.stdout.flush()
    if sys.stdout.isatty():
        print(visible_lines(decode(data)), end="", flush=True)
    else:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


@contextlib.contextmanager
def visible_output() -> Iterator[None]:
    """Have all that is printed go through such streams."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (VisibleStream(stream) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
