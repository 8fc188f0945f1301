"""Sessions that are only read: by path, by id, or those that ship."""

import hashlib
from pathlib import Path

from agent_tui.bootstrap.environment import Options, UsageError, load_configuration, open_store
from agent_tui.config import paths
from agent_tui.sessions.log import EVENTS
from agent_tui.sessions.marks import FILE as MARKS
from agent_tui.sessions.packed import SUFFIX
from agent_tui.sessions.saved import SavedSession, open_saved
from agent_tui.sessions.store import ReadSession, open_path


def saved_path(options: Options, name: str | None) -> Path:
    """Where a session is: a path, an id (or its beginning), or one that ships with the program.

    Raises:
        UsageError: If no name is given.
        LogError: If nothing has that name.
    """
    shipped = {path.stem: path for path in shipped_sessions()}
    if name is None:
        raise UsageError("Name a session: " + ", ".join(shipped))
    if name in shipped:
        return shipped[name]
    path = Path(name).expanduser()
    if path.exists():
        return path
    store = open_store(options, load_configuration(options, None))
    return store.path(store.resolve(name))


def find_saved(options: Options, name: str | None) -> ReadSession:
    """All of a saved session; for the names see :func:`saved_path`.

    Raises:
        UsageError: If no name is given.
        LogError: If there is none, or it cannot be read.
    """
    return _read(saved_path(options, name))


def _read(path: Path) -> ReadSession:
    """A file that another agent wrote is recognised by its content."""
    if path.is_file() and path.name != EVENTS and path.suffix != SUFFIX:
        # The readers of other agents' files are loaded for such a file alone.
        from agent_tui.bootstrap.importing import read_foreign  # noqa: PLC0415

        return read_foreign(path)
    return open_path(path)


def look_at(options: Options, name: str | None) -> SavedSession:
    """A saved session whose records are read when they are looked at.

    Raises:
        UsageError: If no name is given.
        LogError: If there is none, or it cannot be read.
    """
    return open_saved(saved_path(options, name), _read)


def marks_file(options: Options, saved: SavedSession) -> Path:
    """Where a person's bookmarks on a session are: in its folder, if that is in the store.

    Raises:
        ConfigError: If a settings file is wrong.
    """
    store = open_store(options, load_configuration(options, None))
    if saved.folder is not None and saved.folder.resolve().parent == store.folder.resolve():
        return saved.folder / MARKS
    started = saved.log[0].model_dump_json() if len(saved.log) else saved.id
    name = hashlib.sha256(started.encode()).hexdigest()[:24]
    return store.folder.parent / "marks" / f"{name}.json"


def shipped_sessions() -> list[Path]:
    """The saved sessions that ship with the program."""
    folder = paths.shipped_sessions()
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if (path / EVENTS).is_file() or (path.suffix == SUFFIX and path.is_file())
    )
