"""The head of the file one is in, at the top while its own row is scrolled away."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from agent_tui.domain.patch import FilePatch, Patch, parse_patch
from agent_tui.ui.diff import DiffViewer, NothingLeftOut, Overlays, Paragraph
from agent_tui.ui.diff.facts import cut_left, file_name
from agent_tui.ui.widgets.lines import AT_ONCE
from tests.ui.diff_bench import Person, bench, python
from tests.ui.diff_patches import diff_of

anyio = pytest.mark.anyio
KEYS = (
    "pagedown", "j", "j", "right_square_bracket", "k", "pageup", "k", "k", "k",
    "right_curly_bracket", "pagedown", "k", "left_square_bracket", "u", "n", "n", "N", "s", "n",
    "G", "k", "pageup", "pageup", "left_curly_bracket", "k", "W", "pagedown", "X", "pagedown",
    "pageup", "i", "j", "g",
)  # fmt: skip


@pytest.fixture
def patch(tmp_path: Path) -> Patch:
    old = {f"folder/f{n}.py": python(90) for n in range(4)} | {"one.py": b"1\n"}
    long = "value_50 = " + "needle, " * 40
    new = {name: python(90, l5="needle", l50=long, l52="x", l88="y") for name in old}
    return parse_patch(diff_of(tmp_path / "r", old, new | {"one.py": b"2\n"}))


async def at(person: Person, top: int) -> None:
    person.view.scroll_to(y=top, **AT_ONCE)
    await person.pilot.pause()


@anyio
@pytest.mark.parametrize("size", [(80, 24), (160, 48), (40, 6)])
async def test_the_first_line_names_the_file_of_the_line_below_it(
    patch: Patch, size: tuple[int, int]
) -> None:
    async with bench(size) as person:
        await person.show(patch, Overlays(intro=(Paragraph("What it is about."),) * 8))
        view, out_of_place, lone = person.view, 0, 0
        assert person.lines[0].strip() == "What it is about."
        for top in range(int(view.max_scroll_y) + 1):
            await at(person, top)
            below = view.row_at(view.scroll_offset.y + 1)
            assert below is not None
            file = view.file_of(below)
            if file is None or below.kind == "file":
                lone += below.kind == "file"
                assert view.pinned is None
                continue
            assert person.lines[0].startswith(f" M {patch.files[file].path}")
            out_of_place += view.pinned is not None
        assert out_of_place > 50
        assert lone > 0


@anyio
@pytest.mark.parametrize("size", [(80, 24), (100, 9), (80, 5)])
async def test_no_key_leaves_the_cursor_behind_the_head(
    patch: Patch, size: tuple[int, int]
) -> None:
    covered = 0
    async with bench(size) as person:
        await person.show(patch, None, lambda file, side: python(90))
        person.view.search("needle")
        await person.settle()
        for key in KEYS:
            await person.press(key)
            assert person.view.cursor in person.view.rows_on_screen, key
            covered += person.view.pinned is not None
    assert covered > 10


@anyio
async def test_paging_shows_every_row(patch: Patch) -> None:
    async with bench((80, 24)) as person:
        await person.show(patch)
        shown = set(person.view.rows_on_screen)
        while person.view.scroll_offset.y < person.view.max_scroll_y:
            await person.press("pagedown")
            shown |= set(person.view.rows_on_screen)
        assert shown == set(range(person.view.plan.blocks.rows))
        assert person.view.scene.seen == set(range(patch.hunk_count))


@anyio
async def test_a_line_behind_the_head_does_not_count_as_seen(tmp_path: Path) -> None:
    name = "a.py"
    old, new = python(300), python(300, l5="x", l150="y")
    patch = parse_patch(diff_of(tmp_path / "r", {name: old}, {name: new}))
    async with bench((80, 8)) as person:
        await person.show(patch, None, lambda file, side: new)
        person.view.expand_context(whole=True)
        await person.settle()
        row = person.view.plan.find_line(1, patch.files[0].hunks[1].changed[0])
        assert row is not None
        await at(person, row)
        await person.settle()
        assert "value_150 = 150" not in person.text
        assert person.view.scene.seen == {0}
        assert "1/2 seen" in person.lines[0]
        await at(person, row - 1)
        await person.settle()
        assert "- value_150 = 150" in person.lines[1]
        assert "✓ seen" in person.lines[0]


@anyio
async def test_the_head_can_be_clicked_and_lines_behind_it_dragged_over(patch: Patch) -> None:
    async with bench((80, 24)) as person:
        await person.show(patch)
        view = person.view
        await person.press("right_curly_bracket", "pagedown")
        assert person.lines[0].startswith(" M folder/f1.py")
        top = view.scroll_offset.y
        await person.pilot.mouse_down(DiffViewer, offset=(20, 3))
        for y in (2, 0, 0, 0):
            await person.pilot.hover(DiffViewer, offset=(20, y))
        await person.pilot.mouse_up(DiffViewer, offset=(20, 0))
        await person.settle()
        assert view.scene.selected is not None
        first, last = view.scene.selected
        assert view.scroll_offset.y < top
        assert first == view.rows_on_screen.start
        assert last == top + 3
        assert view.cursor == first
        await person.pilot.click(DiffViewer, offset=(20, 0))
        await person.settle()
        assert view.place is not None
        assert (view.place.kind, view.place.path) == ("file", "folder/f1.py")
        assert not view.has_range
        assert view.cursor in view.rows_on_screen
        assert "@@" in person.lines[1]
        await person.pilot.hover(DiffViewer, offset=(30, 5))
        assert not view.has_range


@anyio
async def test_the_head_says_at_once_what_is_left_out(patch: Patch) -> None:
    async with bench((80, 24)) as person:
        await person.show(patch)
        await person.press("pagedown")
        path = patch.files[0].path
        assert person.lines[0].startswith(f" M {path}")
        person.view.show(patch, Overlays(left_out=NothingLeftOut(files=frozenset({path}))))
        await person.settle()
        assert person.lines[0].startswith(f" ✗ {path}  left out")


NAMES = st.text(st.sampled_from("ab/漢é\u0301\u05d0\u202e\x1b._"), min_size=1, max_size=60)


@given(NAMES, st.none() | NAMES, st.integers(24, 80))
def test_a_name_is_cut_at_the_left_to_the_room_there_is(
    path: str, old: str | None, room: int
) -> None:
    file = FilePatch(path=path, old_path=old, status="modified" if old is None else "renamed")
    name = file_name(file, room)
    assert cell_len(name) <= room
    assert not {"\x1b", "\u202e"} & set(name)
    whole = file_name(file, 10_000)
    assert name == whole or "…" in name
    kept = name.split(" → ")[-1].removeprefix("…")
    assert whole.endswith(kept)
    assert kept


def test_a_name_is_cut_where_a_folder_begins() -> None:
    path = "packages/core/src/main/loader.py"
    assert cut_left(path, 40) == path
    assert cut_left(path, 24) == "…/src/main/loader.py"
    assert cut_left(path, 8) == "…ader.py"
    file = FilePatch(path=f"new/{path}", old_path=path, status="renamed")
    for room in range(20, 80):
        shown = file_name(file, room)
        assert cell_len(shown) <= room
        assert shown.count("→") == 1
