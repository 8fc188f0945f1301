"""The part of a change that was selected, computed on bytes.

A result is computed from the base blob and the hunks, without patch text in between. Bytes are
split at ``\\n`` only, and every line keeps its own terminator.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest

from agent_tui.domain.decision import Selection
from agent_tui.domain.patch import FilePatch, Hunk, Patch, path_to_bytes
from agent_tui.domain.text import one_line
from agent_tui.ports import WorkspaceError

_STALE = "the selection does not belong to this diff: look at the diff again and select anew."
_WHOLE = ("120000", "160000")
"""Modes of symbolic links and of submodules, whose content is no text to select lines of."""


@dataclass(frozen=True, slots=True)
class RawChange:
    """One entry of ``git diff-tree --raw``. Modes are None where the file does not exist.

    Attributes:
        copied: The file at *old_path* is another one, which has its own entry if it changes.
    """

    path: str
    old_path: str
    old_mode: str | None
    new_mode: str | None
    old_oid: str
    new_oid: str
    copied: bool = False


@dataclass(frozen=True, slots=True)
class Put:
    """What a path is to be: an object's name, or bytes that still need one."""

    mode: str
    content: str | bytes


def select_lines(
    base: bytes, hunks: Iterable[Hunk], left_out: Mapping[str, Collection[int]]
) -> bytes:
    """The base with all changed lines of the hunks except those that are left out.

    Within a block of changes, the added lines take the place of the first line that is removed;
    removed ones that stay are where they were. Where added lines are left out as well, the first
    added line is taken for what the first removed one became, and so on.

    Args:
        base: The old file.
        hunks: All hunks of the file, in order.
        left_out: For a hunk's id, the indexes of its lines that are left out.

    Raises:
        WorkspaceError: If the hunks are not those of this base.
    """
    old = _split(base)
    result: list[bytes] = []
    at = 0
    for hunk in hunks:
        start = hunk.old_start - (1 if hunk.old_count else 0)
        if not at <= start <= len(old):
            raise WorkspaceError(_STALE)
        result += old[at:start]
        expected = [line.content for line in hunk.lines if line.kind != "+"]
        at = start + len(expected)
        if old[start:at] != expected:
            raise WorkspaceError(_STALE)
        result += _hunk_lines(hunk, left_out.get(hunk.id, ()))
    result += old[at:]
    return _joined(result)


def _split(data: bytes) -> list[bytes]:
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _hunk_lines(hunk: Hunk, left_out: Collection[int]) -> Iterable[bytes]:
    for unchanged, block in groupby(enumerate(hunk.lines), lambda pair: pair[1].kind == " "):
        if unchanged:
            yield from (line.content for _, line in block)
            continue
        lines = list(block)
        removed = [(line.content, at in left_out) for at, line in lines if line.kind == "-"]
        added = [(line.content, at not in left_out) for at, line in lines if line.kind == "+"]
        yield from _block_lines(removed, added)


def _block_lines(
    removed: Sequence[tuple[bytes, bool]], added: Sequence[tuple[bytes, bool]]
) -> Iterator[bytes]:
    """Lines of a block of changes, each with whether it is in the result, in their order."""
    first_gone = next((n for n, (_, stays) in enumerate(removed) if not stays), len(removed))
    if first_gone < len(removed) and not all(comes for _, comes in added):
        for before, after in zip_longest(removed, added, fillvalue=(b"", False)):
            yield from (text for text, is_there in (before, after) if is_there)
        return
    for part in (removed[:first_gone], added, removed[first_gone:]):
        yield from (text for text, is_there in part if is_there)


def _joined(lines: Sequence[bytes]) -> bytes:
    """The lines as a file; one without an end that is no longer the last gets its neighbour's."""
    result = list(lines)
    for index, line in enumerate(result[:-1]):
        if not line.endswith(b"\n"):
            neighbour = result[index - 1] if index else result[index + 1]
            crlf = neighbour.endswith(b"\r\n") and not line.endswith(b"\r")
            result[index] = line + (b"\r\n" if crlf else b"\n")
    return b"".join(result)


def with_end_of(base: bytes, data: bytes) -> bytes:
    """The bytes with a final newline if *base* has one, and without if it has none.

    An empty file has no last line that could end or not, and an empty line is nothing without.
    """
    if not base or not data or base.endswith(b"\n") == data.endswith(b"\n"):
        return data
    if data.endswith(b"\n"):
        shorter = data[:-2] if data.endswith(b"\r\n") else data[:-1]
        return data if not shorter or shorter.endswith(b"\n") else shorter
    lines = _split(data)
    crlf = len(lines) > 1 and lines[-2].endswith(b"\r\n") and not data.endswith(b"\r")
    return data + (b"\r\n" if crlf else b"\n")


