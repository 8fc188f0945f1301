"""What is to be different in a fork."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Label

from agent_tui.ui.screens.dialogs import Dialog


class ForkDialog(Dialog[dict[str, str]]):
    """Asks for models, limits and a reason; an empty field keeps what the configuration says.

    Args:
        position: The step.
        shown: What holds in the session, by the names of the fields.
    """

    FIELDS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("planner", "planner"),
        ("coder", "coder"),
        ("reviewer", "reviewer"),
        ("iterations", "attempts at most"),
        ("dollars", "dollars at most"),
        ("reason", "why"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "save", "save", show=False)]

    def __init__(self, position: int, shown: Mapping[str, str]) -> None:
        super().__init__()
        self._position, self._values = position, shown

    def compose(self) -> ComposeResult:
        """A line for each."""
        with Vertical(classes="dialog"):
            yield Label(Content(f"Fork at step {self._position}"), classes="dialog-title")
            note = "A new session goes on from here; this one stays as it is."
            yield Label(Content(note), classes="dialog-note")
            for name, label in self.FIELDS:
                hint = self._values.get(name, "")
                placeholder = f"{label}: {hint}" if hint else label
                yield Input(id=f"fork-{name}", placeholder=placeholder, compact=True)
            with Horizontal(classes="buttons"):
                yield Button(Content("Fork (ctrl+s)"), id="save", variant="primary")
                yield Button(Content("Cancel (esc)"), id="cancel")

    def on_mount(self) -> None:
        """Begin with the coder: that is what mostly changes."""
        self.query_one("#fork-coder").focus()

    def action_save(self) -> None:
        """Give what was written."""
        fields = {name: self.query_one(f"#fork-{name}", Input).value for name, _ in self.FIELDS}
        self.dismiss({name: text.strip() for name, text in fields.items() if text.strip()})

    @on(Input.Submitted)
    def _next(self) -> None:
        self.focus_next()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "save":
            self.action_save()
        else:
            self.dismiss(None)
