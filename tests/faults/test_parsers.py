"""Readers of edits under random and hostile texts."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faults import parsers

COUNT = 20_000


def test_random_texts(capsys: pytest.CaptureFixture[str]) -> None:
    tried, problems = parsers.run(COUNT)
    with capsys.disabled():
        print(f"\n{tried} readings of random texts")
    assert problems == []


@given(st.lists(st.one_of(st.sampled_from(parsers.PIECES), st.binary(max_size=20)), max_size=12))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_texts_of_hypothesis(lines: list[bytes]) -> None:
    assert parsers.check(b"\n".join(lines)) == ""


def test_long_texts_are_read_in_bounded_time_and_memory() -> None:
    assert parsers.check_adversarial() == []
