"""Taking a landed commit back: by a new commit, made and landed by the same protocol.

Only paths that still hold what the commit put there are touched, in the branch's tip and in the
working tree alike; whatever was changed since stays. Nothing is reset, and no commit disappears: so
taking back the commit that takes back brings everything again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from agent_tui.domain.decision import Approval
from agent_tui.domain.events import RepoFacts
from agent_tui.domain.patch import path_to_bytes
from agent_tui.domain.text import decode, one_line, visible
from agent_tui.ports import CommitError, WorkspaceError
from agent_tui.workspace.commit import TRAILER, Committer, Consent, LendTerminal
from agent_tui.workspace.files import find_file
from agent_tui.workspace.git import Git, GitThread, Place
from agent_tui.workspace.landing import Landing
from agent_tui.workspace.repository import (
    Location,
    locate,
    operation_in_progress,
    read_facts,
    user_place,
)
from agent_tui.workspace.selection import RawChange
from agent_tui.workspace.store import Store
from agent_tui.workspace.trees import Trees

P = ParamSpec("P")
T = TypeVar("T")

UNDOES = "Agent-Tui-Undoes"
"""Trailer of a commit that takes another one back, with that one's name."""

_SEARCHED = 2_000
"""How many commits back one to undo is looked for."""


@dataclass(frozen=True, slots=True)
class Landed:
    """A commit that a session made.

    Attributes:
        undoes: The commit that it takes back, if it does.
    """

    commit: str
    session: str
    subject: str
    undoes: str = ""

    @property
    def origin(self) -> str:
        """The session itself, also for a commit that takes one of its commits back."""
        return self.session.partition(".undo-")[0]


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back.

    Attributes:
        by: The commit that does it.
        landed: The branch that has it now; None when it stays on *ref*, and *detail* says why.
        paths: What is again as it was before the commit.
        kept: What was changed since, and stays.
    """

    commit: str
    by: str
    ref: str
    landed: str | None
    paths: tuple[str, ...]
    kept: tuple[str, ...]
    detail: str = ""


async def find_landed(folder: Path, name: str | None) -> Landed:
    """A session's commit on the branch that is checked out.

    Args:
        name: A commit, or a session's id; None means the last one that is not taken back.

    Raises:
        WorkspaceError: If there is none.
    """
    return await _call(_find, folder, name)


async def undo_commit(
    folder: Path,
    target: Landed,
    private: Path,
    *,
    consent: Consent = "refuse",
    terminal: LendTerminal | None = None,
) -> Undone:
    """Take that commit back.

    Args:
        private: A folder for what is temporary.
        consent: Whether a program that the repository itself names may sign.
        terminal: Hands the terminal over to whatever signs.

    Raises:
        WorkspaceError: If nothing of it is left to take back, or the repository is not as it has
            to be.
        CommitError: If there is no commit.
    """
    return await _call(_undo, folder, target, private, consent, terminal)


async def _call(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    thread = GitThread()
    try:
        return await thread.call(function, *args, **kwargs)
    finally:
        await thread.close()


def _find(folder: Path, name: str | None) -> Landed:
    git = Git()
    user, _ = user_place(git, locate(git, folder))
    landed = _sessions_commits(git, user)
    if name is None:
        undone = {c.undoes for c in _in_force(landed)}
        found = [c for c in landed if not c.undoes and c.commit not in undone]
        if not found:
            raise WorkspaceError("there is no commit of a session here that could be taken back.")
        return found[0]
    commit = git.line(
        "rev-parse", "-q", "--verify", "--end-of-options", f"{name}^{{commit}}",
        at=user, ok=(0, 1, 128),
    )  # fmt: skip
    for entry in landed:
        if entry.commit == commit or (not commit and entry.session == name):
            return entry
    if commit:
        raise WorkspaceError(
            f"{one_line(name)} is not a commit that a session made on this branch: take it back "
            f"with git revert {commit[:10]}"
        )
    raise WorkspaceError(f"no session '{one_line(name)}' has a commit on this branch.")


def _in_force(landed: list[Landed]) -> list[Landed]:
    """The commits that take another one back and were not taken back themselves."""
    undone: set[str] = set()
    found = []
    for entry in landed:  # the newest first
        if entry.undoes and entry.commit not in undone:
            undone.add(entry.undoes)
            found.append(entry)
    return found


def _sessions_commits(git: Git, user: Place) -> list[Landed]:
    out = git.run(
        "log", "-z", f"--max-count={_SEARCHED}", "--no-show-signature", "--no-color",
        f"--format=%H%n%(trailers:key={TRAILER},valueonly,separator=%x20)"
        f"%n%(trailers:key={UNDOES},valueonly,separator=%x20)%n%s",
        "HEAD", "--", at=user, ok=(0, 128),
    )  # fmt: skip
    found = []
    for entry in out.split(b"\0"):
        commit, session, undoes, subject = (*decode(entry).split("\n", 3), "", "", "", "")[:4]
        if session:
            found.append(Landed(commit, session.split()[-1], subject, undoes))
    return found


def _undo(
    folder: Path, target: Landed, private: Path, consent: Consent, terminal: LendTerminal | None
) -> Undone:
    git = Git()
    notes: list[str] = []
    facts = read_facts(folder, notes.append)
    location = locate(git, folder)
    if problem := operation_in_progress(location):
        raise WorkspaceError(problem)
    user, entries = user_place(git, location)
    name = f"{target.origin}.undo-{target.commit[:10]}-{facts.commit[:10]}"
    private.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = Store(private.resolve() / f"{name}.private", location, entries)
    try:
        trees = Trees(
            git, store, location, user=user, root=store.folder, session=name, base_tree=facts.tree
        )
        before, after = _trees_of(git, user, location, target.commit)
        changes = trees.raw(before, after)
        mine, kept = _still_ours(trees, changes, user, facts)
        if not mine:
            raise WorkspaceError(
                "nothing of it is left to take back: every file was changed since, or is again as "
                "it was before."
            )
        tree = trees.with_entries(
            facts.tree,
            {c.path: (c.old_mode, c.old_oid) if c.old_mode else None for c in mine},
        )
        approval = Approval(parent=facts.commit, base_tree=facts.tree, tree=tree, spec_version=0)
        message = _message(target, len(mine), len(changes), name)
        done = Committer(trees, facts, consent, terminal=terminal).commit(approval, message, name)
        if done.landed:
            _drop_branch(git, user, done.ref, done.commit)
        return Undone(
            commit=target.commit,
            by=done.commit,
            ref=done.ref,
            landed=done.landed,
            paths=tuple(change.path for change in mine),
            kept=kept,
            detail=" ".join([*notes, done.detail]).strip(),
        )
    finally:
        store.close()


def _trees_of(git: Git, user: Place, location: Location, commit: str) -> tuple[str, str]:
    """The trees before and after a commit.

    Raises:
        CommitError: If it is a merge.
    """
    words = git.line("rev-list", "--parents", "--max-count=1", commit, "--", at=user).split()
    if len(words) > 2:
        raise CommitError("git", "it is a merge: take it back with git revert -m 1.")
    after = git.line("rev-parse", f"{commit}^{{tree}}", at=user)
    if len(words) == 1:
        return location.empty_tree, after
    return git.line("rev-parse", f"{words[1]}^{{tree}}", at=user), after


def _still_ours(
    trees: Trees, changes: list[RawChange], user: Place, facts: RepoFacts
) -> tuple[list[RawChange], tuple[str, ...]]:
    """The changes whose paths still are as the commit left them, and the paths that are not."""
    since = {c.path: c for c in trees.raw(facts.tree, _with(trees, facts.tree, changes))}
    dirty = Landing(trees, facts).changed_paths(user)
    root = trees.location.root
    mine, kept = [], []
    for change in changes:
        now = since.get(change.path)
        appeared = change.new_mode is None and find_file(root, path_to_bytes(change.path))
        if change.path in dirty or (now is None and appeared):
            kept.append(change.path)
        elif now is None:
            mine.append(change)
        elif (now.old_mode, now.old_oid) != (change.old_mode, change.old_oid):
            kept.append(change.path)  # and otherwise it is as it was before the commit
    return mine, tuple(kept)


def _with(trees: Trees, head: str, changes: list[RawChange]) -> str:
    """The tip as it would be if all paths of the commit were as the commit left them."""
    return trees.with_entries(
        head, {c.path: (c.new_mode, c.new_oid) if c.new_mode else None for c in changes}
    )


def _message(target: Landed, taken: int, all_of: int, name: str) -> str:
    subject = visible(target.subject)
    title = f'Redo "{subject}"' if target.undoes else f'Undo "{subject}"'
    part = "" if taken == all_of else f", in {taken} of its {all_of} files"
    return (
        f"{title}\n\nThis takes back commit {target.commit}{part}.\n\n"
        f"{TRAILER}: {name}\n{UNDOES}: {target.commit}\n"
    )


def _drop_branch(git: Git, user: Place, ref: str, commit: str) -> None:
    """Remove the branch of a commit that another branch has."""
    script = f"start\ndelete {ref} {commit}\nprepare\ncommit\n"
    git.run("update-ref", "--stdin", at=user, stdin=script.encode(), ok=(0, 1, 128))
