"""The home screen: the sessions of this repository, and a box for a new request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input

from agent_tui.ui.widgets.bars import Bar
from agent_tui.ui.widgets.rows import Row, RowsView


class HomeScreen(Screen[None]):
    """Lists sessions and takes requests.

    Args:
        load: Called when the screen has been painted, and whenever it comes back, with the words
            to search for, whether archived sessions count, and whether to read what changed;
            returns the header line and a function that makes the rows of the list for a width.
        start: Starts a session with a request.
        open_session: Opens the session of a row, by the row's key.
        label: Changes a session's ``name``, ``tags`` or ``archive``.
    """

    CSS_PATH = "home.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("enter", "open", show=False),
        Binding("n,i", "request", show=False),
        Binding("slash", "search", show=False),
        Binding("A", "archived", show=False),
        Binding("x", "label('archive')", show=False),
        Binding("R", "label('name')", show=False),
        Binding("number_sign", "label('tags')", show=False),
        Binding("home,g", "end(True)", show=False),
        Binding("end,G", "end(False)", show=False),
        Binding("escape", "list", show=False),
        Binding("tab", "other", show=False),
        Binding("q", "leave", show=False),
    ]

    def __init__(
        self,
        load: Callable[[str, bool, bool], Awaitable[tuple[Content, Callable[[int], list[Row]]]]],
        start: Callable[[str], None],
        open_session: Callable[[str], None],
        label: Callable[[str, str], Awaitable[None]],
    ) -> None:
        super().__init__()
        self._load = load
        self._start = start
        self._open = open_session
        self._label = label
        self._make: Callable[[int], list[Row]] | None = None
        self._words = ""
        self._archived = False

    def compose(self) -> ComposeResult:
        """The widgets, empty."""
        yield Bar(Content.styled("agent-tui", "bold"), id="header")
        yield Input(id="request", placeholder="What should be done? Enter starts a session.")
        yield RowsView(id="sessions")
        yield Input(id="search", placeholder="search in requests, specs, reasons, findings, files",
                    compact=True)  # fmt: skip
        yield Bar(id="keys")

    def on_mount(self) -> None:
        """Paint, then load."""
        self.query_one("#request").border_title = "New request"
        self.query_one("#sessions").border_title = "Sessions of this repository"
        keys = [("enter", "open"), ("tab", "request"), ("/", "search"), ("x", "archive"),
                ("R", "name"), ("#", "tags"), ("A", "all"), ("q", "quit")]  # fmt: skip
        parts = [Content.assemble((key, "bold $gate"), f" {label}") for key, label in keys]
        self.query_one("#keys", Bar).show(Content("  ").join(parts))
        self.query_one("#request").focus()
        self.call_after_refresh(self.reload)

    def reload(self) -> None:
        """Read the list again."""
        self.run_worker(self._reload(), name="load sessions", group="load", exclusive=True)

    async def _reload(self) -> None:
        # What was known is shown at once, then what changed since.
        for fresh in (False, True):
            header, self._make = await self._load(self._words, self._archived, fresh)
            self.query_one("#header", Bar).show(header)
            self._show()

    @on(RowsView.Resized)
    def _show(self) -> None:
        view = self.query_one("#sessions", RowsView)
        if self._make is not None and view.text_width > 0:
            before = view.row.key if view.row is not None else None
            view.show(self._make(view.text_width))
            if before is not None and view.row is not None and view.row.key != before:
                view.select_key(before)

    @on(Input.Submitted, "#request")
    def _submitted(self, event: Input.Submitted) -> None:
        if event.value.strip():
            request, event.input.value = event.value, ""
            self._start(request)

    def keep_request(self, request: str) -> None:
        """Put back a request that could not begin, unless the next one is being written."""
        box = self.query_one("#request", Input)
        if not box.value:
            box.value = request
            box.cursor_position = len(request)

    @on(RowsView.Activated)
    def action_open(self) -> None:
        """Open the session at the cursor."""
        row = self.query_one("#sessions", RowsView).row
        if row is not None and isinstance(row.key, str):
            self._open(row.key)

    @on(Input.Changed, "#search")
    def _searched(self, event: Input.Changed) -> None:
        self._words = event.value.strip()
        self.run_worker(self._find(), name="search sessions", group="load", exclusive=True)

    async def _find(self) -> None:
        _, self._make = await self._load(self._words, self._archived, not self._words)
        self._show()

    @on(Input.Submitted, "#search")
    def _found(self) -> None:
        self.query_one("#sessions").focus()

    def action_search(self) -> None:
        """Search in all that was said."""
        box = self.query_one("#search", Input)
        box.add_class("-shown")
        box.focus()

    def action_archived(self) -> None:
        """Show archived sessions as well, or not any more."""
        self._archived = not self._archived
        title = "Sessions of this repository" + (", archived ones too" if self._archived else "")
        self.query_one("#sessions").border_title = title
        self.reload()

    async def action_label(self, what: str) -> None:
        """Change the name or the tags of the session at the cursor, or archive it."""
        row = self.query_one("#sessions", RowsView).row
        if row is not None and isinstance(row.key, str):
            await self._label(row.key, what)

    def action_end(self, top: bool) -> None:
        """Go to an end of the list."""
        self.query_one("#sessions", RowsView).to_end(top=top)

    def action_move(self, steps: int) -> None:
        """Move in the list."""
        self.query_one("#sessions", RowsView).move(steps)

    def action_page(self, direction: int) -> None:
        """Move by a page."""
        self.query_one("#sessions", RowsView).page(direction)

    def action_request(self) -> None:
        """Go to the box for a request."""
        self.query_one("#request").focus()

    def action_list(self) -> None:
        """Go to the list; from the search, to all of it."""
        box = self.query_one("#search", Input)
        if box.has_class("-shown"):
            box.remove_class("-shown")
            box.value = ""
        self.query_one("#sessions").focus()

    def action_other(self) -> None:
        """Between the two."""
        if self.focused is not None and self.focused.id == "request":
            self.action_list()
        else:
            self.action_request()

    def action_leave(self) -> None:
        """Quit."""
        self.app.exit()
