"""OpenTelemetry spans by the conventions for generative AI, as OTLP in JSON.

One trace for a session: ``invoke_agent`` for all of it, below it a span for each step, below that
``chat`` for each answer of a model and ``execute_tool`` for each call of a tool. Decisions of the
person are events of the session's span.

The conventions (still in development): https://opentelemetry.io/docs/specs/semconv/gen-ai/
The encoding: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

import hashlib
import json
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from agent_tui import __version__
from agent_tui.domain import events as e
from agent_tui.domain.fold import apply
from agent_tui.domain.state import State
from agent_tui.domain.text import one_line
from agent_tui.sessions import codec
from agent_tui.sessions.exporters.prepare import ExportError, Prepared

TIMEOUT_S = 30.0
_INTERNAL, _CLIENT = 1, 3
_OK, _ERROR = 1, 2
MAX_TEXT = 16_000
Json = dict[str, Any]


def export_otlp(prepared: Prepared) -> bytes:
    """An ``ExportTraceServiceRequest`` in OTLP's JSON encoding.

    Raises:
        ExportError: If the session has no beginning.
    """
    spans = _Spans(prepared)
    resource = {
        "service.name": "agent-tui",
        "service.version": __version__,
    }
    scope = {"name": "agent-tui", "version": __version__}
    value = {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes(resource)},
                "scopeSpans": [{"scope": scope, "spans": spans.all()}],
            }
        ]
    }
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


def send_otlp(data: bytes, endpoint: str) -> str:
    """Send spans to a collector, by HTTP.

    Args:
        endpoint: Its address; ``/v1/traces`` is added to one without a path.

    Returns:
        Where they went.

    Raises:
        ExportError: If the address is none, or the collector does not take them.
    """
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ExportError(f"{one_line(endpoint, 200)!r} is no address: write http://host:4318")
    url = endpoint if parts.path.strip("/") else f"{endpoint.rstrip('/')}/v1/traces"
    headers = {"Content-Type": "application/json", "User-Agent": f"agent-tui/{__version__}"}
    request = urllib.request.Request(url, data, headers)  # noqa: S310 - http and https only, above
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            answer.read(1 << 16)
    except urllib.error.HTTPError as error:
        words = one_line(error.read(500).decode("utf-8", "replace"), 200)
        raise ExportError(f"{url} answered {error.code}: {words or error.reason}") from error
    except (urllib.error.URLError, OSError) as error:
        why = error.reason if isinstance(error, urllib.error.URLError) else error
        raise ExportError(f"cannot reach {url}: {why}") from error
    return url


def _value(value: Any) -> Json:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list | tuple):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    return {"stringValue": str(value)}


def _attributes(values: Json) -> list[Json]:
    return [
        {"key": key, "value": _value(value)}
        for key, value in values.items()
        if value is not None and value != ""
    ]


def _nanos(at: datetime) -> str:
    whole = int(at.timestamp())
    return str(whole * 1_000_000_000 + at.microsecond * 1000)


def _id(size: int, *parts: object) -> str:
    text = "\0".join(map(str, parts))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[: 2 * size]


def _messages(role: str, text: str) -> str:
    part = {"type": "text", "content": text[:MAX_TEXT]}
    return json.dumps([{"role": role, "parts": [part]}], ensure_ascii=False)


class _Spans:
    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._started = prepared.started
        self._conversation = self._started.session or prepared.id
        self._trace = _id(16, "trace", prepared.id, self._conversation)
        self._root = _id(8, self._trace, "session")
        self._spans: list[Json] = []
        self._events: list[Json] = []
        self._steps: dict[str, Json] = {}
        self._calls: dict[tuple[str, str], Json] = {}
        self._asked: dict[str, tuple[datetime, str]] = {}
        self._said: dict[str, list[str]] = {}
        self._models: dict[str, tuple[str, str]] = {}

    def all(self) -> list[Json]:
        """Every span, the session's first."""
        state = State()
        records = self._prepared.records
        for record in records:
            state = apply(state, record)
            self._take(record)
        last = records[-1].at
        for span in self._spans:
            span.setdefault("endTimeUnixNano", _nanos(last))
        usage = state.usage
        root = self._span("invoke_agent agent-tui", records[0].at, self._root, "", _INTERNAL)
        root["endTimeUnixNano"] = _nanos(last)
        root["events"] = self._events
        source = self._started.source
        self._set(
            root,
            {
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.agent.name": source.agent if source else "agent-tui",
                "gen_ai.input.messages": _messages("user", self._started.request),
                "gen_ai.usage.input_tokens": usage.input_tokens,
                "gen_ai.usage.output_tokens": usage.output_tokens,
                "agent_tui.cost_usd": float(state.cost.priced),
                "agent_tui.unpriced_calls": state.cost.unpriced_calls,
                "agent_tui.outcome": state.finished.outcome if state.finished else "",
                "agent_tui.commit": state.commit.commit if state.commit else "",
            },
        )
        return [root, *self._spans]

    def _span(self, name: str, at: datetime, own: str, parent: str, kind: int) -> Json:
        span: Json = {
            "traceId": self._trace,
            "spanId": own,
            "name": one_line(name, 120),
            "kind": kind,
            "startTimeUnixNano": _nanos(at),
            "attributes": _attributes({"gen_ai.conversation.id": self._conversation}),
            "status": {"code": _OK},
        }
        if parent:
            span["parentSpanId"] = parent
        return span

    def _set(self, span: Json, values: Json) -> None:
        span["attributes"] += _attributes(values)

    def _take(self, record: e.Record) -> None:
        event, at = record.event, record.at
        match event:
            case e.StepStarted():
                self._step(event, at)
            case e.StepFinished(step=name, outcome=outcome, detail=detail):
                if step := self._steps.get(name):
                    step["endTimeUnixNano"] = _nanos(at)
                    if outcome != "done":
                        step["status"] = {"code": _ERROR, "message": one_line(detail or outcome)}
            case e.StepOutput(step=name, channel="text", text=text):
                self._said.setdefault(name, []).append(text)
            case e.ModelAsked(step=name, prompt=prompt):
                self._asked[name] = (at, prompt)
            case e.ModelAnswered():
                self._chat(event, record)
            case e.ToolCalled():
                self._tool(event, record)
            case e.ToolReturned():
                self._returned(event, at)
            case e.GateDecided() | e.AttemptProposed() | e.CommitDone() | e.RequestAdded():
                self._event(record)

    def _step(self, event: e.StepStarted, at: datetime) -> None:
        span = self._span(
            f"step {event.kind}", at, _id(8, self._trace, event.step), self._root, _INTERNAL
        )
        self._set(span, {"agent_tui.step": event.kind, "agent_tui.attempt": event.attempt})
        self._steps[event.step] = span
        self._spans.append(span)
        if event.model is not None:
            self._models[event.step] = (event.model.provider, event.model.model)

    def _parent(self, step: str) -> str:
        return str(self._steps[step]["spanId"]) if step in self._steps else self._root

    def _chat(self, event: e.ModelAnswered, record: e.Record) -> None:
        provider, model = self._models.get(event.step, ("", ""))
        asked, prompt = self._asked.pop(event.step, (record.at, ""))
        began = asked
        if asked == record.at and event.latency.total_s:
            began = record.at - timedelta(seconds=event.latency.total_s)
        own = _id(8, self._trace, "chat", record.seq)
        span = self._span(f"chat {model}".strip(), began, own, self._parent(event.step), _CLIENT)
        span["endTimeUnixNano"] = _nanos(record.at)
        said = "".join(self._said.pop(event.step, ()))
        usage = event.usage
        self._set(
            span,
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": provider,
                "gen_ai.request.model": model,
                "gen_ai.response.id": event.request_id,
                "gen_ai.response.finish_reasons": [event.stop],
                "gen_ai.input.messages": _messages("user", prompt) if prompt else "",
                "gen_ai.output.messages": _messages("assistant", said) if said else "",
                "gen_ai.usage.input_tokens": usage.input_tokens,
                "gen_ai.usage.output_tokens": usage.output_tokens,
                "gen_ai.usage.cache_read.input_tokens": usage.cache_read_tokens,
                "gen_ai.usage.cache_creation.input_tokens": usage.cache_write_tokens,
                "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens,
                "agent_tui.cost_usd": None
                if event.cost.unpriced_calls
                else float(event.cost.priced),
            },
        )
        self._spans.append(span)

    def _tool(self, event: e.ToolCalled, record: e.Record) -> None:
        own = _id(8, self._trace, "tool", record.seq)
        name = f"execute_tool {event.name}"
        span = self._span(name, record.at, own, self._parent(event.step), _INTERNAL)
        arguments = json.dumps(codec.plain(event)["arguments"], ensure_ascii=False, default=str)
        self._set(
            span,
            {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": event.name,
                "gen_ai.tool.call.id": event.call,
                "gen_ai.tool.call.arguments": arguments[:MAX_TEXT],
            },
        )
        self._calls[event.step, event.call] = span
        self._spans.append(span)

    def _returned(self, event: e.ToolReturned, at: datetime) -> None:
        span = self._calls.pop((event.step, event.call), None)
        if span is None:
            return
        span["endTimeUnixNano"] = _nanos(at)
        self._set(span, {"gen_ai.tool.call.result": event.summary[:MAX_TEXT]})
        if not event.ok:
            span["status"] = {"code": _ERROR, "message": one_line(event.summary, 200)}

    def _event(self, record: e.Record) -> None:
        event = record.event
        told: Json = {"agent_tui.actor": record.actor}
        match event:
            case e.GateDecided(kind=kind, choice=choice, reason=reason, waited_s=waited):
                told |= {"kind": kind, "choice": choice, "reason": reason, "waited_s": waited}
            case e.AttemptProposed(attempt=attempt, tree=tree):
                told |= {"attempt": attempt, "tree": tree}
            case e.CommitDone(commit=commit, tree=tree):
                told |= {"commit": commit, "tree": tree}
            case e.RequestAdded(text=text):
                told |= {"text": text[:MAX_TEXT]}
        self._events.append(
            {
                "name": f"agent_tui.{event.type}",
                "timeUnixNano": _nanos(record.at),
                "attributes": _attributes(told),
            }
        )
