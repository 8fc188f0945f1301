"""One HTML file that holds a whole session: three panes, a scrubber, no network, no framework.

The states are folded here, at every step that a replay stops at. A pane's content is stored once
however many steps show it, and a step stores only what differs from the step before.
"""

import base64
import hashlib
import html
import json
import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from agent_tui.domain import events as e
from agent_tui.domain.links import Links
from agent_tui.domain.patch import Patch
from agent_tui.domain.state import State
from agent_tui.domain.text import one_line, title_line
from agent_tui.sessions.exporters import html_panes as panes
from agent_tui.sessions.exporters.html_diff import diff_pane, diff_title
from agent_tui.sessions.exporters.html_elements import esc, seconds, span
from agent_tui.sessions.exporters.prepare import Prepared

Describe = Callable[[e.Record, State], str]
"""What a record means, in a line or two."""

MAX_STEPS = 5_000
"""Steps that one file has; of a longer session only decisions and proposals are kept."""

PANES = ("head", "spec_title", "spec", "diff_title", "diff", "verdict_title", "verdict")
_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")


def export_html(prepared: Prepared, describe: Describe) -> bytes:
    """The file's bytes; the same session gives the same bytes.

    Raises:
        ExportError: If the session has no beginning.
    """
    started = prepared.started
    parts: dict[str, int] = {}
    steps = _steps(prepared, describe, parts)
    template = files("agent_tui.sessions.exporters").joinpath("session.html").read_text("utf-8")
    style = files("agent_tui.sessions.exporters").joinpath("session.css").read_text("utf-8")
    script = files("agent_tui.sessions.exporters").joinpath("session.js").read_text("utf-8")
    data = json.dumps({"panes": PANES, "steps": steps}, ensure_ascii=False, separators=(",", ":"))
    # Inside a script element only "</script" and "<!--" could end the data or change its meaning.
    data = data.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    values = {
        "csp": _policy(style, script),
        "title": html.escape(title_line(started.request, 120) or prepared.id),
        "repo": esc(started.repo.name),
        "branch": _branch(started),
        "request": esc(title_line(started.request, 400)),
        "session": esc(prepared.id),
        "style": style,
        "script": script,
        "data": data,
        "last": str(max(0, len(steps) - 1)),
        "templates": "".join(
            f'<template id="p{number}">{content}</template>' for content, number in parts.items()
        ),
    }
    page = _PLACEHOLDER.sub(lambda match: values[match[1]], template)
    return page.encode("utf-8", "replace")


def _branch(started: e.SessionStarted) -> str:
    """The branch; of an imported session without one, nobody knows whether there was one."""
    branch = started.repo.branch or ("detached" if started.source is None else "")
    return span(f"⎇ {branch}", "muted") if branch else ""


def _policy(style: str, script: str) -> str:
    """Nothing may be loaded, and only this very style and script may run."""

    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    return (
        f"default-src 'none'; style-src 'sha256-{digest(style)}'; "
        f"script-src 'sha256-{digest(script)}'; base-uri 'none'; form-action 'none'"
    )


def _steps(prepared: Prepared, describe: Describe, parts: dict[str, int]) -> list[dict[str, Any]]:
    replay = prepared.replay()
    places = replay.places("stop")
    if len(places) > MAX_STEPS:
        kept = (e.GateDecided, e.AttemptProposed, e.SpecProposed, e.RequestAdded)
        last = replay.length
        places = tuple(
            p for p in places if isinstance(prepared.records[p - 1].event, kept) or p in (1, last)
        )[:MAX_STEPS]
    steps: list[dict[str, Any]] = []
    shown: dict[str, int] = {}
    patches: dict[str, Patch] = {}
    decisions = 0
    for place in places:
        state = replay.state_at(place)
        record = prepared.records[place - 1]
        content = _content(prepared, state, patches)
        step: dict[str, Any] = {
            "t": record.at.strftime("%Y-%m-%d %H:%M:%S"),
            "w": _caption(record, state, describe),
        }
        for name, text in content.items():
            number = parts.setdefault(text, len(parts))
            if shown.get(name) != number:
                shown[name] = step.setdefault("p", {})[str(PANES.index(name))] = number
        marks = _marks(record, len(state.decisions) > decisions)
        if marks:
            step["m"] = marks
        decisions = len(state.decisions)
        steps.append(step)
    return steps


def _marks(record: e.Record, decided: bool) -> str:
    """What the keys stop at: a gate, an attempt, a rejection."""
    marks = ""
    if isinstance(record.event, e.GateOpened | e.RequestAdded):
        marks += "g"
    if isinstance(record.event, e.AttemptProposed) and record.event.revision == 1:
        marks += "a"
    if decided and isinstance(record.event, e.GateDecided) and record.event.choice == "reject":
        marks += "r"
    return marks


def _caption(record: e.Record, state: State, describe: Describe) -> str:
    words = describe(record, state).strip().replace("\n", " · ")
    if isinstance(record.event, e.GateOpened):
        words = f"{record.event.gate.kind} gate: waits for a decision"
    elif isinstance(record.event, e.RequestAdded):
        words = f"the person asks: {one_line(record.event.text, 200)}"
    elif isinstance(record.event, e.GateDecided) and record.event.waited_s:
        words += f" (after {seconds(record.event.waited_s)})"
    return f"{record.event.type}  {one_line(words, 300)}".rstrip()


def _content(prepared: Prepared, state: State, patches: dict[str, Patch]) -> dict[str, str]:
    revision = state.revision
    patch = Patch()
    if revision is not None:
        digest = revision.patch.digest
        if digest not in patches:
            patches[digest] = prepared.patch(revision.patch)
        patch = patches[digest]
    links = Links(
        state.spec.spec if state.spec else None,
        patch,
        revision.report if revision else None,
        (revision.checks or ()) if revision else (),
        [entry.finding for entry in state.ledger],
    )
    return {
        "head": panes.header(state),
        "spec_title": panes.spec_title(state),
        "spec": panes.spec_pane(state, links),
        "diff_title": diff_title(state),
        "diff": diff_pane(state, patch, links),
        "verdict_title": panes.verdict_title(state),
        "verdict": panes.verdict_pane(state),
    }
