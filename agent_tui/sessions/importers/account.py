"""The account of an import: what became of every line or record of the source, and why."""

from collections.abc import Sequence
from typing import Literal

from agent_tui.domain.base import Value

Fate = Literal["imported", "kept raw", "dropped"]


class Entry(Value):
    """Lines that are of one kind and had one fate.

    Attributes:
        kind: The source's own name for such a record.
        reason: Why it was not imported; empty for what was.
        count: How many lines.
        lines: Which, counted from 1, as ranges: ``1-3,7``.
    """

    kind: str
    fate: Fate
    reason: str = ""
    count: int
    lines: str


class SourceFile(Value):
    """One file that was read.

    Attributes:
        digest: SHA-256 of its bytes, in hexadecimal.
        unit: What is counted in it: ``line`` or ``record``.
        total: How many of these it has. Each is in exactly one entry.
    """

    name: str
    digest: str
    size: int
    unit: Literal["line", "record"]
    total: int
    entries: tuple[Entry, ...]


class Account(Value):
    """What was read, and what became of each line.

    Attributes:
        notes: What was noticed on the way: lines that are torn, times that go backwards.
        unknown: What this kind of source cannot know.
    """

    format: str
    agent: str
    version: str = ""
    files: tuple[SourceFile, ...] = ()
    notes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def count(self, fate: Fate) -> int:
        """How many lines had that fate."""
        return sum(e.count for file in self.files for e in file.entries if e.fate == fate)

    @property
    def total(self) -> int:
        """How many lines there are in all files."""
        return sum(file.total for file in self.files)

    @property
    def complete(self) -> bool:
        """Whether every line is accounted for, once."""
        return all(file.total == sum(e.count for e in file.entries) for file in self.files)


class FileAccount:
    """Collects the entries of one file, in order of its lines."""

    def __init__(self, name: str, unit: Literal["line", "record"]) -> None:
        self.name = name
        self.unit = unit
        self.total = 0
        self._lines: dict[tuple[str, Fate, str], list[list[int]]] = {}

    def add(self, number: int, kind: str, fate: Fate, reason: str = "") -> None:
        """A line's fate; every line is added exactly once."""
        self.total += 1
        ranges = self._lines.setdefault((kind, fate, reason), [])
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])

    def undo(self, number: int) -> None:
        """Take the last line out again, because more is to come of it."""
        for key, ranges in self._lines.items():
            if ranges and ranges[-1][1] == number:
                self.total -= 1
                ranges[-1][1] -= 1
                if ranges[-1][1] < ranges[-1][0]:
                    ranges.pop()
                if not ranges:
                    del self._lines[key]
                return

    def value(self, digest: str, size: int) -> SourceFile:
        """The account as it stands."""
        entries = tuple(
            Entry(
                kind=kind,
                fate=fate,
                reason=reason,
                count=sum(last - first + 1 for first, last in ranges),
                lines=_shown(ranges),
            )
            for (kind, fate, reason), ranges in self._lines.items()
        )
        return SourceFile(
            name=self.name,
            digest=digest,
            size=size,
            unit=self.unit,
            total=self.total,
            entries=entries,
        )


def _shown(ranges: Sequence[Sequence[int]]) -> str:
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)
