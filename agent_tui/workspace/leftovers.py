"""What sessions left in a repository that nobody needs any more, and removing it.

A branch goes only when another branch or a tag has its commit; refs that keep trees alive go only
when their session is deleted. Each is deleted by its expected value, in one transaction with the
branch or tag that has the commit: what moves meanwhile stays.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_tui.domain.text import decode, one_line
from agent_tui.workspace.git import Git, GitError, GitThread, Place
from agent_tui.workspace.repository import locate, operation_in_progress, user_place
from agent_tui.workspace.trees import REFS

BRANCHES = "refs/heads/agent-tui/"
_OURS = "/agent-tui/"


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something that a session left, and what is to become of it.

    Attributes:
        refs: Names and values of what goes together; a branch alone, or a session's other refs.
        why: Why it can go, or why it stays.
        proof: The branch or tag that has the commit, and its value; None for what is no commit.
    """

    session: str
    refs: tuple[tuple[str, str], ...]
    why: str
    removable: bool
    proof: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        """What a person calls it."""
        (ref, _), *more = self.refs
        if ref.startswith(BRANCHES):
            return ref.removeprefix("refs/heads/")
        return f"{len(more) + 1} ref{'s' if more else ''} of {self.session}"


async def find_leftovers(folder: Path, sessions: Mapping[str, bool]) -> tuple[Leftover, ...]:
    """Everything that sessions left in the repository around *folder*.

    Args:
        sessions: The sessions that there are, and whether each is through.

    Raises:
        WorkspaceError: If there is no repository that can be worked on.
    """
    thread = GitThread()
    try:
        return await thread.call(_find, folder, sessions)
    finally:
        await thread.close()


async def remove_leftovers(folder: Path, found: Sequence[Leftover]) -> tuple[str, ...]:
    """Remove what is removable.

    Returns:
        A sentence on each that could not be removed.

    Raises:
        WorkspaceError: If there is no repository that can be worked on.
    """
    thread = GitThread()
    try:
        return await thread.call(_remove, folder, [entry for entry in found if entry.removable])
    finally:
        await thread.close()


def _find(folder: Path, sessions: Mapping[str, bool]) -> tuple[Leftover, ...]:
    git, at = _open(folder)
    out = git.run(
        "for-each-ref", "--format=%(refname)%00%(objectname)", BRANCHES, f"{REFS}/", at=at
    )
    refs = [os.fsdecode(line).split("\0") for line in out.split(b"\n") if line]
    checked_out = _checked_out(git, at)
    found = []
    others: dict[str, list[tuple[str, str]]] = {}
    for ref, oid in refs:
        if ref.startswith(BRANCHES):
            found.append(_branch(git, at, ref, oid, sessions, checked_out))
        else:
            others.setdefault(ref.split("/")[2], []).append((ref, oid))
    for session, entries in others.items():
        if session not in sessions:
            why = "its session is not among the sessions any more"
            found.append(Leftover(session, tuple(entries), why, removable=True))
    return tuple(found)


def _open(folder: Path) -> tuple[Git, Place]:
    git = Git()
    return git, user_place(git, locate(git, folder))[0]


def _branch(
    git: Git, at: Place, ref: str, oid: str, sessions: Mapping[str, bool], held: Mapping[str, str]
) -> Leftover:
    session = ref.removeprefix(BRANCHES)
    entry = ((ref, oid),)
    origin = session.partition(".undo-")[0]
    if ref in held:
        return Leftover(session, entry, f"it is checked out in {one_line(held[ref])}", False)
    if not sessions.get(origin, True):
        return Leftover(session, entry, "its session is not through", False)
    out = git.run(
        "for-each-ref", "--format=%(refname)%00%(objectname)", f"--contains={oid}",
        "refs/heads/", "refs/remotes/", "refs/tags/", at=at,
    )  # fmt: skip
    lines = [os.fsdecode(line).split("\0") for line in out.split(b"\n") if line]
    having = [(name, value) for name, value in lines if _OURS not in name]
    if not having:
        return Leftover(session, entry, "no other branch has its commit", False)
    name = one_line(having[0][0].split("/", 2)[2], 80)
    return Leftover(session, entry, f"{name} has its commit", True, having[0])


def _checked_out(git: Git, at: Place) -> dict[str, str]:
    """The branches that a working tree has, with the place of one."""
    found = {}
    for block in git.run("worktree", "list", "--porcelain", "-z", at=at).split(b"\0\0"):
        lines = block.strip(b"\0").split(b"\0")
        place = decode(lines[0].removeprefix(b"worktree "))
        for line in lines:
            if line.startswith(b"branch "):
                found[os.fsdecode(line.removeprefix(b"branch "))] = place
    return found


def _remove(folder: Path, found: Sequence[Leftover]) -> tuple[str, ...]:
    git, at = _open(folder)
    if problem := operation_in_progress(locate(git, folder)):
        return (problem,)
    problems = []
    for entry in found:
        held = _checked_out(git, at)  # as late as can be: it may have been checked out since
        if any(ref in held for ref, _ in entry.refs):
            problems.append(f"{entry.name} stays: it is checked out.")
            continue
        lines = ["start"]
        if entry.proof is not None:
            lines.append(f"verify {entry.proof[0]} {entry.proof[1]}")
        lines += [f"delete {ref} {oid}" for ref, oid in entry.refs]
        script = "\n".join([*lines, "prepare", "commit", ""])
        try:
            git.run("update-ref", "--stdin", at=at, stdin=os.fsencode(script))
        except GitError as error:
            problems.append(f"{entry.name} stays: {error}")
    return tuple(problems)
