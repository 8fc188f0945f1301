"""The pane of the diff as HTML: the change with its findings, or what the coder does."""

from agent_tui.domain.links import Links, anchor
from agent_tui.domain.patch import FilePatch, Hunk, Patch
from agent_tui.domain.state import Revision, State, Step
from agent_tui.domain.text import decode, one_line
from agent_tui.domain.verdict import LedgerEntry
from agent_tui.sessions.exporters.html_elements import FINDING, block, esc, heading, lines, span

MAX_LINES = 20_000
"""Lines of one patch that are written; the rest is counted."""

_CLASS = {"+": "add", "-": "del", " ": "ctx"}


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
            out.append(f"<pre class='{'bad' if failed else 'muted'}'>{lines(piece.text)}</pre>")
        else:
            out.append(block(piece.text))
    if step.detail:
        out.append(block(step.detail, "bad"))
    return "".join(out) or "<p class='muted'>…</p>"
