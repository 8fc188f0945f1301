"""Where the lines of a comment are in a revision."""

import hashlib
from collections.abc import Iterable, Sequence

from agent_tui.domain.comments import Comment, CommentDraft, CommentPlace, Side
from agent_tui.domain.links import anchor
from agent_tui.domain.patch import FilePatch, Patch
from agent_tui.domain.text import decode

MAX_QUOTED = 1_000
"""Characters of a line that are quoted: a minified file is one line."""


def anchor_range(
    patch: Patch, path: str, line: int, quote: str, side: Side = "new", *, digest: str = ""
) -> tuple[int, int] | None:
    """The first and the last of the lines that were quoted, or None if the diff does not show them.

    Lines are compared without the blanks at their ends; among several equal places the one next to
    *line* counts. A blank line says nothing of where it is: it is the one with that number.

    Args:
        digest: Of the whole lines, where the quote has only their beginnings.
    """
    if not quote.strip() and "\n" not in quote and side == "new":
        found = anchor(patch, path, line, "")
        return None if found is None else (found, found)
    wanted = [text[:MAX_QUOTED].strip() for text in quote.split("\n")]
    lines = _lines(patch, path, side)
    shown = {number: _start(data).strip() for number, data in lines.items()}
    places = [
        first
        for first in shown
        if all(shown.get(first + n) == text for n, text in enumerate(wanted))
        and (not digest or digest == _digest(lines[first + n] for n in range(len(wanted))))
    ]
    if not places:
        return None
    first = min(places, key=lambda number: abs(number - line))
    return first, first + len(wanted) - 1


def _lines(patch: Patch, path: str, side: Side) -> dict[int, bytes]:
    """The lines of a file's side that a patch shows, by their numbers."""
    return {
        number: line.data
        for file in patch.files
        if file.path == path
        for hunk in file.hunks
        for old, new, line in hunk.numbered()
        if (number := old if side == "old" else new) is not None
    }


def _start(data: bytes) -> str:
    return decode(data[: 4 * MAX_QUOTED])[:MAX_QUOTED]  # no character has more than four bytes


def _digest(lines: Iterable[bytes]) -> str:
    """A digest of lines without the blanks at their ends."""
    return hashlib.blake2b(b"\n".join(line.strip() for line in lines), digest_size=16).hexdigest()


def locate(patch: Patch, comment: Comment | CommentDraft) -> CommentPlace | None:
    """Where a comment's lines are in a patch; None when it does not show them: it is outdated.

    A comment on the attempt is never outdated; one on a file when the file is not changed any more.
    """
    place = comment.place
    if place.path is None:
        return place
    file = next((f for f in patch.files if place.path in f.names), None)
    if file is None:
        return None
    if place.line is None:
        return place.model_copy(update={"path": file.path})
    found = anchor_range(
        patch, file.path, place.line, comment.quote, place.side, digest=comment.digest
    )
    if found is None and place.base is not None:
        found = _around(file, place.base, (place.end_line or place.line) - place.line + 1)
    if found is None:
        return None
    return place.model_copy(update={"path": file.path, "line": found[0], "end_line": found[1]})


def _around(file: FilePatch, base: int, count: int) -> tuple[int, int] | None:
    """Where lines of the old file are in the new one, if the patch neither has nor moves them.

    Args:
        base: The number of the first one in the old file.
    """
    shift = 0
    for hunk in file.hunks:
        start = hunk.old_start + (not hunk.old_count)
        if start >= base + count:
            break
        if start + hunk.old_count > base:
            return None  # the patch shows some of them: their quote was not found in it
        shift += hunk.new_count - hunk.old_count
    return base + shift, base + shift + count - 1


def _lines_at(patch: Patch, place: CommentPlace) -> list[bytes]:
    if place.path is None or place.line is None:
        return []
    lines = _lines(patch, place.path, place.side)
    numbers = range(place.line, (place.end_line or place.line) + 1)
    return [lines[number] for number in numbers if number in lines]


def quote_of(lines: Iterable[bytes]) -> str:
    """Lines as they are quoted, each up to ``MAX_QUOTED``."""
    return "\n".join(_start(data) for data in lines)


def excerpt(patch: Patch, place: CommentPlace) -> str:
    """A place's lines as they are quoted; "" for a file or the attempt."""
    return quote_of(_lines_at(patch, place))


def digest_of(patch: Patch, place: CommentPlace) -> str:
    """A digest of a place's lines, or "" where the excerpt has all of them."""
    return digest_of_lines(_lines_at(patch, place))


def digest_of_lines(lines: Sequence[bytes]) -> str:
    """A digest of lines, or "" where their quote has all of them."""
    return _digest(lines) if any(len(decode(line)) > MAX_QUOTED for line in lines) else ""
