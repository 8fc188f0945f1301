"""Checks and review of a revision: results, findings that are tied to lines, and the ledger."""

from collections.abc import Sequence

from agent_tui.domain.checks import CheckResult
from agent_tui.domain.decision import FindingDraft
from agent_tui.domain.events import (
    ChecksFinished,
    FindingAdded,
    FindingChanged,
    SourcesRead,
    VerdictProposed,
)
from agent_tui.domain.links import anchor
from agent_tui.domain.patch import Patch, parse_patch
from agent_tui.domain.state import Revision, State
from agent_tui.domain.text import decode
from agent_tui.domain.verdict import (
    CriterionResult,
    Finding,
    FindingUpdate,
    LedgerEntry,
    Verdict,
)
from agent_tui.engine.answers import FindingAnswer, ReviewAnswer, read_answer, schema
from agent_tui.engine.briefs import reviewer_brief, system_prompt
from agent_tui.engine.context import Context, user
from agent_tui.engine.conversation import converse
from agent_tui.engine.tools import READING_TOOLS, Desk, Toolbox


async def check(ctx: Context) -> None:
    """Run every configured check on exactly the tree in force."""
    revision = _revision(ctx.state)
    results: list[CheckResult] = []
    if not ctx.session.checks:
        await ctx.recorder.append(ChecksFinished(tree=revision.tree, results=()), "checks")
        return
    async with ctx.step("check", actor="checks") as step:
        for command in ctx.session.checks:
            async with ctx.recorder.stream(step, "checks") as output:
                output.write("tool", f"$ {' '.join(command.command)}\n")
                result = await ctx.checks.run(
                    revision.tree, command, lambda text: output.write("output", text)
                )
            results.append(result)
        if ctx.session.given and "reviewer" not in ctx.session.roles:
            for event in findings_of_checks(ctx.state, results):
                await ctx.recorder.append(event, "checks")
        await ctx.recorder.append(
            ChecksFinished(tree=revision.tree, results=tuple(results)), "checks"
        )


async def review(ctx: Context) -> None:
    """Ask for a verdict on the revision in force."""
    revision = _revision(ctx.state)
    raw = await ctx.workspace.diff(revision.base_tree, revision.tree)
    patch = parse_patch(raw)
    wrote = ctx.session.roles.get("coder") if not ctx.session.given else None
    brief = reviewer_brief(
        ctx.state,
        decode(raw),
        patch,
        checklist=ctx.checklist(wrote) if wrote else (),
        since=await _since_last_review(ctx, revision),
    )
    async with ctx.step("review", role="reviewer") as step:
        desk = Desk(ctx, step, "reviewer", revision.tree)
        done = await converse(
            ctx,
            step,
            role="reviewer",
            system=system_prompt("review" if ctx.session.given else "reviewer"),
            opening=user(brief),
            toolbox=Toolbox(READING_TOOLS, desk),
            answer_schema=schema(ReviewAnswer),
        )
        read = SourcesRead(step=step, role="reviewer", files=desk.files_read)
        await ctx.recorder.append(read, "engine")
        answer = read_answer(ReviewAnswer, done.message.text, "reviewer")
        verdict = complete_verdict(ctx.state, answer, patch)
        await ctx.recorder.append(VerdictProposed(tree=revision.tree, verdict=verdict), "reviewer")


async def _since_last_review(ctx: Context, revision: Revision) -> str:
    before = [r for r in ctx.state.revisions if r.verdict is not None and r.tree != revision.tree]
    return decode(await ctx.workspace.diff(before[-1].tree, revision.tree)) if before else ""


def _revision(state: State) -> Revision:
    if state.revision is None:
        raise RuntimeError("there is no attempt to review")
    return state.revision


class _Numbers:
    """Ids for new findings, after all that were ever given."""

    def __init__(self, state: State) -> None:
        self._last = max((int(entry.finding.id[1:]) for entry in state.ledger), default=0)

    def next(self) -> str:
        self._last += 1
        return f"F{self._last}"


def person_finding(state: State, draft: FindingDraft, patch: Patch) -> Finding:
    """The person's own finding with its id and its place."""
    line = anchor(patch, draft.path, draft.line, draft.quote)
    return Finding(
        **draft.model_dump(exclude={"line"}),
        id=_Numbers(state).next(),
        line=line or draft.line,
        anchored=line is not None,
        author="person",
    )


