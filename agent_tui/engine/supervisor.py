"""The supervisor: every tool call passes it before anything is done.

The rules say allow, ask or deny (:mod:`agent_tui.domain.rules`). What is to be asked becomes a gate
in the middle of the step. What was said is recorded with the call, together with the rule.
"""

import asyncio
from dataclasses import replace
from typing import Any

from agent_tui.domain.base import Actor, Role
from agent_tui.domain.decision import (
    AllowAlways,
    Answer,
    Approve,
    Choice,
    Gate,
    Reject,
    ToolQuestion,
)
from agent_tui.domain.events import GateDecided, GateOpened, RuleAdded, ToolCalled
from agent_tui.domain.rules import Call, Rule, RuleBook, Ruling, Scope, decide
from agent_tui.domain.turn import ToolCall
from agent_tui.engine.commandline import read_line
from agent_tui.engine.context import Context, StepStopped
from agent_tui.engine.programs import proposals
from agent_tui.engine.remarks import keep

NOBODY = "Nobody is there to ask, and no rule allows it."
UNKNOWN_END = "It was running when its step was cut off, and nobody knows how far it came."


async def supervise(
    ctx: Context, step: str, role: Role, call: ToolCall, arguments: dict[str, Any], asked: Call
) -> str:
    """Decide whether a call is done, and record that.

    Args:
        arguments: Those of the call, as they are recorded and shown.
        asked: The call as the rules see it.

    Returns:
        "" when it may be done, else why not, in words for the model.

    Raises:
        StepStopped: If the person stopped the session instead of answering.
    """
    ruling = await _ruling(ctx, asked)
    await ctx.recorder.append(
        ToolCalled(
            step=step,
            call=call.id,
            name=call.name,
            arguments=arguments,
            decision=ruling.effect,
            rule=ruling.rule,
            why=ruling.why,
        ),
        role,
    )
    if ruling.effect == "allow":
        return ""
    if ruling.effect == "deny":
        return f"This is not allowed. {ruling.why}"
    question = ToolQuestion(
        step=step,
        call=call.id,
        name=call.name,
        arguments=arguments,
        why=ruling.why,
        open=tuple(str(part) for part in ruling.open if str(part)),
        proposed=_proposed(asked, ruling),
    )
    return await _ask(ctx, question)


async def _ruling(ctx: Context, asked: Call) -> Ruling:
    given: tuple[tuple[Scope, Rule], ...] = tuple(("session", rule) for rule in ctx.state.rules)
    ruling = decide(asked, RuleBook(ctx.rules, given))
    if ctx.rule_store is not None and ruling.effect == "ask":
        mine = await asyncio.to_thread(ctx.rule_store.rules)
        project: tuple[tuple[Scope, Rule], ...] = tuple(("project", rule) for rule in mine)
        ruling = decide(asked, RuleBook(ctx.rules, (*project, *given)))
    if ruling.effect == "allow" and asked.line and asked.line in ctx.state.unfinished:
        return replace(ruling, effect="ask", why=UNKNOWN_END)
    return ruling


def _proposed(asked: Call, ruling: Ruling) -> tuple[Rule, ...]:
    if asked.line:
        told = read_line(asked.line)
        words = [part.command for part in ruling.open if part.command]
        return proposals(asked.line, words, told.hidden)
    paths = [part.path for part in ruling.open if part.path]
    if paths:
        return tuple(Rule(action="allow", tool=asked.tool, path=_exactly(p)) for p in paths)
    return (Rule(action="allow", tool=asked.tool),)


def _exactly(path: str) -> str:
    """The glob that fits this path alone."""
    return "/" + "".join(f"[{char}]" if char in "*?[" else char for char in path)


async def _ask(ctx: Context, question: ToolQuestion) -> str:
    what = "Run this command?" if "command" in question.arguments else f"Do this {question.name}?"
    gate = Gate(id=ctx.ids.new("gate"), kind="tool", question=what, tool=question)
    await ctx.recorder.append(GateOpened(gate=gate), "engine")
    began = ctx.clock.monotonic_ns()
    while True:
        if ctx.keeper is None:
            answer: Answer = Reject(reason=NOBODY)
            actor: Actor = "policy"
        else:
            answer, actor = await ctx.keeper.answer(gate, ctx.state), ctx.keeper.actor
        waited_s = (ctx.clock.monotonic_ns() - began) / 1e9

        async def decided(choice: Choice, reason: str = "", scope: Scope = "once") -> None:
            event = GateDecided(
                gate=gate.id,
                kind="tool",
                choice=choice,
                reason=reason,
                waited_s=waited_s,  # noqa: B023 - used before the next round
                scope=scope,
            )
            await ctx.recorder.append(event, actor)  # noqa: B023

        match answer:
            case Approve():
                await decided("approve")
                return ""
            case AllowAlways(scope=scope):
                kept, note = await _keep_rules(ctx, question.proposed, scope)
                for rule in question.proposed:
                    await ctx.recorder.append(RuleAdded(rule=rule, scope=kept), actor)
                await decided("approve", note, kept)
                return ""
            case Reject(stop=True, reason=reason):
                await decided("stop", reason)
                raise StepStopped("The person stopped here.")
            case Reject(reason=reason):
                await decided("reject", reason)
                why = reason.strip() or "They gave no reason."
                who = "The person" if actor == "person" else "The supervisor"
                return f"{who} did not allow this call: {why}"
            case _:
                await keep(ctx, gate, answer, actor)


async def _keep_rules(ctx: Context, rules: tuple[Rule, ...], scope: Scope) -> tuple[Scope, str]:
    """Write a project's rules. Where that fails they hold for the session, and it is said."""
    if scope != "project":
        return scope, ""
    if ctx.rule_store is None:
        return "session", "There is no place for rules of a project."
    try:
        await asyncio.to_thread(ctx.rule_store.add, rules)
    except OSError as error:
        return "session", f"The project's rules could not be written: {error.strerror or error}."
    return "project", ""
