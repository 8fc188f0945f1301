"""A tool call that is to be allowed: shown exactly as it will be made."""

import json

from textual.content import Content

from agent_tui.domain.decision import ToolQuestion
from agent_tui.ui.render.text import BLANK, heading, paragraph, rows, safe
from agent_tui.ui.widgets.rows import Row

MAX_LINES = 200
"""Lines of another argument that are shown; what a file tool writes is seen again as a diff."""


def tool_rows(question: ToolQuestion, width: int) -> list[Row]:
    """The call, why it is asked about, and what "always" would allow."""
    command = question.arguments.get("command")
    lines = len(command.split("\n")) if isinstance(command, str) else 1
    note = f"{lines} lines; scroll up to see all of them" if lines > 1 else ""
    result = [BLANK, heading(f"{question.name} waits for you", note)]
    for name, value in question.arguments.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if question.name == "run_command" and name == "command":
            first = Content.styled("$ ", "bold $gate")
            # All of it, however long: what is not shown cannot be allowed.
            result += rows(paragraph(text, width, style="bold", first=first))
        else:
            result += rows(paragraph(_cut(text), width, first=safe(f"{name}: ", "$muted")))
    result += [BLANK, *rows(paragraph(question.why, width, style="$warn"))]
    for part in question.open:
        result += rows(paragraph(part, width, first=Content.styled("not allowed yet: ", "$muted")))
    if question.proposed:
        result += [BLANK, heading("Always would add")]
        for rule in question.proposed:
            result += rows(paragraph(str(rule), width, first=Content.styled("• ", "$muted")))
    return result


def _cut(text: str) -> str:
    lines = text.split("\n")
    if len(lines) <= MAX_LINES:
        return text
    return "\n".join([*lines[:MAX_LINES], f"… {len(lines) - MAX_LINES} more lines"])
