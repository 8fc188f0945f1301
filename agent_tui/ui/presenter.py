"""From a session's state to what the widgets show. Live sessions and replays share it."""

from collections.abc import Callable
from functools import partial

from textual.content import Content

from agent_tui.domain.carry import Carried
from agent_tui.domain.decision import Selection
from agent_tui.domain.links import Links, Node
from agent_tui.domain.patch import Patch, first_files, parse_patch
from agent_tui.domain.state import State
from agent_tui.ui.diff import DiffView
from agent_tui.ui.diff_pane import DiffPane, node_of
from agent_tui.ui.frames import Frames
from agent_tui.ui.looks import Looks
from agent_tui.ui.render import diff, spec, status, verdict
from agent_tui.ui.render.activity import CHARACTERS, IN_REPLAY, activity_rows
from agent_tui.ui.render.comments import comment_notes
from agent_tui.ui.render.tool import tool_rows
from agent_tui.ui.screens.session import SessionScreen
from agent_tui.ui.selection import DraftSelection
from agent_tui.ui.sources import Source
from agent_tui.ui.widgets.bars import Bar, GateBar, Pane, PaneTabs, Timeline
from agent_tui.ui.widgets.rows import RowsView

FEW_HUNKS = 100
"""Up to so many, reading the lines that are claimed takes less than a thread does."""


