"""The one model that every format is parsed into."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property
from typing import Literal

Kind = Literal[" ", "-", "+"]
Op = tuple[Kind, bytes]
"""A line of a hunk: kept, removed or added; without ``\\n``, with a ``\\r`` that stands there."""

MAX_COMPARED = 400_000
"""Lines of SEARCH times lines of REPLACE up to which common lines are looked for."""


@dataclass(frozen=True)
class Hunk:
    """Lines that are looked for in a file, and what becomes of them.

    Attributes:
        ops: Kept and removed lines in order are what is looked for.
        anchors: Lines that stand before it, the outermost first; it lies in their scope.
        at_end: Whether it reaches to the end of the file.
        old_ends, new_ends: Whether the file's last line has an end before and after; None where
            the format says nothing about it.
        line: Its first line by the header, from 1. Used only when the file is proved to be the one
            that the diff was made from.
        doubts: As in :class:`~agent_tui.domain.edits.EditPart`.
    """

    ops: tuple[Op, ...]
    name: str
    anchors: tuple[bytes, ...] = ()
    at_end: bool = False
    old_ends: bool | None = None
    new_ends: bool | None = None
    line: int | None = None
    doubts: tuple[str, ...] = ()

    @cached_property
    def old(self) -> list[bytes]:
        """What is looked for."""
        return [text for kind, text in self.ops if kind != "+"]


@dataclass(frozen=True, slots=True)
class TextSwap:
    """A text, not necessarily of whole lines, that occurs exactly once (or, if asked, at all)."""

    old: bytes
    new: bytes
    name: str
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Insertion:
    """Text after a line, counted from 1; 0 is the top of the file."""

    after: int
    text: bytes
    name: str


Change = Hunk | TextSwap | Insertion
Action = Literal["edit", "create", "overwrite", "delete"]


@dataclass(frozen=True, slots=True)
class FileChange:
    """What a proposal does to one file.

    Attributes:
        content: The whole new file, for ``create`` and ``overwrite``.
        exact: Whether *content* says itself how the last line ends (a fenced block cannot).
        changes: For ``edit``; for ``delete``, lines that have to be all of the file.
        ordered: Whether the changes come in the file's order.
        new_path: Where it is moved or, with *copy*, copied to.
        base: The beginning of git's name of the old blob; "" when the format does not say.
        problem: Why the part could not even be read.
    """

    path: str
    action: Action
    content: bytes = b""
    exact: bool = True
    changes: tuple[Change, ...] = ()
    ordered: bool = True
    new_path: str | None = None
    copy: bool = False
    mode: str | None = None
    base: str = ""
    doubts: tuple[str, ...] = ()
    problem: str = ""
    name: str = field(default="")


def ops_between(old: Sequence[bytes], new: Sequence[bytes]) -> tuple[Op, ...]:
    """The lines of *old* and *new* as one list, with what they have in common as kept lines."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    a, b = old[head : len(old) - tail], new[head : len(new) - tail]
    ops: list[Op] = [(" ", text) for text in old[:head]]
    if len(a) * len(b) > MAX_COMPARED or not a or not b:
        blocks = [("replace", 0, len(a), 0, len(b))]
    else:
        blocks = list(SequenceMatcher(None, a, b, autojunk=False).get_opcodes())
    for tag, i1, i2, j1, j2 in blocks:
        if tag == "equal":
            ops += [(" ", text) for text in a[i1:i2]]
        else:
            ops += [("-", text) for text in a[i1:i2]]
            ops += [("+", text) for text in b[j1:j2]]
    ops += [(" ", text) for text in old[len(old) - tail :]]
    return tuple(ops)
