"""Taking a landed commit back by keys, and bringing it again."""

import subprocess
from pathlib import Path

import pytest

from agent_tui.ui.screens.dialogs import ConfirmDialog
from tests.ui.driver import Driver, demo, drive

pytestmark = pytest.mark.anyio


def git(folder: Path, *args: str) -> str:
    done = subprocess.run(
        ["git", *args], cwd=folder, check=True, capture_output=True, text=True, encoding="utf-8"
    )
    return done.stdout.strip()


async def through(person: Driver) -> None:
    """Approve everything, and skip the deploy."""
    for kind in ("spec", "diff", "verdict", "diff", "verdict", "message"):
        await person.gate(kind)
        await person.press("a")
    await person.gate("deploy")


async def confirm(person: Driver, words: str) -> None:
    await person.until(lambda: isinstance(person.app.screen, ConfirmDialog), "the question")
    assert words in person.text
    dialog = person.app.screen
    before = len(person.state.undone)
    assert isinstance(dialog, ConfirmDialog)
    await person.press("enter")  # the harmless button has the focus
    await person.settle()
    assert len(person.state.undone) == before
    await person.press("U")
    await person.until(lambda: isinstance(person.app.screen, ConfirmDialog), "the question")
    person.app.screen.dismiss(True)
    await person.until(lambda: len(person.state.undone) > before, "the record")
    await person.settle()


async def test_back_and_again(tmp_path: Path) -> None:
    repository = tmp_path / "demo" / "durations"
    async with drive(demo(tmp_path)) as person:
        await through(person)
        await person.press("U")
        await person.settle()
        assert "the session is not through" in person.text
        await person.press("a")
        await person.finished()
        base, made = git(repository, "rev-parse", "HEAD^", "HEAD").split()
        assert "take back" in person.text
        await person.press("U")
        await confirm(person, "Take the commit back?")
        assert "TAKEN BACK" in person.text
        assert "bring again" in person.text
        assert git(repository, "diff", base, "HEAD") == ""
        assert git(repository, "rev-parse", "HEAD^") == made
        await person.press("U")
        await confirm(person, "Bring the change again?")
        assert "COMMITTED" in person.text
        assert git(repository, "diff", made, "HEAD") == ""
        assert git(repository, "status", "--porcelain") == ""
