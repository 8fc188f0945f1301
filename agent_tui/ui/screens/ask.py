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

from agent_tui.ui.screens.dialogs import Dialog
from agent_tui.ui.widgets.rows import Row, RowsView


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


class PickDialog(Dialog[Hashable]):
    """Shows rows of which one can be taken: Enter or a second click gives its key.

    Args:
        title: What they are.
        make: Makes the rows for a width.
        note: What the keys do.
        at: The key of the row to begin at.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "cancel", "close", show=False),
        Binding("enter", "take", show=False),
        Binding("j,down", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("home,g", "end(True)", show=False),
        Binding("end,G", "end(False)", show=False),
    ]

    def __init__(
        self,
        title: str,
        make: Callable[[int], list[Row]],
        *,
        note: str = "enter goes there · esc closes",
        at: Hashable = None,
    ) -> None:
        super().__init__()
        self._heading, self._make, self._note, self._at = title, make, note, at

    def compose(self) -> ComposeResult:
        """A list of rows."""
        with Vertical(classes="dialog -large"):
            yield Label(Content(self._heading), classes="dialog-title")
            yield RowsView(id="dialog-rows")
            yield Label(Content(self._note), classes="dialog-note")

    def on_mount(self) -> None:
        """Begin in the list."""
        self.query_one("#dialog-rows").focus()

    @on(RowsView.Resized)
    def _resized(self, event: RowsView.Resized) -> None:
        event.view.show(self._make(event.view.text_width))
        if self._at is not None:
            at, self._at = self._at, None
            self.call_after_refresh(event.view.select_key, at)

    @on(RowsView.Activated)
    def action_take(self) -> None:
        """Give the row at the cursor."""
        row = self.query_one("#dialog-rows", RowsView).row
        if row is not None and row.key is not None:
            self.dismiss(row.key)

    def action_move(self, steps: int) -> None:
        """Move the cursor."""
        self.query_one("#dialog-rows", RowsView).move(steps)

    def action_page(self, direction: int) -> None:
        """Move the cursor by a page."""
        self.query_one("#dialog-rows", RowsView).page(direction)

    def action_end(self, top: bool) -> None:
        """Go to an end of the list."""
        self.query_one("#dialog-rows", RowsView).to_end(top=top)
