"""The diff pane inside the session screen: its keys, also while a model streams beside it."""

import re
import statistics
import time
from functools import partial
from pathlib import Path

from tests.benchmarks.diffs import make_repository
from tests.benchmarks.report import Row, limit_row
from tests.benchmarks.terminal import Terminal, python

_APP = Path(__file__).with_name("stream_app.py")
_CHANGED = 10_000
_WORDS_PER_S = 1_000
_KEY_MS = 50.0
_PRESSES = 40
_HEAD = re.compile(r"@@ (\d+)/")
_WORD = re.compile(r"word (\d+) of")
_WORDS_IN_LINE = 9


def session_rows(folder: Path, runs: int) -> list[Row]:
    """Page Down in the session's diff pane: until the page is on the screen."""
    repository = folder / "session" / "repo"
    make_repository(repository, _CHANGED)
    rows = []
    for words, title in ((0, "nothing else going on"), (_WORDS_PER_S, "a model streaming")):
        figures: list[float] = []
        speeds: list[float] = []
        for _ in range(runs):
            found, speed = _pages(repository, words)
            figures.append(sorted(found)[round(0.95 * (len(found) - 1))])
            speeds.append(speed)
        row = limit_row(
            f"page down in the session, {title}: key to screen, p95",
            figures,
            unit="ms",
            limit=_KEY_MS,
        )
        note = f"{statistics.median(speeds):,.0f} words a second were shown" if words else ""
        rows.append(Row(row.name, row.ours, "ms", aim=row.aim, within=row.within, note=note))
    return rows


def _shows_later(last: int, text: str) -> bool:
    """Whether a text has the head of a hunk behind the *last* one."""
    return any(int(number) > last for number in _HEAD.findall(text))


def _pages(repository: Path, words: int) -> tuple[list[float], float]:
    """Milliseconds until each next page is there, and how many words were streamed in a second."""
    terminal = Terminal(python(_APP, str(repository), str(words)))
    try:
        terminal.wait_for(r"@@ 1/")
        terminal.wait_for(_WORD.pattern if words else "keep/drop")
        if not words:
            terminal.settle(1.0)
        for key in ("2", "g"):
            terminal.send(key)
            terminal.settle(limit=1.0)  # a model that streams leaves no quiet behind a key
        last = max((int(n) for n in _HEAD.findall(terminal.text)), default=1)
        figures: list[float] = []
        shown: list[tuple[float, int]] = []  # when which of the model's lines was there
        while len(figures) < _PRESSES:
            figures.append(terminal.press_until("pagedown", partial(_shows_later, last)))
            terminal.settle(0.08, limit=0.15)
            last = max(int(n) for n in _HEAD.findall(terminal.text))
            numbers = [int(n) for n in _WORD.findall(terminal.text)]
            if numbers:
                shown.append((time.perf_counter(), max(numbers)))
        if len(shown) < 2:
            return figures, 0.0
        (began, first), (ended, final) = shown[0], shown[-1]
        return figures, (final - first) * _WORDS_IN_LINE / (ended - began)
    finally:
        terminal.close()
