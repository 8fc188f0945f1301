"""Sessions that are only read: by path, by id, or those that ship."""

from pathlib import Path

from agent_tui.bootstrap.environment import Options, UsageError, load_configuration, open_store
from agent_tui.bootstrap.transfer import read_foreign
from agent_tui.config import paths
from agent_tui.sessions.log import EVENTS
from agent_tui.sessions.packed import SUFFIX
from agent_tui.sessions.store import ReadSession, open_path


def find_saved(options: Options, name: str | None) -> ReadSession:
    """A session to replay: a path, an id (or its beginning), or one that ships with the program.

    A file that another agent wrote is recognised by its content.

    Raises:
        UsageError: If nothing has that name.
        LogError: If it cannot be read.
    """
    shipped = {path.stem: path for path in shipped_sessions()}
    if name is None:
        raise UsageError("Name a session: " + ", ".join(shipped))
    if name in shipped:
        return open_path(shipped[name])
    path = Path(name).expanduser()
    if path.is_file() and path.name != EVENTS and path.suffix != SUFFIX:
        return read_foreign(path)
    if path.exists():
        return open_path(path)
    store = open_store(options, load_configuration(options, None))
    return store.read(store.resolve(name))


def shipped_sessions() -> list[Path]:
    """The saved sessions that ship with the program."""
    folder = paths.shipped_sessions()
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not path.name.startswith((".", "README")))
