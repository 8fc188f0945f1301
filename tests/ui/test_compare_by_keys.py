"""The compare screen by keys: columns, differences, linked changes, and what lies between two."""

import asyncio
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from agent_tui.bootstrap import library as lib
from agent_tui.bootstrap.demo import demo_options
from agent_tui.bootstrap.environment import Options, open_environment
from agent_tui.bootstrap.forking import ForkWish, fork_session
from agent_tui.bootstrap.starting import start_session
from agent_tui.config.paths import shipped_sessions
from agent_tui.demo.repository import REQUEST
from agent_tui.domain.state import State
from agent_tui.ui.launch import Launch
from agent_tui.ui.screens.compare import CompareScreen
from agent_tui.ui.screens.home import HomeScreen
from agent_tui.ui.widgets.rows import RowsView
from tests.ui.driver import Driver, drive

pytestmark = pytest.mark.anyio
TWO = ("second-attempt-passes", "person-steps-in")


def launch(folder: Path, *names: str) -> Launch:
    return Launch(kind="compare", folder=folder, compare=names, sessions=folder / "sessions")


async def compared(person: Driver) -> CompareScreen:
    def read() -> bool:
        screen = person.app.screen
        return isinstance(screen, CompareScreen) and screen.found is not None

    await person.until(read, "the comparison")
    screen = person.app.screen
    assert isinstance(screen, CompareScreen)
    await person.until(lambda: len(screen.query_one("#rows", RowsView).rows) > 5, "the rows")
    return screen


@pytest.mark.parametrize("size", [(80, 24), (160, 48)], ids=["small", "large"])
async def test_columns_and_differences(tmp_path: Path, size: tuple[int, int]) -> None:
    async with drive(launch(tmp_path, *TWO), size) as person:
        screen = await compared(person)
        assert "★ second-attempt-passes" in person.text
        assert "≠ you" in person.text
        await person.press("o")
        assert "≠ you" in person.text
        assert "reviewer " not in person.text.split("differ", 1)[1]
        await person.press("o", "right_square_bracket", "right_square_bracket")
        row = screen.query_one("#rows", RowsView).row
        assert row is not None
        assert isinstance(row.key, tuple)
        assert row.key[0] == "differs"
        # The base changes, and so do the signs of what it took.
        assert screen.found is not None
        await person.press("tab", "b")
        assert (screen.found.look.active, screen.found.look.base) == (1, 1)
        assert "★ person-steps-in" in person.text
        await person.press("slash")
        await person.type("tokens in")
        await person.press("enter")
        await person.until(lambda: "−2,356" in person.text, "less than the base")


async def test_more_columns_than_fit_scroll(tmp_path: Path) -> None:
    async with drive(launch(tmp_path, *TWO, *TWO), (80, 24)) as person:
        screen = await compared(person)
        assert "2 ▸" in person.text
        await person.press("tab", "tab", "tab")
        assert screen.found is not None
        assert screen.found.look.first == 2
        assert "◂ 2" in person.text
        await person.press("tab")
        assert screen.found.look.first == 0


async def test_changes_move_together(tmp_path: Path) -> None:
    async with drive(launch(tmp_path, *TWO), (160, 30)) as person:
        screen = await compared(person)
        await person.press("2")
        one, two = screen._diffs()
        await person.until(lambda: one.has_focus, "the change")
        assert "README.md: not changed" in person.text
        for _ in range(3):
            await person.press("right_curly_bracket")
        for _ in range(12):
            await person.press("j")
        assert one.place is not None
        assert two.place is not None
        assert one.place.path == two.place.path
        assert (one.place.new_line, one.place.old_line) == (two.place.new_line, two.place.old_line)
        assert (one.cursor or 0) - one.scroll_offset.y == (two.cursor or 0) - two.scroll_offset.y
        # The wheel moves both as well, and a click makes the other one the leader.
        await person.press("tab")
        assert two.has_focus
        await person.press("G")
        assert one.place.path == two.place.path == "tests/test_parse.py"
        await person.press("3")
        await person.until(lambda: "are not here, only its change" in person.text, "the reason")


async def test_a_step_that_there_is_not_ends_with_a_sentence(tmp_path: Path) -> None:
    async with drive(launch(tmp_path, TWO[0], f"{TWO[1]}@a9")) as person:
        await person.until(lambda: person.app.farewell, "the end")
    assert "has no step 'a9'" in person.app.farewell


async def test_from_the_list_and_between_two(tmp_path: Path) -> None:
    """A session and its fork, marked in the list; the fork left a file out."""
    folder = tmp_path / "demo"
    folder.mkdir()
    options = await demo_options(folder, 0.0)
    session = await start_session(await open_environment(options), REQUEST)
    await session.run()
    await session.close()
    saved, position = lib.at_step(options, f"{session.id}@a1")
    env = await open_environment(options)
    fork = await fork_session(env, saved, position, ForkWish("to compare"))
    assert options.sessions is not None
    home = Launch(kind="home", folder=options.folder, sessions=options.sessions,
                  script=options.script)  # fmt: skip
    async with drive(home) as person:
        await person.until(lambda: _listed(person) == 2, "the list")
        await person.press("escape", "equals_sign")
        assert "mark two or more" in person.text
        await person.press("space", "space", "equals_sign")
        screen = await compared(person)
        assert f"{session.id}@{position}" in person.text
        await person.press("3")
        await person.until(lambda: "diff --git" in _patch(screen), "what lies between")
        tree = env.facts.root
        trees = [
            lib.tree_of(state) for state in (_end(options, name) for name in (fork, session.id))
        ]
        names = [column.one.id for column in screen.found._columns] if screen.found else []
        if names[0] == session.id:
            trees.reverse()
        expected = await asyncio.to_thread(_numstat, tree, trees)
        patch = screen.query_one("#between-diff").stream.patch  # type: ignore[attr-defined]
        shown = "".join(f"{f.added}\t{f.removed}\t{f.path}\n" for f in patch.files)
        assert shown == expected
        await person.press("q")
        await person.until(lambda: isinstance(person.app.screen, HomeScreen), "the list again")
        assert "2 marked" in person.text


def _listed(person: Driver) -> int:
    screen = person.app.screen
    if not isinstance(screen, HomeScreen):
        return 0
    return sum(row.key is not None for row in screen.query_one("#sessions", RowsView).rows)


def _numstat(root: str, trees: list[str]) -> str:
    command = ["git", "diff", "--numstat", *trees]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout


def _end(options: Options, name: str) -> State:
    saved, length = lib.at_step(options, name)
    return saved.log.state_at(length)


def _patch(screen: CompareScreen) -> str:
    files = screen.query_one("#between-diff").stream.patch.files  # type: ignore[attr-defined]
    return "diff --git" if files else ""


async def test_from_a_replay(tmp_path: Path) -> None:
    store = tmp_path / "sessions"
    for number, name in enumerate(TWO):
        shutil.copytree(shipped_sessions() / name, store / f"20261122-11000{number}-abcd")
    first = "20261122-110000-abcd"
    shown = Launch(kind="replay", folder=tmp_path, session=first, sessions=store)
    async with drive(replace(shown)) as person:
        await person.loaded()
        await person.press("equals_sign")
        await person.until(lambda: "Compare with" in person.text, "the dialog")
        assert "other" in person.text
        await person.press("j", "enter")
        await compared(person)
        assert "≠ you" in person.text
        await person.press("enter")
        await person.loaded()
        await person.press("q")
        await person.until(lambda: isinstance(person.app.screen, CompareScreen), "the comparison")
