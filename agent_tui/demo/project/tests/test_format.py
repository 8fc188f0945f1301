import pytest

from durations import format_seconds, parse


@pytest.mark.parametrize("text", ["0s", "59s", "1h30m", "2d1s"])
def test_round_trip(text):
    assert format_seconds(parse(text)) == text
