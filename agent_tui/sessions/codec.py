"""A record as one line of ``events.jsonl``, and back.

A line is a JSON object in UTF-8 that ends with ``\\n``::

    {"v":1,"seq":0,"ts":"…","mono_ns":0,"attempt":0,"actor":"engine","type":"…","data":{…},"h":"…"}

``v`` is the version of the event type's data. ``h`` is the first 32 hexadecimal digits of SHA-256
over the previous record's ``h`` and this line without its ``h``: damage is found with it, but it
is no proof against a forger.
"""

import contextlib
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, from_json

from agent_tui.domain.base import Actor
from agent_tui.domain.events import Channel, Event, Record, Unknown
from agent_tui.domain.output import Output
from agent_tui.sessions.redact import Redactor, writable

Data = dict[str, Any]

VERSIONS: Mapping[str, int] = {}
"""The present version of each event type whose data has changed; all others are at 1."""

UPCASTERS: Mapping[tuple[str, int], Callable[[Data], Data]] = {}
"""For a type and an old version, what makes the next version of its data."""

FIRST = ""
"""What stands for the previous record's ``h`` in the first one."""

_TYPE = {"type"}
_CHANNELS = get_args(Channel)
_TYPES: dict[str, type[Event]] = {cls.model_fields["type"].default: cls for cls in get_args(Event)}
_TAIL = re.compile(rb',"h":"([0-9a-f]{32})"\}\n?\Z')
_TAIL_LENGTH = 42


class BadLine(ValueError):
    """A line that holds no record; the text says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that was read.

    Attributes:
        body: The bytes that ``digest`` was made of.
        digest: The line's own ``h``.
    """

    record: Record
    body: bytes
    digest: str

    def follows(self, previous: str) -> bool:
        """Whether its digest was made after a record with that digest."""
        return chain(previous, self.body) == self.digest


def chain(previous: str, body: bytes) -> str:
    """The digest of a line's *body* that follows a record with the digest *previous*."""
    return hashlib.sha256(previous.encode() + body).hexdigest()[:32]


def plain(event: Event) -> Data:
    """An event's fields as a JSON value, without its type."""
    data: Data = writable(event.model_dump(exclude={"type"}))
    return data


def _quick_json(event: Event) -> bytes | None:
    """What :func:`json_of` gives, in one go; None where they hold what JSON or UTF-8 cannot."""
    try:
        return event.__pydantic_serializer__.to_json(event, exclude=_TYPE)
    except PydanticSerializationError:
        return None


def json_of(event: Event) -> bytes:
    """An event's fields as JSON, without its type.

    Raises:
        TypeError: If the event holds something that JSON cannot.
    """
    data = _quick_json(event)
    return _dump(plain(event)) if data is None else data


def redacted(event: Event, redactor: Redactor) -> tuple[Event, bytes]:
    """An event without secrets, and what :func:`json_of` makes of it.

    Raises:
        TypeError: If the event holds something that JSON cannot.
    """
    data = _quick_json(event)
    if data is not None and not redactor.may_touch(data):
        return event, data
    fields = plain(event)
    clean = redactor.data(fields)
    if clean != fields:
        event = build(event.type, clean)
    return event, json_of(event)


def build(type_: str, data: Data) -> Event:
    """An event of a known type.

    Raises:
        pydantic.ValidationError: If the data does not fit.
        KeyError: If the type is not known.
    """
    return _TYPES[type_].model_validate({**data, "type": type_})


def encode(record: Record, previous: str, data: bytes | None = None) -> tuple[bytes, str]:
    """The line for a record (with its ``\\n``), and its digest.

    Args:
        previous: The digest of the record before it, or :data:`FIRST`.
        data: What :func:`json_of` makes of its event, where that is known already.

    Raises:
        TypeError: If the event holds something that JSON cannot.
    """
    return line_of(
        record.event.type,
        json_of(record.event) if data is None else data,
        previous,
        seq=record.seq,
        at=record.at,
        mono_ns=record.mono_ns,
        attempt=record.attempt,
        actor=record.actor,
    )


def line_of(
    type_: str,
    data: bytes,
    previous: str,
    *,
    seq: int,
    at: datetime,
    mono_ns: int,
    attempt: int,
    actor: Actor,
) -> tuple[bytes, str]:
    """The same for an event that is JSON already."""
    utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    head = (
        f'{{"v":{VERSIONS.get(type_, 1)},"seq":{seq},"ts":"{utc.isoformat()[:-6]}Z",'
        f'"mono_ns":{mono_ns},"attempt":{attempt},"actor":"{actor}","type":"{type_}","data":'
    )
    body = head.encode() + data
    digest = chain(previous, body + b"}")
    return body + f',"h":"{digest}"}}\n'.encode(), digest


def _dump(data: Data) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=_other).encode()


def _other(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be written to a session log")


def decode(line: bytes) -> Line:
    """Read a line. Its digest is not compared with anything here.

    An event of an unknown type, of a newer version, or with data that does not fit becomes
    :class:`Unknown` and keeps its data.

    Raises:
        BadLine: If there is no record in it.
    """
    tail = _TAIL.search(line, max(0, len(line) - _TAIL_LENGTH))
    if tail is None:
        raise BadLine("it does not end as a record does")
    body = line[: tail.start()] + b"}"
    try:
        record = _record(_fields(body))
    except UnicodeDecodeError:
        raise BadLine("it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise BadLine(f"it is not JSON ({error.msg} at column {error.colno})") from None
    except RecursionError:
        raise BadLine("it is nested too deeply") from None
    except (KeyError, TypeError, ValueError) as error:
        raise BadLine(f"a field is missing or wrong ({type(error).__name__})") from None
    return Line(record, body, tail[1].decode())


def said(line: bytes) -> tuple[str, Output] | None:
    """The step and the piece in a line with ``step.output``, four times as fast as reading it.

    None for any other line, and for one that needs a closer look.
    """
    try:
        fields = from_json(line)
    except ValueError:
        return None
    if fields["type"] != "step.output" or fields["v"] != VERSIONS.get("step.output", 1):
        return None
    data = fields["data"]
    step, channel, text = data.get("step"), data.get("channel"), data.get("text")
    if channel not in _CHANNELS or not isinstance(step, str) or not isinstance(text, str):
        return None
    return step, Output(channel, text, fields["seq"])


def _fields(body: bytes) -> Any:
    if b"\\ud" not in body and b"\\uD" not in body:
        # Three times as fast. What it refuses is left to the standard library to accept or name.
        with contextlib.suppress(ValueError):
            return from_json(body)
    return writable(json.loads(body.decode("utf-8")))


def _record(fields: Any) -> Record:
    if not isinstance(fields, dict) or not isinstance(fields["data"], dict):
        raise TypeError
    at = datetime.fromisoformat(fields["ts"])
    if at.tzinfo is None or not isinstance(fields["type"], str):
        raise TypeError
    return Record(
        seq=fields["seq"],
        at=at,
        mono_ns=fields.get("mono_ns", 0),
        attempt=fields.get("attempt", 0),
        actor=fields["actor"],
        event=_event(fields["type"], fields["v"], fields["data"]),
    )


def _event(type_: str, version: Any, data: Data) -> Event:
    if type(version) is not int:
        raise TypeError
    current = VERSIONS.get(type_, 1)
    raw = data
    try:
        for old in range(version, current):
            data = UPCASTERS[type_, old](data)
        if version <= current:
            return build(type_, data)
    except (KeyError, TypeError, ValidationError):
        pass  # kept raw below: that is what Unknown is for
    return Unknown(original_type=type_, data=raw)
