"""Comments and earlier looks, with keys as a person presses them."""

from dataclasses import replace
from pathlib import Path

import pytest

from agent_tui.domain.comments import CommentPlace
from agent_tui.domain.places import MAX_QUOTED, locate
from tests.ui.driver import Driver, demo, drive
from tests.ui.review_bench import git, launch, repo

pytestmark = pytest.mark.anyio

__all__ = ["repo"]


async def to_line(person: Driver, text: str) -> None:
    """Put the cursor on a line of the diff, by the search that a person would use."""
    await person.press("slash")
    await person.type(text)
    await person.press("enter")
    await person.settle()


async def comments(person: Driver, count: int) -> None:
    await person.until(lambda: len(person.state.comments) == count, f"{count} comments")
    await person.settle()


async def test_comments_on_lines_files_and_all_of_it(repo: Path) -> None:
    async with drive(launch(repo)) as person:
        await person.gate("diff")
        await person.press("m")  # narrow enough for one column
        await person.settle()
        await to_line(person, "three")
        await person.press("v", "j", "c")
        assert "Comment on a.txt:3-4" in person.text
        assert "│ three" in person.text
        assert "│ more" in person.text
        await person.press("ctrl+t")
        await person.type("why two lines?")
        await person.press("ctrl+s")
        await comments(person, 1)
        comment = person.state.comments[0].comment
        assert (comment.kind, comment.quote) == ("question", "three\nmore")
        assert comment.place == CommentPlace(path="a.txt", line=3, end_line=4)
        assert "C1 question  why two lines?" in person.text
        await to_line(person, "line 30")
        await person.press("c")
        assert "Comment on a.txt:30 (removed)" in person.text
        await person.type("keep it")
        await person.press("ctrl+s")
        await comments(person, 2)
        await person.press("left_curly_bracket", "c")
        await person.type("a file")
        await person.press("ctrl+s")
        await comments(person, 3)
        assert person.state.comments[2].comment.place == CommentPlace(path="a.txt")
        assert "3 comments open" in person.text


async def test_the_list_leads_to_a_comment_which_is_changed_resolved_and_removed(
    repo: Path,
) -> None:
    async with drive(launch(repo)) as person:
        await person.gate("diff")
        await person.press("C", "enter")
        assert "Comment on the attempt" in person.text
        await person.press("escape")
        for line in ("three", "thirty"):
            await to_line(person, line)
            await person.press("c")
            await person.type(f"about {line}")
            await person.press("ctrl+s")
        await comments(person, 2)
        await person.press("C")
        await person.settle()
        assert "Comments (2 open)" in person.text
        await person.press("j", "enter")
        await person.settle()
        await person.press("c")
        assert "C2 on a.txt:31" in person.text
        await person.type(", please")
        await person.press("ctrl+s")
        await person.until(
            lambda: person.state.comments[1].comment.text == "about thirty, please", "the change"
        )
        await person.settle()
        await person.press("left_parenthesis", "c")
        assert "C1 on a.txt:3" in person.text
        await person.press("ctrl+r")
        await person.until(lambda: person.state.comments[0].resolved, "the resolution")
        await person.settle()
        assert "C1 change, resolved" in person.text
        await person.press("right_parenthesis", "c", "ctrl+x")
        await comments(person, 1)
        assert [entry.comment.id for entry in person.state.comments] == ["C1"]


async def test_half_a_comment_survives_a_restart(repo: Path) -> None:
    async with drive(launch(repo)) as person:
        await person.gate("diff")
        await to_line(person, "three")
        await person.press("c")
        await person.type("I think that")
        await person.press("escape")
        await person.until(lambda: person.state.comment_drafts, "the draft")
        await person.settle()
        assert "your draft" in person.text
        seen = person.live.presenter.pane.seen_ids
        assert seen
        session = person.state.session
        assert session is not None
    async with drive(launch(repo, "resume", session.session)) as person:
        await person.gate("diff")
        assert seen <= person.live.presenter.pane.seen_ids
        assert set(person.state.seen) == seen
        assert f"seen {len(seen)}/3" in person.text
        await to_line(person, "three")
        await person.press("c")
        assert "I think that" in person.text
        await person.type(" it is right")
        await person.press("ctrl+s")
        await comments(person, 1)
        assert person.state.comments[0].comment.text == "I think that it is right"
        assert person.state.comment_drafts == ()


