"""What the keys of the diff pane do, in a session as in a replay."""

from __future__ import annotations

from collections.abc import Callable

from textual.notifications import SeverityLevel

from agent_tui.ui.diff import DiffView
from agent_tui.ui.screens.files import FilesDialog, LineDialog, file_entries
from agent_tui.ui.screens.session import SessionScreen

Tell = Callable[[str, SeverityLevel], None]
SIDEWAYS = 8
"""Cells that one press scrolls a long line."""


class DiffActions:
    """The actions of the diff pane, by their ids.

    Args:
        screen: The session screen.
        tell: Shows a short message.
        bring: Brings the diff pane to the front.
    """

    def __init__(self, screen: SessionScreen, tell: Tell, bring: Callable[[], None]) -> None:
        self._screen = screen
        self._tell = tell
        self._bring = bring
        self.by_id: dict[str, Callable[[], None]] = {
            "side-by-side": self._with(self._split),
            "wrap": self._with(self._wrap),
            "fold-space": self._with(self._space),
            "more-context": self._with(lambda view: view.expand_context()),
            "whole-file": self._with(lambda view: view.expand_context(whole=True)),
            "next-unseen": self._with(self._unseen),
            "files": self._with(self._files),
            "go-to-file": self._with(self._files),
            "go-to-line": self._with(self._line),
            "scroll-left": self._with(lambda view: view.sideways(-SIDEWAYS)),
            "scroll-right": self._with(lambda view: view.sideways(SIDEWAYS)),
        }

    def _with(self, act: Callable[[DiffView], object]) -> Callable[[], None]:
        def run() -> None:
            self._bring()
            view = self._screen.active_view
            if isinstance(view, DiffView) and view.stream.files:
                act(view)
            else:
                self._tell("there is no diff yet", "warning")

        return run

    def _split(self, view: DiffView) -> None:
        if view.toggle_split() and view.size.width < 80:
            self._tell("side by side; m gives the pane the whole screen", "information")

    def _wrap(self, view: DiffView) -> None:
        wrapped = view.toggle_wrap()
        words = "long lines are wrapped" if wrapped else "long lines scroll, with h and l"
        self._tell(words, "information")

    def _space(self, view: DiffView) -> None:
        if view.toggle_space():
            self._tell("changes of white space alone are folded", "information")
        else:
            self._tell("changes of white space are shown", "information")

    def _unseen(self, view: DiffView) -> None:
        if not view.next_hunk(1, unseen=True) and not view.first_unseen():
            self._tell("every hunk was on the screen", "information")

    def _files(self, view: DiffView) -> None:
        place = view.place

        def done(number: int | None) -> None:
            if number is not None:
                view.go_to_file(number)

        here = place.file_number if place is not None else None
        self._screen.app.push_screen(FilesDialog(file_entries(view), here), done)

    def _line(self, view: DiffView) -> None:
        place = view.place
        if place is None or place.file is None:
            return

        def done(line: int | None) -> None:
            if line is not None and not view.go_to_line(line):
                self._tell("this file shows no lines", "warning")

        self._screen.app.push_screen(LineDialog(place.path), done)
