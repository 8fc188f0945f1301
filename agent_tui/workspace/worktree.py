"""The session's linked worktree: what implements the engine's ``Workspace``."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from agent_tui.domain.decision import Approval, Selection
from agent_tui.domain.events import RepoFacts
from agent_tui.domain.patch import Patch
from agent_tui.domain.text import one_line
from agent_tui.ports import CommitError, Committed, HookRun, WorkspaceError
from agent_tui.workspace.commit import Committer, Consent, session_branch
from agent_tui.workspace.files import remove_tree, write_files
from agent_tui.workspace.git import Git, GitError, GitThread, Place
from agent_tui.workspace.hooks import HookPlace, find_hooks, read_message, run_hook
from agent_tui.workspace.repository import Location, locate, object_name, user_place
from agent_tui.workspace.store import Store
from agent_tui.workspace.trees import REFS, Trees

_HELPER = {
    "GIT_AUTHOR_NAME": "agent-tui",
    "GIT_AUTHOR_EMAIL": "",
    "GIT_AUTHOR_DATE": "@0 +0000",
    "GIT_COMMITTER_NAME": "agent-tui",
    "GIT_COMMITTER_EMAIL": "",
    "GIT_COMMITTER_DATE": "@0 +0000",
}
"""Whose name stands on the commit that stands in for none in a repository without commits."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a workspace is made of, once git has made it.

    Attributes:
        start: The commit that checkouts are made at.
    """

    git: Git
    location: Location
    user: Place
    trees: Trees
    root: Path
    start: str


class GitWorkspace:
    """Implements :class:`agent_tui.ports.Workspace` in a linked worktree of a real repository.

    Made by :meth:`create` or :meth:`reopen`. Every method that works with git runs on one thread,
    one after the other, and is finished there even when the wait for it is cancelled.
    """

    def __init__(
        self,
        thread: GitThread,
        parts: _Parts,
        facts: RepoFacts,
        *,
        session: str,
        hooks: Consent,
    ) -> None:
        self._thread = thread
        self._parts = parts
        self._facts = facts
        self._session = session
        self._root = parts.root
        self._hooks = hooks
        self._trees = parts.trees
        self._committer = Committer(parts.trees, facts, hooks)

    @classmethod
    async def create(
        cls, facts: RepoFacts, session: str, folder: Path, *, hooks: Consent = "refuse"
    ) -> "GitWorkspace":
        """Make the worktree of a new session, with the files of the base commit.

        Args:
            facts: As :func:`~agent_tui.workspace.repository.open_repository` found them.
            session: The session's id; it names the worktree, the branch and the refs.
            folder: Where worktrees are; this one is ``folder/session``.
            hooks: Whether programs that the repository names may run: its commit hooks, and the
                program that signs if the repository's own configuration chooses it.

        Raises:
            WorkspaceError: If there is such a worktree already, or git refuses.
        """
        return await cls._make(facts, session, folder, hooks, resume=False)

    @classmethod
    async def reopen(
        cls, facts: RepoFacts, session: str, folder: Path, *, hooks: Consent = "refuse"
    ) -> "GitWorkspace":
        """Open the worktree of a session that goes on; one that is gone is made again.

        Args and errors are those of :meth:`create`. Files that are still there are left as they
        are; ``reset`` brings them to a tree of the session.
        """
        return await cls._make(facts, session, folder, hooks, resume=True)

    @classmethod
    async def _make(
        cls, facts: RepoFacts, session: str, folder: Path, hooks: Consent, *, resume: bool
    ) -> "GitWorkspace":
        session_branch(session)
        thread = GitThread()
        try:
            parts = await thread.call(_open, facts, session, folder, resume)
        except BaseException:
            await thread.close()
            raise
        return cls(thread, parts, facts, session=session, hooks=hooks)

    async def __aenter__(self) -> "GitWorkspace":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def root(self) -> Path:
        """Top of the linked worktree."""
        return self._root

    @property
    def user_root(self) -> Path:
        """Top of the person's own checkout."""
        return self._parts.location.root

    @property
    def base_tree(self) -> str:
        """Object name of the tree that the session started from."""
        return self._facts.tree

    async def reset(self, tree: str) -> None:
        """Make the worktree's files equal to *tree*, removing whatever else is there."""
        await self._thread.call(self._trees.reset, tree)

    async def snapshot(self) -> str:
        """The worktree's present content as a tree (ignored files are left out)."""
        return await self._thread.call(self._trees.snapshot)

    async def diff(self, old: str, new: str) -> bytes:
        """``git diff`` between two trees, whatever the person's settings for diffs are."""
        return await self._thread.call(self._trees.diff, old, new)

    async def select(self, base: str, target: str, patch: Patch, selection: Selection) -> str:
        """The tree of *target* without what *selection* leaves out of *patch*."""
        return await self._thread.call(self._trees.select, base, target, patch, selection)

    async def read(self, tree: str, path: str) -> bytes | None:
        """A file's bytes in a tree (of a link, its target), or None when there is none."""
        return await self._thread.call(self._trees.read, tree, path)

    async def files(self, tree: str) -> tuple[str, ...]:
        """All paths of a tree."""
        return await self._thread.call(self._trees.files, tree)

    async def write_files(self, files: Mapping[str, bytes | None]) -> None:
        """Write (or, with None, delete) files in the worktree, never outside it."""
        await self._thread.call(write_files, self._root, dict(files))

    async def export(self, tree: str) -> Path:
        """A throw-away folder with the files of *tree* in its subfolder ``tree``.

        To be given to :meth:`discard` afterwards.
        """

        def work() -> Path:
            folder = self._trees.store.new_folder("export")
            (folder / "tree").mkdir()
            self._trees.export(tree, folder / "tree").unlink()
            return folder

        return await self._thread.call(work)

    async def discard(self, folder: Path) -> None:
        """Remove a folder that :meth:`export` made."""
        await self._thread.call(remove_tree, folder)

    async def run_hooks(self, tree: str, message: str) -> HookRun:
        """Run the person's commit hooks on an export of *tree*.

        Raises:
            CommitError: With the cause ``hook`` if there are hooks and they may not run.
        """
        hooks = await self._thread.call(find_hooks, self._parts.git, self._parts.location)
        if not hooks:
            return HookRun(tree, message)
        names = ", ".join(hook.name for hook in hooks)
        if self._hooks == "refuse":
            raise CommitError(
                "hook",
                f"the repository has commit hooks ({names}), and they may not run: allow them "
                '(commit.hooks = "run"), or take them away.',
            )
        place = await self._thread.call(self._hook_place, tree, message)
        output = []
        failed = None
        try:
            for hook in hooks:
                result = await run_hook(hook, place)
                output.append("\n".join(part for part in (result.output, result.problem) if part))
                if result.exit_code != 0:
                    failed = hook.name
                    break
            after = await self._thread.call(self._trees.recorded, place.folder, place.index)
            text = read_message(place.message, message)
        finally:
            await self._thread.call(self._remove_checkout, place.folder)
        return HookRun(after, text, failed, "\n".join(part for part in output if part))

    def _hook_place(self, tree: str, message: str) -> HookPlace:
        folder = self._trees.store.new_folder("hooks") / self._facts.name
        _add_worktree(self._parts, folder, "--detach", "--no-checkout")
        index = self._trees.export(tree, folder)
        git_dir = self._parts.git.line("rev-parse", "--absolute-git-dir", at=Place(folder))
        file = Path(git_dir) / "COMMIT_EDITMSG"
        file.write_text(message, encoding="utf-8", errors="backslashreplace")
        return HookPlace(folder, index, file)

    def _remove_checkout(self, folder: Path) -> None:
        remove_tree(folder)
        _remove_worktree(self._parts, folder)
        remove_tree(folder.parent)

    async def commit(self, approval: Approval, message: str, session: str) -> Committed:
        """Commit the approved tree and land it if nothing of the person's is overwritten.

        Raises:
            CommitError: If there is no commit.
        """
        return await self._thread.call(self._committer.commit, approval, message, session)

    async def find_commit(self, approval: Approval, session: str) -> Committed | None:
        """The commit of an earlier run that was ended in the middle; what is missing is done."""
        return await self._thread.call(self._committer.find, approval, session)

    async def close(self) -> None:
        """Let go of everything temporary. The worktree stays for a resume."""
        await self._thread.close(self._trees.store.close)

    async def remove(self) -> None:
        """Remove the worktree of a finished session. Refs and commits stay."""

        def work() -> None:
            remove_tree(self._root)
            _remove_worktree(self._parts, self._root)

        await self._thread.call(work)


