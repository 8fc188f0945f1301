"""Calls of editing tools as JSON: one, several, or wrapped as an API returns them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from agent_tui.domain.edits import EditFormatError
from agent_tui.workspace.edits import apply_patch
from agent_tui.workspace.edits.markup import clean_path, fenced, prepare
from agent_tui.workspace.edits.model import Change, FileChange, Insertion, TextSwap

_PATH = ("path", "file_path", "filePath", "filepath", "filename", "file", "target_file")
_OLD = ("old_str", "old_string", "old_text", "oldText", "oldString", "old", "search")
_NEW = ("new_str", "new_string", "new_text", "newText", "newString", "new", "replace")
_CONTENT = ("file_text", "content", "contents", "text")
_INSERTED = ("insert_text", "new_str", "text", "content")
_WRAPPERS = ("input", "arguments", "parameters", "args", "function", "operation", "action")
_LISTS = ("tool_calls", "calls", "output", "content")
_READING = ("view", "read", "list", "search", "grep", "glob", "report")
_MAX_DEPTH = 12


def parse(lines: list[bytes]) -> list[FileChange]:
    """The changes, in the order of the calls.

    Raises:
        EditFormatError: If there is no call that edits anything.
    """
    changes: list[FileChange] = []
    for value in _values(lines):
        changes += _calls(value, 0)
    if not changes:
        raise EditFormatError("There is no call of an editing tool as JSON.")
    return changes


def has_calls(lines: list[bytes]) -> bool:
    """Whether the text is JSON, or holds a fenced block of it, that calls an editing tool."""
    try:
        return bool(parse(lines))
    except EditFormatError:
        return False


def _values(lines: list[bytes]) -> Iterator[Any]:
    text = b"\n".join(lines).decode("utf-8", "surrogateescape").strip()
    if text[:1] in ("{", "["):
        yield from _decoded(text)
        return
    for block in fenced(lines):
        inner = b"\n".join(block.lines).decode("utf-8", "surrogateescape").strip()
        if inner[:1] in ("{", "["):
            yield from _decoded(inner)


def _decoded(text: str) -> Iterator[Any]:
    """One JSON value after the other, as in JSON Lines."""
    decoder = json.JSONDecoder(strict=False)
    at = 0
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        yield value
        while at < len(text) and text[at] in " \t\r\n,;":
            at += 1


def _calls(value: Any, depth: int) -> Iterator[FileChange]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for entry in value:
            yield from _calls(entry, depth + 1)
    elif isinstance(value, str):
        yield from _patch_in(value, depth)
    elif isinstance(value, dict):
        path = _text(value, _PATH)
        if path is not None:
            yield from _call(clean_path(_bytes(path)), value)
            return
        for key in _WRAPPERS:
            inner = value.get(key)
            if isinstance(inner, str) and inner.lstrip()[:1] == "{":
                inner = next(_decoded(inner.lstrip()), None)
            if isinstance(inner, dict | list | str):
                named = inner
                if isinstance(inner, dict) and "name" not in inner and "command" not in inner:
                    named = {**inner, "name": value.get("name", value.get("type", ""))}
                yield from _calls(named, depth + 1)
                return
        for key in (*_LISTS, "patch", "diff"):
            if isinstance(value.get(key), list | str):
                yield from _calls(value[key], depth + 1)


def _patch_in(text: str, depth: int) -> Iterator[FileChange]:
    lines = prepare(text)
    if apply_patch.is_patch(lines):
        yield from apply_patch.parse(lines)


def _call(path: str, call: Mapping[str, Any]) -> Iterator[FileChange]:
    kind = str(call.get("command") or call.get("type") or call.get("name") or "").lower()
    edits = call.get("edits")
    if isinstance(edits, list):
        changes = [_swap(edit, f"edit {n}") for n, edit in enumerate(edits, 1)]
        if changes and all(changes):
            done = tuple(change for change in changes if change)
            yield FileChange(path, "edit", changes=done, name="the call")
        else:
            problem = "one of its edits has no old and new text"
            yield FileChange(path, "edit", problem=problem, name="the call")
        return
    diff = call.get("diff", call.get("patch"))
    if isinstance(diff, str):
        yield _from_diff(path, kind, diff)
    elif "insert_line" in call:
        yield _insertion(path, call)
    elif (swap := _swap(call, "the call")) is not None:
        yield FileChange(path, "edit", changes=(swap,), name="the call")
    elif "delete" in kind or "remove" in kind:
        yield FileChange(path, "delete", name="the removal")
    elif (content := _text(call, _CONTENT)) is not None:
        yield FileChange(path, "overwrite", _bytes(content), name="the whole file")
    elif not any(word in kind for word in _READING):
        problem = (
            "the call has neither an old and a new text, nor a content, nor a line to insert at"
        )
        yield FileChange(path, "edit", problem=problem, name="the call")


def _from_diff(path: str, kind: str, diff: str) -> FileChange:
    lines = prepare(diff)
    if "delete" in kind:
        return FileChange(path, "delete", name="the removal")
    if "create" in kind or "add" in kind:
        return apply_patch.new_file(path, lines)
    while lines and lines[0].startswith((b"--- ", b"+++ ", b"diff --git ", b"index ")):
        lines.pop(0)
    return apply_patch.update(path, lines)


def _insertion(path: str, call: Mapping[str, Any]) -> FileChange:
    after, text = call["insert_line"], _text(call, _INSERTED)
    if not isinstance(after, int) or isinstance(after, bool) or text is None:
        problem = "to insert, it needs a line number (insert_line) and a text (insert_text)"
        return FileChange(path, "edit", problem=problem, name="the call")
    change = Insertion(after, _bytes(text), "the insertion")
    return FileChange(path, "edit", changes=(change,), name="the call")


def _swap(call: Any, name: str) -> Change | None:
    if not isinstance(call, Mapping):
        return None
    old, new = _text(call, _OLD), _text(call, _NEW)
    if old is None or new is None:
        return None
    everywhere = call.get("replace_all") is True
    return TextSwap(_bytes(old), _bytes(new), name, everywhere)


def _text(call: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    return next((call[key] for key in keys if isinstance(call.get(key), str)), None)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape" if _escaped(text) else "backslashreplace")


def _escaped(text: str) -> bool:
    """Whether the lone surrogates of a text all stand for bytes that were not UTF-8."""
    return all(0xDC80 <= ord(c) <= 0xDCFF for c in text if 0xD800 <= ord(c) <= 0xDFFF)
