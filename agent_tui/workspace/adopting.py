"""Landing a commit where the person's own files stay as they are: no file is written.

The branch moves forward, and the index takes over what was committed, so that what is left shows
as a change just as before: staged what was staged, unstaged what was not. Where a file was staged
in part and the committed text contradicts that part, its entry becomes the committed one, and the
file is named; if the commit is not made from these files, the entry stays what it is.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent_tui.domain.patch import path_from_bytes, path_to_bytes
from agent_tui.domain.text import visible
from agent_tui.workspace.git import GitError, Place
from agent_tui.workspace.selection import RawChange
from agent_tui.workspace.trees import Trees

_NONE = "0" * 6


@dataclass(frozen=True, slots=True)
class _Entry:
    """An index entry; mode and name are those of git, ``000000`` for none."""

    mode: str
    oid: str


class Stays(Exception):
    """The commit does not land; the text says why."""


class Adoption:
    """Takes a commit over into the person's index, on the git thread.

    Args:
        tree: The person's files as they were reviewed; "" if the commit is not made from them.
        staged: Paths at which all that is changed is staged.
    """

    def __init__(self, trees: Trees, tree: str, staged: frozenset[str] = frozenset()) -> None:
        self._trees = trees
        self._tree = tree
        self._staged = staged
        self._git = trees.git

    def take_over(self, changes: Sequence[RawChange], user: Place, move: Callable[[], None]) -> str:
        """Give the index the committed entries, and take them back if the branch does not move.

        Args:
            changes: What was committed.
            user: The person's checkout.
            move: Moves the branch.

        Returns:
            What the person should know, or "".

        Raises:
            Stays: If git refuses; then nothing is changed.
        """
        if not changes:
            move()
            return ""
        before = self._entries([c.path for c in changes], user)
        whole = self._reviewed()
        wanted: dict[str, _Entry] = {}
        lost = []
        for change in changes:
            staged = before.get(change.path)
            as_reviewed = staged is not None and staged == whole.get(change.path)
            if as_reviewed or change.path in self._staged:
                continue  # all of it was staged, so what is left of it still is
            merged = self._merged(change, staged)
            if merged is None and not self._tree:
                continue  # the file may not have it
            if merged is None:
                lost.append(change.path)
                merged = _entry(change.new_mode, change.new_oid, self._trees.location.zero)
            wanted[change.path] = merged
        self._write(wanted, user)
        try:
            move()
        except Stays:
            none = _Entry(_NONE, self._trees.location.zero)
            self._write({path: before.get(path, none) for path in wanted}, user)
            raise
        if not lost:
            return ""
        names = ", ".join(visible(path) for path in lost)
        return f"What was staged of {names} is not staged any more; the files have it."

    def _reviewed(self) -> dict[str, _Entry]:
        if not self._tree:
            return {}
        zero = self._trees.location.zero
        changes = self._trees.raw(self._trees.base_tree, self._tree)
        return {c.path: _entry(c.new_mode, c.new_oid, zero) for c in changes}

    def _entries(self, paths: Sequence[str], user: Place) -> dict[str, _Entry]:
        out = self._git.run(
            "ls-files", "--stage", "-z", "--", *(path_to_bytes(path) for path in paths), at=user
        )
        found = {}
        for line in out.split(b"\0")[:-1]:
            head, _, path = line.partition(b"\t")
            mode, oid, stage = head.decode().split(" ")
            if stage != "0":
                raise Stays("the index holds conflicts that are not resolved")
            found[path_from_bytes(path)] = _Entry(mode, oid)
        return found

    def _merged(self, change: RawChange, staged: _Entry | None) -> _Entry | None:
        """What the index is to have at a path; None when that cannot be decided."""
        zero = self._trees.location.zero
        old = _entry(change.old_mode, change.old_oid, zero)
        new = _entry(change.new_mode, change.new_oid, zero)
        mine = staged or _entry(None, "", zero)
        if mine in (old, new):
            return new
        if new == old:
            return mine
        modes = {entry.mode for entry in (old, mine, new)}
        if not modes <= {"100644", "100755"}:
            return None
        merged = self._merge_texts(old.oid, mine.oid, new.oid)
        if merged is None:
            return None
        return _Entry(mine.mode if new.mode == old.mode else new.mode, merged)

    def _merge_texts(self, old: str, mine: str, new: str) -> str | None:
        if mine in (new, old):
            return new
        folder = self._trees.store.new_folder("merge")
        try:
            for name, oid in (("mine", mine), ("old", old), ("new", new)):
                data = self._git.run("cat-file", "blob", oid, at=self._trees.store.trees)
                (folder / name).write_bytes(data)
            at = Place(folder)
            status, text = self._git.status(
                "merge-file", "-p", "-q", "mine", "old", "new", at=at, ok=range(256)
            )
            if status != 0:
                return None
            (folder / "merged").write_bytes(text)
            return self._git.run(
                "hash-object", "-w", "--no-filters", "--", str(folder / "merged"),
                at=self._trees.store.trees,
            ).decode().strip()  # fmt: skip
        finally:
            shutil.rmtree(folder)

    def _write(self, entries: dict[str, _Entry], user: Place) -> None:
        ordered = sorted(entries.items(), key=lambda item: item[1].mode != _NONE)
        lines = [
            f"{entry.mode if entry.mode != _NONE else '0'} {entry.oid}\t".encode()
            + path_to_bytes(path)
            + b"\0"
            for path, entry in ordered
        ]
        try:
            self._git.run("update-index", "-z", "--index-info", at=user, stdin=b"".join(lines))
        except GitError as error:
            raise Stays(f"git would not update your index ({error})") from error


def _entry(mode: str | None, oid: str, zero: str) -> _Entry:
    return _Entry(mode, oid) if mode else _Entry(_NONE, zero)
