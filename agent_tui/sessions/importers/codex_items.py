"""Codex's completed items and ends of commands and patches: what its screen showed as done."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from agent_tui.domain.base import ModelRef
from agent_tui.sessions.importers.account import Fate
from agent_tui.sessions.importers.builder import Builder
from agent_tui.sessions.importers.values import Object, items, joined, obj, text

Told = tuple[Fate, str]
AGAIN: Told = ("dropped", "the same as a record before, in its other form")


class CodexItems:
    """Takes items that are complete.

    Args:
        out: Is told.
        new: Whether a message is not told yet in its other form.

    Attributes:
        returned: Ids of calls whose result is told.
        edited: Ids of calls whose edits are told.
    """

    def __init__(self, out: Builder, new: Callable[[str, str, str], bool]) -> None:
        self.out = out
        self.model: ModelRef | None = None
        self.returned: set[str] = set()
        self.edited: set[str] = set()
        self._new = new
        self._begun: dict[str, Object] = {}

    def take(self, inner: str, payload: Object, at: datetime | None) -> Told | None:
        """An event's fate, or None when it is nothing that is known here."""
        if inner == "item_completed":
            return self._completed(obj(payload.get("item")), at)
        if inner == "exec_command_end":
            return self._command(payload, at)
        if inner == "patch_apply_begin":
            self._begun[text(payload.get("call_id"))] = obj(payload.get("changes"))
            return "imported", ""
        if inner == "patch_apply_end":
            call = text(payload.get("call_id"))
            changes = obj(payload.get("changes")) or self._begun.pop(call, {})
            return self._patch(call, changes, payload.get("success") is True)
        return None

    def _completed(self, item: Object, at: datetime | None) -> Told | None:
        kind = text(item.get("type"))
        said = joined(item.get("content"))
        if kind == "UserMessage":
            if not said or not self._new("event", "user", said):
                return AGAIN
            self.out.request(said, at)
        elif kind == "AgentMessage":
            if not self._new("event", "assistant", said):
                return AGAIN
            self.out.says(said, at, self.model)
        elif kind == "Reasoning":
            parts = [text(part) for part in items(item.get("summary_text"))]
            thought = "\n".join(parts)
            if not thought:
                return "dropped", "reasoning that the source holds encrypted alone"
            if not self._new("event", "thinking", thought):
                return AGAIN
            self.out.thinks(thought, at, self.model)
        elif kind == "Plan":
            plan = text(item.get("text"))
            title = plan.strip().split("\n")[0].lstrip("# ") or "Plan"
            self.out.planned(title, at, summary=plan)
        elif kind == "CommandExecution":
            return self._command({**item, "call_id": item.get("id")}, at)
        elif kind == "FileChange":
            done = item.get("status") == "completed"
            return self._patch(text(item.get("id")), obj(item.get("changes")), done)
        else:
            return None
        return "imported", ""

    def _command(self, payload: Object, at: datetime | None) -> Told:
        call = text(payload.get("call_id"))
        if call in self.returned:
            return AGAIN
        self.returned.add(call)
        code = payload.get("exit_code")
        output = text(payload.get("aggregated_output")) or text(payload.get("stdout"))
        known = isinstance(code, int) and not isinstance(code, bool)
        head = f"exit code {code}\n" if known and code else ""
        self.out.returned(call, not known or code == 0, head + output, at)
        return "imported", ""

    def _patch(self, call: str, changes: Object, done: bool) -> Told:
        if not done:
            return "imported", ""
        if call in self.edited:
            return AGAIN
        self.edited.add(call)
        for path, change in changes.items():
            self._change(path, obj(change))
        return "imported", ""

    def _change(self, path: str, change: Object) -> None:
        files = self.out.files
        kind = text(change.get("type"))
        content: Any = change.get("content")
        for old in ("add", "delete", "update"):  # before 0.40 the type was the key
            if isinstance(change.get(old), dict):
                kind, change = old, obj(change[old])
                content = change.get("content")
        if kind == "add" and isinstance(content, str):
            files.wrote(path, None, content)
        elif kind == "delete":
            files.wrote(path, content if isinstance(content, str) else None, None)
        elif kind == "update":
            diff = text(change.get("unified_diff"))
            moved = text(change.get("move_path"))
            try:
                files.patched(path, diff, moved)
            except ValueError:
                self.out.note("A diff in the source is cut short; it is left out.")
