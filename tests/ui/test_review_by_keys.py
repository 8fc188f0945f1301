"""A review of a given change, with keys as a person presses them."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import TextArea

from agent_tui.domain.decision import Gate
from agent_tui.domain.events import CommitRefused
from agent_tui.domain.links import Node
from agent_tui.domain.patch import Patch
from agent_tui.domain.state import State
from agent_tui.ui.actions import ACTIONS, BY_ID, key_names
from agent_tui.ui.render.status import gate_question
from tests.ui.driver import Driver, drive
from tests.ui.review_bench import LINES, git, launch, repo

pytestmark = pytest.mark.anyio

__all__ = ["repo"]


def blob(repo: Path, name: str) -> bytes:
    """A file as it is in a tree."""
    command = ["git", "cat-file", "blob", name]
    return subprocess.run(command, cwd=repo, check=True, capture_output=True).stdout


async def to_row(person: Driver, text: str) -> None:
    """Go down to the row that has a text."""
    view = person.controller.presenter.pane.view
    await person.press("g")
    for _ in range(200):
        row = view._cursor
        if row is not None and text in view.line(row).text:
            return
        await person.press("j")
    raise AssertionError(f"no {text!r} in {person.text}")


async def message(person: Driver, text: str) -> None:
    await person.gate("message")
    await person.press("e")
    person.app.screen.query_one("#text").text = text
    await person.press("ctrl+s")
    await person.gate("message")


async def test_take_a_part_of_the_working_tree(repo: Path) -> None:
    async with drive(launch(repo)) as person:
        await person.gate("diff")
        assert "WHAT HAPPENS TO IT" not in person.text
        await person.press("m")
        await person.settle()
        assert "WHAT HAPPENS TO IT" in person.text
        assert "the working tree, 3 hunks in 2 files." in person.text
        assert "no criterion claims this" not in person.text
        await person.press("right_curly_bracket", "space")
        await person.settle()
        assert "commit without" in person.text
        await person.press("a")
        await message(person, "Three and thirty")
        await person.press("a")
        await person.finished()
    assert git(repo, "log", "-1", "--format=%s") == "Three and thirty"
    assert git(repo, "status", "--porcelain") == "?? new.txt"


async def test_each_part_of_a_move_is_left_out_by_key(repo: Path) -> None:
    (repo / "new.txt").unlink()
    (repo / "a.txt").unlink()
    (repo / "b.txt").write_text(LINES.replace("line 3\n", "three\n").removesuffix("\n"))
    async with drive(launch(repo)) as person:
        await person.gate("diff")
        for down, said in (
            (1, "✗ moved from a.txt  left out"),
            (1, "✗ a.txt is removed  left out"),
            (1, "✗ last line: no line end any more  left out"),
        ):
            await person.press(*["j"] * down, "space")
            await person.settle()
            assert said in person.text
            await person.press("space")
            await person.settle()
            assert said not in person.text
        await person.press("space", "k", "space")  # the end, and the removal
        await person.settle()
        assert person.text.count("  left out") == 2
        await person.press("a")
        await message(person, "Copied")
        await person.press("a")
        await person.finished()
    assert git(repo, "ls-tree", "--name-only", "HEAD").split() == ["a.txt", "b.txt"]
    assert git(repo, "show", "HEAD:a.txt") + "\n" == LINES
    changed = LINES.replace("line 3\n", "three\n")
    assert git(repo, "show", "HEAD:b.txt") + "\n" == changed
    assert git(repo, "cat-file", "-s", "HEAD:b.txt") == str(len(changed))  # with its last end


async def test_a_range_leaves_out_all_that_it_covers(repo: Path) -> None:
    """Also a mode, a file without lines, and the last line of a new file, which is not added."""
    (repo / "a.txt").chmod(0o755)
    (repo / "blob").write_bytes(b"\0\1")
    async with drive(launch(repo), size=(120, 50)) as person:
        await person.gate("diff")
        await to_row(person, "mode 100644")
        await person.press("v", "G", "space")
        await person.settle()
        for said in ("✗ mode 100644 → 100755", "✗ a.txt", "✗ blob", "✗ new.txt"):
            assert said in person.text
        await person.press("a")
        await person.settle()
        assert "all of it is left out" in person.text
        await person.press("z")
        await person.settle()
        assert "✗" not in person.text
        await to_row(person, "new.txt")
        await person.press("v", "G", "space", "a")
        await message(person, "Without the new file")
        await person.press("a")
        await person.finished()
    assert git(repo, "ls-tree", "--name-only", "HEAD").split() == ["a.txt", "blob"]
    assert git(repo, "status", "--porcelain") == "?? new.txt"


async def test_what_is_left_out_with_its_file_comes_in_alone(repo: Path) -> None:
    (repo / "new.txt").unlink()
    (repo / "a.txt").rename(repo / "b.txt")
    async with drive(launch(repo), size=(120, 40)) as person:
        await person.gate("diff")
        await person.press("space")
        await to_row(person, "a.txt is removed")
        await person.press("space")
        await person.settle()
        assert "the old name stays, for the move" in person.text
        await to_row(person, "moved from a.txt")
        await person.press("space")
        await person.settle()
        assert "commit without 5 lines  " in person.text


async def test_without_a_model_nothing_is_called_a_verdict(repo: Path) -> None:
    failing = {"name": "lint", "command": ["false"]}
    async with drive(launch(repo), size=(140, 40)) as person:
        await person.gate("diff")
        await person.press("m")
        await person.settle()
        assert "COMMENTS" in person.text
        assert "None yet: c writes one" in person.text
        await person.press("2", "c")
        await person.type("why?")
        await person.press("ctrl+s")
        await person.settle()
        assert "COMMENTS 1 open" in person.text
        assert "VERDICT" not in person.text
    checked = replace(launch(repo, checks=True), settings={"checks": [failing]})
    async with drive(checked, size=(140, 40)) as person:
        await person.gate("diff")
        await person.press("m")
        await person.settle()
        assert "CHECKS 1 failing" in person.text
        assert "VERDICT" not in person.text


async def test_back_from_the_message_and_end(repo: Path) -> None:
    async with drive(launch(repo)) as person:
        await person.gate("diff")
        await person.press("a")
        await person.gate("message")
        await person.press("r")
        await person.gate("diff")
        await person.press("r")
        await person.type("not yet")
        await person.press("ctrl+s")
        await person.finished()
        assert "REVIEWED" in person.text
        await person.press("q")
        assert person.app.return_code == 0
    assert git(repo, "rev-list", "--count", "HEAD") == "1"


async def test_a_patch_is_written_instead(repo: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.patch"
    async with drive(launch(repo, output=file)) as person:
        await person.gate("diff")
        assert "write the patch" in person.text
        await person.press("a")
        await person.finished()
        await person.press("q")
        await person.until(lambda: not person.app.is_running, "the end")
        assert person.app.farewell == f"reviewed: Accepted.\nwritten: {file}"
        assert person.app.return_code == 0
    git(repo, "stash", "-q", "-u")
    git(repo, "apply", "--check", str(file))


async def test_that_a_patch_is_not_written_is_the_last_word(repo: Path, tmp_path: Path) -> None:
    file = tmp_path / "missing" / "out.patch"
    async with drive(launch(repo, output=file)) as person:
        await person.gate("diff")
        await person.press("a")
        await person.finished()
        await person.press("q")
        await person.until(lambda: not person.app.is_running, "the end")
        assert person.app.farewell.endswith(
            f"\n{file} cannot be written: No such file or directory."
        )
        assert person.app.return_code == 1


async def test_a_failing_check_is_waived_where_it_stands(repo: Path) -> None:
    failing = {"name": "lint", "command": ["false"]}
    wanted = replace(launch(repo, checks=True), settings={"checks": [failing]})
    async with drive(wanted) as person:
        await person.gate("diff")
        await person.press("m", "3")
        view = person.screen.active_view
        assert view.select_key(Node("check", "lint"))
        await person.press("w")
        await person.type("it fails everywhere")
        await person.press("ctrl+s")
        await person.gate("diff", same=True)
        await person.until(lambda: person.state.ledger[0].status == "waived", "the waiver")
        entry = person.state.ledger[0]
        assert (entry.finding.check, entry.reason) == ("lint", "it fails everywhere")


async def test_the_last_lines_give_up_whole_parts(repo: Path) -> None:
    async with drive(launch(repo), size=(80, 24)) as person:
        await person.gate("diff")
        await person.press("space")
        await person.settle()
        question, keys = person.text.split("\n")[-2:]
        assert question.strip() == "DIFF  the working tree, 3 hunks in 2 files. …"
        assert keys.strip().endswith("…  ? help")
        offered = {f"{key_names(a.keys.split(',')[0])} {a.label}" for a in ACTIONS}
        assert set(keys.strip().split("  ")[2:-2]) <= offered
        await person.pilot.resize_terminal(160, 48)
        await person.settle()
        question, keys = person.text.split("\n")[-2:]
        assert question.strip().endswith("Your files stay as they are.")
        assert "…" not in keys
        assert "c comment  ? help" in keys
        await person.pilot.resize_terminal(80, 24)
        await person.settle()
        await person.press("question_mark")
        await person.settle()
        rows = [line.partition("│")[2].rpartition("│")[0] for line in person.text.split("\n")]
        assert f"{BY_ID['edit'].help} " in "".join(f"{row.strip()} " for row in rows)


async def test_a_hunk_is_edited_with_the_files_own_line_numbers(repo: Path) -> None:
    async with drive(launch(repo)) as person:
        await person.gate("diff")
        await person.press("right_square_bracket", "right_square_bracket", "e")
        await person.settle()
        assert "Edit the hunk at line 28 of a.txt (your own revision of the change)" in person.text
        area = person.app.screen.query_one("#text", TextArea)
        assert re.search(r"│ +28 +line 27 ", person.text)
        area.text = area.text.replace("thirty", "thirty!")
        await person.press("ctrl+s")
        await person.gate("diff")
        assert person.state.revision is not None
        assert person.state.revision.author == "person"
        assert "You changed" in person.text
        assert "the models are told" not in person.text
        assert "index " not in person.text
        await person.press("D")
        await person.settle()
        assert "since the change as given · D: all of it" in person.text
        assert re.search(r"\+.*thirty!", person.text)


async def test_what_is_left_out_whole_is_not_approved(repo: Path) -> None:
    async with drive(launch(repo), size=(100, 30)) as person:
        await person.gate("diff")
        await person.press("space", "right_curly_bracket", "space", "a")
        await person.settle()
        assert "all of it is left out; space" in person.text
        assert person.state.gate is not None
        await person.press("z", "a")
        await person.gate("message")
    assert git(repo, "rev-list", "--count", "HEAD") == "1"


async def test_a_review_of_the_same_change_that_was_left_is_named(repo: Path) -> None:
    async with drive(launch(repo)) as person:
        await person.gate("diff")
        await person.press("c")
        await person.type("why?")
        await person.press("ctrl+s")
        await person.settle()
        session = person.state.session
        assert session is not None
    async with drive(launch(repo)) as person:
        await person.gate("diff")
        await person.until(lambda: "You have left a review" in person.text, "the hint")
        (hint,) = person.app._notifications
        assert "with 1 comment." in hint.message
        assert f"agent-tui resume {session.session} goes on" in hint.message
    (repo / "new.txt").write_text("another change\n")
    async with drive(launch(repo)) as person:
        await person.gate("diff")
        await person.until(lambda: not behind(person, "earlier review"), "a look at the others")
        await person.settle()
        assert "You have left" not in person.text


def behind(person: Driver, name: str) -> bool:
    return any(worker.name == name for worker in person.app.workers)


async def test_the_head_of_a_file_says_how_much_of_it_is_left_out(repo: Path) -> None:
    async with drive(launch(repo), size=(100, 30)) as person:
        await person.gate("diff")
        await person.press("right_square_bracket", "space")
        await person.settle()
        assert re.search(r"M a.txt +3 lines left out", person.text)
        await person.press("d")
        await person.settle()
        assert re.search(r"M a.txt +✗ 3 lines left out", person.text)
        await person.press("escape", "z")
        await person.settle()
        assert "left out" not in person.text


def many(repo: Path) -> None:
    """Files enough that most of the change is below the first page."""
    for n in range(12):
        (repo / f"c{n:02}.txt").write_text(LINES)
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "more")
    for n in range(12):
        text = LINES.replace("line 5\n", "five\n").replace("line 30\n", "thirty\n")
        (repo / f"c{n:02}.txt").write_text(text)


async def test_everything_that_was_left_out_is_named_at_the_message(repo: Path) -> None:
    many(repo)
    async with drive(launch(repo), size=(120, 60)) as person:
        await person.gate("diff")
        await person.press("right_curly_bracket", "v", "G", "space", "a")
        await person.gate("message")
        await person.press("m")
        await person.settle()
        for n in range(1, 12):
            for line in (5, 30):
                assert f"c{n:02}.txt, line {line}: 2 lines" in person.text
        assert "more lines" not in person.text
        assert "MESSAGE" in person.text


async def test_an_edit_leaves_the_person_where_they_were(repo: Path) -> None:
    many(repo)
    async with drive(launch(repo), size=(100, 30)) as person:
        await person.gate("diff")
        view = person.controller.presenter.pane.view
        await person.press(*["right_curly_bracket"] * 8, *["right_square_bracket"] * 2)
        before = view.spot
        assert before.place is not None
        assert (before.place.path, before.place.kind) == ("c08.txt", "hunk")
        await person.press("e")
        await person.settle()
        area = person.app.screen.query_one("#text", TextArea)
        area.text = area.text.replace("thirty", "thirty\nand more")
        await person.press("ctrl+s")
        await person.gate("diff")
        after = view.spot
        assert after.place is not None
        assert after.place.hunk != before.place.hunk
        assert (after.place.path, after.place.kind) == ("c08.txt", "hunk")
        assert after.below_top == before.below_top
        assert "and more" in person.text


async def edited(person: Driver, before: str, after: str) -> None:
    """Edit the hunk that the cursor is on."""
    await person.press("e")
    await person.settle()
    area = person.app.screen.query_one("#text", TextArea)
    assert before in area.text
    area.text = area.text.replace(before, after)
    await person.press("ctrl+s")
    await person.gate("diff")


async def test_edits_are_taken_back_and_made_again_also_after_a_resume(repo: Path) -> None:
    """And with them what was left out of the hunk that was edited."""
    async with drive(launch(repo), size=(120, 50)) as person:
        await person.gate("diff")
        await person.press("right_square_bracket", "j", "j", "j", "j", "v", "space")
        await person.settle()
        left_out = person.state.marked
        assert left_out.lines
        await person.press("left_square_bracket")
        await edited(person, "three", "drei")
        await edited(person, "more", "mehr")
        await person.press("m", "1", "2", "m")
        assert "+drei" in person.text
        assert "+mehr" in person.text
        await person.press("z")
        await person.gate("diff")
        assert person.state.revision is not None
        assert "mehr" not in person.text
        await person.press("z")
        await person.gate("diff")
        await person.settle()
        assert person.state.revisions[0].tree == person.state.revision.tree
        assert "your revision" not in person.text
        assert "yours" not in person.text
        assert "drei" not in person.text
        assert person.state.marked == left_out
        await person.press("z")  # what was left out before the first edit
        await person.settle()
        assert not person.state.marked
        await person.press("z")
        await person.settle()
        assert "there is nothing to take back" in person.text
        await person.press("Z")
        await person.settle()
        assert person.state.marked == left_out
        session = person.state.session
    assert session is not None
    async with drive(launch(repo, "resume", session.session), size=(120, 50)) as person:
        await person.gate("diff")
        for _ in range(2):
            await person.press("Z")
            await person.gate("diff")
        await person.press("Z")
        await person.settle()
        assert "nothing was taken back" in person.text
        await person.press("a")
        await message(person, "Drei")
        await person.press("a")
        await person.finished()
    assert "+drei" in git(repo, "show", "HEAD").split("\n")
    assert "+mehr" in git(repo, "show", "HEAD").split("\n")


async def test_back_from_the_message_is_the_change_with_what_is_left_out(repo: Path) -> None:
    async with drive(launch(repo), size=(120, 50)) as person:
        await person.gate("diff")
        await person.press("right_square_bracket", "space", "right_curly_bracket", "space")
        await person.settle()
        left_out, seen = person.state.marked, person.controller.presenter.pane.seen
        assert left_out.lines
        assert left_out.files
        await person.press("a")
        await person.gate("message")
        assert person.controller.presenter.pane.seen == 1  # of the one hunk that is left
        await person.press("r")
        await person.gate("diff")
        await person.settle()
        assert person.state.marked == left_out
        assert person.controller.presenter.pane.seen == seen
        assert person.text.count("✗ left out") == 2
        assert "back again" not in person.text
        assert "accepted before" not in person.text
        await person.press("z")
        await person.settle()
        assert not person.state.marked.files  # the last act of those before
        await person.press("a")
        await message(person, "Thirty and new")
        await person.press("a")
        await person.finished()
    changed = git(repo, "show", "--format=", "-U0", "HEAD").split("\n")
    assert [line for line in changed if line[:1] in "+-" and line[:3] not in ("+++", "---")] == [
        "-line 30",
        "+thirty",
        "+new",
    ]


async def test_what_was_seen_stays_seen_over_a_choice_and_an_edit(repo: Path) -> None:
    """Also where nothing was kept in the log before: the first act decides."""
    many(repo)
    async with drive(launch(repo), size=(100, 30)) as person:
        await person.gate("diff")
        await person.press("pagedown", "pagedown")
        await person.settle()
        seen = person.controller.presenter.pane.seen
        assert 4 < seen < 20
        await person.press("right_curly_bracket", "space", "a")
        await person.gate("message")
        kept = person.controller.presenter.pane.seen
        assert seen - 2 <= kept
        await person.press("r")
        await person.gate("diff")
        await person.settle()
        seen = person.controller.presenter.pane.seen
        await person.press("g", "right_square_bracket")
        await edited(person, "five", "fünf")
        assert person.controller.presenter.pane.seen >= seen - 1


async def test_back_from_what_has_changed_is_where_one_was(repo: Path) -> None:
    many(repo)
    async with drive(launch(repo), size=(100, 30)) as person:
        await person.gate("diff")
        view = person.controller.presenter.pane.view
        await person.press("right_square_bracket", "e")
        await person.settle()
        area = person.app.screen.query_one("#text", TextArea)
        area.text = area.text.replace("five", "5").replace("thirty", "30").replace("line 6", "six")
        await person.press("ctrl+s")
        await person.gate("diff")
        await person.press(*["right_curly_bracket"] * 7, *"jjjj")
        before = view.spot
        await person.press("D")
        await person.settle()
        assert len(view.stream.files) == 1  # the person's own edit alone
        await person.press("D")
        await person.settle()
        assert view.spot == before
        await person.press("D")
        await person.settle()
        await person.press(*"jjjj")
        there = view.spot.place
        await person.press("D")
        await person.settle()
        here = view.spot.place
        assert there is not None
        assert here is not None
        assert (here.path, here.new_line) == (there.path, there.new_line)


async def test_no_character_is_taken_for_a_line_end_that_is_none(repo: Path) -> None:
    """The dialog would write them as line ends; a hunk without them is edited, and they stay."""
    odd = ["a\x0cb", "c\u2028d", "e\x85f", "g\rh", "i\x0bj", "k\x1dl"]
    for character in odd:
        (repo / "a.txt").write_bytes((LINES + character + "\n").encode())
        git(repo, "commit", "-qam", "odd")
        text = LINES.replace("line 3\n", "three\n") + character + "\nlast\n"
        (repo / "a.txt").write_bytes(text.encode())
        async with drive(launch(repo), size=(120, 40)) as person:
            await person.gate("diff")
            await person.press("right_square_bracket", "right_square_bracket", "e")
            await person.settle()
            assert "only E would keep" in person.text
            await person.press("left_square_bracket")
            await edited(person, "three", "drei")
            tree = person.state.revision.tree if person.state.revision else ""
            assert blob(repo, f"{tree}:a.txt") == text.replace("three", "drei").encode()


async def test_what_is_not_staged_any_more_is_said_once_in_the_pane(repo: Path) -> None:
    (repo / "a.txt").write_text(LINES.replace("line 3\n", "staged\n"))
    git(repo, "add", "a.txt")
    (repo / "a.txt").write_text(LINES.replace("line 3\n", "on disk\n"))
    async with drive(launch(repo), size=(80, 24)) as person:
        for kind in ("diff", "message"):
            await person.gate(kind)
            await person.press("a")
        await person.finished()
        shown = " ".join(person.text.split())
        assert shown.count("is not staged any more") == 1
        assert re.search(r"COMMITTED +Committed [0-9a-f]{10} on main\. …$", person.text, re.M)


async def test_what_is_left_out_stays_left_out_over_an_edit(repo: Path) -> None:
    """Only the person has touched it; it is so after a resume, too, and is committed so."""
    async with drive(launch(repo)) as person:
        await person.gate("diff")
        await person.press("right_square_bracket", "space")
        await person.press("right_curly_bracket", "space")
        await person.settle()
        left_out = person.state.marked
        assert left_out.lines
        assert left_out.files == ("new.txt",)
        seen = person.controller.presenter.pane.seen
        await person.press("left_curly_bracket", "right_square_bracket", "right_square_bracket")
        await person.press("e")
        await person.settle()
        area = person.app.screen.query_one("#text", TextArea)
        area.text = area.text.replace("thirty", "thirty!")
        await person.press("ctrl+s")
        await person.gate("diff")
        assert person.state.marked == left_out
        assert person.live.presenter.draft.selection == left_out
        assert person.controller.presenter.pane.seen >= seen - 1  # all but the edited one
        assert "back again" not in person.text
        session = person.state.session
    assert session is not None
    async with drive(launch(repo, "resume", session.session)) as person:
        await person.gate("diff")
        assert person.live.presenter.draft.selection == left_out
        await person.press("a")
        await message(person, "Thirty")
        await person.press("a")
        await person.finished()
    assert git(repo, "show", "--format=", "--name-only", "HEAD") == "a.txt"
    changed = git(repo, "show", "--format=", "-U0", "HEAD").split("\n")[5:]
    assert changed == ["-line 30", "+thirty!"]


async def test_what_has_no_lines_is_counted_and_a_file_that_stays_is_not_removed(
    repo: Path,
) -> None:
    (repo / "blob").write_bytes(b"\0\1")
    git(repo, "add", "blob")
    git(repo, "mv", "a.txt", "b.txt")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "all")
    async with drive(launch(repo, what="HEAD")) as person:
        await person.gate("diff")
        await person.press("m")
        await person.settle()
        assert "on a branch of its own" in person.text
        assert "a commit  " in person.text
        await to_row(person, "moved from a.txt")
        await person.press("space")
        await person.settle()
        assert "✗ moved from a.txt  left out" in person.text
        assert "✗ a.txt is removed  left out" in person.text
        assert "a commit without 1 part" in person.text
        await to_row(person, "A blob")
        await person.press("space")
        await person.settle()
        assert "a commit without 2 parts" in person.text
        await to_row(person, "+ thirty")
        await person.press("space")
        await person.settle()
        assert "a commit without 2 lines and 2 other parts" in person.text
        await person.press("a")
        await person.gate("message")
        assert "Commit with this message, on a branch of its own?" in person.text


@pytest.mark.parametrize(
    ("hooks", "says", "toast"),
    [
        (
            "refuse",
            '(pre-commit) may not run. Set commit.hooks = "run" and resume, or remove them.',
            'set commit.hooks = "run" and resume',
        ),
        (
            "run",
            "The pre-commit hook failed. F1 in the third pane has",
            "hook failed.\nno, not\\x9b",
        ),
    ],
)
async def test_why_a_hook_leads_back_is_at_the_gate(
    repo: Path, hooks: str, says: str, toast: str
) -> None:
    hook = repo / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\nprintf 'no, not\\302\\233'; exit 1\n")
    hook.chmod(0o755)
    begun = replace(launch(repo), settings={"commit": {"hooks": hooks}})
    async with drive(begun, size=(120, 40)) as person:
        await person.gate("diff")
        assert "Not committed" not in person.text
        await person.press("a")
        await person.gate("message")
        await person.press("a")
        await person.gate("diff")
        await person.settle()
        (said,) = person.app._notifications
        assert said.message.startswith("Not committed:\n")
        assert toast in said.message
        person.app.clear_notifications()
        await person.settle()
        [line] = [line for line in person.text.splitlines() if " DIFF  Not committed: " in line]
        assert says in line
        await person.press("a")  # what is approved again is another attempt to commit
        await person.gate("message")
        assert "DIFF  Not committed" not in person.text


def test_why_a_hook_leads_back_is_at_the_verdict_of_a_session() -> None:
    refused = CommitRefused(cause="hook", detail="The pre-commit hook failed.\nno")
    gate = Gate(id="g", kind="verdict", question="?")
    words = gate_question(State(gate=gate, refused=refused), Patch(), 0).plain
    assert words.startswith(" VERDICT  Not committed: The pre-commit hook failed.")
    assert "Nothing is left that blocks." in words
