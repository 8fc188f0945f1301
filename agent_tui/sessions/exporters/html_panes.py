"""The header, the spec and the verdict as HTML; the diff is in a module of its own."""

from agent_tui.domain import events as e
from agent_tui.domain.links import Links
from agent_tui.domain.state import Decided, Revision, State
from agent_tui.domain.text import one_line
from agent_tui.domain.verdict import LedgerEntry
from agent_tui.sessions.exporters.html_elements import (
    FINDING,
    block,
    bullets,
    esc,
    heading,
    lines,
    seconds,
    span,
)

SIGN = {"met": ("✓", "ok"), "unmet": ("✗", "bad"), "unclear": ("?", "warn"), None: ("·", "muted")}
LISTS = {
    "steps": "Steps",
    "open_questions": "Open questions",
    "files": "Files",
    "constraints": "Constraints",
    "out_of_scope": "Out of scope",
    "risks": "Risks",
    "test_plan": "Test plan",
}


def money(state: State) -> str:
    """What the calls cost, with those of unknown price said apart."""
    cost = state.cost
    if not cost.priced and cost.unpriced_calls:
        return "unpriced"
    more = f" + {cost.unpriced_calls} unpriced" if cost.unpriced_calls else ""
    return f"${cost.priced:.2f}{more}"


def header(state: State) -> str:
    """Attempt, money and time at a place."""
    step = state.step
    attempt = max(state.attempt, step.attempt if step else 0)
    elapsed = 0.0
    if state.started_at and state.last_at:
        elapsed = (state.last_at - state.started_at).total_seconds() - state.away_s
    foreign = state.session is not None and state.session.source is not None
    you = "" if foreign else f" {span(f'(you {seconds(state.person_s)})', 'person')}"
    parts = [
        f"<span>attempt {attempt}</span>",
        f"<span>{esc(money(state))}</span>",
        f"<span>{seconds(elapsed)}{you}</span>",
    ]
    if state.session is not None and state.session.source is not None:
        parts.append(span(f"recorded by {state.session.source}", "model"))
    elif state.session:
        none = state.session.protection == "none"
        parts.append(span("no sandbox" if none else state.session.protection, "muted"))
    return "".join(parts)


# -- the spec --------------------------------------------------------------------------------------


def spec_title(state: State) -> str:
    """The pane's title."""
    if state.spec is None:
        return "SPEC"
    mine = f" {span('yours', 'person')}" if state.spec.author == "person" else ""
    return f"SPEC v{state.spec.version}{mine}"


def spec_pane(state: State, links: Links | None) -> str:
    """What was asked for, and the spec in force."""
    if state.spec is None:
        return _requests(state) + _thinking(state)
    spec = state.spec.spec
    out = [f"<p class='lead'>{esc(spec.title)}</p>", block(spec.summary)]
    verdict = state.revision.verdict if state.revision else None
    if spec.criteria:
        items = []
        for criterion in spec.criteria:
            answer = verdict.criterion(criterion.id) if verdict else None
            sign, css = SIGN[answer.status if answer else None]
            evidence = block(answer.evidence, "muted") if answer and answer.evidence else ""
            items.append(
                f"<li><b>{esc(criterion.id)}</b> {span(sign, css)} {esc(criterion.text)}"
                f"{evidence}</li>"
            )
        out.append(heading("Acceptance criteria") + f"<ul class='plain'>{''.join(items)}</ul>")
    for field, title in LISTS.items():
        texts: tuple[str, ...] = getattr(spec, field)
        if texts:
            out.append(heading(title) + bullets(texts))
    if state.requests or (state.session and state.session.source):
        out.append(_requests(state))
    return "".join(out)


def _requests(state: State) -> str:
    requests = ((state.session.request,) if state.session else ()) + state.requests
    many = len(requests) > 1
    return "".join(
        heading(f"Request {number}" if many else "Request") + block(request)
        for number, request in enumerate(requests, 1)
    )


def _thinking(state: State) -> str:
    step = state.step
    if step is None or step.kind != "plan":
        return ""
    text = "".join(piece.text for piece in step.output if piece.channel == "thinking")
    return heading("Thinking") + block(text, "muted") if text.strip() else ""


# -- the verdict -----------------------------------------------------------------------------------


def verdict_title(state: State) -> str:
    """The pane's title."""
    revision = state.revision
    if revision is None or revision.verdict is None:
        return "VERDICT"
    blocking = sum(entry.blocks for entry in state.ledger)
    if blocking:
        return f"VERDICT {span(f'fail · {blocking} blocking', 'bad')}"
    return f"VERDICT {span('pass', 'ok')}"


def verdict_pane(state: State) -> str:
    """Checks, the review, the findings, and how it ended."""
    if state.session is not None and state.session.source is not None:
        return _imported(state)
    revision = state.revision
    out = [_end(state)]
    if revision is not None and revision.checks is not None:
        out.append(_checks(revision))
    elif state.session is not None:
        names = ", ".join(check.name for check in state.session.checks)
        note = "not run yet" if names else "none are configured"
        out.append(
            heading("Checks", note) + (f"<p class='muted'>{esc(names)}</p>" if names else "")
        )
    if revision is not None and revision.verdict is not None:
        out.append(heading("Review") + block(revision.verdict.summary))
    if state.ledger:
        order = sorted(state.ledger, key=lambda x: (not x.blocks, x.status != "open"))
        out.append(heading("Findings") + "".join(map(_finding, order)))
    return "".join(out)


