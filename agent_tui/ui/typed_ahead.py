"""Keys in the order in which they were typed, each where the one before it has led to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from weakref import WeakSet

from textual.app import App
from textual.dom import DOMNode
from textual.events import Event, Key, Paste
from textual.message import Message
from textual.worker import Worker, WorkerCancelled, WorkerFailed

from agent_tui.ui.widgets.lines import ASKED

HELD_S = 5.0
"""Seconds that a key can keep the next one waiting; after that it is taken all the same."""

MOVES = frozenset({"up", "down", "left", "right", "pageup", "pagedown", "home", "end"})
"""Keys that lead nowhere else: the next one need not wait, also where one is held down.

Not so where text is written, for a letter is there before the cursor has moved."""


class TypedAhead:
    """Takes one key or paste at a time: the next when all is done that the one before led to.

    Textual hands a key to the widget that has the focus when the key comes in, but runs its binding
    only when the key has risen from there to the application, and focuses a new dialog's input
    later still. What is typed in one burst would go to the screen below the dialog, or nowhere.
    What a key has done by a worker of the group :data:`ASKED` is waited for as well: the next key
    is meant for the place to which a search led, and not for the one where it was begun.

    Args:
        app: Whose keys they are.
        handle: Does with a key what Textual does.
    """

    def __init__(self, app: App[Any], handle: Callable[[Event], Awaitable[None]]) -> None:
        self._app = app
        self._handle = handle
        self._waiting: deque[Event] = deque()
        self._following: asyncio.Task[None] | None = None
        self._settled: object = None
        self._since = 0.0
        self._late: WeakSet[Worker[Any]] = WeakSet()  # one key has waited for these long enough

    @staticmethod
    def concerns(event: Event) -> bool:
        """Whether it comes from the keyboard, and from no widget that has had it."""
        return isinstance(event, (Key, Paste)) and not event.is_forwarded

    async def take(self, event: Event) -> None:
        """Handle it now, or when those before it are through."""
        if event.time < self._since:
            return
        self._waiting.append(event)
        await self._go_on()

    def forget(self) -> None:
        """Drop what was typed until now: it was meant for a program that had the terminal."""
        self._waiting.clear()
        self._since = Message().time

    async def _go_on(self) -> None:
        while self._waiting and self._following is None:
            screen = self._app.screen
            if screen is not self._settled:
                self._follow(screen)  # its first focus comes with its mounting
                return
            target, event = self._app.focused or screen, self._waiting.popleft()
            await self._handle(event)
            moves = isinstance(event, Key) and event.key in MOVES
            if not moves or target.check_consume_key("a", "a"):
                self._follow(target)

    def _follow(self, node: DOMNode) -> None:
        self._following = asyncio.create_task(self._wait(node), name="typed ahead")

    async def _wait(self, node: DOMNode) -> None:
        # A widget that fails takes the application with it; one that hangs must not make it deaf.
        try:
            async with asyncio.timeout(HELD_S):
                await self._rise(node)
                while self._app.screen is not self._settled or await self._was_asked():
                    self._settled = self._app.screen
                    await self._rise(self._app.focused or self._settled)
        except TimeoutError:
            self._late |= set(self._asked())
        self._following = None
        if self._waiting:
            self._app.call_later(self._go_on)

    async def _was_asked(self) -> bool:
        """Wait for what a key has done elsewhere. False if there is nothing of the kind."""
        asked = self._asked()
        for worker in asked:
            # Shielded: the work goes on where it takes longer than a key waits. A failure of it
            # ends the application.
            with suppress(WorkerCancelled, WorkerFailed):
                await asyncio.shield(worker.wait())
        return bool(asked)

    def _asked(self) -> list[Worker[Any]]:
        return [w for w in self._app.workers if w.group == ASKED and w not in self._late]

    async def _rise(self, node: DOMNode | None) -> None:
        """Go the way of a key that nobody stops, from a widget up to the application.

        Twice through each queue: messages that the widget sent because of the key come behind it.
        """
        while node is not None:
            for _ in range(2):
                reached = asyncio.Event()
                if not node.call_later(reached.set):
                    break  # it is closing: what was in its queue is done or gone
                await reached.wait()
            node = node.parent
