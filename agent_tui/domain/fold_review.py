"""The fold's part about comments."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from agent_tui.domain import events as e
from agent_tui.domain.base import Actor
from agent_tui.domain.comments import CommentAnswer, CommentDraft, CommentEntry, Reply
from agent_tui.domain.state import State


def with_answers(s: State, answers: Iterable[CommentAnswer], author: Actor, attempt: int) -> State:
    """The answers of a report or a verdict, under the comments that they name."""
    told: dict[str, list[Reply]] = {}
    for answer in answers:
        if answer.text.strip():
            reply = Reply(author=author, text=answer.text, attempt=attempt)
            told.setdefault(answer.comment, []).append(reply)
    if not told:
        return s

    def answered(entry: CommentEntry) -> CommentEntry:
        replies = told.get(entry.comment.id)
        if not replies:
            return entry
        return entry.model_copy(update={"replies": (*entry.replies, *replies), "answered": True})

    return replace(s, comments=tuple(answered(entry) for entry in s.comments))


def _changed(s: State, comment_id: str, **changes: Any) -> State:
    comments = tuple(
        entry.model_copy(update=changes) if entry.comment.id == comment_id else entry
        for entry in s.comments
    )
    return replace(s, comments=comments)


def _without_draft(s: State, draft: CommentDraft) -> State:
    return replace(s, comment_drafts=tuple(d for d in s.comment_drafts if d.key != draft.key))


def _added(s: State, ev: e.CommentAdded, r: e.Record) -> State:
    s = _without_draft(s, CommentDraft(place=ev.comment.place))
    entries = (*s.comments, CommentEntry(comment=ev.comment))
    return replace(s, comments=entries, comments_made=s.comments_made + 1)


def _rewritten(s: State, ev: e.CommentChanged, r: e.Record) -> State:
    before = next((x.comment for x in s.comments if x.comment.id == ev.comment), None)
    if before is None:
        return s
    s = _without_draft(s, CommentDraft(place=before.place, comment=before.id))
    comment = before.model_copy(update={"kind": ev.kind, "text": ev.text})
    return _changed(s, before.id, comment=comment, answered=False, resolved=False)


def _removed(s: State, ev: e.CommentRemoved, r: e.Record) -> State:
    return replace(
        s,
        comments=tuple(x for x in s.comments if x.comment.id != ev.comment),
        comment_drafts=tuple(d for d in s.comment_drafts if d.comment != ev.comment),
    )


def _resolved(s: State, ev: e.CommentResolved, r: e.Record) -> State:
    return _changed(s, ev.comment, resolved=ev.resolved, answered=False)


def _draft_saved(s: State, ev: e.CommentDraftSaved, r: e.Record) -> State:
    s = _without_draft(s, ev.draft)
    return replace(s, comment_drafts=(*s.comment_drafts, ev.draft)) if ev.draft.text.strip() else s


HANDLERS: Mapping[type, Callable[[State, Any, e.Record], State]] = {
    e.CommentAdded: _added,
    e.CommentChanged: _rewritten,
    e.CommentRemoved: _removed,
    e.CommentResolved: _resolved,
    e.CommentDraftSaved: _draft_saved,
}
