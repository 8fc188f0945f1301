"""A program in a pseudo-terminal, measured from outside: when a text appears, what a key takes."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

_ESCAPES = re.compile(
    rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1bP[^\x1b]*\x1b\\"
    rb"|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]"
)
KEYS = {"pagedown": b"\x1b[6~", "home": b"\x1b[H", "end": b"\x1b[F", "enter": b"\r"}
QUIET_S = 0.06
"""A key is done when nothing has been written for this long after it."""


class TerminalError(RuntimeError):
    """The program did not show what was waited for."""


class Terminal:
    """Starts a program.

    Args:
        command: The program and its arguments.
        size: Columns and lines.
    """

    def __init__(self, command: list[str], size: tuple[int, int] = (160, 48)) -> None:
        self.began = time.perf_counter()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            os.execvp(command[0], command)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self._raw = b""
        self.bytes = 0

    def _read(self, timeout: float) -> bool:
        ready, _, _ = select.select([self._fd], [], [], max(0.0, timeout))
        if not ready:
            return False
        try:
            data = os.read(self._fd, 1 << 20)
        except OSError:
            raise TerminalError("the program has ended: " + self.text[-500:]) from None
        self._raw += data
        self.bytes += len(data)
        return True

    @property
    def text(self) -> str:
        """What was written so far, without escape sequences."""
        return _ESCAPES.sub(b"", self._raw).decode("utf-8", "replace")

    def wait_for(self, pattern: str, timeout: float = 60.0) -> float:
        """Seconds from the start until a text was written.

        Raises:
            TerminalError: If it was not.
        """
        end = time.perf_counter() + timeout
        while time.perf_counter() < end:
            if self._read(end - time.perf_counter()) and re.search(pattern, self.text):
                return time.perf_counter() - self.began
        raise TerminalError(f"no {pattern!r} in {self.text[-500:]!r}")

    def settle(self, quiet: float = 0.4, limit: float = 30.0) -> None:
        """Wait until the program writes nothing more."""
        end = time.perf_counter() + limit
        while time.perf_counter() < end and self._read(quiet):
            pass

    def send(self, key: str) -> None:
        """Press a key and wait for nothing."""
        os.write(self._fd, KEYS.get(key, key.encode()))

    def press(self, key: str, limit: float = 20.0) -> tuple[float, float]:
        """Press a key: milliseconds to the first and to the last byte that it causes.

        Raises:
            TerminalError: If it writes nothing.
        """
        self._raw, self.bytes = b"", 0
        began = time.perf_counter()
        self.send(key)
        if not self._read(limit):
            raise TerminalError(f"{key} did nothing")
        first = last = time.perf_counter()
        while self._read(QUIET_S):
            last = time.perf_counter()
        return (first - began) * 1000, (last - began) * 1000

    def press_until(self, key: str, shown: Callable[[str], bool], limit: float = 20.0) -> float:
        """Press a key: milliseconds until what it causes was written, whatever else is.

        Args:
            shown: Whether a text that was written since then has it.

        Raises:
            TerminalError: If it was not.
        """
        self._raw, self.bytes = b"", 0
        began = time.perf_counter()
        self.send(key)
        while self._read(began + limit - time.perf_counter()):
            now = time.perf_counter()
            if shown(self.text):
                return (now - began) * 1000
        raise TerminalError(f"{key} did not do what it should: {self.text[-500:]!r}")

    @property
    def memory_mib(self) -> float:
        """Resident memory now."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def close(self) -> None:
        """End the program."""
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(self.pid, 0)
        os.close(self._fd)


def python(script: Path, *arguments: str) -> list[str]:
    """The command that runs a script with this interpreter."""
    return [sys.executable, str(script), *arguments]
