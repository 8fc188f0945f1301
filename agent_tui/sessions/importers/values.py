"""Reading hostile JSON: a field has the type that is wanted, or it counts as missing."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from agent_tui.domain.base import ModelRef
from agent_tui.domain.text import one_line

Object = dict[str, Any]

TEXT_LIMIT = 16_000
"""Characters of one result that are shown; the source's raw bytes have all of them."""


def obj(value: Any) -> Object:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """A list, or an empty one."""
    return value if isinstance(value, list) else []


def objects(value: Any) -> Iterator[Object]:
    """The objects of a list."""
    return (item for item in items(value) if isinstance(item, dict))


def text(value: Any) -> str:
    """A string, or an empty one."""
    return value if isinstance(value, str) else ""


def number(value: Any) -> int:
    """A count that is not negative, or 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(value) if 0 <= value < 1e15 else 0


def money(value: Any) -> Decimal | None:
    """Dollars, or None where the source has no figure."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    if not amount.is_finite() or not 0 <= amount < 10**9:
        return None
    return round(amount, 10).normalize() if amount else Decimal(0)  # without a float's last digits


def time_of(value: Any) -> datetime | None:
    """A time: ISO 8601, or seconds or milliseconds since 1970."""
    if isinstance(value, str) and value[:2].isdigit():
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            return None
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 1e8:
        seconds = value / 1000 if value > 1e11 else value
        return datetime.fromtimestamp(seconds, UTC) if seconds < 1e10 else None
    return None


def joined(value: Any) -> str:
    """The text of a message's content: a string, or parts of which some have text."""
    if isinstance(value, str):
        return value
    return "\n".join(found for part in objects(value) if (found := text(part.get("text"))))


def cut(value: str) -> str:
    """At most :data:`TEXT_LIMIT` characters, with a word where more is left out."""
    if len(value) <= TEXT_LIMIT:
        return value
    return f"{value[:TEXT_LIMIT]}\n… {len(value) - TEXT_LIMIT:,} more characters in the source"


def model_ref(provider: str, model: str) -> ModelRef | None:
    """A model as we name it; a provider inside the model's name counts."""
    model = one_line(model, 120)
    if not model:
        return None
    first, _, rest = model.partition("/")
    if rest:
        return ModelRef(provider=first, model=rest)
    return ModelRef(provider=provider, model=model)
