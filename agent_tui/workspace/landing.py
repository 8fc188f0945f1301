"""Bringing a session's commit to the person's branch and files, or leaving all of it alone.

The branch's ref is locked at its expected value while git's two-way merge updates index and files,
which refuses to overwrite anything of the person's; the ref moves last. Whoever finds the files
updated and the ref not moved (the process was ended in between) can therefore simply land again.
"""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent_tui.domain.decision import Approval
from agent_tui.domain.events import RepoFacts
from agent_tui.domain.patch import path_from_bytes, path_to_bytes
from agent_tui.domain.text import visible
from agent_tui.ports import WorkspaceError
from agent_tui.workspace.adopting import Adoption, Stays
from agent_tui.workspace.files import find_file, write_files
from agent_tui.workspace.git import Git, GitError, Place, system_error
from agent_tui.workspace.putting_back import recover
from agent_tui.workspace.reflock import RefLock
from agent_tui.workspace.repository import identity, operation_in_progress, user_place
from agent_tui.workspace.selection import RawChange
from agent_tui.workspace.swap import read_file
from agent_tui.workspace.trees import Trees


@dataclass(frozen=True, slots=True)
class _Dirty:
    """A path whose index entry or file differs from HEAD."""

    index_mode: str
    index_oid: str
    file_mode: str
    in_index: bool
    same_file: bool


@dataclass(slots=True)
class _Checkout:
    """What the person's checkout has at the paths of the commit.

    Attributes:
        done: How many of them are already as the commit has them, in index and file.
        to_stage: Those whose file alone is so.
        clean: Those that are as they were before the commit.
    """

    done: int = 0
    clean: list[RawChange] = field(default_factory=list)
    to_stage: list[RawChange] = field(default_factory=list)


