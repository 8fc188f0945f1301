"""Between a session's state and the diff widget, which knows nothing of sessions."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import CancelledError

from agent_tui.domain.carry import Carried
from agent_tui.domain.links import Links, Node
from agent_tui.domain.own_changes import own_changes
from agent_tui.domain.patch import FilePatch, Patch
from agent_tui.domain.state import Revision
from agent_tui.domain.verdict import LedgerEntry
from agent_tui.ports import WorkspaceError
from agent_tui.ui.diff import DiffView, Note, Overlays, Paragraph, Place, Read, Spot
from agent_tui.ui.diff.model import Side
from agent_tui.ui.render import diff
from agent_tui.ui.render.given import given_of
from agent_tui.ui.selection import DraftSelection, FilePart, Part
from agent_tui.ui.sources import Source

READ_S = 30.0
"""A file that cannot be read within this time is not shown."""


def node_of(place: Place | None) -> Node | None:
    """What a place stands for in the other panes."""
    if place is None:
        return None
    if place.note is not None:
        return Node("finding", place.note)
    return Node("hunk", place.hunk.id) if place.hunk is not None else None


def reader(source: Source, old_tree: str, new_tree: str) -> Read:
    """Reads whole files of two trees, from a thread, through the loop that owns the repository."""
    loop = asyncio.get_running_loop()

    def read(file: FilePatch, side: Side) -> bytes | None:
        path = (file.old_path or file.path) if side == "old" else file.path
        tree = old_tree if side == "old" else new_tree
        waiting = asyncio.run_coroutine_threadsafe(source.file(tree, path), loop)
        try:
            return waiting.result(READ_S)
        except (WorkspaceError, CancelledError, TimeoutError):
            return None  # the widget says that the file is not at hand

    return read


_FILE_PARTS: dict[str, FilePart] = {
    "mode": "mode",
    "move": "move",
    "original": "original",
    "end": "end",
}
"""Details of a file's head that can be left out by themselves."""


