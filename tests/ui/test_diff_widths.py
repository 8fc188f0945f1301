"""Cells: every letter is in some row, and no row is wider than it is drawn."""

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from agent_tui.domain.patch import parse_patch
from agent_tui.ui.diff import Overlays
from agent_tui.ui.diff.blocks import Options, Stream
from agent_tui.ui.diff.facts import cut_left
from agent_tui.ui.diff.layout import Layout
from agent_tui.ui.diff.paint import Painter, Scene
from agent_tui.ui.diff.text import EXACT, at_cell, breaks, code_text, graphemes
from tests.ui.diff_bench import bench

anyio = pytest.mark.anyio
LETTERS = "".join(chr(65 + n % 26) for n in range(60))
KINDS = (
    *("a", "é", "日", "e\u0301", "x\u0301\u0323", "\ufe0f", "\u0301", " "),
    *("⚠️", "1️⃣", "#️", "☀️\u0301", "⚠️️", "日️"),
    *("👩‍💻", "👨‍👩‍👧", "🏳️‍🌈", "\u200d", "🇩🇪", "🇩", "👍🏽", "🏽", "👩🏽‍🚀"),
    *("한", "각", "\u1161", "ก็", "क्षि", "שלום", "\t", "\x1b"),
)
TEXTS = st.lists(st.sampled_from(KINDS) | st.characters(codec="utf-8"), max_size=60).map("".join)


def rows(text: str, room: int) -> list[str]:
    starts = [*breaks(text, room), len(text)]
    return [text[a:b] for a, b in pairwise(starts)]


def drawn(lines: list[str], options: Options, shift: int = 0) -> list[Strip]:
    """The rows of one hunk that adds these lines."""
    head = f"diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -0,0 +1,{len(lines)} @@\n"
    patch = parse_patch((head + "".join(f"+{line}\n" for line in lines)).encode())
    layout = Layout(Stream(patch), Overlays(), options)
    layout.measure()
    painter = Painter(layout, Scene(shift=shift), lambda names: Style())
    found = [(n, layout.row(n)) for n in range(layout.blocks.rows)]
    return [painter.draw(n, row) for n, row in found if row is not None and row.kind == "line"]


@given(TEXTS, st.integers(2, 24))
@example("⚠️" * 6 + LETTERS, 17)
@example("aaaa⚠️", 5)
def test_rows_are_no_wider_than_their_room(raw: str, room: int) -> None:
    shown = code_text(raw.encode())
    for text in (shown, raw):
        found = rows(text, room)
        assert "".join(found) == text
        for row in found:
            assert cell_len(row) <= room
            assert Strip([Segment(row)]).cell_length <= room
            assert Strip([Segment(row)]).crop(0, room).text == row
        if text == shown:
            for before, after in pairwise(found):
                assert cell_len(before + after) > room
                assert cell_len(after[0])


@given(TEXTS.map(lambda text: re.sub(r"[\r\n]", "", text)), st.sampled_from([20, 41]))
def test_strips_have_every_letter_and_as_many_cells_as_they_say(text: str, width: int) -> None:
    strips = drawn([text], Options(width))
    gutter = Options(width).gutter(3)
    for strip in strips:
        assert strip.cell_length == width == cell_len(strip.text)
    said = "".join(strip.text[gutter:] for strip in strips)
    assert said.replace(" ", "").replace("\u200e", "") == (
        code_text(text.encode()).replace(" ", "").replace("\u200e", "")
    )


@anyio
async def test_letters_behind_emoji_are_all_there() -> None:
    text = "⚠️" * 6 + LETTERS
    head = "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -0,0 +1 @@\n"
    patch = parse_patch(f"{head}+{text}\n".encode())
    async with bench((60, 20)) as person:
        await person.show(patch)
        shown = "".join(re.findall(r"[A-Z]{4,}", "".join(person.lines[2:])))
        assert shown == LETTERS


def test_any_number_of_marks_belongs_to_its_letter() -> None:
    text = "1" + "\ufe0f" * (EXACT - 1)
    assert breaks(text, 10) == [0]
    assert at_cell(text, 2) == (len(text), 0)


