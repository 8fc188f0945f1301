"""A view that draws its lines itself, and moves nothing else on the screen by what it shows."""

from __future__ import annotations

from typing import Self, TypedDict

from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar

from agent_tui.ui.widgets.scrollbar import SteadyScrollBar


class _Scroll(TypedDict):
    animate: bool
    force: bool
    immediate: bool


AT_ONCE: _Scroll = {"animate": False, "force": True, "immediate": True}
"""An animated page takes about a second to come to rest; the cursor must not wait for it."""


ASKED = "asked"
"""The group of workers that do what a key asked for: the next key is meant for what comes of it."""


class LineView(ScrollView, inherit_bindings=False):
    """What the panes that draw line by line have in common.

    Textual lays the whole screen out again when a scrollable widget gets longer, and then draws the
    scrollbars of all others a second time. The size of these views does not depend on what they
    show, so none of that is needed, and a key is on the screen in half the time.
    """

    _focus_styles = True

    @property
    def vertical_scrollbar(self) -> ScrollBar:
        """The scroll bar, made when it is first asked for."""
        if self._vertical_scrollbar is None:
            bar = SteadyScrollBar(name="vertical", thickness=self.scrollbar_size_vertical)
            bar.display = False
            self._vertical_scrollbar = bar
            self.app._start_widget(self, bar)
        return self._vertical_scrollbar

    def resize_world(self, size: Size) -> None:
        """Tell the scrollbars how large the whole is."""
        if self.styles.auto_dimensions or not self.size:
            self.virtual_size = size
        elif size != self.virtual_size:
            self.set_reactive(LineView.virtual_size, size)
            self._scroll_update(size)
            if self.show_vertical_scrollbar and not self.vertical_scrollbar.is_mounted:
                # One that has only just come takes no notice of a change until it is there.
                self.call_after_refresh(self.vertical_scrollbar.refresh)

    def _size_updated(
        self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True
    ) -> bool:
        """Another layout: the scrollbars change only if the size did."""
        return super()._size_updated(size, self.virtual_size, container_size, layout)

    def without_focus_styles(self) -> Self:
        """Say that no style sheet asks for the focus of this view: none is gone through for it."""
        self._focus_styles = False
        return self

    def watch_has_focus(self, _has_focus: bool) -> None:
        """The cursor comes or goes, and what a style sheet says of it."""
        if self._focus_styles:
            super().watch_has_focus(_has_focus)
