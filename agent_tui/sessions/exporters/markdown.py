"""A review for a pull request, as Markdown that GitHub and its like show safely."""

import re
from collections.abc import Iterable

from agent_tui.domain.patch import FilePatch
from agent_tui.domain.state import Decided, State
from agent_tui.domain.text import one_line, title_line, visible, visible_lines
from agent_tui.domain.verdict import LedgerEntry
from agent_tui.sessions.exporters.html_elements import seconds
from agent_tui.sessions.exporters.prepare import Prepared, removed_words

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~@$&]|^[-+=](?=\s|$)|^\d+(?=[.)]))")
_RUNS = re.compile(r"`+")
MAX_PATCH = 60_000
"""Characters of the patch that are written: GitHub takes 65,536 for one comment."""

SIGN = {"met": "✅", "unmet": "❌", "unclear": "❔", None: "▫️"}


def md(text: str, limit: int = 2000) -> str:
    """One line of text from outside, with nothing in it that Markdown would act on.

    That goes for mentions, references and HTML as well: each is shown as it stands. Only code
    between two backticks stays code, in which nothing acts.
    """
    parts = one_line(text, limit).split("`")
    if len(parts) % 2 == 0 or "" in parts[1:-1]:
        return _plain("`".join(parts))
    return "".join(f"`{part}`" if number % 2 else _plain(part) for number, part in enumerate(parts))


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text).replace("\\@", "@\u200b")


