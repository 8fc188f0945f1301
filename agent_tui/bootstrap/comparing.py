"""Sessions side by side: read, and what lies between what two of them made."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_tui.bootstrap.environment import Options, UsageError, load_configuration, open_store
from agent_tui.bootstrap.library import at_step, files_at
from agent_tui.bootstrap.saved import shipped_sessions
from agent_tui.domain.text import one_line
from agent_tui.ports import WorkspaceError
from agent_tui.sessions.catalog import Catalog
from agent_tui.sessions.compare import Compared, compared
from agent_tui.sessions.files import LogError
from agent_tui.sessions.labels import read_labels
from agent_tui.sessions.saved import SavedSession
from agent_tui.sessions.store import open_path
from agent_tui.sessions.summary import SessionSummary, summarize
from agent_tui.workspace.inspect import Inspection

MOST = 12
"""Sessions that are compared at once: more columns than that, nobody reads."""


KIN = ("parent", "fork", "sibling", "same request", "same place", "other", "shipped")
"""How sessions are related, the nearest first; one of the same place is of the same repository."""


@dataclass(frozen=True)
class Column:
    """A session that is compared, and where its log is."""

    saved: SavedSession
    one: Compared


def read_columns(options: Options, names: Sequence[str]) -> tuple[Column, ...]:
    """Sessions to be compared, by ``ID``, ``ID@STEP`` or path, in that order. Blocks.

    Raises:
        UsageError: If there are fewer than two or more than twelve, or there is no such step.
        LogError: If there is no such session, or one cannot be read.
    """
    if not 2 <= len(names) <= MOST:
        raise UsageError(f"Name two to {MOST} sessions (ID, ID@STEP or a file) to compare.")
    columns = []
    for name in names:
        saved, position = at_step(options, name)
        if not position:
            raise LogError(f"session {one_line(name)} has no records to compare")
        label = read_labels(saved.folder).name if saved.folder is not None else ""
        columns.append(Column(saved, compared(saved, position, label)))
    return tuple(columns)


def change_between(first: Column, second: Column) -> bytes:
    """The change from the files of one session to those of another, as a patch. Blocks.

    Raises:
        UsageError: If no repository that is here has the files of both, with the reason.
        LogError: If a stored patch is damaged.
    """
    found = [files_at(column.saved, column.one.position) for column in (first, second)]
    for column, files in zip((first, second), found, strict=True):
        if not files.whole or files.root is None:
            session = column.one.state.session
            where = one_line(session.repo.root, 200) if session is not None else ""
            raise UsageError(
                f"The files of {one_line(column.one.id, 60)} are not here, only its change is: "
                f"its repository {where} is gone, or has let go of them."
            )
    one, other = found
    roots = dict.fromkeys(files.root for files in found if files.root is not None)
    for root in roots:
        with Inspection(Path(root)) as inspection:
            if inspection.has(one.tree, "tree") and inspection.has(other.tree, "tree"):
                try:
                    return inspection.diff(one.tree, other.tree)
                except WorkspaceError as error:
                    raise UsageError(str(error)) from error
    raise UsageError("The two sessions are of different repositories: their files have no common "
                     "ground to be compared on.")  # fmt: skip


def relatives(options: Options, session: str) -> list[tuple[str, SessionSummary]]:
    """What a session can be compared with, and how it is related; the nearest first. Blocks.

    Args:
        session: Its id.

    Raises:
        ConfigError: If a settings file is wrong.
        LogError: If the sessions' folder cannot be read.
    """
    catalog = Catalog(open_store(options, load_configuration(options, None)))
    try:
        rows = catalog.refresh()
    finally:
        catalog.close()
    own = next((row for row in rows if row.id == session), None)
    found = [(_kin(own, row), row) for row in rows if row.id != session and not row.problem]
    for path in shipped_sessions():  # read, and nothing is kept beside them
        if path.stem != session:
            found.append(("shipped", summarize(path.stem, path, open_path(path).records)))
    return sorted(found, key=lambda pair: KIN.index(pair[0]))


def _kin(own: SessionSummary | None, row: SessionSummary) -> str:
    if own is None:
        return "other"
    if row.id == own.parent:
        return "parent"
    if row.parent == own.id:
        return "fork"
    if own.parent and row.parent == own.parent:
        return "sibling"
    if row.root != own.root:
        return "other"
    return "same request" if row.request == own.request else "same place"
