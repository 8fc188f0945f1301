"""The fold's part about steps and the calls of models in them."""

from collections.abc import Callable, Mapping
from typing import Any

from agent_tui.domain import events as e
from agent_tui.domain.fold_tools import cut_off
from agent_tui.domain.output import Pieces, piece_of
from agent_tui.domain.replacing import replace
from agent_tui.domain.state import Phase, Retry, State, Step
from agent_tui.domain.usage import Cost, Usage


def _step_started(s: State, ev: e.StepStarted, r: e.Record) -> State:
    attempt = ev.attempt if ev.attempt is not None else s.attempt
    step = Step(ev.step, ev.kind, attempt, ev.role, ev.model, r.at, seq=r.seq)
    return replace(s, steps=(*_without_output(s.steps, ev.kind), step), fault="")


def _without_output(steps: tuple[Step, ...], next_kind: e.StepKind) -> tuple[Step, ...]:
    """Steps before one that begins: only the coder's last one keeps what it streamed."""
    kept = list(steps)
    for i in range(len(kept) - 1, -1, -1):
        coder = kept[i].kind == "code"
        if kept[i].output and not (coder and next_kind != "code"):
            kept[i] = replace(kept[i], output=Pieces())
        if coder:
            break
    return tuple(kept)


def keeps_output(steps: tuple[Step, ...], index: int) -> bool:
    """Whether a step's output is part of the state: of the last one, and of the coder's last."""
    if index == len(steps) - 1:
        return True
    later = steps[index + 1 :]
    return steps[index].kind == "code" and not any(step.kind == "code" for step in later)


def _with_step(s: State, step_id: str, change: Callable[[Step], Step]) -> State:
    for i in range(len(s.steps) - 1, -1, -1):
        if s.steps[i].id == step_id:
            return replace(s, steps=(*s.steps[:i], change(s.steps[i]), *s.steps[i + 1 :]))
    return s


def _with_piece(
    s: State, ev: e.StepOutput | e.ToolCalled | e.ToolReturned | e.ContextCompacted, r: e.Record
) -> State:
    for i in range(len(s.steps) - 1, -1, -1):
        step = s.steps[i]
        if step.id == ev.step:
            if not keeps_output(s.steps, i):
                return s
            longer = replace(step, output=step.output.plus(piece_of(ev, r.seq)))
            return replace(s, steps=(*s.steps[:i], longer, *s.steps[i + 1 :]))
    return s


def _model_retried(s: State, ev: e.ModelRetried, r: e.Record) -> State:
    retry = Retry(ev.kind, ev.message, ev.attempt, ev.attempts, ev.wait_s, r.at)
    s = replace(_spent(s, ev.step, ev.usage, ev.cost), retry=retry)
    for i in range(len(s.steps) - 1, -1, -1):
        step = s.steps[i]
        if step.id == ev.step:
            output = step.output
            if keeps_output(s.steps, i):
                output = output.until(step.counted).plus(piece_of(ev, r.seq))
            retried = replace(step, output=output, counted=r.seq)
            return replace(s, steps=(*s.steps[:i], retried, *s.steps[i + 1 :]))
    return s


def _spent(s: State, step_id: str, usage: Usage, cost: Cost) -> State:
    """Tokens and money count for the session and for the step, whatever came of the call."""
    s = replace(s, usage=s.usage + usage, cost=s.cost + cost)
    return _with_step(
        s, step_id, lambda step: replace(step, usage=step.usage + usage, cost=step.cost + cost)
    )


def _model_tried(s: State, ev: e.ModelTried, r: e.Record) -> State:
    return replace(s, retry=None)


def _model_failed(s: State, ev: e.ModelFailed, r: e.Record) -> State:
    return replace(_spent(s, ev.step, ev.usage, ev.cost), retry=None)


def _model_chosen(s: State, ev: e.ModelChosen, r: e.Record) -> State:
    return replace(s, chosen={**s.chosen, ev.role: ev.model})


def _context_compacted(s: State, ev: e.ContextCompacted, r: e.Record) -> State:
    s = _spent(s, ev.step, ev.usage, ev.cost)
    s = _with_step(s, ev.step, lambda step: replace(step, compactions=step.compactions + 1))
    return _with_piece(replace(s, model_s=s.model_s + ev.latency.total_s), ev, r)


def _model_asked(s: State, ev: e.ModelAsked, r: e.Record) -> State:
    return _with_step(s, ev.step, lambda step: replace(step, counted=r.seq))


def _model_answered(s: State, ev: e.ModelAnswered, r: e.Record) -> State:
    took = ev.latency

    def change(step: Step) -> Step:
        writes = took.first_token_s is not None and took.total_s > took.first_token_s
        return replace(
            step,
            calls=step.calls + 1,
            answered=r.seq,
            longest=max(step.longest, ev.usage.output_tokens),
            first_byte_s=step.first_byte_s if step.calls else took.first_byte_s,
            first_token_s=step.first_token_s if step.calls else took.first_token_s,
            writing_s=step.writing_s + (took.total_s - (took.first_token_s or 0) if writes else 0),
            written_tokens=step.written_tokens + (ev.usage.output_tokens if writes else 0),
        )

    s = replace(_spent(s, ev.step, ev.usage, ev.cost), model_s=s.model_s + took.total_s)
    return _with_step(s, ev.step, change)


def _step_finished(s: State, ev: e.StepFinished, r: e.Record) -> State:
    s = _with_step(
        s,
        ev.step,
        lambda step: replace(step, outcome=ev.outcome, wall_s=ev.wall_s, detail=ev.detail),
    )
    s = cut_off(s, ev.step)
    unclear = s.phase is Phase.DEPLOY and ev.outcome in ("cancelled", "interrupted")
    return replace(
        s,
        # Nobody knows how far a deploy came that was ended in its middle: ask before another.
        phase=Phase.DEPLOY_GATE if unclear else s.phase,
        retry=None,
        work_s=s.work_s + ev.wall_s,
        fault=ev.detail if ev.outcome == "failed" else s.fault,
    )


HANDLERS: Mapping[type, Callable[[State, Any, e.Record], State]] = {
    e.StepStarted: _step_started,
    e.StepOutput: _with_piece,
    e.StepFinished: _step_finished,
    e.ToolCalled: _with_piece,
    e.ToolReturned: _with_piece,
    e.ModelAsked: _model_asked,
    e.ModelRetried: _model_retried,
    e.ModelTried: _model_tried,
    e.ModelFailed: _model_failed,
    e.ModelChosen: _model_chosen,
    e.ContextCompacted: _context_compacted,
    e.ModelAnswered: _model_answered,
}