def plan_selection(
    changes: Sequence[RawChange],
    patch: Patch,
    selection: Selection,
    blobs: Mapping[str, bytes],
) -> dict[str, Put | None]:
    """What has to be different from the target tree; None removes a path.

    Args:
        changes: All changes from base to target.
        patch: The same changes, as they were shown.
        selection: What was left out of them.
        blobs: By their objects' names, the old files of which lines are left out, and both files
            whose final newline is.

    Raises:
        WorkspaceError: If the selection or the patch does not fit the changes, or selects lines of
            something that can only be taken whole.
    """
    shown: dict[str, list[FilePatch]] = {}
    for file in patch.files:
        shown.setdefault(file.path, []).append(file)
    by_path = {change.path: change for change in changes}
    lines = {hunk: frozenset(indexes) for hunk, indexes in selection.lines.items() if indexes}
    _check(shown, by_path, selection, lines)
    plan: dict[str, Put | None] = {}
    for path, change in by_path.items():
        if path in selection.files:
            if change.old_path != path or change.old_mode is None:
                plan[path] = None
            if change.old_mode is not None and not change.copied:
                plan[change.old_path] = Put(change.old_mode, change.old_oid)
            continue
        hunks = [hunk for file in shown[path] for hunk in file.hunks]
        left = {hunk.id: lines[hunk.id] for hunk in hunks if hunk.id in lines}
        if change.old_mode is None and hunks and _all_out(hunks, left):
            plan[path] = None  # a new file of which no line is taken is not added, as an empty one
            continue
        mode = change.new_mode
        if (mode is None and left) or path in selection.modes:
            mode = change.old_mode
        moved = path in selection.moves
        if path in selection.originals and change.old_mode is not None:
            plan[change.old_path] = Put(change.old_mode, change.old_oid)
        whole = not left and path not in selection.ends and mode == change.new_mode
        if mode is None or (whole and not moved):
            continue
        content: str | bytes = change.new_oid
        if left:
            content = _content(change, hunks, left, blobs)
            if content == change.old_oid and change.old_mode is not None:
                mode = change.old_mode if mode[:3] != change.old_mode[:3] else mode
        if path in selection.ends:
            result = content if isinstance(content, bytes) else blobs[content]
            content = with_end_of(blobs[change.old_oid], result)
        if moved:
            plan[path] = None
        plan[change.old_path if moved else path] = Put(mode, content)
    _refuse_collisions(changes, plan)
    return plan


def _refuse_collisions(changes: Sequence[RawChange], plan: Mapping[str, Put | None]) -> None:
    """Refuse a result that has a file where a folder must be. Unchanged paths fit both sides."""
    present = {c.path for c in changes if c.new_mode is not None} | plan.keys()
    present -= {path for path, put in plan.items() if put is None}
    names = {path_to_bytes(path): path for path in present}
    for name, path in names.items():
        parts = name.split(b"/")
        for depth in range(1, len(parts)):
            if above := names.get(b"/".join(parts[:depth])):
                raise WorkspaceError(
                    f"'{one_line(above)}' and '{one_line(path)}' cannot both stay: leave out the "
                    "other one as well, or none of them."
                )


def _content(
    change: RawChange,
    hunks: Sequence[Hunk],
    left: Mapping[str, frozenset[int]],
    blobs: Mapping[str, bytes],
) -> str | bytes:
    modes = {change.old_mode, change.new_mode} - {None}
    kinds = {mode[:3] for mode in modes if mode}
    if len(kinds) > 1 or any(mode in _WHOLE for mode in modes):
        if _all_out(hunks, left) and change.old_mode is not None:
            return change.old_oid
        raise WorkspaceError(
            f"'{one_line(change.path)}' is or was a link or a submodule: take or leave it whole."
        )
    base = blobs[change.old_oid] if change.old_mode is not None else b""
    return select_lines(base, hunks, left)


def _all_out(hunks: Sequence[Hunk], left: Mapping[str, frozenset[int]]) -> bool:
    return all(left.get(hunk.id) == frozenset(hunk.changed) for hunk in hunks)


def _check(
    shown: Mapping[str, Sequence[FilePatch]],
    changes: Mapping[str, RawChange],
    selection: Selection,
    lines: Mapping[str, frozenset[int]],
) -> None:
    """Refuse a patch or a selection that was made for other trees."""
    if shown.keys() != changes.keys() or not shown.keys() >= set(selection.files):
        raise WorkspaceError(_STALE)
    hunks = {h.id: h for files in shown.values() for file in files for h in file.hunks}
    for hunk_id, indexes in lines.items():
        if hunk_id not in hunks or not indexes <= set(hunks[hunk_id].changed):
            raise WorkspaceError(_STALE)
    for path, change in changes.items():
        for file in shown[path]:
            if (file.old_path or path) != change.old_path and change.old_mode is not None:
                raise WorkspaceError(_STALE)
            for oid, expected in ((file.old_oid, change.old_oid), (file.new_oid, change.new_oid)):
                if oid is not None and oid.strip("0") and oid != expected:
                    raise WorkspaceError(_STALE)
    for path in (*selection.moves, *selection.originals):
        found = changes.get(path)
        if found is None or found.copied or found.old_path == path or not found.old_mode:
            raise WorkspaceError(_STALE)
    for path in selection.ends:
        found = changes.get(path)
        modes = {found.old_mode, found.new_mode} if found else {None}
        if not modes <= {"100644", "100755"} or any(file.binary for file in shown[path]):
            raise WorkspaceError(_STALE)
    for path in selection.modes:
        found = changes.get(path)
        if found is None or found.old_mode is None or found.new_mode is None:
            raise WorkspaceError(_STALE)
        if found.old_mode[:3] != found.new_mode[:3]:
            raise WorkspaceError(
                f"'{one_line(path)}' becomes another kind of file: take or leave it whole."
            )
