"""From a command to the first screen in a terminal: a long session, a list of many sessions."""

import os
import statistics
import sys
from pathlib import Path

from tests.benchmarks.big_session import make_big_session
from tests.benchmarks.report import Row, interleaved, limit_row, ratio_row
from tests.benchmarks.startup import CHECKOUT, STARTER, make_repository
from tests.benchmarks.terminal import Terminal

SMALL = 100
FIRST_PAINT_RATIO = 1.2
WAYS = ("home", ".", "end", ",")
"""Keys that seek, near and far, each of which changes what is on the screen."""


class Opener:
    """Starts the program in a terminal, in a repository of its own.

    Args:
        folder: Where to make the repository.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._repository = folder / "repository"
        if not self._repository.exists():
            make_repository(self._repository)

    def start(self, *arguments: str, state: Path | None = None) -> Terminal:
        """Start it, with *state* as the folder of the person's state."""
        told = {"PYTHONPATH": str(CHECKOUT)}
        if state is not None:
            told["XDG_STATE_HOME"] = str(state)
        before = {name: os.environ.get(name) for name in told}
        os.environ.update(told)
        try:
            program = (sys.executable, "-c", STARTER, *arguments)
            return Terminal(["sh", "-c", 'cd "$0" && exec "$@"', str(self._repository), *program])
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value

    def first(self, pattern: str, *arguments: str, state: Path | None = None) -> float:
        """Milliseconds to where a text is on the screen."""
        terminal = self.start(*arguments, state=state)
        try:
            return terminal.wait_for(pattern) * 1000
        finally:
            terminal.close()


def opening(folder: Path, big: Path, runs: int) -> list[Row]:
    """First paint of a long session beside a short one, with and without its index; memory; seeks.

    Args:
        big: A session whose index is kept beside it.
    """
    opener = Opener(folder / "opening")
    small = folder / "small"
    if not small.exists():
        make_big_session(small, SMALL)
    index = big / "events.index"
    kept = index.read_bytes()

    def without() -> float:
        index.unlink(missing_ok=True)
        try:
            return opener.first("SPEC", "replay", str(big))
        finally:
            index.write_bytes(kept)

    base, indexed, bare = interleaved(
        runs,
        lambda: opener.first("SPEC", "replay", str(small)),
        lambda: opener.first("SPEC", "replay", str(big)),
        without,
    )
    name = f"first paint of a long session (baseline: one of {SMALL})"
    rows = [
        ratio_row(name, indexed, base, unit="ms", limit=FIRST_PAINT_RATIO),
        ratio_row(f"{name}, no index", bare, base, unit="ms", limit=FIRST_PAINT_RATIO),
    ]
    return [*rows, *_moving(opener, big, small, 2 * runs)]


def _moving(opener: Opener, big: Path, small: Path, rounds: int) -> list[Row]:
    seeks, memory = [], []
    for session in (big, small):
        terminal = opener.start("replay", str(session))
        try:
            terminal.wait_for("SPEC")
            terminal.settle(2.0)
            figures = []
            for _ in range(rounds):
                figures += [terminal.press(key)[1] for key in WAYS]
            seeks.append(sorted(figures))
            memory.append(terminal.memory_mib)
        finally:
            terminal.close()
    p95, base = (figures[int(len(figures) * 0.95)] for figures in seeks)
    note = (
        f"to the last byte that a key causes, near and far seeks in turn; p50 "
        f"{statistics.median(seeks[0]):.0f} ms; baseline: the short session"
    )
    return [
        Row("seek, key to screen, p95", p95, "ms", base, aim="≤ 50 ms", within=p95 <= 50,
            note=note),
        limit_row("memory with the long session open", memory[:1], unit="MiB", limit=150,
                  baseline=memory[1:]),
    ]  # fmt: skip


def home(folder: Path, sessions: Path, runs: int) -> Row:
    """First paint of the home screen with many sessions, beside one without any.

    Args:
        sessions: The folder with the sessions.
    """
    opener = Opener(folder / "opening")
    empty, many = folder / "state-empty", folder / "state-many"
    empty.mkdir()
    (many / "agent-tui").mkdir(parents=True)
    (many / "agent-tui" / "sessions").symlink_to(sessions, target_is_directory=True)
    full, none = interleaved(
        runs,
        lambda: opener.first("New request", state=many),
        lambda: opener.first("New request", state=empty),
    )
    name = "first paint with many sessions (baseline: none)"
    return ratio_row(name, full, none, unit="ms", limit=FIRST_PAINT_RATIO)