class Presenter:
    """Keeps the widgets of a session screen equal to a state.

    Args:
        screen: The screen.
        source: Where the state comes from.
        gate_keys: The actions to offer, as pairs of id and label.
        deaf: Whether keys are dead because a gate has just appeared.

    Attributes:
        settled: Set while all that happened is on the screen.
        carried: What is known of the patch from an earlier look.
        comparing: Whether the difference to that earlier revision is shown instead.
    """

    def __init__(
        self,
        screen: SessionScreen,
        source: Source,
        gate_keys: Callable[[], list[tuple[str, str]]],
        deaf: Callable[[], bool],
    ) -> None:
        self._screen = screen
        self._source = source
        self._gate_keys = gate_keys
        self._deaf = deaf
        self._patches: dict[str, Patch] = {}
        self._shown: dict[str, object] = {}
        self._stage: dict[str, object] = {}
        self._frames = Frames(screen, self.refresh, screen.presence)
        self.settled = self._frames.settled
        self._focused_for: object = None
        self.patch = Patch()
        self.links: Links | None = None
        self.draft = DraftSelection(self.patch)
        self._drafts: dict[int, DraftSelection] = {}
        self._marked = Selection()
        self._tree, self._attempt = "", 0
        self._looks = Looks(source.blob)
        self.carried, self.comparing = Carried(), False
        self._compared, self.show_activity = Patch(), False
        self.node: Node | None = None
        self._at: object = None
        self.pane = DiffPane(screen.query_one("#diff", DiffView))

    @property
    def state(self) -> State:
        """The state in force."""
        return self._source.state

    def changed(self, *, at_once: bool = False) -> None:
        """Something happened: show it with the next frame, or at once if a person did it."""
        self._frames.ask(at_once=at_once)

    async def refresh(self) -> None:
        """Show the state as it is now."""
        if not self._screen.is_mounted:
            return
        state = self.state
        await self._load_patch(state)
        await self._link(state)
        self._show_bars(state)
        self._show_spec(state)
        self._show_diff(state)
        self._show_verdict(state)
        self._attend(state)
        view = self._screen.active_view
        if self._screen.is_active and view.item is not self._at:
            self.selected(view)

    def redraw(self) -> None:
        """Make all rows anew, for another width or selection."""
        self._shown.clear()
        self.changed(at_once=True)

    # -- the patch ---------------------------------------------------------------------------

    async def _load_patch(self, state: State) -> None:
        revision = state.revision
        if revision is None:
            self.patch, self._tree, self._attempt = Patch(), "", 0
            return
        digest = revision.patch.digest
        if digest not in self._patches:
            raw = await self._source.blob(revision.patch)
            head = first_files(raw) if revision.attempt != self._attempt else None
            if head is not None:  # there is something to read while the rest is parsed
                self.pane.view.show_first(await self._screen.in_thread(parse_patch, head))
            self._patches[digest] = await self._screen.in_thread(parse_patch, raw)
            self._screen.keep_loaded()
        if self._tree != revision.tree or self.patch is not self._patches[digest]:
            self._tree = revision.tree
            self.patch = self._patches[digest]
            self._begin_draft(state)
            self.carried = await self._looks.carried(state, self.patch)
            self.comparing = False
            # What the person makes of an attempt is looked at where they were in it.
            stays = revision.attempt == self._attempt
            known = {*state.seen, *(self.pane.seen_ids if stays else ())}
            kept = {hunk for hunk in known if self.patch.find(hunk) is not None}
            self._attempt = revision.attempt
            self.pane.begin({*self.carried.seen, *kept}, stays=stays)
        elif state.marked is not self._marked and (not self._source.live or not self.draft.version):
            self._begin_draft(state)

    def _begin_draft(self, state: State) -> None:
        self._marked = state.marked
        if self.draft.version:
            self._drafts[id(self.draft.patch)] = self.draft
        kept = self._drafts.get(id(self.patch))
        if kept is not None and kept.selection == state.marked:
            self.draft = kept  # of the same patch as before, with what can be taken back
        else:
            self.draft = DraftSelection(self.patch, state.marked)

    @property
    def shown_patch(self) -> Patch:
        """The patch in the diff pane: the whole change, or what is different."""
        return self._compared if self.comparing else self.patch

    async def compare(self) -> bool:
        """Show the difference to the earlier revision, or the whole change again.

        Returns:
            False if there is no earlier one.
        """
        revision = self.state.revision
        if revision is None or revision.since is None:
            return False
        if not self.comparing:
            self._compared = await self._looks.patch(revision.since.patch)
        self.comparing = not self.comparing
        self.redraw()
        return True

    async def _link(self, state: State) -> None:
        revision = state.revision
        key = (state.spec, revision, state.ledger, self.patch)
        if self._shown.get("links") != key or self.links is None:
            self._shown["links"] = key
            link = partial(
                Links,
                state.spec.spec if state.spec else None,
                self.patch,
                revision.report if revision else None,
                (revision.checks or ()) if revision else (),
                [entry.finding for entry in state.ledger],
            )
            many = self.patch.hunk_count > FEW_HUNKS
            self.links = await self._screen.in_thread(link) if many else link()

    # -- widgets -----------------------------------------------------------------------------

    def tick(self) -> None:
        """A second went by."""
        if self._screen.is_mounted:
            self._show_header(self.state)
            if self.state.retry is not None:
                self.show_gate()

    def _show_header(self, state: State) -> None:
        bar = self._screen.query_one("#header", Bar)
        width = bar.content_size.width
        idle = self._source.since_last() if state.finished is None else 0.0
        bar.show(status.header(state, width, idle, replaying=self._source.place))

    def _show_bars(self, state: State) -> None:
        self._show_header(state)
        room = self._screen.size.width + 1  # so that it shows when something was cut
        self._screen.query_one("#timeline", Timeline).show(status.timeline(state, room))
        self.show_gate()
        titles = self._titles(state)
        for pane_id, title in zip(("spec-pane", "diff-pane", "verdict-pane"), titles, strict=True):
            self._screen.query_one(f"#{pane_id}", Pane).show_title(title)
        self._screen.query_one("#tabs", PaneTabs).show_tabs(titles, self._screen.pane_index)

    def _titles(self, state: State) -> list[Content]:
        return [
            spec.spec_title(state),
            diff.diff_title(
                state,
                self.pane.seen,
                self.patch.hunk_count,
                marking=self.pane.view.has_range,
                since=self.comparing,
            ),
            verdict.verdict_title(state),
        ]

    def show_gate(self) -> None:
        """Show the gate bar."""
        state = self.state
        idle = self._source.since_last() if state.retry is not None else 0.0
        question = status.gate_question(
            state, self.patch, self.pane.seen, idle, known=len(self.carried.accepted)
        )
        if self._source.caption:
            question = status.replay_caption(self._source.caption)
        self._screen.query_one("#gate", GateBar).show(
            question,
            status.gate_keys(self._gate_keys(), self._screen.keys_of),
            waiting=state.gate is not None and self._source.live,
            deaf=self._deaf(),
        )

    @property
    def _room(self) -> int:
        """Characters that are shown of what a step streams."""
        return CHARACTERS if self._source.live else IN_REPLAY

    def _view(self, name: str) -> RowsView:
        return self._screen.query_one(f"#{name}", RowsView)

    def _changed(self, name: str, *key: object) -> bool:
        if self._shown.get(name) == key:
            return False
        self._shown[name] = key
        return True

    def _show_spec(self, state: State) -> None:
        view = self._view("spec")
        step = state.step
        live = step if step is not None and step.kind == "plan" else None
        checked = state.revision.verdict if state.revision else None
        width = view.text_width
        if width > 0 and self._changed("spec", state.specs, live, checked, self.links, width):
            running = bool(live and live.running)
            rows = spec.spec_rows(state, self.links, width, self._room)
            view.show(rows, follow=running)
            if self._stage.get("spec version") != len(state.specs):
                self._stage["spec version"] = len(state.specs)
                view.to_end(top=True)

    def _show_diff(self, state: State) -> None:
        step = state.step
        coding = step is not None and step.kind == "code" and step.outcome != "done"
        gate = state.gate
        if gate is not None and gate.kind == "diff" and self._stage.get("diff gate") != gate.id:
            self._stage["diff gate"] = gate.id  # what is asked about has to be on the screen
            self.show_activity = False
        asking = gate is not None and gate.kind == "tool"
        activity = coding or asking or self.show_activity or state.revision is None
        self._screen.show_activity(activity)
        if activity:
            self._show_activity(state)
            return
        revision = state.revision
        draft = (self.draft, self.draft.version)
        key = (revision, state.ledger, draft, self.links, id(self.patch))
        said = (state.comments, state.comment_drafts, self.comparing)
        if revision is not None and self._changed("diff", *key, *said):
            comments = comment_notes(
                state.comments,
                state.comment_drafts,
                self.shown_patch,
                part=self.comparing,
            )
            if self.comparing:
                self.pane.compare(self._source, revision, self._compared, comments)
                return
            self.pane.show(
                self._source,
                revision,
                self.patch,
                links=self.links,
                ledger=state.ledger,
                draft=self.draft,
                comments=comments,
                carried=self.carried,
            )

    def _show_activity(self, state: State) -> None:
        view = self._view("activity")
        step = next((s for s in reversed(state.steps) if s.kind == "code"), None)
        width = view.text_width
        question = state.gate.tool if state.gate is not None else None
        if width > 0 and self._changed("activity", step, question, width):
            asked = tool_rows(question, width) if question is not None else []
            view.show(
                [
                    *activity_rows(state, width, self._room),
                    *asked,
                ],
                follow=True,
            )

    def _show_verdict(self, state: State) -> None:
        view = self._view("verdict")
        step = state.step
        live = step if step is not None and step.kind in ("check", "review") else None
        width = view.text_width
        key = (state.revision, live, state.ledger, state.messages, state.commit, state.refused)
        tools = step if state.session is not None and state.session.source is not None else None
        if width > 0 and self._changed(
            "verdict",
            *key,
            state.comments,
            state.deploy,
            state.finished,
            state.session,
            tools,
            width,
        ):
            rows = verdict.verdict_rows(state, width, self._room)
            view.show(rows, follow=bool(live and live.running))
            stage = (
                live is not None and live.running,
                state.messages,
                state.commit,
                state.finished,
            )
            if self._stage.get("verdict stage") != stage:
                self._stage["verdict stage"] = stage
                view.to_end(top=True)

    # -- attention ---------------------------------------------------------------------------

    def _attend(self, state: State) -> None:
        """Bring the pane to the front in which something begins to happen."""
        gate, step = state.gate, state.step
        subject: object = None
        pane = None
        if gate is not None:
            subject = gate.id
            pane = {"spec": 0, "diff": 1, "tool": 1}.get(gate.kind, 2)
            if gate.kind in ("limit", "fault"):
                pane = None
        elif step is not None and step.running:
            subject = step.id
            pane = {"plan": 0, "code": 1}.get(step.kind, 2)
        if subject != self._focused_for:
            self._focused_for = subject
            if pane is not None:
                self._screen.show_pane(pane)

    def seen_more(self) -> None:
        """More of the diff was on the screen."""
        self._show_bars(self.state)

    def node_at(self, view: RowsView | DiffView) -> Node | None:
        """What the cursor of a pane is on."""
        if isinstance(view, DiffView):
            return node_of(view.place)
        return view.row.key if view.row is not None and isinstance(view.row.key, Node) else None

    def selected(self, view: RowsView | DiffView) -> None:
        """The cursor of a pane moved: mark what is linked, and bring it on the screen."""
        self._at = view.item
        node = self.node_at(view)
        self.node = node
        related = self.links.related(node) if node is not None and self.links else frozenset()
        marks = frozenset({*related, node}) if node is not None else frozenset()
        self.pane.mark(marks)
        if self.pane.view is not view and self.pane.view.display and marks:
            hunks = self.links.hunks_of(node) if self.links and node is not None else ()
            first = [node] if node is not None else []
            self.pane.reveal([*first, *(Node("hunk", hunk) for hunk in hunks)])
        for name in ("spec", "verdict"):
            other = self._view(name)
            other.marks = marks
            if other is not view and other.display:
                # The thing itself, where this pane shows it too, or else what is linked to it.
                keys = [r.key for r in other.rows]
                found = node if node in keys else next((k for k in keys if k in related), None)
                if found is not None:
                    other.reveal(found)

    def has(self, pane: int, node: Node) -> bool:
        """Whether a pane shows something."""
        view = self._screen.view_of(pane)
        if isinstance(view, DiffView):
            return self.pane.row_of(node) is not None
        return any(row.key == node for row in view.rows)

    def go_to(self, pane: int, node: Node) -> None:
        """Put a pane's cursor on something."""
        view = self._screen.view_of(pane)
        if isinstance(view, DiffView):
            self.pane.go_to(node)
        else:
            view.select_key(node)
