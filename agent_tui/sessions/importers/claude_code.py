"""Claude Code: one JSON object a line, in ``~/.claude/projects/<folder>/<session>.jsonl``.

Several lines belong to one answer of the model and repeat its usage; tool results are lines of the
person's side. ``structuredPatch`` has its tabs expanded, so edits are rebuilt from the file before
and the strings that were exchanged. Subagents have files of their own below ``<session>/``.
"""

import heapq
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from agent_tui.domain.base import ModelRef
from agent_tui.domain.decision import GateKind
from agent_tui.domain.usage import Usage
from agent_tui.sessions.importers.account import Fate, FileAccount
from agent_tui.sessions.importers.builder import Builder
from agent_tui.sessions.importers.reading import JsonLine, Reading
from agent_tui.sessions.importers.sniff import Head
from agent_tui.sessions.importers.source import Source
from agent_tui.sessions.importers.tools import edit_by_arguments, is_edit
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

NAME = "claude-code"
AGENT = "Claude Code"
UNKNOWN = (
    "What the calls cost: the source counts tokens, and has no prices.",
    "Approvals that were given: the source records refusals alone.",
    "What commands did to files: only the agent's own edits are recorded.",
)
_CONTENT = {"user", "assistant", "system", "tool_use", "tool_result"}
_BOOKKEEPING = {
    "queue-operation",
    "file-history-snapshot",
    "last-prompt",
    "mode",
    "permission-mode",
    "progress",
    "atis-latch",
    "bridge-session",
}
_REFUSED = "The user doesn't want to proceed with this tool use"
_INTERRUPTED = "[Request interrupted by user"
_PLAN_TOOLS = {"ExitPlanMode", "exit_plan_mode"}
_TODO_TOOLS = {"TodoWrite"}
MAX_SUBAGENTS = 500

Told = tuple[Fate, str]


def matches(head: Head) -> bool:
    """Lines with a ``sessionId`` and a type that Claude Code writes."""
    return any(
        "sessionId" in line
        and (text(line.get("type")) in _CONTENT | _BOOKKEEPING or "parentUuid" in line)
        for line in head.lines
    )


def read(reading: Reading) -> None:
    """Tell the builder what the session and its subagents did."""
    reader = _Reader(reading.out)
    sources = [reading.source, *map(Source, _subagents(reading.source.path))]
    streams = [
        _timed(reading, source, reading.account(source=source), order)
        for order, source in enumerate(sources)
    ]
    for _, order, account, (line, size, record) in heapq.merge(*streams, key=lambda x: x[:2]):
        kind = text(record.get("type")) or "no type"
        fate, reason = reader.take(record, size, line, subagent=order > 0)
        account.add(line, kind, fate, reason)


def _subagents(path: Path) -> list[Path]:
    folder = path.with_suffix("") / "subagents"
    if not folder.is_dir():
        return []
    found = sorted(p for p in folder.glob("*.jsonl") if p.is_file() and not p.is_symlink())
    return found[:MAX_SUBAGENTS]


def _timed(
    reading: Reading, source: Source, account: FileAccount, order: int
) -> Iterator[tuple[datetime, int, FileAccount, JsonLine]]:
    """Lines with the latest time so far, so that files can be read in step."""
    latest = datetime.min.replace(tzinfo=UTC)
    for line in reading.json_lines(account, source):
        at = time_of(line[2].get("timestamp"))
        latest = max(latest, at) if at else latest
        yield latest, order, account, line


