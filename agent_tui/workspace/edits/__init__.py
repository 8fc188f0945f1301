"""Edits in any format that models write: parsed into one model, applied to bytes, all or nothing.

Nothing here reads or writes files: text and old bytes go in, new bytes come out.
"""

from collections.abc import Callable

from agent_tui.domain.edits import EditFormat, EditFormatError, EditPart, EditResult, FileEdit
from agent_tui.domain.text import one_line
from agent_tui.workspace.edits import apply_patch, search_replace, tool_calls, unified, whole
from agent_tui.workspace.edits.applying import apply_changes, refuse_lines, whole_file
from agent_tui.workspace.edits.markup import MAX_TEXT, prepare
from agent_tui.workspace.edits.model import FileChange, Hunk
from agent_tui.workspace.paths import problem_with

Read = Callable[[str], bytes | None]

_PARSERS: dict[EditFormat, Callable[[list[bytes]], list[FileChange]]] = {
    "tools": tool_calls.parse,
    "apply_patch": apply_patch.parse,
    "search_replace": search_replace.parse,
    "unified": unified.parse,
    "whole": whole.parse,
}
_SIGNS: dict[EditFormat, Callable[[list[bytes]], bool]] = {
    "tools": tool_calls.has_calls,
    "apply_patch": apply_patch.is_patch,
    "search_replace": lambda lines: any(map(search_replace.is_opening, lines)),
    "unified": unified.is_diff,
    "whole": whole.names_a_file,
}


def detect(text: str | bytes) -> EditFormat | None:
    """The format of the edits in a text, or None when there are none."""
    lines = prepare(text)
    return next((name for name, signs in _SIGNS.items() if signs(lines)), None)


def parse(
    text: str | bytes, format: EditFormat | None = None
) -> tuple[EditFormat, list[FileChange]]:
    """The edits of a text in the one model.

    Raises:
        EditFormatError: If there are none.
    """
    if len(text) > MAX_TEXT:
        raise EditFormatError(f"The text is longer than {MAX_TEXT // 2**20} MiB.")
    lines = prepare(text)
    found = format or next((name for name, signs in _SIGNS.items() if signs(lines)), None)
    if found is None:
        raise EditFormatError(
            "There are no edits in it: neither tool calls as JSON, nor '*** Begin Patch', nor "
            "'<<<<<<< SEARCH', nor a diff, nor fenced files with their names above them."
        )
    return found, _PARSERS[found](lines)


class Formats:
    """Implements :class:`agent_tui.ports.EditFormats`."""

    def paths(self, text: str | bytes, format: EditFormat | None = None) -> tuple[str, ...]:
        """See the port."""
        _, changes = parse(text, format)
        named = (path for c in changes for path in (c.path, c.new_path) if path and path != "?")
        return tuple(dict.fromkeys(named))

    def apply(self, text: str | bytes, read: Read, format: EditFormat | None = None) -> EditResult:
        """See the port."""
        found, changes = parse(text, format)
        parts: list[EditPart] = []
        files = _Files(read)
        for change in changes:
            parts += files.take(change)
        result = EditResult(found, tuple(parts))
        return EditResult(found, tuple(parts), files.edits()) if result.applies else result


class _Files:
    """The files as the edits so far leave them."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._before: dict[str, bytes | None] = {}
        self._now: dict[str, FileEdit] = {}

    def edits(self) -> tuple[FileEdit, ...]:
        """Every file that is not as it was."""
        return tuple(
            edit
            for path, edit in self._now.items()
            if edit.data != self._before[path] or edit.mode is not None
        )

    def take(self, change: FileChange) -> list[EditPart]:
        """Apply one change, and say how each of its parts fared."""
        if change.problem:
            return [self._part(change, problem=change.problem)]
        for path in (change.path, change.new_path):
            if path is not None and (problem := problem_with(path)):
                return [self._part(change, problem=f"'{one_line(path)}' is not written: {problem}")]
        old = self._data(change.path)
        match change.action:
            case "create":
                return [self._create(change, old)]
            case "overwrite":
                return [self._overwrite(change, old)]
            case "delete":
                return self._delete(change, old)
        return self._edit(change, old)

    def _data(self, path: str) -> bytes | None:
        if path in self._now:
            return self._now[path].data
        if path not in self._before:
            self._before[path] = self._read(path)
        return self._before[path]

    def _put(self, path: str, data: bytes | None, mode: str | None, *, replaced: bool) -> None:
        self._data(path)
        before = self._now.get(path)
        mode = mode or (before.mode if before and data is not None else None)
        self._now[path] = FileEdit(path, data, mode, replaced or bool(before and before.replaced))

    def _part(self, change: FileChange, problem: str = "", *more: str) -> EditPart:
        doubts = (*change.doubts, *more)
        return EditPart(change.path, change.name or "the edit", doubts=doubts, problem=problem)

    def _create(self, change: FileChange, old: bytes | None) -> EditPart:
        if old:
            text = "the file exists already: edit its lines, or remove it first"
            return self._part(change, text)
        self._put(change.path, change.content, change.mode, replaced=False)
        return self._part(change)

    def _overwrite(self, change: FileChange, old: bytes | None) -> EditPart:
        binary = old is not None and (problem := refuse_lines(old)) and "replace it" not in problem
        if binary:
            return self._part(change, "a text would replace a file that is none")
        data, doubts = whole_file(old, change.content, exact=change.exact)
        self._put(change.path, data, change.mode, replaced=True)
        return self._part(change, "", *doubts)

    def _delete(self, change: FileChange, old: bytes | None) -> list[EditPart]:
        if old is None:
            return [self._part(change, "there is no such file")]
        if change.changes:
            rest, parts = apply_changes(
                old, change.changes, change.path, ordered=True, base=change.base
            )
            if any(part.problem for part in parts):
                return parts
            if rest:
                text = "the file has more lines than the diff removes"
                return [self._part(change, text)]
            self._put(change.path, None, None, replaced=False)
            return parts
        self._put(change.path, None, None, replaced=bool(old))
        return [self._part(change)]

    def _edit(self, change: FileChange, old: bytes | None) -> list[EditPart]:
        if old is None and not change.new_path and _only_adds(change):
            lines = [text for c in change.changes if isinstance(c, Hunk) for _, text in c.ops]
            self._put(change.path, b"".join(x + b"\n" for x in lines), change.mode, replaced=False)
            return [self._part(change)]
        if old is None:
            return [self._part(change, "there is no such file: to make it, write all of it")]
        target = change.new_path
        if target is not None and target != change.path and self._data(target) is not None:
            return [self._part(change, f"'{one_line(target)}' exists already")]
        data = old
        parts: list[EditPart] = []
        if change.changes:
            if problem := refuse_lines(old):
                return [self._part(change, problem)]
            data, parts = apply_changes(
                old, change.changes, change.path, ordered=change.ordered, base=change.base
            )
            if any(part.problem for part in parts):
                return parts
        if target is not None and target != change.path:
            self._put(target, data, change.mode, replaced=False)
            if not change.copy:
                self._put(change.path, None, None, replaced=False)
            parts.append(self._part(change, "") if not parts else parts.pop())
        else:
            self._put(change.path, data, change.mode, replaced=False)
        return parts or [self._part(change)]


def _only_adds(change: FileChange) -> bool:
    """Whether it has nothing but lines to add, from the first line on."""
    return bool(change.changes) and all(
        isinstance(c, Hunk) and c.line in (0, 1) and all(kind == "+" for kind, _ in c.ops)
        for c in change.changes
    )
