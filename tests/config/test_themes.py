"""Themes: the shipped ones are complete and readable, bad ones are named together."""

import math
import re
from pathlib import Path

import pytest

from agent_tui.config.early import early_theme
from agent_tui.config.files import ConfigError
from agent_tui.config.paths import shipped_themes
from agent_tui.config.themes import (
    APP_VARIABLES,
    COLORS,
    DEFAULT,
    ThemeFile,
    load_themes,
    read_theme,
)

SHIPPED, ERROR = load_themes(shipped_themes())
TRUE_COLOUR = sorted(name for name, theme in SHIPPED.items() if not theme.ansi)
AREAS = ("background", "surface", "panel")
TEXT_COLOURS = ("primary", "secondary", "accent", "warning", "error", "success", "foreground")
TEXT_VARIABLES = (
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
ROWS = ("cursor-background", "range-background")
"""The ground of the row at the cursor and of a range of rows; a theme may leave them out."""


def luminance(colour: str) -> float:
    """WCAG 2.2, "relative luminance"."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, "contrast ratio"."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def pairs(theme: ThemeFile) -> list[tuple[str, str, str, str]]:
    """All (name, colour) of text with the (name, colour) of what it stands on."""
    texts = {name: theme.colors[name] for name in TEXT_COLOURS}
    texts |= {name: theme.variables[name] for name in TEXT_VARIABLES}
    found = [(t, c, a, theme.colors[a]) for t, c in texts.items() for a in AREAS]
    v = theme.variables
    found += [(t, c, row, v[row]) for t, c in texts.items() for row in ROWS]
    found += [(f"diff-{k}-fg", v[f"diff-{k}-fg"], r, v[r]) for k in ("add", "del") for r in ROWS]
    for kind in ("add", "del"):
        ground = (f"diff-{kind}-bg", v[f"diff-{kind}-bg"])
        found.append((f"diff-{kind}-fg", v[f"diff-{kind}-fg"], *ground))
        found += [
            ("foreground", theme.colors["foreground"], *ground),
            ("link-mark", v["link-mark"], *ground),
        ]
    found.append(
        (
            "block-cursor-foreground",
            v["block-cursor-foreground"],
            "block-cursor-background",
            v["block-cursor-background"],
        )
    )
    for selection in ("input-selection-background", "screen-selection-background"):
        found.append(("foreground", theme.colors["foreground"], selection, v[selection]))
    for text in ("footer-foreground", "footer-key-foreground", "footer-description-foreground"):
        found.append((text, v[text], "footer-background", v["footer-background"]))
    return found


def test_contrast_formula() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_all_shipped_themes_are_good() -> None:
    assert ERROR is None
    assert set(SHIPPED) == {path.stem for path in shipped_themes().glob("*.toml")}
    assert {"agent-dark", "agent-light", "high-contrast", "colour-blind-safe", "ansi"} <= set(
        SHIPPED
    )
    assert DEFAULT in SHIPPED
    assert len({theme.dark for theme in SHIPPED.values()}) == 2


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_theme_is_complete(name: str) -> None:
    theme = SHIPPED[name]
    assert set(theme.colors) == set(COLORS)
    assert set(APP_VARIABLES) <= set(theme.variables)


@pytest.mark.parametrize("name", TRUE_COLOUR)
def test_text_is_readable(name: str) -> None:
    least = 7.0 if name == "high-contrast" else 4.5
    poor = [
        f"{text} {colour} on {area} {ground}: {contrast(colour, ground):.2f}"
        for text, colour, area, ground in pairs(SHIPPED[name])
        if contrast(colour, ground) < least
    ]
    assert not poor


@pytest.mark.parametrize("name", TRUE_COLOUR)
def test_dark_says_what_it_is(name: str) -> None:
    theme = SHIPPED[name]
    is_dark = luminance(theme.colors["background"]) < luminance(theme.colors["foreground"])
    assert theme.dark == is_dark


def _seen_with(matrix: tuple[tuple[float, ...], ...], colour: str) -> tuple[float, ...]:
    rgb = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return tuple(sum(f * c for f, c in zip(row, linear, strict=True)) for row in matrix)


# Machado, Oliveira, Fernandes (2009), severity 1.0.
DEUTERANOPIA = (
    (0.367322, 0.860646, -0.227968),
    (0.280085, 0.672501, 0.047413),
    (-0.011820, 0.042940, 0.968881),
)
PROTANOPIA = (
    (0.152286, 1.052583, -0.204868),
    (0.114503, 0.786281, 0.099216),
    (-0.003882, -0.048116, 1.051998),
)


@pytest.mark.parametrize("matrix", [DEUTERANOPIA, PROTANOPIA])
@pytest.mark.parametrize(("good", "bad"), [("ok", "bad"), ("diff-add-fg", "diff-del-fg")])
def test_colour_blind_safe_keeps_good_and_bad_apart(
    matrix: tuple[tuple[float, ...], ...], good: str, bad: str
) -> None:
    def distance(theme: ThemeFile) -> float:
        one, other = (_seen_with(matrix, theme.variables[name]) for name in (good, bad))
        return math.dist(one, other)

    assert distance(SHIPPED["colour-blind-safe"]) > 1.5 * distance(SHIPPED["agent-dark"])


def test_ansi_uses_only_the_terminals_colours() -> None:
    theme = SHIPPED["ansi"]
    assert theme.ansi
    for value in (*theme.colors.values(), *theme.variables.values()):
        assert not value.startswith("#")


@pytest.mark.anyio
@pytest.mark.parametrize("name", sorted(SHIPPED))
async def test_textual_draws_with_every_theme(name: str) -> None:
    from textual.app import App, ComposeResult
    from textual.color import Color
    from textual.theme import Theme
    from textual.widgets import Button, Checkbox, Footer, Input, OptionList, Tree

    file = SHIPPED[name]
    theme = Theme(
        name=file.name,
        dark=file.dark,
        ansi=file.ansi,
        variables=file.variables,
        **file.colors,  # type: ignore[arg-type]
    )

    class Sample(App[None]):
        CSS = "\n".join(f".{v} {{ color: ${v}; background: ${v}; }}" for v in APP_VARIABLES)

        def get_theme_variable_defaults(self) -> dict[str, str]:
            return file.variables

        def compose(self) -> ComposeResult:
            yield Input("x")
            yield OptionList("x")
            yield Button("x")
            yield Checkbox("x")
            yield Tree("x")
            yield Footer()

    app = Sample()
    app.register_theme(theme)
    app.theme = name
    async with app.run_test():
        variables = app.get_css_variables()
        for variable in (*COLORS, *APP_VARIABLES):
            Color.parse(variables[variable])
    known = Theme(name="x", primary="#ffffff").to_color_system().generate()
    known |= Theme(name="x", primary="ansi_blue", ansi=True).to_color_system().generate()
    unknown = set(file.variables) - set(known) - set(APP_VARIABLES)
    assert unknown <= {"ansi-background", "ansi-foreground", *ROWS}


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text)
    return path


GOOD = (shipped_themes() / "agent-dark.toml").read_text().replace("agent-dark", "mine")


def test_all_bad_files_are_reported_together_with_lines(tmp_path: Path) -> None:
    _write(tmp_path, "mine", GOOD)
    first = _write(
        tmp_path,
        "first",
        'name = "first"\ndark = "yes"\n[colors]\nprimry = "#fff"\nprimary = "red"\n[variables]\n',
    )
    second = _write(tmp_path, "second", 'name = "second"\n[colors\n')
    third = tmp_path / "third.toml"
    third.write_bytes(b'name = "third"\n\xff\n')
    themes, error = load_themes(tmp_path)
    assert set(themes) == {"mine"}
    assert error is not None
    text = str(error)
    assert f"{first}:2: dark must be true or false" in text
    assert f"{first}:4: unknown colour 'primry'; did you mean 'primary'?" in text
    assert f"{first}:5: colors.primary must be a colour" in text
    assert f"{first}:6: variables.gate is missing" in text
    assert f"{second}:2: " in text
    assert f"{third}:2: is not UTF-8" in text


def test_a_later_folder_replaces_a_theme(tmp_path: Path) -> None:
    text = (shipped_themes() / "agent-dark.toml").read_text()
    _write(
        tmp_path, "agent-dark", re.sub(r"^primary = .*$", 'primary = "#123456"', text, flags=re.M)
    )
    themes, error = load_themes(shipped_themes(), tmp_path)
    assert error is None
    assert themes["agent-dark"].colors["primary"] == "#123456"
    early = early_theme("agent-dark", shipped_themes(), tmp_path)
    assert early is not None
    assert early.colors["primary"] == "#123456"


def test_early_theme_is_tolerant(tmp_path: Path) -> None:
    _write(tmp_path, "agent-dark", "nonsense")
    early = early_theme("agent-dark", shipped_themes(), tmp_path)
    assert early is not None
    assert early.path == shipped_themes() / "agent-dark.toml"
    assert early_theme("nothing", shipped_themes()) is None
    assert early_theme("../themes/agent-dark", shipped_themes()) is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "mine"', 'name = "other"', "they must be the same"),
        ('name = "mine"', 'name = "Mine!"', "lower-case"),
        ('ok = "', 'ok = "bold', "variables.ok must be"),
        ('gate = "#', 'gate = "\\u001b[31m#', "variables.gate must be"),
        ("dark = true", "dark = true\nextra = 1", "unknown key 'extra'"),
        ("[variables]", "[other]", "the table [variables] is missing"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    path = _write(tmp_path, "mine", GOOD.replace(old, new, 1))
    with pytest.raises(ConfigError) as caught:
        read_theme(path)
    assert message in str(caught.value)
    assert "\x1b" not in str(caught.value)
