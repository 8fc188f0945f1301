"""opencode: what ``opencode export`` prints (one JSON value), or ``opencode run --format json``."""

from datetime import datetime
from typing import Any

from agent_tui.domain.base import ModelRef
from agent_tui.domain.decision import GateKind
from agent_tui.domain.usage import Usage
from agent_tui.sessions.importers.builder import Builder
from agent_tui.sessions.importers.reading import Reading
from agent_tui.sessions.importers.sniff import Head
from agent_tui.sessions.importers.source import parse
from agent_tui.sessions.importers.tools import edit_by_arguments, is_edit
from agent_tui.sessions.importers.values import (
    Object,
    items,
    model_ref,
    money,
    number,
    obj,
    objects,
    text,
    time_of,
)

NAME = "opencode"
AGENT = "opencode"
UNKNOWN = (
    "The content of its snapshots: the export has their tree names, and the trees are elsewhere.",
    "Approvals that were given: the source records refusals alone.",
    "What commands did to files: only the agent's own edits are recorded.",
)
_STREAM = {"step_start", "tool_use", "step_finish", "text", "reasoning", "error"}
_REFUSED = ("rejected permission", "user rejected", "user dismissed")


def matches(head: Head) -> bool:
    """A value with ``info`` and ``messages`` of ``parts``, or lines with a ``part``."""
    value = obj(head.value)
    first = next(objects(value.get("messages")), {})
    if "info" in value and ("parts" in first or not value.get("messages")):
        return "projectID" in obj(value["info"]) or "directory" in obj(value["info"])
    return any(
        text(line.get("type")) in _STREAM and "sessionID" in line and "part" in line
        for line in head.lines
    )


def read(reading: Reading) -> None:
    """Tell the builder each part of each message."""
    head = reading.source.head(2048)
    if b'"part"' in head and b'"messages"' not in head.split(b"\n")[0]:
        _read_stream(reading)
        return
    account = reading.account("record")
    value = obj(parse(reading.source.whole()))
    info = obj(value.get("info"))
    out = reading.out
    out.about(version=text(info.get("version")), session=text(info.get("id")))
    out.where(folder=text(info.get("directory")))
    parts = _Parts(out)
    for position, message in enumerate(items(value.get("messages")), 1):
        role = text(obj(obj(message).get("info")).get("role"))
        if role not in ("user", "assistant"):
            out.raw("message", message, 0, position, None)
            account.add(position, role or "no role", "kept raw", "a kind that is not known")
            continue
        parts.message(obj(message), role)
        account.add(position, role, "imported")
    for reason, count in parts.left.items():
        out.note(f"{count} parts of messages are {reason}.")


def _read_stream(reading: Reading) -> None:
    account = reading.account()
    out = reading.out
    parts = _Parts(out)
    out.note("The request: this form of opencode's output leaves it out.")
    for line, size, record in reading.json_lines(account):
        kind = text(record.get("type"))
        part = obj(record.get("part"))
        out.about(session=text(record.get("sessionID")))
        at = time_of(record.get("timestamp"))
        if part and parts.part(part, at, None):
            account.add(line, kind, "imported")
        elif text(part.get("type")).startswith("step-"):
            account.add(line, kind, "dropped", "the mark of a step's beginning")
        else:
            out.raw(kind, record, size, line, at)
            account.add(line, kind, "kept raw", "no event of ours says this")


