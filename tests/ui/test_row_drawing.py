"""The rows of a pane, beside what Textual makes of the same text."""

import asyncio

from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.style import Style
from textual.app import App, ComposeResult
from textual.content import EMPTY_CONTENT, Content, Span
from textual.strip import Strip
from textual.visual import Visual

from agent_tui.ui.widgets.row import MARK, DrawnRows, Look, Row
from agent_tui.ui.widgets.rows import RowsView

STYLES = [
    "bold",
    "$error",
    "italic $text-muted",
    "reverse",
    "on $primary",
    "not bold",
    "dim #123456",
]
KINDS = ["", "add", "head", "left-out"]
TEXTS = st.text(st.sampled_from("ab \t\n\u00e9漢字😀e\u0301‍"), max_size=30)
SPANS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 30), st.sampled_from(STYLES)), max_size=5
)


class Pane(App[None]):
    """A pane with styles for some kinds of rows."""

    CSS = """
    RowsView { background: #101010; color: #c0c0c0; text-wrap: nowrap; }
    RowsView > .rows--add { background: #003000; }
    RowsView > .rows--head { background: #202040; color: yellow; text-style: bold; }
    RowsView > .rows--left-out { color: #808080 50%; }
    RowsView > .rows--cursor { background: #333366; }
    RowsView > .rows--range { background: #663333; }
    """

    def get_css_variables(self) -> dict[str, str]:
        """Those of the application."""
        return {**super().get_css_variables(), "link-mark": "#ffaa00"}

    def compose(self) -> ComposeResult:
        """The pane."""
        yield RowsView()


def _cells(strip: Strip) -> list[str]:
    """What a terminal gets for each letter."""
    return [(style or Style()).render(letter) for text, style, _ in strip for letter in text]


def _expected(view: RowsView, row: Row, look: Look) -> Strip:
    kinds = [f"rows--{row.kind}"] if row.kind else []
    kinds += ["rows--range"] * look.in_range + ["rows--cursor"] * look.at_cursor
    mark = Content.styled(MARK, "$link-mark") if look.marked else Content(" ")
    line = Content.assemble(mark, row.content).split("\n", allow_blank=True)[0].expand_tabs(8)
    line = Content(line.plain, line.spans).truncate(look.width, ellipsis=True)
    style = view.get_visual_style(*kinds)
    strips = Visual.to_strips(view, line, look.width, 1, style, apply_selection=False, pad=True)
    return view.filtered(strips[0])


def test_a_row_looks_as_textual_draws_it() -> None:
    """Every cell has the same letter in the same style."""
    seen: list[int] = []

    async def run() -> None:
        app = Pane()
        assert EMPTY_CONTENT.cell_length == 0  # measured: Textual adds up lengths from now on
        async with app.run_test(size=(40, 10)):
            view = app.query_one(RowsView)
            drawn = DrawnRows(view)

            @settings(max_examples=400, deadline=None)
            @example("\t\t\ta", [(0, 1, "bold")], "", (False, False, False))
            @given(TEXTS, SPANS, st.sampled_from(KINDS), st.tuples(*[st.booleans()] * 3))
            def compare(
                text: str,
                spans: list[tuple[int, int, str]],
                kind: str,
                flags: tuple[bool, bool, bool],
            ) -> None:
                places = [
                    (*sorted((a % (len(text) + 1), b % (len(text) + 1))), style)
                    for a, b, style in spans
                ]
                content = Content(text, [Span(*place) for place in places if place[0] < place[1]])
                row, look = Row(content, kind=kind), Look(24, *flags)
                drawn.clear()
                assert _cells(drawn.line(0, row, look)) == _cells(_expected(view, row, look))
                seen.append(len(content.spans))

            compare()

    asyncio.run(run())
    assert len(seen) >= 400
    assert max(seen) > 2
