"""What was recorded on the wire is played again byte for byte, without keys."""

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from provider_frames import ANTHROPIC, KEY, AnyModel, Api
from provider_loopback import Loopback, Reply, json_reply

from agent_tui.domain.turn import Message, ModelError, ModelEvent, ModelRequest
from agent_tui.ports import Clock
from agent_tui.providers.cassettes import CassetteError, Player, Recorder
from agent_tui.sessions.redact import Redactor

pytestmark = pytest.mark.anyio

Open = Callable[..., AnyModel]
REDACT = Redactor({"THE_API_KEY": KEY}).data
NOWHERE = "http://127.0.0.1:9"


def ask(text: str = "Go.") -> ModelRequest:
    return ModelRequest(role="coder", system="s", messages=(Message("user", text),))


async def outcome(model: AnyModel, request: ModelRequest) -> tuple[list[ModelEvent], str]:
    """What is streamed, without times, and the failure if there is one."""
    events: list[ModelEvent] = []
    try:
        async for event in model.stream(request):
            events.append(event)
    except ModelError as error:
        return events, f"{error.kind} {error.retry_after_s}"
    return events, ""


def replies(api: Api) -> list[Reply]:
    busy = json_reply(529, {"error": {"type": "overloaded_error", "message": "Busy"}})
    busy.headers["retry-after"] = "3"
    busy.headers["set-cookie"] = "session=secret-cookie"
    return [
        Reply(api.answer("Grüße, 世界")),
        busy,
        Reply([*api.start, *api.text("Half")], end="drop"),
        Reply([*api.start, b"event: x\ndata: \xff\xfe\n\n"]),
        Reply(api.call('{"path": "a.py"}')),
    ]


async def test_what_is_played_is_what_was_recorded(
    api: Api, server: Loopback, open_api: Open, clock: Clock, tmp_path: Path
) -> None:
    file = tmp_path / "wire.jsonl"
    recorder = Recorder(file, REDACT)
    server.replies = replies(api)
    live = open_api(api, tape=recorder)
    told = [await outcome(live, ask(f"{n}, and the key is {KEY}")) for n in range(5)]
    recorder.close()
    await server.stop()
    assert [why.split()[0] for _, why in told if why] == ["overloaded", "connection", "bad_stream"]

    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    played = api.open(NOWHERE, clock, tape=Player(file, REDACT, speed=2.0, sleep=sleep))
    again = [await outcome(played, ask(f"{n}, and the key is {KEY}")) for n in range(5)]
    await played.close()
    assert [why for _, why in again] == [why for _, why in told]
    assert [_timeless(events) for events, _ in again] == [_timeless(events) for events, _ in told]
    assert waits
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    recorded = sum(
        line["response"]["chunks"][-1][0] for line in lines[1:] if line["response"].get("chunks")
    )
    assert sum(waits) == pytest.approx(recorded / 1000 / 2, rel=0.01)


def _timeless(events: list[ModelEvent]) -> list[str]:
    return [repr(event).partition(", latency=")[0] for event in events]


async def test_a_cassette_holds_no_key_and_is_for_its_owner_alone(
    api: Api, server: Loopback, open_api: Open, tmp_path: Path
) -> None:
    file = tmp_path / "wire.jsonl"
    recorder = Recorder(file, REDACT)
    half = len(KEY) // 2
    frames = [*api.start, *api.text(f"It is {KEY}."), *api.answer("x")[len(api.start) :]]
    whole = b"".join(frames)
    cut = whole.index(KEY.encode()) + half
    server.replies = [*replies(api)[:2], Reply([whole[:cut], whole[cut:]])]
    model = open_api(api, tape=recorder)
    for _ in range(3):
        await outcome(model, ask(f"The key is {KEY}"))
    recorder.close()
    text = file.read_text()
    assert KEY not in text.replace('"], [', "")
    assert "[redacted THE_API_KEY]" in text
    assert "cookie" not in text.lower()
    assert "authorization" not in text.lower()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(CassetteError, match="exists already"):
        Recorder(file, REDACT)


async def test_a_miss_says_what_differs(
    api: Api, server: Loopback, open_api: Open, clock: Clock, tmp_path: Path
) -> None:
    file = tmp_path / "wire.jsonl"
    recorder = Recorder(file, REDACT)
    server.replies = [Reply(api.answer("Yes"))]
    await outcome(open_api(api, tape=recorder), ask("Write a parser."))
    recorder.close()
    played = api.open(NOWHERE, clock, tape=Player(file, REDACT, speed=0))
    with pytest.raises(ModelError) as caught:
        _ = [event async for event in played.stream(ask("Write a lexer."))]
    assert caught.value.kind == "exhausted", "it must not be tried again"
    said = str(caught.value)
    assert "wire.jsonl has no answer to this POST" in said
    assert "“Write a parser.” was recorded, “Write a lexer.” is asked now" in said
    assert _timeless((await outcome(played, ask("Write a parser.")))[0])
    with pytest.raises(ModelError, match="no further answer"):
        _ = [event async for event in played.stream(ask("Write a parser."))]
    await played.close()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read"),
        ("", "is no cassette"),
        ('{"v": 1}\n', "is no cassette"),
        ('{"v": 9, "kind": "agent-tui.cassette"}\n', "version 9"),
        ('{"v": 1, "kind": "agent-tui.cassette"}\n{"request": {}}\n', "damaged"),
        ('{"v": 1, "kind": "agent-tui.cassette"}\n[', "damaged"),
        ("\x00", "damaged"),
    ],
)
def test_what_is_no_cassette(tmp_path: Path, text: str | None, words: str) -> None:
    file = tmp_path / "wire.jsonl"
    if text is not None:
        file.write_text(text)
    with pytest.raises(CassetteError, match=words):
        Player(file, REDACT)


async def test_an_exchange_that_was_stopped_is_kept(
    server: Loopback, open_api: Open, tmp_path: Path
) -> None:
    file = tmp_path / "wire.jsonl"
    recorder = Recorder(file, REDACT)
    server.replies = [Reply([*ANTHROPIC.start, *ANTHROPIC.text("Half")], end="hang")]
    events = open_api(ANTHROPIC, tape=recorder).stream(ask())
    await anext(events)
    await events.aclose()
    await server.gone.wait()
    (_, line) = file.read_text().splitlines()
    assert json.loads(line)["response"]["end"] == "closed"
    assert "message_start" in line
