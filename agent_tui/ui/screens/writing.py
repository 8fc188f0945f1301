"""Dialogs in which a person writes: a reason, a text, a finding."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Label, Select, Static, TextArea

from agent_tui.ui.drafts import Draft
from agent_tui.ui.screens.dialogs import Dialog


class ReasonDialog(Dialog[tuple[str, str]]):
    """Asks for a reason. The result is the chosen button's name and the reason.

    Args:
        title: What is being done.
        choices: Pairs of a name and a label for the buttons; the first is what ctrl+s chooses.
        preview: Makes, from the reason, the text that a model will be sent; None if none will.
        optional: Whether the reason may be empty.
        draft: What was written there before, and where it is kept.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "first", "send", show=False)]

    def __init__(
        self,
        title: str,
        choices: list[tuple[str, str]],
        *,
        preview: Callable[[str], str] | None = None,
        optional: bool = False,
        hint: str = "",
        draft: Draft | None = None,
    ) -> None:
        super().__init__()
        self._draft = draft
        self._heading = title
        self._choices = choices
        self._preview = preview
        self._optional = optional
        self._hint = hint

    def compose(self) -> ComposeResult:
        """A text, a preview, buttons."""
        with Vertical(classes="dialog"):
            yield Label(Content(self._heading), classes="dialog-title")
            yield TextArea(
                self._draft.text if self._draft else "",
                id="reason",
                placeholder=self._hint,
                soft_wrap=True,
                compact=True,
            )
            if self._preview is not None:
                yield Label(Content("What the model will be told"), classes="dialog-note")
                with VerticalScroll(id="preview-scroll"):
                    yield Static(id="preview", markup=False)
            yield Label(Content(""), id="dialog-error")
            with Horizontal(classes="buttons"):
                for number, (name, label) in enumerate(self._choices):
                    key = " (ctrl+s)" if number == 0 else ""
                    yield Button(
                        Content(label + key),
                        id=f"choice-{name}",
                        variant="primary" if number == 0 else "default",
                    )
                yield Button(Content("Cancel (esc)"), id="cancel")

    def on_mount(self) -> None:
        """Begin with the text."""
        area = self.query_one("#reason", TextArea)
        self._show_preview(area.text)
        area.focus()
        area.move_cursor(area.document.end)

    @on(TextArea.Changed, "#reason")
    def _changed(self, event: TextArea.Changed) -> None:
        self._show_preview(event.text_area.text)
        self.save_draft(event.text_area.text)

    def _show_preview(self, reason: str) -> None:
        if self._preview is not None:
            self.query_one("#preview", Static).update(Content(self._preview(reason)))

    def action_first(self) -> None:
        """Choose the first button."""
        self._choose(self._choices[0][0])

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        name = (event.button.id or "").removeprefix("choice-")
        if name == "cancel":
            self.dismiss(None)
        else:
            self._choose(name)

    def _choose(self, name: str) -> None:
        reason = self.query_one("#reason", TextArea).text.strip()
        if not reason and not self._optional and name != "stop":
            error = "Say why in a few words: it is what the model gets to work with."
            self.query_one("#dialog-error", Label).update(Content(error))
            self.query_one("#reason").focus()
            return
        self.dismiss((name, reason))


