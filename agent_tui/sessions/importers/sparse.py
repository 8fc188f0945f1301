"""A file of which only some lines are known, because a source shows hunks and not the whole.

Hunks with line numbers are put together line by line: each one tells what stood at its lines, so
that a diff from the first state to the last can be given for exactly what is known.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_HEADER = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
CONTEXT = 3
_REST = 1 << 60
"""Lines of a gap that reaches to the end of the file."""


class DoesNotFit(ValueError):
    """A hunk says of a line what an earlier one did not."""


@dataclass(slots=True)
class Line:
    """A line that is known.

    Attributes:
        content: Its bytes, with the ``\\n`` where it has one.
        base: Its number in the first state, from 1; None when it was added since.
        alive: Whether it is still there.
    """

    content: bytes
    base: int | None
    alive: bool = True


@dataclass(slots=True)
class Gap:
    """Lines that nobody has shown: their first number in the first state, and how many."""

    start: int
    count: int


@dataclass(frozen=True, slots=True)
class SourceHunk:
    """A hunk as a source gives it: where it begins, and its lines with their signs."""

    start: int
    lines: tuple[tuple[str, bytes], ...]

    @property
    def only_adds(self) -> bool:
        """Whether nothing of the old file is in it."""
        return all(kind == "+" for kind, _ in self.lines)


def hunks_of(diff: str) -> list[SourceHunk]:
    """The hunks in a unified diff; lines outside of hunks are passed over.

    Raises:
        ValueError: If a hunk is cut short or has a line that is none.
    """
    found = []
    lines = diff.split("\n")
    at = 0
    while at < len(lines):
        header = _HEADER.match(lines[at])
        at += 1
        if header is None:
            continue
        old, new = int(header[2] or 1), int(header[4] or 1)
        body: list[tuple[str, bytes]] = []
        while old > 0 or new > 0:
            if at >= len(lines):
                raise ValueError("a hunk is cut short")
            line = lines[at]
            at += 1
            if line.startswith("\\"):
                _end_without_newline(body)
                continue
            kind = line[0] if line else " "
            if kind not in " -+":
                raise ValueError("a hunk has a line without a sign")
            old -= kind != "+"
            new -= kind != "-"
            body.append((kind, (line[1:] + "\n").encode("utf-8", "surrogatepass")))
        if at < len(lines) and lines[at].startswith("\\"):
            _end_without_newline(body)
            at += 1
        found.append(SourceHunk(int(header[1]), tuple(body)))
    return found


def _end_without_newline(body: list[tuple[str, bytes]]) -> None:
    if body:
        body[-1] = (body[-1][0], body[-1][1].removesuffix(b"\n"))


class SparseFile:
    """What is known of a file, and what changed in it since the first state."""

    def __init__(self) -> None:
        self._parts: list[Line | Gap] = [Gap(1, _REST)]

    @classmethod
    def of(cls, content: bytes) -> "SparseFile":
        """A file that is known whole."""
        file = cls()
        file._parts = [Line(x, n) for n, x in enumerate(split_lines(content), 1)]
        return file

    def apply(self, hunks: Iterable[SourceHunk]) -> None:
        """Take hunks of one edit; their numbers are those of the file before that edit.

        Raises:
            DoesNotFit: If one says something else of a line than is known. Nothing changes then.
        """
        kept = [_copy(part) for part in self._parts]
        try:
            shift = 0
            for hunk in hunks:
                self._apply(hunk, shift)
                shift += sum(k == "+" for k, _ in hunk.lines) - sum(k == "-" for k, _ in hunk.lines)
        except DoesNotFit:
            self._parts = kept
            raise

    def _apply(self, hunk: SourceHunk, shift: int) -> None:
        at = self._find(hunk.start + shift + (1 if hunk.only_adds else 0))
        for kind, content in hunk.lines:
            if kind == "+":
                at = self._after_the_dead(at)
                self._parts.insert(at, Line(content, None))
                at += 1
                continue
            at = self._known(at, content)
            line = self._parts[at]
            if kind == "-" and isinstance(line, Line):
                line.alive = False
            at += 1

    def _find(self, number: int) -> int:
        """The index of the part that is line *number* now; a gap is split there."""
        here = 1
        for index, part in enumerate(self._parts):
            size = part.count if isinstance(part, Gap) else int(part.alive)
            if number < here + size:
                offset = number - here
                if isinstance(part, Gap) and offset > 0:
                    before = Gap(part.start, offset)
                    self._parts[index : index + 1] = [
                        before,
                        Gap(part.start + offset, part.count - offset),
                    ]
                    return index + 1
                return index
            here += size
        return len(self._parts)

    def _after_the_dead(self, at: int) -> int:
        while at < len(self._parts):
            part = self._parts[at]
            if isinstance(part, Gap) or part.alive:
                break
            at += 1
        return at

    def _known(self, at: int, content: bytes) -> int:
        """The index of the line at or after *at*, which is *content* as a hunk says."""
        at = self._after_the_dead(at)
        if at >= len(self._parts):
            raise DoesNotFit("the file ends before a line of a hunk")
        part = self._parts[at]
        if isinstance(part, Gap):
            rest = [Gap(part.start + 1, part.count - 1)] if part.count > 1 else []
            self._parts[at : at + 1] = [Line(content, part.start), *rest]
        elif part.content.rstrip(b"\n") != content.rstrip(b"\n"):
            raise DoesNotFit("a line is not what an earlier edit left")
        return at

    @property
    def whole(self) -> bytes | None:
        """The present content, or None where something of it is not known."""
        if any(isinstance(part, Gap) for part in self._parts):
            return None
        return b"".join(p.content for p in self._parts if isinstance(p, Line) and p.alive)

    def rebase(self) -> None:
        """Make the present state the first one."""
        number = 1
        kept: list[Line | Gap] = []
        for part in self._parts:
            if isinstance(part, Gap):
                kept.append(Gap(number, part.count))
                number += part.count
            elif part.alive:
                kept.append(Line(part.content, number))
                number += 1
        self._parts = kept

    def diff(self) -> bytes:
        """Hunks of a unified diff from the first state to the present one."""
        out: list[bytes] = []
        for run, old, new in self._runs():
            out += _hunks_of_run(run, old, new)
        return b"".join(out)

    def _runs(self) -> Iterator[tuple[list[Line], int, int]]:
        """Lines that stand together, with the numbers of the first in both states."""
        run: list[Line] = []
        old = new = first_old = first_new = 1
        for part in self._parts:
            if isinstance(part, Gap):
                if run:
                    yield run, first_old, first_new
                run = []
                old += part.count
                new += part.count
                first_old, first_new = old, new
                continue
            run.append(part)
            old += part.base is not None
            new += part.alive
        if run:
            yield run, first_old, first_new


def _copy(part: Line | Gap) -> Line | Gap:
    if isinstance(part, Gap):
        return Gap(part.start, part.count)
    return Line(part.content, part.base, part.alive)


def _sign(line: Line) -> str:
    if line.base is None:
        return "+" if line.alive else ""
    return " " if line.alive else "-"


def _hunks_of_run(run: list[Line], old: int, new: int) -> Iterator[bytes]:
    signed = [(sign, line.content) for line in run if (sign := _sign(line))]
    changed = [i for i, (sign, _) in enumerate(signed) if sign != " "]
    numbers = []
    for sign, _ in signed:
        numbers.append((old, new))
        old += sign != "+"
        new += sign != "-"
    while changed:
        first = last = changed[0]
        for index in changed:
            if index - last > 2 * CONTEXT:
                break
            last = index
        changed = [i for i in changed if i > last]
        start, end = max(0, first - CONTEXT), min(len(signed), last + CONTEXT + 1)
        yield render(signed[start:end], *numbers[start])


def render(signed: list[tuple[str, bytes]], old: int, new: int, section: str = "") -> bytes:
    """One hunk as text, for lines with their signs and the numbers of the first one."""
    old_count = sum(sign != "+" for sign, _ in signed)
    new_count = sum(sign != "-" for sign, _ in signed)
    head = f"@@ -{old - (not old_count)},{old_count} +{new - (not new_count)},{new_count} @@"
    out = [f"{head} {section}".rstrip().encode() + b"\n"]
    for sign, content in signed:
        out.append(sign.encode() + content.removesuffix(b"\n") + b"\n")
        if not content.endswith(b"\n"):
            out.append(b"\\ No newline at end of file\n")
    return b"".join(out)


def split_lines(content: bytes) -> list[bytes]:
    """The lines of a file with their ends; only ``\\n`` ends a line."""
    parts = content.split(b"\n")
    lines = [part + b"\n" for part in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] else lines