def hook_finding(state: State, title: str, body: str) -> Finding:
    """The finding that a refusing commit hook becomes."""
    return Finding(
        id=_Numbers(state).next(), severity="blocker", title=title, body=body, author="hooks"
    )


def findings_of_checks(
    state: State, results: Sequence[CheckResult]
) -> list[FindingAdded | FindingChanged]:
    """What checks add to the ledger, and close in it, where no reviewer speaks for them."""
    numbers = _Numbers(state)
    events: list[FindingAdded | FindingChanged] = []
    for result in results:
        known = [e for e in state.ledger if e.finding.check == result.name]
        going_on = [e for e in known if e.status in ("open", "disputed", "waived")]
        if not result.ok and not going_on:
            events.append(FindingAdded(finding=_check_finding(numbers.next(), result)))
        elif result.ok:
            reason = f"check {result.name} passes now"
            events += [
                FindingChanged(finding=e.finding.id, status="fixed", reason=reason)
                for e in going_on
                if e.finding.author == "checks" and e.status == "open"
            ]
    return events


def complete_verdict(state: State, answer: ReviewAnswer, patch: Patch) -> Verdict:
    """The reviewer's answer, with ids and anchors, and with what it forgot.

    A failing check, an unmet criterion and a failed outcome each leave at least one blocking
    finding in the ledger, so that whether an attempt passes can be read there alone.
    """
    numbers = _Numbers(state)
    checks = (state.revision.checks or ()) if state.revision else ()
    updates = [FindingUpdate(**update.model_dump()) for update in answer.updates]
    known = {entry.finding.id for entry in state.ledger}
    updates = [update for update in updates if update.finding in known]
    for entry in state.ledger:
        name = entry.finding.check
        passing = any(result.name == name and result.ok for result in checks)
        if entry.finding.author == "checks" and entry.status == "open" and passing:
            reason = f"check {name} passes now"
            updates = [u for u in updates if u.finding != entry.finding.id]
            updates.append(FindingUpdate(finding=entry.finding.id, status="fixed", reason=reason))
    status = {update.finding: update.status for update in updates}
    open_now = [
        entry.finding
        for entry in state.ledger
        if status.get(entry.finding.id, entry.status) in ("open", "disputed", "waived")
    ]
    findings = [_finding(numbers.next(), item, patch) for item in answer.findings]

    def mentioned(field: str, value: str) -> bool:
        return any(getattr(f, field) == value for f in (*open_now, *findings) if f.blocking)

    for result in checks:
        if not result.ok and not mentioned("check", result.name):
            findings.append(_check_finding(numbers.next(), result))
    for item in answer.criteria:
        if item.status == "unmet" and not mentioned("criterion", item.criterion):
            findings.append(
                Finding(
                    id=numbers.next(),
                    severity="major",
                    title=f"{item.criterion} is not met",
                    body=item.evidence,
                    criterion=item.criterion,
                )
            )
    blocking = any(f.blocking for f in (*open_now, *findings))
    if answer.outcome == "fail" and not blocking:
        findings.append(
            Finding(
                id=numbers.next(),
                severity="blocker",
                title="The reviewer failed the attempt",
                body=answer.summary,
            )
        )
    return Verdict(
        outcome=answer.outcome,
        summary=answer.summary,
        criteria=tuple(CriterionResult(**c.model_dump()) for c in answer.criteria),
        findings=tuple(findings),
        updates=tuple(updates),
        answers=tuple(answer.answers),
    )


def _finding(finding_id: str, item: FindingAnswer, patch: Patch) -> Finding:
    line = anchor(patch, item.path, item.line, item.quote)
    return Finding(
        **item.model_dump(exclude={"line"}),
        id=finding_id,
        line=line or item.line,
        anchored=line is not None,
    )


def _check_finding(finding_id: str, result: CheckResult) -> Finding:
    failing = [test.name for test in result.tests if not test.ok]
    return Finding(
        id=finding_id,
        severity="blocker",
        title=f"check {result.name} fails",
        body=result.problem or "\n".join(failing) or f"exit code {result.exit_code}",
        check=result.name,
        author="checks",
    )


def blocking_entries(state: State) -> tuple[LedgerEntry, ...]:
    """What keeps the attempt from being committed."""
    return tuple(entry for entry in state.ledger if entry.blocks)