def _open(facts: RepoFacts, session: str, folder: Path, resume: bool) -> _Parts:
    git = Git()
    location = locate(git, Path(facts.root))
    user, entries = user_place(git, location)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = folder.resolve()
    root = folder / session
    there = root.is_symlink() or root.exists()
    if there and not resume:
        raise WorkspaceError(
            f"{one_line(str(root))} exists already: resume that session, or remove the folder."
        )
    if facts.commit:
        object_name(facts.commit)
    if object_name(facts.tree) != _tree_of(git, user, location, facts):
        raise WorkspaceError("the base commit of the session is not in this repository any more.")
    store = Store(folder / f"{session}.private", location, entries)
    trees = Trees(git, store, location, user=user, root=root, session=session, base_tree=facts.tree)
    start = facts.commit or _stand_in(git, trees)
    parts = _Parts(git, location, user, trees, root, start)
    git.run("update-ref", f"{REFS}/{session}/base", start, at=user)
    if there:
        _check_worktree(parts, root)
        return parts
    force = ("--force", "--force") if resume else ()
    reason = f"agent-tui session {session}"
    _add_worktree(parts, root, *force, "--detach", "--no-checkout", "--lock", "--reason", reason)
    trees.reset(facts.tree)
    # Commands that the coder runs see git's own index there; it starts out up to date.
    git_dir = git.line("rev-parse", "--absolute-git-dir", at=Place(root))
    shutil.copyfile(trees.index, Path(git_dir) / "index")
    return parts


