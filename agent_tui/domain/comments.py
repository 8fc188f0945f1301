"""Comments of the person on a change."""

from typing import Literal

from agent_tui.domain.base import Actor, Value

CommentKind = Literal["change", "question", "note"]
"""``change`` asks for one, ``question`` for an answer, a ``note`` is sent to nobody."""

Side = Literal["old", "new"]

CommentStatus = Literal["open", "answered", "resolved"]


class CommentPlace(Value):
    """What a comment is about: lines, a file when there is no line, the attempt without a path.

    Attributes:
        side: Whether the lines are those of the new or, for removed lines, of the old file.
        line, end_line: Counted from 1; both ends belong to it.
        base: Of lines around the change, which it does not touch: where the first one is in the
            file before the change.
    """

    path: str | None = None
    side: Side = "new"
    line: int | None = None
    end_line: int | None = None
    base: int | None = None

    @property
    def words(self) -> str:
        """The place in words, for example ``a.py:3-5``."""
        if self.path is None:
            return "the attempt"
        if self.line is None:
            return self.path
        last = f"-{self.end_line}" if self.end_line and self.end_line != self.line else ""
        return f"{self.path}:{self.line}{last}" + (" (removed)" if self.side == "old" else "")


class CommentDraft(Value):
    """What the person has written; half of it, perhaps.

    Attributes:
        quote: The lines as they stood, without signs, joined by line ends.
        digest: Of the whole lines, where the quote has only the beginning of one.
        comment: The comment that it is a new text for; None for a new comment.
    """

    kind: CommentKind = "change"
    text: str = ""
    place: CommentPlace = CommentPlace()
    quote: str = ""
    digest: str = ""
    comment: str | None = None

    @property
    def key(self) -> tuple[CommentPlace, str | None]:
        """Two drafts with one key are versions of the same."""
        return self.place, self.comment


class Comment(Value):
    """A comment. Its id (``C1``) stays with it, and so does what it quotes.

    Attributes:
        place: Where the lines were in the revision that it was written on.
        digest: Of the whole lines, where the quote has only the beginning of one; "" in old logs.
        attempt, revision: That revision.
    """

    id: str
    kind: CommentKind
    text: str
    place: CommentPlace = CommentPlace()
    quote: str = ""
    digest: str = ""
    attempt: int = 1
    revision: int = 1


class CommentAnswer(Value):
    """A model's answer to a comment."""

    comment: str
    text: str


class Reply(Value):
    """An answer as it stands under its comment."""

    author: Actor
    text: str
    attempt: int


class CommentEntry(Value):
    """A comment, what was answered, and where it stands.

    Attributes:
        answered: Whether there is a reply since the person last changed it.
        resolved: Whether the person has closed it.
    """

    comment: Comment
    replies: tuple[Reply, ...] = ()
    answered: bool = False
    resolved: bool = False

    @property
    def status(self) -> CommentStatus:
        """Where it stands."""
        if self.resolved:
            return "resolved"
        return "answered" if self.answered else "open"

    @property
    def waits(self) -> bool:
        """Whether a model still owes something for it."""
        return self.comment.kind != "note" and self.status == "open"
