"""The timeline in full: steps with model, tokens, money and time, decisions with their wait."""

from textual.content import Content

from agent_tui.domain.state import Decided, State, Step
from agent_tui.domain.text import one_line, visible
from agent_tui.ui.render.status import count, money
from agent_tui.ui.render.text import BLANK, heading, paragraph, rows, seconds
from agent_tui.ui.widgets.rows import Row


def timeline_rows(state: State, width: int) -> list[Row]:
    """One row for each step and decision, then the sums."""
    entries: list[tuple[float, Step | Decided]] = [
        (step.started.timestamp() if step.started else 0.0, step) for step in state.steps
    ]
    entries += [(decided.at.timestamp(), decided) for decided in state.decisions]
    entries.sort(key=lambda entry: entry[0])
    head = f"{'':2}{'step':<10}{'who':<26}{'tokens in/out':>16}{'first':>8}{'total':>8}  cost"
    out = [Row(Content.styled(head[:width], "$muted"))]
    attempt = 0
    for number, (_, entry) in enumerate(entries):
        if isinstance(entry, Step) and entry.kind == "code" and entry.attempt != attempt:
            attempt = entry.attempt
            out += [BLANK, heading(f"Attempt {attempt}")]
        lines = _step(entry, width) if isinstance(entry, Step) else _decision(entry, width)
        place = entry.seq + 1 if entry.seq >= 0 else None
        out += rows(lines, item=number, key=place)
    out += [BLANK, heading("Sums")]
    usage = state.usage
    share = f"{usage.cache_read_tokens:,} cached, {usage.cached_share:.0%}"
    cached = f" ({share})" if usage.cache_read_tokens else ""
    out.append(
        Row(Content(f"  tokens  {usage.input_tokens:,} in{cached}, {usage.output_tokens:,} out"))
    )
    out.append(Row(Content.assemble("  money   ", money(state.cost))))
    out.append(Row(Content(f"  models  {seconds(state.model_s)}")))
    out.append(Row(Content(f"  steps   {seconds(state.work_s)}")))
    out.append(Row(Content(f"  you     {seconds(state.person_s)}")))
    return out


def _step(step: Step, width: int) -> list[Content]:
    sign = {"done": ("✓ ", "$ok"), None: ("● ", "$model")}.get(step.outcome, ("✗ ", "$bad"))
    who = visible(str(step.model)) if step.model else ""
    tokens = f"{step.usage.input_tokens:,}/{step.usage.output_tokens:,}" if step.calls else ""
    first = seconds(step.first_token_s) if step.calls else ""
    total = seconds(step.wall_s) if step.outcome else "…"
    line = Content.assemble(
        sign,
        f"{step.kind:<10}",
        (f"{one_line(who, 25):<26}", "$model"),
        f"{tokens:>16}{first:>8}{total:>8}  ",
        money(step.cost) if step.calls else "",
    )
    lines = [line.truncate(width, ellipsis=True)]
    if step.calls:
        note = Content.styled(f"    {_calls(step)}", "$muted")
        lines.append(note.truncate(width, ellipsis=True))
    if step.detail:
        lines += paragraph(step.detail, width, style="$bad", first=Content("    "))
    return lines


def _calls(step: Step) -> str:
    """What there is to know of a step's model calls: how many, how fast, how much was cached."""
    parts = [count(step.calls, "call")]
    if step.first_byte_s is not None:
        parts.append(f"first byte {seconds(step.first_byte_s)}")
    if step.tokens_per_s is not None:
        parts.append(f"{step.tokens_per_s:,.0f} tokens/s")
    if step.usage.input_tokens:
        parts.append(f"{step.usage.cached_share:.0%} cached")
    if step.compactions:
        parts.append(f"compacted {count(step.compactions, 'time')}")
    return " · ".join(parts)


def _decision(decided: Decided, width: int) -> list[Content]:
    event = decided.event
    verb = {"approve": "approved", "reject": "rejected", "edit": "edited", "stop": "stopped"}
    verb["reject"] = "skipped" if event.kind == "deploy" else "rejected"
    who = "you" if decided.actor == "person" else decided.actor
    parts: list[str | tuple[str, str]] = [
        ("◆ ", "$person"),
        (f"{event.kind} {verb[event.choice]} by {who}", "$person"),
        (f"  after {seconds(event.waited_s)}", "$muted"),
    ]
    if event.seen is not None and event.seen.total:
        parts.append((f"  seen {event.seen.hunks}/{event.seen.total} hunks", "$muted"))
    if event.approval is not None:
        parts.append((f"  tree {event.approval.tree[:10]}", "$muted"))
    lines = [Content.assemble(*parts).truncate(width, ellipsis=True)]
    if event.reason:
        lines += paragraph(event.reason, width, style="italic", first=Content("    "))
    return lines
