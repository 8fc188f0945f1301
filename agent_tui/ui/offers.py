"""What a person can do at a gate: the keys that the last line of the screen offers."""

from agent_tui.domain.base import Role
from agent_tui.domain.decision import GateKind
from agent_tui.domain.state import State
from agent_tui.ui import undoing
from agent_tui.ui.render.given import approve_label, given_of

_LABELS: dict[GateKind, list[tuple[str, str]]] = {
    "spec": [("approve", "approve"), ("edit", "edit"), ("reject", "reject")],
    "diff": [
        ("approve", "approve"),
        ("reject", "reject"),
        ("toggle", "keep/drop"),
        ("range", "range"),
        ("edit", "edit"),
        ("comment", "comment"),
    ],
    "verdict": [
        ("approve", "agree"),
        ("waive", "waive"),
        ("comment", "finding"),
        ("toggle", "keep/drop"),
        ("reject", "re-review"),
    ],
    "message": [("approve", "commit"), ("edit", "edit"), ("reject", "reject")],
    "deploy": [("approve", "run it"), ("edit", "edit"), ("reject", "skip")],
    "limit": [("approve", "allow more"), ("reject", "stop")],
    "fault": [("approve", "try again"), ("edit", "other model"), ("reject", "stop")],
    "tool": [("approve", "allow once"), ("always", "always…"), ("reject", "deny…")],
}


def offers(state: State, without: str) -> list[tuple[str, str]]:
    """Actions and their labels, the help last.

    Args:
        without: How much of the change is left out, "" for nothing.
    """
    if state.finished is not None:
        keys = [("timeline", "timeline"), ("leave", "leave"), ("help", "help")]
        if undoing.why_not(state):
            return keys
        return [("take-back", "bring again" if state.taken_back else "take back"), *keys]
    if state.gate is None:
        keys = [("interrupt", "stop step"), ("leave", "leave"), ("help", "help")]
        return [("retry", "retry now"), *keys] if state.retry is not None else keys
    kind, given = state.gate.kind, given_of(state)
    keys = list(_LABELS[kind])
    if kind == "verdict":
        label = "go on to commit" if state.passes else "send to coder"
        keys[0] = ("approve", f"check without {without}" if without else label)
        if not any(entry.status in ("open", "disputed") for entry in state.ledger):
            keys.remove(("waive", "waive"))
    elif kind == "diff" and given is not None:
        keys[:2] = [("approve", approve_label(given, without)), ("reject", "end the review")]
    elif kind == "diff" and without:
        keys[0] = ("approve", f"approve without {without}")
    elif kind == "message" and given is not None:
        keys[-1] = ("reject", "back to the change")
    elif kind in ("fault", "limit") and given is not None:
        keys[-1] = ("reject", "go on without it")
    if kind == "fault" and failed_role(state) is None:
        keys.remove(("edit", "other model"))
    return [*keys, ("help", "help")]


def nothing_left(state: State) -> str:
    """Why a change of which all is left out cannot be approved; "" if it can."""
    given = given_of(state)
    if given is None:
        return "all of it is left out; space takes something in again, r sends it back"
    if given.problem or given.then == "nothing":
        return ""
    return "all of it is left out; space takes something in again, r ends the review"


def failed_role(state: State) -> Role | None:
    """The role whose model's call has failed, or was stopped, in the last step."""
    step = state.step
    return step.role if step is not None and step.outcome != "done" else None