async def test_what_a_review_found_is_its_result(repo: Path) -> None:
    async with drive(launch(repo, format="json")) as person:
        await person.gate("diff")
        await to_line(person, "three")
        await person.press("c")
        await person.type("no")
        await person.press("ctrl+s")
        await comments(person, 1)
        await person.press("q")
        assert person.app.return_code == 7
        assert '"text": "no"' in person.app.result
    assert git(repo, "rev-list", "--count", "HEAD") == "1"


async def test_undo_and_redo_of_what_is_left_out(repo: Path) -> None:
    async with drive(launch(repo)) as person:
        await person.gate("diff")
        await to_line(person, "three")
        await person.press("space")
        await person.settle()
        left = person.live.presenter.draft.selection
        assert left
        await person.press("z")
        await person.settle()
        assert not person.live.presenter.draft.selection
        await person.press("Z")
        await person.settle()
        assert person.live.presenter.draft.selection == left
        assert person.state.marked == left
        await person.press("Z")
        assert "nothing was taken back" in person.text


async def test_the_next_attempt_asks_for_what_is_new(tmp_path: Path) -> None:
    async with drive(demo(tmp_path)) as person:
        await person.gate("spec")
        await person.press("a")
        await person.gate("diff")
        first = person.live.presenter.patch
        await person.press("D")
        assert "nothing earlier to compare" in person.text
        await person.press("a")
        await person.gate("verdict")
        await person.press("a")
        await person.gate("diff")
        presenter = person.live.presenter
        same = {hunk.id for _, hunk in first.hunks} & {hunk.id for _, hunk in presenter.patch.hunks}
        assert same
        assert presenter.carried.accepted == same
        assert "to look at. The others you accepted before" in person.text
        assert "accepted before, unchanged" in person.text
        await person.press("D")
        await person.settle()
        assert "since attempt 1" in person.text
        assert presenter.shown_patch is not presenter.patch
        await person.press("space")
        await person.settle()
        assert "this is the difference alone" in person.text
        await person.press("D")
        await person.settle()
        assert presenter.shown_patch is presenter.patch
        await person.press("a")
        await person.gate("verdict")
        seen = person.state.decisions[-1].event.seen
        assert seen is not None
        assert set(seen.carried) == same


async def test_a_comment_on_a_line_of_a_megabyte(repo: Path) -> None:
    long = "".join(f"f({n});" for n in range(120_000))
    (repo / "x.min.js").write_text(f"{long}\n")
    async with drive(launch(repo), size=(80, 24)) as person:
        await person.gate("diff")
        await to_line(person, "f(4711);")
        assert "f(4710);f(4711" in person.text
        await person.press("c")
        await person.settle()
        assert "│ f(0);f(1);" in person.text
        assert "Save (ctrl+s)" in person.text
        await person.type("why is this in the repository?")
        await person.press("ctrl+s")
        await comments(person, 1)
        comment = person.state.comments[0].comment
        assert comment.quote == long[:MAX_QUOTED]
        assert locate(person.live.presenter.patch, comment) == comment.place
        await person.press("right_parenthesis")
        await person.settle()
        assert "C1 change  why is this in the repository?" in person.text


async def test_half_a_comment_goes_with_its_lines(repo: Path) -> None:
    async with drive(launch(repo)) as person:
        await person.gate("diff")
        await person.press("m")
        await to_line(person, "thirty")
        await person.press("c")
        await person.type("half of")
        await person.press("escape")
        await person.until(lambda: person.state.comment_drafts, "the draft")
        await person.press("g", "right_square_bracket", "e")
        await person.type("on top\n")
        await person.press("ctrl+s")
        await person.gate("diff")
        assert "thirty" in person.text
        before = person.text.split("your draft")[0]
        assert "thirty" in before.splitlines()[-2]
        await to_line(person, "thirty")
        await person.press("c")
        assert "Comment on a.txt:32" in person.text
        await person.type(" it")
        await person.press("ctrl+s")
        await comments(person, 1)
        comment = person.state.comments[0].comment
        assert (comment.text, comment.place.line, comment.quote) == ("half of it", 32, "thirty")
        assert person.state.comment_drafts == ()
        await to_line(person, "more")
        await person.press("c")
        await person.type("lost")
        await person.press("escape")
        await person.until(lambda: person.state.comment_drafts, "the draft")
        await person.press(
            "g", "right_square_bracket", "e", *["down"] * 4, "ctrl+shift+k", "ctrl+s"
        )
        await person.gate("diff")
        assert "(outdated)" in person.text
        await person.press("C")
        assert "(outdated)" in person.text