def _stand_in(git: Git, trees: Trees) -> str:
    """A commit to make checkouts at, in a repository that has none."""
    at = trees.store.trees
    git.run("hash-object", "-t", "tree", "-w", "--stdin", at=at)  # git knows it without a file
    out = git.run("commit-tree", trees.base_tree, at=at, env=_HELPER, stdin=b"no commit yet\n")
    return os.fsdecode(out).strip()


def _tree_of(git: Git, user: Place, location: Location, facts: RepoFacts) -> str:
    if not facts.commit:
        return location.empty_tree
    return git.line(
        "rev-parse", "-q", "--verify", f"{facts.commit}^{{tree}}", at=user, ok=(0, 1, 128)
    )


def _add_worktree(parts: _Parts, folder: Path, *options: str) -> None:
    at = replace(parts.user, git_dir=None, work_tree=None)
    parts.git.run("worktree", "add", *options, "--", str(folder), parts.start, at=at)


def _remove_worktree(parts: _Parts, folder: Path) -> None:
    """Forget a worktree whose folder is gone."""
    at = replace(parts.user, git_dir=None, work_tree=None)
    listing = parts.git.run("worktree", "list", "--porcelain", "-z", at=at)
    paths = [
        Path(os.fsdecode(line.removeprefix(b"worktree ")))
        for line in listing.split(b"\0")
        if line.startswith(b"worktree ")
    ]
    if folder.resolve() in {path.resolve() for path in paths}:
        parts.git.run("worktree", "remove", "--force", "--force", "--", str(folder), at=at)


def _check_worktree(parts: _Parts, root: Path) -> None:
    """Refuse a folder that is not the worktree that it is taken for."""
    problem = WorkspaceError(
        f"{one_line(str(root))} is not this session's worktree: move that folder away and resume "
        "again."
    )
    if root.is_symlink() or not (root / ".git").is_file():
        raise problem
    try:
        common = parts.git.line(
            "rev-parse", "--path-format=absolute", "--git-common-dir", at=Place(root)
        )
    except GitError as error:
        raise problem from error
    if Path(common).resolve() != parts.location.common_dir.resolve():
        raise problem
