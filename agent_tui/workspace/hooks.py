"""The person's commit hooks, on a throw-away checkout of the approved tree.

In the sandbox they find it in the place of the person's own checkout. They may write there, and
what they stage goes into a store of objects of their own: the repository's is only read.

``pre-commit``, ``prepare-commit-msg`` and ``commit-msg`` run, in git's order. ``post-commit`` and
whatever else git would start after a commit does not.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_tui.domain.text import decode
from agent_tui.ports import CommandResult
from agent_tui.workspace.confinement import Confinement
from agent_tui.workspace.environment import scrubbed_environment
from agent_tui.workspace.git import Git, Place, config_environment
from agent_tui.workspace.gitview import COMMON
from agent_tui.workspace.repository import Location, last, settings
from agent_tui.workspace.runner import run_command, run_in
from agent_tui.workspace.sandbox import Mount

HOOKS = ("pre-commit", "prepare-commit-msg", "commit-msg")
TIMEOUT_S = 600.0
"""Seconds that each hook may take."""


@dataclass(frozen=True, slots=True)
class HookPlace:
    """Where hooks run.

    Attributes:
        folder: The checkout; git finds its repository from there.
        index: Its index, equal to the tree.
        message: The file with the commit message.
    """

    folder: Path
    index: Path
    message: Path
    box: "HookBox | None" = None


@dataclass(frozen=True, slots=True)
class HookBox:
    """The sandbox of hooks.

    Attributes:
        root: Where they see the checkout: the place of the person's own.
        state: The folder with the index and the message, and the objects that they write.
        git: Mounts that show the repository.
        identity: The person, as variables.
    """

    confinement: Confinement
    root: Path
    state: Path
    git: tuple[Mount, ...]
    common_dir: Path
    identity: Mapping[str, str]

    @property
    def objects(self) -> Path:
        """The store that they write to."""
        return self.state / "objects"

    def hook(self, hook: Path) -> tuple[Path, Mount]:
        """Where they see a hook, and the mount that puts it there."""
        folder = Path(os.path.normpath(hook.parent))
        inside = folder.is_relative_to(self.common_dir)
        at = COMMON / folder.relative_to(self.common_dir) if inside else folder
        return at / hook.name, Mount(folder, at)


def find_hooks(git: Git, location: Location) -> tuple[Path, ...]:
    """The commit hooks that git would run in the person's checkout."""
    at = Place(location.root, location.git_dir, location.root)
    folder = location.common_dir / "hooks"
    entry = last(settings(git, at), "core.hookspath")
    if entry is not None and entry.value:
        own = os.path.expanduser(entry.value)  # noqa: PTH111 (a relative path stays relative)
        folder = location.root / own
    found = (folder / name for name in HOOKS)
    return tuple(hook for hook in found if hook.is_file() and os.access(hook, os.X_OK))


async def run_hook(hook: Path, place: HookPlace) -> CommandResult:
    """Run one hook as ``git commit`` would."""
    args: Sequence[str] = {
        "pre-commit": (),
        "prepare-commit-msg": (str(place.message), "message"),
        "commit-msg": (str(place.message),),
    }[hook.name]
    env = scrubbed_environment(
        {
            "GIT_INDEX_FILE": str(place.index),
            "GIT_EDITOR": ":",
            "GIT_PREFIX": "",
            "GIT_TERMINAL_PROMPT": "0",
            # What a hook stages has to be readable without its own checkout.
            **config_environment((("core.splitIndex", "false"), ("core.fsmonitor", "false"))),
        }
    )
    box = place.box
    if box is None:
        return await run_command([str(hook), *args], place.folder, env, TIMEOUT_S)
    env |= {
        **box.identity,
        "GIT_OBJECT_DIRECTORY": str(box.objects),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(COMMON / "objects"),
    }
    program, mount = box.hook(hook)
    state = Mount(box.state, box.state, writable=True)
    bounds = box.confinement.bounds(box.root, place.folder, *box.git, mount, state)
    sandbox = box.confinement.sandbox
    return await run_in(sandbox, bounds, [str(program), *args], box.root, env, TIMEOUT_S)


def read_message(file: Path, before: str) -> str:
    """The message after the hooks; *before* itself if they left it alone."""
    data = file.read_bytes() if file.is_file() and not file.is_symlink() else before.encode()
    text = decode(data)
    return before if text == before or text == before + "\n" else text.rstrip() + "\n"
