"""Taking a landed commit back: by a new commit, made and landed by the same protocol.

It is the exact inverse of that commit, but for paths that later commits changed: these stay.
Whatever is not committed stays on the disk as it is. Nothing is reset, and no commit disappears: so
taking back the commit that takes back brings everything again.
"""

from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent_tui.domain.decision import Approval
from agent_tui.domain.events import RepoFacts
from agent_tui.domain.text import visible
from agent_tui.ports import CommitError, WorkspaceError
from agent_tui.workspace.adopting import Stays
from agent_tui.workspace.checkout import Checkout, Compared, Keep
from agent_tui.workspace.commit import TRAILER, Committer, Consent, LendTerminal
from agent_tui.workspace.git import Git, Place
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
from agent_tui.workspace.undo import UNDOES, Landed, call


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """What taking a commit back does.

    Attributes:
        paths: What is again as it was before the commit.
        kept: What later commits changed, and stays.
        on_disk: Of *paths*, those whose file on the disk stays as it is.
        deleted: Of *paths*, those whose file is deleted from the disk.
    """

    paths: tuple[str, ...]
    kept: tuple[str, ...]
    on_disk: tuple[str, ...]
    deleted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back.

    Attributes:
        by: The commit that does it.
        landed: The branch that has it now; None when it stays on *ref*, and *detail* says why.
        paths: What is again as it was before the commit.
        kept: What later commits changed, and stays.
        on_disk: Of *paths*, those whose file on the disk stayed as it was.
    """

    commit: str
    by: str
    ref: str
    landed: str | None
    paths: tuple[str, ...]
    kept: tuple[str, ...]
    on_disk: tuple[str, ...] = ()
    detail: str = ""


async def plan_undo(folder: Path, target: Landed, private: Path, keep: Keep) -> UndoPlan:
    """What :func:`undo_commit` would do now. The arguments and errors are the same."""
    return await call(_plan, folder, target, private, keep)


async def undo_commit(
    folder: Path,
    target: Landed,
    private: Path,
    keep: Keep,
    *,
    consent: Consent = "refuse",
    terminal: LendTerminal | None = None,
) -> Undone:
    """Take that commit back.

    Args:
        private: A folder for what is temporary.
        keep: Which files of the checkout stay as they are on the disk: those with changes of the
            person's own, or all, where the commit was made from the person's own files.
        consent: Whether a program that the repository itself names may sign.
        terminal: Hands the terminal over to whatever signs.

    Raises:
        WorkspaceError: If nothing of it is left to take back, or the repository is not as it has
            to be.
        CommitError: If there is no commit.
    """
    return await call(_undo, folder, target, private, keep, consent, terminal)


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be committed.

    Attributes:
        changed: How many paths the commit changed.
        mine: Its changes that are taken back.
        tree: The tree of the commit that does it.
        compared: What the checkout has there.
    """

    git: Git
    user: Place
    trees: Trees
    facts: RepoFacts
    name: str
    changed: int
    mine: list[RawChange]
    kept: tuple[str, ...]
    tree: str
    compared: Compared
    notes: list[str]


@contextmanager
def _working(folder: Path, target: Landed, private: Path, keep: Keep) -> Iterator[_Work]:
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
        mine, kept = _still_there(trees, changes, facts)
        if not mine:
            raise WorkspaceError(
                "nothing of it is left to take back: later commits changed every file of it, or "
                "it is again as it was before."
            )
        tree = trees.with_entries(
            facts.tree, {c.path: (c.old_mode, c.old_oid) if c.old_mode else None for c in mine}
        )
        try:
            compared = Checkout(trees, user).compare(trees.raw(facts.tree, tree), keep)
        except Stays as reason:
            raise WorkspaceError(f"{reason}.") from reason
        yield _Work(git, user, trees, facts, name, len(changes), mine, kept, tree, compared, notes)
    finally:
        store.close()


def _plan(folder: Path, target: Landed, private: Path, keep: Keep) -> UndoPlan:
    with _working(folder, target, private, keep) as work:
        return UndoPlan(
            paths=tuple(change.path for change in work.mine),
            kept=work.kept,
            on_disk=tuple(change.path for change in work.compared.kept),
            deleted=tuple(c.path for c in work.compared.clean if c.new_mode is None),
        )


def _undo(
    folder: Path,
    target: Landed,
    private: Path,
    keep: Keep,
    consent: Consent,
    terminal: LendTerminal | None,
) -> Undone:
    with _working(folder, target, private, keep) as work:
        facts = work.facts
        approval = Approval(
            parent=facts.commit, base_tree=facts.tree, tree=work.tree, spec_version=0
        )
        message = _message(target, len(work.mine), work.changed, work.name)
        committer = Committer(work.trees, facts, consent, keep=keep, terminal=terminal)
        done = committer.commit(approval, message, work.name)
        if done.landed:
            _drop_branch(work.git, work.user, done.ref, done.commit)
        return Undone(
            commit=target.commit,
            by=done.commit,
            ref=done.ref,
            landed=done.landed,
            paths=tuple(change.path for change in work.mine),
            kept=work.kept,
            on_disk=committer.kept,
            detail=" ".join([*work.notes, done.detail]).strip(),
        )


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


def _still_there(
    trees: Trees, changes: list[RawChange], facts: RepoFacts
) -> tuple[list[RawChange], tuple[str, ...]]:
    """The changes whose paths the tip has as the commit left them, and the paths that differ.

    What is again as it was before the commit is among neither.
    """
    tip = trees.entries(facts.tree)
    now = {c.path: tip.get(c.path, trees.nothing) for c in changes}
    mine = [c for c in changes if now[c.path] == (c.new_mode, c.new_oid)]
    there = tip.keys() - {c.path for c in mine if c.old_mode is None}
    blocked = _blocked([c.path for c in mine if c.new_mode is None], there)
    mine = [c for c in mine if c.path not in blocked]
    ours = {c.path for c in mine}
    back = {c.path for c in changes if now[c.path] == (c.old_mode, c.old_oid)}
    return mine, tuple(c.path for c in changes if c.path not in ours | back)


def _blocked(back: list[str], there: Set[str]) -> set[str]:
    """Paths that cannot come back, since a file of later commits is on their way or below them."""
    if not back:
        return set()
    folders = {parent for path in there for parent in _parents(path)}
    return {p for p in back if p in folders or not there.isdisjoint(_parents(p))}


def _parents(path: str) -> Iterator[str]:
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)


def _message(target: Landed, taken: int, all_of: int, name: str) -> str:
    subject = visible(target.subject)
    title = f'Redo "{subject}"' if target.again else f'Undo "{subject}"'
    part = "" if taken == all_of else f", in {taken} of its {all_of} files"
    return (
        f"{title}\n\nThis takes back commit {target.commit}{part}.\n\n"
        f"{TRAILER}: {name}\n{UNDOES}: {target.commit}\n"
    )


def _drop_branch(git: Git, user: Place, ref: str, commit: str) -> None:
    """Remove the branch of a commit that another branch has."""
    script = f"start\ndelete {ref} {commit}\nprepare\ncommit\n"
    git.run("update-ref", "--stdin", at=user, stdin=script.encode(), ok=(0, 1, 128))
