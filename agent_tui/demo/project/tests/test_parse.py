from durations import parse


def test_one_unit():
    assert parse("45m") == 2700


def test_several_units():
    assert parse("1h30m") == 5400
