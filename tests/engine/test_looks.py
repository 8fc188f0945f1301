"""From revision to revision: what the log keeps of a look, and the difference since it."""

import pytest
from engine_helpers import Session, Starter, review, spec, write

from agent_tui.domain import events as e
from agent_tui.domain.carry import Carried, carry, last_look
from agent_tui.domain.decision import Approve, EditFiles, Reject, SaveSelection, Seen, Selection
from agent_tui.domain.patch import Patch, parse_patch

pytestmark = pytest.mark.anyio

OK = Approve()
BASE = "".join(f"line {n}\n" for n in range(1, 31))
ONE = {"a.txt": BASE.replace("line 3\n", "three\n").replace("line 20\n", "")}
TWO = {"a.txt": ONE["a.txt"].replace("line 28\n", "28\n")}
FAIL = review("fail", findings=[{"severity": "major", "title": "no", "path": "a.txt"}])


async def begin(starting: Starter) -> Session:
    coder = [*write(ONE), *write(TWO), *write(ONE)]
    session = await starting(planner=[spec()], coder=coder, reviewer=[FAIL, FAIL, review()])
    await session.until_waiting(("spec", OK))
    return session


def patch(session: Session, number: int = -1) -> Patch:
    blob = session.state.revisions[number].patch
    return parse_patch(session.sink.blobs[blob.digest])


def ids(session: Session, number: int = -1) -> list[str]:
    return [hunk.id for _, hunk in patch(session, number).hunks]


def carried(session: Session) -> Carried:
    look = last_look(session.state)
    assert look is not None
    known = session.sink.blobs
    kept = parse_patch(known[look.kept.digest]) if look.kept else None
    return carry(patch(session), look, parse_patch(known[look.revision.patch.digest]), kept)


async def test_accepted_hunks_are_carried_into_the_next_attempt(starting: Starter) -> None:
    session = await begin(starting)
    first = ids(session)
    seen = Seen(hunks=2, total=2, ids=tuple(first))
    await session.until_waiting(("diff", Approve(seen=seen)), ("verdict", OK))
    assert carried(session).accepted == carried(session).seen == set(first)
    assert set(ids(session)) - set(first) != set()
    [_, attempt] = session.events(e.AttemptProposed)
    assert attempt.since is not None
    assert (attempt.since.attempt, attempt.since.revision) == (1, 1)
    since = session.sink.blobs[attempt.since.patch.digest]
    assert since == await session.workspace.diff(attempt.since.tree, attempt.tree)
    assert b"\n-line 28\n+28\n" in since
    assert b"three" not in since


async def test_what_was_left_out_is_told_when_it_comes_back(starting: Starter) -> None:
    session = await begin(starting)
    keep, drop = (hunk for _, hunk in patch(session).hunks)
    seen = Seen(hunks=1, total=2, ids=(drop.id,))
    out = Selection(lines={drop.id: drop.changed})
    await session.until_waiting(("diff", Approve(selection=out, seen=seen)), ("verdict", OK))
    found = carried(session)
    assert found.accepted == {keep.id}
    assert found.back == {drop.id}
    assert found.seen == set()
    attempt = session.events(e.AttemptProposed)[-1]
    assert attempt.since is not None
    assert (attempt.since.attempt, attempt.since.revision) == (1, 2)


async def test_a_rejection_keeps_what_was_accepted_before_it(starting: Starter) -> None:
    session = await begin(starting)
    first = ids(session)
    await session.until_waiting(("diff", Approve(seen=Seen(hunks=0, total=2))), ("verdict", OK))
    second = ids(session)
    held = tuple(carried(session).accepted)
    assert set(held) == set(first)
    out = Selection(lines={first[1]: patch(session).find(first[1])[1].changed})  # type: ignore[index]
    seen = Seen(hunks=3, total=3, ids=tuple(second), carried=held)
    await session.until_waiting(("diff", Reject(reason="again", selection=out, seen=seen)))
    found = carried(session)
    assert found.accepted == {first[0]}
    assert found.back == {first[1]}
    assert session.events(e.GateDecided)[-1].selection == out


async def test_an_edit_is_shown_against_what_was_edited(starting: Starter) -> None:
    session = await begin(starting)
    first = ids(session)
    edit = EditFiles(files=dict(TWO), seen=Seen(hunks=2, total=2, ids=tuple(first)))
    await session.until_waiting(("diff", edit))
    [_, mine] = session.events(e.AttemptProposed)
    assert mine.author == "person"
    assert mine.since is not None
    assert (mine.since.attempt, mine.since.revision) == (1, 1)
    assert session.sink.blobs[mine.since.patch.digest].decode() == mine.change
    assert carried(session) == Carried(seen=frozenset(first))


async def test_seen_marks_are_kept_while_the_gate_waits(starting: Starter) -> None:
    session = await begin(starting)
    first = ids(session)
    await session.until_waiting(("diff", SaveSelection(selection=Selection(), seen=(first[0],))))
    assert session.state.seen == (first[0],)
    await session.until_waiting(("diff", SaveSelection(selection=Selection(files=("a.txt",)))))
    assert session.state.seen == (first[0],)
    await session.until_waiting(("diff", Reject(reason="no")))
    assert session.state.seen == ()
