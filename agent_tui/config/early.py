"""What must be known before the first frame: the theme and the keymap.

This is tolerant: anything that is wrong gives the default, because the full loading in
``settings.py`` follows and says what is wrong. Neither pydantic nor Textual is imported.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent_tui.config.files import ConfigError, read_config
from agent_tui.config.positions import parse
from agent_tui.config.themes import DEFAULT, ThemeFile, read_theme


@dataclass(frozen=True, slots=True)
class EarlySettings:
    """The part of the settings that the first frame needs.

    Attributes:
        keymap: From an action's id to its keys, separated by commas.
    """

    theme: str = DEFAULT
    keymap: dict[str, str] = field(default_factory=dict)


def read_early(user_file: Path | None, project_file: Path | None = None) -> EarlySettings:
    """Theme and keymap from the files. A project may choose the theme, and never keys."""
    user, project = _table(user_file), _table(project_file)
    theme = next(
        (t["theme"] for t in (project, user) if isinstance(t.get("theme"), str)),
        DEFAULT,
    )
    keymap = user.get("keymap")
    if not isinstance(keymap, dict):
        keymap = {}
    return EarlySettings(theme, {k: v for k, v in keymap.items() if isinstance(v, str)})


def early_theme(name: str, *folders: Path) -> ThemeFile | None:
    """The theme with that name from the last of the folders that has it, or None."""
    for folder in reversed(folders):
        path = folder / f"{name}.toml"
        if path.parent == folder and path.is_file():
            try:
                return read_theme(path)
            except ConfigError:
                continue  # the full loading says what is wrong with it
    return None


def _table(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        data = read_config(path)
        return parse(data.decode("utf-8"), str(path))[0] if data else {}
    except (ConfigError, UnicodeDecodeError):
        return {}  # the full loading says what is wrong
