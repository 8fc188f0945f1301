"""Every row that is counted is drawn, in exactly its cells, whatever the patch holds."""

import dataclasses
import re
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.style import Style

from agent_tui.domain.patch import Patch, parse_patch
from agent_tui.domain.text import LEFT_TO_RIGHT
from agent_tui.ui.diff import Note, Overlays
from agent_tui.ui.diff.blocks import BLOCK, Options, Stream
from agent_tui.ui.diff.layout import Layout
from agent_tui.ui.diff.paint import Painter, Scene
from agent_tui.ui.diff.scan import Scan
from tests.benchmarks.diffs import make_patch
from tests.ui.diff_patches import patches

PLAIN = Style()
OPTIONS = st.builds(
    Options,
    st.sampled_from([20, 41, 80, 163]),
    split=st.booleans(),
    wrap=st.booleans(),
    fold_space=st.booleans(),
)


def notes_for(patch: Patch) -> tuple[Note, ...]:
    notes = [Note("all", None, text="of the patch")]
    for number, file in enumerate(patch.files):
        notes.append(Note(f"n{number}", file.path, 3, text="one\ntwo \x1b[31m " + "long " * 40))
        notes.append(Note(f"o{number}", file.path, 2, side="old", label="F", text="old"))
        notes.append(Note(f"x{number}", file.path, 9, outdated=True, excerpt="was\nhere", text="?"))
    return tuple(notes)


def drawn(layout: Layout, scene: Scene) -> list[str]:
    painter = Painter(layout, scene, lambda names: PLAIN)
    result = []
    for number in range(layout.blocks.rows):
        row = layout.row(number)
        assert row is not None
        strip = painter.draw(number, row)
        assert strip.cell_length == layout.options.width, (row, strip.text)
        check_fences(strip.text)
        text = strip.text.replace(LEFT_TO_RIGHT, "")
        assert text.isprintable(), text
        result.append(text)
    return result


def check_fences(text: str) -> None:
    """Behind a word that runs from right to left comes a mark, before anything else can follow."""
    open_ = False
    for char in text:
        if unicodedata.bidirectional(char) in ("R", "AL") and char != LEFT_TO_RIGHT:
            open_ = True
        elif char == LEFT_TO_RIGHT:
            assert open_, text
            open_ = False
        else:
            assert not open_ or char in " ,.'’" or unicodedata.combining(char), text
    assert not open_, text


def check_counts(layout: Layout) -> None:
    blocks = layout.blocks
    assert layout.complete
    for block in range(len(blocks)):
        assert blocks.heights[block] == len(layout.rows_of(block)), block
        assert blocks.starts[block + 1] - blocks.starts[block] == blocks.heights[block]
        assert blocks.at(blocks.starts[block]) == block or not blocks.heights[block]


def shown_lines(layout: Layout) -> set[tuple[int, int]]:
    found = set()
    for number in range(layout.blocks.rows):
        row = layout.row(number)
        assert row is not None
        if row.kind == "line":
            found |= {(row.owner, index) for index in (row.left, row.right) if index >= 0}
        elif row.kind == "space":
            found |= {(row.owner, row.left + n) for n in range(-2 - row.right)}
    return found


@given(patches(), OPTIONS, st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_counted_is_drawn(patch: Patch, options: Options, noted: bool) -> None:
    stream = Stream(patch)
    overlays = Overlays(notes=notes_for(patch) if noted else (), flag_unclaimed=noted)
    layout = Layout(stream, overlays, options)
    layout.measure()
    check_counts(layout)
    drawn(layout, Scene(pattern=re.compile("y")))
    every = {(n, i) for n, hunk in enumerate(stream.hunks) for i in range(hunk.size)}
    assert shown_lines(layout) == every
    for number, index in every:
        row = layout.find_line(number, index)
        assert row is not None
        found = layout.row(row)
        assert found is not None
        assert found.owner == number
        assert found.kind in ("line", "space")


@given(patches(), OPTIONS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_other_overlays_are_measured_as_if_anew(patch: Patch, options: Options) -> None:
    stream = Stream(patch)
    layout = Layout(stream, Overlays(), options)
    layout.measure()
    before = list(layout.blocks.heights)
    overlays = Overlays(notes=notes_for(patch), folded={h.id for h in stream.hunks[:1]})
    layout.set_overlays(overlays)
    layout.remeasure(range(len(stream.hunks)), range(-1, len(stream.files)))
    check_counts(layout)
    fresh = Layout(stream, overlays, options)
    fresh.measure()
    assert fresh.blocks.rows == layout.blocks.rows
    layout.set_overlays(Overlays())
    layout.remeasure(range(len(stream.hunks)), range(-1, len(stream.files)))
    assert list(layout.blocks.heights) == before


@given(patches())
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_scan_says_what_the_lines_say(patch: Patch) -> None:
    for _, hunk in patch.hunks:
        scan = Scan(hunk)
        assert scan.kinds.decode() == "".join(line.kind for line in hunk.lines)
        assert [scan.data(i) for i in range(len(scan))] == [line.data for line in hunk.lines]
        assert scan.unended == {i for i, line in enumerate(hunk.lines) if not line.ends}
        assert [scan.numbers(i) for i in range(len(scan))] == [
            (old, new) for old, new, _ in hunk.numbered()
        ]
        runs = [
            i
            for start, removed, added in scan.runs()
            for i in range(start, start + removed + added)
        ]
        assert tuple(runs) == hunk.changed


@pytest.mark.parametrize("split", [False, True])
def test_a_part_is_measured_as_the_whole(split: bool) -> None:
    stream = Stream(parse_patch(make_patch(5_000)))
    options = Options(120, split=split)
    whole, part = Layout(stream, Overlays(), options), Layout(stream, Overlays(), options)
    whole.measure()
    part.measure(20)
    assert not part.complete
    assert list(whole.blocks.starts[: len(part.blocks)]) == list(part.blocks.starts[:-1])
    part.measure()
    assert part.complete
    assert part.blocks.starts == whole.blocks.starts


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("wrap", [False, True])
def test_a_hunk_of_many_blocks(split: bool, wrap: bool) -> None:
    lines = b"".join(b"+line %d\n" % n if n % 3 else b"-line %d\n" % n for n in range(3_000))
    head = b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,1000 +1,2000 @@\n"
    stream = Stream(parse_patch(head + lines))
    layout = Layout(stream, Overlays(), Options(100, split=split, wrap=wrap))
    layout.measure()
    check_counts(layout)
    assert len(layout.blocks) > 3_000 // BLOCK // 2
    for index in (0, 1, BLOCK - 1, BLOCK, 2_999):
        row = layout.row(layout.find_line(0, index) or 0)
        assert row is not None
        assert index in (row.left, row.right)


def test_a_line_of_five_megabytes() -> None:
    raw = (
        b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+"
        + b"0123456789" * 500_000
        + b"\n"
    )
    stream = Stream(parse_patch(raw))
    for wrap in (False, True):
        layout = Layout(stream, Overlays(), Options(100, wrap=wrap))
        if wrap:
            layout.toggle_long(0, -1, 1)
        layout.measure()
        room = layout.room(0)
        assert layout.blocks.rows == (3 + (5_000_000 + room - 1) // room if wrap else 4)
        row = layout.row(layout.blocks.rows - 1)
        assert row is not None
        strip = Painter(layout, Scene(shift=4_000_000), lambda names: PLAIN).draw(3, row)
        assert strip.cell_length == 100
        assert "123456789" in strip.text


def test_options_are_values() -> None:
    assert Options(80) == dataclasses.replace(Options(80, split=True), split=False)