class EditDialog(Dialog[str]):
    """Edits a text. It stays open, with the text, until the text is accepted.

    Args:
        title: What is edited.
        text: The text.
        check: Returns what is wrong with an edited text, or "" if nothing is.
        language: A language that Textual can colour, or None.
        line: The line to begin at, counted from 1.
        numbered_from: The number of the first line, where the text is a part of a file.
        draft: What was written there before, and where it is kept.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "save", "save", show=False)]

    def __init__(
        self,
        title: str,
        text: str,
        *,
        check: Callable[[str], str] = lambda text: "",
        line: int = 1,
        numbered_from: int = 1,
        soft_wrap: bool = False,
        draft: Draft | None = None,
    ) -> None:
        super().__init__()
        self._draft = draft
        self._heading = title
        self._text = text
        self._numbered_from = numbered_from
        self._check = check
        self._line = line
        self._soft_wrap = soft_wrap

    def compose(self) -> ComposeResult:
        """The text and two buttons."""
        with Vertical(classes="dialog -large"):
            yield Label(Content(self._heading), classes="dialog-title")
            yield TextArea(
                (self._draft.text if self._draft else "") or self._text,
                id="text",
                soft_wrap=self._soft_wrap,
                show_line_numbers=True,
                line_number_start=self._numbered_from,
                tab_behavior="indent",
                compact=True,
            )
            yield Label(Content(""), id="dialog-error")
            with Horizontal(classes="buttons"):
                yield Button(Content("Save (ctrl+s)"), id="save", variant="primary")
                yield Button(Content("Cancel (esc)"), id="cancel")

    def on_mount(self) -> None:
        """Begin at the line."""
        area = self.query_one("#text", TextArea)
        area.focus()
        area.move_cursor((max(0, self._line - 1), 0), center=True)
        if self._draft is not None and self._draft.text:
            note = Content("This is what you wrote before and did not save.")
            if "[redacted" in self._draft.text and "[redacted" not in self._text:
                note = Content("You wrote this before and did not save it; secrets were not kept.")
            self.query_one("#dialog-error", Label).update(note)

    @on(TextArea.Changed, "#text")
    def _changed(self, event: TextArea.Changed) -> None:
        text = event.text_area.text
        self.save_draft("" if text == self._text else text)

    def action_save(self) -> None:
        """Accept the text if it is right."""
        text = self.query_one("#text", TextArea).text
        problem = self._check(text)
        if problem:
            self.query_one("#dialog-error", Label).update(Content(problem))
        else:
            self.dismiss(text)

    def action_cancel(self) -> None:
        """Close; a changed text asks once more."""
        changed = self.query_one("#text", TextArea).text != self._text
        error = self.query_one("#dialog-error", Label)
        if changed and not self.has_class("-warned"):
            self.add_class("-warned")
            error.update(Content("The text has changes. Press esc again to lose them."))
        else:
            self.forget_draft()
            if changed and self._draft is not None:
                self._draft.save("")  # given up
            self.dismiss(None)

    @on(Button.Pressed, "#save")
    def _save(self) -> None:
        self.action_save()

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.action_cancel()


class FindingDialog(Dialog[tuple[str, str, str]]):
    """A finding of the person: severity, title, body.

    Args:
        place: What it is on; safe to show.
        draft: What was written there before, and where it is kept: ``severity: title``, then the
            body's lines.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "save", "save", show=False)]

    def __init__(self, place: str, draft: Draft | None = None) -> None:
        super().__init__()
        self._place = place
        self._draft = draft

    def compose(self) -> ComposeResult:
        """Three fields."""
        levels = [
            ("major: goes back to the coder", "major"),
            ("blocker: must not be committed", "blocker"),
            ("minor: a wish", "minor"),
            ("nit: taste", "nit"),
        ]
        first, _, body = (self._draft.text if self._draft else "").partition("\n")
        severity, colon, title = first.partition(": ")
        if not colon or severity not in (name for _, name in levels):
            severity = "major"
        with Vertical(classes="dialog"):
            yield Label(Content(f"Your finding {self._place}".rstrip()), classes="dialog-title")
            hint = "What is wrong, in one line"
            yield Input(title, id="title", placeholder=hint, compact=True)
            hint = "More, if needed"
            yield TextArea(body, id="body", placeholder=hint, soft_wrap=True, compact=True)
            yield Select(levels, value=severity, allow_blank=False, id="severity", compact=True)
            yield Label(Content(""), id="dialog-error")
            with Horizontal(classes="buttons"):
                yield Button(Content("Add (ctrl+s)"), id="save", variant="primary")
                yield Button(Content("Cancel (esc)"), id="cancel")

    def on_mount(self) -> None:
        """Begin with the title."""
        self.query_one("#title").focus()

    @on(Input.Submitted)
    def _next(self) -> None:
        self.query_one("#body").focus()

    @on(Input.Changed)
    @on(TextArea.Changed)
    @on(Select.Changed)
    def _changed(self) -> None:
        title, body = self.query_one("#title", Input).value, self.query_one("#body", TextArea).text
        severity = str(self.query_one("#severity", Select).value)
        self.save_draft(f"{severity}: {title}\n{body}" if title or body else "")

    def action_save(self) -> None:
        """Accept it if it has a title."""
        title = self.query_one("#title", Input).value.strip()
        if not title:
            self.query_one("#dialog-error", Label).update(Content("It needs a title."))
            return
        severity = str(self.query_one("#severity", Select).value)
        self.dismiss((severity, title, self.query_one("#body", TextArea).text.strip()))

    @on(Button.Pressed, "#save")
    def _save(self) -> None:
        self.action_save()

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.dismiss(None)
