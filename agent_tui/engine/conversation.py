"""A role's conversation with its model: answers, tool calls, results, until there is an end."""

import json
import math
from collections.abc import Mapping
from typing import Any

from agent_tui.domain.base import Role
from agent_tui.domain.events import ToolCalled, ToolReturned
from agent_tui.domain.text import one_line
from agent_tui.domain.turn import Done, Message, ModelError, ModelRequest, ToolCall, ToolResult
from agent_tui.engine.context import Context
from agent_tui.engine.supervisor import supervise
from agent_tui.engine.tools.base import ToolFailed
from agent_tui.engine.tools.toolbox import Toolbox, failed
from agent_tui.engine.window import Talk

MAX_CALLS = 60
"""Model calls in one step. A coder that needs more is going round in circles."""


async def converse(
    ctx: Context,
    step: str,
    *,
    role: Role,
    system: str,
    opening: Message,
    toolbox: Toolbox | None = None,
    answer_schema: Mapping[str, Any] | None = None,
    until: str | None = None,
) -> Done:
    """Let a model work until it answers without calling a tool.

    Args:
        until: Name of a tool whose successful call ends the conversation.

    Raises:
        LimitReached: If a limit is reached between two calls.
        ModelError: If a call fails, or there is no end to them.
    """
    request = ModelRequest(
        role=role,
        system=system,
        messages=(opening,),
        tools=toolbox.specs if toolbox else (),
        answer_schema=answer_schema,
    )
    talk = Talk(ctx, step, request)
    for _ in range(MAX_CALLS):
        done = await talk.ask()
        if done.stop == "max_tokens":
            raise ModelError("truncated", f"The {role}'s answer was cut off at its token limit.")
        if done.stop == "paused":
            continue
        if not done.message.calls or toolbox is None:
            return done
        results = [await _run(ctx, step, role, toolbox, call) for call in done.message.calls]
        names = {call.id: call.name for call in done.message.calls}
        if any(result.ok and names.get(result.call_id) == until for result in results):
            return done
        talk.add(Message(role="tool", results=tuple(results)))
    raise ModelError("bad_answer", f"The {role} made {MAX_CALLS} calls without an end.")


async def _run(ctx: Context, step: str, role: Role, toolbox: Toolbox, call: ToolCall) -> ToolResult:
    arguments = _arguments(call)
    try:
        tool = toolbox.read(call)
        asked = tool.asks(toolbox.desk)
    except ToolFailed as error:
        called = ToolCalled(step=step, call=call.id, name=call.name, arguments=arguments)
        await ctx.recorder.append(called, role)
        result = failed(call, str(error))
    else:
        refused = await supervise(ctx, step, role, call, arguments, asked)
        result = failed(call, refused) if refused else await toolbox.run(call, tool)
    await ctx.recorder.append(
        ToolReturned(
            step=step, call=call.id, ok=result.ok, summary=one_line(result.text, 120) or "nothing"
        ),
        "engine",
        durable=False,
    )
    return result


def _arguments(call: ToolCall) -> dict[str, Any]:
    try:
        value = json.loads(call.arguments or "{}", parse_float=_number, parse_constant=str)
    except (ValueError, RecursionError):
        return {"raw": call.arguments}
    return value if isinstance(value, dict) else {"raw": call.arguments}


def _number(text: str) -> float | str:
    """A number, or its text where it is none that JSON can hold again."""
    value = float(text)
    return value if math.isfinite(value) else text
