"""What a step streams: thinking, words, tool calls as they are written, and their results."""

from collections.abc import Iterable, Sequence

from textual.content import Content

from agent_tui.domain.output import Output, Pieces
from agent_tui.domain.state import State, Step
from agent_tui.engine.answers import draft
from agent_tui.engine.context import CALL
from agent_tui.ui.render.text import paragraph, rows, safe, streamed
from agent_tui.ui.widgets.rows import Row

TAB = 4
WRITTEN = 8
"""Lines that are shown of a text that is still being written."""


FEW = 32
PIECES = 1_000
CHARACTERS = 40_000
IN_REPLAY = 6_000
"""Of what a step streamed, the last so many pieces and characters are shown: about 500 lines."""


def recent(output: Pieces, room: int = CHARACTERS) -> Sequence[Output]:
    """The end of what a step streamed: about *room* characters of it."""
    count = FEW
    while True:
        # Pieces are read from the log for this, so no more are asked for than are shown.
        pieces = output.tail(count)
        first, left = len(pieces), room
        while first and left > 0:
            first -= 1
            left -= len(pieces[first].text)
        if first or len(pieces) < count or count == PIECES:
            return pieces[first:]
        count = min(2 * count, PIECES)


def thinking(step: Step, width: int, room: int = CHARACTERS) -> list[Row]:
    """What a model thinks before it begins its answer: the end of it, *room* characters."""
    # Between two parts of it the model asked for something.
    parts = [text.strip() for channel, text in _merged(recent(step.output, room))
             if channel == "thinking"]  # fmt: skip
    said = "\n".join(part for part in parts if part)
    return streamed(said or "…", width, style="italic $muted")


def activity_rows(state: State, width: int, room: int = CHARACTERS) -> list[Row]:
    """What the coder did in its last step: thinking, words, tool calls and their results.

    Args:
        room: How many characters of it, from its end.
    """
    step = next((s for s in reversed(state.steps) if s.kind == "code"), None)
    if step is None:
        return []
    result: list[Row] = []
    # What a call looked like on its way is told by the call itself once its answer is complete.
    shown = recent(step.output, room)
    if len(shown) < len(step.output.tail(len(shown) + 1)):
        note = Content.styled("… what came before is in the log: step back in a replay", "$muted")
        result.append(Row(note.truncate(width, ellipsis=True)))
    pieces = (p for p in shown if p.channel != "arguments" or p.seq > step.answered)
    for channel, text in _merged(pieces):
        if channel == "thinking":
            result += streamed(text.strip(), width, style="italic $muted")
        elif channel == "tool":
            lines = [safe("› " + part, "$model") for part in text.strip("\n").split("\n")]
            result += rows(line.truncate(width, ellipsis=True) for line in lines)
        elif channel == "arguments":
            calls = [call for call in text.split(CALL) if call.strip()]
            result += rows(line for call in calls for line in _written(call, width))
        elif channel == "output":
            style = "$bad" if text.startswith("failed") else "$muted"
            result += streamed(text.strip("\n"), width, style=style, indent=2)
        else:
            result += streamed(text.strip("\n"), width)
    if step.detail:
        result += rows(paragraph(step.detail, width, style="$bad"))
    return result


def _written(call: str, width: int) -> list[Content]:
    """A call that is still being written: its name, and the last lines of its longest argument."""
    name, _, arguments = call.partition(" ")
    values = draft(arguments)
    head = " ".join(f"{key}={value!r}"[:60] for key, value in values.items() if not _long(value))
    lines = [safe(f"› {name} {head} …".replace("  ", " "), "$model").truncate(width, ellipsis=True)]
    texts = [value for value in values.values() if _long(value)]
    if texts:
        shown = str(max(texts, key=len)).expandtabs(TAB).split("\n")[-WRITTEN:]
        lines += [safe(f"  {line}", "$muted").truncate(width, ellipsis=True) for line in shown]
    return lines


def _long(value: object) -> bool:
    return isinstance(value, str) and (len(value) > 60 or "\n" in value)


def _merged(output: Iterable[object]) -> list[tuple[str, str]]:
    merged: list[tuple[str, str]] = []
    for piece in output:
        channel, text = getattr(piece, "channel", "text"), getattr(piece, "text", "")
        if merged and merged[-1][0] == channel:
            merged[-1] = (channel, merged[-1][1] + text)
        else:
            merged.append((channel, text))
    return merged
