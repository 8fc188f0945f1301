"""Finding a repository, and refusing what cannot be worked on, in one clear sentence each.

Git itself is asked where a repository is, not GitPython's ``Repo``: that follows the ``GIT_*``
variables of this process, which a caller (a hook, an alias) may have set for another repository.
"""

import asyncio
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from agent_tui.domain.events import RepoFacts
from agent_tui.domain.text import one_line
from agent_tui.ports import WorkspaceError
from agent_tui.workspace.git import Git, GitError, GitThread, Place
from agent_tui.workspace.putting_back import recover

EMPTY_TREES = {
    "sha1": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "sha256": "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}
"""Name of the empty tree in each object format, as ``git hash-object -t tree`` gives it."""

_OPERATIONS = (
    ("rebase-merge", "a rebase", "git rebase --continue", "git rebase --abort"),
    ("rebase-apply/applying", "an am of patches", "git am --continue", "git am --abort"),
    ("rebase-apply", "a rebase", "git rebase --continue", "git rebase --abort"),
    ("MERGE_HEAD", "a merge", "git merge --continue", "git merge --abort"),
    ("CHERRY_PICK_HEAD", "a cherry-pick", "git cherry-pick --continue", "git cherry-pick --abort"),
    ("REVERT_HEAD", "a revert", "git revert --continue", "git revert --abort"),
    # Between two commits of several: either command can stop it, if not go on with the other's.
    (
        "sequencer",
        "a cherry-pick or revert of several commits",
        "git cherry-pick --continue, or git revert --continue",
        "git cherry-pick --quit",
    ),
    ("BISECT_LOG", "a bisect", "git bisect good/bad", "git bisect reset"),
)
_OID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_EXECUTES = re.compile(r"(filter|diff|merge)\.(.+)\.[^.]+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Location:
    """Where the parts of a repository are.

    Attributes:
        root: Top of the person's working tree.
        git_dir: What belongs to that working tree alone (HEAD, index).
        common_dir: What all working trees share (objects, refs, config).
        object_format: ``sha1`` or ``sha256``.
    """

    root: Path
    git_dir: Path
    common_dir: Path
    object_format: str

    @property
    def empty_tree(self) -> str:
        """Name of the tree without files."""
        return EMPTY_TREES[self.object_format]

    @property
    def zero(self) -> str:
        """The object name that stands for none."""
        return "0" * len(self.empty_tree)


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of git's effective configuration.

    Attributes:
        scope: ``system``, ``global``, ``local``, ``worktree`` or ``command``.
        value: None for a key that stands without ``=``, which means true.
    """

    scope: str
    key: str
    value: str | None


async def open_repository(path: Path, tell: Callable[[str], None] | None = None) -> RepoFacts:
    """Find the repository that *path* lies in.

    Args:
        path: Any folder of a working tree.
        tell: Told in a sentence what was made good of a change of files that had been ended in the
            middle; with None, the files are only looked at.

    Raises:
        WorkspaceError: If there is none, or it cannot be worked on now; the text says what to do.
    """
    thread = GitThread()
    try:
        notes: list[str] = []
        facts = await thread.call(read_facts, path, None if tell is None else notes.append)
        for note in notes:
            if tell is not None:
                tell(note)
        return facts
    finally:
        await thread.close()


async def require_idle(root: str) -> None:
    """See that no merge, rebase, … of the person's is in progress, before a change is begun.

    Raises:
        WorkspaceError: If there is one; the text says how to end it.
    """
    await asyncio.to_thread(_require_idle, Path(root))


def _require_idle(root: Path) -> None:
    if problem := operation_in_progress(locate(Git(), root)):
        raise WorkspaceError(problem)


def read_facts(path: Path, tell: Callable[[str], None] | None = None) -> RepoFacts:
    """What :func:`open_repository` does, on the thread that calls."""
    git = Git()
    location = locate(git, path)
    if tell is not None and (note := recover(location.git_dir, location.root)):
        tell(note)
    at, _ = user_place(git, location)
    ref = git.line("symbolic-ref", "-q", "HEAD", at=at, ok=(0, 1)) or None
    commit = git.line("rev-parse", "-q", "--verify", "HEAD", at=at, ok=(0, 1))
    if commit:
        tree = git.line("rev-parse", "-q", "--verify", "HEAD^{tree}", at=at, ok=(0, 1))
        if not tree:
            raise WorkspaceError("the commit of HEAD cannot be read: run git fsck.")
    else:
        tree = location.empty_tree
    identity(git, at)
    return RepoFacts(
        root=str(location.root),
        name=location.root.name,
        ref=ref,
        commit=commit,
        tree=tree,
        dirty=_count_dirty(git, at),
    )


def locate(git: Git, path: Path) -> Location:
    """Where the repository around *path* is.

    Raises:
        WorkspaceError: If there is none, it is bare, or it belongs to another user.
    """
    folder = path.absolute()
    if not folder.is_dir():
        raise WorkspaceError(f"{one_line(str(folder))} is not a folder.")
    at = Place(folder)
    git.check_version(at)
    try:
        bare, inside = git.line(
            "rev-parse", "--is-bare-repository", "--is-inside-git-dir", at=at
        ).split("\n")
        if bare == "true" or inside == "true":
            raise WorkspaceError(_no_working_tree(folder))
        answer = git.line(
            "rev-parse",
            "--path-format=absolute",
            "--show-toplevel",
            "--git-dir",
            "--git-common-dir",
            "--show-object-format",
            at=at,
        ).split("\n")
    except GitError as error:
        raise WorkspaceError(_explain(error, folder)) from error
    if len(answer) != 4 or answer[3] not in EMPTY_TREES:
        raise WorkspaceError(f"git gave no clear answer about {one_line(str(folder))}.")
    root, git_dir, common_dir = (Path(part) for part in answer[:3])
    if (root / ".git").resolve() != git_dir.resolve() and not _points_to(root / ".git", git_dir):
        raise WorkspaceError(
            f"the repository's core.worktree points to {one_line(str(root))}, which is not its "
            "checkout: unset it (git config --unset core.worktree) or open that folder."
        )
    return Location(root, git_dir, common_dir, answer[3])


def _points_to(file: Path, git_dir: Path) -> bool:
    """Whether a ``.git`` file names that directory."""
    if not file.is_file():
        return False
    text = os.fsdecode(file.read_bytes()).strip()
    target = file.parent / text.removeprefix("gitdir:").strip()
    return target.resolve() == git_dir.resolve()


def _no_working_tree(folder: Path) -> str:
    return (
        f"{one_line(str(folder))} has no working tree (it is a bare repository, or inside .git): "
        "open a checkout of it."
    )


def _explain(error: GitError, folder: Path) -> str:
    name = one_line(str(folder))
    if "not a git repository" in error.stderr:
        return f"{name} is not in a git repository: go to one, or make one with git init."
    if "dubious ownership" in error.stderr:
        return (
            f"{name} belongs to another user, so git does not trust it: if you do, run "
            f"git config --global --add safe.directory {name}"
        )
    if "cannot use bare repository" in error.stderr:
        return _no_working_tree(folder)
    return str(error)


def operation_in_progress(location: Location) -> str | None:
    """A sentence on the merge, rebase, … that is not finished, if there is one."""
    for entry, name, go_on, stop in _OPERATIONS:
        if (location.git_dir / entry).exists():
            return f"{name} is in progress: finish it ({go_on}) or stop it ({stop}) first."
    return None


def user_place(git: Git, location: Location) -> tuple[Place, tuple[Setting, ...]]:
    """The person's own checkout, without any program that its configuration names; and that.

    To be asked for anew before anything that writes files: the configuration can change.
    """
    plain = Place(location.root, location.git_dir, location.root)
    entries = settings(git, plain)
    return replace(plain, config=without_programs(entries)), entries


def settings(git: Git, at: Place) -> tuple[Setting, ...]:
    """The effective configuration, without what this program itself sets."""
    fields = git.run("config", "--list", "--show-scope", "-z", at=at).split(b"\0")
    entries = []
    for scope, entry in zip(fields[::2], fields[1::2], strict=False):
        key, separator, value = os.fsdecode(entry).partition("\n")
        if scope != b"command":
            entries.append(Setting(scope.decode(), key, value if separator else None))
    return tuple(entries)


def last(entries: tuple[Setting, ...], key: str) -> Setting | None:
    """The setting that counts; *key* in lower case."""
    return next((entry for entry in reversed(entries) if entry.key == key), None)


def without_programs(entries: tuple[Setting, ...]) -> tuple[tuple[str, str], ...]:
    """Overrides for every filter, diff and merge driver that is defined anywhere."""
    drivers = {(m[1], m[2]) for e in entries if (m := _EXECUTES.fullmatch(e.key))}
    empty = {
        "filter": (("clean", ""), ("smudge", ""), ("process", ""), ("required", "false")),
        "diff": (("command", ""), ("textconv", "")),
        "merge": (("driver", "false"),),
    }
    return tuple(
        (f"{kind}.{name}.{key}", value)
        for kind, name in sorted(drivers)
        for key, value in empty[kind]
    )


def identity(git: Git, at: Place) -> dict[str, str]:
    """The person's name and address, as the variables that give them to git.

    Raises:
        WorkspaceError: If git would have to make one up.
    """
    strict = replace(at, config=(*at.config, ("user.useConfigOnly", "true")))
    found = {}
    for who in ("AUTHOR", "COMMITTER"):
        try:
            line = git.line("var", f"GIT_{who}_IDENT", at=strict)
        except GitError as error:
            raise WorkspaceError(
                "git does not know who you are: run git config --global user.name 'Your Name' "
                "and git config --global user.email you@example.com"
            ) from error
        name, _, rest = line.rpartition(" <")
        found[f"GIT_{who}_NAME"] = name
        found[f"GIT_{who}_EMAIL"] = rest.partition(">")[0]
    return found


def object_name(text: str) -> str:
    """*text* itself, when it can only be an object's name.

    Raises:
        WorkspaceError: If it is anything else, so that none of it becomes an option or a revision.
    """
    if not _OID.fullmatch(text):
        raise WorkspaceError(f"'{one_line(text)}' is not the name of an object.")
    return text


def _count_dirty(git: Git, at: Place) -> int:
    # Submodules are left alone: git would run with their configuration.
    status = git.run(
        "status", "--porcelain", "-z", "--no-renames", "--ignore-submodules=all", at=at
    )
    return status.count(b"\0")


async def signature(path: Path) -> str:
    """The person as ``Name <address>``, for a ``Signed-off-by`` line.

    Raises:
        WorkspaceError: If git does not know them.
    """
    thread = GitThread()
    try:
        return await thread.call(_signature, path)
    finally:
        await thread.close()


def _signature(path: Path) -> str:
    git = Git()
    at, _ = user_place(git, locate(git, path))
    who = identity(git, at)
    return f"{who['GIT_COMMITTER_NAME']} <{who['GIT_COMMITTER_EMAIL']}>"
