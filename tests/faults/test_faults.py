"""Some of each row, so that a change that breaks one is seen at once.

The counts that count are those of ``python -m tests.faults``.
"""

from pathlib import Path

import pytest

from tests.faults import cuts, disk, kills, links, persons, swaps
from tests.faults.life import POINTS


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]):
    def say(text: str) -> None:
        with capsys.disabled():
            print(f"\n{text}")

    return say


def test_killed_at_random_moments(tmp_path: Path, say) -> None:
    count, problems = kills.at_random(tmp_path, 8)
    say(f"{count} kills at random moments")
    assert problems == []
    assert count >= 8


def test_killed_at_the_points_of_a_commit(tmp_path: Path, say) -> None:
    deaths, problems = kills.at_points(tmp_path, 1)
    say(f"{sum(deaths.values())} kills at {len(deaths)} points")
    assert problems == []
    assert set(deaths) == set(POINTS)


def test_a_log_that_is_cut_off_anywhere_opens_again(tmp_path: Path, say) -> None:
    behind, within, problems = cuts.cut(tmp_path, 100)
    say(f"{behind} cuts of a log behind records and {within} within")
    assert problems == []
    assert behind + within >= 500


def test_what_a_killed_writer_acknowledged_stands(tmp_path: Path, say) -> None:
    told, problems = cuts.kill(tmp_path / "killed", 20)
    say(f"20 kills of a writer, {told} records acknowledged")
    assert problems == []
    assert told > 20


def test_failing_calls(tmp_path: Path, say) -> None:
    tried, problems = disk.failing_calls(tmp_path, every=False, most=8)
    say(f"calls that fail: {dict(tried)}")
    assert problems == []
    assert set(tried) == {"ENOSPC", "EIO"}


def test_full_disks(say) -> None:
    count, problems, why = disk.small_disks(4)
    if why:
        pytest.skip(why)
    say(f"{count} sizes of a small disk")
    assert problems == []


def test_the_person_works_meanwhile(tmp_path: Path, say) -> None:
    ways, problems = persons.at_work(tmp_path, 8)
    say(f"the person works while we commit: {dict(ways)}")
    assert problems == []


def test_foreign_locks(tmp_path: Path, say) -> None:
    ways, problems = persons.foreign_locks(tmp_path, 5)
    say(f"locks of others: {dict(ways)}")
    assert problems == []


def test_apply_ends_in_the_middle(tmp_path: Path, say) -> None:
    tried, problems = swaps.run(tmp_path / "swaps", every=False, errors=(None,), links=(True,))
    say(f"apply ends in the middle: {dict(tried)}")
    assert problems == []
    assert tried["kills"] > 30


def test_a_symlink_race(tmp_path: Path, say) -> None:
    written, refused, problems = links.race(tmp_path, 2)
    say(f"a symlink race: {written} writes, {refused} refused")
    assert problems == []
    assert written
    assert refused
