"""What the keys at a gate do where a given change is reviewed."""

from typing import TYPE_CHECKING

from agent_tui.domain.decision import Gate, Reject
from agent_tui.ui.screens.writing import ReasonDialog

if TYPE_CHECKING:
    from agent_tui.ui.live_controller import LiveController


def turn_down(controller: "LiveController", gate: Gate) -> None:
    """End the review, go back from the message to the change, or go on without a model."""
    if gate.kind in ("fault", "limit"):
        controller.answer(gate.id, Reject(reason="The person goes on alone."))
        return
    if gate.kind == "message":
        controller.answer(gate.id, Reject(reason="Back to the change."))
        return

    def done(result: tuple[str, str] | None) -> None:
        if result is not None:
            controller.answer(gate.id, Reject(reason=result[1], seen=controller.seen()))

    controller.screen.app.push_screen(
        ReasonDialog(
            "End the review without taking anything",
            [("end", "End it")],
            optional=True,
            hint="A word on the whole? It is printed with your comments. (may be empty)",
            draft=controller.draft(gate.id, "reason"),
        ),
        done,
    )
