"""The dialog of one comment: kind and text, beside what it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Label, Static, TextArea

from agent_tui.ui.drafts import Draft
from agent_tui.ui.screens.dialogs import Dialog

_KINDS = ("change", "question", "note")
_LABELS = {
    "change": "change: something is to be done",
    "question": "question: it wants an answer",
    "note": "note: for you, sent to no model",
}
QUOTED = 6
"""Lines of the quote that the dialog shows."""


class Written(NamedTuple):
    """What became of the dialog.

    Attributes:
        what: ``save``; ``keep`` for an unfinished text; ``remove`` or ``resolve`` for the comment.
    """

    what: Literal["save", "keep", "remove", "resolve"]
    kind: str
    text: str


class CommentDialog(Dialog[Written]):
    """Writes a comment. Leaving it keeps what was written.

    Args:
        title: What it is about; safe to show.
        quote: The lines; safe to show.
        kind: The kind to begin with.
        text: The text to begin with.
        replies: Answers to it; safe to show.
        exists: Whether it is a comment already, which can be resolved or removed.
        resolved: Whether it is resolved.
        keep: Keeps what was written so far.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "save", show=False),
        Binding("ctrl+t", "kind", "kind", show=False, priority=True),
        Binding("ctrl+r", "resolve", "resolve", show=False, priority=True),
        Binding("ctrl+x", "remove", "remove", show=False, priority=True),
    ]

    def __init__(
        self,
        title: str,
        quote: str = "",
        *,
        kind: str = "change",
        text: str = "",
        replies: tuple[str, ...] = (),
        exists: bool = False,
        resolved: bool = False,
        keep: Callable[[Written], None] = lambda written: None,
    ) -> None:
        super().__init__()
        self._draft = Draft(text, lambda text: keep(Written("keep", self._kind, text)))
        self._heading = title
        self._quote = quote
        self._kind = kind
        self._text = text
        self._replies = replies
        self._exists = exists
        self._resolved = resolved

    def compose(self) -> ComposeResult:
        """The quote, the answers, the text."""
        with Vertical(classes="dialog"):
            yield Label(Content(self._heading), classes="dialog-title")
            if self._quote:
                lines = self._quote.split("\n")
                more = [f"… and {len(lines) - QUOTED} more"] if len(lines) > QUOTED else []
                shown = "\n".join(f"│ {line}" for line in [*lines[:QUOTED], *more])
                yield Static(Content.styled(shown, "$muted"), id="comment-quote", markup=False)
            if self._replies:
                with VerticalScroll(id="preview-scroll"):
                    yield Static(Content("\n".join(self._replies)), markup=False)
            yield Label(Content(""), id="comment-kind")
            yield TextArea(
                self._text,
                id="comment-text",
                soft_wrap=True,
                compact=True,
                placeholder="What do you want to say about this?",
            )
            yield Label(Content(""), id="dialog-error")
            with Horizontal(classes="buttons"):
                yield Button(Content("Save (ctrl+s)"), id="save", variant="primary")
                yield Button(Content("Kind (ctrl+t)"), id="kind")
                if self._exists:
                    word = "Reopen" if self._resolved else "Resolve"
                    yield Button(Content(f"{word} (ctrl+r)"), id="resolve")
                    yield Button(Content("Remove (ctrl+x)"), id="remove")
                yield Button(Content("Later (esc)"), id="later")

    def on_mount(self) -> None:
        """Begin with the text, at its end."""
        area = self.query_one("#comment-text", TextArea)
        area.focus()
        area.move_cursor(area.document.end)
        self._show_kind()

    def _show_kind(self) -> None:
        parts: list[str | tuple[str, str]] = []
        for kind in _KINDS:
            chosen = kind == self._kind
            words = _LABELS[kind] if chosen else kind
            parts += [("● " if chosen else "○ ", "$gate" if chosen else "$muted")]
            parts += [(words, "bold" if chosen else "$muted"), "   "]
        self.query_one("#comment-kind", Label).update(Content.assemble(*parts))

    @property
    def _written(self) -> str:
        return self.query_one("#comment-text", TextArea).text

    def action_kind(self) -> None:
        """Take the next kind."""
        self._kind = _KINDS[(_KINDS.index(self._kind) + 1) % len(_KINDS)]
        self._show_kind()

    def action_save(self) -> None:
        """Accept it if it says something."""
        if not self._written.strip():
            error = "Write something, or leave with esc."
            self.query_one("#dialog-error", Label).update(Content(error))
            return
        self.dismiss(Written("save", self._kind, self._written.strip()))

    def action_cancel(self) -> None:
        """Leave; what was written is there again the next time."""
        if self._written == self._text:
            self.dismiss(None)  # and what was kept meanwhile is what there was before
        else:
            self.dismiss(Written("keep", self._kind, self._written))

    @on(TextArea.Changed, "#comment-text")
    def _changed(self) -> None:
        self.save_draft(self._written)

    def action_resolve(self) -> None:
        """Close the comment, or open it again."""
        if self._exists:
            self.dismiss(Written("resolve", self._kind, self._written))

    def action_remove(self) -> None:
        """Take the comment back."""
        if self._exists:
            self.dismiss(Written("remove", self._kind, self._written))

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        actions = {
            "save": self.action_save,
            "kind": self.action_kind,
            "resolve": self.action_resolve,
            "remove": self.action_remove,
            "later": self.action_cancel,
        }
        actions[event.button.id or "later"]()
