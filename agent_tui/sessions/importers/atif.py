"""ATIF, Harbor's Agent Trajectory Interchange Format (v1.0 to v1.8): one JSON value.

It has no type for edits or decisions. What our own exporter put into ``extra.agent_tui`` is taken
back exactly; of other sources, edits are told by the arguments of the tools that made them.
"""

from datetime import datetime
from typing import Any

from pydantic import ValidationError

from agent_tui.domain.usage import Usage
from agent_tui.sessions import codec
from agent_tui.sessions.importers.builder import Builder
from agent_tui.sessions.importers.reading import Reading
from agent_tui.sessions.importers.sniff import Head
from agent_tui.sessions.importers.source import parse
from agent_tui.sessions.importers.tools import edit_by_arguments
from agent_tui.sessions.importers.values import (
    Object,
    items,
    joined,
    model_ref,
    money,
    number,
    obj,
    objects,
    text,
    time_of,
)

NAME = "atif"
AGENT = "ATIF"
UNKNOWN = (
    "Whether a tool call succeeded: ATIF has no field for it. A result that begins with an error "
    "counts as failed.",
    "Decisions of a person, and the files before an edit, unless agent-tui wrote the file.",
)
_ERRORS = ("error", "<tool_use_error>", "apply_patch verification", "traceback", "unsupported")
RESTORED = frozenset(
    {
        "spec.proposed",
        "attempt.proposed",
        "checks.finished",
        "verdict.proposed",
        "finding.added",
        "finding.changed",
        "message.proposed",
        "gate.opened",
        "gate.decided",
        "commit.done",
    }
)
"""Events of ours that an export carries whole."""


def matches(head: Head) -> bool:
    """A value whose ``schema_version`` begins with ``ATIF``."""
    value = obj(head.value)
    return text(value.get("schema_version")).startswith("ATIF")


def read(reading: Reading) -> None:
    """Tell the builder each step."""
    out = reading.out
    account = reading.account("record")
    value = obj(parse(reading.source.whole()))
    agent = obj(value.get("agent"))
    extra = obj(agent.get("extra"))
    name = text(agent.get("name"))
    version = f"{text(value.get('schema_version'))} of {name} {text(agent.get('version'))}"
    out.about(version=version.strip(), session=text(value.get("session_id")))
    git = obj(extra.get("git"))
    out.where(
        folder=text(extra.get("cwd")),
        branch=text(git.get("branch")),
        commit=text(git.get("commit_hash")),
    )
    default = text(agent.get("model_name"))
    for position, step in enumerate(items(value.get("steps")), 1):
        if not isinstance(step, dict):
            account.add(position, "step", "kept raw", "no object")
            continue
        kind = text(step.get("source")) or "no source"
        fate = _step(out, step, default, position)
        reason = "" if fate else "a step of the system, with no event of ours"
        account.add(position, kind, "imported" if fate else "kept raw", reason)


def _step(out: Builder, step: Object, default: str, position: int) -> bool:
    at = time_of(step.get("timestamp"))
    said = joined(step.get("message"))
    source = step.get("source")
    if source == "user" and not _is_context(said):
        out.request(said, at)
        return True
    if source == "agent":
        _agent(out, step, default, position, said, at)
        return True
    carried = obj(obj(step.get("extra")).get("agent_tui"))
    if carried and _restore(out, carried, at):
        return True
    out.raw("system", {"message": said[:4000]}, len(said), position, at)
    return False


def _is_context(said: str) -> bool:
    """What Codex tells its model of the machine stands among the person's words."""
    said = said.strip()
    return said.startswith("<environment_context>") and said.endswith("</environment_context>")


def _agent(
    out: Builder, step: Object, default: str, position: int, said: str, at: datetime | None
) -> None:
    model = model_ref("unknown", text(step.get("model_name")) or default)
    out.thinks(text(step.get("reasoning_content")), at, model)
    out.says(said, at, model)
    calls: dict[str, Object] = {}
    for number_, call in enumerate(objects(step.get("tool_calls")), 1):
        name = text(call.get("tool_call_id")) or f"step-{position}-call-{number_}"
        calls[name] = call
        out.called(name, text(call.get("function_name")), call.get("arguments"), at, model)
    for result in objects(obj(step.get("observation")).get("results")):
        _result(out, calls, result, at)
    metrics = obj(step.get("metrics"))
    if metrics:
        out.answered(
            f"{out.source.session or 'atif'}-step-{position}",
            _usage(metrics),
            at,
            dollars=money(metrics.get("cost_usd")),
            model=model,
        )


def _result(out: Builder, calls: dict[str, Object], result: Object, at: datetime | None) -> None:
    call = text(result.get("source_call_id"))
    content = joined(result.get("content"))
    carried = obj(obj(result.get("extra")).get("agent_tui")).get("ok")
    ok = carried if isinstance(carried, bool) else not content.lower().startswith(_ERRORS)
    if call not in calls:
        out.notice(content, at)
        return
    out.returned(call, ok, content, at)
    arguments: Any = calls[call].get("arguments")
    if ok and carried is None:
        edit_by_arguments(out.files, text(calls[call].get("function_name")), arguments)


def _restore(out: Builder, carried: Object, at: datetime | None) -> bool:
    """An event of ours, as it was, with the patch that belongs to it."""
    kind, data = text(carried.get("type")), obj(carried.get("data"))
    if kind not in RESTORED:
        return False
    patch = carried.get("patch")
    if isinstance(patch, str):
        ref = out.sink.blob(patch.encode("utf-8", "surrogateescape"))
        data = {**data, "patch": ref.model_dump()}
    try:
        event = codec.build(kind, data)
    except ValidationError:
        return False
    out.restored(event, text(carried.get("actor")), at)
    return True


def _usage(metrics: Object) -> Usage:
    extra = obj(metrics.get("extra"))
    return Usage(
        input_tokens=number(metrics.get("prompt_tokens")),
        cache_read_tokens=number(metrics.get("cached_tokens")),
        cache_write_tokens=number(
            extra.get("cache_write_tokens", extra.get("cache_write_input_tokens"))
        ),
        output_tokens=number(metrics.get("completion_tokens")),
        reasoning_tokens=number(
            extra.get("reasoning_tokens", extra.get("reasoning_output_tokens"))
        ),
    )
