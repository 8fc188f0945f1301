"""What deleting a session removes, and the removal."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from agent_tui.bootstrap.environment import Options, load_configuration, open_store
from agent_tui.config import paths
from agent_tui.sessions.files import LogError
from agent_tui.sessions.lock import SessionLocked, is_locked
from agent_tui.sessions.saved import SavedSession
from agent_tui.workspace.inspect import Inspection


@dataclass(frozen=True, slots=True)
class Freed:
    """What deleting a session removes.

    Attributes:
        size: Bytes of its folder and its worktree.
        refs: Refs that keep its trees in the repository. Its branch and its commits stay.
    """

    folder: Path
    worktree: Path | None
    size: int
    refs: int


def would_free(options: Options, name: str) -> Freed:
    """What deleting a session would remove. Nothing is changed.

    Raises:
        LogError: If there is no such session, or a process has it open.
    """
    store = open_store(options, load_configuration(options, None))
    folder = store.path(store.resolve(name))
    if folder.is_dir() and is_locked(folder):
        raise SessionLocked(f"session {folder.name} is open in a process; leave it there first")
    worktree = (options.worktrees or paths.worktrees_folder()) / folder.stem
    places = [folder, *([worktree] if worktree.is_dir() else [])]
    files = [f for p in places for f in ([p] if p.is_file() else p.rglob("*"))]
    size = sum(file.lstat().st_size for file in files if not file.is_dir())
    return Freed(folder, worktree if worktree.is_dir() else None, size, 0)


def delete(freed: Freed) -> Freed:
    """Delete a session: its folder, its worktree, and the refs that keep its trees.

    Raises:
        LogError: If something cannot be removed.
    """
    refs = 0
    root: Path | None = None
    if freed.folder.is_dir():
        saved = SavedSession.open(freed.folder)
        root = Path(saved.started.repo.root) if saved.started else None
    try:
        if root is not None and root.is_dir():
            with Inspection(root) as inspection:
                refs = inspection.forget(freed.folder.name, freed.worktree)
        if freed.worktree is not None and freed.worktree.is_dir():
            shutil.rmtree(freed.worktree)
        if freed.folder.is_dir():
            shutil.rmtree(freed.folder)
        else:
            freed.folder.unlink()
    except OSError as error:
        raise LogError(f"cannot delete {freed.folder}: {error.strerror}") from error
    return replace(freed, refs=refs)
