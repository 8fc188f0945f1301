"""The rows of the table: how often each fault is tried, cut into jobs that run side by side.

A job is a name, the work, and what makes it repeatable; it runs in a process of its own.
"""

import errno
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.faults import cuts, disk, guided, kills, links, parsers, persons, swaps


@dataclass
class Done:
    """What a job did.

    Attributes:
        tried: How often what was tried, or came of it.
        not_run: Why it could not be tried here; "" if it was.
    """

    tried: Counter[str]
    problems: list[str]
    not_run: str = ""


@dataclass(frozen=True)
class Job:
    """A part of a row.

    Attributes:
        name: Unique among all jobs of the same counts and seed.
    """

    name: str
    work: Callable[[Path], Done]


@dataclass
class Row:
    """One row of the table.

    Attributes:
        ci: The count of the small run.
        large: That of the large one.
        jobs: The jobs for a count and a seed.
        done: What came of them.
        seconds: That all of them took together.
    """

    title: str
    ci: int
    large: int
    jobs: Callable[[int, int], Iterator[Job]]
    done: list[Done] = field(default_factory=list)
    seconds: float = 0.0


def _shares(count: int, size: int) -> Iterator[tuple[int, int]]:
    """Numbers of jobs, and how much each of them does."""
    for number, begin in enumerate(range(0, count, size)):
        yield number, min(size, count - begin)


def _kill(folder: Path, count: int, seed: int) -> Done:
    tried, problems = kills.at_random(folder, count, seed)
    return Done(Counter(kills=tried), problems)


def random_kills(count: int, seed: int) -> Iterator[Job]:
    for number, share in _shares(count, 25 if count <= 100 else 100):
        here = seed * 10_000 + number
        yield Job(f"kills {share} {here}", partial(_kill, count=share, seed=here))


def _kill_at(folder: Path, times: int, point: str) -> Done:
    deaths, problems = kills.at_points(folder, times, (point,))
    return Done(Counter(kills=sum(deaths.values()), points=len(deaths)), problems)


def point_kills(count: int, seed: int) -> Iterator[Job]:
    for point in kills.POINTS:
        yield Job(f"points {count} {point}", partial(_kill_at, times=count, point=point))


def _cut(folder: Path, within: int, seed: int) -> Done:
    behind, inside, problems = cuts.cut(folder, within, seed)
    words = {"cuts behind records": behind if seed == 0 else 0, "cuts within": inside}
    return Done(Counter(words), problems)


def _kill_writer(folder: Path, count: int, seed: int) -> Done:
    told, problems = cuts.kill(folder / "log", count, seed)
    return Done(Counter({"kills of a writer": count, "records acknowledged": told}), problems)


