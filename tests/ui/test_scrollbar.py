"""The scroll bar of the panes, beside Textual's own."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

import pytest
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.content import Content
from textual.geometry import Offset, Region
from textual.scrollbar import ScrollBar
from textual.widgets import Static

from agent_tui.ui.widgets.rows import Row, RowsView
from agent_tui.ui.widgets.scrollbar import SteadyScrollBar

SIZES = [(0, 0), (5, 10), (10, 10), (11, 10), (12, 10), (47, 10), (1_000, 10), (1_000_000, 10)]
PLACES = [0.0, 0.01, 0.3, 0.5, 0.99, 1.0]


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that runs in an event loop of its own."""

    @wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        asyncio.run(test(*arguments, **named))

    return run


class Bars(App[None]):
    """Both scroll bars, side by side."""

    CSS = "Static { layout: horizontal; height: 10; } ScrollBar { width: 1; height: 10; }"

    def compose(self) -> ComposeResult:
        """Two bars in one parent."""
        with Static():
            yield ScrollBar(name="theirs")
            yield SteadyScrollBar(name="ours")


def _cells(bar: ScrollBar) -> list[list[Segment]]:
    return [list(strip) for strip in bar.render_lines(Region(0, 0, 1, 10))]


def _look(bar: ScrollBar) -> list[list[tuple[str, str, object]]]:
    return [
        [(s.text, str(s.style), s.style and s.style.meta) for s in line] for line in _cells(bar)
    ]


@in_loop
async def test_it_looks_as_the_bar_of_textual_does() -> None:
    """At every place of contents of every size, one after the other, also under the mouse."""
    app = Bars()
    looks = set()
    async with app.run_test(size=(20, 12)) as pilot:
        theirs, ours = app.query(ScrollBar)
        for whole, window in SIZES:
            for place in PLACES:
                for over in (False, True):
                    for bar in (theirs, ours):
                        bar.window_virtual_size, bar.window_size = whole, window
                        bar.position = place * max(0, whole - window)
                        bar.mouse_over = over
                    if whole <= window:
                        continue
                    assert _look(ours) == _look(theirs), (whole, window, place, over)
                    looks.add(str(_look(ours)))
        ours.window_virtual_size, ours.position = ours.window_size, 0
        assert {letter for line in _cells(ours) for letter, *_ in line} == {" "}
        assert ours.parent is not None
        colour = ours.parent.rich_style.bgcolor
        assert {s.style and s.style.bgcolor for line in _cells(ours) for s in line} == {colour}
        ours.window_virtual_size, ours.position = theirs.window_virtual_size, theirs.position
        app.theme = "textual-light"
        await pilot.pause()
        assert _look(ours) == _look(theirs)
        assert str(_look(ours)) not in looks
    assert len(looks) > 20


class Pane(App[None]):
    """A pane with a thousand lines."""

    CSS = "RowsView { scrollbar-size-vertical: 1; }"

    def compose(self) -> ComposeResult:
        """The pane."""
        yield RowsView()

    def on_mount(self) -> None:
        """Fill it."""
        self.show(1_000)

    def show(self, count: int) -> None:
        """That many lines."""
        view = self.query_one(RowsView)
        view.show([Row(Content(f"line {n}"), n) for n in range(count)])


@in_loop
async def test_it_is_dragged_and_clicked() -> None:
    """The mouse moves the view by it."""
    app = Pane()
    async with app.run_test(size=(40, 20)) as pilot:
        await pilot.pause()
        view = app.query_one(RowsView)
        assert isinstance(view.vertical_scrollbar, SteadyScrollBar)
        await pilot.mouse_down(view, offset=(39, 0))
        await pilot.hover(view, offset=(39, 10))
        await pilot.mouse_up(view, offset=(39, 10))
        await pilot.pause()
        dragged = view.scroll_offset.y
        assert 400 < dragged < 600
        await pilot.click(view, offset=Offset(39, 19))
        await pilot.pause()
        assert view.scroll_offset.y > dragged


@pytest.mark.parametrize(
    ("change", "drawn"),
    [
        (lambda app: app.show(1_001), False),
        (lambda app: app.show(40), True),
        (lambda app: app.query_one(RowsView).to_end(), True),
    ],
)
@in_loop
async def test_it_is_drawn_again_only_where_it_looks_different(
    change: Callable[[Pane], None], drawn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more of a thousand lines moves its thumb by nothing."""
    app = Pane()
    async with app.run_test(size=(40, 20)) as pilot:
        await pilot.pause()
        bar = app.query_one(RowsView).vertical_scrollbar
        asked: list[ScrollBar] = []
        show = ScrollBar.refresh
        monkeypatch.setattr(
            ScrollBar, "refresh", lambda self, *a, **k: (asked.append(self), show(self, *a, **k))[1]
        )
        change(app)
        await pilot.pause()
        assert (bar in asked) == drawn
