"""Comments as the diff shows them under their lines, and as a list."""

from collections.abc import Iterable, Sequence

from textual.content import Content

from agent_tui.domain.comments import CommentDraft, CommentEntry
from agent_tui.domain.patch import Patch
from agent_tui.domain.places import locate
from agent_tui.domain.text import one_line, visible, visible_lines
from agent_tui.ui.diff import Note
from agent_tui.ui.widgets.rows import Row

SIGNS = {"change": "●", "question": "?", "note": "·"}
DRAFT = "draft:"
"""What the id of a draft's note begins with."""


def comment_notes(
    entries: Iterable[CommentEntry],
    drafts: Sequence[CommentDraft],
    patch: Patch,
    *,
    part: bool = False,
) -> tuple[Note, ...]:
    """Comments and drafts as notes over a patch; those whose lines are gone say so.

    Args:
        part: Whether the patch is only a part of the change: then what it does not show is not
            gone, and is left away.
    """
    shown = [x for x in entries if not part or locate(patch, x.comment) is not None]
    notes = [_comment_note(entry, patch) for entry in shown]
    for number, draft in enumerate(drafts):
        if draft.comment is None and (not part or locate(patch, draft) is not None):
            notes.append(_draft_note(f"{DRAFT}{number}", draft, patch))
    return tuple(notes)


def _draft_note(key: str, draft: CommentDraft, patch: Patch) -> Note:
    found = locate(patch, draft)
    place = found or draft.place
    return Note(
        id=key,
        path=_known(place.path, patch),
        line=place.line if found is not None else None,
        end_line=place.end_line if found is not None else None,
        side=place.side,
        sign="✎",
        tone="muted",
        label="your draft",
        text=visible_lines(draft.text),
        outdated=found is None,
        excerpt=visible_lines(draft.quote) if found is None else "",
    )


def _known(path: str | None, patch: Patch) -> str | None:
    return path if any(file.path == path for file in patch.files) else None


def _comment_note(entry: CommentEntry, patch: Patch) -> Note:
    comment = entry.comment
    found = locate(patch, comment)
    place = found or comment.place
    label = f"{comment.id} {comment.kind}"
    if entry.status != "open":
        label += f", {entry.status}"
    path = _known(place.path, patch)
    if path is None and place.path is not None:
        label += f", {one_line(comment.place.words)}"
    elif found is None:
        label += f", on attempt {comment.attempt}"
    replies = [f"{reply.author}: {visible_lines(reply.text)}" for reply in entry.replies]
    return Note(
        id=comment.id,
        path=path,
        line=place.line if found is not None else None,
        end_line=place.end_line if found is not None else None,
        side=place.side,
        sign="✓" if entry.status == "resolved" else SIGNS[comment.kind],
        tone="muted" if entry.status == "resolved" or comment.kind == "note" else "person",
        label=label,
        text="\n".join([visible_lines(comment.text), *replies]),
        outdated=found is None,
        excerpt=visible_lines(comment.quote) if found is None else "",
    )


def comment_rows(
    entries: Sequence[CommentEntry], drafts: Sequence[CommentDraft], patch: Patch
) -> list[Row]:
    """The list of comments and drafts; keys are the ids of their notes."""
    rows: list[Row] = []
    for entry in entries:
        comment = entry.comment
        gone = locate(patch, comment) is None
        place = one_line((locate(patch, comment) or comment.place).words, 60)
        head = Content.assemble(
            (f"{SIGNS[comment.kind]} {comment.id:<4}", "bold $person"),
            (f"{comment.kind:<9}", ""),
            (f"{entry.status:<9}", "$ok" if entry.status != "open" else "$warn"),
            (place, "$muted"),
            (" (outdated)" if gone else "", "$warn"),
        )
        key = comment.id
        rows.append(Row(head, item=key, key=key))
        if gone and comment.quote:
            rows.append(
                Row(Content.styled(f"       │ {one_line(comment.quote)}", "$muted"), item=key)
            )
        rows.append(Row(Content(f"       {one_line(comment.text)}"), item=key))
        rows += [
            Row(
                Content.assemble((f"       {reply.author}: ", "$model"), one_line(reply.text)),
                item=key,
            )
            for reply in entry.replies
        ]
    for number, draft in enumerate(drafts):
        if draft.comment is None:
            key = f"{DRAFT}{number}"
            found = locate(patch, draft)
            words = Content.assemble(
                ("✎ draft ", "bold $muted"),
                (f"{draft.kind:<18}", "$muted"),
                (one_line((found or draft.place).words, 60), "$muted"),
                (" (outdated)" if found is None else "", "$warn"),
            )
            rows.append(Row(words, item=key, key=key))
            rows.append(Row(Content(f"       {visible(one_line(draft.text))}"), item=key))
    return rows
