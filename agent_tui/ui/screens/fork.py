"""What is to be different in a fork."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Label

from agent_tui.ui.screens.dialogs import Dialog
from agent_tui.ui.screens.writing import EditDialog

CHOICES = ("approve", "reject", "stop")


class ForkDialog(Dialog[dict[str, str]]):
    """Asks for models, limits, a spec, a decision and a reason; an empty field changes nothing.

    Args:
        position: The step.
        shown: What holds in the session, by the names of the fields.
        gate: The kind of the gate that can be decided there, or "".
        spec: The spec in force as text, or "" if there is none.
        check_spec: Says what is wrong with another spec, or "" if nothing is.
    """

    FIELDS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("planner", "planner"),
        ("coder", "coder"),
        ("reviewer", "reviewer"),
        ("iterations", "attempts at most"),
        ("dollars", "dollars at most"),
        ("decision", "decide"),
        ("reason", "why"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "save", show=False),
        Binding("ctrl+e", "spec", "spec", show=False, priority=True),
    ]

    def __init__(
        self,
        position: int,
        shown: Mapping[str, str],
        *,
        gate: str = "",
        spec: str = "",
        check_spec: Callable[[str], str] = lambda text: "",
    ) -> None:
        super().__init__()
        self._position, self._values, self._gate = position, shown, gate
        self._spec, self._own, self._check_spec = spec, "", check_spec

    def compose(self) -> ComposeResult:
        """A line for each."""
        with Vertical(classes="dialog"):
            yield Label(Content(f"Fork at step {self._position}"), classes="dialog-title")
            note = "A new session goes on from here; this one stays as it is."
            yield Label(Content(note), classes="dialog-note")
            for name, label in self.FIELDS:
                hint = self._values.get(name, "")
                placeholder = f"{label}: {hint}" if hint else label
                if name == "decision":
                    placeholder = f"decide the {self._gate} gate: approve, reject, stop; or later"
                box = Input(id=f"fork-{name}", placeholder=placeholder, compact=True)
                box.display = name != "decision" or bool(self._gate)
                yield box
            yield Label(Content(""), id="dialog-error")
            with Horizontal(classes="buttons"):
                if self._spec:
                    yield Button(Content("Edit the spec (ctrl+e)"), id="spec")
                yield Button(Content("Fork (ctrl+s)"), id="save", variant="primary")
                yield Button(Content("Cancel (esc)"), id="cancel")

    def on_mount(self) -> None:
        """Begin with the coder: that is what mostly changes."""
        self.query_one("#fork-coder").focus()

    def action_save(self) -> None:
        """Give what was written, if it goes together."""
        fields = {name: self.query_one(f"#fork-{name}", Input).value for name, _ in self.FIELDS}
        fields = {name: text.strip() for name, text in fields.items() if text.strip()}
        if self._own:
            fields["spec"] = self._own
        written = fields.get("decision", "").lower()
        if written:
            found = [choice for choice in CHOICES if choice.startswith(written)]
            if not found:
                self._tell("Decide by writing approve, reject or stop.")
                return
            fields["decision"] = found[0]
            if found[0] == "reject" and "reason" not in fields:
                self._tell("Write why it is rejected: the model is told.")
                return
            if self._own and (self._gate != "spec" or found[0] != "approve"):
                self._tell("Your own spec is what is decided about next: leave the decision empty.")
                return
        self.dismiss(fields)

    def _tell(self, problem: str) -> None:
        self.query_one("#dialog-error", Label).update(Content(problem))

    def action_spec(self) -> None:
        """Write another spec."""
        if not self._spec:
            return

        def done(text: str | None) -> None:
            if text is not None and text != self._spec:
                self._own = text
                self.query_one("#spec", Button).label = Content("Your spec (ctrl+e)")

        dialog = EditDialog(
            "Another spec", self._own or self._spec, check=self._check_spec, soft_wrap=True
        )
        self.app.push_screen(dialog, done)

    @on(Input.Submitted)
    def _next(self) -> None:
        self.focus_next()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "save":
            self.action_save()
        elif event.button.id == "spec":
            self.action_spec()
        else:
            self.dismiss(None)
