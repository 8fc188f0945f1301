"""Sessions that another agent recorded: where they come from, and what was said in them."""

from typing import Literal

from agent_tui.domain.base import BlobRef, Value


class ImportSource(Value):
    """What a session was imported from.

    Attributes:
        format: The importer, for example ``claude-code``.
        agent: The agent's name for people, for example ``Claude Code``.
        version: The agent's own version, or that of its format; empty when the source has none.
        session: The session's id in the source.
    """

    format: str
    agent: str
    version: str = ""
    session: str = ""

    def __str__(self) -> str:
        if self.version.startswith(self.agent):  # a format whose version says its name
            return self.version
        return f"{self.agent} {self.version}".rstrip()


class RequestAdded(Value):
    """The person asked for more in the same session."""

    type: Literal["request.added"] = "request.added"
    text: str


class SessionImported(Value):
    """The last event of an imported session: the account of what was read.

    Attributes:
        account: The account of every line as JSON
            (:class:`~agent_tui.sessions.importers.account.Account`).
        raw: The source files, byte for byte, in the account's order.
        objects: A git bundle of the files' states as far as the source shows them.
        imported, kept_raw, dropped: Lines (or records) of the source, by what became of them.
        unknown: What the source cannot know, one sentence each.
    """

    type: Literal["session.imported"] = "session.imported"
    account: BlobRef
    raw: tuple[BlobRef, ...] = ()
    objects: BlobRef | None = None
    imported: int = 0
    kept_raw: int = 0
    dropped: int = 0
    unknown: tuple[str, ...] = ()
