"""Measures as rows of a table, and the machine that they were taken on."""

import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

HEADS = ("measure", "ours", "baseline", "ratio", "aim")


@dataclass(frozen=True, slots=True)
class Row:
    """One measure.

    Attributes:
        ours: In *unit*; None when it was not measured, and *note* says why.
        baseline: The same unit, taken in the same run.
        aim: What it is measured against, in words, for example ``≤ 1.3``.
        within: Whether the aim is met; None where there is none.
        digits: Digits behind the point.
    """

    name: str
    ours: float | None
    unit: str = ""
    baseline: float | None = None
    aim: str = ""
    within: bool | None = None
    digits: int = 1
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours through the baseline."""
        if self.ours is None or not self.baseline:
            return None
        return self.ours / self.baseline

    def cells(self) -> tuple[str, ...]:
        """The row's texts, one for each head."""
        met = {None: "", True: "  met", False: "  MISSED"}[self.within]
        return (
            self.name,
            self._number(self.ours) if self.ours is not None else self.note,
            self._number(self.baseline) if self.baseline is not None else "–",
            f"{self.ratio:.2f}" if self.ratio is not None else "–",
            (self.aim + met) if self.aim else "–",
        )

    def _number(self, value: float) -> str:
        return f"{value:,.{self.digits}f} {self.unit}".rstrip()


def ratio_row(
    name: str,
    ours: Sequence[float],
    baseline: Sequence[float],
    *,
    unit: str,
    limit: float | None,
    most: float | None = None,
) -> Row:
    """A row about medians whose aim is a ratio; without a *limit* it has no aim.

    Args:
        most: A ratio above the aim that can be put up with.
    """
    row = Row(name, statistics.median(ours), unit, statistics.median(baseline))
    if limit is None or row.ratio is None:
        return row
    return Row(
        name,
        row.ours,
        unit,
        row.baseline,
        aim=f"ratio ≤ {limit:g}" + (f", at most {most:g}" if most else ""),
        within=row.ratio <= limit,
    )


def limit_row(
    name: str,
    ours: Sequence[float],
    *,
    unit: str,
    limit: float,
    baseline: Sequence[float] = (),
) -> Row:
    """A row about medians whose aim is a figure of its own."""
    value = statistics.median(ours)
    other = statistics.median(baseline) if baseline else None
    return Row(name, value, unit, other, aim=f"≤ {limit:g} {unit}", within=value <= limit)


def print_table(rows: Iterable[Row]) -> None:
    """Print the rows under their heads; notes of rows that were measured stand below."""
    rows = list(rows)
    table = [HEADS, *(row.cells() for row in rows)]
    widths = [max(len(cells[i]) for cells in table) for i in range(len(HEADS))]
    for number, cells in enumerate(table):
        padded = [
            cell.ljust(width) if i in (0, len(HEADS) - 1) else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        print(" | ".join(padded).rstrip())
        if number == 0:
            print("-|-".join("-" * width for width in widths))
    for row in rows:
        if row.note and row.ours is not None:
            print(f"  {row.name.strip()}: {row.note}")


def interleaved(
    runs: int, *measures: Callable[[], float], warmup: int = 1
) -> tuple[list[float], ...]:
    """Run some measures in turn, A B A B …, and give the figures of each."""
    for _ in range(warmup):
        for measure in measures:
            measure()
    results: tuple[list[float], ...] = tuple([] for _ in measures)
    for _ in range(runs):
        for measure, figures in zip(measures, results, strict=True):
            figures.append(measure())
    return results


def timed(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def fixed_work() -> float:
    """Seconds for a piece of work that is always the same: how busy the machine is."""

    def work() -> int:
        return sum(i * i % 7 for i in range(200_000))

    return timed(work)


def print_machine(folder: Path) -> None:
    """Print what the figures depend on."""
    git = subprocess.run(["git", "version"], capture_output=True, text=True, check=True).stdout
    print(f"machine:  {os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    print(
        f"versions: Python {platform.python_version()}, Textual {version('textual')}, "
        f"pydantic {version('pydantic')}, git {git.split()[2]}"
    )
    print(f"folder:   {folder} on {file_system(folder)}")


def file_system(folder: Path) -> str:
    """The kind of file system that a folder is on, as far as the system says."""
    best = ("", "an unknown file system")
    try:
        mounts = Path("/proc/mounts").read_text("utf-8").splitlines()
    except OSError:
        return best[1]
    for line in mounts:
        _, place, kind, *_ = line.split(" ")
        if folder.is_relative_to(place) and len(place) >= len(best[0]):
            best = (place, kind)
    return best[1]
