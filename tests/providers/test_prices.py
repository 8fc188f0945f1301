"""Prices: cached tokens once, and never a silent nothing."""

from decimal import Decimal

import pytest

from agent_tui.domain.base import ModelRef
from agent_tui.domain.usage import Cost, Usage
from agent_tui.providers.catalog import PRESETS
from agent_tui.providers.prices import price

UNPRICED = Cost(unpriced_calls=1)
USAGE = Usage(
    input_tokens=1_000_000,
    cache_read_tokens=400_000,
    cache_write_tokens=100_000,
    output_tokens=100_000,
    reasoning_tokens=50_000,
)


def ref(text: str) -> ModelRef:
    provider, _, model = text.partition(":")
    return ModelRef(provider=provider, model=model)


def test_a_cached_token_is_paid_for_once() -> None:
    # $5 and $25 a million in and out, $0.50 to read from the cache, $6.25 to write to it.
    paid = Decimal("2.5") + Decimal("0.2") + Decimal("0.625") + Decimal("2.5")
    assert price(ref("anthropic:claude-opus-4-6"), USAGE) == Cost(priced=paid)


def test_the_named_coder() -> None:
    usage = Usage(input_tokens=1_000_000, cache_read_tokens=400_000, output_tokens=100_000)
    paid = Decimal("1.05") + Decimal("0.07") + Decimal("1.4")
    assert price(ref("openai:gpt-5.3-codex"), usage) == Cost(priced=paid)


@pytest.mark.parametrize(
    "model",
    ["local:gpt-oss-20b", "local:gpt-oss:20b", "openai:no-such-model", "nobody:gpt-6.1-sol"],
)
def test_what_has_no_known_price_is_counted(model: str) -> None:
    assert price(ref(model), USAGE) == UNPRICED


def test_counts_that_contradict_each_other_have_no_price() -> None:
    wrong = Usage(input_tokens=10, cache_read_tokens=1000, output_tokens=1)
    assert price(ref("anthropic:claude-opus-4-6"), wrong) == UNPRICED


def test_a_configured_provider_is_priced_as_what_it_is() -> None:
    assert price(ref("work:gpt-6.1-sol"), USAGE) == UNPRICED
    assert price(ref("work:gpt-6.1-sol"), USAGE, {"work": "openai"}).priced > 0


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "local"])
def test_the_presets_are_priced(name: str) -> None:
    for model in PRESETS[name].values():
        cost = price(model, Usage(input_tokens=1000, output_tokens=1000))
        assert cost.unpriced_calls == 0
        assert cost.priced > 0
