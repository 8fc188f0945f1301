"""The home screen: the sessions of this repository, and a box for a new request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input

from agent_tui.ui.drafts import Draft, DraftScreen
from agent_tui.ui.screens.lists import Make, SessionsScreen
from agent_tui.ui.widgets.bars import Bar
from agent_tui.ui.widgets.rows import Row, RowsView

SHOWN = (("enter", "open"), ("tab", "new"), ("/", "search"), ("f", "filter"),
         ("space", "mark"), ("=", "compare"), ("?", "keys"), ("q", "quit"))  # fmt: skip
KEYS = (
    ("enter", "go on with the session, or replay it if it has ended"),
    ("tab", "between the list and the box for a new request"),
    ("/", "search: words, and terms such as state:left since:7d repo:all"),
    ("f", "choose what to show: state, age, model, tag, cost"),
    ("space", "mark the session, for the keys that take several"),
    ("=", "compare the marked sessions, or the marked one with this one"),
    ("R", "give the session a name"),
    ("#", "give it tags"),
    ("x", "archive the marked sessions or this one, or take them back"),
    ("A", "show archived ones as well"),
    ("D", "delete the marked sessions or this one, after a question"),
    ("j k g G", "move"),
    ("esc", "leave the search, and forget the marks"),
    ("q", "quit; ctrl+q does so from anywhere"),
)


class HomeScreen(SessionsScreen, DraftScreen[None]):
    """Lists sessions and takes requests.

    Args:
        load: Called when the screen has been painted, and whenever it comes back, with the words
            to search for, whether archived sessions count, and whether to read what changed;
            returns the header line and a function that makes the rows of the list for a width.
        start: Starts a session with a request.
        open_session: Opens the session of a row, by the row's key.
        act: Does something to sessions: changes the ``name`` or the ``tags`` of the first, or
            archives, compares or deletes them all; ``filter`` asks what to show.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", show=False),
        Binding("n,i", "request", show=False),
        Binding("slash", "search", show=False),
        Binding("A", "archived", show=False),
        Binding("f", "act('filter')", show=False),
        Binding("space", "mark", show=False),
        Binding("equals_sign", "compare", show=False),
        Binding("x", "act('archive')", show=False),
        Binding("R", "act('name')", show=False),
        Binding("number_sign", "act('tags')", show=False),
        Binding("D,delete", "act('delete')", show=False),
        Binding("question_mark", "help", show=False),
        Binding("escape", "list", show=False),
        Binding("tab", "other", show=False),
        Binding("q", "leave", show=False),
    ]

    def __init__(
        self,
        load: Callable[[str, bool, bool], Awaitable[tuple[Content, Make]]],
        start: Callable[[str], None],
        open_session: Callable[[str], None],
        act: Callable[[str, tuple[str, ...]], Awaitable[None]],
    ) -> None:
        super().__init__(open_session)
        self._load = load
        self._start = start
        self._act = act
        self._words = ""
        self._archived = False
        self._marked: list[str] = []

    def compose(self) -> ComposeResult:
        """The widgets, empty."""
        yield Bar(Content.styled("agent-tui", "bold"), id="header")
        yield Input(id="request", placeholder="What should be done? Enter starts a session.")
        yield RowsView(id="sessions")
        hint = "words said anywhere, and state:left since:7d tag:x repo:all"
        yield Input(id="search", placeholder=hint, compact=True)
        yield Bar(id="keys")

    def on_mount(self) -> None:
        """Paint, then load."""
        self.query_one("#request").border_title = "New request"
        self.listing.border_title = "Sessions of this repository"
        self.show_keys(SHOWN)
        self.query_one("#request").focus()
        self.call_after_refresh(self.reload)

    async def read(self) -> None:
        """Show at once what was known, then what changed since."""
        for fresh in (False, True):
            header, make = await self._load(self._words, self._archived, fresh)
            self.query_one("#header", Bar).show(header)
            self.show_rows(make)

    @on(Input.Submitted, "#request")
    def _submitted(self, event: Input.Submitted) -> None:
        if event.value.strip():
            request, event.input.value = event.value, ""
            self._start(request)

    @on(Input.Changed, "#request")
    def _written(self, event: Input.Changed) -> None:
        self.save_draft(event.value)

    def take_up(self, draft: Draft) -> None:
        """Show what was written before and not sent, and keep from now on what is."""
        if self._draft is None:
            self._draft = draft
            self.keep_request(draft.text)
            self.save_draft(self.query_one("#request", Input).value)

    def on_unmount(self) -> None:
        """What was written is there the next time."""
        self.keep_draft()

    def keep_request(self, request: str) -> None:
        """Put back a request that could not begin, unless the next one is being written."""
        box = self.query_one("#request", Input)
        if not box.value:
            box.value = request
            box.cursor_position = len(request)

    @on(Input.Changed, "#search")
    def _searched(self, event: Input.Changed) -> None:
        self._words = event.value.strip()
        self._show_title()
        self.run_worker(self._find(), name="search sessions", group="load", exclusive=True)

    async def _find(self) -> None:
        _, make = await self._load(self._words, self._archived, not self._words)
        self.show_rows(make)

    @on(Input.Submitted, "#search")
    def _found(self) -> None:
        self.listing.focus()

    def action_search(self) -> None:
        """Search in all that was said."""
        box = self.query_one("#search", Input)
        box.add_class("-shown")
        box.focus()

    def action_archived(self) -> None:
        """Show archived sessions as well, or not any more."""
        self._archived = not self._archived
        self._show_title()
        self.reload()

    def _show_title(self) -> None:
        title = "Sessions" if "repo:" in self._words else "Sessions of this repository"
        title += ", archived ones too" if self._archived else ""
        marked = f" · {len(self._marked)} marked" if self._marked else ""
        self.listing.border_title = title + marked
        self.listing.marks = frozenset(self._marked)

    def forget_marks(self) -> None:
        """Nothing is marked any more."""
        self._marked = []
        self._show_title()

    def narrow(self, term: str) -> None:
        """Add a term to what is searched for, in the place of another one of its kind."""
        box = self.query_one("#search", Input)
        key = term.partition(":")[0] + ":"
        words = [word for word in box.value.split() if not word.startswith(key)]
        box.add_class("-shown")
        box.value = " ".join([*words, term])
        self.listing.focus()

    def action_mark(self) -> None:
        """Mark the session at the cursor, or take the mark away, and go on to the next."""
        here = self.here
        if here is not None:
            self._marked = [m for m in self._marked if m != here] + (
                [] if here in self._marked else [here]
            )
            self._show_title()
            self.listing.move(1)

    async def action_compare(self) -> None:
        """Compare the marked sessions; one alone with the session at the cursor."""
        names = list(self._marked)
        if len(names) < 2 and self.here is not None and self.here not in names:
            names.append(self.here)
        if len(names) < 2:
            words = "space marks sessions; mark two or more, then = shows them side by side"
            self.notify(words, markup=False)
            return
        await self._act("compare", tuple(names))

    async def action_act(self, what: str) -> None:
        """Do something to the marked sessions, or to the one at the cursor."""
        here = self.here
        several = what in ("archive", "delete") and self._marked
        names = self._marked if several else [here] if here is not None else []
        if what == "filter" or names:
            await self._act(what, tuple(names))
        if several and what == "archive":
            self.forget_marks()

    def action_help(self) -> None:
        """Show all keys."""
        from agent_tui.ui.render.text import hang, rows  # noqa: PLC0415 - when it is first needed
        from agent_tui.ui.screens.ask import PickDialog  # noqa: PLC0415

        def help_rows(width: int) -> list[Row]:
            said = [(Content.styled(f"  {keys:<10}", "bold $gate"), words) for keys, words in KEYS]
            return [row for keys, words in said for row in rows(hang(keys, Content(words), width))]

        self.app.push_screen(PickDialog("Keys", help_rows, note="↑ ↓ move · esc closes"))

    def action_request(self) -> None:
        """Go to the box for a request."""
        self.query_one("#request").focus()

    def action_list(self) -> None:
        """Go to the list; from the search, to all of it."""
        box = self.query_one("#search", Input)
        if box.has_class("-shown"):
            box.remove_class("-shown")
            box.value = ""
        elif self._marked and self.focused is not None and self.focused.id == "sessions":
            self.forget_marks()
        self.listing.focus()

    def action_other(self) -> None:
        """Between the two."""
        if self.focused is not None and self.focused.id == "request":
            self.action_list()
        else:
            self.action_request()
