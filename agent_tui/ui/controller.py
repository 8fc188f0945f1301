"""What the keys of a session screen do: the actions that a live session and a replay share."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Hashable
from typing import Literal

from textual.content import Content
from textual.notifications import SeverityLevel

from agent_tui.domain.links import Links, Node, NodeKind
from agent_tui.domain.state import State
from agent_tui.domain.text import visible, visible_lines
from agent_tui.ui.actions import BY_ID, key_names
from agent_tui.ui.diff import DiffView
from agent_tui.ui.diff.find import REGEX
from agent_tui.ui.diff_actions import DiffActions
from agent_tui.ui.presenter import Presenter
from agent_tui.ui.render.comments import comment_rows
from agent_tui.ui.render.status import count
from agent_tui.ui.render.timeline import timeline_rows
from agent_tui.ui.screens.ask import PickDialog
from agent_tui.ui.screens.dialogs import RowsDialog
from agent_tui.ui.screens.help import HelpDialog
from agent_tui.ui.screens.session import SessionScreen
from agent_tui.ui.sources import Source
from agent_tui.ui.widgets.rows import Row, RowsView

Do = Callable[[], Awaitable[None] | None]


_PANE_OF: dict[NodeKind, int] = {"criterion": 0, "hunk": 1, "finding": 2, "check": 2}
_FOLLOW: dict[NodeKind, tuple[NodeKind, ...]] = {
    "criterion": ("hunk", "finding", "check"),
    "hunk": ("criterion", "finding", "check"),
    "finding": ("finding", "hunk", "criterion", "check"),
    "check": ("finding", "criterion", "hunk"),
}
"""Where Enter goes from a thing: the nearest kind first."""


def _targets(links: Links, node: Node, kind: NodeKind) -> list[Node]:
    if kind == node.kind:
        return [node]  # a finding is shown in the diff as well, under its line
    return sorted(
        (n for n in links.direct(node) if n.kind == kind), key=lambda n: (len(n.id), n.id)
    )


ON_ALL = "on all"
"""What stands in the list of comments for a new one on the whole change."""


class SessionController(ABC):
    """The actions that a session and a replay share: moving, marking, searching, looking.

    Args:
        screen: The session screen.
    """

    where: Literal["session", "replay"] = "replay"

    def __init__(self, screen: SessionScreen) -> None:
        self.screen = screen
        self._pattern = ""
        self._direction = 1
        self.presenter: Presenter
        self._actions: dict[str, Do] = {
            "next-hunk": lambda: self._to("hunk", 1),
            "previous-hunk": lambda: self._to("hunk", -1),
            "next-file": lambda: self._to("file", 1),
            "previous-file": lambda: self._to("file", -1),
            "follow": self._follow,
            "down": lambda: self.view.move(1),
            "up": lambda: self.view.move(-1),
            "page-down": lambda: self.view.page(1),
            "page-up": lambda: self.view.page(-1),
            "bottom": lambda: self.view.to_end(top=False),
            "top": lambda: self.view.to_end(top=True),
            "next-pane": lambda: self._pane(screen.pane_index + 1),
            "previous-pane": lambda: self._pane(screen.pane_index - 1),
            "pane-spec": lambda: self._pane(0),
            "pane-diff": lambda: self._pane(1),
            "pane-verdict": lambda: self._pane(2),
            "activity": self._activity,
            "zoom": self._zoom,
            "timeline": self._timeline,
            "next-note": lambda: self._to_note(1),
            "previous-note": lambda: self._to_note(-1),
            "comments": self._comments,
            "since": self._since,
            "search": self.screen.begin_search,
            "next-match": lambda: self._match(1),
            "previous-match": lambda: self._match(-1),
            "copy": self._copy,
            **DiffActions(screen, self.tell, lambda: self._pane(1)).by_id,
            "interrupt": self._escape,
            "help": self._help,
            "leave": self._leave,
        }

    def attach(self, source: Source) -> None:
        """Show a source on the screen."""
        self.presenter = Presenter(self.screen, source, self.gate_keys, lambda: self.deaf)
        self.presenter.changed()

    @property
    def state(self) -> State:
        """The state in force."""
        return self.presenter.state

    @property
    def view(self) -> RowsView | DiffView:
        """The active pane."""
        return self.screen.active_view

    @property
    def deaf(self) -> bool:
        """Whether keys that decide are dead for a moment."""
        return False

    def gate_keys(self) -> list[tuple[str, str]]:
        """The actions to offer in the gate bar, as pairs of id and label."""
        return []

    def why_not(self, action_id: str) -> str:
        """Why an action is not possible now, or "" if it is."""
        if action_id not in self._actions:
            return "nothing runs in a replay" if self.where == "replay" else "only in a replay"
        if action_id in ("next-match", "previous-match") and not self._pattern:
            return "search first, with /"
        return ""

    async def do(self, action_id: str) -> None:
        """Run an action, or say why it is not possible."""
        reason = self.why_not(action_id)
        if reason:
            label = BY_ID[action_id].label
            self.tell(f"{label}: {reason}", "warning")
            return
        result = self._actions[action_id]()
        if result is not None:
            await result

    def tell(self, text: str, severity: SeverityLevel = "information") -> None:
        """Show a short message."""
        self.screen.notify(visible_lines(text), severity=severity, markup=False, timeout=4)

    # -- messages of the panes ---------------------------------------------------------------

    def selected(self, view: RowsView | DiffView) -> None:
        """The cursor of a pane moved."""
        self.presenter.selected(view)

    def seen_more(self) -> None:
        """More of the diff was on the screen."""
        self.presenter.seen_more()

    def redraw(self) -> None:
        """The width of a pane changed."""
        self.presenter.redraw()

    def search(self, pattern: str) -> None:
        """Search in the active pane."""
        self._pattern = pattern
        if isinstance(self.view, DiffView):
            self.view.search(pattern)
        elif not self.view.search(pattern, here=True) and pattern:
            self.tell(f"“{pattern}” is not in this pane", "warning")

    def searched(self, count_: int, at: int) -> None:
        """A search in the diff has ended."""
        title = f"“{self._pattern}” {at}/{count_:,}" if count_ else ""
        self.screen.query_one("#diff-pane").border_subtitle = Content(visible(title))
        if not count_:
            self.tell(self._not_found(), "warning")

    def _not_found(self) -> str:
        words, text = f"“{self._pattern}” is in no line of this diff", self._pattern.lower()
        if any(text in file.path.lower() for file in self.presenter.shown_patch.files):
            words += f"; {key_names(self.screen.keys_of('go-to-file'))} goes to a file by its name"
        elif text != self._pattern and not self._pattern.startswith(REGEX):
            words += "; in small letters it would be looked for in any case"
        return words

    # -- actions -----------------------------------------------------------------------------

    def _to(self, what: str, direction: int) -> None:
        self._pane(1)
        view = self.view
        if not isinstance(view, DiffView):
            self.tell("there is no diff yet")
            return
        if not (view.next_hunk(direction) if what == "hunk" else view.next_file(direction)):
            self.tell(f"there is no {'next' if direction > 0 else 'earlier'} {what}")

    def _to_note(self, direction: int) -> None:
        self._pane(1)
        if not isinstance(self.view, DiffView) or not self.view.next_note(direction):
            self.tell(f"there is no {'next' if direction > 0 else 'earlier'} finding or comment")

    def _comments(self) -> None:
        state = self.state
        rows = comment_rows(state.comments, state.comment_drafts, self.presenter.patch)
        write = self.comment_on_all()
        if write is not None:
            words = Content.styled("+ comment on the whole change", "bold $gate")
            rows.append(Row(words, item=ON_ALL, key=ON_ALL))
        if not rows:
            self.tell("there are no comments")
            return

        def done(chosen: Hashable | None) -> None:
            if chosen == ON_ALL and write is not None:
                write()
            elif isinstance(chosen, str):
                self._pane(1)
                self.presenter.pane.view.go_to_note(chosen)

        waiting = sum(entry.status == "open" for entry in state.comments)
        title = f"Comments ({waiting} open)"
        dialog = PickDialog(title, lambda width: rows, note="enter goes there · esc closes")
        self.screen.app.push_screen(dialog, done)

    def open_comment(self) -> bool:
        """Open the comment that the cursor is on. False if it is on none, or in a replay."""
        return False

    def comment_on_all(self) -> Callable[[], None] | None:
        """Writes a comment on the whole change, where that is possible."""
        return None

    async def _since(self) -> None:
        if not await self.presenter.compare():
            self.tell("there is nothing earlier to compare this with")
        self._pane(1)

    def _follow(self) -> None:
        if isinstance(self.view, DiffView) and (self.view.toggle_fold() or self.open_comment()):
            return
        node = self.presenter.node
        links = self.presenter.links
        if node is None or links is None:
            return
        here = self.screen.pane_index
        for kind in _FOLLOW[node.kind]:
            for target in _targets(links, node, kind):
                # A finding's own place in the diff is under its line.
                pane = 1 if target == node and here == 2 else _PANE_OF[kind]
                if pane == here or not self._has(pane, target):
                    continue
                self._pane(pane)
                self.presenter.go_to(pane, target)
                return
        self.tell("nothing is linked to this")

    def _has(self, pane: int, target: Node) -> bool:
        return self.presenter.has(pane, target)

    def _pane(self, index: int) -> None:
        self.screen.show_pane(index)
        self.presenter.redraw()

    def _activity(self) -> None:
        self.presenter.show_activity = not self.presenter.show_activity
        self.presenter.redraw()
        self.screen.call_after_refresh(self.screen.show_pane, 1)

    def _zoom(self) -> None:
        self.screen.toggle_class("-zoomed")
        self.screen.call_after_refresh(self.view.show_cursor)

    def _timeline(self) -> None:
        state = self.state
        dialog = RowsDialog("Timeline", lambda width: timeline_rows(state, width))
        self.screen.app.push_screen(dialog)

    def _match(self, direction: int) -> None:
        if isinstance(self.view, DiffView):
            self.view.search_on(self._pattern, direction)
        elif not self.view.search(self._pattern, direction):
            self.tell(f"“{self._pattern}” is not in this pane", "warning")

    def _copy(self) -> None:
        view = self.view
        lines: list[str] = []
        if isinstance(view, DiffView):
            lines = view.selected_text().split("\n")
        else:
            for row in view.selected:
                content = row.text() if callable(row.text) else row.text
                lines.append(content.plain.rstrip())
        if any(lines):
            self.screen.app.copy_to_clipboard("\n".join(lines))
            self.tell(f"copied {count(len(lines), 'line')}")

    def _escape(self) -> Awaitable[None] | None:
        if self.screen.end_search():
            return None
        if self.view.has_range:
            self.view.toggle_range()
            self.presenter.changed()
            return None
        return self.escape()

    def escape(self) -> Awaitable[None] | None:
        """Escape where nothing is to be closed."""
        return None

    def _help(self) -> None:
        self.screen.app.push_screen(HelpDialog(self.where, self.why_not, self.screen.keys_of))

    def _leave(self) -> Awaitable[None] | None:
        return self.leave()

    @abstractmethod
    async def leave(self) -> None:
        """Go away from the session."""
