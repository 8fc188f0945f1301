"""A quicker :func:`dataclasses.replace`: the fold makes a new state for every record."""

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any, TypeVar

T = TypeVar("T")


_Form = tuple[Callable[[Any], tuple[Any, ...]], dict[str, int]]
_FORMS: dict[type, _Form] = {}


def _form(kind: type[Any]) -> _Form:
    names = [field.name for field in fields(kind)]
    form = attrgetter(*names), {name: place for place, name in enumerate(names)}
    _FORMS[kind] = form
    return form


def replace(value: T, **changes: Any) -> T:
    """The same dataclass value with other fields. All its fields are positional.

    Raises:
        KeyError: If there is no such field.
    """
    kind = type(value)
    read, places = _FORMS.get(kind) or _form(kind)
    parts = list(read(value))
    for name, part in changes.items():
        parts[places[name]] = part
    return kind(*parts)
