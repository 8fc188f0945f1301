"""A dialog to choose one of several rows."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Label

from agent_tui.ui.screens.dialogs import Dialog
from agent_tui.ui.widgets.rows import Row, RowsView


class ChooseDialog(Dialog[str]):
    """Is dismissed with the key of the chosen row."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
        Binding("enter", "choose", show=False),
        Binding("q", "cancel", show=False),
    ]

    def __init__(self, title: str, rows: list[Row]) -> None:
        super().__init__()
        self._heading = title
        self._rows = rows

    def compose(self) -> ComposeResult:
        """The rows."""
        with Vertical(classes="dialog -large"):
            yield Label(Content(self._heading), classes="dialog-title")
            yield RowsView(id="dialog-rows")
            yield Label(Content("enter opens · esc closes"), classes="dialog-note")

    def on_mount(self) -> None:
        """Show the rows."""
        view = self.query_one("#dialog-rows", RowsView)
        view.show(self._rows)
        view.focus()

    def action_move(self, steps: int) -> None:
        """Move the cursor."""
        self.query_one("#dialog-rows", RowsView).move(steps)

    @on(RowsView.Activated)
    def action_choose(self) -> None:
        """Take the row at the cursor."""
        row = self.query_one("#dialog-rows", RowsView).row
        if row is not None and isinstance(row.key, str):
            self.dismiss(row.key)
