"""The widget with keys of its own, for use without a screen that has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType

from agent_tui.ui.diff.view import DiffView

_KEYS = (
    ("j,down", "down", "Down"),
    ("k,up", "up", "Up"),
    ("pagedown,ctrl+d,space", "page_down", "Page down"),
    ("pageup,ctrl+u", "page_up", "Page up"),
    ("g,home", "top", "Top"),
    ("G,end", "bottom", "Bottom"),
    ("right_square_bracket", "next_hunk", "Next hunk"),
    ("left_square_bracket", "previous_hunk", "Hunk before"),
    ("right_curly_bracket", "next_file", "Next file"),
    ("left_curly_bracket", "previous_file", "File before"),
    ("u", "next_unseen", "Next unseen hunk"),
    ("s", "split", "Side by side"),
    ("W", "wrap", "Wrap"),
    ("i", "white_space", "Fold white space"),
    ("x", "more", "More context"),
    ("X", "whole", "Whole file"),
    ("v", "range", "Range"),
    ("n", "next_match", "Next match"),
    ("N", "previous_match", "Match before"),
    ("y", "copy", "Copy"),
)


class DiffViewer(DiffView):
    """A diff that can be read, searched and copied from by keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(keys, f"look('{name}')", label, show=False) for keys, name, label in _KEYS
    ]

    def action_look(self, name: str) -> None:
        """What the keys do."""
        commands: dict[str, Callable[[], object]] = {
            "down": lambda: self.move(1),
            "up": lambda: self.move(-1),
            "page_down": lambda: self.page(1),
            "page_up": lambda: self.page(-1),
            "top": lambda: self.to_end(top=True),
            "bottom": self.to_end,
            "next_hunk": lambda: self.next_hunk(1),
            "previous_hunk": lambda: self.next_hunk(-1),
            "next_unseen": lambda: self.next_hunk(1, unseen=True),
            "next_file": lambda: self.next_file(1),
            "previous_file": lambda: self.next_file(-1),
            "split": self.toggle_split,
            "wrap": self.toggle_wrap,
            "white_space": self.toggle_space,
            "more": self.expand_context,
            "whole": lambda: self.expand_context(whole=True),
            "range": self.toggle_range,
            "next_match": lambda: self.next_match(1),
            "previous_match": lambda: self.next_match(-1),
            "copy": lambda: self.app.copy_to_clipboard(self.selected_text()),
        }
        commands[name]()
