"""Making, checking and removing linked worktrees."""

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from agent_tui.domain.events import RepoFacts
from agent_tui.domain.text import one_line
from agent_tui.ports import WorkspaceError
from agent_tui.workspace.files import remove_tree
from agent_tui.workspace.git import Git, GitError, Place
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


_MISSING = ("unable to read", "lazy fetching disabled", "promisor", "bad object", "missing")
"""What git says of an object that is not there."""


@dataclass(frozen=True, slots=True)
class Parts:
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


def open_parts(facts: RepoFacts, session: str, folder: Path, resume: bool) -> Parts:
    """Make a session's worktree, or with *resume* open it if it is there.

    Raises:
        WorkspaceError: If it cannot be made or is not what it should be; then nothing is left.
    """
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
    parts = Parts(git, location, user, trees, root, start)
    try:
        git.run("update-ref", f"{REFS}/{session}/base", start, at=user)
        if there:
            _check_worktree(parts, root)
        else:
            _make_worktree(parts, session, resume)
    except BaseException as error:
        if not there:
            remove_tree(root)
            remove_worktree(parts, root)
        store.close()
        partial = any(entry.key.endswith((".promisor", ".partialclone")) for entry in entries)
        if isinstance(error, GitError) and partial:
            raise _not_here(error) from error
        raise
    return parts


def _not_here(error: GitError) -> WorkspaceError:
    """What to do about a partial clone that lacks something: nothing is fetched for the person."""
    if not any(words in error.stderr for words in _MISSING):
        return error
    return WorkspaceError(
        "this is a partial clone, and a file of the base commit is not here: fetch all of it "
        "(git fetch --refetch --no-filter), or check the branch out."
    )


def _make_worktree(parts: Parts, session: str, resume: bool) -> None:
    force = ("--force", "--force") if resume else ()
    options = ("--detach", "--no-checkout", "--lock", "--reason", f"agent-tui session {session}")
    add_worktree(parts, parts.root, *force, *options)
    parts.trees.reset(parts.trees.base_tree)
    # Commands that the coder runs see git's own index there; it starts out up to date.
    git_dir = parts.git.line("rev-parse", "--absolute-git-dir", at=Place(parts.root))
    shutil.copyfile(parts.trees.index, Path(git_dir) / "index")


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


def add_worktree(parts: Parts, folder: Path, *options: str) -> None:
    """Make a linked worktree at the base commit."""
    at = replace(parts.user, git_dir=None, work_tree=None)
    parts.git.run("worktree", "add", *options, "--", str(folder), parts.start, at=at)


def remove_worktree(parts: Parts, folder: Path) -> None:
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


def _check_worktree(parts: Parts, root: Path) -> None:
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