def fenced(text: str, language: str = "") -> str:
    """A text of several lines as a code block that it cannot end by itself."""
    shown = visible_lines(text.rstrip("\n"))
    longest = max((len(run) for run in _RUNS.findall(shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{shown}\n{fence}"


def export_markdown(prepared: Prepared) -> bytes:
    """The review's bytes.

    Raises:
        ExportError: If the session has no beginning.
    """
    started = prepared.started
    state = prepared.state
    title = state.spec.spec.title if state.spec else title_line(started.request, 100)
    out = [f"# {md(title)}", "", *_head(prepared, state), ""]
    out += _spec(state) + _checks(state) + _findings(state.ledger) + _change(prepared, state)
    out += _decisions(state.decisions) + _costs(state)
    removed = removed_words(prepared)
    if removed:
        out += ["", f"_{md(removed)}._"]
    return ("\n".join(out).rstrip() + "\n").encode("utf-8", "replace")


def _head(prepared: Prepared, state: State) -> list[str]:
    started = prepared.started
    requests = (started.request, *state.requests)
    out = [f"> {md(request)}" for request in requests[:20]]
    if started.source is not None:
        out += ["", f"Recorded by {md(str(started.source))}."]
    if state.commit is not None:
        where = (state.commit.landed or state.commit.ref).removeprefix("refs/heads/")
        tree = f"its tree {state.commit.tree[:12]} is the approved one"
        out += ["", f"Committed as `{state.commit.commit[:12]}` on {md(where)}; {tree}."]
    elif state.finished is not None:
        out += ["", f"Ended: {md(state.finished.outcome)}. {md(state.finished.detail)}"]
    return out


def _spec(state: State) -> list[str]:
    if state.spec is None:
        return []
    spec = state.spec.spec
    verdict = state.revision.verdict if state.revision else None
    out = ["## What was asked for", "", md(spec.summary, 4000), ""]
    for criterion in spec.criteria:
        answer = verdict.criterion(criterion.id) if verdict else None
        sign = SIGN[answer.status if answer else None]
        evidence = f" ({md(answer.evidence)})" if answer and answer.evidence else ""
        out.append(f"- {sign} **{md(criterion.id)}** {md(criterion.text)}{evidence}")
    out += [f"{number}. {md(step)}" for number, step in enumerate(spec.steps, 1)]
    return [*out, ""]


def _checks(state: State) -> list[str]:
    checks = state.revision.checks if state.revision else None
    if not checks:
        return []
    out = ["## Checks", "", "| check | result | tests | time |", "|---|---|---|---|"]
    for result in checks:
        passed = sum(test.ok for test in result.tests)
        tests = f"{passed} of {len(result.tests)}" if result.tests else ""
        word = "✅ passed" if result.ok else "❌ failed"
        out.append(f"| {md(result.name)} | {word} | {tests} | {seconds(result.duration_s)} |")
    return [*out, ""]


def _findings(ledger: Iterable[LedgerEntry]) -> list[str]:
    out = []
    for entry in sorted(ledger, key=lambda x: (not x.blocks, x.status != "open")):
        finding = entry.finding
        place = f" `{_code(finding.path)}`" if finding.path else ""
        line = f" line {finding.line}" if finding.path and finding.line else ""
        head = f"**{md(finding.id)}** {finding.severity}, {entry.status}:{place}{line}"
        out.append(f"- {head} {md(finding.title)}")
        if entry.status in ("open", "disputed") and finding.body:
            out.append(f"  {md(finding.body, 4000)}")
        if entry.reason:
            out.append(f"  _{md(entry.reason)}_")
    return ["## Findings", "", *out, ""] if out else []


def _code(text: str) -> str:
    return visible(text).replace("`", "'")


def _change(prepared: Prepared, state: State) -> list[str]:
    revisions = state.revisions if prepared.started.source is not None else state.revisions[-1:]
    out: list[str] = []
    for revision in revisions:
        patch = prepared.patch(revision.patch)
        many = len(revisions) > 1
        out += [f"## The change{f' of turn {revision.attempt}' if many else ''}", ""]
        if revision.report is not None and revision.report.summary:
            out += [md(revision.report.summary, 4000), ""]
        out += [f"- not known: {md(note)}" for note in revision.notes]
        out += ["| file | | + | − |", "|---|---|---|---|"]
        out += [_row(file) for file in patch.files]
        raw = prepared.patches.get(revision.patch.digest, b"").decode("utf-8", "replace")
        if raw and len(raw) <= MAX_PATCH // len(revisions):
            out += ["", "<details><summary>The patch</summary>", "", fenced(raw, "diff"), ""]
            out += ["</details>"]
        elif raw:
            out += ["", f"The patch has {len(raw):,} characters; export it with --format patch."]
        out.append("")
    return out


def _row(file: FilePatch) -> str:
    name = f"{file.old_path} → {file.path}" if file.old_path else file.path
    return f"| {md(name)} | {file.status} | {file.added} | {file.removed} |"


def _decisions(decisions: Iterable[Decided]) -> list[str]:
    out = []
    verb = {"approve": "approved", "reject": "rejected", "edit": "edited", "stop": "stopped"}
    for decided in decisions:
        event = decided.event
        who = "the person" if decided.actor == "person" else f"the {decided.actor}"
        seen = ""
        if event.seen is not None and event.seen.total:
            seen = f", {event.seen.hunks} of {event.seen.total} hunks seen"
        waited = f" after {seconds(event.waited_s)}" if event.waited_s else ""
        reason = f": {md(event.reason)}" if event.reason else ""
        tree = f" (tree `{event.approval.tree[:12]}`)" if event.approval else ""
        out.append(f"- {event.kind} {verb[event.choice]} by {who}{waited}{seen}{tree}{reason}")
    return ["## Decisions", "", *out, ""] if out else []


def _costs(state: State) -> list[str]:
    usage, cost = state.usage, state.cost
    if not usage.input_tokens and not usage.output_tokens and not cost.priced:
        return []
    unpriced = f", {cost.unpriced_calls} calls without a known price" if cost.unpriced_calls else ""
    return [
        "## Cost",
        "",
        f"\\${cost.priced:.4f}{unpriced}; {usage.input_tokens:,} tokens in "
        f"({usage.cache_read_tokens:,} from a cache), {usage.output_tokens:,} out.",
    ]
