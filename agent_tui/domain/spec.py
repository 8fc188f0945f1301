"""The specification that the planner writes and the person approves."""

from agent_tui.domain.base import Value


class Criterion(Value):
    """One testable acceptance criterion. Its id (``AC1``) stays with it through every edit."""

    id: str
    text: str


class Spec(Value):
    """What is to be built, and how anybody will know that it was.

    Attributes:
        adr: The draft of a decision record, where the change decides something for good: problem,
            options, decision, consequences.
        steps: The way there, in order; plans of other agents are lists of steps.
    """

    title: str
    summary: str
    criteria: tuple[Criterion, ...]
    files: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    out_of_scope: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    test_plan: tuple[str, ...] = ()
    open_questions: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    adr: tuple[str, ...] = ()

    def criterion(self, criterion_id: str) -> Criterion | None:
        """The criterion with that id, if there is one."""
        return next((c for c in self.criteria if c.id == criterion_id), None)
