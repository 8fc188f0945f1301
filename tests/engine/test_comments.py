"""Comments: what each role is told of them, what comes back, and what a restart keeps."""

import pytest
from engine_helpers import Repo, Session, Starter, review, spec, write

from agent_tui.domain import events as e
from agent_tui.domain.comments import CommentDraft, CommentKind, CommentPlace
from agent_tui.domain.decision import (
    AddComment,
    Answer,
    Approve,
    ChangeComment,
    GateKind,
    Reject,
    RemoveComment,
    ResolveComment,
    SaveComment,
    Selection,
)
from agent_tui.domain.fold import apply
from agent_tui.domain.patch import Patch, parse_patch
from agent_tui.domain.places import excerpt, locate
from agent_tui.domain.state import State
from agent_tui.engine import comments

pytestmark = pytest.mark.anyio

OK = Approve()
LINES = [f"line {n}\n" for n in range(1, 31)]
ONE = {"a.txt": "".join(LINES).replace("line 3\n", "three\nmore\n").replace("line 20\n", "")}
TWO = {"a.txt": "top\n" + ONE["a.txt"].replace("more\n", "more, and tested\n")}


async def patch_of(session: Session) -> Patch:
    revision = session.state.revision
    assert revision is not None
    return parse_patch(await session.workspace.diff(revision.base_tree, revision.tree))


def comment(
    kind: CommentKind, text: str, line: int | None = 3, quote: str = "three", **place: object
) -> tuple[GateKind, Answer]:
    where = CommentPlace.model_validate({"path": "a.txt", "line": line, "end_line": line, **place})
    return "diff", AddComment(draft=CommentDraft(kind=kind, text=text, place=where, quote=quote))


async def begin(starting: Starter, *turns: dict[str, str], answers: object = ()) -> Session:
    coder = []
    for number, files in enumerate(turns):
        coder += write(files, answers=answers if number else [])
    return await starting(planner=[spec()], coder=coder, reviewer=[review()])


async def test_comments_go_to_the_coder_with_their_lines_and_notes_do_not(
    starting: Starter,
) -> None:
    session = await begin(starting, ONE, TWO)
    await session.until_waiting(
        ("spec", OK),
        comment("change", "Call it 3."),
        comment("question", "Why more?", 3, "three\nmore", end_line=4),
        comment("change", "Keep this line.", 20, "line 20", side="old"),
        comment("change", "The file needs a title.", None, ""),
        comment("note", "Ask Bob."),
        ("diff", AddComment(draft=CommentDraft(text="Smaller steps."))),
        ("diff", Reject(reason="")),
    )
    told = session.models["coder"].openings[1]
    assert "C1 asks for a change, a.txt:3:\n> three\nCall it 3." in told
    assert "C2 asks a question, a.txt:3-4:\n> three\n> more\nWhy more?" in told
    assert "C3 asks for a change, a.txt:20 (removed):\n> line 20\n" in told
    assert "C4 asks for a change, a.txt:\nThe file needs" in told
    assert "C6 asks for a change, the attempt:\nSmaller steps." in told
    assert "Ask Bob" not in told
    decided = session.events(e.GateDecided)[-1]
    assert decided.sends in told
    assert decided.comments == ("C1", "C2", "C3", "C4", "C6")
    assert told.count("Call it 3.") == 1


async def test_answers_stand_under_their_comments_and_what_is_answered_is_not_sent_again(
    starting: Starter,
) -> None:
    said = [{"comment": "C1", "text": "done"}, {"comment": "C9", "text": "nobody asked"}]
    session = await begin(starting, ONE, TWO, ONE, answers=said)
    await session.until_waiting(
        ("spec", OK),
        comment("change", "Call it 3."),
        comment("question", "Why more?", 4, "more"),
        ("diff", Reject(reason="again")),
        ("diff", ChangeComment(comment="C2", kind="question", text="Really, why?")),
        ("diff", Reject(reason="and again")),
    )
    third = session.models["coder"].openings[2]
    assert "Call it 3." not in third
    assert "Really, why?" in third
    first, second = session.state.comments
    assert [(r.author, r.text) for r in first.replies] == [("coder", "done"), ("coder", "done")]
    assert (first.status, second.status) == ("answered", "open")


async def test_a_changed_comment_is_open_again(starting: Starter) -> None:
    session = await begin(starting, ONE, TWO, answers=[{"comment": "C1", "text": "done"}])
    await session.until_waiting(
        ("spec", OK),
        comment("change", "Call it 3."),
        ("diff", Reject(reason="")),
        ("diff", ChangeComment(comment="C1", kind="change", text="I said 3.")),
    )
    [entry] = session.state.comments
    assert (entry.status, entry.comment.text, len(entry.replies)) == ("open", "I said 3.", 1)


