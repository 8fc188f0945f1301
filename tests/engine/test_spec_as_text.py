"""A spec goes to a person as text and comes back as it was, with ids that stay."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent_tui.domain.spec import Criterion, Spec
from agent_tui.engine.spec_text import (
    SpecTextError,
    next_criterion_id,
    number_criteria,
    spec_from_text,
    spec_to_text,
)

SPEC = Spec(
    title="Read durations",
    summary="`parse` accepts spaces.\n\nAnd capitals.",
    criteria=(
        Criterion(id="AC1", text="spaces are accepted"),
        Criterion(id="AC3", text="anything else is refused\nwith a message"),
    ),
    files=("a.py", "tests/test_a.py"),
    risks=("floats",),
)
TEXT = """\
# Read durations

`parse` accepts spaces.

And capitals.

## Acceptance criteria

- AC1: spaces are accepted
- AC3: anything else is refused
  with a message

## Files

- a.py
- tests/test_a.py

## Risks

- floats

## Open questions
"""


def test_the_text_is_pleasant() -> None:
    assert spec_to_text(SPEC) == TEXT
    assert spec_from_text(TEXT) == SPEC


SPECIAL = [
    *("- item", "* item", "+ item", "1. one", "1) one", "# title", "## Files", "###", "#", "# "),
    *(
        "#hashtag",
        "> quote",
        "`code`",
        "```",
        "~~~",
        "---",
        "***",
        "===",
        "\\",
        "\\\\",
        "\\#",
        "\\ ",
    ),
    *("\\# x", "AC1: x", "AC2", "ac1.", "AC1 -", "[x](y)", "<b>", "&amp;", "_em_", "**bold**"),
    *(
        " leading",
        "trailing ",
        "    code",
        "\ttab",
        "",
        " ",
        "  ",
        "|a|b|",
        "![i](u)",
        "text",
        "é日",
    ),
    *("- - -", ":", ": x", "- ", "-", "[ ] task", "\u00a0", "\\\u00a0", "C:\\", "a  b", "$x$"),
]
LINE = st.sampled_from(SPECIAL) | st.text(st.characters(categories=("L", "N", "P", "S", "Zs")))
ANY = st.lists(LINE, max_size=5).map("\n".join)
WORDS = ANY.filter(str.strip)
ITEMS = st.lists(WORDS, max_size=4).map(tuple)
SPECS = st.builds(
    Spec,
    title=WORDS,
    summary=ANY,
    criteria=st.dictionaries(st.integers(1, 99), WORDS, min_size=1, max_size=4).map(
        lambda found: tuple(Criterion(id=f"AC{n}", text=text) for n, text in found.items())
    ),
    files=ITEMS,
    constraints=ITEMS,
    out_of_scope=ITEMS,
    risks=ITEMS,
    test_plan=ITEMS,
    open_questions=ITEMS,
)


@settings(max_examples=150, deadline=None)
@given(SPECS)
def test_any_spec_is_read_back(spec: Spec) -> None:
    text = spec_to_text(spec)
    assert spec_from_text(text) == spec
    assert spec_from_text(text.replace("\n", "\r\n")) == spec
    assert spec_from_text(text.rstrip("\n")) == spec


@pytest.mark.parametrize("text", [text for text in SPECIAL if text.strip()])
@pytest.mark.parametrize("form", ["{}", "{}\n{}", "a\n\n{}", "{}\n\nb", "\n{}", "{}\n", "a\n {}"])
def test_special_text_anywhere(text: str, form: str) -> None:
    body = form.format(text, text)
    criteria = (Criterion(id="AC1", text=body), Criterion(id="AC2", text="next"))
    spec = Spec(title=body, summary=body, criteria=criteria, files=(body, "next"), risks=(body,))
    assert spec_from_text(spec_to_text(spec)) == spec


@given(st.text() | st.lists(LINE, max_size=12).map("\n".join), st.sets(st.sampled_from(["AC1"])))
@example("# t\n## Acceptance criteria\n- AC1:\n", {"AC1"})
@example("0\r", set())
@example("\\\r\r", set())
def test_any_text_is_read_or_refused(text: str, used: set[str]) -> None:
    for body in (text, f"# t\n\n{text}\n\n## Acceptance criteria\n- x\n{text}"):
        try:
            spec = spec_from_text(body, used)
        except SpecTextError as error:
            assert 1 <= error.line <= body.count("\n") + 1
            assert str(error).startswith(f"line {error.line}: ")
            continue
        assert spec.title.strip()
        assert spec.criteria
        ids = [criterion.id for criterion in spec.criteria]
        assert len(set(ids)) == len(ids)
        assert spec_from_text(spec_to_text(spec), used) == spec


def edited(old: str, new: str) -> Spec:
    assert old in TEXT
    return spec_from_text(TEXT.replace(old, new), {"AC1", "AC2", "AC3"})


def criteria(spec: Spec) -> list[tuple[str, str]]:
    return [(c.id, c.text) for c in spec.criteria]


def test_an_edited_criterion_keeps_its_id() -> None:
    assert criteria(edited("spaces are accepted", "blanks\n  are"))[0] == ("AC1", "blanks\nare")


@pytest.mark.parametrize("head", ["AC1: ", "AC1 ", "ac1. ", "AC1) ", "AC1 - ", "AC1 – ", "AC1:"])
def test_ways_to_write_an_id(head: str) -> None:
    assert criteria(edited("AC1: spaces", f"{head}spaces"))[0] == ("AC1", "spaces are accepted")


@pytest.mark.parametrize("marker", ["-", "*", "+", " -", "1.", "2)", "-  "])
def test_ways_to_write_an_item(marker: str) -> None:
    spec = edited("- AC1: spaces are accepted", f"{marker} AC1: spaces are accepted")
    assert spec == SPEC


def test_a_new_criterion_gets_an_id_that_was_never_used() -> None:
    spec = edited("- AC3:", "- a new one\n- AC3:")
    assert [c.id for c in spec.criteria] == ["AC1", "AC4", "AC3"]
    both = edited("- AC1: spaces are accepted", "- one\n- two")
    assert [c.id for c in both.criteria] == ["AC4", "AC5", "AC3"]


def test_a_deleted_id_is_not_given_again() -> None:
    without = edited("- AC3: anything else is refused\n  with a message", "- something new")
    assert criteria(without) == [("AC1", "spaces are accepted"), ("AC4", "something new")]


def test_of_two_equal_ids_the_second_is_new() -> None:
    twice = edited("AC3: anything", "AC1: anything")
    assert [c.id for c in twice.criteria] == ["AC1", "AC4"]


def test_what_is_no_id_is_text() -> None:
    spec = edited("AC3: anything", "ACX: anything")
    assert criteria(spec)[1] == ("AC4", "ACX: anything else is refused\nwith a message")
    assert criteria(edited("AC3: anything", "AC3.5 volts"))[1][0] == "AC4"


def test_lines_of_an_item_that_are_not_indented_belong_to_it() -> None:
    assert edited("  with a message", "with a message") == SPEC


def test_an_item_may_have_paragraphs() -> None:
    spec = edited("  with a message", "\n  Second paragraph.\n\n      code")
    assert spec.criteria[1].text == "anything else is refused\n\nSecond paragraph.\n\n    code"


def test_headings_are_read_whatever_their_level_or_case() -> None:
    assert edited("## Risks", "### RISKS ##") == SPEC
    assert edited("## Open questions", "## Risks\n- more").risks == ("floats", "more")


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("# Read durations", "Read durations", 1, "the title is missing"),
        ("# Read durations", "#", 1, "the title is missing"),
        ("## Risks", "## Riscs", 18, "unknown heading 'Riscs'; the headings are Acceptance"),
        ("And capitals.", "# And capitals.", 5, "unknown heading 'And capitals.'"),
        ("- floats", "floats", 20, "'floats' is not a list item; begin it with '- '"),
        ("- a.py", "- a.py\n\nmore", 17, "'more' is not a list item"),
        ("AC1: spaces are accepted", "AC1:", 9, "AC1 has no text"),
        ("AC1: spaces are accepted", "AC1: \n", 9, "AC1 has no text"),
    ],
)
def test_errors_name_the_line(old: str, new: str, line: int, words: str) -> None:
    with pytest.raises(SpecTextError, match=re.escape(words)) as caught:
        edited(old, new)
    assert caught.value.line == line


def test_a_spec_needs_a_criterion() -> None:
    start, end = TEXT.index("- AC1"), TEXT.index("## Files")
    with pytest.raises(SpecTextError, match="no acceptance criterion") as caught:
        spec_from_text(TEXT[:start] + TEXT[end:])
    assert caught.value.line == 7
    with pytest.raises(SpecTextError, match="no acceptance criterion"):
        spec_from_text("# Title\n")


def test_empty_items_are_left_out() -> None:
    assert edited("- floats", "-\n- floats\n-   ") == SPEC


# -- ids that models give ------------------------------


def test_ids_of_a_model() -> None:
    items = [(None, "a"), ("AC2", "b"), ("ac2", "c"), ("first", "d"), ("", "e"), ("AC9", "f")]
    made = number_criteria(items, {"AC1", "AC4"})
    assert [(c.id, c.text) for c in made] == [
        ("AC10", "a"),
        ("AC2", "b"),
        ("AC11", "c"),
        ("AC12", "d"),
        ("AC13", "e"),
        ("AC9", "f"),
    ]
    assert next_criterion_id([]) == "AC1"
    assert next_criterion_id(["AC2", "AC10", "ACX"]) == "AC11"


@given(
    st.lists(st.tuples(st.none() | st.sampled_from(["AC1", "ac2", "AC3", "x"]), st.text())),
    st.sets(st.sampled_from(["AC1", "AC2", "AC7"])),
)
def test_ids_are_never_given_twice(items: list[tuple[str | None, str]], used: set[str]) -> None:
    made = number_criteria(items, used)
    assert [c.text for c in made] == [text for _, text in items]
    assert len({c.id for c in made}) == len(made)
    given_ids = {i.upper() for i, _ in items if i}
    assert all(c.id in given_ids or c.id not in used for c in made)
