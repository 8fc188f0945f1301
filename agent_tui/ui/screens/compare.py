"""The compare screen: sessions side by side. It is light, and paints first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input

from agent_tui.ui.diff import DiffView
from agent_tui.ui.diff.linking import go_to_spot
from agent_tui.ui.widgets.bars import Bar, PaneTabs
from agent_tui.ui.widgets.rows import Row, RowsView

if TYPE_CHECKING:
    from agent_tui.ui.comparing import Comparison

TABS = ("overview", "changes", "between")
LEAST_DIFF = 56
"""Cells that a change has at least: where less is left, one is shown after the other."""

KEYS = (
    ("1 2 3", "overview, changes, what lies between two"),
    ("tab l →, shift+tab h ←", "the next session, the one before"),
    ("j k, pgdn pgup, g G", "move; all changes move together"),
    ("] [", "the next and the previous difference, or hunk"),
    ("} {", "the next and the previous file"),
    ("o", "only what differs, or everything"),
    ("b", "hold the others against this session (★)"),
    ("/ n N", "search, next match, match before"),
    ("s W", "side by side, wrap long lines (in changes)"),
    ("enter", "replay this session"),
    ("q esc", "leave"),
)


class CompareScreen(Screen[None]):
    """Shows sessions side by side.

    Args:
        load: Reads the sessions when the screen has been painted; None if that was not possible,
            which it has said.
        replay: Opens a session, by what :meth:`Comparison.session` gives.
        close: Goes away from the screen.
    """

    CSS_PATH: ClassVar = ["rows.tcss", "session.tcss", "compare.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "tab('overview')", show=False),
        Binding("2", "tab('changes')", show=False),
        Binding("3", "tab('between')", show=False),
        Binding("tab,l,right", "turn(1)", show=False, priority=True),
        Binding("shift+tab,h,left", "turn(-1)", show=False, priority=True),
        Binding("j,down", "go('move', 1)", show=False),
        Binding("k,up", "go('move', -1)", show=False),
        Binding("pagedown,ctrl+d", "go('page', 1)", show=False),
        Binding("pageup,ctrl+u", "go('page', -1)", show=False),
        Binding("g,home", "go('top')", show=False),
        Binding("G,end", "go('bottom')", show=False),
        Binding("right_square_bracket", "difference(1)", show=False),
        Binding("left_square_bracket", "difference(-1)", show=False),
        Binding("right_curly_bracket", "file(1)", show=False),
        Binding("left_curly_bracket", "file(-1)", show=False),
        Binding("o", "only", show=False),
        Binding("b", "base", show=False),
        Binding("s", "split", show=False),
        Binding("W", "wrap", show=False),
        Binding("slash", "search", show=False),
        Binding("n", "match(1)", show=False),
        Binding("N", "match(-1)", show=False),
        Binding("enter", "replay", show=False),
        Binding("question_mark", "help", show=False),
        Binding("escape", "back", show=False),
        Binding("q", "leave", show=False),
    ]

    def __init__(
        self,
        load: Callable[[], Awaitable[Comparison | None]],
        replay: Callable[[str], None],
        close: Callable[[], None],
    ) -> None:
        super().__init__()
        self._load, self._replay, self._close = load, replay, close
        self._shown: Comparison | None = None
        self._tab = "overview"
        self._between: tuple[int, int] | None = None
        self._linking = False
        self._words = ""

    def compose(self) -> ComposeResult:
        """The widgets, empty."""
        yield Bar(Content.styled("agent-tui", "bold"), id="header")
        yield PaneTabs(id="tabs")
        with Vertical(id="names"):
            yield Bar(id="name-upper")
            yield Bar(id="name-lower")
        yield RowsView(id="rows")
        yield Horizontal(id="diffs")
        with Vertical(id="between"):
            yield Bar(id="between-note", classes="note")
            yield DiffView(id="between-diff")
        yield Input(id="search", placeholder="search here", compact=True)
        yield Bar(id="keys")

    def on_mount(self) -> None:
        """Paint, then load."""
        self.add_class("-overview")
        self._draw_keys()
        self.query_one("#rows").focus()
        self.call_after_refresh(self.run_worker, self._begin(), name="load sessions")

    async def _begin(self) -> None:
        found = await self._load()
        if found is None:
            return
        views = [
            Vertical(
                Bar(classes="note"),
                DiffView(id=f"diff-{number}"),
                classes="view",
                id=f"view-{number}",
            )
            for number in range(len(found))
        ]
        await self.query_one("#diffs").mount_all(views)
        self._shown = found
        for number, view in enumerate(self._diffs()):
            view.show(found.patch(number))
            self.watch(view, "scroll_y", partial(self._scrolled, view), init=False)
        self._draw()

    # -- drawing -----------------------------------------------------------------------------

    @property
    def found(self) -> Comparison | None:
        """What is compared, once it is read."""
        return self._shown

    def _diffs(self) -> list[DiffView]:
        return list(self.query_one("#diffs").query(DiffView))

    @property
    def view(self) -> RowsView | DiffView:
        """What the keys move in."""
        if self._tab == "between":
            return self.query_one("#between-diff", DiffView)
        if self._tab == "changes" and self._shown is not None:
            return self.query_one(f"#diff-{self._shown.look.active}", DiffView)
        return self.query_one("#rows", RowsView)

    @on(RowsView.Resized)
    def _draw(self) -> None:
        found, rows = self._shown, self.query_one("#rows", RowsView)
        if found is None:
            return
        title = Content.assemble(
            ("agent-tui", "bold"), ("  ─  ", "$muted"), f"{len(found)} sessions compared"
        )
        self.query_one("#header", Bar).show(title)
        titles = ("OVERVIEW", "CHANGES", "BETWEEN")
        tabs = self.query_one("#tabs", PaneTabs)
        tabs.show_tabs([Content(text) for text in titles], TABS.index(self._tab))
        width = rows.text_width or self.size.width - 2
        upper, lower = found.heads(width)
        self.query_one("#name-upper", Bar).show(upper)
        self.query_one("#name-lower", Bar).show(lower)
        rows.show(found.rows(width))
        self._draw_diffs()
        self._draw_keys()

    def _draw_diffs(self) -> None:
        found = self._shown
        if found is None:
            return
        fitting = max(1, min(len(found), self.size.width // LEAST_DIFF))
        first = max(0, min(found.look.active - fitting + 1, len(found) - fitting))
        for number in range(len(found)):
            box = self.query_one(f"#view-{number}")
            box.set_class(not first <= number < first + fitting, "-hidden")
            box.set_class(number == found.look.active, "-active")
            box.query_one(".note", Bar).show(found.note(number))

    def _draw_keys(self) -> None:
        only = self._shown is not None and self._shown.look.only
        keys = [("tab", "session"), ("]", "difference"), ("o", "all" if only else "only these"),
                ("b", "base"), ("enter", "replay"), ("?", "keys"), ("q", "leave")]  # fmt: skip
        if self._tab != "overview":
            keys[1:3] = [("]", "hunk"), ("}", "file"), ("s", "split")]
        parts = [Content.assemble((key, "bold $gate"), f" {label}") for key, label in keys]
        self.query_one("#keys", Bar).show(Content("  ").join(parts))

    # -- what is looked at -------------------------------------------------------------------

    @on(PaneTabs.Chosen)
    def _tab_chosen(self, event: PaneTabs.Chosen) -> None:
        self.action_tab(TABS[event.index])

    def action_tab(self, name: str) -> None:
        """Show the overview, the changes, or what lies between two."""
        self._tab = name
        for other in TABS:
            self.set_class(other == name, f"-{other}")
        self.query_one("#tabs", PaneTabs).activate(TABS.index(name))
        self._draw()
        self.view.focus()
        if name == "between":
            self.run_worker(self._read_between(), name="between", group="between", exclusive=True)

    async def _read_between(self) -> None:
        found = self._shown
        if found is None or found.pair() == self._between:
            return
        self._between = found.pair()
        note = self.query_one("#between-note", Bar)
        note.show(Content.styled("reading the files…", "$muted"))
        title, patch = await found.between()
        note.show(title)
        view = self.query_one("#between-diff", DiffView)
        view.display = patch is not None
        if patch is not None:
            view.show(patch)

    def action_turn(self, direction: int) -> None:
        """Look at the next session, or the one before."""
        found = self._shown
        if found is None or self._writes():
            return
        shown = len(found.columns(self.query_one("#rows", RowsView).text_width or 78).shown)
        found.turn_to(found.look.active + direction, shown)
        self._draw()
        self.view.focus()
        if self._tab == "between":
            self.action_tab("between")

    def action_base(self) -> None:
        """Hold all sessions against the one that is looked at."""
        if self._shown is not None:
            self._shown.hold_against()
            self._draw()
            if self._tab == "between":
                self.action_tab("between")

    def action_only(self) -> None:
        """Show only what differs, or everything."""
        if self._shown is not None:
            self._shown.toggle_only()
            self._draw()

    # -- moving ------------------------------------------------------------------------------

    def action_go(self, what: str, by: int = 0) -> None:
        """Move where the keys move."""
        view = self.view
        if what == "move":
            view.move(by)
        elif what == "page":
            view.page(by)
        else:
            view.to_end(top=what == "top")

    def action_difference(self, direction: int) -> None:
        """Go to the next or previous difference; in a change, to a hunk."""
        view = self.view
        if isinstance(view, DiffView):
            view.next_hunk(direction)
        else:
            view.next_key(direction, lambda key: isinstance(key, tuple) and key[0] == "differs")

    def action_file(self, direction: int) -> None:
        """Go to the next or previous file of a change."""
        view = self.view
        if isinstance(view, DiffView):
            view.next_file(direction)

    @on(DiffView.Moved)
    def _moved(self, event: DiffView.Moved) -> None:
        if isinstance(event.view, DiffView) and event.view.has_focus:
            self._link(event.view)

    def _scrolled(self, view: DiffView) -> None:
        if view.has_focus or view.mouse_hover:
            self._link(view)

    def _link(self, leader: DiffView) -> None:
        """Bring the other changes to where this one is."""
        found = self._shown
        if found is None or self._linking or self._tab != "changes":
            return
        self._linking = True
        try:
            path = leader.place.path if leader.place is not None else ""
            for number, view in enumerate(self._diffs()):
                if view is not leader:
                    here = go_to_spot(view, leader.spot)
                    note = self.query_one(f"#view-{number} .note", Bar)
                    note.show(found.note(number, path, here=here))
        finally:
            self._linking = False

    def on_descendant_focus(self) -> None:
        """A click in a change makes its session the one that is looked at."""
        found, name = self._shown, self.focused.id if self.focused is not None else None
        if found is None or name is None or not name.startswith("diff-"):
            return
        number = int(name.removeprefix("diff-"))
        if number != found.look.active:
            found.turn_to(number, 1)
            self._draw_diffs()

    def action_split(self) -> None:
        """Show changes side by side with what they replace, or in one stream."""
        for view in self.query(DiffView):
            if view.display:
                view.toggle_split()

    def action_wrap(self) -> None:
        """Wrap long lines, or scroll them."""
        for view in self.query(DiffView):
            view.toggle_wrap()

    # -- search ------------------------------------------------------------------------------

    def _writes(self) -> bool:
        return self.focused is not None and self.focused.id == "search"

    def action_search(self) -> None:
        """Begin to write what to search for."""
        box = self.query_one("#search", Input)
        box.add_class("-shown")
        box.value = ""
        box.focus()

    @on(Input.Submitted, "#search")
    def _submitted(self, event: Input.Submitted) -> None:
        self._words = event.value.strip()
        self._end_search()
        view = self.view
        if isinstance(view, DiffView):
            view.search(self._words)
        elif self._words and not view.search(self._words, here=True):
            self.notify(f"nothing here says “{self._words}”", markup=False)

    def action_match(self, direction: int) -> None:
        """Go to the next match, or the one before."""
        view = self.view
        if isinstance(view, DiffView):
            view.search_on(self._words, direction)
        elif self._words:
            view.search(self._words, direction)

    def _end_search(self) -> None:
        self.query_one("#search", Input).remove_class("-shown")
        self.view.focus()

    # -- leaving -----------------------------------------------------------------------------

    def action_replay(self) -> None:
        """Replay the session that is looked at."""
        if self._shown is not None:
            self._replay(self._shown.session())

    def action_help(self) -> None:
        """Show all keys."""
        from agent_tui.ui.screens.ask import PickDialog  # noqa: PLC0415 - when it is first needed

        rows = [
            Row(Content.assemble((f"{keys:<24}", "bold $gate"), words), item=keys)
            for keys, words in KEYS
        ]
        self.app.push_screen(PickDialog("Keys", lambda width: rows, note="esc closes"))

    def action_back(self) -> None:
        """End a search; else leave."""
        if self._writes():
            self._end_search()
        else:
            self.action_leave()

    def action_leave(self) -> None:
        """Go away."""
        self._close()
