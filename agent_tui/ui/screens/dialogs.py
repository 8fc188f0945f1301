"""Dialogs: each takes data, and is dismissed with what the person decided, or None."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Label, Static

from agent_tui.ui.drafts import DraftScreen
from agent_tui.ui.screens.lists import ListScreen, Make
from agent_tui.ui.widgets.rows import RowsView

R = TypeVar("R")


class Dialog(ModalScreen[R | None], DraftScreen[R | None], Generic[R]):
    """The base of all dialogs: Escape cancels."""

    CSS_PATH: ClassVar = ["rows.tcss", "dialogs.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        # A text area would take it to leave the text.
        Binding("escape", "cancel", "cancel", show=False, priority=True)
    ]

    def dismiss(self, result: R | None = None) -> AwaitComplete:
        """Close; what was written and not decided on is kept."""
        if result is None:
            self.keep_draft()
        else:
            self.forget_draft()
        return super().dismiss(result)

    def action_cancel(self) -> None:
        """Close without a decision."""
        self.dismiss(None)


class ConfirmDialog(Dialog[bool]):
    """A question with two buttons; Enter alone never says yes."""

    def __init__(self, title: str, body: str, yes: str, no: str = "Cancel") -> None:
        super().__init__()
        self._heading, self._body, self._yes, self._no = title, body, yes, no

    def compose(self) -> ComposeResult:
        """The question; the harmless button has the focus."""
        with Vertical(classes="dialog"):
            yield Label(Content(self._heading), classes="dialog-title")
            with VerticalScroll(id="preview-scroll"):
                yield Static(Content(self._body), markup=False)
            with Horizontal(classes="buttons"):
                yield Button(Content(self._no), id="no", variant="primary")
                yield Button(Content(self._yes), id="yes")

    def on_mount(self) -> None:
        """The harmless one first."""
        self.query_one("#no").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")


class ListDialog(Dialog[R], ListScreen[R | None], Generic[R]):
    """The base of dialogs that show rows.

    Args:
        title: What they are.
        make: Makes the rows for a width.
        note: What the keys do.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "cancel", "close", show=False)]

    def __init__(self, title: str, make: Make, *, note: str) -> None:
        super().__init__()
        self._heading, self._make, self._note = title, make, note

    def compose(self) -> ComposeResult:
        """A list of rows."""
        with Vertical(classes="dialog -large"):
            yield Label(Content(self._heading), classes="dialog-title")
            yield RowsView(id="dialog-rows")
            yield Label(Content(self._note), classes="dialog-note")

    @on(RowsView.Resized)
    def _resized(self, event: RowsView.Resized) -> None:
        event.view.show(self._make(event.view.text_width))

    def on_mount(self) -> None:
        """Begin in the list."""
        self.listing.focus()


class RowsDialog(ListDialog[None]):
    """Shows rows, for example the timeline with costs and times."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("t", "cancel", "close", show=False)]

    def __init__(self, title: str, make: Make) -> None:
        super().__init__(title, make, note="↑ ↓ move · esc closes")
