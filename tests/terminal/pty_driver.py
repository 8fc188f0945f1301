"""The real program on a real pseudo-terminal, as bytes."""

import contextlib
import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

LIMIT_S = 90.0
"""What takes longer hangs."""


class Program:
    """One run of the program.

    Attributes:
        output: All bytes that it wrote so far.
    """

    def __init__(
        self,
        words: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        *,
        size: tuple[int, int] = (80, 24),
        controlling: bool = True,
        module: str = "agent_tui",
    ) -> None:
        self.master, self.slave = pty.openpty()
        self.resize(*size)
        self.before = termios.tcgetattr(self.slave)
        self.output = bytearray()
        self._grew = threading.Condition()

        def take_terminal() -> None:
            if controlling:
                fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *words],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
            preexec_fn=take_terminal,  # noqa: PLW1509 (no thread of ours runs yet)
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                break
            with self._grew:
                self.output += data
                self._grew.notify_all()
            if not data:
                break

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def until(self, condition: Callable[[], Any], what: str) -> None:
        """Wait for something that the program does, on the screen or in files."""
        end = time.monotonic() + LIMIT_S
        with self._grew:
            while time.monotonic() < end:
                if condition():
                    return
                assert self.process.poll() is None, f"it ended before {what}: {self.tail()}"
                self._grew.wait(0.02)
        raise AssertionError(f"waited in vain for {what}: {self.tail()}")

    def end(self) -> int:
        """Wait for its end, and read all that it wrote."""
        code = self.process.wait(LIMIT_S)
        os.set_blocking(self.slave, False)
        with contextlib.suppress(OSError):
            os.write(self.slave, b"\0end\0")  # behind all that it wrote
            with self._grew:
                self._grew.wait_for(lambda: b"\0end\0" in self.output, LIMIT_S)
        return code

    def tail(self) -> str:
        return repr(bytes(self.output[-2000:]))

    def hang_up(self) -> None:
        """Close the terminal's window."""
        os.close(self.master)
        self.master = -1

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        with contextlib.suppress(OSError):
            os.close(self.slave)
        # Without a slave its reads end. One that goes on would read what gets that number next.
        self._reader.join(5.0)
        if self.master >= 0:
            os.close(self.master)


def restored(program: Program) -> list[str]:
    """What of the terminal is not as it was."""
    wrong = []
    if termios.tcgetattr(program.slave) != program.before:
        wrong.append("its attributes")
    for mode in (b"?1049", b"?1000", b"?1003", b"?1006", b"?2004", b"?1004"):
        on, off = (program.output.rfind(b"\x1b[" + mode + end) for end in (b"h", b"l"))
        if on > off:
            wrong.append(f"mode {mode.decode()} is on")
    for mode in (b"?25", b"?7"):  # the cursor, and the wrapping of lines
        on, off = (program.output.rfind(b"\x1b[" + mode + end) for end in (b"h", b"l"))
        if off > on:
            wrong.append(f"mode {mode.decode()} is off")
    return wrong


def events(sessions: Path) -> list[dict[str, Any]]:
    """The records of the newest session."""
    logs = sorted(sessions.glob("*/events.jsonl"))
    lines = logs[-1].read_bytes().split(b"\n")[:-1] if logs else []
    return [json.loads(line) for line in lines]


def types(sessions: Path) -> list[str]:
    return [record["type"] for record in events(sessions)]


@contextlib.contextmanager
def running(
    words: Sequence[str], env: Mapping[str, str], cwd: Path, **options: Any
) -> Iterator[Program]:
    program = Program(words, env, cwd, **options)
    try:
        yield program
    finally:
        program.close()
