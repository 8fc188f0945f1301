"""What a list of sessions can be narrowed to: the states, ages, models and tags that it has."""

from collections import Counter
from collections.abc import Sequence

from textual.content import Content

from agent_tui.domain.text import one_line
from agent_tui.sessions.query import OPEN
from agent_tui.sessions.summary import SessionSummary
from agent_tui.ui.render.text import BLANK, heading
from agent_tui.ui.widgets.rows import Row

_AGES = (("since:1d", "in the last day"), ("since:7d", "in the last week"),
         ("since:30d", "in the last month"), ("before:30d", "older than a month"))  # fmt: skip
_COSTS = (("cost:>0.5", "more than half a dollar"), ("cost:>5", "more than five dollars"))


def filter_rows(sessions: Sequence[SessionSummary]) -> list[Row]:
    """A row for each term, with how many sessions it leaves; its key is the term."""
    states = Counter(session.state.split(":")[0] for session in sessions)
    models = Counter(model for session in sessions for model in session.models)
    tags = Counter(tag for session in sessions for tag in session.labels.tags)
    goes_on = sum(session.state.startswith(OPEN) for session in sessions)
    out = [heading("State")] if states else []
    if goes_on:
        out.append(_row("state:open", "that go on", goes_on))
    out += [_row(_term("state", name), "", count) for name, count in states.most_common()]
    out += [
        *([BLANK] if out else []),
        heading("Age"),
        *(_row(term, words) for term, words in _AGES),
    ]
    if models:
        out += [BLANK, heading("Model")]
        out += [_row(_term("model", name), "", count) for name, count in models.most_common(12)]
    if tags:
        out += [BLANK, heading("Tag")]
        out += [_row(_term("tag", name), "", count) for name, count in tags.most_common(12)]
    out += [BLANK, heading("Cost"), *(_row(term, words) for term, words in _COSTS)]
    out += [BLANK, heading("Where"), _row("repo:all", "of all repositories"),
            _row("archived:only", "archived ones alone")]  # fmt: skip
    return out


def _term(key: str, value: str) -> str:
    return f'{key}:"{value}"' if " " in value else f"{key}:{value}"


def _row(term: str, words: str, count: int | None = None) -> Row:
    number = "" if count is None else f"  {count}"
    line = Content.assemble(
        (f"  {one_line(term, 36):<36}", "bold"), "  ", (words, "$muted"), (number, "$muted")
    )
    return Row(line, item=term, key=term)
