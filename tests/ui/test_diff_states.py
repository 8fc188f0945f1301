"""What the diff widget keeps, and what not, while it measures, searches, reads and folds."""

import difflib
import threading
from collections.abc import Callable

import pytest
from textual.events import MouseDown, MouseMove

from agent_tui.domain.patch import FilePatch, Patch, parse_patch
from agent_tui.ui.diff import DiffView, Note, Overlays, searching
from agent_tui.ui.diff.layout import Layout
from agent_tui.ui.diff.model import Side
from tests.ui.diff_bench import Person, bench
from tests.ui.driver import LIMIT_S

pytestmark = pytest.mark.anyio


def lines(count: int, **changed: str) -> str:
    """Numbered lines, of which some say something else."""
    texts = [f"line {n}" for n in range(1, count + 1)]
    for name, text in changed.items():
        texts[int(name[1:]) - 1] = text
    return "".join(f"{text}\n" for text in texts)


def changed(path: str, old: str, new: str) -> str:
    one, two = old.splitlines(keepends=True), new.splitlines(keepends=True)
    body = "".join(difflib.unified_diff(one, two, f"a/{path}", f"b/{path}"))
    return f"diff --git a/{path} b/{path}\nindex {'1' * 40}..{'2' * 40} 100644\n{body}"


def patch_of(*files: str) -> Patch:
    return parse_patch("".join(files).encode())


def many(count: int) -> Patch:
    """More hunks than are measured at first."""
    return patch_of(
        *(changed(f"f{n:04}.txt", lines(20), lines(20, _10="foo")) for n in range(count))
    )


def shown(person: Person, first: int, last: int) -> list[str]:
    return [person.view.line(row).text.strip() for row in range(first, last)]


# -- searching --------------------------------------------------------------------------------