class _Reader:
    def __init__(self, out: Builder) -> None:
        self.out = out
        self.model: ModelRef | None = None
        self._seen: set[str] = set()
        self._tools: dict[str, tuple[str, Object]] = {}
        self._loose = 0
        self._asked = False

    def take(self, record: Object, size: int, line: int, *, subagent: bool) -> Told:
        uuid = text(record.get("uuid"))
        if uuid and uuid in self._seen:
            return "dropped", "repeats a record with the same uuid"
        self._seen.add(uuid)
        out = self.out
        out.where(folder=text(record.get("cwd")), branch=text(record.get("gitBranch")))
        version, session = text(record.get("version")), text(record.get("sessionId"))
        if not out.source.version and version:
            out.about(version=version, session=session)
        kind = record.get("type")
        at = time_of(record.get("timestamp"))
        side = subagent or record.get("isSidechain") is True
        if kind == "assistant":
            return self._assistant(record, at)
        if kind == "user":
            return self._user(record, size, line, at, side)
        if kind == "tool_use":
            self._loose += 1
            self._call(f"loose-{self._loose}", text(record.get("name")), record.get("input"), at)
            return "imported", ""
        if kind == "tool_result":
            result = joined(record.get("output")) or joined(record.get("content"))
            self._result(f"loose-{self._loose}", True, result, {}, at)
            return "imported", ""
        if kind in _BOOKKEEPING:
            return "dropped", "bookkeeping of the agent's own screen"
        out.raw(_raw_kind(record), record, size, line, at)
        known = kind in ("system", "attachment", "summary", "custom-title", "ai-title")
        return "kept raw", "no event of ours says this" if known else "a kind that is not known"

    # -- the model -------------------------------------------------------------------------------

    def _assistant(self, record: Object, at: datetime | None) -> Told:
        message = obj(record.get("message"))
        name = text(message.get("model"))
        if name == "<synthetic>" or record.get("isApiErrorMessage") is True:
            self.out.notice(joined(message.get("content")), at)
            return "imported", ""
        self.model = model_ref("anthropic", name) or self.model
        content = message.get("content")
        if isinstance(content, str):
            self.out.says(content, at, self.model)
        for part in objects(content):
            self._part(part, at)
        usage = obj(message.get("usage"))
        if usage:
            self.out.answered(
                text(message.get("id")) or text(record.get("uuid")),
                _usage(usage),
                at,
                dollars=_dollars(record),
                stop=_STOPS.get(text(message.get("stop_reason")), "end"),
                model=self.model,
            )
        return "imported", ""

    def _part(self, part: Object, at: datetime | None) -> None:
        kind = part.get("type")
        if kind == "text":
            self.out.says(text(part.get("text")), at, self.model)
        elif kind == "thinking":
            self.out.thinks(text(part.get("thinking")), at, self.model)
        elif kind == "tool_use":
            self._call(text(part.get("id")), text(part.get("name")), part.get("input"), at)

    def _call(self, call: str, name: str, given: Any, at: datetime | None) -> None:
        arguments = obj(given)
        self._tools[call] = (name, arguments)
        self.out.called(call, name, arguments, at, self.model)
        if name in _PLAN_TOOLS:
            plan = text(arguments.get("plan"))
            title = plan.strip().split("\n")[0].lstrip("# ") or "Plan"
            self.out.planned(title, at, summary=plan)
        elif name in _TODO_TOOLS:
            todos = [_todo(todo) for todo in objects(arguments.get("todos"))]
            self.out.planned("To do", at, steps=todos)

    # -- the person's side, and results ------------------------------------------------------------

    def _user(self, record: Object, size: int, line: int, at: datetime | None, side: bool) -> Told:
        content = obj(record.get("message")).get("content")
        results = [p for p in objects(content) if p.get("type") == "tool_result"]
        if not results and record.get("sourceToolUseID") and record.get("toolUseResult"):
            results = [{"tool_use_id": record.get("sourceToolUseID"), "content": content}]
        for part in results:
            self._tool_result(part, record, at)
        if results:
            return "imported", ""
        said = joined(content)
        if said.startswith(_INTERRUPTED):
            self.out.interrupted(at, "The person stopped the agent.")
            return "imported", ""
        if record.get("isCompactSummary") is True or record.get("isMeta") is True or not said:
            self.out.raw("user/meta", record, size, line, at)
            return "kept raw", "a text of the agent's program, not of the person"
        if said.startswith(("<command-", "<local-command-", "<bash-", "<task-notification")):
            self.out.raw("user/command", record, size, line, at)
            return "kept raw", "a command of the agent's own screen"
        if side and self._asked:
            self.out.notice(f"Asked of a subagent: {said}", at)
        else:
            self._asked = True
            self.out.request(said, at)
        return "imported", ""

    def _tool_result(self, part: Object, record: Object, at: datetime | None) -> None:
        call = text(part.get("tool_use_id"))
        said = joined(part.get("content"))
        ok = part.get("is_error") is not True
        told = record.get("toolUseResult")
        if _REFUSED in said or record.get("toolDenialKind") == "user-rejected":
            self._refused(call, said, at)
            ok = False
        self._result(call, ok, said, obj(told), at)

    def _result(self, call: str, ok: bool, said: str, told: Object, at: datetime | None) -> None:
        name, arguments = self._tools.pop(call, ("", {}))
        self.out.returned(call, ok, said, at)
        if not ok:
            return
        if name in _PLAN_TOOLS and "approved" in said[:200]:
            self.out.decided("spec", "approve", "Is this plan right?", at)
        self._files(name, arguments, told, at)

    def _refused(self, call: str, said: str, at: datetime | None) -> None:
        name = self._tools.get(call, ("a tool", {}))[0]
        kind: GateKind = "diff" if is_edit(name) else "tool"
        question = f"Use {name or 'a tool'}?"
        if name in _PLAN_TOOLS:
            kind, question = "spec", "Is this plan right?"
        reason = said.partition("the user said:")[2].strip()
        self.out.decided(kind, "reject", question, at, reason)

    def _files(self, name: str, arguments: Object, told: Object, at: datetime | None) -> None:
        files = self.out.files
        path = text(told.get("filePath"))
        shown = obj(told.get("file"))
        if shown and shown.get("startLine") == 1 and _whole(shown):
            files.saw(text(shown.get("filePath")), text(shown.get("content")))
        before = told.get("originalFile", told.get("originalFileContents"))
        original = before if isinstance(before, str) else None
        if path and isinstance(told.get("oldString"), str):
            everywhere = told.get("replaceAll") is True
            old, new = text(told.get("oldString")), text(told.get("newString"))
            files.replaced(path, old, new, everywhere=everywhere, before=original)
        elif path and items(told.get("edits")):
            for edit in objects(told.get("edits")):
                old, new = text(edit.get("old_string")), text(edit.get("new_string"))
                everywhere = edit.get("replace_all") is True
                files.replaced(path, old, new, everywhere=everywhere, before=original)
                original = None
        elif path and isinstance(told.get("content"), str):
            if original is None and told.get("type") == "update":
                files.overwrote(path, text(told.get("content")))
            else:
                files.wrote(path, original, text(told.get("content")))
        elif is_edit(name):
            edit_by_arguments(files, name, arguments)
        if told.get("userModified") is True:
            words = "The person changed this edit before it was applied."
            self.out.decided("diff", "edit", f"Edit {path}?", at, words)


