"""Taking a landed commit back by keys, and bringing it again."""

import subprocess
from pathlib import Path

import pytest

from agent_tui.domain.state import State
from agent_tui.ui.screens.dialogs import ConfirmDialog
from agent_tui.ui.undoing import question
from agent_tui.workspace.taking_back import UndoPlan
from tests.ui.driver import Driver, demo, drive
from tests.ui.review_bench import launch, repo

pytestmark = pytest.mark.anyio

__all__ = ["repo"]


def git(folder: Path, *args: str) -> str:
    done = subprocess.run(
        ["git", *args], cwd=folder, check=True, capture_output=True, text=True, encoding="utf-8"
    )
    return done.stdout.strip()


def toasts(person: Driver) -> str:
    return "\n".join(str(toast.message) for toast in person.app._notifications)


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


async def test_the_question_says_what_happens_on_the_disk(repo: Path) -> None:
    async with drive(launch(repo)) as person:
        await person.gate("diff")
        await person.press("a")
        await person.gate("message")
        await person.press("a")
        await person.finished()
        await person.press("U")
        await person.until(lambda: isinstance(person.app.screen, ConfirmDialog), "the question")
        assert "No file on the disk is touched." in person.text
        assert "is your uncommitted work again" in person.text
        # In one go, as somebody who knows the dialog types it.
        await person.press("escape", "U", "tab", "enter")
        await person.until(lambda: person.state.undone, "the record")
        await person.settle()
        assert "took back" in toasts(person)
        await person.press("U", "tab", "enter")
        await person.until(lambda: len(person.state.undone) == 2, "the record")
        await person.settle()
        assert "brought again what" in toasts(person)


def plan(**fields: tuple[str, ...]) -> UndoPlan:
    return UndoPlan(
        **{"paths": ("a", "b", "c"), "kept": (), "on_disk": (), "deleted": (), **fields}
    )


def test_what_the_question_names() -> None:
    words = question(plan(deleted=("b", "c\x1b[2J"), on_disk=("a",), kept=("d",)), State())
    assert "Deleted from the disk: b, c␛[2J." in words
    assert "stay on the disk as they are: a." in words
    assert "Later commits changed these, which stay as they are: d." in words
    many = question(plan(deleted=tuple("abcdefghijk")), State())
    assert "Deleted from the disk: a, b, c, d, e, f, g, h and 3 more." in many
    assert "changes of your own" not in many
    assert "No file on the disk is touched." in question(plan(on_disk=("a", "b", "c")), State())