@given(TEXTS, st.integers(0, 30))
def test_a_file_name_is_cut_before_a_whole_letter(raw: str, room: int) -> None:
    path = code_text(raw.encode()).replace("\n", "")
    shown = cut_left(path, room)
    assert cell_len(shown) <= max(1, room)
    if shown != path:
        assert path.endswith(shown[1:])
        assert shown == "…" or cell_len(shown[1]) or shown[1:] == path


@given(TEXTS, st.integers(0, 90))
@example("⚠️" * 9_000 + "日", 17_999)
def test_a_place_is_found_by_its_cells(raw: str, cells: int) -> None:
    text = code_text(raw.encode())
    at, halves = at_cell(text, cells)
    whole = cell_len(text)
    assert cell_len(text[:at]) == min(whole, cells) + halves
    assert halves in (0, 1)
    assert at < len(text) or whole <= cells + halves
    assert at in {0, *range(len(text)), len(text)}
    assert at in (0, len(text)) or cell_len(text[at])


LONG = ["0123456789" * 20, "日本" * 50, "é1️⃣日" * 40]
SCROLLED = [
    "abcd",
    "éééé",
    "日本",
    "日" * 40,
    "a" + "日" * 40,
    "0123456789",
    "e\u0301" * 40,
    "⚠️" * 40,
]


def window(text: str, first: int, room: int) -> str:
    """What is seen of a text from a cell on; what is cut in half is blank."""
    result, used = "", -first
    for begin, width in graphemes(text):
        letter = re.compile(r".[\u0300-\u036f\ufe0f\u20e3]*").match(text, begin)
        assert letter is not None
        if used >= 0 and used + width <= room:
            result += letter[0]
        elif -width < used < room:
            result += " " * (min(used + width, room) - max(used, 0))
        used += width
    return result


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("shift", [0, 1, 4, 8, 9, 79, 200])
def test_every_line_is_scrolled_by_as_many_cells(shift: int, split: bool) -> None:
    options = Options(60, wrap=False, split=split)
    room = options.room(3)
    for line, strip in zip(SCROLLED, drawn(SCROLLED, options, shift), strict=True):
        at = strip.text.index("+ ") + 2
        assert strip.text[at:].rstrip() == window(line, shift, room).rstrip()
        assert strip.cell_length == 60 == cell_len(strip.text)


@anyio
async def test_short_lines_are_scrolled_away_like_all_others() -> None:
    lines = ["abcd", "éééé", "日本", "0123456789" * 20, "日" * 60]
    head = "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -0,0 +1,5 @@\n"
    patch = parse_patch((head + "".join(f"+{line}\n" for line in lines)).encode())
    async with bench((60, 20)) as person:
        await person.show(patch)
        await person.press("W")
        person.view.sideways(8)
        await person.settle()
        assert [line[7:] for line in person.lines[2:5]] == ["", "", ""]
        assert person.lines[5][7:17] == "8901234567"
        assert person.lines[6][7:] == "日" * 26


class Around:
    """The context around one changed line of a file, which is all of it."""

    def __init__(self, lines: list[str], at: int, options: Options) -> None:
        head = f"diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -{at} +{at} @@\n"
        patch = parse_patch(f"{head}-old\n+new\n".encode())
        self.layout = Layout(Stream(patch), Overlays(), options)
        self.layout.expanded[0] = (at - 1, len(lines) - at)
        self.layout.measure()
        self.scene = Scene(context={0: [line.encode() for line in lines]})

    def strip(self, line: int, shift: int = 0) -> Strip:
        self.scene.shift = shift
        number = self.layout.find_context(0, line)
        assert number is not None
        row = self.layout.row(number)
        assert row is not None
        return Painter(self.layout, self.scene, lambda names: Style()).draw(number, row)


def around(line: str, *, wrap: bool, split: bool = False, width: int = 60) -> Around:
    """A file of 30 lines that changes in the 15th, with this line as its first."""
    lines = [line, *(f"line {n}" for n in range(2, 31))]
    return Around(lines, 15, Options(width, wrap=wrap, split=split))


