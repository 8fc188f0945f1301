"""The dialog to choose a model."""

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
        self._fitting = list(models)
        self._at = 0

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
        self._fitting = [
            name
            for name, why in self._models.items()
            if typed in name.lower() or typed in why.lower()
        ]
        self._at = 0
        self._show()

    def _show(self) -> None:
        rows = []
        for number, name in enumerate(self._fitting):
            here = number == self._at
            line = Content.assemble(
                ("▸ " if here else "  ", "bold $accent"),
                (f"{name:<34}", "bold" if here else ""),
                (self._models[name], "$muted"),
            )
            rows.append(Row(line, item=name, key=name))
        if not rows:
            words = "none of the known ones; enter takes what you wrote"
            rows.append(Row(Content.styled(words, "$muted")))
        view = self.query_one(RowsView)
        view.show(rows)
        if self._fitting:
            view.select_key(self._fitting[self._at])

    def action_move(self, steps: int) -> None:
        """Choose another one."""
        if self._fitting:
            self._at = (self._at + steps) % len(self._fitting)
            self._show()

    @on(Input.Submitted, "#model")
    async def _take(self) -> None:
        written = self.query_one("#model", Input).value.strip()
        name = self._fitting[self._at] if self._fitting else written
        problem = await self._check(name)
        if problem:
            self.query_one("#dialog-error", Label).update(Content(problem))
        else:
            self.dismiss(name)
