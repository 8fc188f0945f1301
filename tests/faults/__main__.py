"""What has to hold when things go wrong: each row with how often it was tried and what was wrong.

``python -m tests.faults`` runs the counts of CI, ``--large`` the large ones, which take hours on
two cores: ``--record FILE`` keeps what is done, so that the same command goes on where it was
stopped; ``--only``, ``--count`` and ``--seed`` cut it into pieces.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from pathlib import Path

from tests.faults.rows import ROWS, Done, Job

MEMORY = Path("/dev/shm")
MEMORY_FREE = 2 << 30
"""Bytes that have to be free there. What kills and foreign work do to a session is the same on any
file system, and syncing costs nothing in memory."""


def work(job: Job, base: Path | None) -> tuple[Done, float]:
    """Run a job in a folder of its own; gives the seconds that it took as well."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="agent-tui-faults-", dir=base) as folder:
        done = job.work(Path(folder))
    return done, time.monotonic() - began


def memory() -> Path | None:
    """A folder in memory that is big enough, or None for the usual temporary one."""
    try:
        found = os.statvfs(MEMORY)
    except OSError:
        return None
    usable = os.access(MEMORY, os.W_OK) and found.f_bavail * found.f_frsize >= MEMORY_FREE
    return MEMORY if usable else None


class Record:
    """The jobs that are done, one JSON object a line."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self.known: dict[str, tuple[Done, float]] = {}
        if file is not None and file.exists():
            for line in file.read_text().splitlines():
                said = json.loads(line)
                done = Done(Counter(said["tried"]), said["problems"], said["not_run"])
                self.known[said["job"]] = done, said["seconds"]

    def add(self, job: Job, done: Done, seconds: float) -> None:
        if self._file is not None:
            said = {
                "job": job.name, "tried": done.tried, "problems": done.problems,
                "not_run": done.not_run, "seconds": round(seconds, 1),
            }  # fmt: skip
            with self._file.open("a") as file:
                file.write(json.dumps(said) + "\n")


def finished(
    running: dict[Future[tuple[Done, float]], tuple[str, Job]], record: Record
) -> Iterator[str]:
    """The rows whose last job is through, as they are through."""
    left = Counter(name for name, _ in running.values())
    for future in as_completed(running):
        name, job = running[future]
        done, seconds = future.result()
        record.add(job, done, seconds)
        ROWS[name].done.append(done)
        ROWS[name].seconds += seconds
        left[name] -= 1
        if not left[name]:
            yield name


def show(name: str) -> bool:
    """Print a row; whether nothing was wrong."""
    row = ROWS[name]
    tried = sum((done.tried for done in row.done), Counter[str]())
    words = ", ".join(f"{number} {what}" for what, number in tried.most_common())
    problems = [problem for done in row.done for problem in done.problems]
    not_run = next((done.not_run for done in row.done if done.not_run), "")
    state = f"NOT RUN: {not_run}" if not_run else f"{len(problems)} violations"
    print(f"{row.title:<34} {state:<14} {words}  ({row.seconds:.0f} s)", flush=True)
    for problem in problems[:20]:
        print(f"    {problem}")
    return not problems


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(ROWS))
    parser.add_argument("--only", action="append", default=[], choices=ROWS, help="the same")
    parser.add_argument("--large", action="store_true", help="the large counts: hours")
    parser.add_argument("--count", type=int, help="another count than that of the rows")
    parser.add_argument("--seed", type=int, default=0, help="other moments than those of 0")
    parser.add_argument("--record", type=Path, metavar="FILE", help="keep what is done, and go on")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="default: the cores")
    given = parser.parse_args()
    given.names += given.only
    if unknown := set(given.names) - set(ROWS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    return given


def main() -> int:
    """Run the rows and print the table."""
    given = options()
    record = Record(given.record)
    began = time.monotonic()
    well = True
    with ProcessPoolExecutor(given.jobs) as pool:
        running: dict[Future[tuple[Done, float]], tuple[str, Job]] = {}
        for name in given.names or ROWS:
            row = ROWS[name]
            count = given.count or (row.large if given.large else row.ci)
            whole = True
            for job in row.jobs(count, given.seed):
                if job.name in record.known:
                    done, seconds = record.known[job.name]
                    row.done.append(done)
                    row.seconds += seconds
                else:
                    running[pool.submit(work, job, memory())] = name, job
                    whole = False
            if whole:
                well = show(name) and well
        for name in finished(running, record):
            well = show(name) and well
    print(f"{time.monotonic() - began:.0f} s in all")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
