"""Theme files: the colours of the program as TOML.

They are checked by hand and not with pydantic, because the first frame already needs the colours.
A theme is plain data here; the user interface makes Textual's own kind of theme from it.
"""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent_tui.config.files import ConfigError, read_config
from agent_tui.config.positions import Positions, parse

DEFAULT = "agent-dark"

COLORS = (
    "primary",
    "secondary",
    "accent",
    "warning",
    "error",
    "success",
    "foreground",
    "background",
    "surface",
    "panel",
    "boost",
)
APP_VARIABLES = (
    "diff-add-bg",
    "diff-add-fg",
    "diff-del-bg",
    "diff-del-fg",
    "diff-hunk-fg",
    "ok",
    "bad",
    "warn",
    "muted",
    "link-mark",
    "gate",
    "person",
    "model",
)
"""What the panes use besides Textual's own variables. Every theme has to define them."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_ANSI = re.compile(
    r"ansi_(?:default|(?:bright_)?(?:black|red|green|yellow|blue|magenta|cyan|white))"
)
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")
_PERCENT = re.compile(r" (?:[0-9]|[1-9][0-9]|100)%")
_AUTO = re.compile(r"auto(?: (?:[0-9]|[1-9][0-9]|100)%)?")
_STYLE = re.compile(
    r"(?:none|(?:not )?(?:bold|b|dim|italic|i|underline|u|reverse|r|strike|blink)"
    r"(?: (?:not )?(?:bold|b|dim|italic|i|underline|u|reverse|r|strike|blink))*)"
)
_KEYS = ("name", "dark", "ansi", "colors", "variables")
_FLAGS = ("dark", "ansi")


@dataclass(frozen=True, slots=True)
class ThemeFile:
    """A theme as its file says it.

    Attributes:
        ansi: Whether it uses the terminal's own sixteen colours.
        colors: From the names in :data:`COLORS` to a colour; ``primary`` is always there.
        variables: Textual's theme variables, and all of :data:`APP_VARIABLES`.
    """

    name: str
    dark: bool = True
    ansi: bool = False
    colors: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    path: Path | None = None


def is_color(text: str) -> bool:
    """Whether it is ``#rgb``, ``#rrggbb``, ``#rrggbbaa``, or an ANSI name, each with ``N%``."""
    bare = _PERCENT.sub("", text) if text.endswith("%") else text
    return bool(_HEX.fullmatch(bare) or _ANSI.fullmatch(bare) or bare == "transparent")


def read_theme(path: Path) -> ThemeFile:
    """Read one theme file.

    Raises:
        ConfigError: If it is no theme; every problem in it is named.
    """
    data = read_config(path)
    if data is None:
        raise ConfigError(f"{path}: there is no such file")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: is not UTF-8") from None
    table, problem = parse(text, str(path))
    if problem:
        raise ConfigError(problem)
    lines = Positions(text)
    problems = [
        f"{path}:{lines.line(where)}: {what}" for where, what in _problems(table, path.stem)
    ]
    if problems:
        raise ConfigError(*problems)
    return ThemeFile(
        name=table["name"],
        dark=table.get("dark", True),
        ansi=table.get("ansi", False),
        colors=table["colors"],
        variables=table["variables"],
        path=path,
    )


def load_themes(*folders: Path) -> tuple[dict[str, ThemeFile], ConfigError | None]:
    """All themes of some folders by name; a later folder's theme replaces an earlier one's.

    Returns:
        The themes that are good, and one error about all the files that are not.
    """
    themes: dict[str, ThemeFile] = {}
    problems: list[str] = []
    for folder in folders:
        for path in theme_files(folder):
            try:
                theme = read_theme(path)
            except ConfigError as error:
                problems += error.problems
            else:
                themes[theme.name] = theme
    return themes, ConfigError(*problems) if problems else None


def theme_files(folder: Path) -> list[Path]:
    """The theme files of a folder, by name."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".toml")
    except OSError:
        return []  # most users have no themes of their own


def _problems(table: dict[str, Any], stem: str) -> Iterable[tuple[tuple[str, ...], str]]:
    for key in table:
        if key not in _KEYS:
            yield (key,), f"unknown key {key!r}{_meant(key, _KEYS)}"
    name = table.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        yield ("name",), "name must be lower-case letters, digits and hyphens, at most 40"
    elif name != stem:
        yield ("name",), f"name is {name!r}, but the file is {stem}.toml; they must be the same"
    for flag in _FLAGS:
        if not isinstance(table.get(flag, True), bool):
            yield (flag,), f"{flag} must be true or false"
    for section in ("colors", "variables"):
        if not isinstance(table.get(section), dict):
            yield (section,), f"the table [{section}] is missing"
            return
    colors, variables = table["colors"], table["variables"]
    for key, value in colors.items():
        if key not in COLORS:
            yield ("colors", key), f"unknown colour {key!r}{_meant(key, COLORS)}"
        elif not isinstance(value, str) or not is_color(value):
            yield ("colors", key), f'colors.{key} must be a colour such as "#2b6cb0"'
    if "primary" not in colors:
        yield ("colors",), "colors.primary is missing"
    for key, value in variables.items():
        good = isinstance(value, str) and (
            is_color(value) or _STYLE.fullmatch(value) or _AUTO.fullmatch(value)
        )
        if not good:
            yield ("variables", key), f"variables.{key} must be a colour or a text style"
        elif key in APP_VARIABLES and not is_color(value):
            yield ("variables", key), f'variables.{key} must be a colour such as "#2b6cb0"'
    for key in APP_VARIABLES:
        if key not in variables:
            yield ("variables",), f"variables.{key} is missing"


def _meant(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), 1)
    return f"; did you mean {close[0]!r}?" if close else ""
