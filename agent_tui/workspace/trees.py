"""Trees and the worktree's files: snapshots, resets, diffs, selections. All of it synchronous."""

import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from agent_tui.domain.decision import Selection
from agent_tui.domain.patch import Patch, PatchError, path_from_bytes, path_to_bytes
from agent_tui.domain.text import one_line
from agent_tui.ports import WorkspaceError
from agent_tui.workspace.files import find_file, remove_special_files
from agent_tui.workspace.git import Git, Place
from agent_tui.workspace.paths import parts_of, refusal
from agent_tui.workspace.repository import Location, object_name, settings
from agent_tui.workspace.selection import Put, RawChange, plan_selection
from agent_tui.workspace.store import Store

REFS = "refs/agent-tui"
"""Below this, one ref for each tree of a session keeps it from being collected as garbage."""

_READING_S = 120.0
"""Seconds that reading objects may take, of which some may be another's."""

_FILE_MODES = ("100644", "100755", "120000")
_DIFF = (
    "--histogram", "--find-renames=50%", "-l1000", "--unified=3", "--inter-hunk-context=0",
    "--indent-heuristic", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv",
    "--no-relative", "--src-prefix=a/", "--dst-prefix=b/", "--submodule=short",
    "--ignore-submodules=none", f"-O{os.devnull}",
)  # fmt: skip
"""Every option that the person's own ``diff.*`` settings would decide otherwise."""

_RENAMES = _DIFF[1:3]
_COPIES = ("--find-copies=50%",)
_MOST_SOURCES, _MOST_PAIRS = 500, 10_000
"""Changed files, and pairs of these with added ones, up to which git may read and compare them."""


