"""Syntax colours for the lines of a patch, made in a thread and only up to a size."""

from textual.content import Content
from textual.highlight import HighlightTheme, guess_language, highlight

from agent_tui.domain.patch import Patch
from agent_tui.ui.render.diff import code_text

MAX_LINES = 20_000
"""Lines of a patch that are coloured; a larger patch is shown plain from there on."""
MAX_LINE = 1_000
"""Characters of a line; a hunk with a longer one is shown plain."""


_COLOURS = {
    "Comment": "$muted italic",
    "Keyword": "$code-keyword",
    "String": "$code-string",
    "Number": "$code-number",
}


def _colour(token: tuple[str, ...]) -> str:
    return next((_COLOURS[part] for part in reversed(token) if part in _COLOURS), "")


class CodeTheme(HighlightTheme):
    """Few colours, all from the application's theme: the signs of the diff stay the loudest."""

    STYLES = {token: _colour(tuple(token)) for token in HighlightTheme.STYLES}


def highlight_patch(patch: Patch) -> dict[str, list[Content]]:
    """Coloured lines by hunk id, one for each line of the hunk."""
    result: dict[str, list[Content]] = {}
    done = 0
    for file in patch.files:
        language: str | None = None
        for hunk in file.hunks:
            done += len(hunk.lines)
            if done > MAX_LINES:
                return result
            texts = [code_text(line.data) for line in hunk.lines]
            if any(len(text) > MAX_LINE for text in texts):
                continue
            code = "\n".join(texts)
            if language is None:
                language = guess_language(code, file.path) if code.strip() else "text"
            lines = highlight(code, language=language, theme=CodeTheme).split(
                "\n", allow_blank=True
            )
            if len(lines) >= len(texts):
                result[hunk.id] = list(lines[: len(texts)])
    return result