class _Parts:
    def __init__(self, out: Builder) -> None:
        self.out = out
        self.left: dict[str, int] = {}

    def message(self, message: Object, role: str) -> None:
        info = obj(message.get("info"))
        times = obj(info.get("time"))
        at = time_of(times.get("created"))
        parts = list(objects(message.get("parts")))
        if role == "user":
            own = [p for p in parts if p.get("type") == "text" and p.get("synthetic") is not True]
            asked = "\n".join(text(part.get("text")) for part in own)
            if asked.strip():
                self.out.request(asked, at)
            if len(parts) > len(own):
                self._leave("texts and files that the program adds", len(parts) - len(own))
            return
        model = model_ref(text(info.get("providerID")), text(info.get("modelID")))
        finished = any(part.get("type") == "step-finish" for part in parts)
        for part in parts:
            if not self.part(part, at, model):
                self._leave("marks of steps and snapshots", 1)
        ended = time_of(times.get("completed")) or at
        if not finished and obj(info.get("tokens")):
            self._answered(text(info.get("id")), info, ended, model)
        error = obj(info.get("error"))
        if error:
            words = text(obj(error.get("data")).get("message")) or text(error.get("name"))
            self.out.failed(ended, words)

    def _leave(self, reason: str, count: int) -> None:
        self.left[reason] = self.left.get(reason, 0) + count

    def part(self, part: Object, at: datetime | None, model: ModelRef | None) -> bool:
        """Tell one part; whether it says something that we have an event for."""
        kind = part.get("type")
        times = obj(part.get("time"))
        began = time_of(times.get("start")) or at
        if kind == "text":
            self.out.says(text(part.get("text")), began, model)
        elif kind == "reasoning":
            self.out.thinks(text(part.get("text")), began, model)
        elif kind == "tool":
            self._tool(part, at, model)
        elif kind == "step-finish":
            answer = text(part.get("id")) or text(part.get("messageID"))
            self._answered(answer, part, None, model)
        elif kind == "retry":
            self.out.notice(f"Retried: {text(obj(part.get('error')).get('message'))}", at)
        else:
            return False
        return True

    def _answered(
        self, answer: str, told: Object, at: datetime | None, model: ModelRef | None
    ) -> None:
        tokens = obj(told.get("tokens"))
        cache = obj(tokens.get("cache"))
        read, write = number(cache.get("read")), number(cache.get("write"))
        reasoning = number(tokens.get("reasoning"))
        usage = Usage(
            input_tokens=number(tokens.get("input")) + read + write,
            cache_read_tokens=read,
            cache_write_tokens=write,
            output_tokens=number(tokens.get("output")) + reasoning,
            reasoning_tokens=reasoning,
        )
        dollars = money(told.get("cost")) if "cost" in told else None
        self.out.answered(answer, usage, at, dollars=dollars, model=model)

    def _tool(self, part: Object, at: datetime | None, model: ModelRef | None) -> None:
        out = self.out
        name, call = text(part.get("tool")), text(part.get("callID"))
        state = obj(part.get("state"))
        given, metadata = obj(state.get("input")), obj(state.get("metadata"))
        times = obj(state.get("time"))
        out.called(call, name, given, time_of(times.get("start")) or at, model)
        ended = time_of(times.get("end")) or at
        error = text(state.get("error"))
        code = metadata.get("exit")
        failed = state.get("status") == "error" or (isinstance(code, int) and code != 0)
        head = f"exit code {code}\n" if isinstance(code, int) and code else ""
        if any(word in error.lower() for word in _REFUSED):
            kind: GateKind = "diff" if is_edit(name) else "tool"
            out.decided(kind, "reject", f"Use {name}?", ended, error)
        out.returned(call, not failed, head + (error or text(state.get("output"))), ended)
        if not failed:
            self._files(name, given, metadata)
        if name in ("todowrite", "todo_write"):
            todos = [text(todo.get("content")) for todo in objects(given.get("todos"))]
            out.planned("To do", ended, steps=todos)

    def _files(self, name: str, given: Object, metadata: Object) -> None:
        files = self.out.files
        if not is_edit(name):
            return
        path = text(given.get("filePath")) or text(metadata.get("filepath"))
        change: Any = obj(metadata.get("filediff"))
        before, after = change.get("before"), change.get("after")
        if path and isinstance(before, str) and isinstance(after, str):
            files.wrote(path, before, after)
        elif path and name == "write" and metadata.get("exists") is False:
            files.wrote(path, None, text(given.get("content")))
        elif path and files.content(path) is None and "@@ " in text(metadata.get("diff")):
            try:
                files.patched(path, text(metadata.get("diff")))
            except ValueError:
                self.out.note("A diff in the source is cut short; it is left out.")
        else:
            edit_by_arguments(files, name, given)
