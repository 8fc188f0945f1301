"""What one record says, in a line: the caption of a replay and of its bookmarks."""

from agent_tui.domain import events as e
from agent_tui.domain.decision import Selection
from agent_tui.domain.state import State
from agent_tui.domain.text import counted, one_line
from agent_tui.headless import progress

_LENGTH = 200


def caption_of(record: e.Record, state: State) -> str:
    """What a record says, and what the person did there: the decision, its reason, the time.

    Args:
        state: The state after it.
    """
    event = record.event
    if isinstance(event, e.Unknown):
        return f"{event.original_type}  unknown record: {str(event.data)[:_LENGTH]}"
    words = progress(record, state).strip().replace("\n", " · ")
    if isinstance(event, e.GateDecided):
        seen = event.seen
        looked = f", {seen.hunks} of {seen.total} hunks seen" if seen and seen.total else ""
        words += f" (after {event.waited_s:.1f} s{looked})"
    return f"{event.type}  {_more(event, state) or words}".rstrip()


def _more(event: e.Event, state: State) -> str:
    """Of what a run without a screen passes over, because a replay stops there too."""
    match event:
        case e.GateOpened(gate=gate):
            return f"{gate.kind} gate: waits for a decision"
        case e.DraftSaved(subject=subject, text=text):
            return f"you write ({subject}): {text[-_LENGTH:]}"
        case e.SelectionSaved(selection=selection, seen=seen):
            looked = f", {counted(len(seen), 'hunk')} seen" if seen is not None else ""
            return f"you choose: {_left_out(selection)}{looked}"
        case e.StepOutput(channel=channel, text=text):
            return f"{channel}: {_start(text)}"
        case e.ModelAsked(prompt=prompt):
            return f"{_who(event.step, state)} is asked: {_start(prompt)}"
        case e.ModelAnswered(usage=usage):
            told = f"{usage.input_tokens:,} tokens in, {usage.output_tokens:,} out"
            return f"{_who(event.step, state)} has answered: {told}"
        case e.ToolReturned(ok=ok, summary=summary):
            return f"{'ok' if ok else 'failed'}: {_start(summary)}"
        case e.StepFinished(outcome=outcome, wall_s=wall_s) if outcome != "failed":
            step = next((s for s in reversed(state.steps) if s.id == event.step), None)
            return f"{step.kind if step else 'step'}: {outcome} after {wall_s:.1f} s"
        case e.CommandStarted(line=line):
            return _start(line)
        case e.SourcesRead(files=files, instructions=instructions):
            return f"{len(instructions)} instructions and {len(files)} files were read"
        case e.CommitStarted(message=message):
            return _start(message)
    return ""


def _left_out(selection: Selection) -> str:
    lines = [len(left) for left in selection.lines.values() if left]
    others = (selection.modes, selection.moves, selection.originals, selection.ends)
    parts = [
        (len(selection.files), "file", ""),
        (sum(lines), "line", f" of {counted(len(lines), 'hunk')}"),
        (sum(len(paths) for paths in others), "part", ""),
    ]
    said = [f"{counted(number, what)}{of}" for number, what, of in parts if number]
    return f"{', '.join(said) or 'nothing'} left out"


def _start(text: str) -> str:
    return one_line(text[: 4 * _LENGTH].strip(), _LENGTH)  # a record can be very long


def _who(step_id: str, state: State) -> str:
    step = next((s for s in reversed(state.steps) if s.id == step_id), None)
    return f"the {step.role}" if step is not None and step.role else "the model"
