"""Search over everything that was said in a session: by models, tools, checks and the person."""

import re
from collections.abc import Iterator
from typing import Any

from agent_tui.domain.events import Event, Record, StepOutput
from agent_tui.sessions import codec
from agent_tui.sessions.index import TELLING_TYPES, read_record
from agent_tui.sessions.indexed import IndexedLog
from agent_tui.sessions.records import RecordLog

BLOCK = 2_000
"""Records that are searched at once, between two looks at whether to go on."""

_NAMES = frozenset(
    ("type", "step", "gate", "call", "id", "tree", "base_tree", "digest", "commit", "parent",
     "session", "kind", "choice", "channel", "actor", "author", "role", "status", "severity",
     "provider", "patch", "hunk", "version")
)  # fmt: skip
"""Fields whose text nobody has said: names of things, and words of our own."""


def prose(event: Event) -> str:
    """What an event says, in lines."""
    return "\n".join(_strings(event.model_dump(exclude={"type"})))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in _NAMES:
                yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)


def around(event: Event, text: str, room: int = 60) -> str:
    """What an event says around the first place where it says *text*, with … where it is cut.

    Empty if it does not say it, as where a stream says it across the borders of its records.
    """
    said = " ".join(prose(event).split())
    found = re.search(re.escape(" ".join(text.split())), said, re.IGNORECASE)
    if found is None:
        return ""
    begin = max(0, found.start() - room // 2)
    end = begin + len(found[0]) + room
    return f"{'…' if begin else ''}{said[begin:end].strip()}{'…' if end < len(said) else ''}"


def find_said(log: RecordLog, text: str, start: int, stop: int) -> Iterator[int]:
    """Positions right after records that say *text*, whatever its case, among some places.

    What a model streams is searched across the borders of its records.
    """
    wanted = text.casefold()
    if not wanted:
        return
    key, before = None, ""
    for place, step, said in _texts(log, start, stop):
        whole = (before if step is not None and step == key else "") + said.casefold()
        if wanted in whole:
            yield place + 1
            whole = whole[whole.rfind(wanted) + len(wanted) :]
        if step is not None:
            key, before = step, whole[len(whole) - len(wanted) + 1 :] if len(wanted) > 1 else ""


def _texts(
    log: RecordLog, start: int, stop: int
) -> Iterator[tuple[int, tuple[str, str] | None, str]]:
    """For each record its place, the step and channel if it streams, and what it says."""
    if not isinstance(log, IndexedLog):
        yield from (_text(place, log[place]) for place in range(start, stop))
        return
    streamed = log.index.numbers(frozenset(TELLING_TYPES[:1]))
    for first in range(start, stop, BLOCK):
        for place, line in log.lines(first, min(stop, first + BLOCK)):
            said = codec.said(line) if log.index.codes[place] in streamed else None
            if said is not None:
                yield place, (said[0], said[1].channel), said[1].text
            else:
                yield _text(place, read_record(line, place))


def _text(place: int, record: Record) -> tuple[int, tuple[str, str] | None, str]:
    event = record.event
    if isinstance(event, StepOutput):
        return place, (event.step, event.channel), event.text
    return place, None, prose(event)


def search(log: RecordLog, text: str, position: int, direction: int) -> Iterator[int | None]:
    """Look for the next (or, with -1, the previous) place after a position that says *text*.

    Yields:
        None after each block of records without it, so that the caller can stop; then the position.
    """
    if direction > 0:
        for first in range(position, len(log), BLOCK):
            found = next(find_said(log, text, first, min(len(log), first + BLOCK)), None)
            yield found
            if found is not None:
                return
        return
    for stop in range(position - 1, 0, -BLOCK):
        last = None
        for found in find_said(log, text, max(0, stop - BLOCK), stop):
            last = found
        yield last
        if last is not None:
            return
