"""What the person's checkout has at the paths of a commit, compared path by path."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from agent_tui.domain.patch import path_from_bytes, path_to_bytes
from agent_tui.domain.text import visible
from agent_tui.workspace.adopting import Stays
from agent_tui.workspace.files import find_file
from agent_tui.workspace.git import Git, Place
from agent_tui.workspace.selection import RawChange
from agent_tui.workspace.swap import read_file
from agent_tui.workspace.trees import Trees

Keep = Literal["", "own", "all"]
"""Which files of the person's checkout stay as they are while a commit lands: none, so that it does
not land where it would change one with work of theirs in it; those with such work; or all."""


@dataclass(frozen=True, slots=True)
class Dirty:
    """A path whose index entry or file differs from HEAD.

    Attributes:
        same_file: Whether the file is what the index has.
    """

    index_mode: str
    index_oid: str
    file_mode: str
    in_index: bool
    same_file: bool

    @property
    def staged(self) -> bool:
        """Whether all that is changed there is staged."""
        return self.same_file or not self.in_index


@dataclass(slots=True)
class Compared:
    """What the person's checkout has at the paths of the commit.

    Attributes:
        done: Those that are already as the commit has them, in index and file.
        to_stage: Those whose file alone is so.
        clean: Those that are as they were before the commit.
        kept: Those whose file stays as it is.
        staged: Paths of *kept* at which all that is changed is staged.
    """

    done: list[RawChange] = field(default_factory=list)
    clean: list[RawChange] = field(default_factory=list)
    to_stage: list[RawChange] = field(default_factory=list)
    kept: list[RawChange] = field(default_factory=list)
    staged: frozenset[str] = frozenset()


class Checkout:
    """Looks at the checkout, on the git thread. Nothing is changed.

    Args:
        user: The person's checkout.
    """

    def __init__(self, trees: Trees, user: Place) -> None:
        self._trees = trees
        self._git: Git = trees.git
        self._root = trees.location.root
        self._user = user

    def compare(self, changes: Sequence[RawChange], keep: Keep) -> Compared:
        """Compare index and files of the checkout with the commit, path by path.

        Raises:
            Stays: If one of them is neither as it was before nor as the commit has it, and does not
                stay as it is.
        """
        dirty = self.dirty()
        removed = {change.path for change in changes if change.new_mode is None}
        result = Compared(staged=frozenset(path for path, d in dirty.items() if d.staged))
        if keep == "all":
            result.kept += changes
            return result
        # Where a file that is to go stays, nothing can take the place of its folder.
        for change in sorted(changes, key=lambda change: change.path not in dirty):
            why = self._sort(change, dirty.get(change.path), removed, result)
            if why and keep != "own":
                raise Stays(why)
            if why:
                removed.discard(change.path)
                result.kept.append(change)
        result.kept.sort(key=lambda change: change.path)
        return result

    def _sort(
        self, change: RawChange, found: Dirty | None, removed: set[str], result: Compared
    ) -> str:
        """Put a change where it belongs.

        Returns:
            Why it belongs nowhere, or "".
        """
        if found is None:
            if change.old_mode is not None or not self._in_the_way(change.path, removed):
                result.clean.append(change)
            elif self._is_new(change):
                result.to_stage.append(change)
            else:
                return f"your file {visible(change.path)} is in the way"
            return ""
        if _entry_is(found, change) and (found.same_file or self._is_new(change)):
            result.done.append(change)
        elif found.in_index and _index_is_old(found, change) and self._is_new(change):
            result.to_stage.append(change)
        else:
            return f"you have changes of your own in {visible(change.path)}"
        return ""

    def dirty(self) -> dict[str, Dirty]:
        """Paths whose index entry or file differs from HEAD.

        Raises:
            Stays: If the index holds conflicts.
        """
        out = self._git.run(
            "status", "--porcelain=v2", "-z", "--untracked-files=no", "--no-renames",
            "--ignore-submodules=dirty", at=self._user,
        )  # fmt: skip
        found = {}
        for line in out.split(b"\0")[:-1]:
            if line.startswith(b"1 "):
                _, xy, _, _, index_mode, file_mode, _, oid, path = line.split(b" ", 8)
                found[path_from_bytes(path)] = Dirty(
                    index_mode.decode(), oid.decode(), file_mode.decode(),
                    in_index=xy[:1] != b"D", same_file=xy[1:] == b"." and xy[:1] != b"D",
                )  # fmt: skip
            elif line.startswith(b"u "):
                raise Stays("the index holds conflicts that are not resolved")
        return found

    def _is_new(self, change: RawChange) -> bool:
        return self.file_is(change.path, change.new_mode, change.new_oid)

    def file_is(self, path: str, mode: str | None, oid: str) -> bool:
        """Whether the file in the checkout has that mode and content; None for no file."""
        name = path_to_bytes(path)
        found = find_file(self._root, name)
        if found is None or mode is None:
            return found is None and mode is None
        content: bytes | None = None
        if stat.S_ISLNK(found.st_mode):
            found_mode, args = "120000", ["--stdin"]
            content = os.fsencode((self._root / os.fsdecode(name)).readlink())
        elif stat.S_ISREG(found.st_mode):
            found_mode = "100755" if found.st_mode & stat.S_IXUSR else "100644"
            args = ["--", os.fsdecode(name)]
        else:
            return False
        if found_mode != mode:
            return False
        out = self._git.run("hash-object", *args, at=self._user, stdin=content)
        return out.decode().strip() == oid

    def _in_the_way(self, path: str, removed: set[str]) -> bool:
        """Whether something stands where an added file has to go."""
        parts = path_to_bytes(path).split(b"/")
        for depth in range(1, len(parts) + 1):
            prefix = b"/".join(parts[:depth])
            at = self._root / os.fsdecode(prefix)
            try:
                mode = at.lstat().st_mode
            except FileNotFoundError:
                return False
            if depth == len(parts) and stat.S_ISDIR(mode):
                # A folder whose files the commit removes; git refuses if others are in it.
                inside = path_from_bytes(prefix) + "/"
                return not any(name.startswith(inside) for name in removed)
            if not stat.S_ISDIR(mode) and depth < len(parts):
                return path_from_bytes(prefix) not in removed
        return True

    def touched(self, changes: Sequence[RawChange]) -> list[RawChange]:
        """Those whose index entry or file is not as it was before; they all were clean."""
        dirty = self.dirty()
        touched = []
        for change in changes:
            found = find_file(self._root, path_to_bytes(change.path))
            appeared = found is not None and not stat.S_ISDIR(found.st_mode)
            if change.path in dirty or (change.old_mode is None and appeared):
                touched.append(change)
        return touched

    def is_gits(self, change: RawChange) -> bool:
        """Whether a file that was clean is now as git leaves it when it is ended in the middle."""
        found = find_file(self._root, path_to_bytes(change.path))
        if found is None or self._is_new(change):
            return found is not None or change.old_mode is not None
        if change.new_mode is None or not stat.S_ISREG(found.st_mode):
            return False
        part = read_file(self._root, change.path) or b""
        whole = self._git.run("cat-file", "blob", change.new_oid, at=self._trees.store.trees)
        return len(part) < len(whole) and whole.startswith(part)


def _index_is_old(found: Dirty, change: RawChange) -> bool:
    return found.index_mode == change.old_mode and found.index_oid == change.old_oid


def _entry_is(found: Dirty, change: RawChange) -> bool:
    """Whether the index has what the commit has."""
    if change.new_mode is None:
        return not found.in_index
    return found.in_index and (found.index_mode, found.index_oid) == (
        change.new_mode,
        change.new_oid,
    )
