"""Lines: what is written is read back, what is unknown is kept, what is damaged is refused."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from agent_tui.domain import events as e
from agent_tui.domain.decision import ToolQuestion
from agent_tui.domain.usage import Cost, Latency, Usage
from agent_tui.sessions import codec

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TEXT = st.text()
ANY_TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates as well
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)


def record(event: e.Event, **changes: Any) -> e.Record:
    return e.Record(**{"seq": 0, "at": NOW, "actor": "engine", "event": event, **changes})


def again(written: e.Record, previous: str = codec.FIRST) -> codec.Line:
    line, digest = codec.encode(written, previous)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    read = codec.decode(line)
    assert read.digest == digest
    assert read.follows(previous)
    return read


def strategy_for(cls: type[e.Event]) -> st.SearchStrategy[e.Event]:
    return st.from_type(cls)


st.register_type_strategy(Decimal, st.decimals(allow_nan=False, allow_infinity=False, places=6))
PLAIN = st.dictionaries(TEXT, st.none() | st.booleans() | st.integers() | TEXT, max_size=3)
st.register_type_strategy(
    ToolQuestion,
    st.builds(ToolQuestion, step=TEXT, call=TEXT, name=TEXT, arguments=PLAIN, why=TEXT),
)
EVENTS = st.one_of(
    [strategy_for(cls) for cls in get_args(e.Event) if cls not in (e.ToolCalled, e.Unknown)]
)


@given(
    EVENTS,
    st.integers(0, 2**53),
    st.datetimes(timezones=st.timezones(), allow_imaginary=False),
    st.sampled_from(["", "0" * 32]),
)
def test_every_event_survives(event: e.Event, seq: int, at: datetime, previous: str) -> None:
    written = record(event, seq=seq, at=at, mono_ns=seq * 7, attempt=3, actor="person")
    read = again(written, previous).record
    assert repr(read.event) == repr(written.event)  # repr, because NaN differs from itself
    assert read.at == written.at.astimezone(UTC)
    assert (read.seq, read.mono_ns, read.attempt, read.actor) == (seq, seq * 7, 3, "person")


@given(JSON, ANY_TEXT)
def test_anything_in_arguments_survives_what_json_and_utf8_can_hold(value: Any, key: str) -> None:
    event = e.ToolCalled(step="s", call="c", name="n", arguments={key: value})
    read = again(record(event)).record
    assert isinstance(read.event, e.ToolCalled)
    # A second time nothing changes any more: the first one made everything plain.
    assert again(read).record == read


def test_lone_surrogates_become_visible() -> None:
    event = e.ToolCalled(step="s", call="c", name="n", arguments={"a\ud800": ["\udfff"]})
    line, _ = codec.encode(record(event), codec.FIRST)
    read = codec.decode(line).record.event
    assert isinstance(read, e.ToolCalled)
    assert read.arguments == {"a\\ud800": ["\\udfff"]}


def test_line_separators_do_not_end_a_line() -> None:
    text = "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\r\nh"
    event = e.StepOutput(step="s", channel="text", text=text)
    line, _ = codec.encode(record(event), codec.FIRST)
    assert line.split(b"\n")[1:] == [b""]
    assert codec.decode(line).record.event == event


def test_the_form_of_a_line() -> None:
    line, digest = codec.encode(record(e.SessionLeft(), seq=3, attempt=1), "ab")
    fields = json.loads(line)
    assert list(fields) == ["v", "seq", "ts", "mono_ns", "attempt", "actor", "type", "data", "h"]
    assert fields["ts"] == "2026-11-22T00:00:00Z"
    assert fields["v"] == 1
    assert fields["h"] == digest
    assert len(digest) == 32


def test_time_is_written_in_utc() -> None:
    at = NOW.astimezone(timezone(timedelta(hours=5)))
    line, _ = codec.encode(record(e.SessionLeft(), at=at), "")
    assert json.loads(line)["ts"] == "2026-11-22T00:00:00Z"


def line_of(**changes: Any) -> bytes:
    fields = {
        "v": 1,
        "seq": 0,
        "ts": "2026-11-22T00:00:00Z",
        "mono_ns": 0,
        "attempt": 0,
        "actor": "engine",
        "type": "session.left",
        "data": {},
    }
    fields |= changes
    body = json.dumps({k: v for k, v in fields.items() if v is not ...}).encode()
    return body[:-1] + b',"h":"' + codec.chain("", body).encode() + b'"}\n'


def test_an_unknown_type_is_kept_raw() -> None:
    read = codec.decode(line_of(type="moon.rose", data={"phase": ["full"]})).record
    assert read.event == e.Unknown(original_type="moon.rose", data={"phase": ["full"]})
    assert again(read).record == read


def test_data_that_no_longer_fits_is_kept_raw() -> None:
    read = codec.decode(line_of(type="step.finished", data={"step": 3, "outcome": "great"}))
    assert read.record.event == e.Unknown(
        original_type="step.finished", data={"step": 3, "outcome": "great"}
    )


def test_fields_of_a_newer_version_are_ignored_and_its_types_kept_raw() -> None:
    assert codec.decode(line_of(data={"new": 1}, extra=2)).record.event == e.SessionLeft()
    read = codec.decode(line_of(v=2, data={"new": 1})).record
    assert read.event == e.Unknown(original_type="session.left", data={"new": 1})


def test_upcasters_lead_from_any_version_to_the_present_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def first(data: codec.Data) -> codec.Data:
        return {"step": data["id"], "text": data["text"]}

    def second(data: codec.Data) -> codec.Data:
        return {**data, "channel": "text"}

    monkeypatch.setattr(codec, "VERSIONS", {"step.output": 3})
    monkeypatch.setattr(codec, "UPCASTERS", {("step.output", 1): first, ("step.output", 2): second})
    wanted = e.StepOutput(step="s", channel="text", text="t")
    for version, data in (
        (1, {"id": "s", "text": "t"}),
        (2, {"step": "s", "text": "t"}),
        (3, {"step": "s", "text": "t", "channel": "text"}),
    ):
        assert (
            codec.decode(line_of(type="step.output", v=version, data=data)).record.event == wanted
        )
    assert json.loads(codec.encode(record(wanted), "")[0])["v"] == 3
    # What an upcaster cannot use, and a version that never was, are kept as they were.
    for version, raw in ((1, {"text": "t"}), (0, {"x": "1"}), (4, {"x": "1"})):
        read = codec.decode(line_of(type="step.output", v=version, data=raw)).record.event
        assert read == e.Unknown(original_type="step.output", data=raw)


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"{}\n",
        b"nonsense\n",
        line_of()[:-2],
        line_of(data=[]),
        line_of(data=...),
        line_of(v=...),
        line_of(v="1"),
        line_of(v=True),
        line_of(seq="x"),
        line_of(ts="yesterday"),
        line_of(ts="2026-11-22T00:00:00"),
        line_of(ts=5),
        line_of(actor="nobody"),
        line_of(type=3),
        line_of().replace(b"session", b"sess\xff"),
        line_of().replace(b"{}", b"{" + b'"a":{' * 100_000 + b"}" * 100_001),
        line_of().replace(b'"seq": 0', b'"seq": ' + b"9" * 5000),
    ],
    ids=range(18),
)
def test_a_damaged_line_is_refused_with_a_reason(line: bytes) -> None:
    with pytest.raises(codec.BadLine) as caught:
        codec.decode(line)
    assert str(caught.value)


@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(codec.BadLine):
        codec.decode(data)


def test_every_changed_byte_is_noticed() -> None:
    event = e.ModelAnswered(
        step="s",
        stop="end",
        usage=Usage(input_tokens=3),
        cost=Cost(priced=Decimal("0.01")),
        latency=Latency(),
    )
    line, _ = codec.encode(record(event), "abc")
    for i in range(len(line) - 1):
        changed = line[:i] + bytes([line[i] ^ 1]) + line[i + 1 :]
        try:
            read = codec.decode(changed)
        except codec.BadLine:
            continue
        assert not read.follows("abc"), i
    assert not codec.decode(line).follows("abd")


def test_events_are_values_that_the_codec_knows() -> None:
    types = [cls.model_fields["type"].default for cls in get_args(e.Event)]
    assert len(set(types)) == len(types)
    assert all(issubclass(cls, BaseModel) for cls in get_args(e.Event))


def test_what_json_cannot_hold_is_refused() -> None:
    event = e.ToolCalled(step="s", call="c", name="n", arguments={"x": object()})
    with pytest.raises(TypeError, match="object cannot be written"):
        codec.encode(record(event), "")