def _checks(revision: Revision) -> str:
    items = []
    for result in revision.checks or ():
        sign, css = ("✓", "ok") if result.ok else ("✗", "bad")
        passed = sum(test.ok for test in result.tests)
        tests = (
            f" {span(f'{passed} of {len(result.tests)} tests', 'muted')}" if result.tests else ""
        )
        time = span(seconds(result.duration_s), "muted")
        more = ""
        if not result.ok:
            failed = [test.name for test in result.tests if not test.ok]
            more = bullets(failed) if failed else ""
            more += block(result.problem, "bad")
            if result.output.strip():
                tail = "\n".join(result.output.rstrip().split("\n")[-40:])
                more += f"<pre class='muted'>{lines(tail)}</pre>"
        items.append(f"<li>{span(sign, css)} <b>{esc(result.name)}</b> {time}{tests}{more}</li>")
    return heading("Checks", "on exactly this tree") + f"<ul class='plain'>{''.join(items)}</ul>"


def _finding(entry: LedgerEntry) -> str:
    finding, css = entry.finding, FINDING[entry.status]
    place = f"{finding.path}:{finding.line}" if finding.line else finding.path or ""
    parts = [
        f"<p>{span(finding.id, f'strong {css}')} {span(finding.severity, 'muted')} "
        f"{span(entry.status, css)} {span(finding.criterion or '', 'muted')}<br>"
        f"<b>{esc(finding.title)}</b>{'<br>' if place else ''}{span(place, 'place')}</p>"
    ]
    if entry.status in ("open", "disputed"):
        parts += [block(finding.body), block(finding.suggestion, "model")]
    if entry.reason:
        by = "you: " if entry.by == "person" else ""
        parts.append(block(by + entry.reason, "muted"))
    return f"<div class='entry'>{''.join(parts)}</div>"


def _end(state: State) -> str:
    out = []
    if state.finished is not None:
        css = "ok" if state.finished.outcome == "committed" else "warn"
        out.append(heading("End") + f"<p>{span(state.finished.outcome, f'strong {css}')}</p>")
        out.append(block(state.finished.detail))
    if state.commit is not None:
        where = (state.commit.landed or state.commit.ref).removeprefix("refs/heads/")
        words = f"{state.commit.commit[:12]} on {where}"
        out.append(heading("Commit") + f"<p>{span('✓', 'ok')} {esc(words)}</p>")
    if state.messages:
        out.append(heading("Commit message") + f"<pre>{lines(state.message)}</pre>")
    if state.refused is not None:
        out.append(heading("Commit refused") + block(state.refused.detail, "bad"))
    if state.deploy is not None:
        css = "ok" if state.deploy.ok else "bad"
        out.append(heading("Deploy") + f"<p>{span(f'exit code {state.deploy.exit_code}', css)}</p>")
    return "".join(out)


def _imported(state: State) -> str:
    source = state.session.source if state.session else None
    words = f"{source} recorded no checks and no verdict for this session."
    out = [f"<p class='muted'>{esc(words)}</p>"]
    step = next((s for s in reversed(state.steps) if s.kind == "code"), None)
    calls = [p for p in step.output if p.channel in ("tool", "output")] if step else []
    if step is not None and calls:
        root = state.session.repo.root if state.session else ""
        below = f"{root}/" if root else "\0"
        rows = []
        for piece in calls:
            if piece.channel == "tool":
                words = one_line(piece.text.replace(below, ""), 200)
                rows.append(f"<p class='call model'>› {esc(words)}</p>")
            else:
                ok = piece.text.startswith("ok: ")
                text = one_line(piece.text.partition(": ")[2].replace(below, "").expandtabs(2), 160)
                sign = span("✓" if ok else "✗", "ok" if ok else "bad")
                rows.append(f"<p class='result'>{sign} {span(text, 'muted')}</p>")
        out.append(heading(f"Tools of turn {step.attempt}") + "".join(rows))
    if state.imported is not None:
        out.append(_account(state.imported))
    return "".join(out)


def _account(told: e.SessionImported) -> str:
    counts = f"{told.imported} imported, {told.kept_raw} kept raw, {told.dropped} dropped"
    out = heading("Lines of the source") + f"<p>{counts}</p>"
    return out + (heading("Not in the source") + bullets(told.unknown) if told.unknown else "")


# -- the timeline ----------------------------------------------------------------------------------


def decision_words(decided: Decided) -> str:
    """A decision in a few words."""
    event = decided.event
    verb = {"approve": "approved", "reject": "rejected", "edit": "edited", "stop": "stopped"}
    who = "you" if decided.actor == "person" else decided.actor
    return f"{event.kind} {verb[event.choice]} by {who}"
