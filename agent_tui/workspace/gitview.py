"""What a command in the sandbox sees of the repository: everything to read, nothing to write.

The repository's own configuration is left out, because it may hold passwords and names programs;
so are its hooks. What is left is enough for ``git status``, ``diff``, ``log``, ``show``, ``blame``.
"""

import os
from pathlib import Path

from agent_tui.workspace.repository import Location, Setting
from agent_tui.workspace.sandbox import Mount, readable

COMMON = Path("/run/git")
"""Where the repository is in the sandbox. Its own place is taken by the files of the attempt."""

_MAX_ALTERNATES = 20


def git_mounts(
    location: Location, entries: tuple[Setting, ...], git_dir: Path, folder: Path, root: Path
) -> tuple[Mount, ...]:
    """Mounts that make the worktree at *root* a worktree of the repository.

    Args:
        entries: The repository's effective configuration.
        git_dir: What belongs to that worktree alone, inside the repository.
        folder: A private folder, for the two files that are shown instead of the real ones.
        root: Where the command sees the worktree.
    """
    inside = git_dir.resolve().relative_to(location.common_dir.resolve())
    config, pointer, empty = folder / "config", folder / "gitdir", folder / "none"
    config.write_text(_config(entries), encoding="utf-8", errors="surrogateescape")
    pointer.write_text(f"gitdir: {COMMON / inside}\n")
    empty.mkdir(exist_ok=True)
    mounts = [
        Mount(location.common_dir, COMMON),
        Mount(config, COMMON / "config"),
        Mount(pointer, root / ".git"),
        *readable(*_alternates(location.common_dir / "objects")),
    ]
    if (location.common_dir / "hooks").is_dir():
        mounts.append(Mount(empty, COMMON / "hooks"))
    if (git_dir / "config.worktree").exists():
        mounts.append(Mount(config, COMMON / inside / "config.worktree"))
    return tuple(mounts)


def _config(entries: tuple[Setting, ...]) -> str:
    """The settings without which git could not read the repository."""
    lines = ["[core]", "\trepositoryformatversion = 1", "\tbare = false", "[extensions]"]
    for entry in entries:
        name = entry.key.removeprefix("extensions.")
        known = name in ("objectformat", "refstorage", "worktreeconfig", "compatobjectformat")
        if entry.scope == "local" and name != entry.key and known and (entry.value or "").isalnum():
            lines.append(f"\t{name} = {entry.value}")
    return "\n".join(lines) + "\n"


def _alternates(objects: Path) -> tuple[Path, ...]:
    """Folders of objects that are borrowed from other repositories."""
    found: dict[Path, None] = {}
    waiting = [objects]
    while waiting and len(found) < _MAX_ALTERNATES:
        folder = waiting.pop()
        file = folder / "info" / "alternates"
        if not file.is_file():
            continue
        for line in file.read_bytes().split(b"\n"):
            path = folder / os.fsdecode(line)
            # Only what is a store of objects: the file comes with the repository.
            if (
                line
                and not line.startswith(b"#")
                and (path / "pack").is_dir()
                and path not in found
            ):
                found[path] = None
                waiting.append(path)
    return tuple(found)
