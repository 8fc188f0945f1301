"""Comments of the person: written at the cursor, listed, gone to."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from agent_tui.domain.comments import CommentDraft, CommentEntry, CommentKind, CommentPlace
from agent_tui.domain.decision import (
    AddComment,
    ChangeComment,
    Remark,
    RemoveComment,
    ResolveComment,
    SaveComment,
)
from agent_tui.domain.patch import Patch
from agent_tui.domain.places import digest_of, digest_of_lines, excerpt, locate, quote_of
from agent_tui.domain.text import one_line, visible_lines
from agent_tui.ui.diff import DiffView
from agent_tui.ui.render.comments import DRAFT
from agent_tui.ui.screens.comment import CommentDialog, Written

if TYPE_CHECKING:
    from agent_tui.ui.live_controller import LiveController

_KINDS: dict[str, CommentKind] = {"change": "change", "question": "question", "note": "note"}


class Commenting:
    """The dialog, the list, and where they begin.

    Args:
        controller: Of the session's screen.
        remark: Records what was written.
    """

    def __init__(self, controller: "LiveController", remark: Callable[[Remark], None]) -> None:
        self._controller = controller
        self._remark = remark

    def is_comment(self, note: str) -> bool:
        """Whether a note is a comment or the draft of one, and no finding."""
        entries = self._controller.state.comments
        return note.startswith(DRAFT) or any(entry.comment.id == note for entry in entries)

    def comment(self, view: DiffView, shown: Patch) -> None:
        """Write a comment on what the range or the cursor is on, or change the one there.

        Args:
            shown: The patch that is shown.
        """
        place = view.place
        note = place.note if place is not None else None
        state = self._controller.state
        if note is not None and note.startswith(DRAFT):
            number = int(note.removeprefix(DRAFT))
            if number < len(state.comment_drafts):
                self._write(state.comment_drafts[number])
            return
        entry = next((x for x in state.comments if x.comment.id == note), None)
        if entry is not None:
            self._change(entry)
            return
        where = place_in(view)
        view.end_range()
        quote, digest = excerpt(shown, where), digest_of(shown, where)
        if where.base is not None:  # the patch does not have these lines
            lines = view.lines_around(where.path or "", where.line or 0, where.end_line or 0)
            quote, digest = quote_of(lines), digest_of_lines(lines)
        fresh = CommentDraft(place=where, quote=quote, digest=digest)
        kept = [d for d in state.comment_drafts if d.comment is None and locate(shown, d) == where]
        self._write(kept[0] if kept else fresh)

    def on_attempt(self) -> None:
        """Write a comment on the whole change."""
        fresh = CommentDraft()
        drafts = self._controller.state.comment_drafts
        self._write(next((d for d in drafts if d.key == fresh.key), fresh))

    def _write(self, draft: CommentDraft) -> None:
        found: CommentPlace | None = draft.place
        if draft in self._controller.state.comment_drafts:
            found = locate(self._controller.presenter.patch, draft)
        place = found or draft.place

        def keep(written: Written) -> None:
            if place != draft.place and draft in self._controller.state.comment_drafts:
                # Its lines have moved since; it is kept at one place only.
                self._remark(SaveComment(draft=draft.model_copy(update={"text": ""})))
            new = draft.model_copy(
                update={"kind": _KINDS[written.kind], "text": written.text, "place": place}
            )
            self._remark(
                AddComment(draft=new) if written.what == "save" else SaveComment(draft=new)
            )

        def done(written: Written | None) -> None:
            if written is None:
                return
            keep(written)
            if written.what != "save":
                kept = written.text.strip()
                self._controller.tell("kept as a draft" if kept else "draft dropped")

        gone = " (these lines have changed)" if found is None else ""
        dialog = CommentDialog(
            f"Comment on {one_line(place.words)}{gone}",
            visible_lines(draft.quote),
            kind=draft.kind,
            text=draft.text,
            keep=keep,
        )
        self._controller.screen.app.push_screen(dialog, done)

    def _change(self, entry: CommentEntry) -> None:
        comment = entry.comment
        state = self._controller.state
        kept = next((d for d in state.comment_drafts if d.comment == comment.id), None)
        place = locate(self._controller.presenter.patch, comment)

        def keep(written: Written) -> None:
            kind = _KINDS[written.kind]
            same = (kind, written.text) == (comment.kind, comment.text)
            draft = CommentDraft(
                kind=kind,
                text="" if same else written.text,
                place=comment.place,
                quote=comment.quote,
                digest=comment.digest,
                comment=comment.id,
            )
            self._remark(SaveComment(draft=draft))

        def done(written: Written | None) -> None:
            if written is None:
                return
            kind = _KINDS[written.kind]
            if written.what == "remove":
                self._remark(RemoveComment(comment=comment.id))
            elif written.what == "resolve":
                self._remark(ResolveComment(comment=comment.id, resolved=not entry.resolved))
            elif written.what == "keep":
                keep(written)
                self._controller.tell("kept as a draft")
            elif (kind, written.text) != (comment.kind, comment.text):
                self._remark(ChangeComment(comment=comment.id, kind=kind, text=written.text))

        gone = " (these lines have changed)" if place is None else ""
        dialog = CommentDialog(
            f"{comment.id} on {one_line((place or comment.place).words)}{gone}",
            visible_lines(comment.quote),
            kind=kept.kind if kept else comment.kind,
            text=kept.text if kept else comment.text,
            replies=tuple(f"{r.author}: {visible_lines(r.text)}" for r in entry.replies),
            exists=True,
            resolved=entry.resolved,
            keep=keep,
        )
        self._controller.screen.app.push_screen(dialog, done)


def place_in(view: DiffView) -> CommentPlace:
    """The lines of the range or under the cursor, the file of a head, else the attempt.

    A range with lines of the new file is about those; one of removed lines alone, or with the
    pointer on the old side, is about these. One over several hunks is about its first lines that
    stand together: what is quoted has to be what the numbers say.
    """
    places = view.chosen_places()
    path = next((place.path for place in places if place.path), None)
    if path is None:
        return CommentPlace()
    mine = [place for place in places if place.path == path]
    # A finding alone is about its line; in a range, its line is there as well.
    kinds = ("note",) if all(place.kind == "note" for place in mine) else ("line",)
    lines = [place for place in mine if place.kind in kinds]
    lines = [place for place in lines if place.number == lines[0].number]
    new = [p.new_line for p in lines if p.new_line is not None]
    old = [p.old_line for p in lines if p.old_line is not None]
    if old and view.on_old_side and any(view.changes(place) for place in lines):
        new = []
    if new:
        return CommentPlace(path=path, line=min(new), end_line=max(new))
    if old:
        return CommentPlace(path=path, side="old", line=min(old), end_line=max(old))
    around = [(p.new_line or 0, p.old_line) for p in mine if p.kind == "context"]
    if around:
        first, base = around[0]
        count = next((n for n, (line, _) in enumerate(around) if line != first + n), len(around))
        return CommentPlace(path=path, line=first, end_line=first + count - 1, base=base)
    hunk = next((place.hunk for place in mine if place.kind == "hunk" and place.hunk), None)
    if hunk is not None:
        last = hunk.new_start + max(hunk.new_count, 1) - 1
        if hunk.new_count:
            return CommentPlace(path=path, line=hunk.new_start, end_line=last)
        last = hunk.old_start + max(hunk.old_count, 1) - 1
        return CommentPlace(path=path, side="old", line=hunk.old_start, end_line=last)
    return CommentPlace(path=path)
