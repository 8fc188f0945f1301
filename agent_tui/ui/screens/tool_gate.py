"""The dialogs of a tool gate: allow always, and deny with a reason."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Button, Label, Static

from agent_tui.domain.decision import AllowAlways, Answer, Gate, Reject
from agent_tui.domain.rules import Rule
from agent_tui.domain.text import visible_lines
from agent_tui.ui.drafts import Draft
from agent_tui.ui.screens.dialogs import Dialog
from agent_tui.ui.screens.writing import ReasonDialog

Decide = Callable[[str, Answer], None]


class AlwaysDialog(Dialog[str]):
    """Asks how long the rules hold. The result is ``session`` or ``project``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "choose('session')", show=False),
        Binding("p", "choose('project')", show=False),
    ]

    def __init__(self, rules: Sequence[Rule]) -> None:
        super().__init__()
        self._rules = rules

    def compose(self) -> ComposeResult:
        """The rules, and how long they hold; the harmless button has the focus."""
        body = "\n".join(f"• {visible_lines(str(rule))}" for rule in self._rules)
        with Vertical(classes="dialog"):
            yield Label(Content("Do not ask about this again"), classes="dialog-title")
            with VerticalScroll(id="preview-scroll"):
                yield Static(Content(body), markup=False)
            yield Label(
                Content("For the project: until you take it back with agent-tui rules remove."),
                classes="dialog-note",
            )
            with Horizontal(classes="buttons"):
                yield Button(Content("Cancel (esc)"), id="cancel", variant="primary")
                yield Button(Content("This session (s)"), id="session")
                yield Button(Content("This project (p)"), id="project")

    def on_mount(self) -> None:
        """The harmless one first."""
        self.query_one("#cancel").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.action_choose(event.button.id or "cancel")

    def action_choose(self, name: str) -> None:
        """Close with that answer."""
        self.dismiss(None if name == "cancel" else name)


def always(screen: Screen[None], gate: Gate, decide: Decide) -> None:
    """Ask for how long the call is allowed."""
    if gate.tool is None:
        return

    def done(scope: str | None) -> None:
        if scope in ("session", "project"):
            decide(gate.id, AllowAlways(scope="session" if scope == "session" else "project"))

    screen.app.push_screen(AlwaysDialog(gate.tool.proposed), done)


def deny(screen: Screen[None], gate: Gate, decide: Decide, draft: Draft) -> None:
    """Ask for the reason, which the model is told."""

    def done(result: tuple[str, str] | None) -> None:
        if result is not None:
            choice, reason = result
            decide(gate.id, Reject(reason=reason, stop=choice == "stop"))

    screen.app.push_screen(
        ReasonDialog(
            "Do not allow this call",
            [("deny", "Deny"), ("stop", "Stop here")],
            optional=True,
            hint="Why, or what to do instead? The model gets your words. (may be empty)",
            draft=draft,
        ),
        done,
    )
