"""Sessions that other agents recorded: taken into the store, or only read."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent_tui.bootstrap.environment import (
    Options,
    UsageError,
    load_configuration,
    open_store,
    redactor_of,
)
from agent_tui.domain.text import one_line
from agent_tui.sessions.files import LogError
from agent_tui.sessions.importers.account import Account
from agent_tui.sessions.importers.load import Context, candidates, load, recognise, save
from agent_tui.sessions.redact import Redactor
from agent_tui.sessions.store import ReadSession


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file.

    Attributes:
        session: The new session's id; empty when the file was only looked at, or not imported.
        account: What became of each line; None when the file was not imported.
        problem: Why it was not imported.
    """

    path: Path
    session: str = ""
    account: Account | None = None
    problem: str = ""


def import_sessions(
    options: Options, path: Path, format: str | None = None, *, dry_run: bool = False
) -> Iterator[Imported]:
    """Import a file, or every session below a folder, into the store.

    Args:
        format: The format's name; None finds it out for each file.
        dry_run: Read and account for everything, and write nothing.

    Raises:
        UsageError: If there is nothing at *path*.
        LogError: If the file cannot be imported. In a folder, that is said for each file.
    """
    if not path.exists():
        raise UsageError(f"There is nothing at {one_line(str(path), 300)}.")
    loaded = load_configuration(options, None)
    store = open_store(options, loaded)
    context = Context(redactor_of(loaded.settings))

    def one(file: Path) -> Imported:
        if dry_run:
            return Imported(file, account=load(file, context, format)[2])
        session = store.new_id()
        return Imported(file, session, save(file, store.folder / session, context, format))

    if not path.is_dir():
        yield one(path)
        return
    for file in candidates(path):
        try:
            if format is not None or recognise(file) is not None:
                yield one(file)
            else:
                yield Imported(file, problem="it is in no format that is known here")
        except LogError as error:
            yield Imported(file, problem=str(error))


def read_foreign(path: Path) -> ReadSession:
    """Another agent's session, read into memory. Nothing is written.

    Raises:
        LogError: If it is in no known format, or cannot be read.
    """
    records, blob, _ = load(path, Context(Redactor(os.environ)))
    return ReadSession(path.stem, tuple(records), (), blob)
