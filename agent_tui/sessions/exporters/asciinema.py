"""asciinema v3: the session as a recording of a terminal, with a marker at each decision.

A header line, then ``[interval, code, data]``: ``o`` is output, ``m`` a marker, ``x`` the end.
The format: https://docs.asciinema.org/manual/asciicast/v3/
"""

import json
from collections.abc import Callable
from datetime import datetime

from agent_tui.domain import events as e
from agent_tui.domain.fold import apply
from agent_tui.domain.state import State
from agent_tui.domain.text import decode, one_line, title_line, visible
from agent_tui.sessions.exporters.prepare import Prepared, removed_words

Describe = Callable[[e.Record, State], str]
WIDTH, HEIGHT = 100, 30
IDLE_CAP_S = 2.0
"""Seconds that a pause in the session takes in the recording, at most."""

MAX_DIFF = 200
"""Lines of one change that scroll by."""

_COLOURS = {"gate": "33", "person": "35", "model": "36", "ok": "32", "bad": "31", "muted": "90"}


def export_asciinema(prepared: Prepared, describe: Describe) -> bytes:
    """The recording's bytes.

    Raises:
        ExportError: If the session has no beginning.
    """
    started = prepared.started
    first = prepared.records[0].at
    header = {
        "version": 3,
        "term": {"cols": WIDTH, "rows": HEIGHT, "type": "xterm-256color"},
        "timestamp": int(first.timestamp()),
        "idle_time_limit": IDLE_CAP_S,
        "title": title_line(started.request, 200),
    }
    cast = _Cast(first)
    state = State()
    removed = removed_words(prepared)
    if removed:
        cast.line(first, removed, "muted")
    for record in prepared.records:
        state = apply(state, record)
        _tell(cast, prepared, record, state, describe)
    status = 0 if state.commit is not None or started.source is not None else 1
    cast.add(prepared.records[-1].at, "x", str(status))
    lines = [json.dumps(header, ensure_ascii=True), *cast.lines]
    return ("\n".join(lines) + "\n").encode("ascii")


class _Cast:
    def __init__(self, first: datetime) -> None:
        self.lines: list[str] = []
        self._last = first

    def add(self, at: datetime, code: str, data: str) -> None:
        interval = min(max((at - self._last).total_seconds(), 0.0), IDLE_CAP_S)
        self._last = max(self._last, at)
        self.lines.append(json.dumps([round(interval, 3), code, data], ensure_ascii=True))

    def line(self, at: datetime, text: str, colour: str = "") -> None:
        """One line, in which nothing from outside can steer the terminal."""
        shown = visible(text)
        if colour:
            shown = f"\x1b[{_COLOURS[colour]}m{shown}\x1b[0m"
        self.add(at, "o", shown + "\r\n")

    def mark(self, at: datetime, label: str) -> None:
        """A place to jump to."""
        self.add(at, "m", one_line(label, 80))


def _tell(
    cast: _Cast, prepared: Prepared, record: e.Record, state: State, describe: Describe
) -> None:
    event, at = record.event, record.at
    if isinstance(event, e.StepOutput):
        colour = {"thinking": "muted", "tool": "model"}.get(event.channel, "")
        for line in event.text.rstrip("\n").split("\n"):
            cast.line(at, line.expandtabs(4)[:2000], colour)
        return
    if isinstance(event, e.ToolReturned):
        words = one_line(event.summary, WIDTH - 6)
        cast.line(at, f"  {'✓' if event.ok else '✗'} {words}", "ok" if event.ok else "bad")
        return
    if isinstance(event, e.GateOpened):
        cast.mark(at, f"{event.gate.kind} gate")
        cast.line(at, f"── {event.gate.kind} gate: waits for a decision", "gate")
        return
    if isinstance(event, e.RequestAdded):
        cast.mark(at, f"request: {event.text}")
        cast.line(at, f"request: {one_line(event.text, 300)}", "person")
        return
    colour = {"person": "person", "engine": ""}.get(record.actor, "")
    for line in describe(record, state).split("\n"):
        if line.strip():
            cast.line(at, line, colour)
    if isinstance(event, e.AttemptProposed):
        cast.mark(at, f"attempt {event.attempt}")
        _diff(cast, prepared, event, at)
    elif isinstance(event, e.SessionStarted):
        cast.mark(at, "request")
    elif isinstance(event, e.GateDecided):
        cast.mark(at, f"{event.kind} {event.choice}")


def _diff(cast: _Cast, prepared: Prepared, event: e.AttemptProposed, at: datetime) -> None:
    raw = prepared.patches.get(event.patch.digest, b"")
    lines = decode(raw).split("\n")
    for line in lines[:MAX_DIFF]:
        colour = {"+": "ok", "-": "bad", "@": "model", "d": "muted"}.get(line[:1], "")
        cast.line(at, line.expandtabs(4), colour)
    if len(lines) > MAX_DIFF:
        cast.line(at, f"… {len(lines) - MAX_DIFF:,} more lines", "muted")
