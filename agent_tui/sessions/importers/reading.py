"""One reading of a source: its files, the builder that is told, and the account of its lines."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from agent_tui.sessions.importers.account import FileAccount
from agent_tui.sessions.importers.builder import Builder
from agent_tui.sessions.importers.source import MAX_LINE, BadJson, Source, parse

JsonLine = tuple[int, int, dict[str, Any]]
"""Number, size in bytes and object of a line."""


@dataclass
class Reading:
    """What a format's module works with.

    Attributes:
        source: The file.
        out: Makes the events.
        files: Every file that was read, with its account.
    """

    source: Source
    out: Builder
    files: list[tuple[Source, FileAccount]] = field(default_factory=list)

    def account(
        self, unit: Literal["line", "record"] = "line", source: Source | None = None
    ) -> FileAccount:
        """The account of a file; each file has one."""
        source = source or self.source
        account = FileAccount(source.name, unit)
        self.files.append((source, account))
        return account

    def json_lines(self, account: FileAccount, source: Source | None = None) -> Iterator[JsonLine]:
        """The lines that are objects; all other lines are accounted for here.

        Two records on one line, as after a crash in the middle of a write, are both given.
        """
        for number, raw in (source or self.source).lines():
            if not raw.strip():
                account.add(number, "blank", "dropped", "an empty line")
                continue
            if len(raw) >= MAX_LINE:
                account.add(number, "too long", "kept raw", f"longer than {MAX_LINE:,} bytes")
                continue
            try:
                value = parse(raw)
            except BadJson as error:
                yield from self._mended(number, raw, str(error), account)
                continue
            if isinstance(value, dict):
                yield number, len(raw), value
            else:
                account.add(number, "no object", "kept raw", "JSON, but no object")

    def _mended(
        self, number: int, raw: bytes, problem: str, account: FileAccount
    ) -> Iterator[JsonLine]:
        """The records of a line that two writes, or half of one, went into."""
        at = raw.find(b'}{"')
        if at > 0:
            try:
                values = [parse(raw[: at + 1]), parse(raw[at + 1 :])]
            except BadJson:
                values = []
            if values and all(isinstance(value, dict) for value in values):
                self.out.note(f"Line {number} holds two records without a line end between them.")
                yield number, at + 1, values[0]
                account.undo(number)  # one line, whose fate is that of its last record
                yield number, len(raw) - at - 1, values[1]
                return
        self.out.note(f"Line {number} is torn or damaged: {problem}.")
        account.add(number, "damaged", "kept raw", problem)
