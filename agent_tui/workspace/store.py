"""A git directory of our own over the repository's objects.

Most work on trees needs none of the repository's configuration, and a hostile repository can only
run programs through that. So trees are read and written with this private directory: it sees the
same objects, takes over the few settings that decide what a file's content is, and knows no hook,
filter, or remote.
"""

from dataclasses import replace
from pathlib import Path

from agent_tui.workspace.files import TEMPORARY, remove_tree
from agent_tui.workspace.git import Place
from agent_tui.workspace.repository import Location, Setting, last

_CONTENT = (
    "core.autocrlf",
    "core.eol",
    "core.filemode",
    "core.symlinks",
    "core.ignorecase",
    "core.precomposeunicode",
    "core.excludesfile",
    "core.attributesfile",
    "core.bigfilethreshold",
    "core.compression",
    "core.looseCompression",
    "core.sharedrepository",
)
"""Settings of the person's that decide what a file's content or an object's file is."""

_STRICT = (
    ("core.sparseCheckout", "false"),
    ("core.splitIndex", "false"),
    ("core.untrackedCache", "false"),
    ("core.ignoreStat", "false"),
    ("core.trustctime", "true"),
    ("core.checkStat", "default"),
    ("index.sparse", "false"),
    ("core.logAllRefUpdates", "false"),
)


class Store:
    """The private git directory.

    Attributes:
        folder: Readable by its owner only; holds everything temporary as well.
        git_dir: The directory that git takes for the repository.
        trees: Place of commands that need no working tree.
    """

    def __init__(self, folder: Path, location: Location, entries: tuple[Setting, ...]) -> None:
        self.folder = folder
        self.git_dir = folder / "git"
        self._empty = folder / "empty"
        self._files = 0
        remove_tree(folder)
        for part in (folder, self.git_dir, self._empty, self.git_dir / "refs"):
            part.mkdir(mode=0o700)
        info = self.git_dir / "info"
        info.mkdir()
        (self.git_dir / "HEAD").write_text("ref: refs/heads/none\n")
        (self.git_dir / "config").write_text(
            "[core]\n\trepositoryformatversion = 1\n\tbare = false\n"
            f"[extensions]\n\tobjectformat = {location.object_format}\n"
        )
        theirs = location.common_dir / "info"
        (info / "exclude").write_bytes(_read(theirs / "exclude") + f"\n{TEMPORARY}*\n".encode())
        # The last line of the file with the highest precedence: no filter for any path.
        (info / "attributes").write_bytes(_read(theirs / "attributes") + b"\n* -filter\n")
        taken = ((key, last(entries, key.lower())) for key in _CONTENT)
        self.trees = Place(
            cwd=self._empty,
            git_dir=self.git_dir,
            work_tree=self._empty,
            index=self.git_dir / "no-index",
            objects=location.common_dir / "objects",
            config=(
                *((key, e.value if e.value is not None else "true") for key, e in taken if e),
                *_STRICT,
            ),
        )

    def at(self, work_tree: Path, index: Path) -> Place:
        """Place of commands that work on files."""
        return replace(self.trees, cwd=work_tree, work_tree=work_tree, index=index)

    def new_index(self) -> Path:
        """A path for another private index."""
        self._files += 1
        return self.folder / f"index-{self._files}"

    def new_folder(self, name: str) -> Path:
        """Another private, empty folder."""
        self._files += 1
        made = self.folder / f"{name}-{self._files}"
        made.mkdir(mode=0o700)
        return made

    def without_work_tree(self, index: Path) -> Place:
        """Place of commands that only need that index."""
        return replace(self.trees, index=index)

    def close(self) -> None:
        """Remove all of it."""
        remove_tree(self.folder)


def _read(file: Path) -> bytes:
    # Only a plain file: a FIFO would never end.
    return file.read_bytes() if file.is_file() else b""