class DiffPane:
    """Shows a revision in the diff widget, and finds things in it.

    Args:
        view: The widget.
    """

    def __init__(self, view: DiffView) -> None:
        self.view = view
        self._read_for: tuple[str, str] | None = None
        self._read: Read | None = None
        self._known: frozenset[str] = frozenset()
        self._shows_all = True  # or else another patch, whose hunks do not count
        self._stays = False
        self._left: tuple[Spot, object] | None = None

    @property
    def seen(self) -> int:
        """How many hunks were on the screen."""
        return len(self.view.scene.seen) if self._shows_all else len(self._known)

    @property
    def seen_ids(self) -> frozenset[str]:
        """Ids of the hunks that were on the screen, now or in an earlier look."""
        if not self._shows_all:
            return self._known
        hunks = self.view.stream.hunks
        return self._known | {hunks[number].id for number in self.view.scene.seen}

    def begin(self, known: Iterable[str], *, stays: bool) -> None:
        """Another revision is to be shown.

        Args:
            known: Ids of its hunks that were seen before.
            stays: Whether the person stays at the file and line where they are.
        """
        self._known = frozenset(known)
        self._stays = stays
        if self._left is not None and not stays:
            self._left = None
        self._shows_all = False

    def compare(
        self, source: Source, revision: Revision, patch: Patch, comments: tuple[Note, ...]
    ) -> None:
        """Show what is different between two revisions, to be read and commented on."""
        self._known = self.seen_ids
        spot = self.view.spot if self._shows_all else None
        self._shows_all = False
        given = given_of(source.state) is not None
        words = diff.since_words(revision, given=given)
        title = Paragraph(f"Since {words}", heading=True)
        before = revision.since.tree if revision.since else revision.base_tree
        read = reader(source, before, revision.tree)
        self.view.show(patch, Overlays(notes=comments, intro=(title,)), read)
        if spot is not None:
            self._left = spot, self.view.item

    def _spot(self) -> Spot | None:
        """Where to begin in another patch: where the person is, or was before they compared."""
        left, self._left = self._left, None
        if left is None:
            return self.view.spot if self._stays else None
        spot, began_at = left
        return spot if self.view.item == began_at else self.view.spot

    def _reader(self, revision: Revision, source: Source) -> Read | None:
        trees = revision.base_tree, revision.tree
        if self._read_for != trees:
            self._read_for, self._read = trees, reader(source, *trees)
        return self._read

    def show(
        self,
        source: Source,
        revision: Revision,
        patch: Patch,
        *,
        links: Links | None,
        ledger: Iterable[LedgerEntry],
        draft: DraftSelection,
        comments: tuple[Note, ...] = (),
        carried: Carried | None = None,
    ) -> None:
        """Show a revision's patch with what belongs to it."""
        self._shows_all = True
        over = diff.overlays(
            revision,
            patch,
            links=links,
            ledger=ledger,
            left_out=draft,
            comments=comments,
            carried=carried,
            seen=self._known,
            mine=[
                r for r in own_changes(source.state.revisions).told if r.attempt == revision.attempt
            ],
            told=given_of(source.state) is None,
        )
        at = self._spot() if patch is not self.view.stream.patch else None
        self.view.show(patch, over, self._reader(revision, source), at=at)

    def mark(self, nodes: frozenset[Node]) -> None:
        """Mark the hunks and findings among these."""
        hunks = frozenset(node.id for node in nodes if node.kind == "hunk")
        notes = frozenset(node.id for node in nodes if node.kind == "finding")
        self.view.mark(hunks, notes)

    def row_of(self, node: Node) -> int | None:
        """The row at which a hunk or a finding begins."""
        if node.kind == "finding":
            return self.view.note_row(node.id)
        if node.kind != "hunk":
            return None
        number = self.view.stream.number_of(node.id)
        return None if number is None else self.view.plan.find(("hunk", number, 0, 0))

    def go_to(self, node: Node) -> bool:
        """Put the cursor on it. False if it is not there."""
        if node.kind == "finding":
            return self.view.go_to_note(node.id)
        number = self.view.stream.number_of(node.id) if node.kind == "hunk" else None
        return number is not None and self.view.go_to_hunk(number)

    def reveal(self, nodes: Iterable[Node]) -> None:
        """Bring the first of these on the screen; the cursor stays."""
        for node in nodes:
            row = self.row_of(node)
            if row is not None:
                self.view.reveal(row)
                return

    def toggle(self, draft: DraftSelection) -> str:
        """Leave out or take in what is chosen: a range, a line's hunk, a file, a part of it.

        Returns:
            Why nothing is done, or "".
        """
        view, place = self.view, self.view.place
        if view.has_range:
            draft.toggle_lines(self._parts(), *self._besides_lines())
            view.end_range()
        elif place is None or place.file is None:
            return "put the cursor on a file, a hunk or a line"
        elif place.kind == "note":
            return "this is a comment or a finding: put the cursor on a line or a head"
        elif place.kind == "detail" and (kind := _FILE_PARTS.get(place.detail)):
            if kind == "original" and place.path in {*draft.moves, *draft.files}:
                return "the old name stays, for the move is left out"
            draft.toggle_part(place.file, kind)
        elif place.kind in ("file", "detail"):
            draft.toggle_file(place.path)
        elif place.hunk is not None:
            draft.toggle_hunk(place.file, place.hunk)
        return ""

    def _parts(self) -> Iterable[Part]:
        stream = self.view.stream
        for number, indexes in self.view.selected_lines().items():
            yield stream.files[stream.file_of[number]], stream.hunks[number], indexes

    def _besides_lines(self) -> tuple[list[tuple[FilePatch, FilePart]], list[str]]:
        """What a range holds besides lines: parts of files, and files that have no lines."""
        parts: list[tuple[FilePatch, FilePart]] = []
        bare: list[str] = []
        for place in self.view.chosen_heads():
            file, kind = place.file, _FILE_PARTS.get(place.detail)
            if file is None:
                continue
            if place.kind == "file" and not file.hunks:
                bare.append(file.path)
            elif kind is not None and file.path not in bare:
                parts.append((file, kind))
        return parts, bare
