"""The session's linked worktree: what implements the engine's ``Workspace``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from agent_tui.domain.decision import Approval, Selection
from agent_tui.domain.events import RepoFacts
from agent_tui.domain.patch import Patch
from agent_tui.ports import Commit, CommitError, Committed, HookRun, Match
from agent_tui.workspace import looking
from agent_tui.workspace.checkout import Checkout
from agent_tui.workspace.commit import Committer, Consent, LendTerminal, session_branch
from agent_tui.workspace.confinement import Confinement
from agent_tui.workspace.files import remove_tree, write_files
from agent_tui.workspace.git import GitThread, Place
from agent_tui.workspace.gitview import COMMON, git_mounts
from agent_tui.workspace.hooks import HookBox, HookPlace, find_hooks, read_message, run_hook
from agent_tui.workspace.linked import Parts, add_worktree, open_parts, remove_worktree
from agent_tui.workspace.repository import identity, user_place
from agent_tui.workspace.sandbox import Mount

KEPT_DIFFS = 3
"""Diffs that are kept in memory: of the revision in force, and of the person's change to it."""


class GitWorkspace:
    """Implements :class:`agent_tui.ports.Workspace` in a linked worktree of a real repository.

    Made by :meth:`create` or :meth:`reopen`. Every method that works with git runs on one thread,
    one after the other, and is finished there even when the wait for it is cancelled.
    """

    def __init__(
        self,
        thread: GitThread,
        parts: Parts,
        facts: RepoFacts,
        *,
        session: str,
        hooks: Consent,
        adopt: str = "",
    ) -> None:
        self._thread = thread
        self._parts = parts
        self._facts = facts
        self._session = session
        self._root = parts.root
        self._hooks = hooks
        self._trees = parts.trees
        self._outside = hooks
        self._adopt = adopt
        self._terminal: LendTerminal | None = None
        self._diffs: dict[tuple[str, str], bytes] = {}
        self._confinement: Confinement | None = None

    def confine(self, confinement: Confinement, hooks: Consent) -> None:
        """Have commit hooks run in that sandbox from now on, if there is one.

        Args:
            hooks: Whether they may run there. Whether programs that the repository names may run
                outside was said when the workspace was made.
        """
        if confinement.sandbox.protection != "none":
            self._confinement, self._hooks = confinement, hooks

    def borrow_terminal(self, terminal: LendTerminal | None) -> None:
        """Have the terminal handed over from now on while a commit is signed."""
        self._terminal = terminal

    @property
    def _committer(self) -> Committer:
        return Committer(
            self._trees, self._facts, self._outside, adopt=self._adopt, terminal=self._terminal
        )

    @classmethod
    async def create(
        cls,
        facts: RepoFacts,
        session: str,
        folder: Path,
        *,
        hooks: Consent = "refuse",
        adopt: str = "",
    ) -> "GitWorkspace":
        """Make the worktree of a new session, with the files of the base commit.

        Args:
            facts: As :func:`~agent_tui.workspace.repository.open_repository` found them.
            session: The session's id; it names the worktree, the branch and the refs.
            folder: Where worktrees are; this one is ``folder/session``.
            hooks: Whether programs that the repository names may run: its commit hooks, and the
                program that signs if the repository's own configuration chooses it.
            adopt: The tree of the person's own files, if the change is theirs: they stay as they
                are when the commit lands.

        Raises:
            WorkspaceError: If there is such a worktree already, or git refuses.
        """
        return await cls._make(facts, session, folder, hooks, resume=False, adopt=adopt)

    @classmethod
    async def reopen(
        cls,
        facts: RepoFacts,
        session: str,
        folder: Path,
        *,
        hooks: Consent = "refuse",
        adopt: str = "",
    ) -> "GitWorkspace":
        """Open the worktree of a session that goes on; one that is gone is made again.

        Args and errors are those of :meth:`create`. Files that are still there are left as they
        are; ``reset`` brings them to a tree of the session.
        """
        return await cls._make(facts, session, folder, hooks, resume=True, adopt=adopt)

    @classmethod
    async def _make(
        cls,
        facts: RepoFacts,
        session: str,
        folder: Path,
        hooks: Consent,
        *,
        resume: bool,
        adopt: str,
    ) -> "GitWorkspace":
        session_branch(session)
        thread = GitThread()
        try:
            parts = await thread.call(open_parts, facts, session, folder, resume)
        except BaseException:
            await thread.close()
            raise
        return cls(thread, parts, facts, session=session, hooks=hooks, adopt=adopt)

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
        """``git diff`` between two trees, whatever the person's settings for diffs are.

        Trees never change, so a diff is made once: the loop asks for each of them several times.
        """
        if (old, new) not in self._diffs:
            while len(self._diffs) >= KEPT_DIFFS:
                self._diffs.pop(next(iter(self._diffs)))
            self._diffs[old, new] = await self._thread.call(self._trees.diff, old, new)
        return self._diffs[old, new]

    async def patch(self, old: str, new: str) -> bytes:
        """The change between two trees as a patch file: ``git apply`` makes all of it again."""
        return await self._thread.call(self._trees.patch, old, new)

    async def select(self, base: str, target: str, patch: Patch, selection: Selection) -> str:
        """The tree of *target* without what *selection* leaves out of *patch*."""
        return await self._thread.call(self._trees.select, base, target, patch, selection)

    async def read(self, tree: str, path: str) -> bytes | None:
        """A file's bytes in a tree (of a link, its target), or None when there is none."""
        return await self._thread.call(self._trees.read, tree, path)

    async def files(self, tree: str) -> tuple[str, ...]:
        """All paths of a tree."""
        return await self._thread.call(self._trees.files, tree)

    async def search(
        self,
        tree: str,
        pattern: str,
        *,
        regex: bool = True,
        ignore_case: bool = False,
        limit: int = 200,
    ) -> tuple[tuple[Match, ...], bool]:
        """Matching lines of a tree, and whether there were more."""
        return await self._thread.call(
            looking.search,
            self._parts.git,
            self._trees.store.trees,
            tree,
            pattern,
            regex=regex,
            ignore_case=ignore_case,
            limit=limit,
        )

    async def history(self, path: str | None, limit: int) -> tuple[Commit, ...]:
        """The newest commits from the base commit on, of one path or of all."""
        git, user = self._parts.git, self._parts.user
        return await self._thread.call(looking.history, git, user, self._facts.commit, path, limit)

    async def blame(self, path: str, first: int, last: int) -> str:
        """Who changed which of these lines last, as of the base commit."""
        git, user = self._parts.git, self._parts.user
        return await self._thread.call(
            looking.blame, git, user, self._facts.commit, path, first, last
        )

    async def write_files(self, files: Mapping[str, bytes | None]) -> None:
        """Write (or, with None, delete) files in the worktree, never outside it."""

        def work(files: dict[str, bytes | None]) -> None:
            self._trees.refuse_submodules(path for path, data in files.items() if data is not None)
            write_files(self._root, files)

        await self._thread.call(work, dict(files))

    async def git_mounts(self) -> tuple[Mount, ...]:
        """What a command in the sandbox needs to see of the repository, to read only."""

        def work() -> tuple[Mount, ...]:
            parts = self._parts
            git_dir = parts.git.line("rev-parse", "--absolute-git-dir", at=Place(self._root))
            _, entries = user_place(parts.git, parts.location)
            folder = self._trees.store.new_folder("view")
            return git_mounts(parts.location, entries, Path(git_dir), folder, self.user_root)

        return await self._thread.call(work)

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
                f"commit hooks ({names}) may not run: "
                'set commit.hooks = "run" and resume, or remove them.',
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
            if place.box is not None:
                await self._thread.call(self._trees.take_over, place.index, place.box.objects)
            after = await self._thread.call(self._trees.recorded, place.folder, place.index)
            text = read_message(place.message, message)
        finally:
            await self._thread.call(self._remove_checkout, place.folder)
        return HookRun(after, text, failed, "\n".join(part for part in output if part))

    def _hook_place(self, tree: str, message: str) -> HookPlace:
        folder = self._trees.store.new_folder("hooks") / self._facts.name
        add_worktree(self._parts, folder, "--detach", "--no-checkout")
        index = self._trees.export(tree, folder)
        git = self._parts.git
        git_dir = Path(git.line("rev-parse", "--absolute-git-dir", at=Place(folder)))
        box = self._hook_box(folder.parent, git_dir) if self._confinement is not None else None
        if box is not None:
            index = index.rename(box.state / "index")
        file = (git_dir if box is None else box.state) / "COMMIT_EDITMSG"
        file.write_text(message, encoding="utf-8", errors="backslashreplace")
        return HookPlace(folder, index, file, box)

    def _hook_box(self, folder: Path, git_dir: Path) -> HookBox | None:
        if self._confinement is None:
            return None
        location = self._parts.location
        at, entries = user_place(self._parts.git, location)
        state, view = folder / ".state", folder / ".view"
        (state / "objects").mkdir(parents=True)
        view.mkdir()
        git = git_mounts(location, entries, git_dir, view, self.user_root)
        own = COMMON / git_dir.resolve().relative_to(location.common_dir.resolve())
        return HookBox(
            self._confinement,
            self.user_root,
            state,
            (*git, Mount(git_dir, own, writable=True)),
            location.common_dir,
            identity(self._parts.git, at),
        )

    def _remove_checkout(self, folder: Path) -> None:
        remove_tree(folder)
        remove_worktree(self._parts, folder)
        remove_tree(folder.parent)

    async def commit(self, approval: Approval, message: str, session: str) -> Committed:
        """Commit the approved tree and land it if nothing of the person's is overwritten.

        Raises:
            CommitError: If there is no commit.
        """
        return await self._thread.call(self._committer.commit, approval, message, session)

    async def same_on_disk(self, tree: str, paths: Sequence[str]) -> tuple[str, ...]:
        """Those of the paths at which the person's own file is what *tree* has there."""

        def work() -> tuple[str, ...]:
            checkout = Checkout(self._trees, user_place(self._parts.git, self._parts.location)[0])
            there, nothing = self._trees.entries(tree), self._trees.nothing
            return tuple(p for p in paths if checkout.file_is(p, *there.get(p, nothing)))

        return await self._thread.call(work) if paths else ()

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
            remove_worktree(self._parts, self._root)

        await self._thread.call(work)
