"""What is left out in the making, against a simple model, and what git makes of it."""

import subprocess
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_tui.domain.decision import Selection
from agent_tui.domain.patch import Patch, parse_patch
from agent_tui.ui.diff.facts import details
from agent_tui.ui.selection import DraftSelection
from agent_tui.workspace.selection import select_lines
from tests.ui.diff_patches import DIFF, GIT, diff_of, git, patches
from tests.workspace.workspace_patches import patch_text

Marks = tuple[frozenset[str], frozenset[tuple[str, int]]]


def marks(patch: Patch, draft: DraftSelection) -> set[tuple[str, int]]:
    """Every line that is out, whichever way it was left out."""
    whole = {(h.id, i) for f, h in patch.hunks if f.path in draft.files for i in h.changed}
    return whole | {(hunk, i) for hunk, indexes in draft.lines.items() for i in indexes}


@given(patches(), st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_acts_undo_and_redo(patch: Patch, data: st.DataObject) -> None:
    hunks = list(patch.hunks)
    draft, out = DraftSelection(patch), set()
    history: list[tuple[set[tuple[str, int]], Selection]] = [(set(), draft.selection)]
    for _ in range(data.draw(st.integers(0, 8))):
        act = data.draw(st.sampled_from(["file", "hunk", "lines"]))
        if act == "file":
            file = data.draw(st.sampled_from(patch.files))
            mine = {(h.id, i) for h in file.hunks for i in h.changed}
            out = out - mine if file.path in draft.files else out | mine
            draft.toggle_file(file.path)
        elif hunks:
            chosen = data.draw(st.lists(st.sampled_from(hunks), min_size=1, max_size=3))
            chosen = list({hunk.id: (file, hunk) for file, hunk in chosen}.values())
            if act == "hunk":
                chosen = chosen[:1]
                parts = [(f, h, h.changed) for f, h in chosen]
                draft.toggle_hunk(*chosen[0])
            else:
                parts = [
                    (f, h, data.draw(st.sets(st.sampled_from(h.changed), min_size=1)))
                    for f, h in chosen
                ]
                draft.toggle_lines(parts)
            mine = {(h.id, i) for _, h, indexes in parts for i in indexes}
            out = out - mine if mine <= out else out | mine
        else:
            continue
        assert marks(patch, draft) == out
        assert draft.count == len(out)
        history.append((set(out), draft.selection))
    again = DraftSelection(patch, draft.selection)
    assert (marks(patch, again), again.selection) == history[-1]
    for expected in reversed(history[:-1]):
        assert draft.undo()
        assert (marks(patch, draft), draft.selection) == expected
    assert not draft.undo()
    for expected in history[1:]:
        assert draft.redo()
        assert (marks(patch, draft), draft.selection) == expected
    assert not draft.redo()


def test_a_part_is_what_git_apply_makes_of_it_over_a_real_history(tmp_path: Path) -> None:
    """The history is that of a file that was edited many times, in a repository made here."""
    versions = [b"".join(b"line %d of %d\n" % (n, v % (n % 5 + 2)) for n in range(40 + v))
                for v in range(1, 9)]  # fmt: skip
    parts = 0
    for number, (old, new) in enumerate(pairwise(versions)):
        folder = tmp_path / str(number)
        patch = parse_patch(diff_of(folder, {"a": old}, {"a": new}))
        for step in (2, 3, 7):
            draft = DraftSelection(patch)
            for file, hunk in patch.hunks:
                draft.toggle_lines([(file, hunk, hunk.changed[::step])])
            ours = select_lines(old, patch.files[0].hunks, draft.selection.lines)
            subprocess.run([*GIT, "read-tree", "HEAD"], cwd=folder, check=True)
            text = patch_text(patch, draft.selection)
            if text:
                command = [*GIT, "apply", "--cached", "--whitespace=nowarn", "-"]
                subprocess.run(command, cwd=folder, input=text, check=True)
            show = [*GIT, "show", ":a"]
            theirs = subprocess.run(show, cwd=folder, check=True, capture_output=True).stdout
            assert ours == theirs
            parts += len(draft.lines)
    assert parts > 20


def test_parts_of_a_file_are_left_out_by_themselves(tmp_path: Path) -> None:
    before = b"".join(b"%d\n" % number for number in range(20))
    repo = tmp_path / "r"
    patch = parse_patch(diff_of(repo, {"a": before}, {"b": before + b"20"}))
    (file,) = patch.files
    assert file.status == "renamed"
    assert [detail.about for detail in details(file)] == ["move", "original", "end"]
    draft = DraftSelection(patch)
    draft.toggle_part(file, "move")
    assert draft.selection == Selection(moves=("b",))
    draft.toggle_part(file, "original")
    assert draft.selection == Selection(moves=("b",), originals=("b",))
    draft.undo()
    draft.toggle_part(file, "end")
    assert draft.selection == Selection(moves=("b",), ends=("b",))
    assert DraftSelection(patch, draft.selection).selection == draft.selection
    draft.undo()
    assert draft.selection == Selection(moves=("b",))
    draft.toggle_file("b")
    assert draft.selection == Selection(files=("b",))


def test_nothing_is_left_when_git_finds_no_difference(tmp_path: Path) -> None:
    """Asked after every line; a mode that changes is still a difference."""
    repo = tmp_path / "r"
    before = b"".join(b"%d\n" % number for number in range(40))
    after = before.replace(b"3\n", b"three\n").replace(b"30\n", b"thirty\n")
    diff_of(repo, {"a": before, "m": b"0\n"}, {"a": after, "m": b"1\n", "n": b"1\n"})
    (repo / "m").chmod(0o755)
    git(repo, "add", "--all")
    patch = parse_patch(git(repo, *DIFF))
    base = git(repo, "rev-parse", "HEAD^{tree}")
    draft = DraftSelection(patch)

    def agrees() -> bool:
        git(repo, "read-tree", "HEAD")
        if text := patch_text(patch, draft.selection):
            command = [*GIT, "apply", "--cached", "--whitespace=nowarn", "-"]
            subprocess.run(command, cwd=repo, input=text, check=True)
        assert draft.leaves_nothing == (git(repo, "write-tree") == base)
        return draft.leaves_nothing

    assert [file.path for file in patch.files] == ["a", "m", "n"]
    steps = [(file, hunk, [index]) for file, hunk in patch.hunks for index in hunk.changed]
    for step in steps:
        assert not agrees()
        draft.toggle_lines([step])
    assert not agrees()
    draft.toggle_part(patch.files[1], "mode")
    assert agrees()
    draft.toggle_file("n")
    assert agrees()
    draft.undo()
    draft.undo()
    assert not agrees()
    draft = DraftSelection(patch)
    for path in "amn":
        assert not agrees()
        draft.toggle_file(path)
    assert agrees()
    assert not DraftSelection(Patch()).leaves_nothing


def test_one_line_of_a_file_that_is_left_out_comes_in_alone(tmp_path: Path) -> None:
    """Its mode and its new name stay left out, as they were."""
    repo = tmp_path / "r"
    before = b"".join(b"%d\n" % number for number in range(20))
    diff_of(repo, {"old": before}, {"new": before.replace(b"5\n", b"five\n", 1) + b"20\n"})
    (repo / "new").chmod(0o755)
    git(repo, "add", "--all")
    patch = parse_patch(git(repo, *DIFF))
    (file,) = patch.files
    assert (file.status, file.mode_changed) == ("renamed", True)
    last = file.hunks[-1]
    draft = DraftSelection(patch)
    draft.toggle_file("new")
    draft.toggle_lines([(file, last, [last.changed[-1]])])
    out = draft.selection
    assert (out.files, out.modes, out.moves) == ((), ("new",), ("new",))
    assert patch_text(patch, out).count(b"\n+") == 2  # the name of the file, and the line
    draft.toggle_part(file, "mode")
    assert draft.selection.modes == ()
    draft.undo()
    draft.undo()
    assert draft.selection == Selection(files=("new",))
    draft.toggle_part(file, "move")
    assert (draft.selection.modes, draft.selection.moves) == (("new",), ())
    assert draft.count == file.added + file.removed


def test_a_range_over_lines_parts_and_files_is_one_act(tmp_path: Path) -> None:
    repo = tmp_path / "r"
    diff_of(repo, {"a": b"1\n", "m": b"0\n"}, {"a": b"2\n", "m": b"0\n", "z": b"\0"})
    (repo / "m").chmod(0o755)
    git(repo, "add", "--all")
    patch = parse_patch(git(repo, *DIFF))
    a, m, _ = patch.files
    draft = DraftSelection(patch)
    lines = [(a, hunk, hunk.changed) for hunk in a.hunks]
    for _ in range(2):
        draft.toggle_lines(lines, [(m, "mode")], ["z"])
        assert draft.leaves_nothing
        assert draft.selection.files == ("z",)
        draft.toggle_lines(lines, [(m, "mode")], ["z"])
        assert draft.selection == Selection()
    draft.undo()
    draft.undo()
    assert draft.selection == Selection()
    draft.toggle_file("a")
    draft.toggle_lines(lines, [(m, "mode")], ["z"])  # some of it was in: all of it goes out
    assert draft.leaves_nothing
    assert set(draft.selection.files) == {"a", "z"}
