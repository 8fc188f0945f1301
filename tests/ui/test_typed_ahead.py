"""Keys that were typed before the one in front of them has led to where it leads."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.events import Key

from agent_tui.ui import typed_ahead
from agent_tui.ui.diff import searching
from agent_tui.ui.screens.comment import CommentDialog
from tests.ui.driver import LIMIT_S, Driver, drive
from tests.ui.review_bench import launch, repo

pytestmark = pytest.mark.anyio

__all__ = ["repo"]


class Held:
    """A search that begins, and does not end before it is let go."""

    def __init__(self, search: Callable[..., Any]) -> None:
        self._search = search
        self.began = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, *args: Any, **options: Any) -> Any:
        self.began.set()
        assert self.go_on.wait(LIMIT_S)
        return self._search(*args, **options)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    search = Held(searching.find_lines)
    monkeypatch.setattr(searching, "find_lines", search)
    yield search
    search.go_on.set()


def in_one_burst(person: Driver, *keys: str) -> None:
    for key in keys:
        person.app.post_message(Key(key, key if len(key) == 1 else None))


async def test_a_key_behind_a_search_is_for_what_it_finds(repo: Path, held: Held) -> None:
    async with drive(launch(repo)) as person:
        await person.gate("diff")
        in_one_burst(person, "slash", *"thirty", "enter", "c")
        await person.until(held.began.is_set, "the search")
        await person.until(lambda: len(person.app.typed_ahead._waiting) == 1, "the last key")
        assert not isinstance(person.app.screen, CommentDialog)
        held.go_on.set()
        await person.until(lambda: isinstance(person.app.screen, CommentDialog), "the dialog")
        await person.type("why?")
        await person.press("ctrl+s")
        await person.settle()
        (entry,) = person.state.comments
        assert (entry.comment.place.path, entry.comment.place.line) == ("a.txt", 31)


async def test_a_search_without_an_end_makes_no_key_deaf_for_ever(
    repo: Path, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One key waits for it, those behind that one do not; and it is not given up for that."""
    monkeypatch.setattr(typed_ahead, "HELD_S", 0.05)
    async with drive(launch(repo)) as person:
        await person.gate("diff")
        view = person.controller.presenter.pane.view
        before = view._cursor
        in_one_burst(person, "slash", *"thirty", "enter", *"jjj")
        await person.until(held.began.is_set, "the search")
        await person.until(lambda: view._cursor == (before or 0) + 3, "three lines down")
        held.go_on.set()
        await person.settle()
        assert view.place is not None
        assert view.line(view._cursor or 0).text.rstrip().endswith("thirty")
