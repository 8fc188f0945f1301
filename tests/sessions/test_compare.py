"""Sessions side by side, and the question that narrows a list of them."""

import json
import shutil
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_tui.bootstrap.comparing import change_between, read_columns
from agent_tui.bootstrap.environment import Options
from agent_tui.cli import main
from agent_tui.config.paths import shipped_sessions
from agent_tui.sessions.align import Item, aligned
from agent_tui.sessions.compare import NONE, table
from agent_tui.sessions.labels import Labels
from agent_tui.sessions.query import QueryError, parse_query
from agent_tui.sessions.summary import SessionSummary

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TWO = ("second-attempt-passes", "person-steps-in")


@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from(["", "AC1", "AC2"]), st.text("abc ", max_size=6)), max_size=5
        ),
        max_size=4,
    )
)
def test_every_item_has_one_place(columns: list[list[Item]]) -> None:
    rows = aligned(columns)
    assert all(len(row) == len(columns) for row in rows)
    for number, items in enumerate(columns):
        assert Counter(row[number] for row in rows if row[number] is not None) == Counter(items)


def test_what_belongs_together_stands_together() -> None:
    first = [("AC1", "Spaces are accepted."), ("AC2", "Decimals are exact.")]
    second = [("AC1", "Decimals are exact."), ("AC2", "Spaces and tabs are accepted."),
              ("AC3", "A bare number is in seconds.")]  # fmt: skip
    assert aligned([first, second]) == [
        (first[0], second[1]), (first[1], second[0]), (None, second[2]),
    ]  # fmt: skip


def columns(*names: str) -> list[object]:
    return [column.one for column in read_columns(Options(folder=Path(), settings={}), names)]


def test_the_shipped_sessions_side_by_side() -> None:
    sections = {section.title: section for section in table(columns(*TWO))}  # type: ignore[arg-type]
    lines = {line.label: line for line in sections["Session"].lines}
    assert [cell.text for cell in lines["attempts"].cells] == ["2", "2"]
    assert not lines["attempts"].differs
    assert lines["you"].differs
    criteria = {line.label: line for line in sections["Spec"].lines}
    assert [cell.text == NONE for cell in criteria["AC5"].cells] == [True, False]
    files = {line.label: line for line in sections["Changed files"].lines}
    assert [cell.text for cell in files["README.md"].cells] == ["+1 −1", NONE]
    # Held against the other one, less becomes more.
    signs = []
    for base in (0, 1):
        took = next(s for s in table(columns(*TWO), base) if s.title == "Cost and time")  # type: ignore[arg-type]
        [line] = [line for line in took.lines if line.label == "tokens in"]
        signs.append(line.cells[1 - base].text.split("  ")[1])
    assert signs == ["+2,356", "−2,356"]


def test_steps_of_one_session_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sessions", "compare", f"{TWO[1]}@spec1", f"{TWO[1]}@diff", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [s["session"] for s in found["sessions"]] == [TWO[1], TWO[1]]
    assert found["sessions"][0]["step"] < found["sessions"][1]["step"]
    rows = {(row["section"], row["label"]): row for row in found["rows"]}
    assert rows["Spec", "version"]["cells"] == ["v1 by planner", "v2 by planner"]
    assert rows["Session", "outcome"]["cells"] == [
        "open, at the spec gate",
        "open, at the diff gate",
    ]


def test_a_folder_may_have_an_at_sign_in_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "me@home" / "one"
    shutil.copytree(shipped_sessions() / TWO[0], folder)
    found = read_columns(Options(folder=Path(), settings={}), (str(folder), f"{folder}@spec1"))
    assert found[0].one.position == found[0].one.length > found[1].one.position


def test_the_text_fits_and_marks_what_differs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert main(["sessions", "compare", *TWO, "--plain"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 100
    assert "≠ AC5" in text
    assert "  AC1" in text


@pytest.mark.parametrize("names", [("person-steps-in",), ("person-steps-in",) * 13])
def test_one_is_too_few_and_thirteen_are_too_many(
    names: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sessions", "compare", *names]) == 2
    assert "Name two to 12 sessions" in capsys.readouterr().err


def test_without_the_files_it_says_why() -> None:
    found = read_columns(Options(folder=Path(), settings={}), TWO)
    with pytest.raises(Exception, match="are not here, only its change is"):
        change_between(found[0], found[1])


# -- the question ------------------------------------------------------------------------------

ROW = SessionSummary(
    id="20261122-110000-abcd", path=Path("/s"), request="Parse roman numerals", repo="numbers",
    root="/src/numbers", outcome="committed", models=("anthropic:claude-opus-4-6",),
    cost=Decimal("0.42"), last=NOW - timedelta(days=3), labels=Labels(tags=("keep",)), records=9,
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("", True), ("state:committed", True), ("state:comm", True), ("state:open", False),
        ("state:left state:committed", True), ("tag:keep", True), ("tag:#keep", True),
        ("tag:other", False), ("model:opus", True), ("model:gpt", False), ("repo:numb", True),
        ("repo:all", True), ("repo:other", False), ("since:7d", True), ("since:2d", False),
        ("since:2", False), ("since:96h", True), ("before:2d", True), ("before:1w", False),
        ("cost:>0.4", True), ("cost:>0.5", False), ("cost:<$1", True), ("archived:only", False),
        ("state:committed cost:>5", False), ("STATE:committed", True), ('state:"committed"', True),
    ],
)  # fmt: skip
def test_terms(text: str, fits: bool) -> None:
    assert parse_query(text).fits(ROW, NOW) is fits


def test_the_repository_and_the_archive() -> None:
    assert parse_query("", "/src/numbers").fits(ROW, NOW)
    assert not parse_query("", "/src/other").fits(ROW, NOW)
    assert parse_query("repo:all", "/src/other").fits(ROW, NOW)
    away = replace(ROW, labels=Labels(archived=True))
    assert not parse_query("").fits(away, NOW)
    assert parse_query("archived:yes").fits(away, NOW)
    assert parse_query("archived:only").fits(away, NOW)
    waits = replace(ROW, outcome="", gate="diff", locked=True)
    assert parse_query("state:waiting").fits(waits, NOW)
    assert parse_query("state:open").fits(waits, NOW)


def test_words_stay_words() -> None:
    query = parse_query("picky state:left foo:bar std::vector")
    assert query.words == "picky foo:bar std::vector"
    assert query.terms == (("state", "left"),)


@pytest.mark.parametrize(
    "text", ["since:soon", "cost:dear", "archived:maybe", "before:1x", "state:gone"]
)
def test_nonsense_is_said(text: str) -> None:
    with pytest.raises(QueryError, match=text.split(":", maxsplit=1)[0]):
        parse_query(text)


@given(st.text(max_size=60))
def test_no_text_is_too_much(text: str) -> None:
    try:
        parse_query(text).fits(ROW, NOW)
    except QueryError as error:
        assert str(error)
