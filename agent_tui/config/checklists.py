"""What the reviewer looks for in the work of a coder's model: what ships, and the person's own."""

import fnmatch
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from agent_tui.domain.base import ModelRef


@cache
def shipped() -> Mapping[str, tuple[str, ...]]:
    """The lists that ship, by pattern."""
    file = resources.files("agent_tui.config") / "checklists.toml"
    return {name: tuple(items) for name, items in tomllib.loads(file.read_text("utf-8")).items()}


def checklist(model: ModelRef, own: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """What to look for in the work of that model: the items of every pattern that fits it.

    Args:
        own: The person's lists by pattern; one takes the place of a shipped one of that name, and
            an empty one takes it away.
    """
    lists = {**shipped(), **own}
    fitting = (lists[name] for name in lists if fnmatch.fnmatchcase(str(model), name))
    return tuple(dict.fromkeys(item for items in fitting for item in items))
