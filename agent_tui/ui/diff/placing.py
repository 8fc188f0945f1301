"""Where notes stand: under a line of a hunk or around it, or under the head of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from agent_tui.ui.diff.blocks import Stream
from agent_tui.ui.diff.model import Note
from agent_tui.ui.diff.scan import Scan

ABOVE = -1
"""In the place of a file's number: above the first file."""


class Placement:
    """The places of all notes, by their numbers in the overlays.

    Args:
        stream: The patch.
        scan: Takes a hunk's lines apart.
        new_lines: Numbers of the new file's lines that a hunk shows, with the context around it.

    Attributes:
        lines: For a hunk's number and a line's index, the notes under that line.
        context: For a hunk's number and a line of the new file, those under that line around it.
        heads: For a file's number, those under its head; :data:`ABOVE` for those above all files.
    """

    def __init__(
        self,
        notes: Sequence[Note],
        stream: Stream,
        scan: Callable[[int], Scan],
        new_lines: Callable[[int], range],
    ) -> None:
        self._notes = notes
        self._stream = stream
        self._scan = scan
        self._new_lines = new_lines
        self.lines: dict[int, dict[int, list[int]]] = {}
        self.context: dict[tuple[int, int], list[int]] = {}
        self.heads: dict[int, list[int]] = {}

    def place(self, expanded: Iterable[int]) -> None:
        """Find the place of each note.

        Args:
            expanded: Numbers of the hunks around which more lines are shown.
        """
        by_path: dict[str, list[int]] = {}
        for number, file in enumerate(self._stream.files) if self._notes else ():
            for name in file.names:
                by_path.setdefault(name, []).append(number)
        for number, note in enumerate(self._notes):
            files = by_path.get(note.path or "", [])
            has_line = not note.outdated and note.line is not None
            line = self._line_of(files, note) if has_line else None
            around = self._context_of(files, note, expanded) if has_line and not line else None
            if line is not None:
                self.lines.setdefault(line[0], {}).setdefault(line[1], []).append(number)
            elif around is not None:
                self.context.setdefault(around, []).append(number)
            else:
                self.heads.setdefault(files[0] if files else ABOVE, []).append(number)

    def _line_of(self, files: Iterable[int], note: Note) -> tuple[int, int] | None:
        """The hunk and the index of the line that a note stands under."""
        wanted = note.end_line or note.line or 0
        for file in files:
            for number in self._stream.numbers_of(file):
                hunk = self._stream.hunks[number]
                new = note.side == "new"
                start = hunk.new_start if new else hunk.old_start
                count = hunk.new_count if new else hunk.old_count
                if not start <= wanted < start + count:
                    continue
                other = 0x2D if new else 0x2B
                at = start - 1
                for index, kind in enumerate(self._scan(number).kinds):
                    at += kind != other
                    if at == wanted and kind != other:
                        return number, index
        return None

    def _context_of(
        self, files: Iterable[int], note: Note, expanded: Iterable[int]
    ) -> tuple[int, int] | None:
        """The hunk, and the line of the new file that is shown around it."""
        wanted = note.end_line or note.line or 0
        if note.side == "new":
            for number in expanded:
                mine = self._stream.file_of[number] in files
                if mine and wanted in self._new_lines(number):
                    return number, wanted
        return None

    # -- asked for ---------------------------------------------------------------------------

    @property
    def all_lines(self) -> set[tuple[int, int]]:
        """All lines of hunks that notes stand under: numbers of hunks, and indexes."""
        return {(number, index) for number, found in self.lines.items() for index in found}

    @property
    def expanded_hunks(self) -> set[int]:
        """The hunks around which notes stand."""
        return {number for number, _ in self.context}

    def has_line(self, note: int) -> bool:
        """Whether a note stands under a line."""
        at_lines = (found for lines in self.lines.values() for found in lines.values())
        return any(note in found for found in (*at_lines, *self.context.values()))

    def index_of(self, hunk: int, note: int) -> int | None:
        """The index of the line of a hunk under which a note stands."""
        lines = self.lines.get(hunk, {}).items()
        return next((index for index, found in lines if note in found), None)

    def owners(self, note: int) -> Iterator[int]:
        """What a note's rows belong to, as in :attr:`Row.owner`."""
        for number, lines in self.lines.items():
            if any(note in found for found in lines.values()):
                yield number
        for (number, _), found in self.context.items():
            if note in found:
                yield number
        for file, found in self.heads.items():
            if note in found:
                yield -1 if file == ABOVE else -2 - file
