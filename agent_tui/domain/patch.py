"""A patch as values: files, hunks and lines, read from what ``git diff`` prints.

The reader takes git's own output (``--full-index``, ``core.quotePath=false``, ``a/`` and ``b/``
prefixes) and trusts the counts in hunk headers, so that no content can be taken for a header.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from agent_tui.domain.text import decode

FileStatus = Literal["added", "deleted", "modified", "renamed", "copied", "type changed"]
LineKind = Literal[" ", "-", "+"]


class PatchError(ValueError):
    """The text is not a diff as git prints it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a hunk.

    Attributes:
        kind: ``" "`` context, ``"-"`` removed, ``"+"`` added.
        data: The line's bytes without the final ``\\n`` (a ``\\r`` before it is content).
        ends: Whether the line ends with ``\\n``; only a file's last line may not.
    """

    kind: LineKind
    data: bytes
    ends: bool = True

    @property
    def content(self) -> bytes:
        """The bytes as they stand in the file."""
        return self.data + b"\n" if self.ends else self.data


@dataclass(frozen=True)
class Hunk:
    """One block of changes with its context.

    Attributes:
        id: Stays the same while path and changed lines stay the same, wherever they move.
        old_start, old_count, new_start, new_count: As in the hunk's header, counted from 1.
        section: What git prints behind the second ``@@``, often the enclosing function.
    """

    id: str
    old_start: int
    old_count: int
    new_start: int
    new_count: int
    section: str
    lines: tuple[Line, ...]

    @cached_property
    def changed(self) -> tuple[int, ...]:
        """Indexes of the added and removed lines."""
        return tuple(i for i, line in enumerate(self.lines) if line.kind != " ")

    @property
    def added(self) -> int:
        """Number of added lines."""
        return sum(line.kind == "+" for line in self.lines)

    @property
    def removed(self) -> int:
        """Number of removed lines."""
        return sum(line.kind == "-" for line in self.lines)

    def numbered(self) -> Iterator[tuple[int | None, int | None, Line]]:
        """Each line with its number in the old and in the new file."""
        old, new = self.old_start, self.new_start
        for line in self.lines:
            yield (
                None if line.kind == "+" else old,
                None if line.kind == "-" else new,
                line,
            )
            old += line.kind != "+"
            new += line.kind != "-"

    def touches(self, start: int, end: int) -> bool:
        """Whether a changed line stands in lines start…end of the new file.

        A removed line stands where the next line of the new file is.
        """
        new = self.new_start
        for line in self.lines:
            if line.kind != " " and start <= new <= end:
                return True
            new += line.kind != "-"
        return False


@dataclass(frozen=True)
class FilePatch:
    """The change of one file.

    Attributes:
        path: Where it is now, or was when it is deleted. A name that is not UTF-8 stands in git's
            quoted notation, with the quotes.
        old_path: Where it was, when that differs.
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
    def added(self) -> int:
        """Number of added lines."""
        return sum(hunk.added for hunk in self.hunks)

    @property
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

    @property
    def added(self) -> int:
        """Number of added lines."""
        return sum(file.added for file in self.files)

    @property
    def removed(self) -> int:
        """Number of removed lines."""
        return sum(file.removed for file in self.files)

    def find(self, hunk_id: str) -> tuple[FilePatch, Hunk] | None:
        """The hunk with that id, and its file."""
        return next((pair for pair in self.hunks if pair[1].id == hunk_id), None)


_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)", re.DOTALL)
_ESCAPES = {
    b"a": 7, b"b": 8, b"t": 9, b"n": 10, b"v": 11, b"f": 12, b"r": 13, b'"': 34, b"\\": 92,
}  # fmt: skip
_QUOTED = re.compile(rb"\\([0-3][0-7]{2}|.)", re.DOTALL)


def path_from_bytes(name: bytes) -> str:
    """A file name as text: itself when it is UTF-8, else git's quoted notation.

    Names that start with a double quote are quoted too, so that no two names give one text.
    """
    if not name.startswith(b'"'):
        try:
            return name.decode("utf-8")
        except UnicodeDecodeError:
            pass
    special = {value: "\\" + key.decode() for key, value in _ESCAPES.items()}
    body = "".join(
        special.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}")
        for byte in name
    )
    return f'"{body}"'


def path_to_bytes(path: str) -> bytes:
    """The inverse of :func:`path_from_bytes`.

    Raises:
        PatchError: If the text begins with a quote and is not in git's quoted notation.
    """
    return _unquote(path.encode("utf-8")) if path.startswith('"') else path.encode("utf-8")


def _unquote(name: bytes) -> bytes:
    if not (len(name) >= 2 and name.startswith(b'"') and name.endswith(b'"')):
        raise PatchError(f"not a quoted name: {decode(name)}")

    def value(match: re.Match[bytes]) -> bytes:
        escape = match[1]
        if len(escape) == 3:
            return bytes([int(escape, 8)])
        if escape not in _ESCAPES:
            raise PatchError(f"unknown escape in name: {decode(name)}")
        return bytes([_ESCAPES[escape]])

    return _QUOTED.sub(value, name[1:-1])


