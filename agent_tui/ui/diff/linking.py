"""Places of one diff in another: views of several patches that stay at the same file and line."""

from __future__ import annotations

from typing import NamedTuple

from agent_tui.ui.diff.background import Background
from agent_tui.ui.diff.model import Place
from agent_tui.ui.widgets.lines import AT_ONCE

REMOVED = 0x2D
"""The first byte of a line that was removed."""


def nearest_line(view: Background, file: int, line: int) -> tuple[int, int] | None:
    """The hunk that shows a line of the new file or the nearest one, and that line."""
    best: tuple[int, int] | None = None
    for number in view.stream.numbers_of(file):
        shown = view.plan.new_lines(number)
        wanted = max(shown.start, min(line, shown.stop - 1))
        if best is None or abs(wanted - line) < abs(best[1] - line):
            best = (number, wanted)
    return best


def row_of_line(view: Background, file: int, line: int) -> int | None:
    """The row of a line of the new file, or of the nearest one that is shown.

    Args:
        file: The file's number in the patch, from 0.
        line: Counted from 1.
    """
    plan, best = view.plan, nearest_line(view, file, line)
    if best is None:
        return None
    found = plan.find_context(*best)
    if found is not None:
        return found
    at = view.stream.hunks[best[0]].new_start - 1
    for index, kind in enumerate(plan.scan(best[0]).kinds):
        at += kind != REMOVED
        if at >= best[1]:
            return plan.find_line(best[0], index)
    return plan.find(("hunk", best[0], 0, 0))


class Spot(NamedTuple):
    """Where a person is in a view.

    Attributes:
        place: What is there; None above the first file.
        below_top: Rows between it and the top of the view.
    """

    place: Place | None
    below_top: int


def spot_of(view: Background) -> Spot:
    """The cursor where it is in view, else the first row that is."""
    shown = view.rows_on_screen
    row = view.cursor if view.cursor is not None and view.cursor in shown else shown.start
    found = view.row_at(row)
    return Spot(view.place_of(found) if found is not None else None, row - shown.start)


def file_at(view: Background, spot: Spot) -> int | None:
    """The number of the file of a spot in the patch of another view."""
    if spot.place is None or spot.place.file is None:
        return None
    names = {*spot.place.file.names}
    files = enumerate(view.stream.files)
    return next((number for number, file in files if names.intersection(file.names)), None)


def go_to_spot(view: Background, spot: Spot) -> bool:
    """Bring a view to the file and the line of a spot, at the same height.

    Returns:
        Whether its patch has that file; if not, it stays where it is.
    """
    place = spot.place
    if place is None or place.file is None:
        return True
    number = file_at(view, spot)
    if number is None:
        return False
    line = place.new_line or place.old_line
    found = row_of_line(view, number, line) if line is not None else None
    if line is None and place.hunk is not None:
        found = _row_of_hunk(view, number, place.hunk.new_start)
    if found is None:
        found = view.plan.find(("file", number, 0, 0))
    if found is not None:
        view.select(found)
        top = found - spot.below_top
        view.scroll_to(y=max(0, min(top, view.top_for(found))), **AT_ONCE)
    return True


def _row_of_hunk(view: Background, file: int, start: int) -> int | None:
    hunks, numbers = view.stream.hunks, view.stream.numbers_of(file)
    nearest = min(numbers, key=lambda n: abs(hunks[n].new_start - start), default=None)
    return None if nearest is None else view.plan.find(("hunk", nearest, 0, 0))