def texts(strip: Strip, *, split: bool) -> list[str]:
    """What stands behind the numbers of a line of context; side by side it does so twice."""
    left, _, right = strip.text.partition("│")
    return [left[7:].rstrip(), right[6:].rstrip()] if split else [left[7:].rstrip()]


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("line", LONG, ids=["ascii", "wide", "mixed"])
def test_a_long_line_of_context_is_scrolled_to_its_end(line: str, split: bool) -> None:
    context = around(line, wrap=False, split=split)
    room = context.layout.room(0)
    whole = cell_len(line)
    for shift in (*range(0, whole, 7), whole + 5):
        strip = context.strip(1, shift)
        assert strip.cell_length == cell_len(strip.text) == 60
        more = whole > shift + room
        wanted = window(line, shift, room - 1) + "…" if more else window(line, shift, room)
        assert set(texts(strip, split=split)) == {wanted.rstrip()}


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("line", LONG, ids=["ascii", "wide", "mixed"])
def test_a_line_of_context_that_does_not_fit_its_row_says_so(line: str, split: bool) -> None:
    context = around(line, wrap=True, split=split)
    room = context.layout.room(0)
    shown = texts(context.strip(1, shift=9), split=split)
    assert set(shown) == {window(line, 0, room - 1) + "…"}
    for fits in (line[:5], "x" * room, "日" * (room // 2)):
        assert "…" not in around(fits, wrap=True, split=split).strip(1).text


NUMBERED = {
    1: ("  1", "  1   1"),
    999: ("999", "999 999"),
    1_000: ("1000", "1000 1000"),
    9_999: ("9999", "9999 9999"),
    10_000: ("10000", "  10000"),
    99_999: ("99999", "  99999"),
    123_456: ("…3456", " 123456"),
}


@pytest.mark.parametrize(
    "options", [Options(60), Options(100), Options(60, split=True), Options(100, wrap=False)]
)
def test_the_text_of_context_stands_in_line_whatever_its_number(options: Options) -> None:
    context = Around(["text"] * 123_456, 995, options)
    for line, (one, two) in NUMBERED.items():
        text = context.strip(line).text
        if options.split:
            assert text == f" {one:<6}text{'│':>20}{one:<6}text{'':19}"
        elif options.width == 100:
            assert text == f" {two:<10}text{'':85}"
        else:
            assert text == f" {one:<6}text{'':49}"


@pytest.mark.parametrize("text", ["foo", "日本", "# a comment", "⚠️ foo"])
def test_what_is_marked_all_along_a_row_is_drawn_so(text: str) -> None:
    """A match that is the whole line, and one that ends upon a letter."""
    head = "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -0,0 +1,1 @@\n"
    layout = Layout(Stream(parse_patch(f"{head}+{text}\n".encode())), Overlays(), Options(40))
    layout.measure()
    match = Style(bold=True)
    for sought in (text, text[0]):
        scene = Scene(pattern=re.compile(re.escape(sought)))
        painter = Painter(layout, scene, lambda names: match if "match" in names else Style())
        row = layout.find_line(0, 0)
        assert row is not None
        strip = painter.draw(row, layout.row(row))  # type: ignore[arg-type]
        marked = "".join(s.text for s in strip if s.style is match).replace("\u200e", "")
        assert marked.startswith(sought)
        assert cell_len(marked) == sum(cell_len(s.text) for s in strip if s.style is match)


@anyio
async def test_a_match_and_a_long_line_around_are_scrolled_to_by_their_cells() -> None:
    wide = "日" * 60 + "foo"
    old = [f"line {n}" for n in range(1, 41)]
    new = [*old[:9], wide, *old[10:]]
    new[20] = old[20] = "x" * 400 + "end"
    body = "".join(f" {x}\n" for x in new[6:9]) + f"-{old[9]}\n+{wide}\n"
    body += "".join(f" {x}\n" for x in new[10:13])
    patch = parse_patch(f"diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -7,7 +7,7 @@\n{body}".encode())
    data = ("\n".join(new) + "\n").encode()
    async with bench((80, 40)) as person:
        await person.show(patch, Overlays(), lambda file, side: data)
        assert not person.view.toggle_wrap()
        person.view.search("foo")
        await person.settle()
        assert "foo" in person.text
        await person.press("X")
        person.view.scroll_end(animate=False, immediate=True, force=True)
        person.view.scroll_to(x=1_000, animate=False, immediate=True, force=True)
        await person.settle()
        person.view.scroll_to(y=0, animate=False, immediate=True, force=True)
        await person.settle()
        assert "xend" in person.text
