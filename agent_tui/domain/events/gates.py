"""Waiting for a decision, and the decision."""

from typing import Literal

from agent_tui.domain.base import Value
from agent_tui.domain.decision import Approval, Choice, Gate, GateKind, Seen, Selection
from agent_tui.domain.rules import Rule, Scope


class GateOpened(Value):
    """The loop waits for a decision."""

    type: Literal["gate.opened"] = "gate.opened"
    gate: Gate


class GateDecided(Value):
    """A decision.

    Attributes:
        sends: The exact text that the next model call carries because of it.
        comments: Ids of the person's comments that stand in it.
        selection: What was left out of a change that was rejected.
        waited_s: How long the gate was open in the process that closed it.
        scope: Of an approved tool call, for how long it was allowed.
    """

    type: Literal["gate.decided"] = "gate.decided"
    gate: str
    kind: GateKind
    choice: Choice
    reason: str = ""
    sends: str = ""
    comments: tuple[str, ...] = ()
    approval: Approval | None = None
    seen: Seen | None = None
    selection: Selection | None = None
    waited_s: float = 0.0
    scope: Scope = "once"


class SelectionSaved(Value):
    """What the person has marked as left out and has seen, before the gate is decided."""

    type: Literal["selection.saved"] = "selection.saved"
    gate: str
    selection: Selection
    seen: tuple[str, ...] | None = None


class DraftSaved(Value):
    """What the person has written so far and not sent: it is there again after a resume.

    Attributes:
        subject: What it is for, in the words of the screen that wrote it: ``reason``, ``spec``,
            ``comment``, ``message``, ``file PATH``.
        text: Empty when it was sent or given up.
    """

    type: Literal["draft.saved"] = "draft.saved"
    gate: str
    subject: str
    text: str


class RuleAdded(Value):
    """A person's answer "always" became a rule."""

    type: Literal["rule.added"] = "rule.added"
    rule: Rule
    scope: Scope
