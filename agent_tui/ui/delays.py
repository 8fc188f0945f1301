"""Something that is done a while later, for certain."""

import asyncio
from collections.abc import Callable
from typing import Any

from textual.screen import Screen


def is_open(screen: Screen[Any]) -> bool:
    """Whether a screen is one of those of a program that goes on: its widgets are there."""
    return screen.is_attached and screen in screen.app.screen_stack


def after(
    delay_s: float, screen: Screen[Any], callback: Callable[[], object]
) -> asyncio.TimerHandle:
    """Have a screen call *callback* after a while, unless it is going away by then.

    Textual's timers leave out what they are late for, also a timer that was to go off only once:
    when the machine does something else for longer than the delay, just as the timer begins, it
    never goes off.

    Args:
        callback: Called with nothing; what it gives is awaited where that can be.

    Returns:
        What it is cancelled with.
    """

    def call() -> object:
        return callback() if is_open(screen) else None

    return asyncio.get_running_loop().call_later(delay_s, screen.call_next, call)