async def test_a_search_in_another_patch_is_not_taken_for_one_in_this(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same words, searched while those in the patch before are still being searched."""
    find, go_on = searching.find_lines, threading.Event()
    big, small = many(60), patch_of(changed("a.txt", lines(20), lines(20, _10="foo")))

    def slow(hunks: object, *args: object, **options: object) -> object:
        if len(hunks) > 1:  # type: ignore[arg-type]
            assert go_on.wait(LIMIT_S)
            args = (args[0], lambda: False)  # it looked before it was given up
        return find(hunks, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(searching, "find_lines", slow)
    async with bench() as person:
        await person.show(big)
        person.view.search("foo")
        person.view.show(small)
        person.view.search("foo")
        go_on.set()
        await person.settle()
        found = [m.count for m in person.app.messages if isinstance(m, DiffView.Searched)]
        assert found == [1]


async def stops(person: Person, key: str, presses: int) -> list[int]:
    found = []
    for _ in range(presses):
        await person.press(key)
        found.append(person.app.last(DiffView.Searched).at)  # type: ignore[attr-defined]
    return found


async def test_every_match_is_come_to_side_by_side_from_above_and_from_below() -> None:
    old = lines(20, _8="foo 8", _9="foo 9", _10="foo 10")
    patch = patch_of(
        changed("a.txt", old, lines(20, _8="x8", _9="foo", _10="x10")),
        changed("b.txt", "foo b\n", "c\n"),
    )
    async with bench((160, 40)) as person:
        await person.show(patch)
        person.view.search("foo")
        await person.settle()
        rows = [person.view.cursor]
        for _ in range(4):
            await person.press("n")
            rows.append(person.view.cursor)
        assert rows[:4] == sorted(set(rows), key=lambda row: row or 0)  # four rows, downwards
        assert rows[4] == rows[0]
        await person.press("n")
        back = []
        for _ in range(4):
            await person.press("N")
            back.append(person.view.cursor)
        assert back == [rows[0], rows[3], rows[2], rows[1]]


async def test_a_match_in_a_folded_hunk_is_shown_and_left_again() -> None:
    patch = patch_of(
        changed("a.txt", lines(60), lines(60, _10="foo one", _40="foo two")),
    )
    folded = frozenset(hunk.id for _, hunk in patch.hunks)
    async with bench() as person:
        await person.show(patch, Overlays(folded=folded))
        assert "foo" not in person.text
        person.view.search("foo")
        await person.settle()
        assert "foo one" in person.text
        assert await stops(person, "n", 3) == [2, 1, 2]
        assert "foo two" in person.text


async def test_a_search_goes_on_from_notes_folds_and_lines_around() -> None:
    patch = patch_of(
        changed("a.txt", lines(60), lines(60, _10="foo a", _12="foo b", _14="foo c", _40="foo d")),
        changed("b.txt", "if x:\n  a = foo\n  b = foo\n", "if x:\n    a = foo\n    b = foo\n"),
    )
    note = Note("C1", "a.txt", 12, text="a note")
    data = {"a.txt": lines(60, _10="foo a", _12="foo b", _14="foo c", _40="foo d").encode()}
    async with bench() as person:
        await person.show(patch, Overlays(notes=(note,)), lambda file, side: data.get(file.path))
        view = person.view
        view.search("foo")
        await person.settle()
        assert view.go_to_note("C1")
        assert await stops(person, "n", 1) == [3]
        assert view.go_to_note("C1")
        assert await stops(person, "N", 1) == [2]
        await person.press("x")
        assert view.go_to_line(20)
        await person.settle()
        assert view.place is not None
        assert view.place.kind == "context"
        assert await stops(person, "n", 1) == [4]
        await person.press("i")
        assert view.toggle_space() is False
        assert view.toggle_space()
        await person.settle()
        assert await stops(person, "n", 3) == [5, 1, 2]


@pytest.mark.parametrize("size", [(100, 30), (160, 30)], ids=["unified", "split"])
async def test_a_folded_block_is_one_stop_however_much_is_found_in_it(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    find = Layout.find_line

    def counted(layout: Layout, number: int, index: int) -> int | None:
        asked.append(index)
        return find(layout, number, index)

    old = "first\n" + "".join(f"foo {n}\n" for n in range(2_000)) + "\n" * 3 + "x\nlast\n"
    new = "foo first\n" + "".join(f"  foo {n}\n" for n in range(2_000)) + "x\nfoo last\n"
    new = new.replace("foo first\n", "first foo\nfirst\n", 1)
    patch = patch_of(changed("a.txt", old, new))
    async with bench(size) as person:
        await person.show(patch)
        assert person.view.toggle_space()
        await person.settle()
        person.view.search("foo")
        await person.settle()
        first = person.view.cursor
        monkeypatch.setattr(Layout, "find_line", counted)
        rows = []
        for key in ("n", "n", "n", "N", "N", "N"):
            await person.press(key)
            rows.append(person.view.cursor)
        fold, last = rows[:2]
        assert rows == [fold, last, first, last, fold, first]
        assert len({first, fold, last}) == 3
        assert len(asked) < 100


async def test_the_whole_patch_is_searched_when_its_first_part_was() -> None:
    head, whole = many(3), many(8)
    async with bench() as person:
        person.view.show_first(head)
        person.view.search("foo")
        await person.settle()
        person.view.show(whole)
        await person.settle()
        person.view.search_on("foo", 1)
        await person.settle()
        assert person.app.last(DiffView.Searched).count == 8  # type: ignore[attr-defined]


async def test_blocks_that_moved_out_of_the_first_part_are_marked() -> None:
    block = "".join(f"    a_long_function_call({n}, argument)\n" for n in range(8))
    first = changed("a.py", lines(3) + block + lines(3), lines(6))
    second = changed("b.py", lines(6), lines(3) + block + lines(3))
    async with bench() as person:
        person.view.show_first(patch_of(first))
        await person.settle()
        await person.show(patch_of(first, second))
        assert set(person.view.scene.moved) == {0, 1}


# -- while it is being measured ---------------------------------------------------------------


async def test_what_happens_while_a_large_patch_is_measured_stays() -> None:
    patch = many(1500)
    note = Note("C1", "f0000.txt", 10, text="a comment")
    data = lines(20, _10="foo").encode()

    async with bench() as person:
        view = person.view
        view.show(patch, None, lambda file, side: data)
        view.show(patch, Overlays(notes=(note,)), lambda file, side: data)
        assert view.go_to_hunk(0)
        view._whole_lines[0] = data.split(b"\n")[:-1]
        view.expand_context()
        expanded, row = dict(view.plan.expanded), view.note_row("C1")
        assert expanded
        assert row is not None
        assert not view.plan.complete
        await person.settle()
        assert view.plan.complete
        assert view.plan.expanded == expanded
        assert view.note_row("C1") == row
        assert "a comment" in person.text


async def test_a_note_behind_what_is_measured_is_not_there_yet() -> None:
    patch = many(1500)
    async with bench() as person:
        view = person.view
        view.show(patch, Overlays(notes=(Note("F1", "f1499.txt", None, text="x"),)))
        assert not view.next_note(1)
        assert not view.go_to_note("F1")
        await person.settle()
        assert view.go_to_note("F1")


async def test_what_is_off_the_screen_does_not_draw_the_view_away() -> None:
    """The cursor is elsewhere, and a note comes; the person reads on where they are."""
    patch = many(40)
    async with bench() as person:
        await person.show(patch)
        person.view.scroll_to(y=120, animate=False, immediate=True, force=True)
        await person.settle()
        before = person.lines[1]
        await person.show(patch, Overlays(notes=(Note("F1", "f0001.txt", 10, text="x\ny\nz"),)))
        assert person.lines[1] == before
        assert person.view.cursor is not None
        assert person.view.cursor < 2


# -- notes -------------------------------------------------------------------------------------


async def test_the_cursor_stays_on_its_note_when_others_come_and_go() -> None:
    patch = patch_of(changed("a.txt", lines(60), lines(60, _10="A", _12="B", _40="C")))
    notes = [Note(f"C{n}", "a.txt", n, text=f"note {n}") for n in (10, 12, 40)]
    finding = Note("F1", "a.txt", 11, text="a finding")
    async with bench((100, 60)) as person:
        await person.show(patch, Overlays(notes=tuple(notes)))
        view = person.view
        assert view.go_to_note("C12")
        await person.show(patch, Overlays(notes=(finding, *notes)))
        assert view.place is not None
        assert view.place.note == "C12"
        assert view.go_to_note("C40")
        await person.show(patch, Overlays(notes=tuple(notes[2:])))
        assert view.place is not None
        assert view.place.note == "C40"


async def test_a_note_that_goes_away_leaves_the_cursor_where_it_stood() -> None:
    patch = many(3)
    places = {
        "on a line": ("f0001.txt", 10),
        "on a file": ("f0001.txt", None),
        "on all": (None, None),
    }
    for path, line in places.values():
        async with bench() as person:
            await person.show(patch, Overlays(notes=(Note("C1", path, line, text="x"),)))
            view = person.view
            assert view.go_to_note("C1")
            await person.show(patch, Overlays())
            place = view.place
            assert place is not None
            assert view.item == view.row_at(view.cursor or 0).item  # type: ignore[union-attr]
            assert place.path == (path or "f0000.txt")
            assert place.new_line == line


async def test_notes_are_seen_in_folded_blocks_and_hunks_and_under_lines_around() -> None:
    old, new = lines(60), lines(60, _10="  line 10", _40="forty")
    patch = patch_of(changed("a.txt", old, new))
    notes = tuple(Note(f"C{n}", "a.txt", n, text=f"note {n}") for n in (10, 20, 40))
    hunks = [hunk.id for _, hunk in patch.hunks]
    async with bench((100, 80)) as person:
        overlays = Overlays(notes=notes, folded=frozenset(hunks[1:]))
        await person.show(patch, overlays, lambda file, side: new.encode())
        view = person.view
        assert view.toggle_space()
        await person.settle()
        for note in notes:
            assert view.go_to_note(note.id)
            assert note.text in person.text
        assert view.place is not None
        assert view.go_to_hunk(0)
        await person.press("x")
        await person.settle()
        row = view.note_row("C20")
        assert row is not None
        assert view.line(row - 1).text.rstrip().endswith("line 20")
        await person.press("X", "X")  # all of it, and the changes alone
        row = view.note_row("C20")
        assert row is not None
        place = view.place_of(view.row_at(row))  # type: ignore[arg-type]
        assert place.hunk is None


async def test_a_note_in_a_very_long_hunk_is_found_without_making_its_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "".join(f"a line {n}\n" for n in range(60_000))
    patch = patch_of(changed("a.txt", "", text))
    notes = [Note(f"C{n}", "a.txt", 50_000 + n, text=f"note {n}") for n in range(1, 400, 20)]
    made: list[int] = []
    rows_of = Layout.rows_of

    def counted(layout: Layout, block: int) -> object:
        if block not in layout._rows:
            made.append(block)
        return rows_of(layout, block)

    async with bench() as person:
        await person.show(patch, Overlays(notes=tuple(notes[:-1])))
        blocks = len(person.view.plan.blocks)
        monkeypatch.setattr(Layout, "rows_of", counted)
        assert person.view.next_note(1)
        await person.show(patch, Overlays(notes=tuple(notes)))
        assert person.view.go_to_note(notes[-1].id)
        assert blocks > 100
        assert len(made) < 20


# -- ranges ------------------------------------------------------------------------------------


async def test_a_range_is_of_the_same_lines_when_rows_come_below_the_cursor() -> None:
    old, new = lines(40), lines(40, _10="A", _12="B", _14="C", _16="D")
    patch = patch_of(changed("a.txt", old, new))
    async with bench((100, 60)) as person:
        await person.show(patch, Overlays(), lambda file, side: new.encode())
        view = person.view
        assert view.go_to_line(16)
        view.toggle_range()
        view.move(-2)
        chosen = view.selected_lines()
        assert chosen
        note = Note("F1", "a.txt", 15, text="a finding\nof two lines")
        await person.show(patch, Overlays(notes=(note,)))
        assert view.has_range
        assert view.selected_lines() == chosen
        view.end_range()
        assert view.go_to_line(16)
        view.toggle_range()
        assert view.go_to_hunk(0)
        chosen = view.selected_lines()
        await person.press("x")
        assert view.selected_lines() == chosen


async def test_a_drag_ends_with_its_patch() -> None:
    one, two = many(5), many(6)
    async with bench() as person:
        await person.show(one)
        view = person.view

        def mouse(kind: Callable[..., MouseDown | MouseMove], y: int) -> MouseDown | MouseMove:
            return kind(view, 20, y, 0, 0, 1, False, False, False, 20, y)

        view.post_message(mouse(MouseDown, 15))
        await person.pilot.pause()
        assert view.app.mouse_captured is view
        await person.show(two)
        view.post_message(mouse(MouseMove, 5))
        await person.settle()
        assert not view.has_range
        assert view.app.mouse_captured is None


# -- lines around ------------------------------------------------------------------------------


def numbers_shown(person: Person) -> list[int]:
    view = person.view
    places = [view.place_of(row) for n in range(view.plan.blocks.rows) if (row := view.row_at(n))]
    return [p.new_line for p in places if p.kind in ("line", "context") and p.new_line]


async def test_no_line_is_shown_twice() -> None:
    new = lines(60, _10="c10", _32="c32")
    patch = patch_of(changed("a.txt", lines(60), new))
    async with bench() as person:
        await person.show(patch, Overlays(), lambda file, side: new.encode())
        for _ in range(4):  # the cursor is on the file's head: around all hunks
            await person.press("x")
            found = numbers_shown(person)
            assert found == sorted(set(found))
        assert found == [*range(1, 61)]


async def test_a_deleted_file_has_no_lines_around() -> None:
    patch = patch_of(
        changed("a.txt", lines(6), "").replace("index", "deleted file mode 100644\nindex")
    )
    assert patch.files[0].status == "deleted"
    async with bench() as person:
        await person.show(patch, Overlays(), lambda file, side: lines(6).encode())
        rows = person.view.plan.blocks.rows
        await person.press("x")
        assert person.view.plan.blocks.rows == rows
        reason = person.app.last(DiffView.Refused).reason  # type: ignore[attr-defined]
        assert reason == "all of the file is shown already"


async def test_lines_around_stay_when_more_files_are_read() -> None:
    old, new = lines(40), lines(40, _20="c20")
    patch = patch_of(*(changed(f"f{n}.txt", old, new) for n in range(12)))
    async with bench((100, 60)) as person:
        await person.show(patch, Overlays(), lambda file, side: new.encode())
        view = person.view
        for number in range(12):
            assert view.go_to_hunk(number)
            await person.press("x")
        for number in range(12):
            row = view.plan.find_context(number, 10)
            assert row is not None
            view.select(row)
            assert view.selected_text() == "line 10"


async def test_all_of_a_file_and_back_leaves_the_cursor_near() -> None:
    new = lines(80, _20="c20", _60="c60")
    patch = patch_of(changed("a.txt", lines(80), new))
    async with bench() as person:
        await person.show(patch, Overlays(), lambda file, side: new.encode())
        view = person.view
        await person.press("X")
        for line, near in ((5, 17), (75, 63)):
            assert view.go_to_line(line)
            await person.press("X")
            assert view.place is not None
            assert view.place.new_line == near
            await person.press("X")


async def test_a_line_is_gone_to_in_the_file_that_it_was_asked_for() -> None:
    """The person clicks on another file while the first one is being read."""
    new, reading = lines(60, _10="A", _50="B"), threading.Event()

    def read(file: FilePatch, side: Side) -> bytes:
        assert file.path != "a.txt" or reading.wait(LIMIT_S)
        return new.encode()

    patch = patch_of(*(changed(name, lines(60), new) for name in ("a.txt", "b.txt")))
    async with bench() as person:
        person.view.show(patch, Overlays(), read)
        assert person.view.go_to_hunk(0)
        assert person.view.go_to_line(30)
        assert person.view.go_to_file(1)
        reading.set()
        await person.settle()
        assert person.view.place is not None
        assert (person.view.place.path, person.view.place.kind) == ("b.txt", "file")


async def test_from_above_the_first_file_the_next_one_is_the_first() -> None:
    async with bench() as person:
        await person.show(many(2), Overlays(notes=(Note("F1", None, text="on all of it"),)))
        view = person.view
        assert view.go_to_note("F1")
        assert not view.next_file(-1)
        assert view.next_file(1)
        assert view.place is not None
        assert view.place.path == "f0000.txt"
