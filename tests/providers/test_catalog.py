"""Opening models: keys, providers, and what is not imported."""

import subprocess
import sys

import pytest
from provider_frames import ANTHROPIC, APIS, CHAT, RESPONSES, Api
from provider_loopback import Loopback, Reply

from agent_tui.domain.base import ModelRef
from agent_tui.domain.turn import Done, Message, ModelError, ModelRequest
from agent_tui.ports import Clock, Model
from agent_tui.providers.catalog import (
    KNOWN,
    PRESETS,
    Kind,
    ProviderConfig,
    find_provider,
    open_model,
)
from agent_tui.providers.retry import RetryPolicy

CLAUDE = ModelRef(provider="anthropic", model="claude-opus-4-6")
CODEX = ModelRef(provider="openai", model="gpt-5.3-codex")
ASK = ModelRequest(role="coder", system="s", messages=(Message(role="user", text="Go."),))


@pytest.mark.parametrize(
    ("ref", "name"), [(CLAUDE, "ANTHROPIC_API_KEY"), (CODEX, "OPENAI_API_KEY")], ids=str
)
@pytest.mark.parametrize("value", [None, "", "  \n"])
def test_a_missing_key_is_told_at_once(
    ref: ModelRef, name: str, value: str | None, clock: Clock
) -> None:
    environ = {} if value is None else {name: value}
    with pytest.raises(ModelError, match=f"set {name}") as caught:
        open_model(ref, find_provider(ref), clock, environ=environ)
    assert caught.value.kind == "auth"


@pytest.mark.parametrize("value", ["sk-ant bc", "sk-ant\nbc", "sk-änt", "sk-\x1b[31m"])
def test_a_key_that_is_none_is_not_shown(value: str, clock: Clock) -> None:
    with pytest.raises(ModelError, match="ANTHROPIC_API_KEY holds characters") as caught:
        open_model(CLAUDE, KNOWN["anthropic"], clock, environ={"ANTHROPIC_API_KEY": value})
    assert value not in str(caught.value)


def test_the_local_provider_needs_no_key(clock: Clock) -> None:
    ref = PRESETS["local"]["coder"]
    model: Model = open_model(ref, find_provider(ref), clock, environ={})
    assert model.ref == ref


def test_an_unknown_provider_is_told_with_those_there_are() -> None:
    ref = ModelRef(provider="gogle\x1b", model="m")
    with pytest.raises(ModelError, match="anthropic, local, openai, work") as caught:
        find_provider(ref, {"work": ProviderConfig("chat")})
    assert caught.value.kind == "not_found"
    assert "\x1b" not in str(caught.value)


def test_what_is_configured_goes_first() -> None:
    mine = ProviderConfig("chat", base_url="http://10.0.0.5:8000/v1")
    assert find_provider(PRESETS["local"]["coder"], {"local": mine}) is mine


@pytest.mark.parametrize("url", ["localhost:11434", "ftp://a/v1", "http://", "/v1"])
def test_a_base_url_that_is_none(url: str, clock: Clock) -> None:
    with pytest.raises(ModelError, match="base_url of local"):
        open_model(PRESETS["local"]["coder"], ProviderConfig("chat", base_url=url), clock)


@pytest.mark.parametrize("kind", ["anthropic", "openai"])
def test_an_effort_that_is_none(kind: Kind, clock: Clock) -> None:
    with pytest.raises(ModelError, match=r"choose .*low, medium, high"):
        open_model(CLAUDE, ProviderConfig(kind, effort="heroic"), clock, environ={})


def test_presets_fill_all_roles_with_known_providers() -> None:
    assert str(PRESETS["opus-codex"]["planner"]) == str(CLAUDE)
    assert str(PRESETS["opus-codex"]["coder"]) == str(CODEX)
    for roles in PRESETS.values():
        assert list(roles) == ["planner", "coder", "reviewer"]
        for ref in roles.values():
            find_provider(ref)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("kind", "api"),
    [("anthropic", ANTHROPIC), ("openai", RESPONSES), ("chat", CHAT)],
    ids=lambda part: part if isinstance(part, str) else "",
)
async def test_an_opened_model_answers(
    kind: Kind, api: Api, server: Loopback, clock: Clock
) -> None:
    server.replies = [Reply(api.answer("Yes"))]
    config = ProviderConfig(kind, base_url=server.url + api.suffix, key_env="MY_KEY")
    environ = {"MY_KEY": " sk-mine-1234\n"}
    model = open_model(CLAUDE, config, clock, environ=environ, policy=RetryPolicy(attempts=1))
    *_, done = [event async for event in model.stream(ASK)]
    assert isinstance(done, Done)
    assert done.message.text == "Yes"
    assert server.requests[0].headers["authorization"] == "Bearer sk-mine-1234"
    await model.close()


def run(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_opening_a_model_imports_no_sdk() -> None:
    run(
        "import sys\n"
        "from agent_tui.domain.base import ModelRef\n"
        "from agent_tui.providers import catalog, prices\n"
        "for name in ('anthropic', 'openai'):\n"
        "    ref = ModelRef(provider=name, model='m')\n"
        "    environ = {'ANTHROPIC_API_KEY': 'k', 'OPENAI_API_KEY': 'k'}\n"
        "    catalog.open_model(ref, catalog.KNOWN[name], None, environ=environ)\n"
        "heavy = {'anthropic', 'openai', 'httpx2', 'httpx', 'genai_prices', 'textual'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )


def test_the_three_are_parallel() -> None:
    for api in APIS:
        public = {name for name in vars(api.model) if not name.startswith("_")}
        assert public - {"count_tokens", "compact"} == {"ref", "stream", "close"}
