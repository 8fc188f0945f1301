"""What a call costs, from the price list of ``genai-prices``: its own data, no network."""

import importlib
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from agent_tui.domain.base import ModelRef
from agent_tui.domain.usage import Cost, Usage

PRICED: Mapping[str, str] = MappingProxyType({"anthropic": "anthropic", "openai": "openai"})
"""Our providers' names in the price list. A provider that is not here is never priced: the
name of a local model may well be one that a hosted provider asks money for."""


def price(ref: ModelRef, usage: Usage, priced: Mapping[str, str] = PRICED) -> Cost:
    """The cost of one call in US dollars, at today's prices.

    ``Usage.input_tokens`` is the total, as the price list wants it: the part that was read from
    or written to the cache is priced as such, and not a second time.

    Args:
        priced: Names of providers, and the names that the price list has for them.
    """
    provider = priced.get(ref.provider)
    total = _total(provider, ref.model, usage) if provider else None
    return Cost(unpriced_calls=1) if total is None else Cost(priced=total)


def context_window(ref: ModelRef, priced: Mapping[str, str] = PRICED) -> int | None:
    """Tokens of a model's window, as the price list has it; None where it has none."""
    provider = priced.get(ref.provider)
    if provider is None:
        return None
    prices = importlib.import_module("genai_prices")
    try:
        found = prices.calc_price(prices.Usage(), model_ref=ref.model, provider_id=provider)
    except (LookupError, ValueError):
        return None
    window = found.model.context_window
    return window if isinstance(window, int) else None


def per_million(
    ref: ModelRef, priced: Mapping[str, str] = PRICED
) -> tuple[Decimal, Decimal] | None:
    """US dollars for a million tokens that go in, and for a million that come out.

    They are those of a short prompt: some models cost more beyond a threshold. None where the
    price is not known.
    """
    provider = priced.get(ref.provider)
    if provider is None:
        return None
    thousand = Usage(input_tokens=1000, output_tokens=0), Usage(input_tokens=0, output_tokens=1000)
    going_in, coming_out = (_total(provider, ref.model, usage) for usage in thousand)
    if going_in is None or coming_out is None:
        return None
    return going_in * 1000, coming_out * 1000


def _total(provider: str, model: str, usage: Usage) -> Decimal | None:
    prices = importlib.import_module("genai_prices")  # 0.3 seconds: not before it is needed
    tokens = prices.Usage(
        input_tokens=usage.input_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        output_tokens=usage.output_tokens,
    )
    try:
        total = prices.calc_price(tokens, model_ref=model, provider_id=provider).total_price
    except (LookupError, ValueError):
        return None  # an unknown model, or counts that contradict each other
    return total if isinstance(total, Decimal) else None
