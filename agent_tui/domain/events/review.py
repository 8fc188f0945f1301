"""What the person writes on a change: comments, and drafts of them."""

from typing import Literal

from agent_tui.domain.base import Value
from agent_tui.domain.comments import Comment, CommentDraft, CommentKind


class CommentAdded(Value):
    """A new comment."""

    type: Literal["comment.added"] = "comment.added"
    comment: Comment


class CommentChanged(Value):
    """The person gave a comment another kind or text; what was answered before stays with it."""

    type: Literal["comment.changed"] = "comment.changed"
    comment: str
    kind: CommentKind
    text: str


class CommentRemoved(Value):
    """The person took a comment back."""

    type: Literal["comment.removed"] = "comment.removed"
    comment: str


class CommentResolved(Value):
    """The person closed a comment, or opened it again."""

    type: Literal["comment.resolved"] = "comment.resolved"
    comment: str
    resolved: bool = True


class CommentDraftSaved(Value):
    """A text that was left unfinished; an empty one ends the draft of that place."""

    type: Literal["comment.draft.saved"] = "comment.draft.saved"
    draft: CommentDraft
