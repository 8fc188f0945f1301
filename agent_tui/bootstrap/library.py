"""What can be done with saved sessions: verify, look at files, check out."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from agent_tui.bootstrap.environment import Options, UsageError
from agent_tui.bootstrap.saved import look_at, saved_path
from agent_tui.domain.base import BlobRef
from agent_tui.domain.events import GateOpened
from agent_tui.domain.patch import parse_patch
from agent_tui.domain.state import State
from agent_tui.domain.text import one_line
from agent_tui.ports import WorkspaceError
from agent_tui.sessions.blobs import get_blob
from agent_tui.sessions.files import LogError
from agent_tui.sessions.replay import Replay
from agent_tui.sessions.saved import SavedSession
from agent_tui.sessions.verify import Report, verify_folder
from agent_tui.workspace.inspect import Inspection

_ATTEMPT = re.compile(r"a(\d+)")
_GATE = re.compile(r"(spec|diff|verdict|message)(\d*)")


def at_step(options: Options, name: str) -> tuple[SavedSession, int]:
    """The session and the position that ``ID@STEP`` names; without a step, the end.

    A step is a number of records, ``a2`` (attempt 2), ``diff2`` (the second diff gate; without a
    number the last one) or ``end``. All of it is read.

    Raises:
        UsageError: If there is no such step.
        LogError: If there is no such session.
    """
    whole = "@" not in name or Path(name).exists()  # a folder's name may have one
    session, _, step = (name, "", "end") if whole else name.rpartition("@")
    saved = look_at(options, session)
    saved.read_all()
    replay = Replay(saved.log)
    if step == "end":
        return saved, replay.length
    if step.isdecimal() and 0 < int(step) <= replay.length:
        return saved, int(step)
    if match := _ATTEMPT.fullmatch(step):
        places = replay.places("attempt")
        if 0 < int(match[1]) <= len(places):
            return saved, places[int(match[1]) - 1]
    if match := _GATE.fullmatch(step):
        places = tuple(_gates(saved, replay, match[1]))
        number = int(match[2]) if match[2] else len(places)
        if 0 < number <= len(places):
            return saved, places[number - 1]
    raise UsageError(
        f"{one_line(saved.id)} has no step {one_line(step)!r}: write a number from 1 to "
        f"{replay.length}, a1 for the first attempt, diff2 for the second diff gate (or spec, "
        "verdict, message), or end."
    )


def _gates(saved: SavedSession, replay: Replay, kind: str) -> Iterator[int]:
    for place in replay.places("gate"):
        event = saved.log[place - 1].event
        if isinstance(event, GateOpened) and event.gate.kind == kind:
            yield place


# -- verify ----------------------------------------------------------------------------------


def verify_session(options: Options, name: str) -> Report:
    """Check a session's log, and the repository's objects where the repository is there.

    Raises:
        LogError: If there is no such session, or none that can be read.
    """
    path = saved_path(options, name)
    folder = path.parent if path.is_file() and path.name == "events.jsonl" else path
    if not folder.is_dir():
        raise LogError(f"{path} is one file; unpack it, or verify the session's folder")
    report = verify_folder(folder)
    root = Path(report.started.repo.root) if report.started else None
    if root is None or not root.is_dir():
        report.notes.append("the repository is not here, so git's objects were not checked")
        return report
    try:
        with Inspection(root) as inspection:
            _verify_objects(report, inspection, lambda ref: get_blob(folder, ref))
    except WorkspaceError as error:
        report.notes.append(f"git's objects were not checked: {error}")
    return report


def _verify_objects(
    report: Report, inspection: Inspection, blob: Callable[[BlobRef], bytes]
) -> None:
    problems = report.problems
    for tree, base, patch in dict.fromkeys(
        (tree, base, (patch.digest, patch.size)) for tree, base, patch in report.revisions
    ):
        if not inspection.has(tree, "tree"):
            report.notes.append(f"the tree {tree[:12]} is not in the repository any more")
            continue
        try:
            stored = blob(BlobRef(digest=patch[0], size=patch[1]))
        except LogError:
            continue  # said already
        if inspection.has(base, "tree") and inspection.diff(base, tree) != stored:
            problems.append(f"the stored patch of the tree {tree[:12]} is not the diff to it")
    for done, approval in report.commits:
        if not inspection.has(done.commit, "commit"):
            problems.append(f"the commit {done.commit[:12]} is not in the repository any more")
            continue
        tree, parents, message = inspection.commit(done.commit)
        if tree != done.tree or (approval is not None and tree != approval.tree):
            problems.append(
                f"the commit {done.commit[:12]} has the tree {tree[:12]}, which is not the one "
                "that was approved"
            )
        if approval is not None and parents != ((approval.parent,) if approval.parent else ()):
            problems.append(f"the commit {done.commit[:12]} has another parent than was approved")
        if report.started and f"Agent-Tui-Session: {report.started.session}" not in message:
            problems.append(f"the commit {done.commit[:12]} does not name this session")


# -- files -----------------------------------------------------------------------------------


def tree_of(state: State) -> str:
    """The tree that a session had at a state: of the last revision, or the one it started from.

    Raises:
        UsageError: If the session had not begun.
    """
    if state.session is None:
        raise UsageError("The session has no files before its first record.")
    return state.revision.tree if state.revision else state.session.repo.tree


def check_out(saved: SavedSession, position: int, folder: Path) -> str:
    """Make a new worktree with the files of a step; gives the name of their tree.

    Raises:
        UsageError: If the session had not begun.
        WorkspaceError: If the repository or the tree is gone, or the folder is not empty.
    """
    state = saved.log.state_at(position)
    tree = tree_of(state)
    if state.session is None:
        raise UsageError("The session has no files before its first record.")
    repo = state.session.repo
    if not Path(repo.root).is_dir():
        raise WorkspaceError(
            f"the repository {repo.root} is not here; `agent-tui sessions show --patch` writes "
            "the change as a patch."
        )
    with Inspection(Path(repo.root)) as inspection:
        inspection.check_out(tree, repo.commit, folder)
    return tree


def patch_at(saved: SavedSession, position: int) -> bytes:
    """The change of the revision in force at a step; empty before there is one.

    Raises:
        LogError: If the stored patch is missing or damaged.
    """
    revision = saved.log.state_at(position).revision
    return saved.blob(revision.patch) if revision else b""


@dataclass(frozen=True)
class Files:
    """The files of a step, from the repository's objects or, without it, from the stored patch.

    Attributes:
        paths: All of them, or those that the patch touches where the repository is not there.
        whole: Whether these are all files.
    """

    paths: tuple[str, ...]
    whole: bool
    root: Path | None
    tree: str

    def read(self, path: str) -> bytes:
        """One file's bytes.

        Raises:
            UsageError: If there is none, or the repository is not there.
        """
        if self.root is None:
            raise UsageError("The repository is not here: only the patch is, with --patch.")
        with Inspection(self.root) as inspection:
            data = inspection.read(self.tree, path)
        if data is None:
            raise UsageError(f"There is no file {path!r} at that step.")
        return data

    def diff(self, other: "Files") -> bytes:
        """The change from these files to those of another step.

        Raises:
            UsageError: If the repository is not there.
        """
        if self.root is None:
            raise UsageError("The repository is not here, so two steps cannot be compared.")
        with Inspection(self.root) as inspection:
            return inspection.diff(self.tree, other.tree)


def files_at(saved: SavedSession, position: int) -> Files:
    """The files of a step.

    Raises:
        UsageError: If the session had not begun.
        LogError: If neither the repository nor the stored patch is there.
    """
    state = saved.log.state_at(position)
    tree = tree_of(state)
    root = Path(state.session.repo.root) if state.session else None
    if root is not None and root.is_dir():
        try:
            with Inspection(root) as inspection:
                if inspection.has(tree, "tree"):
                    return Files(inspection.files(tree), True, root, tree)
        except WorkspaceError:
            pass  # no repository any more: the patch is what is left
    patch = parse_patch(patch_at(saved, position))
    return Files(tuple(file.path for file in patch.files), False, None, tree)
