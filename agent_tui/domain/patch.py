"""A patch as values: files, hunks and lines, read from what ``git diff`` prints.

The reader takes git's own output (``--full-index``, ``core.quotePath=false``, ``a/`` and ``b/``
prefixes) and checks the counts in hunk headers. No content can be taken for a header, because every
line of a hunk begins with a blank, ``+``, ``-`` or ``\\``: so hunks are found by searching for the
next header, and their lines are not taken apart before somebody looks at them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from agent_tui.domain.hunk import Hunk, Line, LineKind, SamePath
from agent_tui.domain.names import (
    PatchError,
    name_in_git_line,
    name_in_header,
    path_from_bytes,
    path_to_bytes,
)
from agent_tui.domain.text import decode

__all__ = [
    "FilePatch",
    "FileStatus",
    "Hunk",
    "Line",
    "LineKind",
    "Patch",
    "PatchError",
    "parse_patch",
    "path_from_bytes",
    "path_to_bytes",
]

FileStatus = Literal["added", "deleted", "modified", "renamed", "copied", "type changed"]


@dataclass(frozen=True)
class FilePatch:
    """The change of one file.

    Attributes:
        path: Where it is now, or was when it is deleted. A name that is not UTF-8 stands in git's
            quoted notation, with the quotes.
        old_path: Where it was, or what it is a copy of, when that differs.
        old_mode, new_mode: Six octal digits; None on the side where the file does not exist, and
            on both where git printed none, for a rename without any other change.
        old_oid, new_oid: Object names as printed; None where git printed none.
        binary: Whether git shows no lines for it.
    """

    path: str
    status: FileStatus
    old_path: str | None = None
    old_mode: str | None = None
    new_mode: str | None = None
    old_oid: str | None = None
    new_oid: str | None = None
    binary: bool = False
    hunks: tuple[Hunk, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What the file itself is called, now and before; what it is a copy of is another one."""
        moved = self.old_path if self.status != "copied" else None
        return (self.path, moved) if moved else (self.path,)

    @cached_property
    def added(self) -> int:
        """Number of added lines."""
        return sum(hunk.added for hunk in self.hunks)

    @cached_property
    def removed(self) -> int:
        """Number of removed lines."""
        return sum(hunk.removed for hunk in self.hunks)

    @property
    def mode_changed(self) -> bool:
        """Whether the file exists on both sides with different modes."""
        return bool(self.old_mode and self.new_mode and self.old_mode != self.new_mode)


@dataclass(frozen=True)
class Patch:
    """The change from one tree to another."""

    files: tuple[FilePatch, ...] = ()

    @property
    def hunks(self) -> Iterator[tuple[FilePatch, Hunk]]:
        """Every hunk with its file, in order."""
        return ((file, hunk) for file in self.files for hunk in file.hunks)

    @cached_property
    def hunk_count(self) -> int:
        """Number of hunks."""
        return sum(len(file.hunks) for file in self.files)

    @cached_property
    def added(self) -> int:
        """Number of added lines."""
        return sum(file.added for file in self.files)

    @cached_property
    def removed(self) -> int:
        """Number of removed lines."""
        return sum(file.removed for file in self.files)

    def find(self, hunk_id: str) -> tuple[FilePatch, Hunk] | None:
        """The hunk with that id, and its file."""
        return self._by_id.get(hunk_id)

    @cached_property
    def _by_id(self) -> dict[str, tuple[FilePatch, Hunk]]:
        return {hunk.id: (file, hunk) for file, hunk in self.hunks}


