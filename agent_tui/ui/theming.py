"""From a theme file to Textual's theme, and the variables that the panes need in any theme."""

from __future__ import annotations

from collections.abc import Mapping

from textual.theme import Theme

from agent_tui.config.themes import ThemeFile

_FALLBACKS: dict[str, str] = {
    "diff-add-bg": "success-muted",
    "diff-add-fg": "text-success",
    "diff-del-bg": "error-muted",
    "diff-del-fg": "text-error",
    "diff-hunk-fg": "text-secondary",
    "ok": "success",
    "bad": "error",
    "warn": "warning",
    "muted": "foreground-darken-2",
    "link-mark": "primary",
    "gate": "accent",
    "person": "secondary",
    "model": "primary",
    "cursor-background": "boost",
    "range-background": "primary-muted",
    "gate-background": "panel",
    "panel-border": "border-blurred",
    "code-keyword": "person",
    "code-string": "model",
    "code-number": "warn",
}
"""What takes the place of a variable that a theme leaves open."""


def with_fallbacks(variables: Mapping[str, str]) -> dict[str, str]:
    """All variables that the style sheets use."""
    result = dict(variables)
    for name, other in _FALLBACKS.items():
        if name not in result:
            result[name] = result.get(other, result["foreground"])
    return result


def textual_theme(file: ThemeFile) -> Theme:
    """The theme as Textual takes it."""
    colors = file.colors
    return Theme(
        name=file.name,
        primary=colors["primary"],
        secondary=colors.get("secondary"),
        warning=colors.get("warning"),
        error=colors.get("error"),
        success=colors.get("success"),
        accent=colors.get("accent"),
        foreground=colors.get("foreground"),
        background=colors.get("background"),
        surface=colors.get("surface"),
        panel=colors.get("panel"),
        boost=colors.get("boost"),
        dark=file.dark,
        ansi=file.ansi,
        variables=dict(file.variables),
    )
