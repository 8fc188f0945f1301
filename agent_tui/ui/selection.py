"""What the person has marked as left out of a patch, with undo and redo, before they decide."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from agent_tui.domain.decision import Selection
from agent_tui.domain.patch import FilePatch, Hunk, Patch
from agent_tui.domain.text import counted
from agent_tui.ui.diff.left_out import is_left_out

FilePart = Literal["mode", "move", "original", "end"]
"""What of a file can be left out besides lines: its mode, its place, the removal of its old name,
its last line's end."""

Part = tuple[FilePatch, Hunk, Collection[int]]
"""Some lines of a hunk, by their indexes."""


@dataclass(frozen=True, slots=True)
class _Change:
    """What one act changes: the other value of each thing that it touches."""

    files: frozenset[str]
    parts: dict[FilePart, frozenset[str]]
    lines: dict[str, frozenset[int]]


class DraftSelection:
    """A selection in the making. An act costs what it touches, however large the patch is.

    Args:
        patch: The patch that it selects from.
        marked: What was marked before.

    Attributes:
        patch: What it selects from.
        files: Paths left out whole.
        parts: Paths of which a part of that kind is left out.
        lines: For a hunk's id, the indexes of its lines that are left out. Nothing of a file that
            is left out whole.
        version: Another number after each act.
    """

    def __init__(self, patch: Patch, marked: Selection | None = None) -> None:
        self.patch = patch
        marked = marked or Selection()
        self.files: frozenset[str] = frozenset(marked.files)
        self.parts: dict[FilePart, frozenset[str]] = {
            "mode": frozenset(marked.modes),
            "move": frozenset(marked.moves),
            "original": frozenset(marked.originals),
            "end": frozenset(marked.ends),
        }
        self.lines: dict[str, frozenset[int]] = {}
        for hunk_id, indexes in marked.lines.items():
            found = patch.find(hunk_id)
            if found is not None and found[0].path not in self.files:
                self.lines[hunk_id] = frozenset(indexes) & set(found[1].changed)
        self.version = 0
        self._past: list[_Change] = []
        self._future: list[_Change] = []

    # -- acts --------------------------------------------------------------------------------

    def toggle_lines(
        self,
        parts: Iterable[Part],
        details: Iterable[tuple[FilePatch, FilePart]] = (),
        files: Iterable[str] = (),
    ) -> None:
        """Leave some things out, or take them in again if all of them are out.

        Args:
            parts: Changed lines.
            details: Parts of files besides lines.
            files: Paths of files without lines.
        """
        wanted = [
            (file, hunk, found)
            for file, hunk, indexes in parts
            if (found := frozenset(indexes) & set(hunk.changed))
        ]
        details, bare = list(details), frozenset(files)
        if not (wanted or details or bare):
            return
        mine = {file.path: file for file, _, _ in wanted} | {file.path: file for file, _ in details}
        whole = {path: file for path, file in mine.items() if path in self.files}
        all_out = (
            bare <= self.files
            and all(f.path in whole or found <= self.lines.get(h.id, frozenset())
                    for f, h, found in wanted)
            and all(f.path in whole or f.path in self.parts[kind] for f, kind in details)
        )  # fmt: skip
        if all_out:
            self._take_in(wanted, details, bare, whole)
        else:
            self._leave_out(wanted, details, bare, whole)

    def _leave_out(
        self,
        lines: Sequence[tuple[FilePatch, Hunk, frozenset[int]]],
        details: Sequence[tuple[FilePatch, FilePart]],
        files: frozenset[str],
        whole: Collection[str],
    ) -> None:
        changes = {
            hunk.id: self.lines.get(hunk.id, frozenset()) | found
            for file, hunk, found in lines
            if file.path not in whole
        }
        parts = dict(self.parts)
        for file, kind in details:
            if file.path not in whole:
                parts[kind] |= {file.path}
        self._do(_Change(self.files | files, parts, changes))

    def _take_in(
        self,
        lines: Sequence[tuple[FilePatch, Hunk, frozenset[int]]],
        details: Sequence[tuple[FilePatch, FilePart]],
        files: frozenset[str],
        whole: Mapping[str, FilePatch],
    ) -> None:
        """Of files that are left out whole, all the rest stays left out, bit by bit."""
        changes: dict[str, frozenset[int]] = {}
        parts = dict(self.parts)
        for path, file in whole.items():
            changes |= {hunk.id: frozenset(hunk.changed) for hunk in self._hunks(path)}
            if file.mode_changed:
                parts["mode"] |= {path}
            if file.status == "renamed":
                parts["move"] |= {path}
        for _, hunk, found in lines:
            changes[hunk.id] = changes.get(hunk.id, self.lines.get(hunk.id, frozenset())) - found
        for file, kind in details:
            parts[kind] -= {file.path}
        self._do(_Change(self.files - whole.keys() - files, parts, changes))

    def toggle_hunk(self, file: FilePatch, hunk: Hunk) -> None:
        """Leave a hunk out, or take it in again if all of it is out."""
        self.toggle_lines([(file, hunk, hunk.changed)])

    def toggle_file(self, path: str) -> None:
        """Leave a whole file out, or take it in again."""
        lines: dict[str, frozenset[int]] = {}
        if self.lines:
            lines = {h.id: frozenset() for h in self._hunks(path) if h.id in self.lines}
        parts = {kind: paths - {path} for kind, paths in self.parts.items()}
        self._do(_Change(self.files ^ {path}, parts, lines))

    def toggle_part(self, file: FilePatch, kind: FilePart) -> None:
        """Leave a part of a file's change out, or take it in again."""
        self.toggle_lines((), [(file, kind)])

    def undo(self) -> bool:
        """Take back the last act. False if there is none."""
        return self._back(self._past, self._future)

    def redo(self) -> bool:
        """Do again what was taken back. False if there is nothing."""
        return self._back(self._future, self._past)

    @property
    def can_undo(self) -> bool:
        """Whether there is an act to take back."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether something was taken back."""
        return bool(self._future)

    def _hunks(self, path: str) -> list[Hunk]:
        return [hunk for file in self.patch.files if file.path == path for hunk in file.hunks]

    def _do(self, change: _Change) -> None:
        self._past.append(self._apply(change))
        self._future.clear()

    def _back(self, source: list[_Change], target: list[_Change]) -> bool:
        if not source:
            return False
        target.append(self._apply(source.pop()))
        return True

    def _apply(self, change: _Change) -> _Change:
        """Make a change, and return the one that takes it back."""
        before = {hunk: self.lines.get(hunk, frozenset()) for hunk in change.lines}
        back = _Change(self.files, self.parts, before)
        self.version += 1
        self.files, self.parts = change.files, change.parts
        for hunk, indexes in change.lines.items():
            if indexes:
                self.lines[hunk] = indexes
            else:
                self.lines.pop(hunk, None)
        return back

    # -- what it is now ----------------------------------------------------------------------

    @property
    def modes(self) -> frozenset[str]:
        """Paths whose change of mode is left out."""
        return self.parts["mode"]

    @property
    def moves(self) -> frozenset[str]:
        """New paths of files that stay where they were."""
        return self.parts["move"]

    @property
    def originals(self) -> frozenset[str]:
        """New paths of moved files that stay under their old names as well."""
        return self.parts["original"]

    @property
    def ends(self) -> frozenset[str]:
        """Paths whose last line keeps the end that it had."""
        return self.parts["end"]

    @property
    def selection(self) -> Selection:
        """The same as a value."""
        return Selection(
            files=tuple(sorted(self.files)),
            modes=tuple(sorted(self.parts["mode"])),
            moves=tuple(sorted(self.parts["move"])),
            ends=tuple(sorted(self.parts["end"])),
            originals=tuple(sorted(self.parts["original"])),
            lines={hunk: tuple(sorted(indexes)) for hunk, indexes in self.lines.items() if indexes},
        )

    @property
    def leaves_nothing(self) -> bool:
        """Whether all of the patch is left out."""
        return bool(self.patch.files) and all(
            is_left_out(file, sum(len(self.lines.get(h.id, ())) for h in file.hunks), self)
            for file in self.patch.files
        )

    @property
    def count(self) -> int:
        """How many changed lines are left out."""
        lines = sum(map(len, self.lines.values()))
        if self.files:
            lines += sum(f.added + f.removed for f in self.patch.files if f.path in self.files)
        return lines

    @property
    def words(self) -> str:
        """How much is left out, such as "2 lines and 1 other part"; "" for nothing."""
        other = sum(len(paths - self.files) for paths in self.parts.values())
        if self.files:
            other += sum(not f.hunks for f in self.patch.files if f.path in self.files)
        parts = [counted(self.count, "line")] if self.count else []
        if other:
            parts.append(counted(other, "other part" if parts else "part"))
        return " and ".join(parts)
