"""The session screen: header, three panes, timeline and gate. It is light, and paints first."""

from __future__ import annotations

import asyncio
import gc
import shutil
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, Label

from agent_tui.ui.actions import bindings
from agent_tui.ui.delays import after
from agent_tui.ui.keymap import keys_in_force
from agent_tui.ui.loading import imported
from agent_tui.ui.presence import Presence
from agent_tui.ui.widgets.bars import Bar, GateBar, Pane, PaneTabs, Timeline
from agent_tui.ui.widgets.gate import FittedGateBar
from agent_tui.ui.widgets.rows import RowsView

if TYPE_CHECKING:
    from agent_tui.ui.controller import SessionController
    from agent_tui.ui.diff import DiffView

T = TypeVar("T")
FRAME_OUT_S = 0.05
"""Seconds in which the first frame gets out. A thread writes it, and the imports that follow would
take the interpreter away from that thread again and again."""
WIDE = 100
"""Columns from which the three panes stand side by side."""
PANES = ("spec-pane", "diff-pane", "verdict-pane")


class SessionScreen(Screen[None]):
    """Shows one session, live or replayed.

    Args:
        prepare: Called when the screen has been painted; it loads what the screen shows and returns
            the controller that its keys run.
        keymap: The person's own keys.
    """

    CSS_PATH: ClassVar = ["rows.tcss", "session.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = list(bindings())
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]

    # The panes draw their own cursors; without this, all of the screen is drawn for them.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    def __init__(
        self,
        prepare: Callable[[SessionScreen], Awaitable[SessionController | None]],
        keymap: Mapping[str, str],
        presence: Presence,
    ) -> None:
        super().__init__()
        self._prepare = prepare
        self._keys = keys_in_force(keymap)
        self.presence = presence
        self.controller: SessionController | None = None
        self._leaving = False
        self.pane_index = 0
        self._diff: DiffView | None = None
        # Textual adds the class with the first size that it hears of; without it by then it would
        # compute all styles once more before the first frame.
        self.add_class("-wide" if shutil.get_terminal_size().columns >= WIDE else "-narrow")

    def compose(self) -> ComposeResult:
        """The widgets, empty; the diff comes when the frame is painted."""
        yield Bar(id="header")
        yield PaneTabs(id="tabs")
        with Horizontal(id="panes"):
            with Pane(id="spec-pane", classes="pane -active"):
                yield RowsView(id="spec").without_focus_styles()
            with Pane(id="diff-pane", classes="pane"):
                yield RowsView(id="activity").without_focus_styles()
            with Pane(id="verdict-pane", classes="pane"):
                yield RowsView(id="verdict").without_focus_styles()
        with Horizontal(id="search-line"):
            yield Label("/", id="search-sign")
            yield Input(id="search", placeholder="search in this pane", compact=True)
        yield Timeline(id="timeline")
        yield FittedGateBar(id="gate")

    def on_mount(self) -> None:
        """Paint the frame, then load."""
        for pane_id, title in zip(PANES, ("SPEC", "DIFF", "VERDICT"), strict=True):
            self.query_one(f"#{pane_id}", Pane).show_title(Content(title))
        self.query_one("#header", Bar).show(Content.styled("agent-tui", "bold"))
        self.query_one("#tabs", PaneTabs).show_tabs(
            [Content(t) for t in ("SPEC", "DIFF", "VERDICT")], 0
        )
        self.query_one("#gate", GateBar).show(
            Content.styled("starting…", "$muted"), Content(""), waiting=False, deaf=False
        )
        self.query_one("#spec").focus()
        self.call_after_refresh(after, FRAME_OUT_S, self, self._start)

    def _start(self) -> None:
        self.run_worker(self._load(), name="load session", group="load")

    async def _load(self) -> None:
        name = "agent_tui.ui.widgets.session_diff"
        module = await imported(name)
        self._diff = module.SessionDiff(lambda: self.controller, id="diff").without_focus_styles()
        self.show_activity(True)
        await self.query_one("#diff-pane").mount(self._diff, before=0)
        self.controller = await self._prepare(self)
        self.keep_loaded()
        if self._leaving and self.controller is not None:
            await self.controller.do("leave")

    @staticmethod
    def keep_loaded() -> None:
        """What is loaded by now stays for long: the collector need not go through it again.

        It would do so while keys are pressed, for a tenth of a second each time.
        """
        gc.freeze()

    def on_unmount(self) -> None:
        """What was kept can go."""
        gc.unfreeze()

    # -- services for what is loaded later ---------------------------------------------------

    async def in_thread(self, work: Callable[..., T], *arguments: object) -> T:
        """Run blocking work in a thread."""
        return await asyncio.to_thread(work, *arguments)

    def show_pane(self, index: int) -> None:
        """Make a pane the active one, and the visible one on a narrow screen."""
        self.pane_index = index % len(PANES)
        for number, pane_id in enumerate(PANES):
            self.query_one(f"#{pane_id}").set_class(number == self.pane_index, "-active")
        tabs = self.query_one("#tabs", PaneTabs)
        tabs.activate(self.pane_index)
        view = self.active_view
        if self.focused is not view and (self.focused is None or self.focused.id != "search"):
            self.set_focus(view, scroll_visible=False)

    def show_activity(self, wanted: bool) -> None:
        """Show what the coder does in the middle pane, or else the diff."""
        if self._diff is not None:
            self._diff.display = not wanted
        self.query_one("#activity", RowsView).display = wanted

    def keys_of(self, action_id: str) -> str:
        """The keys of an action as they are in force, separated by commas."""
        return self._keys[action_id]

    @property
    def active_view(self) -> RowsView | DiffView:
        """The rows of the active pane."""
        return self.view_of(self.pane_index)

    def view_of(self, index: int) -> RowsView | DiffView:
        """The rows of a pane."""
        pane = self.query_one(f"#{PANES[index]}")
        if pane.id == "diff-pane":
            if self._diff is not None and self._diff.display:
                return self._diff
            return self.query_one("#activity", RowsView)
        return pane.query_one(RowsView)

    # -- keys and messages -------------------------------------------------------------------

    async def action_do(self, action_id: str) -> None:
        """Run an action of the registry."""
        if self.controller is not None:
            await self.controller.do(action_id)
        elif action_id == "leave":
            if self.is_first:
                self.app.exit()
            self._leaving = True  # what is being loaded may hold the session's log already

    @property
    def is_first(self) -> bool:
        """Whether there is no screen to go back to."""
        return self.app.screen_stack[0] is self

    @on(RowsView.Moved)
    def _moved(self, event: RowsView.Moved) -> None:
        # Other rows in a pane that the person is not in are no reason to move this one.
        if self.controller is not None and event.view is self.active_view:
            self.controller.selected(event.view)

    @on(RowsView.Activated)
    async def _activated(self) -> None:
        if self.controller is not None:
            await self.controller.do("follow")

    @on(RowsView.Resized)
    def _resized(self) -> None:
        if self.controller is not None:
            self.controller.redraw()

    @on(PaneTabs.Chosen)
    def _tab_chosen(self, event: PaneTabs.Chosen) -> None:
        self.show_pane(event.index)

    def on_descendant_focus(self) -> None:
        """A click in a pane makes it the active one."""
        for number, pane_id in enumerate(PANES):
            pane = self.query_one(f"#{pane_id}")
            if self.focused is not None and pane in self.focused.ancestors:
                if number != self.pane_index:
                    self.show_pane(number)
                view = self.view_of(number)
                if self.controller is not None and view is self.focused:
                    self.controller.selected(view)

    @on(Input.Submitted, "#search")
    def _search(self, event: Input.Submitted) -> None:
        self.end_search()
        if self.controller is not None:
            self.controller.search(event.value)

    def begin_search(self) -> None:
        """Show the line for a search text."""
        self.query_one("#search-line").add_class("-shown")
        box = self.query_one("#search", Input)
        box.value = ""
        box.focus()

    def end_search(self) -> bool:
        """Hide it. False if it was not shown."""
        line = self.query_one("#search-line")
        shown = line.has_class("-shown")
        line.remove_class("-shown")
        self.active_view.focus()
        return shown
