"""Bookmarks and notes of a person on a session. They stand beside its log, never in it."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from agent_tui.sessions.files import LogError, make_folder, read_regular, reason, replace_file

FILE = "marks.json"
_LIMIT = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Mark:
    """A place of a session that a person wants to find again.

    Attributes:
        position: How many records had happened.
        note: The person's words, or "".
    """

    position: int
    note: str = ""


_MARKS = TypeAdapter(tuple[Mark, ...])


def read_marks(file: Path) -> tuple[Mark, ...]:
    """The marks in a file, in the order of their places; none if there is no such file.

    Raises:
        LogError: If it cannot be read, or holds something else.
    """
    if not file.exists():
        return ()
    try:
        marks = _MARKS.validate_json(read_regular(file, _LIMIT))
    except ValidationError as error:
        raise LogError(f"{file} does not hold bookmarks; move it away") from error
    return tuple(sorted(marks, key=lambda mark: mark.position))


def set_mark(file: Path, position: int, note: str | None) -> tuple[Mark, ...]:
    """Set the mark of a place, or with None take it away; durable when it returns.

    Raises:
        LogError: If the file cannot be read or written.
    """
    kept = [mark for mark in read_marks(file) if mark.position != position]
    if note is not None:
        kept.append(Mark(position, note))
    kept.sort(key=lambda mark: mark.position)
    try:
        make_folder(file.parent)
        replace_file(file, _MARKS.dump_json(tuple(kept)))
    except OSError as error:
        raise LogError(f"cannot keep the bookmark in {file}: {reason(error)}") from error
    return tuple(kept)
