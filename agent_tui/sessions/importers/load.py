"""The way in: what a file is, and what becomes of it."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, cast

from agent_tui.domain.base import BlobRef
from agent_tui.domain.events import ImportSource, Record, SessionImported
from agent_tui.domain.text import one_line
from agent_tui.sessions.files import reason
from agent_tui.sessions.importers import (
    aider,
    atif,
    claude_code,
    codex,
    gemini_cli,
    mini_swe_agent,
    opencode,
    swe_agent,
    turns,
)
from agent_tui.sessions.importers.account import Account
from agent_tui.sessions.importers.builder import ONLY_TOUCHED, Builder
from agent_tui.sessions.importers.reading import Reading
from agent_tui.sessions.importers.sink import FolderSink, MemorySink, Sink
from agent_tui.sessions.importers.sniff import Head, head_of
from agent_tui.sessions.importers.source import BadJson, ImportFailed, Source
from agent_tui.sessions.redact import Redactor

MAX_FILES = 10_000
"""Files that are looked at in a folder."""


class Format(Protocol):
    """A module that reads one format.

    Attributes:
        NAME: Its name for ``--format``.
        AGENT: The agent's name for people.
        UNKNOWN: What its sources cannot know, one sentence each.
    """

    NAME: str
    AGENT: str
    UNKNOWN: tuple[str, ...]

    def matches(self, head: Head) -> bool:
        """Whether a file that begins like this is of the format."""
        ...

    def read(self, reading: Reading) -> None:
        """Tell the builder what the source says."""
        ...


FORMATS: dict[str, Format] = {
    module.NAME: cast(Format, module)
    for module in (
        claude_code,
        codex,
        gemini_cli,
        opencode,
        atif,
        mini_swe_agent,
        swe_agent,
        turns,
        aider,
    )
}


@dataclass
class Context:
    """What the files of one import share.

    Attributes:
        redactor: Takes secrets out of events.
        counted: Ids of model answers that an earlier file had.
    """

    redactor: Redactor
    counted: set[str] = field(default_factory=set)


def recognise(path: Path) -> str | None:
    """The format of a file, by its content, or None.

    Raises:
        ImportFailed: If it cannot be read.
    """
    head = head_of(Source(path))
    return next((name for name, module in FORMATS.items() if module.matches(head)), None)


def load(
    path: Path, context: Context, format: str | None = None
) -> tuple[list[Record], Callable[[BlobRef], bytes], Account]:
    """Read a session of another agent into memory. Nothing is written.

    Raises:
        ImportFailed: If it is in no known format, or cannot be read.
    """
    sink = MemorySink(context.redactor)
    account = _read(path, sink, context, format)
    return sink.records, sink.read, account


def save(path: Path, folder: Path, context: Context, format: str | None = None) -> Account:
    """Read a session of another agent into a session's folder, which is not there yet.

    Raises:
        ImportFailed: If it is in no known format, or cannot be read.
        agent_tui.sessions.files.LogError: If the folder cannot be written.
    """
    sink = FolderSink(folder, context.redactor)
    try:
        account = _read(path, sink, context, format)
        sink.finish()
    except BaseException:
        sink.abandon()
        raise
    return account


def candidates(folder: Path) -> Iterator[Path]:
    """The files below a folder, in order; links are not followed.

    Subagents' files are left out: they are read with the session they belong to.

    Raises:
        ImportFailed: If there are too many.
    """
    seen = 0
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in (".git", "subagents"))
        for name in sorted(names):
            path = Path(parent, name)
            seen += 1
            if seen > MAX_FILES:
                raise ImportFailed(f"{folder} has more than {MAX_FILES:,} files; name one below it")
            if path.is_file() and not path.is_symlink():
                yield path


def _read(path: Path, sink: Sink, context: Context, format: str | None) -> Account:
    if format is not None and format not in FORMATS:
        raise ImportFailed(f"{one_line(format, 40)!r} is no format: {', '.join(FORMATS)}")
    try:
        found = path.stat()
    except OSError as error:
        raise ImportFailed(f"cannot read {path}: {reason(error)}") from error
    if not found.st_size and path.is_file():
        raise ImportFailed(f"{path} is empty")
    fallback = datetime.fromtimestamp(found.st_mtime, UTC)
    looks = recognise(path)
    name = format or looks
    if name is None:
        raise ImportFailed(
            f"{path} is in no format that is known here ({', '.join(FORMATS)}); "
            "if it is one of these, say so: agent-tui sessions import --format NAME"
        )
    module = FORMATS[name]
    source = ImportSource(format=name, agent=module.AGENT)
    builder = Builder(sink, source, fallback, context.counted)
    reading = Reading(Source(path), builder)
    if looks not in (None, name):
        builder.note(f"It looks like {looks}, and was read as {name}, as you said.")
    try:
        module.read(reading)
        bundle = builder.end()
    except BadJson as error:
        raise ImportFailed(f"{path} cannot be read: {error}") from error
    except RecursionError:
        raise ImportFailed(f"{path} is nested too deeply") from None
    finally:
        builder.close()
    return _finish(module, reading, sink, bundle)


def _finish(module: Format, reading: Reading, sink: Sink, bundle: BlobRef | None) -> Account:
    builder = reading.out
    unknown = list(module.UNKNOWN)
    if bundle is not None:
        unknown.append(ONLY_TOUCHED)
    if not builder.timed:
        unknown.append("When anything happened: every record has the time of the file.")
    account = Account(
        format=module.NAME,
        agent=module.AGENT,
        version=builder.source.version,
        files=tuple(part.value(s.ref.digest, s.size) for s, part in reading.files),
        notes=tuple(builder.notes),
        unknown=tuple(unknown),
    )
    for source, _ in reading.files:
        sink.keep(source.path, source.ref)
    builder.finish(
        SessionImported(
            account=sink.blob(account.model_dump_json(indent=1).encode()),
            raw=tuple(source.ref for source, _ in reading.files),
            objects=bundle,
            imported=account.count("imported"),
            kept_raw=account.count("kept raw"),
            dropped=account.count("dropped"),
            unknown=account.unknown,
        )
    )
    return account
