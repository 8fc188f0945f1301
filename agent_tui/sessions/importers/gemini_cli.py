"""Gemini CLI: ``~/.gemini/tmp/<project>/chats/*.jsonl``, or before 0.40 one JSON value.

A message is written again, with the same id, whenever something is added to it; ``{"$set": …}``
changes fields of the session.
"""

import re
from datetime import datetime
from typing import Any

from agent_tui.domain.base import ModelRef
from agent_tui.domain.decision import GateKind
from agent_tui.domain.usage import Usage
from agent_tui.sessions.importers.account import Fate
from agent_tui.sessions.importers.builder import Builder
from agent_tui.sessions.importers.reading import Reading
from agent_tui.sessions.importers.sniff import Head
from agent_tui.sessions.importers.source import parse
from agent_tui.sessions.importers.tools import edit_by_arguments, exit_code, is_edit
from agent_tui.sessions.importers.values import (
    Object,
    items,
    joined,
    model_ref,
    number,
    obj,
    objects,
    text,
    time_of,
)

NAME = "gemini-cli"
AGENT = "Gemini CLI"
UNKNOWN = (
    "What the calls cost: the source counts tokens, and has no prices.",
    "The branch: the source names the folder alone.",
    "Approvals that were given: the source records cancelled calls alone.",
)
_FOLDER = re.compile(
    r"Workspace Directories:\*\*\s*\n\s*- (\S[^\n]*)|working in the directory: (\S+)"
)
_CONTEXT = ("<session_context>", "This is the Gemini CLI.")

Told = tuple[Fate, str]


def matches(head: Head) -> bool:
    """A session with a ``projectHash``."""
    return "projectHash" in obj(head.value) or head.any_line("projectHash", "sessionId")


def read(reading: Reading) -> None:
    """Tell the builder each message, as it grows."""
    reader = _Reader(reading.out)
    head = reading.source.head(1 << 16)
    single = b"\n{" not in head.strip()
    if single and b'"messages"' in head:
        account = reading.account("record")
        value = obj(parse(reading.source.whole()))
        reader.header(value)
        for position, message in enumerate(items(value.get("messages")), 1):
            kind, (fate, reason) = reader.message(obj(message))
            account.add(position, kind, fate, reason)
        return
    account = reading.account()
    for line, size, record in reading.json_lines(account):
        if "$set" in record:
            found = [reader.message(obj(m)) for m in items(obj(record["$set"]).get("messages"))]
            told = [fate for _, fate in found if fate[0] == "imported"]
            bare: Told = ("dropped", "fields of the session that change with each record")
            account.add(line, "$set", *(told[0] if told else bare))
        elif "projectHash" in record:
            reader.header(record)
            account.add(line, "header", "imported")
        elif "id" in record:
            kind, (fate, reason) = reader.message(record)
            account.add(line, kind, fate, reason)
        else:
            reading.out.raw("record", record, size, line, time_of(record.get("timestamp")))
            account.add(line, "record", "kept raw", "a kind that is not known")


class _Reader:
    def __init__(self, out: Builder) -> None:
        self.out = out
        self._said: dict[str, str] = {}
        self._thoughts: dict[str, int] = {}
        self._done: set[str] = set()

    def header(self, value: Object) -> None:
        self.out.about(session=text(value.get("sessionId")))

    def message(self, message: Object) -> tuple[str, Told]:
        kind = text(message.get("type")) or "no type"
        at = time_of(message.get("timestamp"))
        if kind == "user":
            return kind, self._user(message, at)
        if kind in ("gemini", "model"):
            self._model(message, at)
            return kind, ("imported", "")
        if kind in ("info", "error", "warning"):
            self.out.notice(joined(message.get("content")), at)
            return kind, ("imported", "")
        self.out.raw(kind, message, 0, 0, at)
        return kind, ("kept raw", "a kind that is not known")

    def _user(self, message: Object, at: datetime | None) -> Told:
        content = message.get("content")
        if any("functionResponse" in part for part in objects(content)):
            return "dropped", "results of tools, which stand in the call as well"
        said = joined(content)
        if said.startswith(_CONTEXT):
            if folder := _FOLDER.search(said):
                self.out.where(folder=(folder[1] or folder[2]).strip())
            return "dropped", "context that the agent's program adds"
        name = text(message.get("id"))
        if name in self._said:
            return "dropped", "repeats a message with the same id"
        self._said[name] = said
        self.out.request(said, at)
        return "imported", ""

    def _model(self, message: Object, at: datetime | None) -> None:
        name = text(message.get("id"))
        model = model_ref("google", text(message.get("model")))
        thoughts = list(objects(message.get("thoughts")))
        for thought in thoughts[self._thoughts.get(name, 0) :]:
            words = f"{text(thought.get('subject'))}\n{text(thought.get('description'))}"
            self.out.thinks(words.strip(), at, model)
        self._thoughts[name] = len(thoughts)
        said = joined(message.get("content"))
        before = self._said.get(name, "")
        if said != before:
            more = said[len(before) :] if said.startswith(before) else said
            self.out.says(more, at, model)
        self._said[name] = said
        for call in objects(message.get("toolCalls")):
            self._call(call, at, model)
        tokens = obj(message.get("tokens"))
        if tokens:
            self.out.answered(name, _usage(tokens), at, model=model)

    def _call(self, call: Object, at: datetime | None, model: ModelRef | None) -> None:
        name = text(call.get("id"))
        status = text(call.get("status"))
        if name in self._done or status not in ("success", "error", "cancelled", ""):
            return
        self._done.add(name)
        out, tool, given = self.out, text(call.get("name")), obj(call.get("args"))
        out.called(name, tool, given, at, model)
        ended = time_of(call.get("timestamp")) or at
        shown = call.get("resultDisplay")
        output = shown if isinstance(shown, str) else _output(call.get("result"))
        if status == "cancelled":
            kind: GateKind = "diff" if is_edit(tool) else "tool"
            out.decided(kind, "reject", f"Use {tool}?", ended)
        ok = status in ("success", "") and exit_code(output) in (0, None)
        out.returned(name, ok, output, ended)
        if ok:
            self._files(tool, given, obj(shown))

    def _files(self, tool: str, given: Object, shown: Object) -> None:
        files = self.out.files
        path = text(given.get("file_path")) or text(given.get("path"))
        before, after = shown.get("originalContent"), shown.get("newContent")
        if path and isinstance(after, str) and "originalContent" in shown:
            new = shown.get("isNewFile") is True or not isinstance(before, str)
            files.wrote(path, None if new else before, after)
        elif path and "@@ " in text(shown.get("fileDiff")) and files.content(path) is None:
            try:
                files.patched(path, text(shown.get("fileDiff")))
            except ValueError:
                self.out.note("A diff in the source is cut short; it is left out.")
        else:
            edit_by_arguments(files, tool, given)


def _output(result: Any) -> str:
    parts = [obj(obj(part.get("functionResponse")).get("response")) for part in objects(result)]
    return "\n".join(text(p.get("output")) or text(p.get("error")) for p in parts)


def _usage(tokens: Object) -> Usage:
    """Gemini's own counts: its output does not include thoughts, its input not the tools' part."""
    thoughts = number(tokens.get("thoughts"))
    return Usage(
        input_tokens=number(tokens.get("input")) + number(tokens.get("tool")),
        cache_read_tokens=number(tokens.get("cached")),
        output_tokens=number(tokens.get("output")) + thoughts,
        reasoning_tokens=thoughts,
    )
