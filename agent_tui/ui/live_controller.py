"""What the keys do in a session that runs: decisions at gates, and what leads to them."""

import contextlib
from collections.abc import Awaitable, Callable

from agent_tui.domain.decision import (
    Answer,
    Approve,
    GoBackTo,
    SaveDraft,
    SaveSelection,
    Seen,
)
from agent_tui.domain.own_changes import OwnChanges, own_changes
from agent_tui.domain.state import Revision
from agent_tui.domain.verdict import LedgerEntry
from agent_tui.ui import finding_acts, undoing
from agent_tui.ui.actions import BY_ID
from agent_tui.ui.commenting import Commenting
from agent_tui.ui.controller import SessionController
from agent_tui.ui.delays import after
from agent_tui.ui.diff import DiffView
from agent_tui.ui.drafts import Draft
from agent_tui.ui.grace import Grace
from agent_tui.ui.offers import failed_role, nothing_left, offers
from agent_tui.ui.rejecting import reject
from agent_tui.ui.screens import tool_gate
from agent_tui.ui.screens.session import SessionScreen


class LiveController(SessionController):
    """The actions of a session that runs: decisions at gates, and what leads to them.

    Args:
        answer: Gives an answer to the gate that waits; False if it waits no more.
        interrupt: Stops the step that runs.
        retry: Ends the wait before a failed call is made again.
        left: Ends the screen and leaves the session.
        take_back: Takes back what the session has committed.
        grace_s: Seconds for which keys are dead when a gate appears.

    Attributes:
        grace: Says for how long they are.
        edit: Opens an editor for what a gate asks about; True for the person's own.
        commenting: Writes comments.
    """

    where = "session"

    def __init__(
        self,
        screen: SessionScreen,
        *,
        answer: Callable[[str, Answer], bool],
        interrupt: Callable[[], bool],
        retry: Callable[[], bool],
        left: Callable[[], Awaitable[None]],
        take_back: Callable[[], Awaitable[None]],
        grace_s: float = 0.4,
    ) -> None:
        super().__init__(screen)
        self._answer_gate = answer
        self._interrupt = interrupt
        self._retry = retry
        self._left = left
        self.grace = Grace(grace_s, self._when_it_listens)
        self.edit: Callable[[bool], Awaitable[None]]
        self.commenting: Commenting
        self._actions |= {
            "approve": self._approve,
            "always": self._always,
            "reject": self._reject,
            "edit": lambda: self.edit(False),
            "edit-outside": lambda: self.edit(True),
            "toggle": self._toggle,
            "range": self._range,
            "undo": self._undo,
            "redo": self._redo,
            "comment": self._comment,
            "waive": self._waive,
            "retry": self._retry_now,
            "take-back": take_back,
        }

    # -- the gate ----------------------------------------------------------------------------

    @property
    def deaf(self) -> bool:
        """Whether a gate appeared a moment ago: what is typed was meant for something else."""
        gate = self.state.gate
        return gate is not None and self.grace.deaf(gate.id)

    def _when_it_listens(self, delay_s: float) -> None:
        after(delay_s + 0.01, self.screen, self.presenter.show_gate)

    def gate_keys(self) -> list[tuple[str, str]]:
        """What can be decided now."""
        keys = offers(self.state, self.presenter.draft.words)
        if self.screen.is_first:
            return keys
        return [(action, "back" if action == "leave" else label) for action, label in keys]

    def why_not(self, action_id: str) -> str:
        """Why an action is not possible now."""
        reason = super().why_not(action_id)
        if not reason and action_id == "retry" and self.state.retry is None:
            return "no call waits for another attempt"
        if not reason and action_id == "take-back":
            return undoing.why_not(self.state)
        if reason or BY_ID[action_id].group not in ("Gate", "Review"):
            return reason
        if action_id in ("comments", "since") or self._commenting_on(action_id):
            return ""
        gate = self.state.gate
        if gate is None:
            return "no gate waits for you"
        kind = gate.kind
        allowed: dict[str, tuple[str, ...]] = {
            "always": ("tool",),
            "edit": ("spec", "diff", "verdict", "message", "deploy", "fault"),
            "edit-outside": ("spec", "diff", "verdict", "message", "deploy"),
            "toggle": ("diff", "verdict"),
            "range": ("diff", "verdict"),
            "undo": ("diff", "verdict"),
            "redo": ("diff", "verdict"),
            "comment": ("diff", "verdict"),
            "waive": ("diff", "verdict"),
        }
        if action_id in allowed and kind not in allowed[action_id]:
            return f"not at the {kind} gate"
        if action_id == "edit" and kind == "fault" and failed_role(self.state) is None:
            return "this fault is not a model's"
        if action_id == "waive" and self._finding() is None:
            return "put the cursor on a finding, or on a check that has one"
        if action_id in ("toggle", "range") and self.screen.active_view.id != "diff":
            return "put the cursor on a hunk of the diff"
        if action_id == "toggle" and self.presenter.comparing:
            return "this is the difference alone; D shows the whole change"
        if action_id == "approve" and kind == "diff" and self.presenter.draft.leaves_nothing:
            return nothing_left(self.state)
        draft = self.presenter.draft
        mine = own_changes(self.state.revisions) if action_id in ("undo", "redo") else OwnChanges()
        if action_id == "undo" and not (draft.can_undo or mine.before):
            return "there is nothing to take back"
        if action_id == "redo" and not (draft.can_redo or mine.after):
            return "nothing was taken back"
        return ""

    def _commenting_on(self, action_id: str) -> bool:
        """Whether a comment can be written on the diff, also while a role works."""
        state, view = self.state, self.view
        there = state.revision is not None and state.finished is None
        return action_id == "comment" and isinstance(view, DiffView) and there

    async def do(self, action_id: str) -> None:
        """Run an action; one that decides is ignored while keys are dead."""
        if BY_ID[action_id].group in ("Gate", "Review") and self.deaf:
            self.grace.typed()
            self.presenter.show_gate()
            return
        await super().do(action_id)

    def answer(self, gate_id: str, answer: Answer) -> None:
        """Give an answer to the gate that it was meant for."""
        if not self._answer_gate(gate_id, answer):
            self.tell("That gate does not wait any more; nothing was decided.", "warning")

    def seen(self) -> Seen | None:
        """What was on the screen, as it is recorded with a decision."""
        total = self.presenter.patch.hunk_count
        ids = tuple(sorted(self.presenter.pane.seen_ids))
        carried = tuple(sorted(self.presenter.carried.accepted))
        return Seen(hunks=len(ids), total=total, ids=ids, carried=carried) if total else None

    def _approve(self) -> None:
        gate = self.state.gate
        if gate is None:
            return
        if gate.kind not in ("diff", "verdict"):
            self.answer(gate.id, Approve())
            return
        selection = self.presenter.draft.selection
        self.answer(gate.id, Approve(selection=selection, seen=self.seen()))

    def _always(self) -> None:
        if self.state.gate is not None:
            tool_gate.always(self.screen, self.state.gate, self.answer)

    def _reject(self) -> None:
        if self.state.gate is not None:
            reject(self, self.state.gate)

    def draft(self, gate_id: str, subject: str) -> Draft:
        """What was written at a gate and not sent; it is kept in the log."""

        def save(text: str) -> None:
            self._answer_gate(gate_id, SaveDraft(subject=subject, text=text))

        return Draft(self.state.draft(gate_id, subject), save)

    # -- the selection -----------------------------------------------------------------------

    def _toggle(self) -> None:
        view = self.view
        if not isinstance(view, DiffView) or view.place is None:
            return
        if view.show_cursor():
            self.tell("the cursor was not on the screen; press again to keep or drop this")
            return
        reason = self.presenter.pane.toggle(self.presenter.draft)
        if reason:
            self.tell(reason, "warning")
        else:
            self._selected_anew()

    def _range(self) -> None:
        self.view.toggle_range()
        self.presenter.changed()

    def _undo(self) -> None:
        if self.presenter.draft.undo():
            self._selected_anew()
        else:
            self._go_back(own_changes(self.state.revisions).before, "your edit is taken back")

    def _redo(self) -> None:
        if self.presenter.draft.redo():
            self._selected_anew()
        else:
            self._go_back(own_changes(self.state.revisions).after, "your edit is made again")

    def _go_back(self, revision: Revision | None, words: str) -> None:
        if self.state.gate is not None and revision is not None:
            answer = GoBackTo(revision=revision.revision, seen=self.seen())
            self.answer(self.state.gate.id, answer)
            self.tell(words)

    def _selected_anew(self) -> None:
        """Show the selection, and keep it in the log: it is still there after a resume."""
        self.presenter.pane.view.redraw_left_out()  # at once; what else it changes can follow
        self.presenter.changed()
        if self.state.gate is not None:
            selection = self.presenter.draft.selection
            seen = tuple(sorted(self.presenter.pane.seen_ids))
            self.answer(self.state.gate.id, SaveSelection(selection=selection, seen=seen))

    # -- findings ----------------------------------------------------------------------------

    def _finding(self) -> LedgerEntry | None:
        key = self.presenter.node_at(self.view)
        found = finding_acts.at(key, self.presenter.links)
        return next((e for e in self.state.ledger if e.finding.id == found), None)

    def _waive(self) -> None:
        gate, entry = self.state.gate, self._finding()
        if gate is not None and entry is not None:
            finding_acts.waive(self, gate, entry)

    def comment_on_all(self) -> Callable[[], None] | None:
        """Writes a comment on the whole change, as long as there is one to be decided."""
        there = self.state.revision is not None and self.state.finished is None
        return self.commenting.on_attempt if there else None

    def open_comment(self) -> bool:
        """Open the comment, or the draft of one, that the cursor is on."""
        place = self.view.place if isinstance(self.view, DiffView) else None
        if place is None or place.note is None or not self._commenting_on("comment"):
            return False
        if not self.commenting.is_comment(place.note):
            return False
        self._comment()
        return True

    def _comment(self) -> None:
        view, gate, node = self.view, self.state.gate, self.presenter.node
        if isinstance(view, DiffView):
            self.commenting.comment(view, self.presenter.shown_patch)
        elif gate is not None:
            on_criterion = node is not None and node.kind == "criterion"
            finding_acts.add(self, gate, node.id if node is not None and on_criterion else None)

    # -- leaving -----------------------------------------------------------------------------

    def _retry_now(self) -> None:
        self._retry()  # the last lines of the screen say what comes of it

    def escape(self) -> Awaitable[None] | None:
        """Stop the step that runs."""
        gate = self.state.gate
        if self.state.finished is not None or (gate is not None and gate.kind != "tool"):
            return None
        if self._interrupt():
            self.tell("stopping…")
        return None

    async def leave(self) -> None:
        """Leave the session; it can be resumed."""
        with contextlib.suppress(RuntimeError):
            await self._left()
