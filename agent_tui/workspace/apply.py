"""Applying edits to the person's own working tree: every part of them, or none."""

import os
import stat
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from agent_tui.domain.edits import EditFormat, EditPart, EditResult, FileEdit
from agent_tui.domain.patch import path_from_bytes, path_to_bytes
from agent_tui.domain.text import one_line
from agent_tui.ports import WorkspaceError
from agent_tui.workspace.edits import Formats
from agent_tui.workspace.files import find_file
from agent_tui.workspace.git import Git, GitThread
from agent_tui.workspace.journal import Journal, hold
from agent_tui.workspace.putting_back import make_good
from agent_tui.workspace.repository import Location, locate, user_place
from agent_tui.workspace.swap import Swap, read_file, swap_files

UNCONFIRMED = "some parts need confirming"


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done, or would be.

    Attributes:
        result: Every part; a problem that only the working tree has stands in its part too.
        written: Whether the files were written.
        refused: Why nothing was written although every part applies; "" otherwise.
        note: What was made good of an earlier call that was ended in the middle; "" otherwise.
    """

    result: EditResult
    written: bool
    refused: str = ""
    note: str = ""


async def apply_to_tree(
    folder: Path,
    text: bytes,
    *,
    format: EditFormat | None = None,
    confirmed: bool = False,
    check: bool = False,
) -> Applied:
    """Apply the edits of a text to the working tree around *folder*.

    Args:
        text: In any format, with whatever stands around the edits.
        confirmed: Whether parts that need confirming are agreed to.
        check: Only find out whether it would work.

    Raises:
        EditFormatError: If there are no edits in the text.
        WorkspaceError: If there is no repository that can be worked on.
    """
    thread = GitThread()
    try:
        return await thread.call(_apply, folder, text, format, confirmed, check)
    finally:
        await thread.close()


def _apply(
    folder: Path, text: bytes, format: EditFormat | None, confirmed: bool, check: bool
) -> Applied:
    git = Git()
    location = locate(git, folder)
    with hold(location.git_dir) as journal:
        if check and journal.read() is not None:
            raise WorkspaceError(
                "an earlier agent-tui apply was ended in the middle: apply something, or begin a "
                "session here, and its files are put in order first."
            )
        note = make_good(journal, location.root)
        return replace(
            _apply_held(git, location, journal, text, format, confirmed, check), note=note
        )


def _apply_held(
    git: Git,
    location: Location,
    journal: Journal,
    text: bytes,
    format: EditFormat | None,
    confirmed: bool,
    check: bool,
) -> Applied:
    root = location.root
    before: dict[str, bytes | None] = {}
    blocked: dict[str, str] = {}

    def read(path: str) -> bytes | None:
        try:
            before[path] = read_file(root, path)
        except WorkspaceError as error:
            blocked[path] = str(error).removesuffix(".")
            before[path] = None
        return before[path]

    result = Formats().apply(text, read, format)
    if result.applies:
        user, _ = user_place(git, location)
        out = git.run(
            "status", "--porcelain", "-z", "--no-renames", "--ignored=matching",
            "--untracked-files=all", "--ignore-submodules=all", "--",
            *(path_to_bytes(edit.path) for edit in result.files), at=user,
        ) if result.files else b""  # fmt: skip
        states = {path_from_bytes(entry[3:]): entry[:2] for entry in out.split(b"\0")[:-1]}
        blocked |= dict(_clobbered(result.files, before, states))
    result = replace(result, parts=tuple(_part(part, blocked, root) for part in result.parts))
    if not result.applies:
        return Applied(replace(result, files=()), written=False)
    if not (result.certain or confirmed):
        return Applied(result, False, UNCONFIRMED)
    if not check:
        swaps = [
            Swap(e.path, before[e.path], e.data, None if e.mode is None else e.mode == "100755")
            for e in result.files
        ]
        try:
            swap_files(root, swaps, journal)
        except WorkspaceError as error:
            return Applied(result, False, str(error))
    return Applied(result, written=not check)


def _clobbered(
    edits: Iterable[FileEdit], before: dict[str, bytes | None], states: dict[str, bytes]
) -> Iterable[tuple[str, str]]:
    """The files of which a content would go that git does not have."""
    for edit in edits:
        state = states.get(edit.path, b"")
        if not edit.replaced or before[edit.path] is None or not state:
            continue
        if state in (b"??", b"!!"):
            yield edit.path, "it is not in git, so its content would be lost: move it away first"
        else:
            yield (
                edit.path,
                (
                    "it has changes of yours that are not committed, and would be replaced whole: "
                    "commit or stash them first"
                ),
            )


def _part(part: EditPart, blocked: dict[str, str], root: Path) -> EditPart:
    if problem := blocked.get(part.path):
        return replace(part, problem=problem)
    if not part.problem and (twin := _twin(root, part.path)):
        name = one_line(twin)
        doubt = f"'{name}' exists, which some file systems take for the same file"
        return replace(part, doubts=(*part.doubts, doubt))
    return part


def _twin(root: Path, path: str) -> str | None:
    """A file beside this path whose name differs only in case or in its Unicode form."""
    raw = path_to_bytes(path)
    if find_file(root, raw) is not None:
        return None
    folder, _, name = os.fsdecode(raw).rpartition("/")
    parent = find_file(root, os.fsencode(folder)) if folder else root.lstat()
    if parent is None or not stat.S_ISDIR(parent.st_mode):
        return None
    same = _folded(name)
    entries = (entry.name for entry in os.scandir(root / folder))
    return next((entry for entry in entries if entry != name and _folded(entry) == same), None)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
