"""What a commit of the person's own files has and their disk has not: what they edited here."""

import shlex
from collections.abc import Iterable
from itertools import pairwise

from agent_tui.domain.patch import parse_patch
from agent_tui.domain.text import listed, visible
from agent_tui.engine.context import Context
from agent_tui.ports import Committed, WorkspaceError

_IN_A_COMMAND = 3
"""How many files a command names."""


async def left_behind(ctx: Context, made: Committed) -> str:
    """Name the files that lack it, and say what takes it; "" if there are none.

    A file that the person has changed since the review began is not named: what it has is newer.
    """
    given = ctx.session.given
    if given is None or given.kind != "worktree" or made.landed is None:
        return ""
    try:
        edited, parted = await _touched(ctx)
        if not edited:
            return ""
        differ = edited & await _changed(ctx, given.tree, made.tree)
        # A new file that the edit removed is not committed, and that is all.
        differ &= await _changed(ctx, ctx.workspace.base_tree, made.tree)
        behind = await ctx.workspace.same_on_disk(given.tree, sorted(differ))
        gone = {path for path in behind if await ctx.workspace.read(made.tree, path) is None}
    except WorkspaceError as error:
        return f"Whether your files have what you edited here could not be seen: {error}"
    whole = [path for path in behind if path not in parted | gone]
    rest = [path for path in behind if path not in whole]
    return " ".join(part for part in (_whole(whole), _rest(rest)) if part)


async def _touched(ctx: Context) -> tuple[frozenset[str], frozenset[str]]:
    """Paths that the person, or a hook, edited here, and paths of which something was left out."""
    revisions = ctx.state.revisions
    none: frozenset[str] = frozenset()
    touched = {revision.tree: (none, none) for revision in revisions[:1]}
    for before, after in pairwise(revisions):
        if after.tree in touched:
            continue  # the person went back to it
        edited, parted = touched[before.tree]
        paths = await _changed(ctx, before.tree, after.tree)
        touched[after.tree] = (
            (edited | paths, parted) if after.left_out is None else (edited, parted | paths)
        )
    return touched[revisions[-1].tree] if revisions else (none, none)


async def _changed(ctx: Context, old: str, new: str) -> set[str]:
    patch = parse_patch(await ctx.workspace.diff(old, new))
    return {name for file in patch.files for name in file.names}


def _whole(paths: list[str]) -> str:
    if not paths:
        return ""
    words = f"{listed(paths)} on the disk {_has_not(paths)} what you edited here"
    rest = "it is" if len(paths) == 1 else "they are"
    command = f"git checkout HEAD -- {_named(paths)}"
    return f"{words}: {command} takes it; otherwise {rest} as in the commit."


def _rest(paths: list[str]) -> str:
    """Files of which something was left out as well, or which the edit removed."""
    if not paths:
        return ""
    words = f"{listed(paths)} on the disk {_has_not(paths)} all that you edited here"
    return f"{words}: git diff HEAD -- {_named(paths)} shows the difference."


def _has_not(paths: list[str]) -> str:
    return "does not have" if len(paths) == 1 else "do not have"


def _named(paths: Iterable[str]) -> str:
    """Files in a command; a name that could not be typed as it is shown is not in it."""
    names = list(paths)
    plain = all(name == visible(name) and not name.startswith('"') for name in names)
    return shlex.join(names) if plain and len(names) <= _IN_A_COMMAND else "FILE"
