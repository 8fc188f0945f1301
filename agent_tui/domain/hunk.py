"""Hunks and their lines.

A hunk that was read from a patch keeps only where it stands in the patch's bytes. Its lines and its
id are made when they are asked for, so that a patch of a million lines is an index at first.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from agent_tui.domain.text import decode

LineKind = Literal[" ", "-", "+"]
_KINDS: dict[int, LineKind] = {0x20: " ", 0x2B: "+", 0x2D: "-"}


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


class SamePath:
    """All hunks of one path, which number those of them that change the same lines."""

    __slots__ = ("hunks", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        self.hunks: list[Hunk] = []

    def name_hunks(self) -> None:
        """Give every hunk its id."""
        counts: dict[str, int] = {}
        prefix = hashlib.sha256(self.path.encode())
        for hunk in self.hunks:
            digest = prefix.copy()
            digest.update(hunk.changes())
            name = digest.hexdigest()[:12]
            count = counts[name] = counts.get(name, 0) + 1
            hunk.set_id(name if count == 1 else f"{name}.{count}")


class Hunk:
    """One block of changes with its context.

    Attributes:
        old_start, old_count, new_start, new_count: As in the hunk's header, counted from 1.
        size: Number of lines.
    """

    __slots__ = (
        "_changed", "_end", "_head", "_id", "_lines", "_raw", "_same", "_section", "_start",
        "new_count", "new_start", "old_count", "old_start", "size",
    )  # fmt: skip

    def __init__(
        self,
        id: str,
        old_start: int,
        old_count: int,
        new_start: int,
        new_count: int,
        section: str,
        lines: Iterable[Line],
    ) -> None:
        self._id: str | None = id
        self.old_start, self.old_count = old_start, old_count
        self.new_start, self.new_count = new_start, new_count
        self._section: str | None = section
        self._lines: tuple[Line, ...] | None = tuple(lines)
        self.size = len(self._lines)
        self._changed: tuple[int, ...] | None = None
        self._raw = b""
        self._head = self._start = self._end = 0
        self._same: SamePath | None = None

    @classmethod
    def in_patch(
        cls,
        raw: bytes,
        place: tuple[int, int, int],
        numbers: tuple[int, int, int, int],
        size: int,
        same: SamePath,
    ) -> "Hunk":
        """A hunk as it stands in the bytes of a patch.

        Args:
            raw: The whole patch.
            place: Where its section text begins, where its lines begin, and where they end.
            numbers: Old start and count, new start and count.
            size: Number of lines.
            same: The hunks of the same path, which this one joins.
        """
        hunk = cls.__new__(cls)
        hunk._raw = raw
        hunk._head, hunk._start, hunk._end = place
        hunk.old_start, hunk.old_count, hunk.new_start, hunk.new_count = numbers
        hunk.size = size
        hunk._id = hunk._section = hunk._lines = hunk._changed = None
        hunk._same = same
        same.hunks.append(hunk)
        return hunk

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Hunk)
            and self.id == other.id
            and self.numbers == other.numbers
            and self.section == other.section
            and self.lines == other.lines
        )

    def __hash__(self) -> int:
        return hash((self.id, self.numbers))

    def __repr__(self) -> str:
        return f"Hunk({self.id!r}, {self.numbers!r}, {self.size} lines)"

    @property
    def numbers(self) -> tuple[int, int, int, int]:
        """Old start and count, new start and count."""
        return self.old_start, self.old_count, self.new_start, self.new_count

    @property
    def id(self) -> str:
        """Stays the same while path and changed lines stay the same, wherever they move."""
        if self._id is None:
            if self._same is None:
                raise ValueError("the hunk belongs to no path")
            self._same.name_hunks()
        return self._id or ""

    def set_id(self, value: str) -> None:
        """Called once, when the hunks of the path are numbered."""
        self._id = value

    @property
    def section(self) -> str:
        """What git prints behind the second ``@@``, often the enclosing function."""
        if self._section is None:
            self._section = decode(self._raw[self._head : self._start - 1])
        return self._section

    @property
    def body(self) -> bytes:
        """The lines as they stand in a patch, each with its sign and its ``\\n``."""
        if self._raw:
            return self._raw[self._start : self._end]
        parts = []
        for line in self._lines or ():
            parts.append(line.kind.encode() + line.data + b"\n")
            if not line.ends:
                parts.append(b"\\ No newline at end of file\n")
        return b"".join(parts)

    @property
    def lines(self) -> tuple[Line, ...]:
        """All lines, in order."""
        if self._lines is None:
            lines: list[Line] = []
            for text in self.body.split(b"\n")[:-1]:
                kind = _KINDS.get(text[0]) if text else " "
                if kind is None:  # a remark: the line before it has no end
                    lines[-1] = Line(lines[-1].kind, lines[-1].data, ends=False)
                else:
                    lines.append(Line(kind, text[1:]))
            self._lines = tuple(lines)
        return self._lines

    @property
    def changed(self) -> tuple[int, ...]:
        """Indexes of the added and removed lines."""
        if self._changed is None:
            signs = (text[:1] for text in self.body.split(b"\n")[:-1])
            kept = (sign for sign in signs if sign != b"\\")
            self._changed = tuple(i for i, sign in enumerate(kept) if sign in (b"+", b"-"))
        return self._changed

    @property
    def added(self) -> int:
        """Number of added lines."""
        return self.size - self.old_count

    @property
    def removed(self) -> int:
        """Number of removed lines."""
        return self.size - self.new_count

    def changes(self) -> bytes:
        """The changed lines with their signs: what the id is made of."""
        body = self.body
        if b"\n\\" in body:
            return b"".join(
                b"\0" + line.kind.encode() + line.content for line in self.lines if line.kind != " "
            )
        return b"".join(
            [b"\0" + text + b"\n" for text in body.split(b"\n") if text[:1] in (b"+", b"-")]
        )

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
        if end < self.new_start or start > self.new_start + self.new_count:
            return False
        new = self.new_start
        for line in self.lines:
            if line.kind != " " and start <= new <= end:
                return True
            new += line.kind != "-"
        return False
