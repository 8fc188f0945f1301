"""The files of a patch that applies nowhere, as far as the patch itself shows them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from agent_tui.domain.edits import EditFormatError
from agent_tui.domain.patch import path_to_bytes
from agent_tui.domain.text import one_line
from agent_tui.ports import WorkspaceError
from agent_tui.workspace.edits import parse
from agent_tui.workspace.edits.model import FileChange, Hunk, Kind

_MAIL = re.compile(rb"^(?=From [0-9a-f]{40,64} Mon Sep 17 00:00:00 2001\r?$)", re.MULTILINE)
_DIFF = re.compile(rb"^(?:diff --git |--- |@@ )", re.MULTILINE)

_LONG_NUMBER = re.compile(rb"^@@+ [-+0-9, ]*[0-9]{12}", re.MULTILINE)
MAX_EMPTY = 2_000_000
"""Lines that no hunk shows, up to which the files of a patch are made: their number is whatever the
patch says."""


class Line(NamedTuple):
    """A line before and after, with its end.

    Attributes:
        known: Whether the patch shows it.
        times: How many such lines stand here; more than one only of those that no hunk shows.
    """

    old: bytes | None
    new: bytes | None
    known: bool = True
    times: int = 1


PLAIN, EXECUTABLE = "100644", "100755"

_GAP = Line(b"\n", b"\n", known=False)
"""A line that no hunk shows is empty on both sides, so that no diff shows it either."""


class ShownFile(NamedTuple):
    """A file on one side.

    Attributes:
        mode: As git writes it.
    """

    path: str
    data: bytes
    mode: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a patch shows.

    Attributes:
        old, new: The files before and after.
        notes: What of the patch could not be read, part by part.
    """

    old: tuple[ShownFile, ...]
    new: tuple[ShownFile, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _File:
    old_path: str | None
    lines: list[Line] = field(default_factory=list)
    old_mode: str = PLAIN
    mode: str = PLAIN


def shown_files(patch: bytes) -> Shown:
    """What a patch shows of each file before and after it, at the lines that it names.

    Several patches of one file in a row are put together.

    Raises:
        WorkspaceError: If the patch cannot be read, names what can be no file here, or has line
            numbers that are too large for it to be shown.
    """
    if _LONG_NUMBER.search(patch):
        raise _too_large()
    files: dict[str, _File] = {}
    gone: list[_File] = []
    unread: list[str] = []
    count = 0
    for mail in _MAIL.split(patch):
        if not _DIFF.search(mail):
            continue
        try:
            _, changes = parse(mail, "unified")
        except EditFormatError as error:
            raise WorkspaceError(f"That patch cannot be read: {error}") from error
        count += len(changes)
        before = {path: file.lines for path, file in files.items()}
        for change in changes:
            for path in filter(None, (change.path, change.new_path)):
                _refuse(path)
            if change.problem:
                unread.append(f"{one_line(change.path)}: {one_line(change.problem, 500)}.")
            else:
                _take(change, files, gone, before)
    if len(unread) == count:
        raise WorkspaceError(f"That patch cannot be read: {unread[0] if unread else 'no diff'}")
    every = [*files.values(), *gone]
    if sum(line.times - 1 for file in every for line in file.lines) > MAX_EMPTY:
        raise _too_large()
    old = {
        file.old_path: ShownFile(file.old_path, _side(file, 0), file.old_mode)
        for file in every
        if file.old_path is not None
    }
    new = [ShownFile(path, _side(file, 1), file.mode) for path, file in files.items()]
    notes = tuple(f"A part of it could not be read and is not shown: {part}" for part in unread)
    return Shown(tuple(old.values()), tuple(new), notes)


def _refuse(path: str) -> None:
    path_to_bytes(path)
    parts = path.split("/")
    if any(part in ("", ".", "..") or part.lower() == ".git" for part in parts):
        raise WorkspaceError(
            f"The patch names '{one_line(path)}', which can be no file of a repository."
        )


def _too_large() -> WorkspaceError:
    return WorkspaceError(
        "That patch does not apply here, and it cannot be shown by itself: by its line numbers, "
        f"its files have more than {MAX_EMPTY:,} lines that are not in it."
    )


def _side(file: _File, side: Literal[0, 1]) -> bytes:
    pairs = [(line[side], line.times) for line in file.lines]
    texts = [text * times for text, times in pairs if text is not None]
    # A later patch may show lines behind one that had no end when it was the last.
    ended = [text if text.endswith(b"\n") else text + b"\n" for text in texts[:-1]]
    return b"".join([*ended, *texts[-1:]])


def _take(
    change: FileChange,
    files: dict[str, _File],
    gone: list[_File],
    before_it: Mapping[str, Sequence[Line]],
) -> None:
    """Take a change of a commit over; *before_it* has the lines before that commit, where known."""
    made = change.action in ("create", "overwrite")
    file = files.pop(change.path, None) or _File(None if made else change.path)
    if made:
        before = [line for line in file.lines if line.old is not None]
        added = re.findall(rb"[^\n]*\n|[^\n]+", change.content)
        file.lines = [line._replace(new=None, known=True) for line in before]
        file.lines += [Line(None, text) for text in added]
        file.mode = change.mode or PLAIN
    else:
        if change.copy:
            files[change.path] = file
            file = _File(None, _original(file, before_it.get(change.path)), mode=file.mode)
        hunks = [hunk for hunk in change.changes if isinstance(hunk, Hunk)]
        file.lines = _patched(file.lines, hunks)
        if change.mode in (PLAIN, EXECUTABLE):
            if file.old_mode == file.mode == PLAIN and change.mode == PLAIN:
                file.old_mode = EXECUTABLE  # else it would be no change
            file.mode = change.mode
    if change.action == "delete":
        gone.append(file)
    else:
        files[change.new_path or change.path] = file


def _original(file: _File, before_it: Sequence[Line] | None) -> list[Line]:
    """The lines of a copy: of what it is a copy of, as that was before the same commit."""
    if before_it is None:
        texts = [(line.old, line) for line in file.lines]
    else:
        texts = [(line.new, line) for line in before_it]
    return [line._replace(old=None, new=text) for text, line in texts if text is not None]


def _patched(lines: Sequence[Line], hunks: Sequence[Hunk]) -> list[Line]:
    """The lines after one more patch, whose hunks count the lines that there are now."""
    out: list[Line] = []
    rest = [*reversed(lines)]
    passed = 0
    for hunk in hunks:
        above = (hunk.line or 1) - (1 if hunk.old else 0) if hunk.line != 0 else 0
        while passed < above:
            line = _next(rest, out, above - passed)
            out.append(line)
            passed += line.times
        for kind, before, after in _texts(hunk):
            if kind == "+":
                out.append(Line(None, after))
                continue
            old, new, known, _ = _next(rest, out)
            passed += 1
            if not known:
                old, new = (before if old is not None else None), after
            if kind == " " or old is not None:
                out.append(Line(old, new if kind == " " else None))
    return [*out, *reversed(rest)]


def _texts(hunk: Hunk) -> Iterator[tuple[Kind, bytes, bytes]]:
    """A hunk's lines, as they end before and after: the last one of a file may have no end."""
    last = {
        side: max((at for at, (kind, _) in enumerate(hunk.ops) if kind in kinds), default=-1)
        for side, kinds in (("old", " -"), ("new", " +"))
    }
    for at, (kind, data) in enumerate(hunk.ops):
        old = hunk.old_ends is False and at == last["old"]
        new = hunk.new_ends is False and at == last["new"]
        yield kind, data if old else data + b"\n", data if new else data + b"\n"


def _next(rest: list[Line], out: list[Line], most: int = 1) -> Line:
    """The next line that is still there, or up to *most* of them that no hunk shows.

    Those that are removed already are passed on.

    Args:
        rest: The lines, the last one first.
    """
    while rest:
        line = rest.pop()
        if line.new is None:
            out.append(line)
        elif line.times > most:
            rest.append(line._replace(times=line.times - most))
            return line._replace(times=most)
        else:
            return line
    return _GAP._replace(times=most)
