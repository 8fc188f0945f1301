"""What belongs together: criterion ↔ hunk ↔ check ↔ finding."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from agent_tui.domain.checks import CheckResult
from agent_tui.domain.events import Claim, CoderReport
from agent_tui.domain.patch import FilePatch, Hunk, Patch
from agent_tui.domain.spec import Spec
from agent_tui.domain.text import decode
from agent_tui.domain.verdict import Finding

NodeKind = Literal["criterion", "hunk", "check", "finding"]


@dataclass(frozen=True, slots=True)
class Node:
    """One thing that can be selected in a pane, by the id that it has there."""

    kind: NodeKind
    id: str


def _claimed(claim: Claim, file: FilePatch, hunk: Hunk) -> bool:
    if claim.path != file.path:
        return False
    if claim.quote:
        quote = claim.quote.strip()
        return any(quote in decode(line.data).strip() for line in hunk.lines if line.kind != " ")
    if claim.line is None:
        return True
    return hunk.touches(claim.line, claim.end_line or claim.line)


def anchor(patch: Patch, path: str | None, line: int | None, quote: str) -> int | None:
    """The line of the new file that a finding speaks of, or None if the diff does not show it.

    A quote decides, and among several equal lines the one next to *line*; without a quote the line
    itself must be one that the diff shows.
    """
    wanted = quote.strip()
    shown = [
        (number, decode(text.data))
        for file in patch.files
        if file.path == path
        for hunk in file.hunks
        for _, number, text in hunk.numbered()
        if number is not None
    ]
    if wanted:
        places = [number for number, text in shown if wanted in text]
        return min(places, key=lambda n: abs(n - (line or n)), default=None)
    return line if any(number == line for number, _ in shown) else None


def hunk_at(patch: Patch, path: str, line: int, end_line: int | None = None) -> Hunk | None:
    """The hunk that shows those lines of the new file, if one does."""
    for file in patch.files:
        if file.path != path:
            continue
        for hunk in file.hunks:
            last = hunk.new_start + max(hunk.new_count, 1) - 1
            if line <= last and (end_line or line) >= hunk.new_start:
                return hunk
    return None


class Links:
    """The links of one revision.

    Args:
        spec: The spec in force.
        patch: The revision's patch.
        report: The coder's claims.
        checks: The results on this revision.
        findings: The findings in the ledger.
    """

    def __init__(
        self,
        spec: Spec | None,
        patch: Patch,
        report: CoderReport | None = None,
        checks: Iterable[CheckResult] = (),
        findings: Iterable[Finding] = (),
    ) -> None:
        self._edges: dict[Node, set[Node]] = defaultdict(set)
        self._criteria = [c.id for c in spec.criteria] if spec else []
        self._patch = patch
        checks = tuple(checks)
        known = set(self._criteria)
        for claim in report.claims if report else ():
            if claim.criterion not in known:
                continue
            criterion = Node("criterion", claim.criterion)
            for file, hunk in patch.hunks:
                if _claimed(claim, file, hunk):
                    self._link(criterion, Node("hunk", hunk.id))
            if claim.test:
                for check in checks:
                    if any(claim.test in (t.name, f"{t.path}::{t.name}") for t in check.tests):
                        self._link(criterion, Node("check", check.name))
        for finding in findings:
            node = Node("finding", finding.id)
            if finding.criterion in known:
                self._link(node, Node("criterion", finding.criterion or ""))
            if finding.check:
                self._link(node, Node("check", finding.check))
            line = anchor(patch, finding.path, finding.line, finding.quote)
            if finding.path and line:
                shown = hunk_at(patch, finding.path, line)
                if shown is not None:
                    self._link(node, Node("hunk", shown.id))

    def _link(self, one: Node, other: Node) -> None:
        self._edges[one].add(other)
        self._edges[other].add(one)

    def direct(self, node: Node) -> frozenset[Node]:
        """What is linked to *node* itself."""
        return frozenset(self._edges.get(node, ()))

    def related(self, node: Node) -> frozenset[Node]:
        """Everything that is linked to *node*; for a hunk also what its criteria lead to."""
        direct = set(self._edges.get(node, ()))
        if node.kind in ("finding", "hunk"):
            for criterion in [n for n in direct if n.kind == "criterion"]:
                direct |= {n for n in self._edges[criterion] if n.kind == "check"}
        return frozenset(direct - {node})

    @property
    def has_criteria(self) -> bool:
        """Whether there is a spec whose criteria could claim a hunk."""
        return bool(self._criteria)

    def claims(self) -> dict[str, tuple[str, ...]]:
        """For the id of each hunk that a criterion claims, those criteria."""
        found = {n.id: self.criteria_of(n.id) for n in list(self._edges) if n.kind == "hunk"}
        return {hunk: criteria for hunk, criteria in found.items() if criteria}

    @cached_property
    def _hunks(self) -> list[str]:
        return [hunk.id for _, hunk in self._patch.hunks]

    def criteria_of(self, hunk_id: str) -> tuple[str, ...]:
        """Ids of the criteria that a hunk serves, in the spec's order."""
        found = {n.id for n in self._edges.get(Node("hunk", hunk_id), ()) if n.kind == "criterion"}
        return tuple(c for c in self._criteria if c in found)

    def hunks_of(self, node: Node) -> tuple[str, ...]:
        """Ids of the hunks that are linked to *node*, in the patch's order."""
        found = {n.id for n in self._edges.get(node, ()) if n.kind == "hunk"}
        return tuple(h for h in self._hunks if h in found)

    @property
    def unclaimed_hunks(self) -> tuple[str, ...]:
        """Hunks that no criterion claims: changes that nobody asked for, perhaps.

        Where there are no criteria, nothing could be claimed.
        """
        if not self._criteria:
            return ()
        return tuple(
            h
            for h in self._hunks
            if not any(n.kind == "criterion" for n in self._edges.get(Node("hunk", h), ()))
        )

    @property
    def unclaimed_criteria(self) -> tuple[str, ...]:
        """Criteria that no hunk claims."""
        return tuple(c for c in self._criteria if not self.hunks_of(Node("criterion", c)))