def _name(field: bytes, prefix: bytes = b"") -> str | None:
    """A name from a header line; git puts a tab behind a name that holds spaces, quoted or not."""
    field = field.removesuffix(b"\t")
    raw = _unquote(field) if field.startswith(b'"') else field
    if prefix and raw == b"/dev/null":
        return None
    return path_from_bytes(raw.removeprefix(prefix))


def _name_from_git_line(rest: bytes) -> str:
    """The name in ``diff --git a/X b/X``, for files without any other header that names them.

    Only reached when both names are the same, so the line's halves are known by their length.
    """
    if rest.startswith(b'"'):
        end = re.match(rb'"(?:[^"\\]|\\.)*"', rest)
        if end is None:
            raise PatchError(f"bad header: {decode(rest)}")
        return path_from_bytes(_unquote(end[0]).removeprefix(b"a/"))
    half = rest[: (len(rest) - 1) // 2]
    return path_from_bytes(half.removeprefix(b"a/"))


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self.lines = raw.split(b"\n")
        if self.lines and not self.lines[-1]:
            self.lines.pop()
        self.at = 0
        self.hunk_ids: dict[str, int] = {}

    @property
    def line(self) -> bytes | None:
        return self.lines[self.at] if self.at < len(self.lines) else None

    def file(self) -> FilePatch:
        git_line = self.lines[self.at].removeprefix(b"diff --git ")
        self.at += 1
        old: str | None = None
        new: str | None = None
        status: FileStatus = "modified"
        modes: list[str | None] = [None, None]
        oids: list[str | None] = [None, None]
        binary = False
        while (line := self.line) is not None and not line.startswith((b"@@ ", b"diff --git ")):
            self.at += 1
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
                old = _name(value.partition(b" ")[2])
            elif line.startswith((b"rename to ", b"copy to ")):
                status = "renamed" if word == b"rename" else "copied"
                new = _name(value.partition(b" ")[2])
            elif word == b"index":
                names, _, mode = value.partition(b" ")
                before, _, after = names.decode("ascii", "replace").partition("..")
                oids = [before, after]
                if mode:
                    modes = [mode.decode("ascii", "replace")] * 2
            elif word == b"---":
                old = _name(value, b"a/") or old
            elif word == b"+++":
                new = _name(value, b"b/") or new
            elif line.startswith((b"Binary files ", b"GIT binary patch")):
                binary = True
        hunks = []
        path = new or old or _name_from_git_line(git_line)
        while self.line is not None and self.line.startswith(b"@@ "):
            hunks.append(self.hunk(path))
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
            hunks=tuple(hunks),
        )

    def hunk(self, path: str) -> Hunk:
        header = _HUNK.fullmatch(self.lines[self.at])
        if header is None:
            raise PatchError(f"bad hunk header in {path}: {decode(self.lines[self.at])[:80]}")
        self.at += 1
        old_left = old_count = int(header[2] or 1)
        new_left = new_count = int(header[4] or 1)
        lines: list[Line] = []
        while old_left or new_left or (self.line or b"").startswith(b"\\"):
            raw = self.line
            if raw is None:
                raise PatchError(f"a hunk of {path} ends too early")
            self.at += 1
            kind = chr(raw[0]) if raw else " "
            if kind == "\\" and lines:
                lines[-1] = Line(lines[-1].kind, lines[-1].data, ends=False)
            elif kind in (" ", "-", "+"):
                lines.append(Line(kind, raw[1:]))  # type: ignore[arg-type]
                old_left -= kind != "+"
                new_left -= kind != "-"
            else:
                raise PatchError(f"bad line in a hunk of {path}: {decode(raw)[:80]}")
            if old_left < 0 or new_left < 0:
                raise PatchError(f"a hunk of {path} is longer than its header says")
        return Hunk(
            id=self._hunk_id(path, lines),
            old_start=int(header[1]),
            old_count=old_count,
            new_start=int(header[3]),
            new_count=new_count,
            section=decode(header[5]),
            lines=tuple(lines),
        )

    def _hunk_id(self, path: str, lines: list[Line]) -> str:
        digest = hashlib.sha256(path.encode())
        for line in lines:
            if line.kind != " ":
                digest.update(b"\0" + line.kind.encode() + line.content)
        name = digest.hexdigest()[:12]
        count = self.hunk_ids[name] = self.hunk_ids.get(name, 0) + 1
        return name if count == 1 else f"{name}.{count}"


def parse_patch(raw: bytes) -> Patch:
    """Read the output of ``git diff``.

    Args:
        raw: The bytes as git printed them.

    Raises:
        PatchError: If it is not a diff in git's form.
    """
    reader = _Reader(raw)
    files = []
    while reader.line is not None:
        if not reader.line.startswith(b"diff --git "):
            raise PatchError(f"expected 'diff --git', found: {decode(reader.line)[:80]}")
        files.append(reader.file())
    return Patch(tuple(files))
