"""What a list reads of a session, against what its whole log says."""

import shutil
from pathlib import Path

from agent_tui.config.paths import shipped_sessions
from agent_tui.sessions import catalog
from agent_tui.sessions.catalog import read_summary
from agent_tui.sessions.log import EVENTS


def test_a_summary_without_checksums_is_that_with_them(tmp_path: Path) -> None:
    """What the list reads in a hurry is what the careful reader finds, at every length of a log."""
    for name in ("person-steps-in", "second-attempt-passes"):
        folder = tmp_path / name
        shutil.copytree(shipped_sessions() / name, folder)
        log = folder / EVENTS
        lines = log.read_bytes().splitlines(keepends=True)
        for length in range(1, len(lines) + 1, 7):
            log.write_bytes(b"".join(lines[:length]))
            assert catalog._told(log) is not None
            assert read_summary(folder) == catalog._read_carefully(folder)


def test_a_line_out_of_its_place_is_read_carefully_and_named(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    shutil.copytree(shipped_sessions() / "person-steps-in", folder)
    log = folder / EVENTS
    lines = log.read_bytes().splitlines(keepends=True)
    for damaged, words in (
        ([*lines[:50], *lines[51:]], "comes after 1 missing record"),
        ([*lines[:50], lines[49], *lines[50:]], "repeats record 49"),
        ([*lines[:50], b"nonsense\n", *lines[50:]], "is no record"),
        ([*lines[:50], lines[50].rstrip(), *lines[51:]], "holds 2 records"),
        ([*lines[:-1], lines[-1][:-9]], "the end of its log is cut off"),
    ):
        log.write_bytes(b"".join(damaged))
        assert words in read_summary(folder)[0].problem