class Landing:
    """Lands the commit of one session, on the git thread.

    Args:
        adopt: The tree of the person's own files, if the commit was made from them; then they stay
            as they are.
    """

    def __init__(self, trees: Trees, facts: RepoFacts, *, adopt: str = "") -> None:
        self._trees = trees
        self._git: Git = trees.git
        self._facts = facts
        self._adoption = Adoption(trees, adopt) if adopt else None

    def land(self, commit: str, approval: Approval, branch: str) -> tuple[str | None, str]:
        """Land it if nothing of the person's is overwritten.

        Returns:
            The ref that holds the commit now, or None and why it does not, with what to do.
        """
        short = branch.removeprefix("refs/heads/")
        try:
            ref = self._facts.ref
            if ref is None or not ref.startswith("refs/heads/"):
                raise Stays("HEAD was detached when the session began")
            user, _ = user_place(self._git, self._trees.location)
            note = ""
            if not self._is_landed(ref, commit, user):
                note = self._land(ref, commit, approval, user)
            return ref, note
        except Stays as reason:
            return None, (
                f"{_sentence(str(reason))}, so the commit stays on {short}. "
                "To take it over, commit or stash "
                f"changes of yours in its files, then: git merge {short}"
            )
        except (WorkspaceError, OSError) as error:
            known = system_error(error) if isinstance(error, OSError) else error
            text = str(known).removesuffix(".")
            return (
                None,
                f"{_sentence(text)}, so the commit stays on {short}. "
                f"To take it over: git merge {short}",
            )

    def changed_paths(self, user: Place) -> frozenset[str]:
        """Paths of the checkout whose index entry or file differs from HEAD.

        Raises:
            WorkspaceError: If the index holds conflicts.
        """
        try:
            return frozenset(self._dirty(user))
        except Stays as reason:
            raise WorkspaceError(f"{reason}.") from reason

    def _is_landed(self, ref: str, commit: str, user: Place) -> bool:
        current = self._value(ref, user)
        if not current:
            return False
        if current == commit:
            return True
        args = ("merge-base", "--is-ancestor", commit, current)
        return self._git.status(*args, at=user, ok=(0, 1))[0] == 0

    def _value(self, ref: str, user: Place) -> str:
        return self._git.line("rev-parse", "-q", "--verify", ref, at=user, ok=(0, 1))

    def _land(self, ref: str, commit: str, approval: Approval, user: Place) -> str:
        location = self._trees.location
        recovered = recover(location.git_dir, location.root)
        name = visible(ref.removeprefix("refs/heads/"))
        if self._value(ref, user) != approval.parent:
            raise Stays(f"the branch {name} has moved away from where the change starts")
        head = self._git.line("symbolic-ref", "-q", "HEAD", at=user, ok=(0, 1))
        if head != ref:
            raise Stays(f"the branch {name} is not checked out any more")
        if problem := operation_in_progress(location):
            raise Stays(problem.removesuffix("."))
        if (location.git_dir / "index.lock").exists():
            raise Stays(
                "another git command holds the index (remove "
                f"{visible(str(location.git_dir / 'index.lock'))} if none is running)"
            )
        self._refuse_other_worktree(ref, user)
        changes = self._trees.raw(approval.base_tree, approval.tree)
        checkout = None if self._adoption else self._compare(changes, user)
        env = identity(self._git, user)  # for the reflog
        old = approval.parent or location.zero
        with RefLock(self._git, user, env, ref=ref, new=commit, old=old) as lock:
            # Git holds HEAD as well while it holds the branch that HEAD names; so what is true now
            # stays true until the branch has moved.
            if self._git.line("symbolic-ref", "-q", "HEAD", at=user, ok=(0, 1)) != ref:
                raise Stays(f"{name} is not checked out any more")
            if self._adoption is not None:
                note = self._adoption.take_over(changes, user, lock.commit)
                return " ".join([recovered, note]).strip()
            if checkout is not None and checkout.done < len(changes):
                self._update(approval, checkout, user)
            try:
                lock.commit()
            except Stays as reason:
                # A git that fails behind its last step says so as well.
                if self._value(ref, user) != commit:
                    if checkout is not None:
                        self._take_back(checkout.clean, user, str(reason))
                    raise
        return recovered

    def _refuse_other_worktree(self, ref: str, user: Place) -> None:
        listing = self._git.run("worktree", "list", "--porcelain", "-z", at=user)
        root = self._trees.location.root.resolve()
        for block in listing.split(b"\0\0"):
            lines = block.strip(b"\0").split(b"\0")
            path = os.fsdecode(lines[0].removeprefix(b"worktree "))
            if f"branch {ref}".encode() in lines and Path(path).resolve() != root:
                raise Stays(f"the branch is checked out in {visible(path)} as well")

    def _compare(self, changes: Sequence[RawChange], user: Place) -> _Checkout:
        """Compare index and files of the checkout with the commit, path by path.

        Raises:
            Stays: If one of them is neither as it was before nor as the commit has it.
        """
        dirty = self._dirty(user)
        removed = {change.path for change in changes if change.new_mode is None}
        result = _Checkout()
        for change in changes:
            found = dirty.get(change.path)
            if found is None:
                if change.old_mode is None and self._in_the_way(change.path, removed):
                    if not self._file_is(change, user):
                        raise Stays(f"your file {visible(change.path)} is in the way")
                    result.to_stage.append(change)
                else:
                    result.clean.append(change)
                continue
            staged = _entry_is(found, change)
            if staged and (found.same_file or self._file_is(change, user)):
                result.done += 1
            elif (
                found.in_index and self._index_is_old(found, change) and self._file_is(change, user)
            ):
                result.to_stage.append(change)
            else:
                raise Stays(f"you have changes of your own in {visible(change.path)}")
        return result

    def _dirty(self, user: Place) -> dict[str, _Dirty]:
        out = self._git.run(
            "status", "--porcelain=v2", "-z", "--untracked-files=no", "--no-renames",
            "--ignore-submodules=dirty", at=user,
        )  # fmt: skip
        found = {}
        for line in out.split(b"\0")[:-1]:
            if line.startswith(b"1 "):
                _, xy, _, _, index_mode, file_mode, _, oid, path = line.split(b" ", 8)
                found[path_from_bytes(path)] = _Dirty(
                    index_mode.decode(), oid.decode(), file_mode.decode(),
                    in_index=xy[:1] != b"D", same_file=xy[1:] == b"." and xy[:1] != b"D",
                )  # fmt: skip
            elif line.startswith(b"u "):
                raise Stays("the index holds conflicts that are not resolved")
        return found

    def _index_is_old(self, found: _Dirty, change: RawChange) -> bool:
        return found.index_mode == change.old_mode and found.index_oid == change.old_oid

    def _file_is(self, change: RawChange, user: Place) -> bool:
        """Whether the file in the checkout is what the commit has there."""
        root, name = self._trees.location.root, path_to_bytes(change.path)
        found = find_file(root, name)
        if found is None or change.new_mode is None:
            return found is None and change.new_mode is None
        content: bytes | None = None
        if stat.S_ISLNK(found.st_mode):
            mode, args = "120000", ["--stdin"]
            content = os.fsencode((root / os.fsdecode(name)).readlink())
        elif stat.S_ISREG(found.st_mode):
            mode = "100755" if found.st_mode & stat.S_IXUSR else "100644"
            args = ["--", os.fsdecode(name)]
        else:
            return False
        if mode != change.new_mode:
            return False
        out = self._git.run("hash-object", *args, at=user, stdin=content)
        return out.decode().strip() == change.new_oid

    def _in_the_way(self, path: str, removed: set[str]) -> bool:
        """Whether something stands where an added file has to go."""
        root = self._trees.location.root
        parts = path_to_bytes(path).split(b"/")
        for depth in range(1, len(parts) + 1):
            prefix = b"/".join(parts[:depth])
            at = root / os.fsdecode(prefix)
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

    def _update(self, approval: Approval, checkout: _Checkout, user: Place) -> None:
        """Index and files, by git's two-way merge.

        Raises:
            Stays: If git refuses; then nothing is changed.
        """
        git = self._git
        base = approval.base_tree
        try:
            git.run("update-index", "-q", "--refresh", at=user, ok=(0, 1))
            self._stage(checkout.to_stage, user)
            try:
                git.run("read-tree", "-m", "-u", base, approval.tree, at=user)
            except GitError as error:
                self._take_back(checkout.clean, user, f"git would not update your files ({error})")
                self._stage([_reversed(change) for change in checkout.to_stage], user)
                raise
        except GitError as error:
            raise Stays(f"git would not update your files ({error})") from error

    def _take_back(self, changes: Sequence[RawChange], user: Place, why: str) -> None:
        """Bring index and files back to what they were, where they are what git made of them.

        Raises:
            Stays: If the system does not let it; the text names the files.
        """
        try:
            touched = self._touched(changes, user)
            self._stage([_reversed(change) for change in touched], user)
            back = [change for change in touched if self._is_gits(change, user)]
            there = [path_to_bytes(c.path) for c in back if c.old_mode is not None]
            new = [change.path for change in back if change.old_mode is None]
            if there:
                self._git.run(
                    "checkout-index", "-f", "-u", "-z", "--stdin",
                    at=user, stdin=b"".join(name + b"\0" for name in there),
                )  # fmt: skip
            write_files(self._trees.location.root, dict.fromkeys(new))
        except (WorkspaceError, OSError) as error:
            names = " ".join(visible(c.path) for c in changes if c.old_mode is not None)
            raise Stays(
                f"{why}, and your files are not as they were: when the disk works again, "
                f"git checkout HEAD -- {names}"
            ) from error

    def _touched(self, changes: Sequence[RawChange], user: Place) -> list[RawChange]:
        """Those whose index entry or file is not as it was before; they all were clean."""
        dirty, root = self._dirty(user), self._trees.location.root
        touched = []
        for change in changes:
            found = find_file(root, path_to_bytes(change.path))
            appeared = found is not None and not stat.S_ISDIR(found.st_mode)
            if change.path in dirty or (change.old_mode is None and appeared):
                touched.append(change)
        return touched

    def _is_gits(self, change: RawChange, user: Place) -> bool:
        """Whether a file that was clean is now as git leaves it when it is ended in the middle."""
        found = find_file(self._trees.location.root, path_to_bytes(change.path))
        if found is None or self._file_is(change, user):
            return found is not None or change.old_mode is not None
        if change.new_mode is None or not stat.S_ISREG(found.st_mode):
            return False
        part = read_file(self._trees.location.root, change.path) or b""
        whole = self._git.run("cat-file", "blob", change.new_oid, at=self._trees.store.trees)
        return len(part) < len(whole) and whole.startswith(part)

    def _stage(self, changes: Sequence[RawChange], user: Place) -> None:
        if not changes:
            return
        zero = self._trees.location.zero
        lines = [
            f"{c.new_mode or '0'} {c.new_oid if c.new_mode else zero}\t".encode()
            + path_to_bytes(c.path)
            + b"\0"
            for c in changes
        ]
        self._git.run("update-index", "-z", "--index-info", at=user, stdin=b"".join(lines))


def _entry_is(found: _Dirty, change: RawChange) -> bool:
    """Whether the index has what the commit has."""
    if change.new_mode is None:
        return not found.in_index
    return found.in_index and (found.index_mode, found.index_oid) == (
        change.new_mode,
        change.new_oid,
    )


def _reversed(change: RawChange) -> RawChange:
    return replace(
        change,
        old_mode=change.new_mode,
        new_mode=change.old_mode,
        old_oid=change.new_oid,
        new_oid=change.old_oid,
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
