"""Which files are left out as a whole, whichever way that was said."""

from __future__ import annotations

from agent_tui.domain.patch import FilePatch
from agent_tui.ui.diff.model import LeftOut


def is_left_out(file: FilePatch, lines: int, out: LeftOut) -> bool:
    """Whether nothing is taken of a file's change.

    Args:
        lines: How many of its changed lines are left out.
    """
    if file.path in out.files:
        return True
    if file.binary or file.status in ("copied", "type changed"):
        return False  # they are taken or left as a whole
    moved, changed = file.status == "renamed", file.added + file.removed
    return (
        bool(changed or moved or file.mode_changed)
        and lines == changed
        and (not moved or file.path in out.moves)
        and (not file.mode_changed or file.path in out.modes)
    )
