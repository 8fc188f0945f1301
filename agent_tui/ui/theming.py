"""From a theme file to Textual's theme, with what the panes need beside it."""

from __future__ import annotations

from textual.theme import Theme

from agent_tui.config.themes import ThemeFile


def textual_theme(file: ThemeFile) -> Theme:
    """The theme as Textual takes it; what the file leaves open follows from its other colours."""
    colors, variables = file.colors, file.variables
    derived = {
        "cursor-background": colors.get("boost", colors["primary"]),
        "range-background": variables.get("block-cursor-background", colors["primary"]),
        "gate-background": colors.get("panel", colors["primary"]),
        "panel-border": variables.get("border-blurred", variables["muted"]),
        "code-keyword": variables["person"],
        "code-string": variables["model"],
        "code-number": variables["warn"],
    }
    return Theme(
        name=file.name,
        dark=file.dark,
        ansi=file.ansi,
        variables={**derived, **variables},
        **colors,
    )
