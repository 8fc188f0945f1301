"""Small dialogs of the replay: one line of text, and one of many rows."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Label

from agent_tui.ui.screens.dialogs import Dialog, ListDialog
from agent_tui.ui.screens.lists import Make
from agent_tui.ui.widgets.rows import RowsView


class AskDialog(Dialog[str]):
    """Asks for one line of text; Enter gives it.

    Args:
        title: What it is for.
        hint: What can be written, shown below.
        text: What stands there at first.
        check: Returns what is wrong with a text, or "" if nothing is.
    """

    def __init__(
        self,
        title: str,
        hint: str = "",
        *,
        text: str = "",
        check: Callable[[str], str] = lambda text: "",
    ) -> None:
        super().__init__()
        self._heading, self._hint, self._text, self._check = title, hint, text, check

    def compose(self) -> ComposeResult:
        """One line, and what can be written there."""
        with Vertical(classes="dialog"):
            yield Label(Content(self._heading), classes="dialog-title")
            yield Input(self._text, id="line", compact=True)
            yield Label(Content(""), id="dialog-error")
            yield Label(Content(f"{self._hint}  enter takes it · esc closes".strip()),
                        classes="dialog-note")  # fmt: skip

    def on_mount(self) -> None:
        """Begin in the line."""
        self.query_one("#line").focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        problem = self._check(event.value)
        if problem:
            self.query_one("#dialog-error", Label).update(Content(problem))
        else:
            self.dismiss(event.value)


class PickDialog(ListDialog[Hashable]):
    """Shows rows of which one can be taken: Enter or a second click gives its key.

    Args:
        title: What they are.
        make: Makes the rows for a width.
        note: What the keys do.
        at: The key of the row to begin at.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "take", show=False)]

    def __init__(
        self,
        title: str,
        make: Make,
        *,
        note: str = "enter goes there · esc closes",
        at: Hashable = None,
    ) -> None:
        super().__init__(title, make, note=note)
        self._at = at

    @on(RowsView.Resized)
    def _begin(self, event: RowsView.Resized) -> None:
        if self._at is not None:
            at, self._at = self._at, None
            self.call_after_refresh(event.view.select_key, at)

    @on(RowsView.Activated)
    def action_take(self) -> None:
        """Give the row at the cursor."""
        row = self.listing.row
        if row is not None and row.key is not None:
            self.dismiss(row.key)
