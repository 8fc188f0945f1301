"""What stands of a person's changes, against a plain list with a pointer."""

from hypothesis import given
from hypothesis import strategies as st

from agent_tui.domain.base import BlobRef
from agent_tui.domain.decision import Selection
from agent_tui.domain.own_changes import own_changes
from agent_tui.domain.state import Revision


def revision(number: int, tree: str, author: str = "person", attempt: int = 1) -> Revision:
    return Revision(
        attempt=attempt,
        revision=number,
        tree=tree,
        base_tree="base",
        patch=BlobRef(digest="0" * 64, size=0),
        author=author,  # type: ignore[arg-type]
        change=f"to {tree}" if author == "person" else "",
    )


@given(st.lists(st.sampled_from(["edit", "undo", "redo"]), max_size=30))
def test_undo_and_redo_of_edits(acts: list[str]) -> None:
    trees, at = ["coder"], 0
    revisions = [revision(1, "coder", "coder")]
    for number, act in enumerate(acts, 2):
        mine = own_changes(revisions)
        if act == "edit":
            trees[at + 1 :] = [f"tree {number}"]
            at += 1
        elif act == "undo":
            assert (mine.before is None) == (at == 0)
            if at == 0:
                continue
            at -= 1
            assert mine.before is not None
            assert mine.before.tree == trees[at]
        else:
            assert (mine.after is None) == (at + 1 == len(trees))
            if at + 1 == len(trees):
                continue
            at += 1
            assert mine.after is not None
            assert mine.after.tree == trees[at]
        revisions.append(revision(number, trees[at]))
    assert [r.tree for r in own_changes(revisions).told] == trees[1 : at + 1]


def test_a_selection_that_was_taken_back_is_not_told() -> None:
    first, edited = revision(1, "a", "author"), revision(2, "b")
    chosen = Revision(**{**_fields(revision(3, "c")), "left_out": Selection(files=("x",))})
    again = revision(4, "b")
    assert [r.tree for r in own_changes([first, edited, chosen]).told] == ["b", "c"]
    back = own_changes([first, edited, chosen, again])
    assert [r.tree for r in back.told] == ["b"]
    assert back.before == first
    later = own_changes([first, edited, chosen, revision(1, "d", "coder", attempt=2)])
    assert [r.tree for r in later.told] == ["b", "c"]


def _fields(found: Revision) -> dict[str, object]:
    return {name: getattr(found, name) for name in found.__dataclass_fields__}
