"""ATIF, Harbor's Agent Trajectory Interchange Format, version 1.7.

Model calls, tools and requests are steps of their own kinds. What ATIF has no type for (specs,
changes, verdicts, decisions, the commit) are steps of the system, in words and, exactly, in
``extra.agent_tui``, so that an import gives the same session again.

The format: https://www.harborframework.com/docs/trajectory-format
"""

import json
from collections.abc import Callable
from typing import Any

from agent_tui import __version__
from agent_tui.domain import events as e
from agent_tui.domain.base import BlobRef
from agent_tui.domain.fold import apply
from agent_tui.domain.state import State
from agent_tui.sessions import codec
from agent_tui.sessions.exporters.prepare import Prepared, removed_words

VERSION = "ATIF-v1.7"
Describe = Callable[[e.Record, State], str]
Step = dict[str, Any]

CARRIED = (
    e.SpecProposed,
    e.AttemptProposed,
    e.ChecksFinished,
    e.VerdictProposed,
    e.FindingAdded,
    e.FindingChanged,
    e.MessageProposed,
    e.GateOpened,
    e.GateDecided,
    e.CommitDone,
)
"""Events that the steps of the system carry whole."""


def export_atif(prepared: Prepared, describe: Describe) -> bytes:
    """The trajectory's bytes, as JSON.

    Raises:
        ExportError: If the session has no beginning.
    """
    started = prepared.started
    steps = _Steps(prepared, describe)
    state = State()
    for record in prepared.records:
        state = apply(state, record)
        steps.take(record, state)
    steps.flush()
    git: dict[str, Any] = {"commit_hash": started.repo.commit, "branch": started.repo.branch}
    agent: dict[str, Any] = {
        "name": started.source.agent if started.source else "agent-tui",
        "version": (started.source.version if started.source else "") or __version__,
        "extra": {"cwd": started.repo.root, "git": git, "exported_by": f"agent-tui {__version__}"},
    }
    models = [str(step["model_name"]) for step in steps.done if "model_name" in step]
    if models:
        agent["model_name"] = models[0]
    metrics: dict[str, Any] = {
        "total_prompt_tokens": state.usage.input_tokens,
        "total_completion_tokens": state.usage.output_tokens,
        "total_cached_tokens": state.usage.cache_read_tokens,
        "total_steps": len(steps.done),
        "extra": {"unpriced_calls": state.cost.unpriced_calls},
    }
    if state.cost.priced or not state.cost.unpriced_calls:
        metrics["total_cost_usd"] = float(state.cost.priced)
    value = {
        "schema_version": VERSION,
        "session_id": started.session or prepared.id,
        "agent": agent,
        "steps": steps.done,
        "final_metrics": metrics,
    }
    notes = removed_words(prepared)
    if notes:
        value["notes"] = notes
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


class _Steps:
    def __init__(self, prepared: Prepared, describe: Describe) -> None:
        self.done: list[Step] = []
        self._prepared = prepared
        self._describe = describe
        self._models: dict[str, str] = {}
        self._open: Step | None = None
        self._text: list[str] = []
        self._thoughts: list[str] = []

    def take(self, record: e.Record, state: State) -> None:
        event = record.event
        match event:
            case e.SessionStarted(request=request):
                self._add("user", request, record)
            case e.RequestAdded(text=text):
                self._add("user", text, record)
            case e.StepStarted(step=name, model=model):
                self.flush()
                if model is not None:
                    self._models[name] = f"{model.provider}/{model.model}"
            case e.StepOutput(step=step, channel="text", text=text):
                self._agent(step, record)
                self._text.append(text)
            case e.StepOutput(step=step, channel="thinking", text=text):
                self._agent(step, record)
                self._thoughts.append(text)
            case e.ToolCalled():
                self._call(event, record)
            case e.ToolReturned():
                self._result(event, record)
            case e.ModelAnswered():
                self._answered(event, record)
            case e.StepFinished():
                self.flush()
            case _ if isinstance(event, CARRIED):
                self._carry(record, state)

    def _add(self, source: str, message: str, record: e.Record) -> Step:
        self.flush()
        step: Step = {
            "step_id": len(self.done) + 1,
            "timestamp": record.at.isoformat().replace("+00:00", "Z"),
            "source": source,
            "message": message,
        }
        self.done.append(step)
        return step

    def _agent(self, name: str, record: e.Record) -> Step:
        """The model's call in progress; a call that was counted ends with what comes next."""
        if self._open is not None and "metrics" in self._open and "observation" in self._open:
            self.flush()
        if self._open is None:
            step = self._add("agent", "", record)
            self._open = step
            if name in self._models:
                step["model_name"] = self._models[name]
        return self._open

    def _call(self, event: e.ToolCalled, record: e.Record) -> None:
        step = self._agent(event.step, record)
        taken = {call["tool_call_id"] for call in step.get("tool_calls", ())}
        name = event.call if event.call not in taken else f"{event.call}-{len(taken)}"
        call = {
            "tool_call_id": name,
            "function_name": event.name,
            "arguments": codec.plain(event)["arguments"],
        }
        step.setdefault("tool_calls", []).append(call)

    def _result(self, event: e.ToolReturned, record: e.Record) -> None:
        step = self._open or self._agent(event.step, record)
        result: dict[str, Any] = {
            "content": event.summary,
            "extra": {"agent_tui": {"ok": event.ok}},
        }
        if any(c["tool_call_id"] == event.call for c in step.get("tool_calls", ())):
            result["source_call_id"] = event.call
        step.setdefault("observation", {"results": []})["results"].append(result)

    def _answered(self, event: e.ModelAnswered, record: e.Record) -> None:
        step = self._open
        if step is None or "metrics" in step:
            self.flush()
            step = self._agent(event.step, record)
        usage = event.usage
        step["metrics"] = {
            "prompt_tokens": usage.input_tokens,
            "completion_tokens": usage.output_tokens,
            "cached_tokens": usage.cache_read_tokens,
            "extra": {
                "cache_write_tokens": usage.cache_write_tokens,
                "reasoning_tokens": usage.reasoning_tokens,
                "stop": event.stop,
            },
        }
        if not event.cost.unpriced_calls:
            step["metrics"]["cost_usd"] = float(event.cost.priced)
        step["llm_call_count"] = 1

    def _carry(self, record: e.Record, state: State) -> None:
        event = record.event
        words = self._describe(record, state).strip() or event.type
        step = self._add("system", words, record)
        data = codec.plain(event)
        carried: dict[str, Any] = {"type": event.type, "actor": record.actor, "data": data}
        ref = getattr(event, "patch", None)
        if isinstance(ref, BlobRef) and ref.digest in self._prepared.patches:
            carried["patch"] = self._prepared.patches[ref.digest].decode("utf-8", "replace")
            data.pop("patch")
        step["extra"] = {"agent_tui": json.loads(json.dumps(carried, default=str))}

    def flush(self) -> None:
        """The model's call in progress is complete."""
        step, self._open = self._open, None
        if step is None:
            return
        step["message"] = "".join(self._text).rstrip("\n")
        if self._thoughts:
            step["reasoning_content"] = "".join(self._thoughts).rstrip("\n")
        self._text, self._thoughts = [], []
