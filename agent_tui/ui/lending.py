"""The terminal, lent to a program that asks for what a signature needs: a pinentry, or ssh."""

from __future__ import annotations

import asyncio
import contextvars
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import App, SuspendNotSupported

from agent_tui.ui.terminal import say_last

if TYPE_CHECKING:
    from agent_tui.workspace.commit import LendTerminal

_PATIENCE_S = 20.0
"""How long the git thread waits for the screen to go; a program that ends will not answer."""


class _Loan:
    """One time that the terminal is away."""

    def __init__(self) -> None:
        self.name = ""
        self.begun = threading.Event()
        self.over = threading.Event()


def lender(app: App[Any]) -> LendTerminal:
    """What hands over the app's terminal. To be made in the app's event loop."""
    loop, context = asyncio.get_running_loop(), contextvars.copy_context()
    return partial(_lent, app, loop, context)


@contextmanager
def _lent(
    app: App[Any], loop: asyncio.AbstractEventLoop, context: contextvars.Context
) -> Iterator[str]:
    loan = _Loan()
    try:
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(_away, app, loan, context=context)
            loan.begun.wait(_PATIENCE_S)
        yield loan.name
    finally:
        loan.over.set()


def _away(app: App[Any], loan: _Loan) -> None:
    """Keep the screen away until the loan is over. The event loop stands still meanwhile."""
    name = _terminal_name()
    if not name or loan.over.is_set():
        loan.begun.set()
        return
    try:
        with app.suspend():
            say_last("agent-tui: git signs the commit", error=False)
            loan.name = name
            loan.begun.set()
            loan.over.wait()
    except SuspendNotSupported:
        loan.name = ""
    finally:
        loan.begun.set()


def _terminal_name() -> str:
    """The terminal of this process, if it has one that a program could ask on."""
    try:
        return os.ttyname(sys.__stdin__.fileno()) if sys.__stdin__ is not None else ""
    except (OSError, ValueError):
        return ""
