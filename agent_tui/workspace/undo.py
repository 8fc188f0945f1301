"""Finding a landed commit that a session made, to take it back."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from agent_tui.domain.text import decode, one_line
from agent_tui.ports import WorkspaceError
from agent_tui.workspace.commit import TRAILER
from agent_tui.workspace.git import Git, GitThread, Place
from agent_tui.workspace.repository import locate, user_place

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
        again: Whether to take it back brings something again that was taken back.
    """

    commit: str
    session: str
    subject: str
    undoes: str = ""
    again: bool = False

    @property
    def origin(self) -> str:
        """The session itself, also for a commit that takes one of its commits back."""
        return self.session.partition(".undo-")[0]


async def find_landed(folder: Path, name: str | None) -> Landed:
    """A session's commit on the branch that is checked out.

    Args:
        name: A commit, or a session's id; None means the last one that is not taken back.

    Raises:
        WorkspaceError: If there is none.
    """
    return await call(_find, folder, name)


async def call(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run it on a git thread of its own."""
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
    found: list[Landed] = []
    again: dict[str, bool] = {}
    for entry in reversed(out.split(b"\0")):  # what takes back comes behind what it takes back
        commit, session, undoes, subject = (*decode(entry).split("\n", 3), "", "", "", "")[:4]
        if session:
            again[commit] = bool(undoes) and not again.get(undoes, False)
            found.append(Landed(commit, session.split()[-1], subject, undoes, again[commit]))
    return found[::-1]
