"""One picture for each view of the diff widget, and for the kinds of change."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from agent_tui.domain.patch import Patch, parse_patch
from agent_tui.ui.diff import DiffViewer, Note, NothingLeftOut, Overlays, Paragraph
from tests.ui.diff_patches import diff_of, every_kind

OLD = b'''"""Durations."""

import sys


def parse(text):
    total = 0
    number = ""
    for char in text:
        if char.isdigit():
            number += char
        else:
            total += int(number) * UNITS[char]
            number = ""
    return total


def main():
    print(parse(sys.argv[1]))
    return 0


def helper(value):
    """Help a value along."""
    result = value + 1
    return result * 2
'''
NEW = b'''"""Durations."""

import re
import sys


def helper(value):
    """Help a value along."""
    result = value + 1
    return result * 2


def parse(text):
    total = 0
    for number, unit in re.findall(r"(\\d+)([a-z])", text.lower()):
        total += int(number) * UNITS[unit]
    return total


def main():
    try:
        print(parse(sys.argv[1]))
    except KeyError as error:
        print(error, file=sys.stderr)
        return 2
    return 0
'''


class Picture(App[None]):
    def __init__(self, patch: Patch, overlays: Overlays) -> None:
        super().__init__()
        self.patch = patch
        self.overlays = overlays

    def compose(self) -> ComposeResult:
        yield DiffViewer()

    def on_mount(self) -> None:
        view = self.query_one(DiffViewer)
        view.focus()
        view.show(self.patch, self.overlays, lambda file, side: OLD if side == "old" else NEW)


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    for name in ("NO_COLOR", "TEXTUAL_THEME", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)


def pressing(*keys: str, search: str = "") -> Callable[[Pilot[None]], Awaitable[None]]:
    async def before(pilot: Pilot[None]) -> None:
        async def settle() -> None:
            for _ in range(6):
                await pilot.pause()
                await pilot.app.workers.wait_for_complete()

        await settle()
        for key in keys:
            await pilot.press(key)
            await settle()
        if search:
            pilot.app.query_one(DiffViewer).search(search)
            await settle()
        await pilot.pause()

    return before


VIEWS = {
    "unified_small": ((80, 24), pressing()),
    "unified": ((120, 40), pressing("right_square_bracket")),
    "side_by_side": ((160, 48), pressing("right_square_bracket")),
    "side_by_side_large": ((200, 60), pressing()),
    "whole_file": ((120, 48), pressing("right_square_bracket", "X")),
    "range": ((100, 30), pressing(*"jjjjjvjjjj")),
    "search": ((100, 30), pressing(search="total")),
    "no_wrap": ((60, 30), pressing("W")),
}


@pytest.mark.parametrize("name", VIEWS)
def test_view(snap_compare: Callable[..., bool], tmp_path: Path, name: str) -> None:
    size, before = VIEWS[name]
    patch = parse_patch(diff_of(tmp_path / "r", {"durations.py": OLD}, {"durations.py": NEW}))
    first, last = patch.files[0].hunks[0], patch.files[0].hunks[-1]
    overlays = Overlays(
        left_out=NothingLeftOut(lines={last.id: last.changed[-3:]}),
        notes=(
            Note("F1", "durations.py", 15, label="F1 major", tone="bad", text="`1.5h` is lost."),
            Note("C1", "durations.py", 1, outdated=True, sign="◆", tone="person",
                 text="Say what it reads.", excerpt="# durations"),
        ),
        claims={first.id: ("AC1", "AC2")},
        flag_unclaimed=True,
        intro=(Paragraph("The parser uses a pattern.", "model"),),
    )  # fmt: skip
    assert snap_compare(Picture(patch, overlays), run_before=before, terminal_size=size)


@pytest.mark.parametrize("size", [(110, 110), (80, 60)], ids=["wide", "narrow"])
def test_kinds(snap_compare: Callable[..., bool], tmp_path: Path, size: tuple[int, int]) -> None:
    patch = parse_patch(every_kind(tmp_path / "r"))
    app = Picture(patch, Overlays())
    assert snap_compare(app, run_before=pressing(), terminal_size=size)


def test_without_colour(
    snap_compare: Callable[..., bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    patch = parse_patch(diff_of(tmp_path / "r", {"durations.py": OLD}, {"durations.py": NEW}))
    app = Picture(patch, Overlays())
    assert snap_compare(app, run_before=pressing("j", "j"), terminal_size=(100, 30))
