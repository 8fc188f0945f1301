"""The scratch repository of an import: git's own diffs, also when the memory is full."""

import errno
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent_tui.sessions.importers import scratch
from agent_tui.sessions.importers.scratch import ScratchRepository
from agent_tui.sessions.importers.source import ImportFailed

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def change(repository: ScratchRepository, number: int) -> bytes:
    before = f"line {number - 1}\n".encode() if number > 1 else None
    after = f"line {number}\n".encode()
    return repository.change({f"src/deep/f{number % 2}.txt": (before, after)}, AT, "a turn")[2]


def test_when_the_memory_is_full_it_goes_on_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "_in_memory", lambda: str(tmp_path))
    repository = ScratchRepository()
    undisturbed = ScratchRepository()
    try:
        assert change(repository, 1) == change(undisturbed, 1)
        store, wrote = repository._store, []

        def full(oid: str, packed: bytes) -> None:
            if not repository._on_disk and len(wrote) == 2:
                raise OSError(errno.ENOSPC, "No space left on device")
            wrote.append(oid)
            store(oid, packed)

        monkeypatch.setattr(repository, "_store", full)
        for number in (2, 3, 4):
            assert change(repository, number) == change(undisturbed, number)
        assert repository._on_disk
        assert len(list(tmp_path.iterdir())) == 1  # of the one that nobody disturbed
        bundle = repository.bundle()
        assert bundle is not None
        (tmp_path / "all.bundle").write_bytes(bundle)
        clone = ["git", "clone", "--quiet", "all.bundle", "out"]
        subprocess.run(clone, cwd=tmp_path, check=True, capture_output=True)
        assert (tmp_path / "out/src/deep/f0.txt").read_text() == "line 4\n"
    finally:
        repository.close()
        undisturbed.close()


def test_when_the_disk_is_full_too_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "_in_memory", lambda: str(tmp_path))
    repository = ScratchRepository()

    def full(oid: str, packed: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(repository, "_store", full)
    try:
        with pytest.raises(ImportFailed, match="cannot be written: the disk is full"):
            change(repository, 1)
    finally:
        repository.close()
    assert not list(tmp_path.iterdir())
