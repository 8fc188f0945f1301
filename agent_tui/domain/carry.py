"""What a person's look at one revision still says about the next: nothing is asked twice.

Both patches start from the same tree, so a hunk is the same when its path, its changed lines and
their place in the old file are the same. What was left out is never left out again by itself: it
went to the coder as left out, and when it comes back that is shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from agent_tui.domain.base import BlobRef
from agent_tui.domain.decision import Selection
from agent_tui.domain.own_changes import own_changes
from agent_tui.domain.patch import FilePatch, Hunk, Patch
from agent_tui.domain.state import Decided, Revision, State

_LOOKS = ("approve", "reject", "edit")


@dataclass(frozen=True, slots=True)
class Look:
    """What a person saw and decided at an earlier gate.

    Attributes:
        revision: What they looked at; the ids below are of its patch.
        seen: Ids of the hunks that were on the screen.
        accepted: Ids of hunks that were accepted before and are not asked for again.
        kept: The patch of which all was accepted, when they approved; else None.
        left_out: What they left out.
        edited: Whether they edited it: what they left out and is the same is still left out.
        current: Whether it was at the very revision that is in force: then all of it is shown anew.
    """

    revision: Revision
    seen: frozenset[str] = frozenset()
    accepted: frozenset[str] = frozenset()
    kept: BlobRef | None = None
    left_out: Selection = field(default_factory=Selection)
    edited: bool = False
    current: bool = False


@dataclass(frozen=True, slots=True)
class Carried:
    """What is known of a new patch.

    Attributes:
        seen: Ids of hunks that were seen and are the same.
        accepted: Ids of hunks that were accepted and are the same.
        back: Ids of hunks that hold again what was left out.
        files_back: Paths of files that were left out whole and are changed in the same way.
    """

    seen: frozenset[str] = frozenset()
    accepted: frozenset[str] = frozenset()
    back: frozenset[str] = frozenset()
    files_back: frozenset[str] = frozenset()


def last_look(state: State) -> Look | None:
    """The last look of a person at a revision, or None if there was none."""
    current = state.revision
    for decided in reversed(state.decisions):
        event = decided.event
        if decided.actor != "person" or event.kind != "diff" or event.choice not in _LOOKS:
            continue
        if (found := _look(state, decided)) is None:
            continue
        same = current is not None and decided.revision == (current.attempt, current.revision)
        if same:
            return replace(found, current=True)
        if current is not None and found.kept and found.revision.tree == current.tree:
            # Back to the very tree that a part was chosen of: nothing has come back by itself.
            return replace(found, current=True, edited=True)
        return found
    return None


def _look(state: State, decided: Decided) -> Look | None:
    places = [(r.attempt, r.revision) for r in state.revisions]
    if decided.revision not in places:
        return None
    at = places.index(decided.revision)
    after, event = state.revisions[at], decided.event
    seen = frozenset(event.seen.ids) if event.seen else frozenset()
    accepted = frozenset(event.seen.carried) if event.seen else frozenset()
    if event.choice == "reject":
        out = event.selection or Selection()
        gone = {hunk for hunk, lines in out.lines.items() if lines}
        return Look(after, seen, accepted - gone, left_out=out)
    # An edit or a selection made a revision of its own from the one that was looked at.
    made = event.choice == "edit" or after.left_out is not None
    looked = state.revisions[at - 1] if made and at else after
    if event.choice == "edit":
        out = event.selection or Selection()
        return Look(looked, seen, accepted, left_out=out, edited=True)
    left_out = after.left_out or Selection()
    return Look(looked, seen, kept=after.patch, left_out=left_out)


def carry(new: Patch, look: Look, looked: Patch, kept: Patch | None = None) -> Carried:
    """What a look still says about a new patch.

    Args:
        look: The look.
        looked: The patch of ``look.revision``.
        kept: The patch that ``look.kept`` names.
    """
    places = {_place(file, hunk): hunk.id for file, hunk in looked.hunks}
    accepted = {_place(file, hunk) for file, hunk in kept.hunks} if kept else set()
    accepted |= {place for place, name in places.items() if name in look.accepted}
    seen_places = {place for place, name in places.items() if name in look.seen}
    # What they made themselves by leaving lines out of a hunk, they know.
    seen_places |= accepted - places.keys() if look.left_out else set()
    pieces = list(_left_out(looked, look.left_out))
    old_files = {file.path: file for file in looked.files}
    # In their own edit, only what they wrote into a hunk can have brought something back.
    still_out = set(look.left_out.lines) if look.edited else set()
    files_back = frozenset(
        file.path
        for file in new.files
        if not look.edited
        and file.path in look.left_out.files
        and (old := old_files.get(file.path)) is not None
        and _same_file(old, file)
    )
    seen, same, back = set(), set(), set()
    for file, hunk in new.hunks:
        place = _place(file, hunk)
        is_back = any(path == file.path and _holds(hunk, lines) for path, lines in pieces)
        if file.path in files_back or (is_back and places.get(place) not in still_out):
            back.add(hunk.id)
            continue
        if place in seen_places:
            seen.add(hunk.id)
        if place in accepted and not look.current:
            same.add(hunk.id)
    return Carried(frozenset(seen), frozenset(same), frozenset(back), files_back)


def still_left_out(selection: Selection, before: Patch, after: Patch) -> Selection:
    """What of a selection is the same in a patch in which the person has edited something.

    It is left out of this one, too: nobody but the person has touched the change since.
    """
    old_files = {file.path: file for file in before.files}
    pairs = [(old, new) for new in after.files if (old := old_files.get(new.path)) is not None]
    whole = {new.path for old, new in pairs if _same_file(old, new)}
    modes = {new.path for old, new in pairs
             if (old.old_mode, old.new_mode) == (new.old_mode, new.new_mode)}  # fmt: skip
    moves = {new.path for old, new in pairs
             if (old.status, old.old_path) == (new.status, new.old_path)}  # fmt: skip
    places = {_place(file, hunk): hunk for file, hunk in before.hunks if hunk.id in selection.lines}
    lines = {}
    for file, hunk in after.hunks if places else ():
        same_hunk = places.get(_place(file, hunk))
        if same_hunk is not None:
            out = set(selection.lines[same_hunk.id])
            same = zip(same_hunk.changed, hunk.changed, strict=True)
            lines[hunk.id] = tuple(index for was, index in same if was in out)
    return Selection(
        files=tuple(path for path in selection.files if path in whole),
        modes=tuple(path for path in selection.modes if path in modes),
        moves=tuple(path for path in selection.moves if path in moves),
        originals=tuple(path for path in selection.originals if path in moves),
        ends=tuple(path for path in selection.ends if path in whole),
        lines=lines,
    )


def left_out_before(state: State, target: int) -> Selection:
    """What was left out when the person made the edit that they take back.

    Args:
        target: The number of the revision that they go back to.
    """
    mine = own_changes(state.revisions)
    if mine.before is None or mine.before.revision != target:
        return Selection()
    edit = mine.standing[-1]
    place = edit.attempt, edit.revision
    found = (d.event for d in reversed(state.decisions) if d.revision == place)
    event = next((event for event in found if event.choice == "edit"), None)
    return (event.selection if event is not None else None) or Selection()


def with_lines_of(selection: Selection, known: Selection, before: Patch, after: Patch) -> Selection:
    """A selection, and what was known to be left out of the hunks that an edit has changed.

    Args:
        known: What was left out of the hunks of *after*.
        before: The patch with the edit; *after* the one without it.
    """
    lines = {
        hunk.id: known.lines[hunk.id]
        for _, hunk in after.hunks
        if hunk.id in known.lines and before.find(hunk.id) is None
    }
    return selection.model_copy(update={"lines": {**selection.lines, **lines}})


def _place(file: FilePatch, hunk: Hunk) -> tuple[str, str, int]:
    """Path, content and place of a hunk; the number that its id may end with is left away."""
    first = hunk.changed[0] if hunk.changed else 0
    before = sum(line.kind != "+" for line in hunk.lines[:first])
    start = hunk.old_start + (0 if hunk.old_count else 1)
    return file.path, hunk.id.partition(".")[0], start + before


def _left_out(patch: Patch, selection: Selection) -> Iterator[tuple[str, frozenset[bytes]]]:
    """The lines left out of each hunk, with their signs; those that say nothing are passed over."""
    for file, hunk in patch.hunks:
        indexes = selection.lines.get(hunk.id, ())
        lines = frozenset(
            hunk.lines[i].kind.encode() + hunk.lines[i].data
            for i in indexes
            if i < len(hunk.lines) and hunk.lines[i].data.strip()
        )
        if lines:
            yield file.path, lines


def _holds(hunk: Hunk, lines: frozenset[bytes]) -> bool:
    changed = {line.kind.encode() + line.data for line in hunk.lines if line.kind != " "}
    return lines <= changed


def _same_file(old: FilePatch, new: FilePatch) -> bool:
    known = (old.new_oid, new.new_oid)
    if None not in known:
        return old.new_oid == new.new_oid and old.new_mode == new.new_mode
    return [h.id for h in old.hunks] == [h.id for h in new.hunks] and old.status == new.status
