"""Parts of real changes against git: a sample of this checkout's own history."""

import random
from pathlib import Path

import pytest

from tests import selections


@pytest.mark.anyio
async def test_parts_of_our_own_commits_are_what_git_makes_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        shallow = selections.git(selections.CHECKOUT, "rev-parse", "--is-shallow-repository")
        commits = int(selections.git(selections.CHECKOUT, "rev-list", "--count", "HEAD"))
    except RuntimeError:
        pytest.skip("this is no git checkout")
    if shallow == "true" or commits < 20:
        pytest.skip("the clone is too shallow to have a history")
    folder = selections.own_history(tmp_path / "own")
    trees, parts = await selections.check(folder, tmp_path, random.Random(1), 60)
    assert trees > 40
    with capsys.disabled():
        print(f"\n{trees} random parts of {parts} changed files of this history")
