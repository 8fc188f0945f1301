"""The diff widget alone, by keys and mouse, on patches that git made."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual.strip import Strip

import agent_tui.ui.diff
from agent_tui.domain.patch import FilePatch, Patch, parse_patch
from agent_tui.ui.diff import DiffView, DiffViewer, Note, NothingLeftOut, Overlays, Paragraph
from agent_tui.ui.diff.layout import Row
from agent_tui.ui.diff.model import Side
from agent_tui.ui.diff.paint import Painter
from agent_tui.ui.selection import DraftSelection
from tests.benchmarks.diffs import make_patch
from tests.ui.diff_bench import bench, python
from tests.ui.diff_patches import diff_of, every_kind, patches

anyio = pytest.mark.anyio


@pytest.fixture
def two_hunks(tmp_path: Path) -> tuple[Patch, dict[Side, bytes]]:
    old, new = python(60), python(60, l5="value_5 = five(5)", l40="value_40 = 41")
    patch = parse_patch(diff_of(tmp_path / "r", {"a.py": old}, {"a.py": new}))
    return patch, {"old": old, "new": new}


@anyio
async def test_the_ten_lines_of_the_docstring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = agent_tui.ui.diff.__doc__ or ""
    block = re.search(r"ten lines::\n\n((?:    .*\n|\n)+)", text)
    assert block is not None
    code = "\n".join(line[4:] for line in block[1].splitlines())
    assert len([line for line in code.splitlines() if line.strip()]) == 10
    (tmp_path / "my.patch").write_bytes(diff_of(tmp_path / "r", {"a": b"1\n"}, {"a": b"2\n"}))
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(code, "docstring", "exec"), names)
    viewer = names["Viewer"]
    assert isinstance(viewer, type)
    app = viewer()
    async with app.run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        text = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
        assert "M a" in text
        assert "- 1" in text
        assert "+ 2" in text


@anyio
async def test_every_kind_of_change_says_what_it_is(tmp_path: Path) -> None:
    patch = parse_patch(every_kind(tmp_path / "r"))

    def read(file: FilePatch, side: Side) -> bytes | None:
        return b"\x89PNG\r\n" + b"x" * (260 if side == "old" else 2_300) if file.binary else None

    async with bench((110, 240)) as person:
        await person.show(patch, Overlays(), read)
        text = person.text
    for expected in (
        "R moved.py → renamed.py  renamed",
        "C copied.txt → copy of copied.txt  copied",
        "D deleted.txt  deleted",
        "mode 100644 → 100755: now executable",
        "symbolic link",
        "submodule",
        "Subproject commit",
        "PNG image, 266 B → PNG image, 2.3 kB",
        "empty file",
        "was empty",
        "(no newline at the end)",
        "line ends: CRLF → mixed",
        "one␍",
        "byte order mark removed",
        "\\ufeffmark",
        "caf\\xe9",
        "\\xff\\xfe",
        '-dash "quoted" ␛[31m␊.txt',
        "世界.txt",
        "שלום",
        "\\u202e\\u2066x",
        "␛]0;owned␇",
        "    return 1;",
    ):
        assert expected in text, expected
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)


@anyio
async def test_moving_by_hunks_and_files_and_what_was_seen(tmp_path: Path) -> None:
    old = {f"f{n}.txt": python(40) for n in range(3)}
    new = {name: python(40, l3="x", l30="y") for name in old}
    patch = parse_patch(diff_of(tmp_path / "r", old, new))
    async with bench((80, 12)) as person:
        await person.show(patch)
        assert "f0.txt" in person.lines[0]
        assert person.view.scene.seen == {0}
        assert "@@ 1/6" in person.text
        await person.press("right_square_bracket", "right_square_bracket")
        place = person.view.place
        assert place is not None
        assert (place.kind, place.number) == ("hunk", 1)
        assert person.view.scene.seen == {0, 1}
        await person.press("right_curly_bracket")
        assert person.view.place is not None
        assert person.view.place.path == "f1.txt"
        assert person.view.scene.seen == {0, 1, 2}
        await person.press("G")
        assert person.view.cursor == person.view.plan.blocks.rows - 1
        await person.press("g", "u")
        assert person.view.place.number in (3, 4)
        seen = person.app.last(DiffView.HunksSeen)
        assert seen.count == len(person.view.scene.seen)
        for _ in range(6):
            await person.press("u")
        assert person.view.scene.seen == set(range(6))
        await person.press("left_curly_bracket", "left_curly_bracket")
        assert person.view.place.kind == "file"


@anyio
async def test_a_hunk_counts_as_seen_only_with_all_its_lines(tmp_path: Path) -> None:
    patch = parse_patch(diff_of(tmp_path / "r", {"a": b""}, {"a": python(50)}))
    async with bench((80, 20)) as person:
        await person.show(patch)
        assert person.view.scene.seen == set()
        await person.press("G")  # the middle was never on the screen
        assert person.view.scene.seen == set()
        await person.press("g", "pagedown", "pagedown", "pagedown")
        assert person.view.scene.seen == {0}


@anyio
async def test_side_by_side_by_key_and_by_width(
    two_hunks: tuple[Patch, dict[Side, bytes]],
) -> None:
    async with bench((100, 24)) as person:
        await person.show(two_hunks[0])
        line = next(line for line in person.lines if "five" in line)
        assert "│" not in line
        await person.press("j", "j", "j", "j", "j", "j")
        before = person.view.place
        await person.press("s")
        line = next(line for line in person.lines if "five" in line)
        left, right = line.split("│")
        assert "- value_5 = 5" in left
        assert "+ value_5 = five(5)" in right
        assert person.view.place is not None
        assert before is not None
        assert person.view.place.number == before.number
        await person.press("s")
        assert "│" not in person.text
        await person.press("s")
    async with bench((170, 24)) as person:
        await person.show(two_hunks[0])
        assert "│" in person.text
        await person.pilot.resize_terminal(100, 24)
        await person.settle()
        assert "│" not in person.text


@anyio
async def test_more_context_and_the_whole_file(
    two_hunks: tuple[Patch, dict[Side, bytes]],
) -> None:
    patch, sides = two_hunks
    async with bench((80, 90)) as person:
        await person.show(patch)
        await person.press("x")
        assert person.app.last(DiffView.Refused).reason == "the whole file is not at hand here"
        await person.show(patch, Overlays(), lambda file, side: sides[side])
        await person.press("right_square_bracket", "x")
        assert "value_1 = 1" in person.text
        assert "value_18 = 18" in person.text
        assert "value_19 = 19" not in person.text
        await person.press("X")
        shown = [
            m[0]
            for line in person.lines
            if "@@" not in line and (m := re.search(r"(?<=[ +] )value_\d+ .*", line))
        ]
        new = sides["new"].decode().splitlines()
        assert [text for text in shown if text in new] == new
        assert any(re.match(r". +60 +60 +value_60 = 60", line) for line in person.lines)
        assert person.view.go_to_line(30)  # between the hunks
        await person.settle()
        place = person.view.place
        assert place is not None
        assert (place.kind, place.new_line) == ("context", 30)
        assert person.view.go_to_line(1_000)
        await person.settle()
        place = person.view.place
        assert place is not None
        assert (place.kind, place.new_line) == ("context", len(new))
        await person.press("X")
        assert "value_20 = 20" not in person.text
        for hidden in (1, 23):  # it is shown, with what is between it and the hunk
            wanted = re.compile(rf"^[^@]*\bvalue_{hidden} = ", re.MULTILINE)  # not in a head
            assert not wanted.search(person.text)
            assert person.view.go_to_line(hidden)
            await person.settle()
            place = person.view.place
            assert place is not None
            assert (place.kind, place.new_line) == ("context", hidden)
            assert wanted.search(person.text)
        assert person.view.go_to_line(61)
        await person.settle()
        assert person.app.last(DiffView.Refused).reason == "there is no line 61: the file has 60"


@anyio
async def test_a_part_that_is_left_out_is_drawn_anew_and_nothing_else(
    two_hunks: tuple[Patch, dict[Side, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    patch, _ = two_hunks
    draft = DraftSelection(patch)
    async with bench((100, 60)) as person:
        await person.show(patch, Overlays(left_out=draft))
        view = person.view
        drawn: list[int] = []
        draw = Painter.draw

        def counted(painter: Painter, number: int, row: Row) -> Strip:
            drawn.append(number)
            return draw(painter, number, row)

        monkeypatch.setattr(Painter, "draw", counted)
        for toggled, words in ((1, 1), (1, 0), (0, 1)):
            drawn.clear()
            draft.toggle_hunk(patch.files[0], patch.files[0].hunks[toggled])
            view.show(patch, Overlays(left_out=draft))
            await person.settle()
            rows = [row for n in drawn if (row := view.plan.row(n)) is not None]
            assert {row.owner for row in rows if row.kind != "file"} == {toggled}
            assert any(row.kind == "file" for row in rows)  # its head counts what is left out
            assert person.text.count("✗ left out") == words
        draft.toggle_file(patch.files[0].path)
        view.show(patch, Overlays(left_out=draft))
        await person.settle()
        assert person.text.count("✗ left out") == 2
        assert "  left out" in person.lines[0]


@anyio
async def test_white_space_folds_and_words_and_moves_are_marked(tmp_path: Path) -> None:
    indented = b"def indented_function(argument):\n  result = argument + 1\n  return result * 2\n"
    moved = b"def moved_function(argument):\n    result = argument + 1\n    return result * 2\n"
    old = {"a.py": b"if a:\n  b = 1\n" + python(9), "b.py": python(30) + moved}
    changed = python(9, l9="value_9 = other(9)")
    new = {"a.py": b"if a:\n    b = 1\n" + changed, "b.py": moved + python(30)}
    old["c.py"], new["c.py"] = indented, indented.replace(b"  r", b"    r")
    patch = parse_patch(diff_of(tmp_path / "r", old, new))
    async with bench((90, 80)) as person:
        await person.show(patch)
        assert not any(re.search(r"[+-][«»].*result = ", line) for line in person.lines
                       if "indented" in line)  # fmt: skip
        moves = [line for line in person.lines if "moved_function" in line and "@@" not in line]
        assert [re.search(r"[+-][«»]", line)[0] for line in moves] == ["+«", "-»"]  # type: ignore[index]
        assert any(
            "word-add" in {s[2] for s in spans} for spans in person.view.scene.words.values()
        )
        assert "white space" not in person.text
        await person.press("i")
        assert "changed lines differ in white space alone" in person.text
        await person.press("i")
        assert "white space" not in person.text


@anyio
async def test_a_rewritten_block_falls_back_to_lines_and_says_so(tmp_path: Path) -> None:
    old = b"".join(b"old line number %d of many\n" % n for n in range(1_500))
    new = b"".join(b"new text %d is quite another\n" % n for n in range(1_500))
    patch = parse_patch(diff_of(tmp_path / "r", {"a.py": old}, {"a.py": new}))
    async with bench((90, 20)) as person:
        await person.show(patch)
        assert "too large for word highlights" in person.text
        assert not person.view.scene.words


@anyio
async def test_search_plain_and_regex(tmp_path: Path) -> None:
    old = {f"f{n}.py": python(60) for n in range(3)}
    new = {name: python(60, l5="Needle = 1", l50="needle(50)") for name in old}
    patch = parse_patch(diff_of(tmp_path / "r", old, new))
    async with bench((80, 12)) as person:
        await person.show(patch)

        async def found(text: str) -> tuple[int, int]:
            person.view.search(text)
            await person.settle()
            message = person.app.last(DiffView.Searched)
            return message.count, message.at

        assert await found("needle") == (6, 1)
        assert await found("Needle") == (3, 1)
        await person.press("n")
        assert person.app.last(DiffView.Searched).at == 2
        assert person.view.place is not None
        assert person.view.place.path == "f1.py"
        await person.press("N", "N")
        assert person.app.last(DiffView.Searched).at == 3
        assert await found(r"re:^needle\(\d+\)$") == (3, 3)
        assert await found("nowhere") == (0, 0)
        person.view.search("re:(")
        await person.settle()
        assert "no regular expression" in person.app.last(DiffView.Refused).reason


@anyio
async def test_the_mouse_moves_drags_and_acts(two_hunks: tuple[Patch, dict[Side, bytes]]) -> None:
    async with bench((90, 24)) as person:
        await person.show(two_hunks[0])
        row = next(n for n, line in enumerate(person.lines) if "+ value_5" in line)
        await person.pilot.click(DiffViewer, offset=(20, row))
        assert person.view.place is not None
        assert person.view.place.new_line == 5
        await person.pilot.mouse_down(DiffViewer, offset=(20, row - 1))
        await person.pilot.hover(DiffViewer, offset=(20, row))
        await person.pilot.mouse_up(DiffViewer, offset=(20, row))
        await person.settle()
        assert person.view.has_range
        hunk = two_hunks[0].files[0].hunks[0]
        assert person.view.selected_lines() == {0: list(hunk.changed)}
        assert person.view.selected_text() == "value_5 = 5\nvalue_5 = five(5)"
        await person.pilot.click(DiffViewer, offset=(20, row), times=2)
        await person.settle()
        assert person.app.last(DiffView.Activated).place.new_line == 5
        assert not person.view.has_range


@anyio
async def test_notes_stand_under_their_lines(two_hunks: tuple[Patch, dict[Side, bytes]]) -> None:
    patch = two_hunks[0]
    notes = (
        Note("F1", "a.py", 5, sign="▲", label="F1 major", text="five is \x1b[31m missing"),
        Note("C1", "a.py", 40, side="old", sign="◆", text="why 40?"),
        Note("C2", "a.py", 9, outdated=True, text="was this right?", excerpt="value_9 = 0"),
        Note("C3", "a.py", 55, text="far away"),
        Note("C4", None, text="about all of it"),
    )
    async with bench((90, 40)) as person:
        await person.show(patch)
        await person.press("right_square_bracket", "right_square_bracket")
        place = person.view.place
        await person.show(patch, Overlays(notes=notes, intro=(Paragraph("What was done"),)))
        assert person.view.place == place
        lines = person.lines
        at = next(n for n, line in enumerate(lines) if "five(5)" in line)
        assert "▲" in lines[at].split("value")[0]
        assert "▲ F1 major  five is ␛[31m missing" in lines[at + 1]
        at = next(n for n, line in enumerate(lines) if "- value_40" in line)
        assert "◆ why 40?" in lines[at + 1]
        assert "a.py:9 (outdated)" in person.text
        assert "> value_9 = 0" in person.text
        assert "a.py:55 (on a line that is not shown)" in person.text
        assert "about all of it" in person.text
        assert "What was done" in lines[0]
        assert person.view.go_to_note("C1")
        assert person.view.place is not None
        assert person.view.place.note == "C1"
        assert not person.view.go_to_note("C9")


@anyio
async def test_what_is_left_out_shows_without_colour(
    two_hunks: tuple[Patch, dict[Side, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    patch = two_hunks[0]
    hunk = patch.files[0].hunks[0]
    async with bench((90, 24)) as person:
        left_out = NothingLeftOut(lines={hunk.id: hunk.changed[:1]})
        await person.show(patch, Overlays(left_out=left_out))
        assert "@@ 1/2 · ✗ partly left out" in person.text
        assert re.search(r"5 +✗ value_5 = 5", person.text)
        assert re.search(r"5 \+ value_5 = five|5  \+ value_5 = five", person.text)
        await person.show(patch, Overlays(left_out=NothingLeftOut(files=frozenset({"a.py"}))))
        assert "✗ a.py  left out" in person.text
        assert "@@ 2/2 · ✗ left out" in person.text


@anyio
async def test_random_keys_on_random_patches(capsys: pytest.CaptureFixture[str]) -> None:
    keys = ["j", "k", "pagedown", "pageup", "g", "G", "right_square_bracket", "left_square_bracket",
            "right_curly_bracket", "left_curly_bracket", "u", "s", "W", "i", "x", "X", "v",
            "n", "N"]  # fmt: skip
    cases: list[tuple[Patch, list[str]]] = []

    @given(patches(), st.lists(st.sampled_from(keys), max_size=12))
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    def collect(patch: Patch, pressed: list[str]) -> None:
        cases.append((patch, pressed))

    collect()
    async with bench((64, 16)) as person:
        for number, (patch, pressed) in enumerate(cases):
            person.view.show(patch, Overlays(), lambda file, side: b"x\n" * 120)
            person.view.search("a" if number % 2 else "re:[xy]")
            await person.pilot.pause()
            await person.pilot.press(*pressed)
            await person.pilot.pause()
            cursor = person.view.cursor
            assert cursor is None or 0 <= cursor < max(1, person.view.plan.blocks.rows)
        await person.settle()
    with capsys.disabled():
        print(f"\n{len(cases)} random patches under {sum(len(k) for _, k in cases)} random keys")


@anyio
async def test_the_rest_of_a_large_patch_keeps_the_cursor(tmp_path: Path) -> None:
    from agent_tui.domain.patch import first_files
    from tests.benchmarks.diffs import make_patch

    raw = make_patch(60_000)
    head = first_files(raw)
    assert head is not None
    assert raw.startswith(head)
    async with bench((90, 20)) as person:
        person.view.show_first(parse_patch(head))
        person.view.focus()
        await person.settle()
        await person.press("pagedown", "right_square_bracket", "right_square_bracket")
        place, seen = person.view.place, set(person.view.scene.seen)
        assert place is not None
        top = person.view.scroll_offset.y
        await person.show(parse_patch(raw))
        assert person.view.place is not None
        assert (person.view.place.number, person.view.place.kind) == (place.number, place.kind)
        assert person.view.scroll_offset.y == top
        assert person.view.scene.seen >= seen
        assert "/6000" in person.text
        await person.press("G")
        assert "@@ 6000/6000" in person.text
        before = person.view.plan.blocks.rows
        assert before == person.view.cursor + 1


@anyio
async def test_other_rows_are_made_up_to_the_cursor_at_once_and_the_rest_behind() -> None:
    patch = parse_patch(make_patch(20_000))
    async with bench() as person:
        await person.show(patch)
        view = person.view
        for hunk in (3, 1_500):
            view.go_to_hunk(hunk, 1)
            await person.settle()
            place, top = view.place, view.scroll_offset.y
            assert view.plan.complete
            view.toggle_space()
            assert not view.plan.complete
            assert view.place == place
            await person.settle()
            assert view.plan.complete
            assert (view.place, view.scroll_offset.y) == (place, top)
        view.to_end(top=False)
        view.toggle_split()
        assert view.place is not None
        assert view.place.number == len(view.stream.hunks) - 1


@anyio
@pytest.mark.parametrize("width", [80, 160])
async def test_a_match_in_a_long_line_is_scrolled_to(tmp_path: Path, width: int) -> None:
    """In one column and side by side; also when the rows are made anew."""
    long = b"x" * 300 + b" NEEDLE " + b"y" * 300 + b"\n"
    patch = parse_patch(diff_of(tmp_path / "r", {"a": b"1\n"}, {"a": b"1\n" + long}))
    async with bench((width, 12)) as person:
        await person.show(patch)
        if person.view.toggle_wrap():
            person.view.toggle_wrap()
        await person.settle()
        assert "NEEDLE" not in person.text
        person.view.search("NEEDLE")
        await person.settle()
        assert "NEEDLE" in person.text
        shift = person.view.scene.shift
        await person.press("i")
        assert person.view.scene.shift == shift
