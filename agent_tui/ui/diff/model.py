"""What the widget is given and what it tells, as plain data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Set
from dataclasses import dataclass, field
from typing import Literal, Protocol

from agent_tui.domain.patch import FilePatch, Hunk

Side = Literal["old", "new"]
Tone = Literal["", "ok", "bad", "warn", "muted", "person", "model"]
"""A colour by its meaning; the theme has the colours. Signs and words say the same."""

Read = Callable[[FilePatch, Side], bytes | None]
"""Gives a file's bytes on one side, or None if it cannot. It may block: it runs in a thread."""


class LeftOut(Protocol):
    """What is left out of the patch. It is asked while drawing, so it may change underneath."""

    @property
    def files(self) -> Collection[str]:
        """Paths left out whole."""
        ...

    @property
    def modes(self) -> Collection[str]:
        """Paths whose change of mode is left out."""
        ...

    @property
    def moves(self) -> Collection[str]:
        """New paths of files that stay where they were."""
        ...

    @property
    def originals(self) -> Collection[str]:
        """New paths of moved files that stay under their old names as well."""
        ...

    @property
    def ends(self) -> Collection[str]:
        """Paths whose last line keeps the end that it had."""
        ...

    @property
    def lines(self) -> Mapping[str, Collection[int]]:
        """For a hunk's id, the indexes of its changed lines that are left out."""
        ...


@dataclass(frozen=True, slots=True)
class NothingLeftOut:
    """The whole patch is taken."""

    files: frozenset[str] = frozenset()
    modes: frozenset[str] = frozenset()
    moves: frozenset[str] = frozenset()
    originals: frozenset[str] = frozenset()
    ends: frozenset[str] = frozenset()
    lines: Mapping[str, Collection[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Note:
    """A finding or a comment: a sign in the margin, and a text under its line.

    Attributes:
        id: What it is called in messages; unique in the overlays.
        path: The file it belongs to; None for the whole patch, which puts it above the first file.
        line: The line on *side*, counted from 1; None for the file as a whole.
        end_line: The last line of a range, under which the text stands.
        sign: One cell, for the margin and in front of the text.
        label: A few bold words in front of the text, for example ``F1 major``.
        text: What it says; may have several lines.
        outdated: Its lines have changed: it stands under the file's head, with the *excerpt*.
        excerpt: The lines that it was written about.
    """

    id: str
    path: str | None
    line: int | None = None
    side: Side = "new"
    end_line: int | None = None
    sign: str = "▲"
    tone: Tone = "warn"
    label: str = ""
    text: str = ""
    outdated: bool = False
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text above the first file; *lead* stands in front of its first line.

    Attributes:
        heading: Drawn as a small heading.
    """

    text: str
    tone: Tone = ""
    lead: str = ""
    heading: bool = False


@dataclass(frozen=True, slots=True)
class Overlays:
    """Everything that is drawn over a patch.

    Attributes:
        left_out: What is left out of it.
        notes: Findings and comments.
        claims: For a hunk's id, who asked for it, in words.
        flag_unclaimed: Whether hunks without a claim say so.
        seen: Ids of hunks that count as seen already.
        folded: Ids of hunks that show their head only, until they are opened.
        flags: For a hunk's id, what its head says besides, and in which tone.
        intro: What stands above the first file.
    """

    left_out: LeftOut = NothingLeftOut()
    notes: tuple[Note, ...] = ()
    claims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    flag_unclaimed: bool = False
    seen: Set[str] = frozenset()
    folded: Set[str] = frozenset()
    flags: Mapping[str, tuple[str, Tone]] = field(default_factory=dict)
    intro: tuple[Paragraph, ...] = ()


PlaceKind = Literal["intro", "file", "detail", "hunk", "line", "context", "space", "note"]


@dataclass(frozen=True, slots=True)
class Place:
    """What the cursor is on.

    Attributes:
        file_number: The file's number in the patch, from 0; None above the first file.
        number: The hunk's number in the patch, from 0; None outside of hunks.
        index: The line's index in the hunk; in a side-by-side row the one of the new side.
        old_line, new_line: Numbers in the files, where the line is in them.
        note: Id of the note.
        detail: What a detail of a file's head is about, for example ``mode``.
    """

    kind: PlaceKind
    file: FilePatch | None = None
    file_number: int | None = None
    number: int | None = None
    hunk: Hunk | None = None
    index: int | None = None
    old_line: int | None = None
    new_line: int | None = None
    note: str | None = None
    detail: str = ""

    @property
    def path(self) -> str:
        """The file's path, or "" above the first file."""
        return self.file.path if self.file is not None else ""
