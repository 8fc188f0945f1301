"""The person's own keys: what of a keymap cannot work, and why."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterator, Mapping
from typing import TYPE_CHECKING

from textual.keys import Keys

from agent_tui.ui.actions import ACTIONS, BY_ID

if TYPE_CHECKING:
    from agent_tui.config.settings import LoadedSettings

RESERVED = {"ctrl+q": "quits", "ctrl+p": "opens the palette"}
_MODIFIERS = re.compile(r"^(?:(?:ctrl|shift|alt|super|meta|hyper)\+)*")
_NAMES = {key.value for key in Keys}


def keys_in_force(keymap: Mapping[str, str]) -> dict[str, str]:
    """The keys of every action, separated by commas, with the person's own in their place."""
    return {action.id: keymap.get(action.id, action.keys) for action in ACTIONS}


def keymap_problems(keymap: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What is wrong with a keymap: the id of the action, and a sentence."""
    for name, keys in keymap.items():
        if name not in BY_ID:
            yield name, f"there is no action {name!r}; the README's table of keys has the names"
            continue
        for key in keys.split(","):
            if not _is_key(key.strip()):
                yield name, f"{key.strip()!r} is no key; write it like a, ctrl+a, f2 or space"
            elif key.strip() in RESERVED:
                yield name, f"{key.strip()} {RESERVED[key.strip()]} and cannot be used"
    owners: dict[str, str] = {}
    for name, keys in keys_in_force(keymap).items():
        for key in (key.strip() for key in keys.split(",")):
            other = owners.setdefault(key, name)
            if other != name:
                mine, theirs = (name, other) if name in keymap else (other, name)
                yield mine, f"{key} is the key of {theirs!r} too; give that one another key"


def screen_problems(loaded: LoadedSettings, themes: Container[str]) -> Iterator[str]:
    """What the settings say that a screen cannot do, with file and line.

    Args:
        themes: The names of the themes that there are.
    """
    for name, problem in keymap_problems(loaded.settings.keymap):
        yield f"{loaded.sources.get(f'keymap.{name}', 'keymap')}: {problem}"
    if loaded.settings.theme not in themes:
        yield (
            f"{loaded.sources['theme']}: there is no theme {loaded.settings.theme!r}; "
            "see `agent-tui themes`"
        )


def _is_key(key: str) -> bool:
    base = _MODIFIERS.sub("", key)
    if len(base) == 1 or base in _NAMES:
        return base.isprintable()
    try:
        unicodedata.lookup(base.replace("_", " ").upper())
    except KeyError:
        return False
    return True
