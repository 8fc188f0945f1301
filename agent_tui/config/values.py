"""Values of the settings as text, close to how they would be typed."""

import json
import shlex
from typing import Any

from agent_tui.domain.text import visible


def show(value: Any) -> str:
    """A value on one line, safe to print."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:g}"
    if isinstance(value, tuple):
        if all(isinstance(word, str) for word in value):
            return visible(json.dumps(shlex.join(value), ensure_ascii=False)) if value else "none"
        return ", ".join(show(item) for item in value)
    if hasattr(value, "command"):
        network = ", with the network" if getattr(value, "network", False) else ""
        return visible(f"{value.name} ({shlex.join(value.command)}{network})")
    return visible(json.dumps(str(value), ensure_ascii=False))
