"""The lines around the panes: header, timeline, gate, and the tabs of a narrow screen."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static


class Bar(Static):
    """One line of text that never wraps; what does not fit is cut with an ellipsis."""

    def show(self, content: Content) -> None:
        """Show this."""
        self.update(content)


class Timeline(Static):
    """Every step so far, the newest always in view."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._whole = Content("")

    def show(self, content: Content) -> None:
        """Show the end of a line that may be longer than the screen."""
        self._whole = content
        self._fit()

    def on_resize(self) -> None:
        """Cut anew."""
        self._fit()

    def _fit(self) -> None:
        width = self.content_size.width
        content = self._whole
        extra = content.cell_length - width
        if width > 1 and extra > 0:
            start = extra + 1
            while content[start:].cell_length > width - 1:
                start += 1
            content = Content.assemble(("…", "$muted"), content[start:])
        self.update(content)


class GateBar(Vertical):
    """What the loop waits for, and the keys that answer."""

    def compose(self) -> ComposeResult:
        """Two lines."""
        yield Bar(id="gate-question")
        yield Bar(id="gate-keys")

    def show(self, question: Content, keys: Content, *, waiting: bool, deaf: bool) -> None:
        """Show a question and its keys.

        Args:
            waiting: Whether a person is asked.
            deaf: Whether the keys are dead for a moment.
        """
        self.set_class(waiting, "-waiting")
        self.set_class(deaf, "-deaf")
        self.query_one("#gate-question", Bar).show(question)
        self.query_one("#gate-keys", Bar).show(keys)


class PaneTabs(Static):
    """The names of the panes, where only one fits on the screen."""

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._titles: list[Content] = []
        self._active = 0
        self._ends: list[int] = []

    def show(self, titles: list[Content], active: int) -> None:
        """Show these tabs, the active one inverted."""
        self._titles, self._active = titles, active
        self._draw()

    def activate(self, index: int) -> None:
        """Make another tab the active one."""
        self._active = index
        self._draw()

    def _draw(self) -> None:
        titles, active = self._titles, self._active
        parts: list[Content] = []
        self._ends = []
        length = 0
        for index, title in enumerate(titles):
            tab = Content.assemble(f" {index + 1} ", title, " ")
            if index == active:
                tab = tab.stylize("reverse")
            parts.append(tab)
            length += tab.cell_length
            self._ends.append(length)
        self.update(Content("").join(parts))

    def on_click(self, event: object) -> None:
        """Find the tab under the mouse."""
        x = getattr(event, "x", 0)
        for index, end in enumerate(self._ends):
            if x < end:
                self.post_message(self.Chosen(index))
                return
