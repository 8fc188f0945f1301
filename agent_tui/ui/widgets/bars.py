"""The lines around the panes: header, timeline, gate, and the tabs of a narrow screen."""

from __future__ import annotations

from typing import Self

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widgets import Static

from agent_tui.ui.widgets.ink import Ink


class Bar(Static):
    """One line of text that never wraps; what does not fit is cut with an ellipsis."""

    _shown: Content | None = None
    _ink: Ink | None = None

    def notify_style_update(self) -> None:
        """A theme or a state changed."""
        super().notify_style_update()
        self._ink = None

    def render_line(self, y: int) -> Strip:
        """The line; where it may be several, they are left to Textual."""
        content, size = self.content, self.content_size
        if size.height != 1 or not isinstance(content, Content):
            return super().render_line(y)
        if self._ink is None:
            self._ink = Ink(self)
        return self._ink.line(content, size.width)

    def show(self, content: Content) -> None:
        """Show this. Its height is fixed, so nothing else on the screen has to move."""
        if self._shown is None or not self._shown.is_same(content):
            self._shown = content
            self.update(content, layout=False)


class Timeline(Bar):
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
        super().show(content)


class Pane(Vertical):
    """A column with a title in its border."""

    _titled: Content | None = None
    _only_title = False

    def show_title(self, title: Content) -> None:
        """Show this title; of the pane only the line with it is drawn again."""
        if self._titled is not None and self._titled.is_same(title):
            return
        self._titled = title
        self._only_title = True
        try:
            self.border_title = title
        finally:
            self._only_title = False

    def render_lines(self, crop: Region) -> list[Strip]:
        """Its frame. The lines between the first and the last one are all the same."""
        last = self.outer_size.height - 1
        if last < 2 or crop.height < 2:
            return super().render_lines(crop)
        first, middle, end = (
            super(Pane, self).render_lines(Region(crop.x, y, crop.width, 1))[0]
            for y in (0, 1, last)
        )
        return [{0: first, last: end}.get(y, middle) for y in crop.line_range]

    def update_node_styles(self, animate: bool = True) -> None:
        """Its classes changed. They say nothing of what is in it, which has many styles."""
        self.app.stylesheet.update_nodes([self], animate=animate)

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Self:
        """Draw it again, or only some regions of it."""
        if self._only_title:
            gutter = self.gutter
            regions = (Region(-gutter.left, -gutter.top, self.outer_size.width, 1),)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)


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


class PaneTabs(Bar):
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

    def show_tabs(self, titles: list[Content], active: int) -> None:
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
        self.show(Content("").join(parts))

    def on_click(self, event: object) -> None:
        """Find the tab under the mouse."""
        x = getattr(event, "x", 0)
        for index, end in enumerate(self._ends):
            if x < end:
                self.post_message(self.Chosen(index))
                return
