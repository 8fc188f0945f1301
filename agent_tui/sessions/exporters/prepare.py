"""A session made ready to leave: redacted once more, with a count of what was taken out."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agent_tui.domain import events as e
from agent_tui.domain.base import BlobRef
from agent_tui.domain.patch import Patch, PatchError, parse_patch
from agent_tui.domain.state import State
from agent_tui.domain.text import one_line
from agent_tui.sessions import codec
from agent_tui.sessions.files import LogError
from agent_tui.sessions.redact import REDACTED, Redactor
from agent_tui.sessions.replay import Replay, fold

_MARK = re.compile(r"\[redacted[^\]\n]{0,80}\]")
_BEGIN, _END = b"-----BEGIN ", b"-----END "


class ExportError(LogError):
    """A session cannot be exported like this; the text says why and what to do."""


@dataclass(frozen=True)
class Prepared:
    """A session without secrets, as far as they can be known.

    Attributes:
        records: All records.
        patches: The patch of each proposed revision as bytes, by digest.
        removed: What was taken out now: a label and how often.
        in_patches: How much of that was in patches, which no longer apply as they are then.
        missing: Patches that cannot be read, as sentences.
    """

    id: str
    records: tuple[e.Record, ...]
    patches: dict[str, bytes] = field(default_factory=dict)
    removed: Counter[str] = field(default_factory=Counter)
    in_patches: int = 0
    missing: tuple[str, ...] = ()

    @property
    def state(self) -> State:
        """The state at the end."""
        return fold(self.records)

    @property
    def started(self) -> e.SessionStarted:
        """The first event.

        Raises:
            ExportError: If the session has no beginning.
        """
        for record in self.records:
            if isinstance(record.event, e.SessionStarted):
                return record.event
        raise ExportError(f"session {self.id} has no beginning; there is nothing to export")

    def replay(self) -> Replay:
        """A cursor over the records."""
        return Replay(self.records)

    def patch(self, ref: BlobRef) -> Patch:
        """A revision's patch, empty when it could not be read."""
        try:
            return parse_patch(self.patches.get(ref.digest, b""))
        except PatchError:
            return Patch()


def prepare(
    session: str,
    records: tuple[e.Record, ...],
    blob: Callable[[BlobRef], bytes],
    redactor: Redactor,
    *,
    keep_secrets: bool = False,
) -> Prepared:
    """Take secrets out of a session's records and patches.

    Args:
        blob: Gives a stored text.
        keep_secrets: Take nothing out, because the person says so.
    """
    removed: Counter[str] = Counter()
    patches: dict[str, bytes] = {}
    missing: list[str] = []
    kept = []
    in_patches = 0
    for original in records:
        record = original if keep_secrets else _redacted(original, redactor, removed)
        kept.append(record)
        ref = getattr(record.event, "patch", None)
        if isinstance(ref, BlobRef) and ref.digest not in patches:
            try:
                raw = blob(ref)
            except LogError as error:
                missing.append(one_line(str(error), 300))
                continue
            clean = raw if keep_secrets else redact_patch(raw, redactor)
            found = _marks(clean.decode("utf-8", "replace"))
            found -= _marks(raw.decode("utf-8", "replace"))
            in_patches += found.total()
            removed += found
            patches[ref.digest] = clean
    return Prepared(session, tuple(kept), patches, removed, in_patches, tuple(missing))


def _redacted(record: e.Record, redactor: Redactor, removed: Counter[str]) -> e.Record:
    data = codec.plain(record.event)
    clean = redactor.data(data)
    if clean == data:
        return record
    removed.update(_marks(_text(clean)) - _marks(_text(data)))
    event = codec.build(record.event.type, clean)
    return record.model_copy(update={"event": event})


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{key}\n{_text(item)}" for key, item in value.items())
    if isinstance(value, list):
        return "\n".join(map(_text, value))
    return value if isinstance(value, str) else ""


def _marks(text: str) -> Counter[str]:
    return Counter(_MARK.findall(text))


def redact_patch(patch: bytes, redactor: Redactor) -> bytes:
    """A patch without secrets, line by line, so that it stays a patch that can be read."""
    out = []
    in_key = False
    for line in patch.split(b"\n"):
        begins, ends = _BEGIN in line, _END in line
        if b"PRIVATE KEY" in line and begins:
            in_key = True
        if in_key and line[:1] in b" +-":
            out.append(line[:1] + REDACTED.encode())
        else:
            text = line.decode("utf-8", "surrogateescape")
            out.append(redactor.text(text).encode("utf-8", "surrogateescape"))
        if ends or (in_key and line[:1] not in (b" ", b"+", b"-")):
            in_key = False
    return b"\n".join(out)


def removed_words(prepared: Prepared) -> str:
    """What was taken out, in a sentence; empty when nothing was."""
    if not prepared.removed:
        return ""
    parts = ", ".join(f"{label} ×{count}" for label, count in sorted(prepared.removed.items()))
    total = prepared.removed.total()
    thing = "secret" if total == 1 else "secrets"
    return f"{total} {thing} taken out: {parts}"
