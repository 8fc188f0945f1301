"""Answers that decide nothing: what the person writes while a gate waits."""

from agent_tui.domain.base import Actor
from agent_tui.domain.decision import (
    AddComment,
    Answer,
    ChangeComment,
    Gate,
    RemoveComment,
    ResolveComment,
    SaveComment,
    SaveDraft,
)
from agent_tui.domain.events import DraftSaved
from agent_tui.engine import comments
from agent_tui.engine.context import Context


async def keep(ctx: Context, gate: Gate, answer: Answer, actor: Actor) -> None:
    """Record an answer that decides nothing: the gate goes on waiting."""
    match answer:
        case SaveDraft(subject=about, text=text):
            draft = DraftSaved(gate=gate.id, subject=about, text=text)
            await ctx.recorder.append(draft, actor, durable=False)
        case AddComment() | ChangeComment() | RemoveComment() | ResolveComment() | SaveComment():
            await comments.take(ctx, answer, actor)
