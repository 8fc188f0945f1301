"""What a person does with findings: waives one, opens it again, adds one of their own."""

from typing import TYPE_CHECKING

from agent_tui.domain.decision import AddFinding, FindingDraft, Gate, Reopen, Waive
from agent_tui.domain.links import Links, Node
from agent_tui.domain.text import visible_lines
from agent_tui.domain.verdict import LedgerEntry, Severity
from agent_tui.ui.screens.writing import FindingDialog, ReasonDialog

if TYPE_CHECKING:
    from agent_tui.ui.live_controller import LiveController

_SEVERITIES: dict[str, Severity] = {
    "blocker": "blocker",
    "major": "major",
    "minor": "minor",
    "nit": "nit",
}


def at(node: Node | None, links: Links | None) -> str | None:
    """The finding that a key at a node is about: that itself, or a failing check's only one."""
    if node is None or node.kind == "finding":
        return node.id if node is not None else None
    if node.kind != "check" or links is None:
        return None
    found = [linked.id for linked in links.direct(node) if linked.kind == "finding"]
    return found[0] if len(found) == 1 else None


def waive(controller: "LiveController", gate: Gate, entry: LedgerEntry) -> None:
    """Accept a finding as it is, for a reason; or let one count again."""
    finding = entry.finding
    if entry.status in ("waived", "fixed", "deferred"):
        controller.answer(gate.id, Reopen(finding=finding.id))
        return

    draft = controller.draft(gate.id, f"why {finding.id} is waived")

    def done(result: tuple[str, str] | None) -> None:
        if result is not None:
            controller.answer(gate.id, Waive(finding=finding.id, reason=result[1]))
            draft.save("")

    controller.screen.app.push_screen(
        ReasonDialog(
            visible_lines(f"Waive {finding.id}: {finding.title}"),
            [("waive", "Waive")],
            hint="Why is it acceptable? The reason stays in the ledger.",
            draft=draft,
        ),
        done,
    )


def add(controller: "LiveController", gate: Gate, criterion: str | None) -> None:
    """Write a finding, on a criterion or on all of it."""
    where = f"on {criterion}" if criterion else ""
    kept = controller.draft(gate.id, f"finding {where}".rstrip())

    def done(result: tuple[str, str, str] | None) -> None:
        if result is None:
            return
        severity, title, body = result
        draft = FindingDraft(
            severity=_SEVERITIES[severity], title=title, body=body, criterion=criterion
        )
        controller.answer(gate.id, AddFinding(finding=draft))
        kept.save("")

    controller.screen.app.push_screen(FindingDialog(visible_lines(where), kept), done)
