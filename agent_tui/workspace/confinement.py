"""What the commands of one repository may see and change, wherever they run.

In the sandbox a command finds the files that it works on in the place of the person's checkout:
paths in its output lead to the person's files, and what was installed from that checkout
("editable") is the tree that is judged, not the checkout.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from agent_tui.workspace.sandbox import Bounds, Mount, Sandbox, find_sandbox


@dataclass(frozen=True, slots=True)
class Confinement:
    """The sandbox, and what the settings let through.

    Attributes:
        read: Files and folders that commands may read: absolute, or in the person's checkout.
        caches: Folders that commands share and may write: absolute, or by a name in the checkout,
            in whose place they then see a folder of ours.
        cache_folder: Where those folders of ours are.
    """

    sandbox: Sandbox
    read: tuple[Path, ...] = ()
    caches: tuple[Path, ...] = ()
    cache_folder: Path | None = None

    def bounds(self, root: Path, files: Path, *more: Mount, network: bool = False) -> Bounds:
        """The bounds of a command that works on *files* as if they were the checkout *root*.

        Args:
            more: Further mounts.
        """
        return Bounds(
            (
                Mount(files, root, writable=True),
                *(self._readable(root, path) for path in self.read),
                *self._caches(root),
                *more,
            ),
            network=network,
        )

    def _readable(self, root: Path, path: Path) -> Mount:
        if path.is_absolute():
            return Mount(path, path, optional=True)
        source = root / path
        if not _is_inside(source, root):  # a link of the repository's leads somewhere else
            source = Path(os.devnull, "none")
        return Mount(source, root / path, optional=True)

    def _caches(self, root: Path) -> tuple[Mount, ...]:
        mounts = []
        for path in self.caches:
            source = path
            if not path.is_absolute():
                if self.cache_folder is None:
                    continue
                name = hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
                source = self.cache_folder / name / path
                source.mkdir(mode=0o700, parents=True, exist_ok=True)
            mounts.append(Mount(source, root / path, writable=True, optional=True))
        return tuple(mounts)


def unconfined() -> Confinement:
    """No sandbox, as it was asked for."""
    return Confinement(Sandbox("none", "it is switched off"))


def default_confinement() -> Confinement:
    """The machine's sandbox, and nothing let through. Blocks."""
    return Confinement(find_sandbox())


def _is_inside(path: Path, root: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return False
