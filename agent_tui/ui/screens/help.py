"""The help: every key that is in force, what it does, and why it does nothing now."""

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from agent_tui.ui.actions import ACTIONS, key_names
from agent_tui.ui.render.text import BLANK, hang, heading, rows
from agent_tui.ui.screens.dialogs import RowsDialog
from agent_tui.ui.widgets.rows import Row

KEYS = 14
"""Cells of the column with the keys."""


def help_rows(
    where: str, why_not: Callable[[str], str], keys_of: Callable[[str], str], width: int
) -> list[Row]:
    """The registry as rows, wrapped.

    Args:
        where: ``session`` or ``replay``.
        why_not: Says why an action is not possible now, or "" if it is.
        keys_of: The keys of an action as they are in force.
        width: Cells of a row.
    """
    result: list[Row] = []
    group = ""
    for action in ACTIONS:
        if action.where not in (where, "both"):
            continue
        if action.group != group:
            group = action.group
            result += [*([BLANK] if result else []), heading(group)]
        reason = why_not(action.id)
        keys = key_names(keys_of(action.id))
        first = Content.styled(f"  {keys:<{KEYS}}", "$muted" if reason else "bold $gate")
        words = Content.assemble(
            (action.help, "$muted" if reason else ""),
            (f" ({reason})" if reason else "", "$muted italic"),
        )
        result += rows(hang(first, words, width))
    palette = Content.styled(f"  {'ctrl+p':<{KEYS}}", "bold $gate")
    words = Content("The palette: every command, and the themes.")
    result += [BLANK, *rows(hang(palette, words, width))]
    quit_ = Content.styled(f"  {'ctrl+q':<{KEYS}}", "bold $gate")
    words = Content("Quit from anywhere. The session stays, with what you wrote and did not send.")
    return [*result, *rows(hang(quit_, words, width))]


class HelpDialog(RowsDialog):
    """All keys of a screen, and why some do nothing now; see :func:`help_rows`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "cancel", "close", show=False)
    ]

    def __init__(
        self, where: str, why_not: Callable[[str], str], keys_of: Callable[[str], str]
    ) -> None:
        super().__init__("Keys", lambda width: help_rows(where, why_not, keys_of, width))

    def action_move(self, steps: int) -> None:
        """Scroll: nothing can be chosen here."""
        self.listing.scroll_relative(y=steps, animate=False)
