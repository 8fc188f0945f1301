"""What a person has changed in an attempt, of which they can take back the last again and again."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent_tui.domain.state import Revision


@dataclass(frozen=True, slots=True)
class OwnChanges:
    """The revisions in order, by what still stands of them.

    Attributes:
        earlier: The person's own, which later ones are built upon and which stay.
        standing: The revision that the person began to edit, and each edit of it that stands.
        undone: The edits that were taken back and can be made again, the next one last.
    """

    earlier: tuple[Revision, ...] = ()
    standing: tuple[Revision, ...] = ()
    undone: tuple[Revision, ...] = ()

    @property
    def told(self) -> tuple[Revision, ...]:
        """The person's own revisions that stand, with a change that can be told."""
        mine = (*self.earlier, *self.standing)
        return tuple(r for r in mine if r.author == "person" and r.change)

    @property
    def before(self) -> Revision | None:
        """The revision that taking back the last edit leads to."""
        return self.standing[-2] if len(self.standing) > 1 else None

    @property
    def after(self) -> Revision | None:
        """The revision that making the last undone edit again leads to."""
        return self.undone[-1] if self.undone else None


def is_own(revisions: Sequence[Revision]) -> bool:
    """Whether the revision in force has something of the person's: not where all is taken back."""
    standing = own_changes(revisions).standing
    return bool(standing) and standing[-1].author == "person"


def own_changes(revisions: Sequence[Revision]) -> OwnChanges:
    """What stands of a person's changes.

    An edit that leads to the tree before the last one takes that one back; a revision with the tree
    from which a selection was made takes back the selection.
    """
    now = OwnChanges()
    chosen_from: OwnChanges | None = None
    for revision in revisions:
        standing, undone = now.standing, now.undone
        last = standing[-1] if standing else None
        if chosen_from is not None and chosen_from.standing[-1].tree == revision.tree:
            now, chosen_from = chosen_from, None
            continue
        chosen_from = now if revision.left_out is not None and standing else None
        edits = revision.author == "person" and revision.left_out is None
        if not edits or last is None or last.attempt != revision.attempt:
            mine = tuple(r for r in standing if r.author == "person")
            now = OwnChanges((*now.earlier, *mine), (revision,))
        elif len(standing) > 1 and standing[-2].tree == revision.tree:
            now = OwnChanges(now.earlier, standing[:-1], (*undone, standing[-1]))
        elif undone and undone[-1].tree == revision.tree:
            now = OwnChanges(now.earlier, (*standing, undone[-1]), undone[:-1])
        else:
            now = OwnChanges(now.earlier, (*standing, revision))
    return now
