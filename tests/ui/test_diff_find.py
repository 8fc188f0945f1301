"""Searching the lines of a patch: what is found is what is marked."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.style import Style

from agent_tui.domain.patch import Patch, parse_patch
from agent_tui.ui.diff import DiffView, Overlays
from agent_tui.ui.diff.blocks import Options, Stream
from agent_tui.ui.diff.find import REGEX, compile_pattern, find_lines
from agent_tui.ui.diff.layout import Layout
from agent_tui.ui.diff.paint import Painter, Scene
from tests.ui.diff_bench import bench

anyio = pytest.mark.anyio
WORDS = (
    *(
        b"foo",
        b"FOO",
        b"bar",
        b" ",
        b"    ",
        b"\t",
        b"\r",
        b"\\",
        b".",
        b"\xe2\x82",
        b"\xac",
        b"\xff",
    ),
    *(
        "\u200b".encode(),
        "é".encode(),
        "日本".encode(),
        b"\x1b",
        b"\x00",
        b"\xc2\x85",
        b"no newline",
    ),
)
SOUGHT = (
    *("foo", "Foo", " ", "  ", "    foo", "  foo bar", "\\xe2", "\\u200b", "200", "\\x", "␛", "␍"),
    *(
        "␀",
        "\\",
        "\\ ",
        "日本",
        "é",
        ".",
        "\t",
        "(no newline at the end)",
        "foo  ",
        "o  (",
        "bar foo",
    ),
    *(
        r"re:^<\| {2}",
        r"re:foo\|>$",
        r"re:^<\|\s+\w",
        "re:[ ]{3}",
        r"re:.\|>$",
        r"re:\\.",
        r"re:[\\ ]x?",
    ),
)


def between_bars(words: list[bytes]) -> bytes:
    return b"<|" + b"".join(words) + b"|>"


def patch_of(lines: list[tuple[str, bytes]], ends: bytes, unended: set[int]) -> Patch:
    """One hunk of these lines, of which some have no end."""
    old = sum(sign != "+" for sign, _ in lines)
    new = sum(sign != "-" for sign, _ in lines)
    head = f"diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,{old} +1,{new} @@\n".encode()
    for number, (sign, text) in enumerate(lines):
        head += sign.encode() + text + ends + b"\n"
        if number in unended:
            head += b"\\ No newline at end of file\n"
    return parse_patch(head)


def found(patch: Patch, text: str) -> list[int]:
    matches = find_lines(
        [hunk for _, hunk in patch.hunks],
        compile_pattern(text),
        lambda: False,
        plain=not text.startswith(REGEX),
    )
    return list(matches.indexes)


def marked(patch: Patch, text: str) -> list[int]:
    """The lines that have something marked in them on the screen."""
    layout = Layout(Stream(patch), Overlays(), Options(4_000, wrap=False))
    layout.measure()
    mark = Style(bold=True)
    painter = Painter(
        layout,
        Scene(pattern=compile_pattern(text)),
        lambda names: mark if "match" in names else Style.null(),
    )
    result = []
    for number in range(layout.blocks.rows):
        row = layout.row(number)
        assert row is not None
        strip = painter.draw(number, row)
        if row.kind == "line" and any(s.style is mark and s.text for s in strip):
            result.append(max(row.left, row.right))
    return result


@given(
    st.lists(
        st.tuples(
            st.sampled_from(" +-"), st.lists(st.sampled_from(WORDS), max_size=5).map(between_bars)
        ),
        min_size=1,
        max_size=5,
    ).filter(lambda lines: any(sign != " " for sign, _ in lines)),
    st.sampled_from([b"", b"\r"]),
    st.booleans(),
    st.sampled_from(SOUGHT),
)
@example([("+", b"\tfoo bar")], b"", False, "    foo")
@example([("+", b"a"), ("+", b"foo")], b"", True, "no newline")
@example([("-", b"foo\r"), ("+", b"foo")], b"", False, "␍")
@example([("-", b"x\xe2\x80\x8b")], b"", False, "\\u200b")
def test_what_is_found_is_what_is_marked(
    lines: list[tuple[str, bytes]], ends: bytes, cut: bool, text: str
) -> None:
    patch = patch_of(lines, ends, {len(lines) - 1} if cut else set())
    assert found(patch, text) == marked(patch, text)


@anyio
async def test_the_blanks_of_a_tab_are_found() -> None:
    patch = patch_of([("+", b"\tfoo bar"), ("+", b"x\ty")], b"", set())
    async with bench() as person:
        await person.show(patch)
        for text, count in (("    foo", 1), ("x   y", 1), ("x  y", 0), ("  foo", 1)):
            person.view.search(text)
            await person.settle()
            message = person.app.last(DiffView.Searched)
            assert isinstance(message, DiffView.Searched)
            assert message.count == count, text


def test_words_that_are_no_part_of_the_file_are_not_found() -> None:
    patch = patch_of([("+", b"a foo")], b"", {0})
    assert found(patch, "no newline") == marked(patch, "no newline") == []
    assert found(patch, "re:foo$") == marked(patch, "re:foo$") == [0]


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("foo", "FOO", True),
        ("Foo", "FOO", False),
        (r"\Sfoo", r"\SFOO", False),  # no regular expression: the capital is looked for
        (r"re:\Sfoo", "xFOO", True),
        (r"re:\Bfoo", "xFOO", True),
        (r"re:\Afoo\D?\Z", "FOO", True),
        (r"re:\W*foo", "FOO", True),
        (r"re:\N{LATIN SMALL LETTER F}oo", "FOO", True),
        (r"re:\u006Foo\x4C", "OOOL", True),
        ("re:(?P<Name>f)(?P=Name)", "fF", True),
        (r"re:\SFoo", "xFOO", False),
        (r"re:\\Foo", r"\FOO", False),
        ("re:foO", "FOO", False),
    ],
)
def test_only_a_capital_that_is_looked_for_tells_the_cases_apart(
    text: str, line: str, found: bool
) -> None:
    assert (compile_pattern(text).search(line) is not None) is found
