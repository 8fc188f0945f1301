"""The saved sessions, to replay one after the other: what ``replay`` shows without an argument."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from agent_tui.ui.screens.lists import Make, SessionsScreen
from agent_tui.ui.widgets.bars import Bar
from agent_tui.ui.widgets.rows import RowsView

KEYS = (("enter", "replay"), ("j k", "move"), ("g G", "ends"), ("q", "quit"))


class SavedScreen(SessionsScreen):
    """Lists saved sessions. What is opened from it comes back to it.

    Args:
        load: Called when the screen has been painted; makes the rows of the list for a width.
        replay: Replays the session of a row, by the row's key.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,right,l", "open", show=False),
        Binding("q,escape", "leave", show=False),
    ]

    def __init__(
        self, load: Callable[[], Awaitable[Make | None]], replay: Callable[[str], None]
    ) -> None:
        super().__init__(replay)
        self._load = load

    def compose(self) -> ComposeResult:
        """The widgets, empty."""
        yield Bar(Content.styled("agent-tui", "bold"), id="header")
        yield RowsView(id="sessions")
        yield Bar(id="keys")

    def on_mount(self) -> None:
        """Paint, then load."""
        self.listing.border_title = "Replay"
        self.show_keys(KEYS)
        self.listing.focus()
        self.call_after_refresh(self.reload)

    async def read(self) -> None:
        """Read the sessions and show them."""
        make = await self._load()
        if make is not None:
            self.show_rows(make)
