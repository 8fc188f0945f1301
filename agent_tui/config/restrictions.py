"""What a project's file may set. A repository is not the person who works on it."""

from typing import Any

COMMANDS = frozenset(
    {("checks",), ("deploy", "command"), ("sandbox", "read"), ("sandbox", "caches")}
)
"""Keys that name programs to run, or what those may see: they need the user's trust."""

_FORBIDDEN = {
    "keymap": "a project may not change your keys",
    "editor": "a project may not choose a program for you",
    "sessions": "a project may not say where your sessions are kept",
}
_LOWER = "a project may only lower a limit"


def refusal(key: tuple[str, ...], value: Any, current: Any) -> str:
    """Why a project's file may not set a key to a value, or "" when it may.

    Args:
        value: The value that the file gives, checked.
        current: The value that is in force without the file.
    """
    if value == current and key[0] not in _FORBIDDEN:
        return ""
    match key:
        case (section, *_) if section in _FORBIDDEN:
            return _FORBIDDEN[section]
        case ("gates", "grace_ms"):
            return "" if value > current else "a project may only make it longer"
        case ("gates", _):
            return "" if value == "ask" else "a project may only change it from auto to ask"
        case ("limits", _):
            lower = value is not None and (current is None or value < current)
            return "" if lower else _LOWER
        case ("sandbox", "require"):
            return "" if value else "a project may not switch it off"
        case ("sandbox", "read" | "caches"):
            inside = all(not path.startswith(("/", "~")) for path in value)
            return "" if inside else "a project may only name what is in its own folder"
        case ("sandbox", "memory_mb" | "processes"):
            lower = value is not None and (current is None or value < current)
            return "" if lower else _LOWER
        case ("commit", "hooks"):
            return "" if value == "refuse" else "a project may not have its own hooks run"
        case ("commit", _):
            return "a project may not sign off for you"
        case ("roles", _, "model") | ("theme",) | ("checks",) | ("deploy", "command"):
            return ""
    return "a project may not set it"
