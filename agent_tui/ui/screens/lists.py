"""What screens with one list have in common: the keys that move in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar, Generic

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen, ScreenResultType

from agent_tui.ui.widgets.bars import Bar
from agent_tui.ui.widgets.rows import Row, RowsView

Make = Callable[[int], list[Row]]
"""Makes the rows of a list for a width in cells."""


class ListScreen(Screen[ScreenResultType], Generic[ScreenResultType]):
    """A screen or dialog with one list, in which its keys move."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("home,g", "end(True)", show=False),
        Binding("end,G", "end(False)", show=False),
    ]

    @property
    def listing(self) -> RowsView:
        """The list."""
        return self.query_one(RowsView)

    def action_move(self, steps: int) -> None:
        """Move in the list."""
        self.listing.move(steps)

    def action_page(self, direction: int) -> None:
        """Move by a page."""
        self.listing.page(direction)

    def action_end(self, top: bool) -> None:
        """Go to an end of the list."""
        self.listing.to_end(top=top)


class SessionsScreen(ListScreen[None]):
    """A first screen that lists sessions.

    Args:
        open_session: Opens the session of a row, by the row's key.
    """

    CSS_PATH: ClassVar = ["rows.tcss", "home.tcss"]

    def __init__(self, open_session: Callable[[str], None]) -> None:
        super().__init__()
        self._open = open_session
        self._make: Make | None = None

    def reload(self) -> None:
        """Read the list again."""
        self.run_worker(self.read(), name="load sessions", group="load", exclusive=True)

    async def read(self) -> None:
        """Read the sessions and show them."""
        raise NotImplementedError

    def show_keys(self, keys: Iterable[tuple[str, str]]) -> None:
        """Say what the keys do, in the last line."""
        parts = [Content.assemble((key, "bold $gate"), f" {label}") for key, label in keys]
        self.query_one("#keys", Bar).show(Content("  ").join(parts))

    def show_rows(self, make: Make) -> None:
        """Show these sessions; the cursor stays on its own."""
        self._make = make
        self._show()

    @on(RowsView.Resized)
    def _show(self) -> None:
        view = self.listing
        if self._make is not None and view.text_width > 0:
            before = view.row.key if view.row is not None else None
            view.show(self._make(view.text_width))
            if before is not None and view.row is not None and view.row.key != before:
                view.select_key(before)

    @property
    def here(self) -> str | None:
        """The key of the session at the cursor."""
        row = self.listing.row
        return row.key if row is not None and isinstance(row.key, str) else None

    @on(RowsView.Activated)
    def action_open(self) -> None:
        """Open the session at the cursor."""
        if self.here is not None:
            self._open(self.here)

    def action_leave(self) -> None:
        """Quit."""
        self.app.exit()
