"""The part of the fold about tools: commands that run, rules that were given, what was read."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from agent_tui.domain import events as e
from agent_tui.domain.state import State


def _command_started(s: State, ev: e.CommandStarted, r: e.Record) -> State:
    return replace(s, running=(*s.running, ev))


def _command_ended(s: State, ev: e.CommandEnded, r: e.Record) -> State:
    left = tuple(x for x in s.running if (x.step, x.call) != (ev.step, ev.call))
    ended = {x.line for x in s.running} - {x.line for x in left}
    return replace(s, running=left, unfinished=tuple(x for x in s.unfinished if x not in ended))


def cut_off(s: State, step: str) -> State:
    """A step has ended: a tool gate in it waits no more, and its commands had no end."""
    waits = s.gate is not None and s.gate.tool is not None and s.gate.tool.step == step
    cut = tuple(x.line for x in s.running if x.step == step)
    if not (waits or cut):
        return s
    return replace(
        s,
        gate=None if waits else s.gate,
        gate_opened=None if waits else s.gate_opened,
        running=tuple(x for x in s.running if x.step != step),
        unfinished=tuple(dict.fromkeys((*s.unfinished, *cut))),
    )


def _rule_added(s: State, ev: e.RuleAdded, r: e.Record) -> State:
    return replace(s, rules=(*s.rules, ev.rule)) if ev.scope == "session" else s


def _sources_read(s: State, ev: e.SourcesRead, r: e.Record) -> State:
    return replace(s, sources=(*s.sources, ev))


HANDLERS: Mapping[type, Callable[[State, Any, e.Record], State]] = {
    e.CommandStarted: _command_started,
    e.CommandEnded: _command_ended,
    e.RuleAdded: _rule_added,
    e.SourcesRead: _sources_read,
}