FINDING = """
[[reviewer]]
[[reviewer.call]]
[reviewer.call.answer]
outcome = "fail"
summary = "One thing."
[[reviewer.call.answer.findings]]
severity = "major"
title = "A word for a number"
body = "Why?"
path = "a.txt"
quote = "thirty"
confidence = 0.9
"""


async def test_a_comment_on_a_finding_is_on_its_line(repo: Path, tmp_path: Path) -> None:
    script = tmp_path / "reviewer.toml"
    script.write_text(FINDING)
    async with drive(replace(launch(repo, models=True), script=script)) as person:
        await person.gate("diff")
        await person.press("2", "m", "right_parenthesis", "c")
        assert "Comment on a.txt:31" in person.text
        await person.type("I think so too")
        await person.press("ctrl+s")
        await comments(person, 1)
        comment = person.state.comments[0].comment
        assert (comment.place.line, comment.quote) == (31, "thirty")


async def test_a_comment_on_a_line_around_the_change_stands_there_with_its_text(repo: Path) -> None:
    async with drive(launch(repo), size=(120, 60)) as person:
        await person.gate("diff")
        await person.press("X", "colon")
        await person.type("16\n")
        await person.press("v", "j", "c")
        await person.settle()
        assert "Comment on a.txt:16-17" in person.text
        await person.type("look at these")
        await person.press("ctrl+s")
        await comments(person, 1)
        comment = person.state.comments[0].comment
        assert comment.quote == "line 15\nline 16"  # one line was added above
        assert comment.place == CommentPlace(path="a.txt", line=16, end_line=17, base=15)
        view = person.controller.presenter.pane.view
        row = view.note_row("C1")
        assert row is not None
        assert view.line(row - 1).text.rstrip().endswith("line 16")
        assert "outdated" not in person.text
        await person.press("X")  # the changes alone
        await person.settle()
        assert "a.txt:16 (on a line that is not shown)" in person.text
        assert "outdated" not in person.text
        await person.press("C")
        await person.settle()
        assert "outdated" not in person.text


async def test_a_range_over_two_hunks_is_about_lines_that_stand_together(repo: Path) -> None:
    async with drive(launch(repo), size=(120, 60)) as person:
        await person.gate("diff")
        await to_line(person, "three")
        await person.press("v")
        await to_line(person, "thirty")
        await person.press("c")
        await person.type("all this")
        await person.press("ctrl+s")
        await comments(person, 1)
        comment = person.state.comments[0].comment
        assert comment.place == CommentPlace(path="a.txt", line=3, end_line=7)
        assert comment.quote.split("\n") == ["three", "more", "line 4", "line 5", "line 6"]
        assert "outdated" not in person.text


async def test_a_click_on_the_old_side_is_about_the_old_line(repo: Path) -> None:
    async with drive(launch(repo), size=(160, 40)) as person:
        await person.gate("diff")
        view = person.controller.presenter.pane.view
        assert view.options.split
        await to_line(person, "thirty")
        row = view.cursor
        assert row is not None
        y = row - view.scroll_offset.y
        for x, words in ((10, "a.txt:30 (removed)"), (100, "a.txt:31"), (10, "a.txt:30 (removed)")):
            await person.pilot.click(view, offset=(x, y))
            await person.press("c")
            await person.settle()
            assert f"Comment on {words}" in person.text
            await person.press("escape")
            await person.settle()
        await person.press("j", "k", "c")  # by key, it is about the new one
        await person.settle()
        assert "Comment on a.txt:31" in person.text
        await person.press("escape")
        await person.pilot.click(view, offset=(10, y - 1))  # a line that is the same on both sides
        await person.press("c")
        await person.settle()
        assert "Comment on a.txt:30" in person.text
        assert "removed" not in person.text
