"""Well-formed diffs: whatever is applied is what git makes of them, and never anything else."""

import random
import re
from pathlib import Path

import pytest
from test_selection import NAMES, edited, put, random_text
from workspace_helpers import Repo

from agent_tui.domain.patch import path_from_bytes
from agent_tui.workspace.edits import Formats

ROUNDS = 8


def _read(root: Path, name: bytes) -> bytes | None:
    import os

    file = root / os.fsdecode(name)
    return file.read_bytes() if file.is_file() else None


@pytest.mark.parametrize("seed", range(4))
def test_diffs_of_git(seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = random.Random(seed)
    repo = Repo(tmp_path / "repo").init()
    repo.git("config", "core.protectNTFS", "false")
    names = [name for name in NAMES if b"\\" not in name]
    by_number = by_context = refused = 0
    for _ in range(ROUNDS):
        base = {name: random_text(rng) for name in names}
        for name, text in base.items():
            put(repo.root, name, text)
        repo.commit()
        target: dict[bytes, bytes | None] = {}
        for name, text in base.items():
            target[name] = edited(rng, text) if rng.random() < 0.8 else None
            if (data := target[name]) is None:
                (repo.root / name.decode("utf-8", "surrogateescape")).unlink()
            else:
                put(repo.root, name, data)
        old = {path_from_bytes(name): data for name, data in base.items()}
        new = {path_from_bytes(name): data for name, data in target.items()}
        context = rng.choice(["-U3", "-U1", "-U0"])
        diff = repo.raw("diff", "--full-index", context, "--no-renames", "--text")
        result = Formats().apply(diff, old.get)
        assert result.applies, result.explain()
        assert {e.path: e.data for e in result.files} == {
            path: data for path, data in new.items() if data != old[path]
        }
        by_number += len(result.parts)
        # The same without the proof that the numbers hold, a file at a time.
        for section in re.split(rb"(?m)^(?=diff --git )", diff)[1:]:
            bare = re.sub(rb"(?m)^index .*\n", b"", section, count=1)
            found = Formats().apply(bare, old.get)
            if not found.applies:
                refused += 1
                continue
            for edit in found.files:
                assert edit.data == new[edit.path], (bare, found)
            by_context += len(found.parts)
        repo.git("add", "-A")
        repo.git("reset", "-q", "--hard")
    with capsys.disabled():
        print(
            f"\nseed {seed}: {by_number} hunks by number, {by_context} by context, all as git has "
            f"them; {refused} files refused"
        )
    assert by_context > refused


def test_a_diff_of_another_state_is_merged_as_git_does_it_or_refused(tmp_path: Path) -> None:
    """Diffs against a file that has moved on: git apply finds the place by number and context."""
    rng = random.Random(7)
    repo = Repo(tmp_path / "repo").init()
    same = 0
    for number in range(60):
        lines = [b"line %d of %d\n" % (n, number) for n in range(40)]
        base = b"".join(lines)
        put(repo.root, b"f", base)
        repo.commit()
        at = rng.randrange(20, 36)
        put(repo.root, b"f", base.replace(lines[at], b"changed\n"))
        diff = repo.raw("diff", "-U3")
        moved = b"".join([b"new\n"] * rng.randrange(1, 5)) + base
        put(repo.root, b"f", moved)
        result = Formats().apply(diff, {"f": moved}.get)
        assert result.applies, result.explain()
        repo.git("apply", "-", stdin=diff)
        assert _read(repo.root, b"f") == result.files[0].data
        same += 1
    assert same == 60
