"""What a person calls a secret in the settings: the shape of a key that only their company has.

A shape is plain text in which ``?`` stands for one letter, digit, ``-`` or ``_``, and a ``*`` at
the end for at least four characters of a key: ``acme_*``, ``CUST-????-????``. There is no other
repetition, so looking for one takes time that is linear in the text whatever a person writes.
"""

import re
from collections.abc import Iterator
from typing import get_args

from agent_tui.domain.base import Value
from agent_tui.domain.events import Event

_LETTERS = 4
"""Characters that stand before the first ``?`` or ``*``: what is looked for first."""
_LENGTH = 8
"""Characters of the shortest secret."""
_PLAIN = re.compile(r"[!#-)+->@-\[\]-~]")
"""What JSON writes as it is, but for ``?`` and ``*``."""
_OBJECT_NAME = re.compile(r"[0-9a-f-]+")
_IDS = ("gate-", "step-", "command-")


def beginning(shape: str) -> str:
    """What stands before the first ``?`` or ``*``."""
    return re.split(r"[?*]", shape, maxsplit=1)[0]


def expression(shape: str) -> str:
    """A shape as a regular expression whose first characters are letters to look for."""
    first = beginning(shape)
    parts = [re.escape(first), rf"(?<![A-Za-z0-9]{'.' * len(first)})"]
    for char in shape[len(first) :]:
        known = {"?": "[A-Za-z0-9_-]", "*": "[A-Za-z0-9._~+/=-]{4,}+"}
        parts.append(known.get(char) or re.escape(char))
    return "".join(parts)


def checked(shape: str) -> str:
    """The shape, if it can be looked for.

    Raises:
        ValueError: With what is wrong with it.
    """
    first = beginning(shape)
    if "*" in shape[:-1]:
        raise ValueError(f"{shape!r}: a * stands only at the end")
    if len(first) < _LETTERS or len(shape.rstrip("*")) + 4 * shape.endswith("*") < _LENGTH:
        raise ValueError(
            f"{shape!r} is too short: write at least {_LETTERS} letters before a ? or *, and "
            f"{_LENGTH} in all, of which a * counts as 4"
        )
    for char in shape:
        if char not in "?*" and not _PLAIN.fullmatch(char):
            raise ValueError(f"{shape!r}: {char!r} cannot be looked for")
    if _OBJECT_NAME.fullmatch(first):
        raise ValueError(f"{shape!r} may be a part of a commit's name, which must stay")
    found = re.compile(expression(shape))
    for word in _own_words():
        if found.search(word):
            raise ValueError(f"{shape!r} fits {word!r}, which is a word of the log itself")
    return shape


def _own_words() -> Iterator[str]:
    """Names of types and fields in a log, and how its ids begin."""
    for name in _IDS:
        yield name + "0" * 16
    for event in get_args(Event):
        yield event.model_fields["type"].default
    kinds = [Value]
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        for name, field in kind.model_fields.items():
            yield name
            for choice in get_args(field.annotation):
                if isinstance(choice, str):
                    yield choice