def cut_logs(count: int, seed: int) -> Iterator[Job]:
    for number, share in _shares(count, 2_000):
        here = seed * 10_000 + number
        yield Job(f"cuts {share} {here}", partial(_cut, within=share, seed=here))
    for number, share in _shares(max(20, count // 20), 100):
        here = seed * 10_000 + number
        yield Job(f"writer {share} {here}", partial(_kill_writer, count=share, seed=here))


def _calls(folder: Path, every: bool, part: int, parts: int) -> Done:
    tried, problems = disk.failing_calls(folder, every=every, part=part, parts=parts)
    return Done(tried, problems)


def failing_calls(count: int, seed: int) -> Iterator[Job]:
    # Each n once, or with each error: what the session has, not a number that is asked for.
    parts = 4 if count == 1 else 16
    for part in range(parts):
        work = partial(_calls, every=count > 1, part=part, parts=parts)
        yield Job(f"calls {count} {part}", work)


def _git(folder: Path, every: bool, part: int, parts: int) -> Done:
    # In CI, no more than so many: each of them is a session.
    tried, problems, why = disk.failing_git(
        folder, every=every, part=part, parts=parts, most=None if every else 24
    )
    return Done(tried, problems, why)


def failing_git(count: int, seed: int) -> Iterator[Job]:
    parts = 2 if count == 1 else 8
    for part in range(parts):
        work = partial(_git, every=count > 1, part=part, parts=parts)
        yield Job(f"git {count} {part}", work)


def _disks(folder: Path, sizes: int, part: int, parts: int) -> Done:
    count, problems, why = disk.small_disks(sizes, part, parts)
    return Done(Counter(sizes=count), problems, why)


def full_disks(count: int, seed: int) -> Iterator[Job]:
    parts = max(2, count // 50)
    for part in range(parts):
        work = partial(_disks, sizes=count, part=part, parts=parts)
        yield Job(f"disk {count} {part}", work)


def _person(folder: Path, count: int, seed: int, part: int, parts: int) -> Done:
    ways, problems = persons.at_work(folder, count, seed, part, parts)
    return Done(ways, problems)


def person(count: int, seed: int) -> Iterator[Job]:
    parts = max(4, count // 100)
    for part in range(parts):
        work = partial(_person, count=count, seed=seed, part=part, parts=parts)
        yield Job(f"person {count} {seed} {part}", work)


def _locks(folder: Path, count: int, part: int, parts: int) -> Done:
    ways, problems = persons.foreign_locks(folder, count, part, parts)
    return Done(ways, problems)


def locks(count: int, seed: int) -> Iterator[Job]:
    parts = max(2, count // 50)
    for part in range(parts):
        work = partial(_locks, count=count, part=part, parts=parts)
        yield Job(f"locks {count} {part}", work)


def _swaps(folder: Path, every: bool, code: int | None, linked: bool) -> Done:
    tried, problems = swaps.run(folder / "swaps", every=every, errors=(code,), links=(linked,))
    return Done(tried, problems)


def swap_faults(count: int, seed: int) -> Iterator[Job]:
    for code in (None, errno.ENOSPC, errno.EIO):
        for linked in (True, False):
            work = partial(_swaps, every=count > 1, code=code, linked=linked)
            yield Job(f"apply {count} {code} {linked}", work)


def _race(folder: Path, seconds: int) -> Done:
    written, refused, problems = links.race(folder, seconds)
    return Done(Counter(seconds=seconds, writes=written, refused=refused), problems)


def symlinks(count: int, seed: int) -> Iterator[Job]:
    yield Job(f"links {count} {seed}", partial(_race, seconds=count))


def _read(folder: Path, count: int, seed: int) -> Done:
    tried, problems = parsers.run(count, seed)
    return Done(Counter(readings=tried), problems)


def _read_long(folder: Path) -> Done:
    return Done(Counter({"long texts": len(parsers.adversarial())}), parsers.check_adversarial())


def readers(count: int, seed: int) -> Iterator[Job]:
    for number, share in _shares(count, 10_000 if count <= 20_000 else 50_000):
        here = seed * 10_000 + number
        yield Job(f"readers {share} {here}", partial(_read, count=share, seed=here))
    yield Job(f"long texts {seed}", _read_long)


def _guided(folder: Path, seconds: int) -> Done:
    if not seconds:
        return Done(Counter(), [], "only with --large")
    texts, problems, why = guided.run(folder / "guided", seconds)
    return Done(Counter({"texts": texts, "readings": texts * len(parsers.FORMATS)}), problems, why)


def guided_readers(count: int, seed: int) -> Iterator[Job]:
    yield Job(f"guided {count} {seed}", partial(_guided, seconds=count))


ROWS: dict[str, Row] = {
    "kills": Row("kill -9 at random moments", 100, 5_000, random_kills),
    "points": Row("kill -9 at each point of a commit", 5, 50, point_kills),
    "apply": Row("apply ends in the middle", 1, 2, swap_faults),
    "cuts": Row("a log that ends anywhere", 500, 20_000, cut_logs),
    "calls": Row("a write, sync or rename fails", 1, 2, failing_calls),
    "git": Row("the same inside git", 1, 2, failing_git),
    "disk": Row("a full disk, git included", 25, 500, full_disks),
    "person": Row("the person works meanwhile", 100, 1_000, person),
    "locks": Row("foreign locks", 20, 200, locks),
    "links": Row("a symlink race", 5, 60, symlinks),
    "readers": Row("readers of edits", 20_000, 1_000_000, readers),
    "guided": Row("the same, guided by coverage", 0, 300, guided_readers),
}
