"""Long lines, up to the one line of a minified file."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_tui.domain.patch import parse_patch
from agent_tui.ui.diff import DiffView, Overlays
from agent_tui.ui.diff.blocks import Options, Stream
from agent_tui.ui.diff.layout import Layout
from agent_tui.ui.diff.long_lines import changed_part, shown_parts
from agent_tui.ui.diff.words import changed_within
from tests.ui.diff_bench import bench
from tests.ui.diff_patches import diff_of

anyio = pytest.mark.anyio
SIZE = 5_000_000
SAME = "".join(f"f({n});" for n in range(SIZE // 8))[:SIZE]
OLD = f"{SAME[:3_000_000]}old(1);{SAME[3_000_000:]}"
NEW = f"{SAME[:3_000_000]}new(2);{SAME[3_000_000:]}"
NEEDLE = "f(123456);"


@anyio
async def test_long_lines_wrap_or_scroll(tmp_path: Path) -> None:
    data = b"0123456789" * 30 + b"END\n"
    patch = parse_patch(diff_of(tmp_path / "r", {}, {"a": data}))
    async with bench((80, 12)) as person:
        await person.show(patch)
        assert "END" in person.text
        await person.press("W")
        assert "END" not in person.text
        person.view.sideways(300)
        await person.settle()
        assert "END" in person.text
        assert re.search(r"^ +1 +\+ ", person.lines[2])


@given(st.text("ab", max_size=12), st.text("ab", max_size=12))
def test_what_two_lines_have_in_common(old: str, new: str) -> None:
    before, after = changed_part(old, new)
    assert old[:before] == new[:before]
    assert old[len(old) - after :] == new[len(new) - after :]
    assert before + after <= min(len(old), len(new))
    rest = old[before : len(old) - after], new[before : len(new) - after]
    assert rest[0][:1] != rest[1][:1] or not all(rest)
    assert rest[0][-1:] != rest[1][-1:] or not all(rest)


@given(st.integers(41, 400), st.lists(st.tuples(st.integers(0, 800), st.integers(0, 300))))
def test_what_changed_is_shown_and_what_is_not_is_counted(
    count: int, spans: list[tuple[int, int]]
) -> None:
    starts = range(0, count * 2, 2)
    parts = shown_parts(starts, [(first, first + size) for first, size in spans])
    shown = [part for part in parts if part >= 0]
    assert shown == sorted(set(shown))
    assert {0, count - 1} <= set(shown) <= set(range(count))
    for first, _ in spans:
        assert min(first // 2, count - 1) in shown
    for at, part in enumerate(parts):  # a gap stands between rows that are not neighbours
        if part < 0:
            assert parts[at + 1] == -part
            assert parts[at - 1] < -part - 2
        elif at and parts[at - 1] >= 0:
            assert part == parts[at - 1] + 1


def test_words_within_a_long_line() -> None:
    found = changed_within(OLD, NEW)
    assert found is not None
    for text, spans, words in ((OLD, found[0], ["old(1"]), (NEW, found[1], ["new(2"])):
        assert [text[begin:end] for begin, end, _ in spans] == words
    assert changed_within("a" * 700, "b" * 700) is None


@pytest.mark.parametrize("split", [False, True])
def test_the_rows_of_a_minified_file_are_few(split: bool) -> None:
    raw = (
        "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n same\n"
        f"-{OLD}\n+{NEW}\n\\ No newline at end of file\n"
    )
    stream = Stream(parse_patch(raw.encode()))
    layout = Layout(stream, Overlays(), Options(100, split=split))
    layout.measure()
    assert layout.blocks.rows < 40
    text = [layout.row(number) for number in range(layout.blocks.rows)]
    assert text[-1] is not None
    assert text[-1].part > SIZE // 100
    layout = Layout(stream, Overlays(), Options(100, split=split, wrap=False))
    layout.measure()
    assert layout.blocks.rows == (4 if split else 5)


@anyio
async def test_a_change_in_five_megabytes_is_seen_searched_and_opened(tmp_path: Path) -> None:
    files = ({"x.min.js": f"{OLD}\n".encode()}, {"x.min.js": f"{NEW}\n".encode()})
    patch = parse_patch(diff_of(tmp_path / "r", *files))
    async with bench((80, 40)) as person:
        await person.show(patch)
        assert "old(1);" in person.text
        assert "new(2);" in person.text
        assert re.search(r"⋯ [\d,]+ more rows of this line; enter shows them", person.text)
        assert NEEDLE not in person.text.replace("\n", "")
        person.view.search(NEEDLE)
        await person.settle()
        assert person.app.last(DiffView.Searched).count == 2
        assert "f(123456)" in re.sub(r"\n +", "", person.text)
        cursor = person.view.place
        await person.press("j", "k")
        assert person.view.place == cursor
        rows = person.view.plan.blocks.rows
        assert rows < 60
        assert person.view.toggle_fold()
        assert person.view.plan.blocks.rows > SIZE // 80
        assert person.view.toggle_fold()
        assert person.view.plan.blocks.rows == rows


@anyio
async def test_the_second_row_of_a_line_is_the_line(tmp_path: Path) -> None:
    data = b"0123456789" * 30 + b"END\n"
    patch = parse_patch(diff_of(tmp_path / "r", {}, {"a": data}))
    async with bench((80, 12)) as person:
        await person.show(patch)
        await person.pilot.click(DiffView, offset=(20, 4))
        await person.settle()
        assert [place.index for place in person.view.chosen_places()] == [0]
        assert person.view.selected_text() == data.decode().rstrip()
