"""What the person has marked as left out of a patch, with undo, before a gate is answered."""

from collections.abc import Iterable

from agent_tui.domain.decision import Selection
from agent_tui.domain.patch import Hunk, Patch


class DraftSelection:
    """A selection in the making.

    Args:
        patch: The patch that it selects from.
        marked: What was marked before.
    """

    def __init__(self, patch: Patch, marked: Selection | None = None) -> None:
        self._patch = patch
        self._hunks = {hunk.id: hunk for _, hunk in patch.hunks}
        marked = marked or Selection()
        self._files = frozenset(marked.files)
        self._lines = frozenset(
            (hunk, index) for hunk, indexes in marked.lines.items() for index in indexes
        ) | frozenset(
            (hunk.id, index)
            for file in patch.files
            if file.path in self._files
            for hunk in file.hunks
            for index in hunk.changed
        )
        self._past: list[tuple[frozenset[str], frozenset[tuple[str, int]]]] = []

    def line_left_out(self, hunk: str, index: int) -> bool:
        """Whether a changed line is left out."""
        return (hunk, index) in self._lines

    def file_left_out(self, path: str) -> bool:
        """Whether a file is left out whole."""
        return path in self._files

    def toggle_hunk(self, hunk_id: str) -> None:
        """Leave a hunk out, or take it in again if all of it is out."""
        hunk = self._hunks.get(hunk_id)
        if hunk is not None:
            self.toggle_lines((hunk_id, index) for index in hunk.changed)

    def toggle_lines(self, lines: Iterable[tuple[str, int]]) -> None:
        """Leave changed lines out, or take them in again if all of them are out."""
        wanted = frozenset(
            (hunk, index)
            for hunk, index in lines
            if hunk in self._hunks and index in self._hunks[hunk].changed
        )
        if not wanted:
            return
        self._remember()
        self._lines = self._lines - wanted if wanted <= self._lines else self._lines | wanted

    def toggle_file(self, path: str) -> None:
        """Leave a whole file out, or take it in again."""
        file = next((f for f in self._patch.files if f.path == path), None)
        if file is None:
            return
        self._remember()
        every = frozenset((hunk.id, index) for hunk in file.hunks for index in hunk.changed)
        if path in self._files:
            self._files -= {path}
            self._lines -= every
        else:
            self._files |= {path}
            self._lines |= every

    def undo(self) -> bool:
        """Take back the last change. False if there is none."""
        if not self._past:
            return False
        self._files, self._lines = self._past.pop()
        return True

    def _remember(self) -> None:
        self._past.append((self._files, self._lines))

    def _path_is_out(self, hunk: Hunk) -> bool:
        return any(f.path in self._files and hunk in f.hunks for f in self._patch.files)

    @property
    def selection(self) -> Selection:
        """The same as a value."""
        lines: dict[str, tuple[int, ...]] = {}
        for hunk_id, hunk in self._hunks.items():
            out = tuple(i for i in hunk.changed if (hunk_id, i) in self._lines)
            if out and not self._path_is_out(hunk):
                lines[hunk_id] = out
        return Selection(files=tuple(sorted(self._files)), lines=lines)

    @property
    def count(self) -> int:
        """How many changed lines are left out."""
        return len(self._lines)
