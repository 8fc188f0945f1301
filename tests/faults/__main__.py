"""What has to hold when things go wrong: each row with how often it was tried and what was wrong.

``python -m tests.faults`` runs the counts of CI, ``--large`` the large ones; names pick rows.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.faults import cuts, disk, kills, links, parsers, persons


@dataclass
class Row:
    """A row of the table.

    Attributes:
        tried: How often, in words.
        not_run: Why it could not be tried here; "" if it was.
    """

    name: str
    tried: str
    problems: list[str]
    not_run: str = ""
    seconds: float = 0.0


def random_kills(folder: Path, large: bool) -> Row:
    count = 5_000 if large else 100
    with ThreadPoolExecutor(2) as pool:
        halves = [
            pool.submit(kills.at_random, folder / str(n), count // 2, seed=n) for n in range(2)
        ]
        done = [half.result() for half in halves]
    tried = sum(number for number, _ in done)
    return Row("kill -9 at random moments", f"{tried} kills", done[0][1] + done[1][1])


def point_kills(folder: Path, large: bool) -> Row:
    half = len(kills.POINTS) // 2
    parts = (kills.POINTS[:half], kills.POINTS[half:])
    with ThreadPoolExecutor(2) as pool:
        halves = [
            pool.submit(kills.at_points, folder / str(n), 50 if large else 5, points)
            for n, points in enumerate(parts)
        ]
        done = [half.result() for half in halves]
    deaths = done[0][0] + done[1][0]
    tried = f"{sum(deaths.values())} kills at {len(deaths)} points"
    return Row("kill -9 at the points of a commit", tried, done[0][1] + done[1][1])


def cut_logs(folder: Path, large: bool) -> Row:
    behind, within, problems = cuts.cut(folder / "cuts", 20_000 if large else 500)
    count = 1_000 if large else 20
    told, more = cuts.kill(folder / "killed", count)
    words = f"{behind} cuts behind records, {within} within, {count} kills"
    return Row("a log that ends anywhere", f"{words}, {told} acknowledged", problems + more)


def failing_disk(folder: Path, large: bool) -> Row:
    tried, problems = disk.failing_calls(folder, every=large)
    words = "; ".join(f"{name} {number}" for name, number in tried.items())
    return Row("a write, sync or rename fails", words, problems)


def full_disk(folder: Path, large: bool) -> Row:
    count, problems, why = disk.small_disks(500 if large else 25)
    return Row("a full disk, git included", f"{count} sizes", problems, why)


def person(folder: Path, large: bool) -> Row:
    with ThreadPoolExecutor(2) as pool:
        halves = [
            pool.submit(persons.at_work, folder / str(n), 500 if large else 50, seed=n)
            for n in range(2)
        ]
        done = [half.result() for half in halves]
    ways, problems = done[0][0] + done[1][0], done[0][1] + done[1][1]
    words = ", ".join(f"{number} {way}" for way, number in ways.most_common())
    return Row("the person works meanwhile", words, problems)


def locks(folder: Path, large: bool) -> Row:
    ways, problems = persons.foreign_locks(folder, 200 if large else 20)
    words = ", ".join(f"{number} {way}" for way, number in sorted(ways.items()))
    return Row("foreign locks", words, problems)


def symlinks(folder: Path, large: bool) -> Row:
    written, refused, problems = links.race(folder, 60 if large else 5)
    return Row("a symlink race", f"{written} writes, {refused} refused", problems)


def readers(folder: Path, large: bool) -> Row:
    tried, problems = parsers.run(1_000_000 if large else 20_000)
    return Row("readers of edits", f"{tried} readings", problems + parsers.check_adversarial())


ROWS: dict[str, Callable[[Path, bool], Row]] = {
    "kills": random_kills,
    "points": point_kills,
    "cuts": cut_logs,
    "calls": failing_disk,
    "disk": full_disk,
    "person": person,
    "locks": locks,
    "links": symlinks,
    "readers": readers,
}


def main() -> int:
    """Run the rows and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(ROWS))
    parser.add_argument("--large", action="store_true", help="the large counts: hours")
    options = parser.parse_args()
    unknown = set(options.names) - set(ROWS)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    failed = False
    for name in options.names or ROWS:
        with tempfile.TemporaryDirectory(prefix="agent-tui-faults-") as folder:
            began = time.monotonic()
            row = ROWS[name](Path(folder), options.large)
            row.seconds = time.monotonic() - began
        state = f"NOT RUN: {row.not_run}" if row.not_run else f"{len(row.problems)} violations"
        print(f"{row.name:<36} {state:<14} {row.tried}  ({row.seconds:.0f} s)", flush=True)
        for problem in row.problems[:20]:
            print(f"    {problem}")
        failed = failed or bool(row.problems)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
