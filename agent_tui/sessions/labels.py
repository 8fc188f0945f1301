"""What a person calls a session: a name, tags, whether it is archived. It stands beside the log."""

import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from agent_tui.domain.text import one_line
from agent_tui.sessions.files import LogError, read_regular, reason, replace_file

FILE = "labels.json"
_LIMIT = 64 * 1024
_TAG = re.compile(r"[\w][\w.:/-]{0,39}")


@dataclass(frozen=True, slots=True)
class Labels:
    """A person's own words about a session."""

    name: str = ""
    tags: tuple[str, ...] = ()
    archived: bool = False


_LABELS = TypeAdapter(Labels)


def read_labels(folder: Path) -> Labels:
    """The labels in a session's folder; none where there are none, or none that can be read."""
    try:
        return _LABELS.validate_json(read_regular(folder / FILE, _LIMIT))
    except (LogError, ValidationError):
        return Labels()  # they only help to find it: a list is not to fail for them


def write_labels(folder: Path, labels: Labels) -> None:
    """Keep labels in a session's folder, durably.

    Raises:
        LogError: If they cannot be written, or a tag has characters that a tag cannot have.
    """
    for tag in labels.tags:
        if not _TAG.fullmatch(tag):
            raise LogError(
                f"{one_line(tag, 40)!r} cannot be a tag: use letters, digits and . : / - _, "
                "at most 40"
            )
    try:
        replace_file(folder / FILE, _LABELS.dump_json(labels))
    except OSError as error:
        raise LogError(f"cannot write {folder / FILE}: {reason(error)}") from error
