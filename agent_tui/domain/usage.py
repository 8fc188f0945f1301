"""What a model call used: tokens, money, time."""

from decimal import Decimal

from agent_tui.domain.base import Value


class Usage(Value):
    """Tokens of one or more model calls, in one convention for all providers.

    Attributes:
        input_tokens: All tokens that went in, cached ones included.
        cache_read_tokens: The part of the input that was read from the provider's cache.
        cache_write_tokens: The part of the input that was written to the cache.
        output_tokens: All tokens that came out, reasoning included.
        reasoning_tokens: The part of the output that was reasoning.
    """

    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0

    def __bool__(self) -> bool:
        return bool(self.input_tokens or self.output_tokens)

    @property
    def cached_share(self) -> float:
        """The part of the input that was read from the cache, from 0 to 1."""
        return self.cache_read_tokens / self.input_tokens if self.input_tokens else 0.0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
        )


class Cost(Value):
    """Money spent, in US dollars. Calls without a known price are counted, never taken as free.

    Attributes:
        priced: The sum of the calls whose price is known.
        unpriced_calls: How many calls have no known price.
    """

    priced: Decimal = Decimal(0)
    unpriced_calls: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            priced=self.priced + other.priced,
            unpriced_calls=self.unpriced_calls + other.unpriced_calls,
        )


class Latency(Value):
    """Seconds from the request to its first byte, its first token, and its end."""

    first_byte_s: float | None = None
    first_token_s: float | None = None
    total_s: float = 0.0
