"""Whose Ctrl-C it is."""

from collections.abc import Iterator

import pytest

from agent_tui.ui.terminal import Interrupts


@pytest.fixture(autouse=True)
def ours_again() -> Iterator[None]:
    yield
    Interrupts.ours = True


def test_a_terminal_that_was_lent_again_is_not_taken_back_for_the_time_before() -> None:
    """A wrong passphrase, and the next question at once: its Ctrl-C is the other program's."""
    first = Interrupts.lend()
    second = Interrupts.lend()
    Interrupts.take_back(first)
    assert not Interrupts.ours
    Interrupts.take_back(second)
    assert Interrupts.ours
