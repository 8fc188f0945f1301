"""Codex: ``~/.codex/sessions/Y/M/D/rollout-*.jsonl``, plain or compressed with zstd.

A line is ``{timestamp, type, payload}``. Messages, reasoning and commands stand there twice: as the
model saw them (``response_item``) and as the screen did (``event_msg``); each is taken once. A fork
stores no history: it names the thread and the place where it left it.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from agent_tui.domain.base import ModelRef
from agent_tui.domain.usage import Usage
from agent_tui.sessions.importers.account import Fate
from agent_tui.sessions.importers.builder import Builder
from agent_tui.sessions.importers.codex_items import CodexItems
from agent_tui.sessions.importers.reading import Reading
from agent_tui.sessions.importers.sniff import Head
from agent_tui.sessions.importers.source import Source
from agent_tui.sessions.importers.tools import exit_code, json_arguments, patch_text
from agent_tui.sessions.importers.values import (
    Object,
    joined,
    model_ref,
    number,
    obj,
    objects,
    text,
    time_of,
)

NAME = "codex"
AGENT = "Codex"
UNKNOWN = (
    "What the calls cost: the source counts tokens, and has no prices.",
    "Approvals: the source does not record what the person allowed or refused.",
    "What an added file replaced, and what commands did to files.",
)
_TYPES = {"session_meta", "response_item", "event_msg", "turn_context", "compacted"}
_SETTINGS = {"world_state", "thread_settings_applied", "task_started", "task_complete"}
_CONTEXT = (
    "<environment_context>",
    "<user_instructions>",
    "<permissions",
    "<skills",
    "# AGENTS.md",
)
_REQUEST = "## My request for Codex:"
MAX_SEARCHED = 20_000

Told = tuple[Fate, str]


def matches(head: Head) -> bool:
    """Lines with a time, a type and a ``payload``."""
    return any(
        text(line.get("type")) and "timestamp" in line and isinstance(line.get("payload"), dict)
        for line in head.lines
    )


def read(reading: Reading) -> None:
    """Tell the builder what the thread did, after the history that it forked from."""
    reader = _Reader(reading.out)
    account = reading.account()
    for line, size, record in reading.json_lines(account):
        payload = obj(record.get("payload"))
        base = obj(payload.get("history_base"))
        if record.get("type") == "session_meta" and text(base.get("thread_id")):
            _history(reading, reader, base)
        fate, reason = reader.take(record, size, line)
        kind = text(record.get("type")) or "no type"
        inner = text(payload.get("type"))
        account.add(line, f"{kind}/{inner}" if inner else kind, fate, reason)


def _history(reading: Reading, reader: "_Reader", base: Object) -> None:
    """Read the parent thread up to the fork: shown, but its tokens are not counted here."""
    thread = text(base.get("thread_id"))
    end = number(base.get("end_ordinal_exclusive"))
    path = _find(reading.source.path, thread)
    if path is None:
        reading.out.note(
            f"This is a fork of thread {thread[:60]!r}, whose file is not here: the history before "
            "the fork is missing."
        )
        return
    parent = Source(path)
    account = reading.account(source=parent)
    reader.history = True
    for line, size, record in reading.json_lines(account, parent):
        ordinal = record.get("ordinal")
        if isinstance(ordinal, int) and ordinal >= end:
            account.add(line, text(record.get("type")), "dropped", "after the place of the fork")
            continue
        fate, reason = reader.take(record, size, line)
        account.add(line, text(record.get("type")), fate, reason)
    reader.history = False
    reading.out.note(
        f"The history before the fork is from {parent.name}; its tokens belong to that thread."
    )


def _find(path: Path, thread: str) -> Path | None:
    """The file of another thread: beside this one, or in the folders of other days."""
    if not thread.replace("-", "").isalnum():
        return None
    dated = all(part.isdigit() for part in path.parent.parts[-3:])
    root = path.parent.parents[2] if dated and len(path.parent.parents) > 2 else path.parent
    for count, found in enumerate(_below(root)):
        if count > MAX_SEARCHED:
            return None
        if thread in found.name and found.is_file() and not found.is_symlink() and found != path:
            return found
    return None


def _below(root: Path) -> Iterator[Path]:
    yield from root.glob("rollout-*")
    yield from root.glob("[0-9]*/[0-9]*/[0-9]*/rollout-*")
    yield from root.glob("*rollout-*")


class _Reader:
    def __init__(self, out: Builder) -> None:
        self.out = out
        self.history = False
        self.model: ModelRef | None = None
        self._provider = "openai"
        self._forms: dict[str, Counter[tuple[str, str]]] = {"item": Counter(), "event": Counter()}
        self._patches: dict[str, str] = {}
        self._per_response = False
        self._total = 0
        self._answers = 0
        self._bare_calls = 0
        self._items = CodexItems(out, self._new)

    def take(self, record: Object, size: int, line: int) -> Told:
        kind = text(record.get("type"))
        payload = obj(record.get("payload"))
        at = time_of(record.get("timestamp")) or time_of(record.get("created_at"))
        inner = text(payload.get("type"))
        told: Told | None = None if payload else self._bare(record, kind, at)
        if kind == "session_meta":
            told = self._meta(payload)
        elif kind == "turn_context":
            self.out.where(folder=text(payload.get("cwd")))
            self.model = model_ref(self._provider, text(payload.get("model"))) or self.model
            self._items.model = self.model
            told = "imported", ""
        elif kind == "token_usage_record":
            told = self._usage_record(payload, at)
        elif kind == "response_item":
            told = self._item(inner, payload, at)
        elif kind == "event_msg":
            told = self._event(inner, payload, at)
        if told is None and kind in _SETTINGS | {"inter_agent_communication_metadata"}:
            told = "dropped", "settings of the agent's program"
        if told is not None:
            return told
        self.out.raw(f"{kind}/{inner}" if inner else kind, record, size, line, at)
        known = kind in _TYPES
        return "kept raw", "no event of ours says this" if known else "a kind that is not known"

    def _new(self, form: str, role: str, said: str) -> bool:
        """Whether a message is told for the first time, and not again in its other form."""
        mine, other = self._forms[form], self._forms["event" if form == "item" else "item"]
        key = (role, said.strip())
        mine[key] += 1
        return mine[key] > other[key]

    def _meta(self, payload: Object) -> Told:
        git = obj(payload.get("git"))
        if not self.history:
            session = text(payload.get("id")) or text(payload.get("session_id"))
            self.out.about(version=text(payload.get("cli_version")), session=session)
        self.out.where(
            folder=text(payload.get("cwd")),
            branch=text(git.get("branch")),
            commit=text(git.get("commit_hash")),
        )
        self._provider = text(payload.get("model_provider")) or "openai"
        return "imported", ""

    def _bare(self, record: Object, kind: str, at: datetime | None) -> Told | None:
        """A record of before 0.32, which had no payload around it."""
        role = text(record.get("role"))
        said = joined(record.get("content")) or text(record.get("message"))
        if kind in ("function_call", "function_result"):
            self._bare_calls += kind == "function_call"
            call = text(record.get("call_id")) or f"call-{self._bare_calls}"
            if kind == "function_call":
                name = text(obj(record.get("function")).get("name")) or text(record.get("name"))
                arguments = json_arguments(record.get("arguments"))
                self.out.called(call, name, arguments, at, self.model)
            else:
                self.out.returned(call, True, joined(record.get("result")), at)
            return "imported", ""
        if role == "user" and said:
            return self._request(said, at, "item")
        if role == "assistant" and said:
            self.model = model_ref(self._provider, text(record.get("model"))) or self.model
            self.out.says(said, at, self.model)
            return "imported", ""
        return None

    # -- as the model saw it ---------------------------------------------------------------------

    def _item(self, inner: str, payload: Object, at: datetime | None) -> Told | None:
        out = self.out
        again: Told = ("dropped", "the same as a record before, in its other form")
        if inner == "message":
            return self._message(payload, at)
        if inner == "reasoning":
            said = joined(payload.get("summary")) or joined(payload.get("content"))
            if not said:
                return "dropped", "reasoning that the source holds encrypted alone"
            if not self._new("item", "thinking", said):
                return again
            out.thinks(said, at, self.model)
        elif inner in ("function_call", "local_shell_call", "web_search_call", "tool_search_call"):
            self._call(payload, inner, at)
        elif inner == "custom_tool_call":
            call, given = text(payload.get("call_id")), payload.get("input")
            if isinstance(given, str) and "*** Begin Patch" in given:
                self._patches[call] = given
            out.called(call, text(payload.get("name")), given, at, self.model)
        elif inner in ("function_call_output", "custom_tool_call_output", "tool_search_output"):
            return self._output(payload, at)
        else:
            return None
        return "imported", ""

    def _message(self, payload: Object, at: datetime | None) -> Told:
        role, said = text(payload.get("role")), joined(payload.get("content"))
        if role == "assistant":
            if not self._new("item", role, said):
                return "dropped", "the same as a record before, in its other form"
            self.out.says(said, at, self.model)
            return "imported", ""
        if role != "user" or said.lstrip().startswith(_CONTEXT) or not said.strip():
            return "dropped", "instructions and context that the agent's program adds"
        return self._request(said, at, "item")

    def _request(self, said: str, at: datetime | None, form: str) -> Told:
        asked = said.rpartition(_REQUEST)[2].strip() if _REQUEST in said else said
        if not self._new(form, "user", asked):
            return "dropped", "the same as a record before, in its other form"
        self.out.request(asked, at)
        return "imported", ""

    def _call(self, payload: Object, inner: str, at: datetime | None) -> None:
        name = text(payload.get("name")) or inner.removesuffix("_call")
        arguments = json_arguments(payload.get("arguments")) or obj(payload.get("action"))
        call = text(payload.get("call_id")) or text(payload.get("id"))
        self.out.called(call, name, arguments, at, self.model)
        if name == "update_plan":
            given = obj(arguments)
            steps = [_plan_step(step) for step in objects(given.get("plan"))]
            self.out.planned("Plan", at, summary=text(given.get("explanation")), steps=steps)
        elif name == "apply_patch" and isinstance(obj(arguments).get("input"), str):
            self._patches[call] = obj(arguments)["input"]

    def _output(self, payload: Object, at: datetime | None) -> Told:
        call, output = text(payload.get("call_id")), json_arguments(payload.get("output"))
        if call in self._items.returned:
            return "dropped", "the same as a record before, in its other form"
        code: int | None = None
        if isinstance(output, dict):
            metadata = obj(output.get("metadata")).get("exit_code")
            code = metadata if isinstance(metadata, int) else None
            output = output.get("output", output.get("content"))
        said = joined(output)
        if code is None:
            code = exit_code(said)
        failed = said.startswith(("apply_patch verification failed", "unsupported call"))
        ok = not failed and code in (0, None)
        patch = self._patches.pop(call, None)
        if patch is not None and ok and call not in self._items.edited:
            patch_text(self.out.files, patch)
        self.out.returned(call, ok, said, at)
        return "imported", ""

    # -- as the screen showed it -------------------------------------------------------------------

    def _event(self, inner: str, payload: Object, at: datetime | None) -> Told | None:
        out = self.out
        if inner == "user_message":
            return self._request(text(payload.get("message")), at, "event")
        if inner in ("agent_message", "agent_reasoning"):
            said = text(payload.get("message")) or text(payload.get("text"))
            role = "assistant" if inner == "agent_message" else "thinking"
            if not self._new("event", role, said):
                return "dropped", "the same as a record before, in its other form"
            (out.says if role == "assistant" else out.thinks)(said, at, self.model)
            return "imported", ""
        if inner == "token_count":
            return self._token_count(payload, at)
        if inner == "turn_aborted":
            out.interrupted(at, f"The turn was aborted: {text(payload.get('reason'))}.")
            return "imported", ""
        if inner in ("error", "stream_error"):
            out.notice(text(payload.get("message")), at)
            return "imported", ""
        if inner in _SETTINGS:
            return "dropped", "settings of the agent's program"
        return self._items.take(inner, payload, at)

    # -- tokens ----------------------------------------------------------------------------------

    def _usage_record(self, payload: Object, at: datetime | None) -> Told:
        self._per_response = True
        if self.history:
            return "dropped", "tokens that belong to the thread before the fork"
        answer = text(payload.get("response_id")) or f"answer-{self._answers}"
        self._answers += 1
        self.out.answered(answer, usage_of(obj(payload.get("usage"))), at, model=self.model)
        return "imported", ""

    def _token_count(self, payload: Object, at: datetime | None) -> Told:
        info = obj(payload.get("info"))
        total = number(obj(info.get("total_token_usage")).get("total_tokens"))
        last = obj(info.get("last_token_usage"))
        if self._per_response:
            return "dropped", "a running total of tokens that are counted by answer"
        if self.history:
            return "dropped", "tokens that belong to the thread before the fork"
        if not last or total == self._total:
            return "dropped", "a running total that has not changed"
        self._total = total
        self._answers += 1
        session = self.out.source.session
        self.out.answered(f"{session}-{self._answers}", usage_of(last), at, model=self.model)
        return "imported", ""


def usage_of(usage: Object) -> Usage:
    """Tokens in Codex's terms, which are those of OpenAI: cached ones are part of the input."""
    return Usage(
        input_tokens=number(usage.get("input_tokens")),
        cache_read_tokens=number(usage.get("cached_input_tokens")),
        cache_write_tokens=number(usage.get("cache_write_input_tokens")),
        output_tokens=number(usage.get("output_tokens")),
        reasoning_tokens=number(usage.get("reasoning_output_tokens")),
    )


def _plan_step(step: Any) -> str:
    sign = {"completed": "✓ ", "in_progress": "▸ "}.get(text(obj(step).get("status")), "")
    return sign + text(obj(step).get("step"))
