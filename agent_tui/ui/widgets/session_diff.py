"""The diff of a session: what is done in it goes to the controller of its screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import on

from agent_tui.ui.diff import DiffView

if TYPE_CHECKING:
    from agent_tui.ui.controller import SessionController


class SessionDiff(DiffView):
    """The diff widget in its place between spec and verdict.

    Args:
        controller: Gives the controller that the screen's keys run; None while it is loaded.
    """

    def __init__(
        self, controller: Callable[[], SessionController | None], *, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._controller = controller

    @on(DiffView.Moved)
    def _pointed(self) -> None:
        # Another patch puts the cursor elsewhere also where the person is in another pane.
        if (controller := self._controller()) is not None and controller.view is self:
            controller.selected(self)

    @on(DiffView.Activated)
    async def _followed(self) -> None:
        if (controller := self._controller()) is not None:
            await controller.do("follow")

    @on(DiffView.HunksSeen)
    @on(DiffView.RangeChanged)
    def _seen(self) -> None:
        if (controller := self._controller()) is not None:
            controller.seen_more()

    @on(DiffView.Searched)
    def _found(self, event: DiffView.Searched) -> None:
        if (controller := self._controller()) is not None:
            controller.searched(event.count, event.at)

    @on(DiffView.Refused)
    def _said(self, event: DiffView.Refused) -> None:
        if (controller := self._controller()) is not None:
            controller.tell(event.reason, "warning")
