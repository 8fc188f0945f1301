"""The person's comments: taken into the log, and put into words for the models."""

from collections.abc import Iterable, Sequence

from agent_tui.domain.base import Actor
from agent_tui.domain.comments import Comment, CommentEntry, CommentPlace
from agent_tui.domain.decision import (
    AddComment,
    ChangeComment,
    Remark,
    RemoveComment,
    ResolveComment,
    SaveComment,
    Selection,
)
from agent_tui.domain.events import (
    CommentAdded,
    CommentChanged,
    CommentDraftSaved,
    CommentRemoved,
    CommentResolved,
)
from agent_tui.domain.patch import FilePatch, Hunk, Patch
from agent_tui.domain.places import locate
from agent_tui.engine.context import Context

_KINDS = {"change": "asks for a change", "question": "asks a question", "note": "notes"}


async def take(ctx: Context, remark: Remark, actor: Actor = "person") -> None:
    """Record what the person wrote. An id that is not known any more is passed over."""
    known = {entry.comment.id for entry in ctx.state.comments}
    match remark:
        case AddComment(draft=draft):
            revision = ctx.state.revision
            comment = Comment(
                id=f"C{ctx.state.comments_made + 1}",
                kind=draft.kind,
                text=draft.text.strip(),
                place=draft.place,
                quote=draft.quote,
                digest=draft.digest,
                attempt=revision.attempt if revision else 0,
                revision=revision.revision if revision else 0,
            )
            await ctx.recorder.append(CommentAdded(comment=comment), actor)
        case ChangeComment(comment=name, kind=kind, text=text) if name in known:
            changed = CommentChanged(comment=name, kind=kind, text=text.strip())
            await ctx.recorder.append(changed, actor)
        case RemoveComment(comment=name) if name in known:
            await ctx.recorder.append(CommentRemoved(comment=name), actor)
        case ResolveComment(comment=name, resolved=resolved) if name in known:
            event = CommentResolved(comment=name, resolved=resolved)
            await ctx.recorder.append(event, actor)
        case SaveComment(draft=draft):
            await ctx.recorder.append(CommentDraftSaved(draft=draft), actor)


def comments_text(entries: Iterable[CommentEntry], patch: Patch | None = None) -> str:
    """Comments as a model is told of them; "" when there are none.

    Args:
        patch: The patch in force, by which lines that moved are found again; None leaves them
            where they were.
    """
    parts = [_comment_text(entry, patch) for entry in entries if entry.comment.kind != "note"]
    if not parts:
        return ""
    head = (
        "# The person's comments on the change\n\nDo what the comments ask for, and answer each by "
        "its id in the `answers` of your report; a question needs its answer there."
    )
    return "\n\n".join([head, *parts])


def _comment_text(entry: CommentEntry, patch: Patch | None) -> str:
    comment = entry.comment
    place: CommentPlace | None = comment.place
    if patch is not None:
        place = locate(patch, comment)
    where = (place or comment.place).words
    if place is None:
        where += f" of attempt {comment.attempt} (the diff does not show these lines any more)"
    lines = [f"{comment.id} {_KINDS[comment.kind]}, {where}:"]
    lines += [f"> {text}" for text in comment.quote.split("\n")] if comment.quote else []
    lines.append(comment.text)
    lines += [f"{reply.author} answered: {reply.text}" for reply in entry.replies]
    return "\n".join(lines)


def review_comments_text(entries: Sequence[CommentEntry], patch: Patch | None = None) -> str:
    """The same for the reviewer, who sees what was asked for, and may answer questions."""
    parts = [_comment_text(entry, patch) for entry in entries if entry.comment.kind != "note"]
    if not parts:
        return ""
    head = (
        "# The person's comments on the change\n\nThey are for the coder; check what became of "
        "them. Answer the questions among them in `answers`, by id, where the code tells."
    )
    return "\n\n".join([head, *parts])


def comments_on_left_out(
    entries: Iterable[CommentEntry], patch: Patch, selection: Selection
) -> dict[str, list[str]]:
    """Why parts were left out: the texts of comments on them, by hunk's id or file's path."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        place = locate(patch, entry.comment)
        if entry.comment.kind == "note" or place is None or place.path is None:
            continue
        file = next(f for f in patch.files if f.path == place.path)
        text = f"{entry.comment.id}: {entry.comment.text}"
        if file.path in selection.files:
            found.setdefault(file.path, []).append(text)
            continue
        for hunk in file.hunks:
            if _touches(place, file, hunk, set(selection.lines.get(hunk.id, ()))):
                found.setdefault(hunk.id, []).append(text)
    return found


def _touches(place: CommentPlace, file: FilePatch, hunk: Hunk, out: set[int]) -> bool:
    if not out or place.line is None:
        return bool(out) and len(file.hunks) == 1
    last = place.end_line or place.line
    return any(
        index in out and number is not None and place.line <= number <= last
        for index, (old, new, _) in enumerate(hunk.numbered())
        for number in (old if place.side == "old" else new,)
    )
