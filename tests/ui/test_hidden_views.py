"""Views that are sent somewhere while they are hidden, as on a narrow screen."""

from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.content import Content

from agent_tui.domain.patch import Patch, parse_patch
from agent_tui.ui.widgets.rows import Row, RowsView
from tests.ui.diff_patches import diff_of
from tests.ui.test_diff_view import bench

pytestmark = pytest.mark.anyio


class RowsApp(App[None]):
    def compose(self) -> ComposeResult:
        yield RowsView()


def patch(folder: Path, changed: range) -> Patch:
    old = [f"value_{n} = {n}\n" for n in range(1_000)]
    new = [f"other_{n} = {n}\n" if n in changed else line for n, line in enumerate(old)]
    return parse_patch(
        diff_of(folder, {"a.py": "".join(old).encode()}, {"a.py": "".join(new).encode()})
    )


def rows(count: int) -> list[Row]:
    return [Row(Content(f"row {n}"), item=n, key=n) for n in range(count)]


async def test_a_diff_goes_there_when_it_is_shown(tmp_path: Path) -> None:
    async with bench() as person:
        await person.show(patch(tmp_path / "many", range(0, 1_000, 20)))
        person.view.display = False
        await person.settle()
        row = person.view.plan.find(("hunk", 40, 0, 0))
        assert row is not None
        person.view.reveal(row)
        person.view.display = True
        await person.settle()
        shown = person.view.rows_on_screen
        assert shown[0] < row < shown[-1]


async def test_a_place_in_another_patch_is_forgotten(tmp_path: Path) -> None:
    async with bench() as person:
        many = patch(tmp_path / "many", range(0, 1_000, 20))
        await person.show(many)
        person.view.display = False
        await person.settle()
        person.view.reveal(person.view.plan.find(("hunk", 40, 0, 0)) or 0)
        await person.show(patch(tmp_path / "others", range(5, 1_000, 20)))
        person.view.display = True
        await person.settle()
        assert person.view.scroll_offset.y == 0


async def test_rows_that_are_no_more(tmp_path: Path) -> None:
    app = RowsApp()
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(RowsView)
        for left in (100, 3, 0):
            view.show(rows(100))
            view.display = False
            await pilot.pause()
            assert view.reveal(80)
            view.show(rows(left))
            view.display = True
            await pilot.pause()
            await pilot.pause()
            top = view.scroll_offset.y
            assert (top <= 80 < top + 10) if left == 100 else top == 0