def _whole(shown: Object) -> bool:
    """Whether a file was read to its end (a last line end counts as one more line, or not)."""
    total = number(shown.get("totalLines"))
    return total > 0 and number(shown.get("numLines")) >= total


def _usage(usage: Object) -> Usage:
    read = number(usage.get("cache_read_input_tokens"))
    write = number(usage.get("cache_creation_input_tokens"))
    details = obj(usage.get("output_tokens_details"))
    return Usage(
        input_tokens=number(usage.get("input_tokens")) + read + write,
        cache_read_tokens=read,
        cache_write_tokens=write,
        output_tokens=number(usage.get("output_tokens")),
        reasoning_tokens=number(details.get("thinking_tokens")),
    )


def _dollars(record: Object) -> Decimal | None:
    return money(record.get("costUSD")) if "costUSD" in record else None


def _todo(todo: Object) -> str:
    sign = {"completed": "✓ ", "in_progress": "▸ "}.get(text(todo.get("status")), "")
    return sign + (text(todo.get("content")) or text(todo.get("subject")))


def _raw_kind(record: Object) -> str:
    kind = text(record.get("type")) or "no type"
    inner = text(record.get("subtype")) or text(obj(record.get("attachment")).get("type"))
    return f"{kind}/{inner}" if inner else kind


_STOPS = {"tool_use": "tool_use", "max_tokens": "max_tokens", "refusal": "refused"}
