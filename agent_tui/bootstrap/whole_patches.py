"""Patches for export with the content of binary files, which the log's own patches leave out."""

import tempfile
from dataclasses import replace
from pathlib import Path

from agent_tui.domain.patch import PatchError, parse_patch
from agent_tui.domain.state import Revision
from agent_tui.domain.text import counted
from agent_tui.ports import WorkspaceError
from agent_tui.sessions.exporters.prepare import Prepared
from agent_tui.sessions.files import LogError
from agent_tui.sessions.store import ReadSession
from agent_tui.workspace.git import Git, Place
from agent_tui.workspace.inspect import Inspection

INCOMPLETE = (
    "The content of {} is not in the patch, so it does not apply as it is: neither the repository "
    "nor the source has it."
)


def with_binaries(prepared: Prepared, saved: ReadSession) -> tuple[Prepared, tuple[str, ...]]:
    """The session with whole patches, as far as their files can be found. Blocks.

    Returns:
        And what is still missing, as sentences.
    """
    state = prepared.state
    revisions = state.revisions if prepared.started.source is not None else state.revisions[-1:]
    wanted = [r for r in revisions if _binaries(prepared, r)]
    if not wanted:
        return prepared, ()
    if state.imported is not None:
        found = _from_bundle(prepared, saved, wanted)
    else:
        found = _from_repository(prepared, wanted)
    missing = sum(_binaries(prepared, r) for r in wanted if r.patch.digest not in found)
    told = (INCOMPLETE.format(counted(missing, "binary file")),) if missing else ()
    return replace(prepared, patches={**prepared.patches, **found}), told


def _binaries(prepared: Prepared, revision: Revision) -> int:
    """How many files of a patch have no lines; none where it is not as it was stored."""
    try:
        patch = parse_patch(prepared.patches.get(revision.patch.digest, b""))
    except PatchError:
        return 0
    return sum(file.binary for file in patch.files)


def _from_repository(prepared: Prepared, wanted: list[Revision]) -> dict[str, bytes]:
    root = Path(prepared.started.repo.root)
    found: dict[str, bytes] = {}
    if prepared.in_patches or not root.is_dir():
        return found  # what was taken out of a patch must not come back with it
    try:
        with Inspection(root) as inspection:
            for revision in wanted:
                base, tree = revision.base_tree, revision.tree
                if inspection.has(base, "tree") and inspection.has(tree, "tree"):
                    found[revision.patch.digest] = inspection.patch(base, tree)
    except WorkspaceError:
        return {}  # it is said that they are missing
    return found


def _from_bundle(
    prepared: Prepared, saved: ReadSession, wanted: list[Revision]
) -> dict[str, bytes]:
    imported = prepared.state.imported
    if prepared.in_patches or imported is None or imported.objects is None:
        return {}
    with tempfile.TemporaryDirectory(prefix="agent-tui-export-") as name:
        folder = Path(name)
        git, at = Git(), Place(folder, git_dir=folder)
        try:
            (folder / "objects.bundle").write_bytes(saved.blob(imported.objects))
            git.run("init", "--quiet", "--bare", ".", at=at)
            git.run("bundle", "unbundle", "objects.bundle", at=at)
            with_trees = [r for r in wanted if r.tree and r.base_tree]
            return {r.patch.digest: Inspection.patch_in(git, at, r.base_tree, r.tree)
                    for r in with_trees}  # fmt: skip
        except (WorkspaceError, LogError):
            return {}  # it is said that they are missing
