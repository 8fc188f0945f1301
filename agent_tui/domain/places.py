"""Where the lines of a comment are in a revision."""

from agent_tui.domain.comments import Comment, CommentPlace, Side
from agent_tui.domain.links import anchor
from agent_tui.domain.patch import Patch
from agent_tui.domain.text import decode

MAX_QUOTED = 1_000
"""Characters of a line that are quoted, and compared: a minified file is one line."""


def anchor_range(
    patch: Patch, path: str, line: int, quote: str, side: Side = "new"
) -> tuple[int, int] | None:
    """The first and the last of the lines that were quoted, or None if the diff does not show them.

    Lines are compared without the blanks at their ends; among several equal places the one next to
    *line* counts. A single line is looked for as :func:`~agent_tui.domain.links.anchor` does it.
    """
    wanted = [text[:MAX_QUOTED].strip() for text in quote.split("\n")]
    if len(wanted) == 1 and side == "new":
        found = anchor(patch, path, line, quote)
        return None if found is None else (found, found)
    shown = {
        number: decode(text.data)[:MAX_QUOTED].strip()
        for file in patch.files
        if file.path == path
        for hunk in file.hunks
        for old, new, text in hunk.numbered()
        if (number := old if side == "old" else new) is not None
    }
    places = [
        first
        for first in shown
        if all(shown.get(first + n) == text for n, text in enumerate(wanted))
    ]
    if not places:
        return None
    first = min(places, key=lambda number: abs(number - line))
    return first, first + len(wanted) - 1


def locate(patch: Patch, comment: Comment) -> CommentPlace | None:
    """Where a comment's lines are in a patch; None when it does not show them: it is outdated.

    A comment on the attempt is never outdated; one on a file when the file is not changed any more.
    """
    place = comment.place
    if place.path is None:
        return place
    file = next((f for f in patch.files if place.path in (f.path, f.old_path)), None)
    if file is None:
        return None
    if place.line is None:
        return place.model_copy(update={"path": file.path})
    found = anchor_range(patch, file.path, place.line, comment.quote, place.side)
    if found is None:
        return None
    return place.model_copy(update={"path": file.path, "line": found[0], "end_line": found[1]})


def excerpt(patch: Patch, place: CommentPlace) -> str:
    """A place's lines as they are quoted, up to ``MAX_QUOTED``; "" for a file or the attempt."""
    if place.path is None or place.line is None:
        return ""
    last = place.end_line or place.line
    return "\n".join(
        decode(line.data)[:MAX_QUOTED]
        for file in patch.files
        if file.path == place.path
        for hunk in file.hunks
        for old, new, line in hunk.numbered()
        if (number := old if place.side == "old" else new) is not None
        and place.line <= number <= last
    )
