"""The terminal as it really is: it can go away, and signals can end us at any time."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import termios
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TextIO

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
"""Signals that end the program in order: the log is closed, children end, the terminal is as it
was. Python's own handlers, or none, would skip all of that."""

WATCH_S = 0.5
"""Seconds between two looks at whether the terminal is still there."""


LATE_S = 0.1
"""A Ctrl-C that was typed for another program reaches our loop only after that one has ended."""


class _Output:
    """The terminal as a file that takes everything, also when it is gone.

    An error in Textual's writing thread would end it, and its queue would soon block the program.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> None:
        """Write it, or lose it."""
        with suppress(OSError):
            self._file.write(text)

    def flush(self) -> None:
        """Hand on what was written."""
        with suppress(OSError):
            self._file.flush()

    def fileno(self) -> int:
        """Number of the terminal's descriptor."""
        return self._file.fileno()


class Terminal(LinuxDriver):
    """Textual's driver, which survives the end of its terminal."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self._file: Any = _Output(self._file)
        signal.signal(signal.SIGTSTP, self._asked_to_stop)
        signal.signal(signal.SIGCONT, self._continued)

    def _asked_to_stop(self, *_: object) -> None:
        """Stop until somebody continues us.

        Textual's handler writes to the terminal at once. It can come in the middle of a write,
        whose lock it then waits for, for ever; the event loop calls it between two writes. While
        the terminal is another program's, nothing is written, and the loop may stand still.
        """
        if self._loop.is_closed():  # only the report is left to be printed
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTSTP)
        elif self._auto_restart:
            self._loop.call_soon_threadsafe(self._sigtstp_application)
        else:
            self._sigtstp_application()

    def _continued(self, *_: object) -> None:
        # While another program has the terminal, that one goes on, and gives it back at its end.
        if self._auto_restart and self._writer_thread is None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._go_on)

    def _go_on(self) -> None:
        if self._writer_thread is None:
            self._sigcont_application()

    def write(self, data: str) -> None:
        """Write to the terminal; what comes while it is not ours is lost, and drawn again later."""
        if self._writer_thread is not None:
            super().write(data)

    def close(self) -> None:
        """Wait until all is written."""
        super().close()
        self._writer_thread = None

    def stop_application_mode(self) -> None:
        """Give the terminal back, and wait until that is written.

        Textual waits for its writing thread only at the very end of an orderly shutdown. One that
        is cut short before would leave the terminal in the program's screen.
        """
        super().stop_application_mode()
        self.close()

    def resume_application_mode(self) -> None:
        """Take the terminal again, without what was typed for the program that had it."""
        with suppress(termios.error):  # it is gone: what watches it will see
            termios.tcflush(self.fileno, termios.TCIFLUSH)
        super().resume_application_mode()

    def run_input_thread(self) -> None:
        """Read keys until the end; that the terminal is gone is such an end."""
        with suppress(OSError):
            super().run_input_thread()

    @property
    def lost(self) -> bool:
        """Whether the terminal has gone away. A read from it would return at once, for ever."""
        poll = select.poll()
        try:
            poll.register(self.fileno, 0)  # a hang-up is told without being asked for
            return any(event & select.POLLHUP for _, event in poll.poll(0))
        except OSError:
            return True

    def let_go(self) -> None:
        """Read no more from a terminal that is gone, so that its thread does not spin."""
        self.exit_event.set()


class Interrupts:
    """Whose Ctrl-C it is: while another program has the terminal, it means that one."""

    ours = True
    _loans = 0

    @classmethod
    def lend(cls) -> int:
        """It is another program's from now on. Gives what :meth:`take_back` is told."""
        cls.ours = False
        cls._loans += 1
        return cls._loans

    @classmethod
    def take_back(cls, loan: int) -> None:
        """It is ours again, unless the terminal was lent once more since then."""
        if loan == cls._loans:
            cls.ours = True


def on_end(callback: Callable[[signal.Signals], None]) -> None:
    """Have *callback* called in the event loop when a signal asks the program to end."""
    loop = asyncio.get_running_loop()

    def asked(number: signal.Signals) -> None:
        if Interrupts.ours or number is not signal.SIGINT:
            callback(number)

    for number in ENDING:
        with suppress(NotImplementedError, RuntimeError, ValueError):  # not the main thread
            loop.add_signal_handler(number, asked, number)


def say_last(text: str, *, error: bool) -> None:
    """Print when the screen is gone; where nobody is there to read it, nothing happens."""
    stream = sys.stderr if error else sys.stdout
    try:
        print(text, file=stream, flush=True)
    except OSError:
        # Python would complain once more when it closes them.
        null = os.open(os.devnull, os.O_WRONLY)
        for descriptor in (1, 2):
            os.dup2(null, descriptor)
        os.close(null)
