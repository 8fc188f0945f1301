"""Dialogs to choose one of several rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Label

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


class ModelDialog(Dialog[str]):
    """Asks for a model. Is dismissed with ``provider:model``.

    Args:
        title: What the model is for.
        models: Names of models to choose from, each with a word on where it comes from.
        check: Says what keeps a model from being used, or "" if nothing does.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
    ]

    def __init__(
        self, title: str, models: dict[str, str], check: Callable[[str], Awaitable[str]]
    ) -> None:
        super().__init__()
        self._heading = title
        self._models = models
        self._check = check

    def compose(self) -> ComposeResult:
        """A line to type in, and the models that fit it."""
        with Vertical(classes="dialog"):
            yield Label(Content(self._heading), classes="dialog-title")
            yield Input(id="model", placeholder="type to filter, or write provider:model")
            yield RowsView(id="dialog-rows")
            yield Label(Content(""), id="dialog-error")
            yield Label(Content("↑ ↓ choose · enter takes it · esc closes"), classes="dialog-note")

    def on_mount(self) -> None:
        """Begin with the line."""
        self.add_class("-model")
        self._filter("")
        self.query_one("#model").focus()

    @on(Input.Changed, "#model")
    def _typed(self, event: Input.Changed) -> None:
        self.query_one("#dialog-error", Label).update(Content(""))
        self._filter(event.value.strip().lower())

    def _filter(self, typed: str) -> None:
        rows = [
            Row(Content.assemble((f"{name:<34}", "bold"), (why, "$muted")), item=name, key=name)
            for name, why in self._models.items()
            if typed in name.lower() or typed in why.lower()
        ]
        if not rows:
            rows = [
                Row(Content.styled("none of the known ones; enter takes what you wrote", "$muted"))
            ]
        self.query_one("#dialog-rows", RowsView).show(rows)

    def action_move(self, steps: int) -> None:
        """Move the cursor of the list."""
        self.query_one("#dialog-rows", RowsView).move(steps)

    @on(Input.Submitted, "#model")
    @on(RowsView.Activated)
    async def _take(self) -> None:
        row = self.query_one("#dialog-rows", RowsView).row
        written = self.query_one("#model", Input).value.strip()
        name = row.key if row is not None and isinstance(row.key, str) else written
        problem = await self._check(name)
        if problem:
            self.query_one("#dialog-error", Label).update(Content(problem))
        else:
            self.dismiss(name)
