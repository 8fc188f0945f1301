"""The three panes, the header and the timeline as HTML. Every text from outside is escaped."""

import html
from collections.abc import Iterable

from agent_tui.domain import events as e
from agent_tui.domain.links import Links, anchor
from agent_tui.domain.patch import FilePatch, Hunk, Patch
from agent_tui.domain.state import Decided, Revision, State, Step
from agent_tui.domain.text import decode, one_line, visible, visible_lines
from agent_tui.domain.verdict import LedgerEntry

MAX_LINES = 20_000
"""Lines of one patch that are written; the rest is counted."""

SIGN = {"met": ("✓", "ok"), "unmet": ("✗", "bad"), "unclear": ("?", "warn"), None: ("·", "muted")}
FINDING = {"open": "bad", "disputed": "warn", "fixed": "ok", "waived": "muted", "deferred": "muted"}
LISTS = {
    "steps": "Steps",
    "open_questions": "Open questions",
    "files": "Files",
    "constraints": "Constraints",
    "out_of_scope": "Out of scope",
    "risks": "Risks",
    "test_plan": "Test plan",
}
_CLASS = {"+": "add", "-": "del", " ": "ctx"}


def esc(text: str) -> str:
    """One line of text from outside, safe inside an element or a quoted attribute."""
    return html.escape(visible(text))


def block(text: str, css: str = "") -> str:
    """A text of several lines as a paragraph that keeps its line ends."""
    shown = html.escape(visible_lines(text.strip("\n")))
    return f'<p class="text {css}">{shown}</p>' if shown else ""


def span(text: str, css: str) -> str:
    """A coloured word."""
    return f'<span class="{css}">{esc(text)}</span>'


def heading(text: str, note: str = "") -> str:
    """A small heading inside a pane."""
    more = f" {span(note, 'note')}" if note else ""
    return f"<h3>{esc(text)}{more}</h3>"


