"""Comments find their lines again, and notice any change of them, on patches that git made."""

from pathlib import Path

import pytest

from agent_tui.domain.comments import Comment, CommentPlace, Side
from agent_tui.domain.patch import Patch, parse_patch
from agent_tui.domain.places import MAX_QUOTED, digest_of, excerpt, locate
from agent_tui.ui.diff import Note, Overlays
from agent_tui.ui.diff.blocks import Options, Stream
from agent_tui.ui.diff.layout import Layout
from tests.ui.diff_patches import diff_of

LONG = "x = [" + "1, " * MAX_QUOTED + "]"


def patch_of(folder: Path, *lines: str) -> Patch:
    base = [f"line {n}" for n in range(1, 9)]
    old, new = ("\n".join(text).encode() + b"\n" for text in (base, [*lines, *base[2:]]))
    return parse_patch(diff_of(folder, {"a.py": old}, {"a.py": new}))


def comment(patch: Patch, line: int, end_line: int | None = None, side: Side = "new") -> Comment:
    place = CommentPlace(path="a.py", line=line, end_line=end_line or line, side=side)
    quote, digest = excerpt(patch, place), digest_of(patch, place)
    return Comment(id="C1", kind="note", text="", place=place, quote=quote, digest=digest)


@pytest.mark.parametrize("end_line", [None, 3])
def test_a_change_far_behind_in_a_long_line_is_seen(tmp_path: Path, end_line: int | None) -> None:
    said = comment(patch_of(tmp_path / "a", "first", LONG), 2, end_line)
    assert len(said.quote.split("\n")[0]) == MAX_QUOTED
    assert said.digest
    moved = locate(patch_of(tmp_path / "b", "first", "second", LONG + "  "), said)
    assert moved is not None
    assert moved.line == 3
    changed = patch_of(tmp_path / "c", "first", LONG[:-1] + "2]")
    assert locate(changed, said) is None
    as_in_old_logs = said.model_copy(update={"digest": ""})
    assert locate(changed, as_in_old_logs) is not None


def test_of_equal_beginnings_the_line_itself_is_found(tmp_path: Path) -> None:
    said = comment(patch_of(tmp_path / "a", "first", LONG), 2)
    found = locate(patch_of(tmp_path / "b", "first", LONG + "+ []", "between", LONG), said)
    assert found is not None
    assert found.line == 4


def test_a_line_that_only_got_longer_has_changed(tmp_path: Path) -> None:
    said = comment(patch_of(tmp_path / "a", "first", "total = 1"), 2)
    assert said.digest == ""
    assert locate(patch_of(tmp_path / "b", "first", "  total = 1  "), said) is not None
    assert locate(patch_of(tmp_path / "c", "first", "total = 10"), said) is None


def test_removed_lines_and_blank_ones(tmp_path: Path) -> None:
    patch = patch_of(tmp_path / "a", "first", "")
    for said in (comment(patch, 1, 2, side="old"), comment(patch, 2)):
        assert locate(patch, said) == said.place


def test_what_is_said_of_a_file_is_not_said_of_its_copy(tmp_path: Path) -> None:
    base = "".join(f"line {n}\n" for n in range(1, 9)).encode()
    patch = parse_patch(
        diff_of(tmp_path / "r", {"a.py": base}, {"a.py": base + b"9\n", "A copy.py": base + b"x\n"})
    )
    copy, source = patch.files
    assert (copy.status, copy.old_path, source.path) == ("copied", "a.py", "a.py")
    for said in (comment(patch, 8), comment(patch, 8, side="old")):
        assert locate(patch, said) == said.place
    layout = Layout(
        Stream(patch), Overlays(notes=(Note("C1", "a.py", 9), Note("C2", "a.py"))), Options(80)
    )
    assert (list(layout.at.lines), list(layout.at.heads)) == ([1], [1])


def test_lines_around_a_change_move_with_what_is_above_them(tmp_path: Path) -> None:
    """Held against the files: where those lines are in them, as long as they are the same."""
    base = [f"line {n}" for n in range(1, 101)]

    def change(name: str, new: list[str]) -> Patch:
        old, text = ("\n".join(lines).encode() + b"\n" for lines in (base, new))
        return parse_patch(diff_of(tmp_path / name, {"a.py": old}, {"a.py": text}))

    place = CommentPlace(path="a.py", line=50, end_line=51, base=50)
    said = Comment(id="C1", kind="note", text="", place=place, quote="line 50\nline 51")
    versions = {
        "same": [*base[:9], "ten", *base[10:]],
        "longer": [*base[:9], "ten", "eleven", *base[10:]],
        "shorter": [*base[:9], *base[19:]],
        "gone above": base[10:],
        "added at the top": ["first", *base],
        "behind": [*base[:80], "new", *base[80:]],
        "next to it": [*base[:46], "new", *base[46:]],
        "moved into a hunk": [*base[:52], "new", *base[52:]],
    }
    for name, new in versions.items():
        found = locate(change(name, new), said)
        assert found is not None, name
        assert found.line is not None
        assert found.end_line is not None
        assert new[found.line - 1 : found.end_line] == ["line 50", "line 51"], name
    for name, new in {
        "changed": [*base[:49], "fifty", *base[50:]],
        "between": [*base[:50], "new", *base[50:]],
        "removed": [*base[:40], *base[60:]],
    }.items():
        assert locate(change(name, new), said) is None, name
