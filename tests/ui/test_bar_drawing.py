"""The bars and frames around the panes, beside what Textual makes of them."""

import asyncio

import pytest
from rich.style import Style
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import Static

from agent_tui.ui.widgets.bars import Bar, Pane

CONTENTS = [
    Content(""),
    Content("a word"),
    Content.assemble(("bold", "bold"), " ", ("red", "$error"), " and ", ("more", "reverse")),
    Content.assemble(("x" * 18, "italic"), ("y" * 18, "on $primary"), "z"),
    Content("漢字" * 9),
]
STYLES = ["", "padding: 0 1;", "opacity: 40%;", "background: $panel; color: $error; width: 11;"]
FRAMES = ["border: round $accent;", "border: none;", "border: heavy red; background: #203040;"]


def _cell(letter: str, style: Style) -> str:
    if letter == " " and not style.reverse:  # the colour of a letter that is none
        style = Style(bgcolor=style.bgcolor, underline=style.underline, strike=style.strike)
    return style.render(letter)


def _cells(strips: list[Strip]) -> list[list[str]]:
    """What a person sees of each letter."""
    return [
        [_cell(letter, style or Style()) for text, style, _ in strip for letter in text]
        for strip in strips
    ]


class Beside(App[None]):
    """Ours, and what it is made from."""

    def __init__(self, css: str) -> None:
        self.CSS = f"""
        Bar, Static {{ height: 1; text-wrap: nowrap; text-overflow: ellipsis; {css} }}
        Pane, Vertical {{ height: 6; {css} }}
        """
        super().__init__()

    def compose(self) -> ComposeResult:
        """Two of each."""
        yield Bar()
        yield Static()
        yield Pane()
        yield Vertical()


@pytest.mark.parametrize("css", STYLES)
def test_a_bar_looks_as_textual_draws_it(css: str) -> None:
    """Every cell, for contents that fit and others, and after another theme."""

    async def run() -> None:
        app = Beside(css)
        async with app.run_test(size=(30, 20)) as pilot:
            ours, theirs = app.query_one(Bar), app.query(Static).last()
            for theme in ("textual-dark", "textual-light"):
                app.theme = theme
                for content in CONTENTS:
                    ours.show(content)
                    theirs.update(content)
                    await pilot.pause()
                    whole = Region(0, 0, *ours.outer_size)
                    assert ours.outer_size == theirs.outer_size
                    assert _cells(ours.render_lines(whole)) == _cells(theirs.render_lines(whole))

    asyncio.run(run())


@pytest.mark.parametrize("css", FRAMES)
def test_a_frame_looks_as_textual_draws_it(css: str) -> None:
    """All its lines, and any of them, with a title that changes."""

    async def run() -> None:
        app = Beside(css)
        async with app.run_test(size=(30, 20)) as pilot:
            ours, theirs = app.query_one(Pane), app.query(Vertical).last()
            for title in ("SPEC v1", "a title that is longer than the frame is wide"):
                ours.show_title(Content(title))
                theirs.border_title = Content(title)
                await pilot.pause()
                for y, height in ((0, 6), (0, 2), (1, 4), (3, 3), (5, 1)):
                    part = Region(0, y, 30, height)
                    assert _cells(ours.render_lines(part)) == _cells(theirs.render_lines(part))

    asyncio.run(run())
