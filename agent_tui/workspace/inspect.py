"""Looking at a repository's objects for a session that is only read: nothing of it is changed."""

import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from agent_tui.domain.text import one_line
from agent_tui.ports import WorkspaceError
from agent_tui.workspace.files import remove_tree
from agent_tui.workspace.git import Git, GitError, Place
from agent_tui.workspace.repository import locate, object_name, user_place
from agent_tui.workspace.store import Store
from agent_tui.workspace.trees import REFS, Trees, whole_patch


class Inspection:
    """The trees and commits of a repository. All of it is synchronous; use it as a context.

    Raises:
        WorkspaceError: If there is no repository.
    """

    def __init__(self, root: Path) -> None:
        self._git = Git()
        self.location = locate(self._git, root)
        self._user, entries = user_place(self._git, self.location)
        self._folder = Path(tempfile.mkdtemp(prefix="agent-tui-look-"))
        store = Store(self._folder / "private", self.location, entries)
        self._trees = Trees(
            self._git,
            store,
            self.location,
            user=self._user,
            root=self._folder / "none",
            session="none",
            base_tree=self.location.empty_tree,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        remove_tree(self._folder)

    def has(self, name: str, kind: str) -> bool:
        """Whether there is an object of that name and kind (``tree``, ``commit``)."""
        out = self._git.line("cat-file", "-t", object_name(name), at=self._user, ok=(0, 1, 128))
        return out == kind

    def commit(self, name: str) -> tuple[str, tuple[str, ...], str]:
        """A commit's tree, its parents, and its message.

        Raises:
            WorkspaceError: If there is no such commit.
        """
        raw = self._git.run("cat-file", "commit", object_name(name), at=self._user)
        head, _, message = raw.decode("utf-8", "replace").partition("\n\n")
        lines = [line.split(" ", 1) for line in head.split("\n") if " " in line]
        trees = [rest for key, rest in lines if key == "tree"]
        return trees[0], tuple(rest for key, rest in lines if key == "parent"), message

    def files(self, tree: str) -> tuple[str, ...]:
        """All paths of a tree."""
        return self._trees.files(tree)

    def read(self, tree: str, path: str) -> bytes | None:
        """A file's bytes in a tree, or None where there is none."""
        return self._trees.read(tree, path)

    def diff(self, old: str, new: str) -> bytes:
        """The change between two trees, in the form that patches are stored in."""
        return self._trees.diff(old, new)

    def patch(self, old: str, new: str) -> bytes:
        """The same with the content of binary files, so that it can be applied elsewhere."""
        return self._trees.patch(old, new)

    @staticmethod
    def patch_in(git: Git, at: Place, old: str, new: str) -> bytes:
        """The same in any repository, of which nothing but its objects is looked at."""
        return whole_patch(git, at, old, new)

    def keep(self, session: str, tree: str) -> None:
        """Keep a tree from being collected as garbage for a session's sake."""
        self._git.run("update-ref", f"{REFS}/{session}/{object_name(tree)}", tree, at=self._user)

    def forget(self, session: str, worktree: Path | None) -> int:
        """Remove a session's worktree and the refs that keep its trees. Branches stay.

        Returns:
            How many refs were removed.
        """
        at = Place(self._user.cwd, config=self._user.config)
        if worktree is not None:
            listed = self._git.run("worktree", "list", "--porcelain", "-z", at=at).split(b"\0")
            if b"worktree " + os.fsencode(worktree.resolve()) in listed:
                self._git.run("worktree", "remove", "--force", "--force", "--", str(worktree),
                              at=at)  # fmt: skip
        out = self._git.run("for-each-ref", "--format=%(refname)", f"{REFS}/{session}/",
                            at=self._user)  # fmt: skip
        names = [os.fsdecode(line) for line in out.split(b"\n") if line]
        for name in names:
            self._git.run("update-ref", "-d", name, at=self._user)
        return len(names)

    def check_out(self, tree: str, start: str, folder: Path) -> None:
        """Make a new linked worktree at a commit, with the files of *tree* as staged changes.

        Raises:
            WorkspaceError: If the folder is there already, or git refuses.
        """
        folder = folder.absolute()
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise WorkspaceError(f"{one_line(str(folder))} is not empty: name a new folder.")
        if not start:
            raise WorkspaceError(
                "the session began in a repository without commits, where git can make no worktree."
            )
        if not self.has(tree, "tree"):
            raise WorkspaceError(f"the tree {tree[:12]} is not in this repository any more.")
        at = Place(self._user.cwd, config=self._user.config)
        self._git.run(
            "worktree", "add", "--detach", "--no-checkout", "--", str(folder), object_name(start),
            at=at,
        )  # fmt: skip
        try:
            git_dir = self._git.line("rev-parse", "--absolute-git-dir", at=Place(folder))
            place = self._trees.store.at(folder, Path(git_dir) / "index")
            self._git.run("read-tree", "--reset", "-u", object_name(tree), at=place)
        except GitError:
            self._git.run("worktree", "remove", "--force", "--", str(folder), at=at)
            raise
