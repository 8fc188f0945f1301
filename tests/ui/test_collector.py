"""Garbage is collected in the pauses between keys."""

import gc
from collections.abc import Callable, Iterator

import pytest

from agent_tui.ui import presence
from agent_tui.ui.collector import ENOUGH, PAUSE_S, TOO_MUCH, Collector
from agent_tui.ui.presence import Presence


@pytest.fixture
def passes() -> Iterator[list[int]]:
    """The collections of all objects that take place."""
    found: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == 2:
            found.append(1)

    gc.collect()
    gc.callbacks.append(note)
    yield found
    gc.callbacks.remove(note)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A clock that somebody else moves."""
    now = [100.0]
    monkeypatch.setattr(presence, "monotonic", lambda: now[0])
    return lambda seconds: now.__setitem__(0, now[0] + seconds)


def _young(times: int) -> None:
    for _ in range(times):
        gc.collect(1)


def test_it_waits_for_a_pause(passes: list[int], later: Callable[[float], None]) -> None:
    """Not under a key; then once, and not again until there is enough."""
    person = Presence()
    garbage = Collector(person)
    garbage.begin()
    try:
        later(PAUSE_S)
        person.touched()
        _young(ENOUGH)
        garbage.check()
        assert not passes
        later(PAUSE_S)
        garbage.check()
        garbage.check()
        assert len(passes) == 1
    finally:
        garbage.end()


def test_keys_do_not_put_it_off_for_ever(passes: list[int], later: Callable[[float], None]) -> None:
    """A person who never pauses has no more garbage than that."""
    person = Presence()
    garbage = Collector(person)
    garbage.begin()
    try:
        for _ in range(TOO_MUCH):
            person.touched()
            garbage.check()
            assert not passes
            _young(1)
        garbage.check()
        assert len(passes) == 1
    finally:
        garbage.end()


def test_python_does_none_meanwhile_and_all_of_it_afterwards(passes: list[int]) -> None:
    """However many objects are made."""
    garbage, usual = Collector(Presence()), gc.get_threshold()
    garbage.begin()
    try:
        kept = [[number] for number in range(400_000)]
        assert not passes
    finally:
        garbage.end()
    assert gc.get_threshold() == usual
    kept += [[number] for number in range(400_000)]
    assert passes
