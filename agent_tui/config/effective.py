"""The settings in force as rows, for ``agent-tui config``."""

from typing import NamedTuple

from agent_tui.config.settings import LoadedSettings, leaves
from agent_tui.config.values import show
from agent_tui.domain.text import visible


class Row(NamedTuple):
    """One setting: its key, its value, and where that comes from."""

    key: str
    value: str
    source: str


def effective(loaded: LoadedSettings) -> list[Row]:
    """All settings with their values and sources, safe to print."""
    return [
        Row(visible(name), show(value), str(loaded.sources[name]))
        for name, value in ((".".join(key), value) for key, value in leaves(loaded.settings))
    ]