class Trees:
    """What one session does with trees.

    Attributes:
        user: The person's checkout; only refs are written there.
        base_tree: Name of the tree that the session started from.
    """

    def __init__(
        self,
        git: Git,
        store: Store,
        location: Location,
        *,
        user: Place,
        root: Path,
        session: str,
        base_tree: str,
    ) -> None:
        self.git = git
        self.store = store
        self.location = location
        self.user = user
        self.base_tree = base_tree
        self._session = session
        self._work = store.at(root, self.index)
        self._kept_alive = {base_tree, location.empty_tree}
        self._also_tracked: tuple[bytes, ...] = ()

    @property
    def nothing(self) -> tuple[None, str]:
        """Mode and object where there is no file."""
        return None, self.location.zero

    @property
    def index(self) -> Path:
        """The private index that belongs to the worktree."""
        return self.store.git_dir / "index"

    def reset(self, tree: str) -> None:
        """Make the worktree's files equal to *tree*."""
        object_name(tree)
        self._work.cwd.mkdir(exist_ok=True)
        # Whatever is in the way goes first: then nothing has to be overwritten.
        self.git.run("read-tree", "--reset", tree, at=self._work)
        self.git.run("clean", "-ffdxq", at=self._work)
        remove_special_files(self._work.cwd)
        self.git.run("read-tree", "--reset", "-u", tree, at=self._work)
        self._also_tracked = ()
        if tree != self.base_tree:
            added = self.git.run(
                "diff-tree", "-r", "-z", "--no-renames", "--name-only", "--diff-filter=A",
                self.base_tree, tree, at=self.store.trees,
            )  # fmt: skip
            self._also_tracked = tuple(added.split(b"\0")[:-1])

    def snapshot(self) -> str:
        """The worktree's content as a tree, which is kept alive.

        Raises:
            WorkspaceError: If it holds another repository, or a change of a file that goes through
                a filter, whose result cannot be known without running it.
        """
        work = self._work
        self.git.run("read-tree", "--reset", self.base_tree, at=work)
        self.git.run("add", "--all", at=work)
        if present := [p for p in self._also_tracked if self._is_file(p)]:
            # They are part of the attempt even when a rule of .gitignore now names them.
            self.git.run(
                "update-index", "--add", "-z", "--stdin", at=work, stdin=b"\0".join(present) + b"\0"
            )
        tree = self.git.line("write-tree", at=work)
        changes = self.raw(self.base_tree, tree)
        for change in changes:
            if change.new_mode == "160000" and change.old_oid != change.new_oid:
                raise WorkspaceError(
                    f"'{one_line(change.path)}' in the worktree is a git repository of its own: "
                    "remove it, or its .git folder."
                )
        self.refuse_filtered(changes)
        self.keep(tree)
        return tree

    def keep(self, tree: str) -> None:
        """Keep that tree from being collected as garbage."""
        if tree not in self._kept_alive:
            self.git.run("update-ref", f"{REFS}/{self._session}/{tree}", tree, at=self.user)
            self._kept_alive.add(tree)

    def diff(self, old: str, new: str) -> bytes:
        """The change between two trees, the same bytes for the same trees on any machine."""
        return self.git.run(
            "diff-tree", "-r", "-p", *_DIFF, *self._copies(old, new), object_name(old),
            object_name(new), at=self.store.trees,
        )  # fmt: skip

    def _copies(self, old: str, new: str) -> tuple[str, ...]:
        """The option to look for copies among the changed files, where that takes no time."""
        changes = self.raw(old, new)
        added = sum(change.old_mode is None for change in changes)
        sources = len(changes) - added
        few = sources <= _MOST_SOURCES and added * sources <= _MOST_PAIRS
        return _COPIES if added and few else ()

    def _changes_of(self, patch: Patch, old: str, new: str) -> list[RawChange]:
        """The changes as they are in a patch, which may be from before copies were looked for."""
        shown = {(file.path, file.old_path or file.path) for file in patch.files}
        changes = self.raw(old, new, *_RENAMES, *self._copies(old, new))
        if {(change.path, change.old_path) for change in changes} != shown:
            changes = self.raw(old, new, *_RENAMES)
        return changes

    def patch(self, old: str, new: str) -> bytes:
        """The same with the content of binary files, so that it can be applied elsewhere."""
        return whole_patch(self.git, self.store.trees, old, new)

    def raw(self, old: str, new: str, *find: str) -> list[RawChange]:
        """The changed paths, with modes and object names; *find*: options for renames, copies."""
        if old == new:
            return []
        out = self.git.run(
            "diff-tree", "-r", "-z", "--raw", "--no-abbrev", *(find or ("--no-renames",)),
            object_name(old), object_name(new), at=self.store.trees,
        )  # fmt: skip
        return list(_parse_raw(out))

    def read(self, tree: str, path: str) -> bytes | None:
        """A file's bytes in a tree, or None when there is no such file."""
        object_name(tree)
        try:
            name = path_to_bytes(path)
        except (PatchError, UnicodeEncodeError):
            return None
        if b"\0" in name or not {b"", b".", b".."}.isdisjoint(name.split(b"/")):
            return None
        out = self.git.run("ls-tree", "-z", "--full-tree", tree, "--", name, at=self.store.trees)
        entry, _, found = out.removesuffix(b"\0").partition(b"\t")
        if found != name or entry[:6].decode() not in _FILE_MODES:
            return None
        return self.git.run("cat-file", "blob", entry.split(b" ")[2], at=self.store.trees)

    def refuse_submodules(self, paths: Iterable[str]) -> None:
        """Refuse paths inside a submodule: git would not take them into a tree.

        Raises:
            WorkspaceError: Naming the first of them.
        """
        folders: dict[bytes, str] = {}
        for path in paths:
            parts = parts_of(path)
            for depth in range(1, len(parts)):
                folders.setdefault(b"/".join(parts[:depth]), path)
        if not folders:
            return
        out = self.git.run(
            "ls-tree", "-z", "--full-tree", self.base_tree, "--", *folders, at=self.store.trees
        )
        for entry in out.split(b"\0"):
            if entry.startswith(b"160000"):
                raise refusal(folders[entry.partition(b"\t")[2]], "it lies in a submodule")

    def files(self, tree: str) -> tuple[str, ...]:
        """All paths of a tree."""
        out = self.git.run(
            "ls-tree", "-r", "-z", "--name-only", "--full-tree", object_name(tree),
            at=self.store.trees,
        )  # fmt: skip
        return tuple(path_from_bytes(name) for name in out.split(b"\0")[:-1])

    def entries(self, tree: str) -> dict[str, tuple[str | None, str]]:
        """Mode and object at each path of a tree; :attr:`nothing` stands for other paths."""
        found: dict[str, tuple[str | None, str]] = {}
        out = self.git.run(
            "ls-tree", "-r", "-z", "--full-tree", object_name(tree), at=self.store.trees
        )
        for line in out.split(b"\0")[:-1]:
            head, _, path = line.partition(b"\t")
            mode, _, oid = head.decode().split(" ")
            found[path_from_bytes(path)] = (mode, oid)
        return found

    def select(self, base: str, target: str, patch: Patch, selection: Selection) -> str:
        """The tree of *target* without what *selection* leaves out of *patch*."""
        object_name(base)
        object_name(target)
        if not selection:
            return target
        changes = self._changes_of(patch, base, target)
        partly = {file.path for file, hunk in patch.hunks if selection.lines.get(hunk.id)} - set(
            selection.files
        )
        wanted = [c.old_oid for c in changes if c.old_mode and c.path in partly]
        ended = [c for c in changes if c.path in selection.ends and c.old_mode and c.new_mode]
        blobs = self._blobs([*wanted, *(oid for c in ended for oid in (c.old_oid, c.new_oid))])
        plan = plan_selection(changes, patch, selection, blobs)
        if not plan:
            return target
        written = self._write_blobs([p.content for p in plan.values() if p and _new(p)])
        entries: dict[str, tuple[str, str] | None] = {}
        for path, put in plan.items():
            oid = put and (next(written) if _new(put) else str(put.content))
            entries[path] = (put.mode, oid) if put and oid else None
        tree = self.with_entries(target, entries)
        self.keep(tree)
        return tree

    def export(self, tree: str, folder: Path) -> Path:
        """Write the files of *tree* into that empty folder; gives the index that goes with it."""
        index = self.store.new_index()
        at = self.store.at(folder, index)
        self.git.run("read-tree", "--reset", "-u", object_name(tree), at=at)
        return index

    def recorded(self, folder: Path, index: Path) -> str:
        """The tree of an export after something worked on it: its index and its tracked files."""
        at = self.store.at(folder, index)
        self.git.run("add", "--update", at=at)
        tree = self.git.line("write-tree", at=at)
        self.keep(tree)
        return tree

    def take_over(self, index: Path, objects: Path) -> None:
        """Write into the repository what an index names and only *objects* has.

        Args:
            objects: A store of objects that something else wrote: nothing in it is believed.

        Raises:
            WorkspaceError: If an object is not there, or is not what its name says.
        """
        remove_special_files(objects)
        shutil.rmtree(objects / "info", ignore_errors=True)  # it could name other stores
        at = self.store.without_work_tree(index)
        listed = self.git.run("ls-files", "-s", "-z", at=at).split(b"\0")[:-1]
        names = {e.split(b" ")[1].decode() for e in listed if not e.startswith(b"160000")}
        missing = sorted(names - set(self._blobs(sorted(names), check=True)))
        private = replace(self.store.trees, objects=objects)
        blobs = self._blobs(missing, at=private)
        written = self._write_blobs(list(blobs.values()))
        if set(blobs) != set(missing) or any(a != b for a, b in zip(blobs, written, strict=True)):
            raise WorkspaceError("what a commit hook staged cannot be read: it was left out.")

    def _blobs(
        self, oids: list[str], *, at: Place | None = None, check: bool = False
    ) -> dict[str, bytes]:
        """The bytes of some blobs, by name. What is no blob (a submodule's commit) is left out.

        Args:
            at: Where they are; the repository when None.
            check: Leave the bytes out.
        """
        if not oids:
            return {}
        names = "".join(f"{object_name(oid)}\n" for oid in oids)
        place = at or self.store.trees
        if check:
            out = self.git.run("cat-file", "--batch-check", at=place, stdin=names.encode())
            lines = (line.split(" ") for line in out.decode().splitlines())
            return {words[0]: b"" for words in lines if words[1:2] == ["blob"]}
        out = self.git.run(
            "cat-file", "--batch", at=place, stdin=names.encode(), timeout_s=_READING_S
        )
        blobs, here = {}, 0
        while here < len(out):
            end = out.index(b"\n", here)
            oid, kind, *size = out[here:end].decode().split(" ")
            here = end + 1
            if not size:
                continue
            if kind == "blob":
                blobs[oid] = out[here : here + int(size[0])]
            here += int(size[0]) + 1
        return blobs

    def _write_blobs(self, contents: list[str | bytes]) -> Iterator[str]:
        """Names of new blobs with those bytes, exactly, in order."""
        if not contents:
            return iter(())
        folder = self.store.new_folder("blobs")
        try:
            for number, content in enumerate(contents):
                data = content if isinstance(content, bytes) else content.encode()
                (folder / str(number)).write_bytes(data)
            names = "".join(f"{n}\n" for n in range(len(contents)))
            out = self.git.run(
                "hash-object", "-w", "--no-filters", "--stdin-paths",
                at=replace(self.store.trees, cwd=folder), stdin=names.encode(),
            )  # fmt: skip
        finally:
            shutil.rmtree(folder)
        return iter(out.decode().split())

    def with_entries(self, tree: str, entries: dict[str, tuple[str, str] | None]) -> str:
        """*tree* with other entries at those paths."""
        index = self.store.new_index()
        at = self.store.without_work_tree(index)
        lines = []
        for path, entry in sorted(entries.items(), key=lambda item: item[1] is not None):
            mode, oid = entry or ("0", self.location.zero)
            lines.append(f"{mode} {oid}\t".encode() + path_to_bytes(path) + b"\0")
        try:
            self.git.run("read-tree", tree, at=at)
            self.git.run("update-index", "-z", "--index-info", at=at, stdin=b"".join(lines))
            return self.git.line("write-tree", at=at)
        finally:
            index.unlink(missing_ok=True)

    def _is_file(self, name: bytes) -> bool:
        found = find_file(self._work.cwd, name)
        return found is not None and (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode))

    def refuse_filtered(self, changes: list[RawChange]) -> None:
        """Refuse changes of files that go through a filter, which is not run.

        Raises:
            WorkspaceError: Naming the first of them.
        """
        old_oids = {change.old_oid for change in changes}
        new = [c.path for c in changes if c.new_mode and c.new_oid not in old_oids]
        if not new:
            return
        work = self._work
        out = self.git.run(
            "check-attr", "-z", "--stdin", "filter", "working-tree-encoding",
            at=replace(self.user, work_tree=work.cwd, cwd=work.cwd, index=work.index),
            stdin=b"".join(path_to_bytes(path) + b"\0" for path in new),
        ).split(b"\0")  # fmt: skip
        filters: set[bytes] | None = None
        for name, attribute, value in zip(out[::3], out[1::3], out[2::3], strict=False):
            if value in (b"unspecified", b"unset", b"set", b""):
                continue
            if attribute == b"filter":
                filters = self._filters() if filters is None else filters
                if value not in filters:
                    continue
            raise WorkspaceError(
                f"'{one_line(path_from_bytes(name))}' was changed, and its attribute "
                f"{attribute.decode()}={one_line(os.fsdecode(value))} converts it in a way that "
                "is not supported here: change that file yourself, or leave it out."
            )

    def _filters(self) -> set[bytes]:
        """Filters that exist, and git-lfs, without which its files must not be changed either."""
        names = {b"lfs"}
        for entry in settings(self.git, replace(self.user, config=())):
            if entry.key.startswith("filter.") and entry.value:
                names.add(os.fsencode(entry.key[7:].rpartition(".")[0]))
        return names


def entries_of(changes: Iterable[RawChange]) -> dict[str, tuple[str, str] | None]:
    """What a tree has at their paths after these changes, for :meth:`Trees.with_entries`."""
    return {c.path: (c.new_mode, c.new_oid) if c.new_mode else None for c in changes}


def _new(put: Put) -> bool:
    return isinstance(put.content, bytes)


def _parse_raw(out: bytes) -> Iterator[RawChange]:
    fields = iter(out.split(b"\0")[:-1])
    for head in fields:
        old_mode, new_mode, old_oid, new_oid, status = head.decode().lstrip(":").split(" ")
        old = path_from_bytes(next(fields))
        path = path_from_bytes(next(fields)) if status[0] in "RC" else old
        yield RawChange(
            path=path,
            old_path=old,
            old_mode=None if old_mode == "000000" else old_mode,
            new_mode=None if new_mode == "000000" else new_mode,
            old_oid=old_oid,
            new_oid=new_oid,
            copied=status[0] == "C",
        )


def whole_patch(git: Git, at: Place, old: str, new: str) -> bytes:
    """The change between two trees of a repository, with the content of binary files."""
    return git.run(
        "diff-tree", "-r", "-p", "--binary", *_DIFF, object_name(old), object_name(new), at=at
    )
