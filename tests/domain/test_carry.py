"""What a look at one revision says about the next: the same hunks, and what came back."""

import pytest
from domain_git import Objects
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_tui.domain.base import BlobRef
from agent_tui.domain.carry import Carried, Look, carry, still_left_out
from agent_tui.domain.decision import Selection
from agent_tui.domain.patch import FilePatch, Hunk, Patch, parse_patch
from agent_tui.domain.state import Revision

OLD = b"".join(b"line %d\n" % n for n in range(1, 61))
BLOB = BlobRef(digest="5" * 64, size=1)
REVISION = Revision(1, 1, "3" * 40, "2" * 40, BLOB, "coder")


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    return Objects(tmp_path_factory.mktemp("carry") / "repo.git")


def diff(objects: Objects, new: bytes, **more: bytes) -> Patch:
    others = {name.encode(): ("100644", data) for name, data in more.items()}
    old = {b"a": ("100644", OLD), b"dup": ("100644", OLD)}
    return parse_patch(objects.diff(old, {b"a": ("100644", new), b"dup": old[b"dup"], **others}))


def ids(patch: Patch) -> list[str]:
    return [hunk.id for _, hunk in patch.hunks]


def approved(old: Patch, new: Patch, seen: set[str] | None = None) -> Carried:
    look = Look(REVISION, seen=frozenset(ids(old) if seen is None else seen), kept=BLOB)
    return carry(new, look, old, old)


def test_unchanged_hunks_stay_accepted_and_seen_and_others_are_asked_again(
    objects: Objects,
) -> None:
    old = diff(objects, OLD.replace(b"line 5\n", b"five\n").replace(b"line 40\n", b"forty\n"))
    new = diff(objects, OLD.replace(b"line 5\n", b"five\n").replace(b"line 40\n", b"FORTY\n"))
    carried = approved(old, new)
    same, changed = ids(new)
    assert carried.accepted == carried.seen == {same}
    assert changed not in carried.accepted


def test_what_was_accepted_unseen_stays_unseen(objects: Objects) -> None:
    old = diff(objects, OLD.replace(b"line 5\n", b"five\n"))
    carried = approved(old, old, seen=set())
    assert carried.accepted == set(ids(old))
    assert carried.seen == set()


def test_a_rejected_revision_keeps_its_seen_marks_and_accepts_nothing(objects: Objects) -> None:
    old = diff(objects, OLD.replace(b"line 5\n", b"five\n"))
    carried = carry(old, Look(REVISION, seen=frozenset(ids(old))), old)
    assert carried == Carried(seen=frozenset(ids(old)))


def test_an_equal_change_at_another_place_is_another_hunk(objects: Objects) -> None:
    both = OLD.replace(b"line 5\n", b"line 5\nsame\n").replace(b"line 40\n", b"line 40\nsame\n")
    old = diff(objects, both)
    new = diff(objects, OLD.replace(b"line 40\n", b"line 40\nsame\n"))
    first, second = ids(old)
    [left] = ids(new)
    assert left == first  # the id alone would take it for the one that is gone
    assert approved(old, new, seen={first}).seen == set()
    assert approved(old, new, seen={second}).seen == {left}


def test_what_was_left_out_and_comes_back_is_told(objects: Objects) -> None:
    old = diff(objects, OLD.replace(b"line 5\n", b"five\nextra\n"))
    [name] = ids(old)
    hunk = next(h for _, h in old.hunks)
    index = next(i for i, line in enumerate(hunk.lines) if line.data == b"extra")
    kept = diff(objects, OLD.replace(b"line 5\n", b"five\n"))
    look = Look(REVISION, frozenset({name}), kept=BLOB, left_out=Selection(lines={name: (index,)}))
    better = diff(objects, OLD.replace(b"line 5\n", b"five\n").replace(b"line 9\n", b"nine\n"))
    carried = carry(better, look, old, kept)
    assert carried.back == set()
    again = diff(objects, OLD.replace(b"line 5\n", b"five\nextra\n").replace(b"line 50\n", b""))
    carried = carry(again, look, old, kept)
    assert carried.back == {ids(again)[0]}
    assert not carried.back & (carried.accepted | carried.seen)
    assert carry(kept, look, old, kept).seen == set(ids(kept))  # their own part is known to them


def test_a_whole_file_that_comes_back_is_told_also_without_hunks(objects: Objects) -> None:
    binary = b"\0\1\2"
    old = diff(objects, OLD, bin=binary, text=b"one\n")
    look = Look(REVISION, kept=BLOB, left_out=Selection(files=("bin", "text")))
    carried = carry(old, look, old, Patch())
    assert carried.files_back == {"bin", "text"}
    assert carried.back == set(ids(old))
    other = diff(objects, OLD, bin=b"\0\1\3", text=b"two\n")
    assert carry(other, look, old, Patch()).files_back == set()


def test_at_a_later_gate_of_the_same_revision_all_is_shown_and_stays_seen(
    objects: Objects,
) -> None:
    patch = diff(objects, OLD.replace(b"line 5\n", b"five\n"))
    look = Look(REVISION, frozenset(ids(patch)), kept=BLOB, current=True)
    assert carry(patch, look, patch, patch) == Carried(seen=frozenset(ids(patch)))


EDITS = st.lists(
    st.tuples(st.integers(1, 60), st.sampled_from([b"", b"x\n", b"x\ny\n", b"\n"])),
    min_size=1,
    max_size=8,
)


def edited(edits: list[tuple[int, bytes]]) -> bytes:
    lines = OLD.splitlines(keepends=True)
    for number, text in edits:
        lines[number - 1] = text
    return b"".join(lines)


def changes(file: FilePatch, hunk: Hunk) -> tuple[str, list[tuple[object, ...]]]:
    """What a hunk does, told without its context: every line with its old place."""
    told = []
    old = hunk.old_start + (0 if hunk.old_count else 1)
    for line in hunk.lines:
        if line.kind != " ":
            told.append((line.kind, old, line.data))
        old += line.kind != "+"
    return file.path, told


@given(EDITS, EDITS)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_hunk_is_accepted_exactly_when_it_does_the_same(
    objects: Objects, one: list[tuple[int, bytes]], two: list[tuple[int, bytes]]
) -> None:
    old, new = diff(objects, edited(one)), diff(objects, edited([*one[:4], *two]))
    known = [changes(file, hunk) for file, hunk in old.hunks]
    expected = {hunk.id for file, hunk in new.hunks if changes(file, hunk) in known}
    assert approved(old, new).accepted == expected


def test_what_was_left_out_stays_so_over_an_edit_of_something_else(objects: Objects) -> None:
    text = OLD.replace(b"line 5\n", b"five\nextra\n").replace(b"line 40\n", b"forty\n")
    before = diff(objects, text, b=b"new\n", c=b"new\n")
    first, second = (h for f, h in before.hunks if f.path == "a")
    extra = next(i for i, line in enumerate(first.lines) if line.data == b"extra")
    out = Selection(files=("b", "c"), lines={first.id: (extra,), second.id: second.changed})
    edited = text.replace(b"forty\n", b"FORTY\n")
    after = diff(objects, edited, b=b"new\n", c=b"edited\n")
    same, _ = (h for f, h in after.hunks if f.path == "a")
    kept = still_left_out(out, before, after)
    assert kept == Selection(files=("b",), lines={same.id: (extra,)})
    carried = carry(
        after, Look(REVISION, frozenset(ids(before)), left_out=out, edited=True), before
    )
    assert same.id in carried.seen
    assert not carried.files_back
    assert same.id not in carried.back