async def test_the_reviewer_sees_comments_and_may_answer(starting: Starter) -> None:
    session = await starting(
        planner=[spec()],
        coder=write(ONE),
        reviewer=[review(answers=[{"comment": "C1", "text": "because of AC1"}])],
    )
    await session.until_waiting(("spec", OK), comment("question", "Why more?"), ("diff", OK))
    assert "> three\nWhy more?" in session.models["reviewer"].openings[0]
    [entry] = session.state.comments
    assert [(r.author, r.text) for r in entry.replies] == [("reviewer", "because of AC1")]


async def test_lines_are_found_again_where_they_moved_and_kept_when_they_are_gone(
    starting: Starter,
) -> None:
    session = await begin(starting, ONE, TWO)
    await session.until_waiting(
        ("spec", OK),
        comment("change", "here", 3, "three"),
        comment("change", "gone", 4, "more\nline 4", end_line=5),
        comment("change", "old side", 20, "line 20", side="old"),
        ("diff", Reject(reason="")),
    )
    patch = await patch_of(session)
    moved, gone, old = (locate(patch, entry.comment) for entry in session.state.comments)
    assert moved is not None
    assert (moved.line, moved.end_line) == (4, 4)
    assert gone is None
    assert old is not None
    assert (old.line, excerpt(patch, old)) == (20, "line 20")
    text = comments.comments_text(session.state.comments, patch)
    assert "of attempt 1 (the diff does not show these lines any more)" in text
    assert "> more\n> line 4" in text


async def test_a_drop_takes_its_comment_along(starting: Starter) -> None:
    session = await begin(starting, ONE, TWO)

    def without_more(state: State) -> Answer:
        return Approve(selection=Selection(lines={hunks[0].id: (index,)}))

    await session.until_waiting(("spec", OK))
    hunks = [hunk for _, hunk in (await patch_of(session)).hunks]
    index = next(i for i, line in enumerate(hunks[0].lines) if line.data == b"more")
    await session.until_waiting(
        comment("change", "Nobody asked for more.", 4, "more"), ("diff", without_more)
    )
    [_, mine] = session.events(e.AttemptProposed)
    assert mine.change == "a.txt, line 4:\n+more\nC1: Nobody asked for more."
    opening = session.models["reviewer"].openings[0]
    assert "# Left out by the person from attempt 1; keep it so" in opening
    assert "+more\nC1: Nobody asked for more." in opening


async def test_a_whole_file_that_was_dropped_takes_its_comments_along(starting: Starter) -> None:
    session = await begin(starting, {**ONE, "b.txt": "bad\n"}, TWO)
    out = Selection(files=("b.txt",))
    await session.until_waiting(
        ("spec", OK),
        comment("change", "Leave b alone.", None, "", path="b.txt"),
        ("diff", Reject(reason="no", selection=out)),
    )
    told = session.models["coder"].openings[1]
    assert "b.txt: the whole change (modified)\nC1: Leave b alone." in told


async def test_ids_are_never_given_twice(starting: Starter) -> None:
    session = await begin(starting, ONE)
    await session.until_waiting(
        ("spec", OK),
        comment("change", "one"),
        ("diff", RemoveComment(comment="C1")),
        ("diff", RemoveComment(comment="C1")),
        comment("note", "two"),
        ("diff", ResolveComment(comment="C2")),
    )
    [entry] = session.state.comments
    assert (entry.comment.id, entry.status) == ("C2", "resolved")
    assert len(session.events(e.CommentRemoved)) == 1


async def test_a_draft_survives_a_restart_until_it_becomes_a_comment(starting: Starter) -> None:
    session = await begin(starting, ONE)
    place = CommentPlace(path="a.txt", line=3, end_line=3)
    half = CommentDraft(kind="question", text="Why is", place=place, quote="three")
    await session.until_waiting(("spec", OK), ("diff", SaveComment(draft=half)))
    again = State()
    for record in session.sink.records:
        again = apply(again, e.Record.model_validate_json(record.model_dump_json()))
    assert again.comment_drafts == (half,)
    await session.until_waiting(comment("question", "Why is it so?"))
    assert session.state.comment_drafts == ()
    await session.until_waiting(
        ("diff", SaveComment(draft=half)),
        ("diff", SaveComment(draft=half.model_copy(update={"text": " "}))),
    )
    assert session.state.comment_drafts == ()


async def test_comments_can_be_written_while_a_role_works(starting: Starter, repo: Repo) -> None:
    session = await begin(starting, ONE)
    await session.until_waiting(("spec", OK))
    await comments.take(session.ctx, AddComment(draft=CommentDraft(text="Later.")))
    assert session.state.gate is not None
    await session.run(("diff", OK), ("verdict", OK), ("message", OK))
    assert "Later." in session.models["reviewer"].openings[0]
