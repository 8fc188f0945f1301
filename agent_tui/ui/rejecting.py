"""What the key for a rejection does: at most gates it asks for the words that a model will get."""

from typing import TYPE_CHECKING

from agent_tui.domain.decision import Gate, Reject, Selection
from agent_tui.domain.text import visible_lines
from agent_tui.engine.briefs import rejection
from agent_tui.engine.gates import subject
from agent_tui.ui.render.given import given_of
from agent_tui.ui.reviewing import turn_down
from agent_tui.ui.screens import tool_gate
from agent_tui.ui.screens.writing import ReasonDialog

if TYPE_CHECKING:
    from agent_tui.ui.live_controller import LiveController

_AGAIN = {"spec": "Plan again", "diff": "Send back", "verdict": "Review again"}


def reject(controller: "LiveController", gate: Gate) -> None:
    """Reject what a gate asks about."""
    if gate.kind == "tool":
        tool_gate.deny(
            controller.screen, gate, controller.answer, controller.draft(gate.id, "reason")
        )
    elif gate.kind == "deploy":
        _skip_deploy(controller, gate)
    elif given_of(controller.state) is not None:
        turn_down(controller, gate)
    elif gate.kind in ("limit", "fault"):
        controller.answer(gate.id, Reject(reason="Stopped by the person.", stop=True))
    else:
        _ask_why(controller, gate)


def _ask_why(controller: "LiveController", gate: Gate) -> None:
    state, patch = controller.state, controller.presenter.patch
    kind = gate.kind
    selection = controller.presenter.draft.selection

    def preview(reason: str) -> str:
        chosen = selection if kind == "diff" else None
        what = subject(state, kind)
        return visible_lines(rejection(state, what, kind, reason, patch, chosen)[0])

    def done(result: tuple[str, str] | None) -> None:
        if result is None:
            return
        choice, reason = result
        answer = Reject(
            reason=reason,
            stop=choice == "stop",
            selection=selection if kind == "diff" else Selection(),
            seen=controller.seen(),
        )
        controller.answer(gate.id, answer)

    controller.screen.app.push_screen(
        ReasonDialog(
            f"Reject {subject(state, kind)}",
            [("again", _AGAIN.get(kind, "Again")), ("stop", "Stop here")],
            preview=preview,
            optional=bool(kind == "diff" and (state.waiting_comments or selection)),
            hint="Why? The model gets your words as they are.",
            draft=controller.draft(gate.id, "reason"),
        ),
        done,
    )


def _skip_deploy(controller: "LiveController", gate: Gate) -> None:
    def done(result: tuple[str, str] | None) -> None:
        if result is not None:
            controller.answer(gate.id, Reject(reason=result[1] or "Skipped."))

    controller.screen.app.push_screen(
        ReasonDialog(
            "Skip the deploy command",
            [("skip", "Skip it")],
            optional=True,
            hint="Why? The commit stays as it is. (may be empty)",
            draft=controller.draft(gate.id, "reason"),
        ),
        done,
    )
