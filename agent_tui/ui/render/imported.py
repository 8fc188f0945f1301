"""The verdict pane of an imported session: the commands that ran, and the account of the source."""

from textual.content import Content

from agent_tui.domain.events import SessionImported
from agent_tui.domain.state import State, Step
from agent_tui.ui.render.text import BLANK, heading, paragraph, rows, safe
from agent_tui.ui.widgets.rows import Row

_SIGNS = {"ok": ("  ✓ ", "$ok"), "failed": ("  ✗ ", "$bad")}


def imported_rows(state: State, width: int) -> list[Row]:
    """Commands of the present attempt with their results, and what the source cannot know."""
    source = state.session.source if state.session else None
    words = f"{source} recorded no checks and no verdict for this session."
    result = rows(paragraph(words, width, style="$muted"))
    step = next((s for s in reversed(state.steps) if s.kind == "code"), None)
    if step is not None:
        root = state.session.repo.root if state.session else ""
        result += _calls(step, root, width)
    if state.imported is not None:
        result += account_rows(state.imported, width)
    return result


def _calls(step: Step, root: str, width: int) -> list[Row]:
    """The calls of a step; paths are shown as they are below the session's folder."""
    below = f"{root}/" if root else "\0"
    result: list[Row] = []
    for piece in step.output:
        if piece.channel == "tool":
            line = safe("› " + piece.text.strip().split("\n")[0].replace(below, ""), "$model")
            result += rows([line.truncate(width, ellipsis=True)])
        elif piece.channel == "output":
            word, told, text = piece.text.partition(": ")
            sign = Content.styled(*_SIGNS.get(word, ("  · ", "$muted")))
            text = text if told and word in _SIGNS else piece.text  # else the program's own words
            first = text.strip().split("\n")[0].replace(below, "").expandtabs(2)
            if not first and word not in _SIGNS:
                continue
            line = Content.assemble(sign, safe(first, "$muted"))
            result += rows([line.truncate(width, ellipsis=True)])
    return [BLANK, heading(f"Tools of turn {step.attempt}"), *result] if result else []


def account_rows(imported: SessionImported, width: int) -> list[Row]:
    """How many lines of the source became events, and what nobody can know from it."""
    counts = (
        f"{imported.imported} imported, {imported.kept_raw} kept raw, {imported.dropped} dropped"
    )
    result = [BLANK, heading("Lines of the source"), *rows(paragraph(counts, width))]
    if imported.unknown:
        result += [BLANK, heading("Not in the source")]
        for text in imported.unknown:
            result += rows(paragraph(text, width, first=Content.styled("? ", "$warn")))
    return result
