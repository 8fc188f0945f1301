"""Searching the lines of a patch: what is found is what is marked."""

import pytest

from agent_tui.ui.diff.find import compile_pattern


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