_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?([^\n]*)\n")
_BODY = re.compile(rb"(?:[ +\-\\][^\n]*\n)*")
_FILE_START = b"diff --git "


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self.raw = raw if raw.endswith(b"\n") or not raw else raw + b"\n"
        self.remarks = b"\n\\" in raw
        self.same: dict[str, SamePath] = {}

    def files(self) -> Iterator[FilePatch]:
        raw, at = self.raw, 0
        while at < len(raw):
            if not raw.startswith(_FILE_START, at):
                line = raw[at : raw.find(b"\n", at)]
                raise PatchError(f"expected 'diff --git', found: {decode(line)[:80]}")
            end = raw.find(b"\n" + _FILE_START, at) + 1 or len(raw)
            yield self.file(at, end)
            at = end

    def file(self, at: int, end: int) -> FilePatch:
        first = self.raw.find(b"\n@@ ", at, end) + 1 or end
        head, *lines = self.raw[at : first - 1].split(b"\n")
        old: str | None = None
        new: str | None = None
        status: FileStatus = "modified"
        modes: list[str | None] = [None, None]
        oids: list[str | None] = [None, None]
        binary = False
        for line in lines:
            word, _, value = line.partition(b" ")
            if line.startswith(b"old mode "):
                modes[0] = line[9:].decode("ascii", "replace")
            elif line.startswith(b"new mode "):
                modes[1] = line[9:].decode("ascii", "replace")
            elif line.startswith(b"new file mode "):
                status, modes[1] = "added", line[14:].decode("ascii", "replace")
            elif line.startswith(b"deleted file mode "):
                status, modes[0] = "deleted", line[18:].decode("ascii", "replace")
            elif line.startswith((b"rename from ", b"copy from ")):
                old = name_in_header(value.partition(b" ")[2])
            elif line.startswith((b"rename to ", b"copy to ")):
                status = "renamed" if word == b"rename" else "copied"
                new = name_in_header(value.partition(b" ")[2])
            elif word == b"index":
                names, _, mode = value.partition(b" ")
                before, _, after = names.decode("ascii", "replace").partition("..")
                oids = [before, after]
                if mode:
                    modes = [mode.decode("ascii", "replace")] * 2
            elif word == b"---":
                old = name_in_header(value, b"a/") or old
            elif word == b"+++":
                new = name_in_header(value, b"b/") or new
            elif line.startswith((b"Binary files ", b"GIT binary patch")):
                binary = True
        path = new or old or name_in_git_line(head.removeprefix(_FILE_START))
        if modes[0] and modes[1] and modes[0][:3] != modes[1][:3]:
            status = "type changed"
        return FilePatch(
            path=path,
            status=status,
            old_path=old if old and old != path else None,
            old_mode=modes[0],
            new_mode=modes[1],
            old_oid=oids[0],
            new_oid=oids[1],
            binary=binary,
            hunks=tuple(self.hunks(path, first, end)),
        )

    def hunks(self, path: str, at: int, end: int) -> Iterator[Hunk]:
        raw = self.raw
        same = self.same.get(path) or self.same.setdefault(path, SamePath(path))
        while at < end:
            header = _HUNK.match(raw, at, end)
            if header is None:
                line = raw[at : raw.find(b"\n", at)]
                raise PatchError(f"bad hunk header in {path}: {decode(line)[:80]}")
            start = header.end()
            at = raw.find(b"\n@@ ", start - 1, end) + 1 or end
            old_start, old_count, new_start, new_count = header.group(1, 2, 3, 4)
            old, new = int(old_count or 1), int(new_count or 1)
            size = raw.count(b"\n", start, at)
            if self.remarks:
                size -= raw.count(b"\n\\", start - 1, at)
            body = _BODY.match(raw, start, at)
            if (
                body is None
                or body.end() != at
                or raw.count(b"\n+", start - 1, at) != size - old
                or raw.count(b"\n-", start - 1, at) != size - new
                or raw.startswith(b"\\", start)
            ):
                size = self.checked(path, start, at, old, new)
            yield Hunk.in_patch(
                raw,
                (header.start(5), start, at),
                (int(old_start), old, int(new_start), new),
                size,
                same,
            )

    def checked(self, path: str, start: int, end: int, old: int, new: int) -> int:
        """The number of lines, counted one by one: some tools take the blank off an empty line.

        Raises:
            PatchError: If they are not what the header says.
        """
        size = 0
        for raw in self.raw[start : end - 1].split(b"\n"):
            sign = raw[:1] or b" "
            if sign == b"\\" and size:
                continue
            if sign not in (b" ", b"-", b"+"):
                raise PatchError(f"bad line in a hunk of {path}: {decode(raw)[:80]}")
            size += 1
            old -= sign != b"+"
            new -= sign != b"-"
            if old < 0 or new < 0:
                raise PatchError(f"a hunk of {path} is longer than its header says")
        if old or new:
            raise PatchError(f"a hunk of {path} ends too early")
        return size


HEAD_BYTES = 300_000
"""Bytes of a large patch that are parsed before the others."""


def first_files(raw: bytes) -> bytes | None:
    """The files at the start of a large patch, to be shown while the rest is read.

    Returns:
        None for a patch that is read in a moment, or whose first file is large by itself.
    """
    if len(raw) < 8 * HEAD_BYTES:
        return None
    end = raw.rfind(b"\n" + _FILE_START, 0, HEAD_BYTES) + 1
    return raw[:end] if end > 0 else None


def parse_patch(raw: bytes) -> Patch:
    """Read the output of ``git diff``.

    Args:
        raw: The bytes as git printed them. The patch keeps them.

    Raises:
        PatchError: If it is not a diff in git's form.
    """
    return Patch(tuple(_Reader(raw).files()))
