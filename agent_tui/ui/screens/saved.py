"""The saved sessions, to replay one after the other: what ``replay`` shows without an argument."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen

from agent_tui.ui.widgets.bars import Bar
from agent_tui.ui.widgets.rows import Row, RowsView

Make = Callable[[int], list[Row]]
KEYS = (("enter", "replay"), ("j k", "move"), ("g G", "ends"), ("q", "quit"))


class SavedScreen(Screen[None]):
    """Lists saved sessions. What is opened from it comes back to it.

    Args:
        load: Called when the screen has been painted; makes the rows of the list for a width.
        replay: Replays the session of a row, by the row's key.
    """

    CSS_PATH: ClassVar = ["rows.tcss", "home.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("home,g", "end(True)", show=False),
        Binding("end,G", "end(False)", show=False),
        Binding("enter,right,l", "open", show=False),
        Binding("q,escape", "leave", show=False),
    ]

    def __init__(
        self, load: Callable[[], Awaitable[Make | None]], replay: Callable[[str], None]
    ) -> None:
        super().__init__()
        self._load, self._replay = load, replay
        self._make: Make | None = None

    def compose(self) -> ComposeResult:
        """The widgets, empty."""
        yield Bar(Content.styled("agent-tui", "bold"), id="header")
        yield RowsView(id="sessions")
        yield Bar(id="keys")

    def on_mount(self) -> None:
        """Paint, then load."""
        self.query_one("#sessions").border_title = "Replay"
        parts = [Content.assemble((key, "bold $gate"), f" {label}") for key, label in KEYS]
        self.query_one("#keys", Bar).show(Content("  ").join(parts))
        self.query_one("#sessions").focus()
        self.call_after_refresh(self.reload)

    def reload(self) -> None:
        """Read the list again."""
        self.run_worker(self._read(), name="load sessions", group="load", exclusive=True)

    async def _read(self) -> None:
        self._make = await self._load()
        self._show()

    @on(RowsView.Resized)
    def _show(self) -> None:
        view = self.query_one("#sessions", RowsView)
        if self._make is not None and view.text_width > 0:
            view.show(self._make(view.text_width))

    @on(RowsView.Activated)
    def action_open(self) -> None:
        """Replay the session at the cursor."""
        row = self.query_one("#sessions", RowsView).row
        if row is not None and isinstance(row.key, str):
            self._replay(row.key)

    def action_move(self, steps: int) -> None:
        """Move in the list."""
        self.query_one("#sessions", RowsView).move(steps)

    def action_page(self, direction: int) -> None:
        """Move by a page."""
        self.query_one("#sessions", RowsView).page(direction)

    def action_end(self, top: bool) -> None:
        """Go to an end of the list."""
        self.query_one("#sessions", RowsView).to_end(top=top)

    def action_leave(self) -> None:
        """Quit."""
        self.app.exit()
