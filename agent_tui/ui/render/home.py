"""The list of sessions."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from textual.content import Content

from agent_tui.domain.events import RepoFacts
from agent_tui.domain.text import counted, one_line, title_line, visible
from agent_tui.domain.usage import Cost
from agent_tui.sessions.query import TERMS
from agent_tui.sessions.summary import SessionSummary
from agent_tui.ui.render.status import money
from agent_tui.ui.render.text import BLANK, heading, paragraph, rows
from agent_tui.ui.widgets.rows import Row

_STATE_STYLE = {
    "committed": "$ok",
    "failed": "$bad",
    "checks failed": "$bad",
    "provider error": "$bad",
    "damaged": "$bad",
    "rejected": "$muted",
    "running": "$model",
}


def age(then: datetime | None, now: datetime) -> str:
    """How long ago, in the largest unit that fits."""
    if then is None:
        return ""
    passed = max(0, int((now - then).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if passed >= size:
            return f"{passed // size}{unit} ago"
    return "just now"


def home_header(facts: RepoFacts) -> Content:
    """The top line."""
    dirty = ""
    if facts.dirty:
        files = "file stays" if facts.dirty == 1 else "files stay"
        dirty = f" · {facts.dirty} changed {files} yours"
    return Content.assemble(
        ("agent-tui", "bold"),
        ("  ─  ", "$muted"),
        (visible(facts.name), "bold"),
        (f" ⎇ {visible(facts.branch or 'detached')}", "$muted"),
        (dirty, "$warn"),
    )


def session_rows(
    sessions: Sequence[SessionSummary],
    width: int,
    now: datetime,
    notes: Sequence[str] = (),
    *,
    words: str = "",
    reading: bool = False,
    repos: bool = False,
    nearly: bool = False,
    elsewhere: int = 0,
) -> list[Row]:
    """One row a session, the latest first.

    Args:
        words: What was searched for, if something was.
        reading: Whether the sessions are still being read for the first time.
        repos: Whether each row says which repository it is of.
        nearly: Whether no session says that, and these are only called nearly so.
        elsewhere: How many sessions there are of other repositories, where there are none here.
    """
    out: list[Row] = []
    for note in notes:
        out += rows(paragraph(note, width, style="$warn"))
    if not sessions:
        out.append(Row(Content("")))
        text = (
            "No sessions yet. Write above what should be done; the planner proposes a spec, and "
            "nothing happens to your files before you approve a commit."
        )
        if words:
            text = f"No session fits “{one_line(words, 60)}”. esc shows all of them."
        elif reading:
            text = "reading the sessions…"
        out += rows(paragraph(text, width, style="$muted"))
        if elsewhere and not words:
            text = f"{counted(elsewhere, 'session')} of other repositories: / and repo:all."
            out += [BLANK, *rows(paragraph(text, width, style="$muted"))]
        return out
    if nearly:
        text = f"No session says “{one_line(words, 60)}”; these have those letters in their names:"
        out += rows(paragraph(text, width, style="$muted"))
    repo = f"{'repository':<18}" if repos else ""
    out.append(heading(f"{'state':<18}{'cost':<12}{'age':<10}{repo}request"))
    # A row is drawn when it is looked at: there may be thousands.
    out += [
        Row(partial(_row, s, width, now, repo=bool(repo)), item=s.id, key=s.id) for s in sessions
    ]
    return out


def problem_rows(problem: str, width: int) -> list[Row]:
    """What is wrong with what was asked for, and what can be."""
    return [
        Row(Content("")),
        *rows(paragraph(problem, width, style="$warn")),
        Row(Content("")),
        *rows(paragraph(f"Words, and: {TERMS}", width, style="$muted")),
    ]


def _row(session: SessionSummary, width: int, now: datetime, *, repo: bool = False) -> Content:
    state = session.state
    live = state.startswith("waiting") or (session.gate and not session.outcome)
    style = _STATE_STYLE.get(state, "$gate" if live else "$warn")
    label = f"waits: {session.gate}" if live else state
    cost = Cost(priced=session.cost, unpriced_calls=session.unpriced_calls)
    price = money(cost)
    parts: list[str | Content | tuple[str, str]] = [
        (f"{label:<18}", style),
        price,
        " " * max(1, 12 - price.cell_length),
        (f"{age(session.last, now):<10}", "$muted"),
    ]
    if repo:
        parts.append((f"{one_line(session.repo, 16):<18}", "$muted"))
    if session.labels.archived:
        parts.append(("archived ", "$muted"))
    if session.parent:
        parts.append(("⑂ ", "$muted"))
    name = session.labels.name
    parts.append(
        (title_line(session.problem or name or session.request, 500), "bold" if name else "")
    )
    parts += [(f" #{one_line(tag, 40)}", "$model") for tag in session.labels.tags]
    return Content.assemble(*parts).truncate(width, ellipsis=True)


def relative_rows(found: Sequence[tuple[str, SessionSummary]], now: datetime) -> list[Row]:
    """Sessions to compare with, each with how it is related; the key is its id."""
    if not found:
        return rows(paragraph("There is no other session of this repository.", 60, style="$muted"))
    return [
        Row(
            Content.assemble(
                (f"{kin:<14}", "$model"),
                (f"{session.state:<16}", "$muted"),
                (f"{age(session.last, now):<10}", "$muted"),
                title_line(session.title, 200),
            ),
            item=session.id,
            key=session.id,
        )
        for kin, session in found
    ]
