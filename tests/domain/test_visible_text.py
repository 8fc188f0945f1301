"""Text from outside never steers a terminal, and ordinary text is left as it is."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent_tui.domain.text import decode, one_line, visible, visible_lines

ANY = st.text(st.characters(exclude_categories=()))  # lone surrogates as well

BIDI = {"\u061c", "\u200e", "\u200f", *map(chr, range(0x202A, 0x202F)), *"\u2066\u2067\u2068\u2069"}
ZERO_WIDTH = {*"\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u2060\ufeff\u3164"}
ZERO_WIDTH |= {*"\uffa0\U0001d173\U000e0001\U000e0041\U000e0100\U000e01ef"}
"""Unicode's Default_Ignorable_Code_Point, a part of it; text can hide in these."""


def is_dangerous(char: str) -> bool:
    # Cf has visible members (the Arabic number signs); those that are not drawn have a table.
    return unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or char in BIDI | ZERO_WIDTH


@given(ANY)
@example("".join(sorted(BIDI | ZERO_WIDTH)))
@example("\x1b]0;title\x07\x9b31m\x00\x7f\x85\u2028\ud800")
def test_visible_is_one_safe_line(text: str) -> None:
    shown = visible(text)
    assert not any(map(is_dangerous, shown))
    assert visible(shown) == shown
    shown.encode()
    assert shown.splitlines() in ([shown], [])


def test_every_dangerous_character_is_shown() -> None:
    for code in range(0x110000):
        char = chr(code)
        if is_dangerous(char):
            assert char not in visible(f"a{char}b"), hex(code)
            assert len(visible(char)) >= 1


@given(ANY)
def test_lines_keep_tabs_and_line_ends_alone(text: str) -> None:
    shown = visible_lines(text)
    assert {char for char in shown if is_dangerous(char)} <= {"\t", "\n"}
    assert visible_lines(shown) == shown
    assert shown.count("\n") == text.count("\n")


ORDINARY = st.text(st.characters(categories=("L", "N", "P", "S", "Zs"))).filter(
    lambda text: not any(map(is_dangerous, text))
)


@given(ORDINARY)
@example("combining é, 日本語, עברית, العربية, 🦄, ❤️, \u00a0, →, ␛")
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert visible(text) == text
    assert visible_lines(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "␛[31m"),
        ("a\tb\r\n", "a␉b␍␊"),
        ("\x7f", "␡"),
        ("\x9b", "\\x9b"),
        ("\u202e", "\\u202e"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_is_shown_instead(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.binary())
def test_any_bytes_are_text(data: bytes) -> None:
    text = decode(data)
    text.encode()
    try:
        assert text == data.decode()
    except UnicodeDecodeError:
        assert "\\x" in text


@given(ANY, st.integers(1, 50))
def test_one_line_is_short_and_safe(text: str, limit: int) -> None:
    shown = one_line(text, limit)
    assert len(shown) <= limit
    assert not any(map(is_dangerous, shown))


def test_one_line_is_the_first_that_says_something() -> None:
    assert one_line("\n \t\n  hello  \nworld") == "hello"
    assert one_line(" \n ") == ""
    assert one_line("abcdef", 4) == "abc…"