def seconds(value: float) -> str:
    """A duration for people."""
    if value < 60:
        return f"{value:.1f}s" if value < 10 else f"{value:.0f}s"
    minutes, rest = divmod(int(value), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s"
    return f"{minutes // 60}h{minutes % 60:02d}m"


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
            out.append(heading(title) + _list(texts))
    if state.requests or (state.session and state.session.source):
        out.append(_requests(state))
    return "".join(out)


def _list(texts: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{esc(text)}</li>" for text in texts) + "</ul>"


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


# -- the diff --------------------------------------------------------------------------------------


def diff_title(state: State) -> str:
    """The pane's title."""
    step, revision = state.step, state.revision
    if step is not None and step.kind == "code" and step.running:
        return f"DIFF attempt {step.attempt} {span('coding…', 'model')}"
    if revision is None:
        return "DIFF"
    whose = {"person": "yours", "hooks": "changed by a hook"}.get(revision.author, "")
    mine = f" {span(whose, 'person')}" if whose else ""
    approved = f" {span('✓', 'ok')}" if revision.approval else ""
    return f"DIFF attempt {revision.attempt}{mine}{approved}"


def diff_pane(state: State, patch: Patch, links: Links | None) -> str:
    """The change in force, or what the coder does while there is none."""
    step, revision = state.step, state.revision
    if revision is None or (step is not None and step.kind == "code" and step.outcome != "done"):
        coding = next((s for s in reversed(state.steps) if s.kind == "code"), None)
        return activity(coding) if coding else "<p class='muted'>No change yet.</p>"
    findings: dict[tuple[str, int], list[LedgerEntry]] = {}
    for entry in state.ledger:
        finding = entry.finding
        line = anchor(patch, finding.path, finding.line, finding.quote)
        if finding.path and line:
            findings.setdefault((finding.path, line), []).append(entry)
    out = [_report(revision)]
    left = MAX_LINES
    number, total = 0, patch.hunk_count
    for file in patch.files:
        body = []
        for hunk in file.hunks:
            number += 1
            if left <= 0:
                continue
            left -= len(hunk.lines)
            criteria = links.criteria_of(hunk.id) if links else ()
            body.append(_hunk(file, hunk, f"{number}/{total}", criteria, findings))
        out.append(_file(file, "".join(body)))
    if left <= 0:
        out.append(f"<p class='warn'>Only the first {MAX_LINES:,} lines are shown.</p>")
    return "".join(out)


def _report(revision: Revision) -> str:
    out = []
    if revision.change:
        out.append(heading("Changed", "the models are told") + block(revision.change, "person"))
    if revision.report is not None:
        out.append(block(revision.report.summary, "model"))
        for label, texts in (
            ("not done", revision.report.not_done),
            ("unsure", revision.report.unsure),
        ):
            out += [f"<p>{span(f'{label}:', 'warn')} {esc(text)}</p>" for text in texts]
    out += [f"<p>{span('not known:', 'warn')} {esc(note)}</p>" for note in revision.notes]
    return "".join(out)


def _file(file: FilePatch, body: str) -> str:
    name = f"{file.old_path} → {file.path}" if file.old_path else file.path
    status = f" {span(file.status, 'warn')}" if file.status != "modified" else ""
    binary = f" {span('binary', 'warn')}" if file.binary else ""
    counts = f"{span(f'+{file.added}', 'ok')} {span(f'−{file.removed}', 'bad')}"
    return (
        f"<details open><summary><b>{esc(name)}</b>{status}{binary} {counts}</summary>"
        f"{body}</details>"
    )


def _hunk(
    file: FilePatch,
    hunk: Hunk,
    place: str,
    criteria: tuple[str, ...],
    findings: dict[tuple[str, int], list[LedgerEntry]],
) -> str:
    claims = f" · {' '.join(criteria)}" if criteria else ""
    section = f"  {hunk.section}" if hunk.section else ""
    out = [f"<div class='hunk'>@@ {place}{esc(claims)}{span(section, 'muted')}</div>"]
    for old, new, line in hunk.numbered():
        shown = new if line.kind != "-" else old
        text = esc(decode(line.data).expandtabs(4))
        sign = line.kind if line.kind != "-" else "−"
        end = "" if line.ends else span("  no newline at the end", "muted")
        out.append(
            f"<div class='{_CLASS[line.kind]}'><i>{shown}</i><s>{sign}</s>"
            f"<code>{text or ' '}</code>{end}</div>"
        )
        if new is not None and line.kind != "-":
            for entry in findings.get((file.path, new), ()):
                css = FINDING[entry.status]
                words = f"▲ {entry.finding.id} {entry.finding.title}"
                out.append(f"<div class='finding {css}'>{esc(words)}</div>")
    return f"<div class='lines'>{''.join(out)}</div>"


def activity(step: Step) -> str:
    """What a step streamed: thinking, words, calls and their results."""
    out = []
    for piece in step.output:
        if piece.channel == "thinking":
            out.append(block(piece.text, "thinking muted"))
        elif piece.channel == "tool":
            out.append(f"<p class='call model'>› {esc(one_line(piece.text, 300))}</p>")
        elif piece.channel == "output":
            failed = piece.text.startswith("failed")
            out.append(f"<pre class='{'bad' if failed else 'muted'}'>{_pre(piece.text)}</pre>")
        else:
            out.append(block(piece.text))
    if step.detail:
        out.append(block(step.detail, "bad"))
    return "".join(out) or "<p class='muted'>…</p>"


def _pre(text: str) -> str:
    return html.escape(visible_lines(text.strip("\n")))


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
            more = _list(failed) if failed else ""
            more += block(result.problem, "bad")
            if result.output.strip():
                tail = "\n".join(result.output.rstrip().split("\n")[-40:])
                more += f"<pre class='muted'>{_pre(tail)}</pre>"
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
        message = html.escape(visible_lines(state.message))
        out.append(heading("Commit message") + f"<pre>{message}</pre>")
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
    return out + (heading("Not in the source") + _list(told.unknown) if told.unknown else "")


# -- the timeline ----------------------------------------------------------------------------------


def decision_words(decided: Decided) -> str:
    """A decision in a few words."""
    event = decided.event
    verb = {"approve": "approved", "reject": "rejected", "edit": "edited", "stop": "stopped"}
    who = "you" if decided.actor == "person" else decided.actor
    return f"{event.kind} {verb[event.choice]} by {who}"
