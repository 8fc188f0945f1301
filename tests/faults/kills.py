"""A session is killed at any moment; what was acknowledged stands, and it goes on."""

import random
import shutil
import time
from collections import Counter
from pathlib import Path

from tests.faults.life import POINTS
from tests.faults.scene import Nursery, Scene, nursery

LIVES = 60
"""Deaths of one session before it is let live, so that a test ends."""


def at_random(folder: Path, count: int, seed: int = 0) -> tuple[int, list[str]]:
    """Kill sessions at random moments until there were so many deaths.

    Returns:
        How many deaths there were, and everything that was wrong after one.
    """
    rng = random.Random(seed)
    kills = number = 0
    problems: list[str] = []
    template = Scene(folder / "template").make()
    with nursery() as lives:
        whole = _duration(lives, Scene(folder / "measured").make_like(template))
        while kills < count and len(problems) < 5:
            scene = Scene(folder / f"scene-{number}").make_like(template)
            number += 1
            status = -9
            for life in range(LIVES):
                # Long enough that it gets on, short enough that it mostly dies.
                after = rng.uniform(0.02, whole * 0.7) if life < LIVES - 1 else None
                status = lives.live(scene, kill_after=after)
                if status == 0:
                    break
                kills += status == -9
                problems += [f"kill {kills}: {problem}" for problem in scene.problems()]
                if status > 0:
                    problems.append(f"kill {kills}: the session could not go on ({status})")
                    break
                if kills >= count:
                    status = lives.live(scene)
                    break
            if status == 0:
                problems += [f"scene {number}: {p}" for p in scene.finished_problems()]
            if not problems:  # else it is there to be looked at
                shutil.rmtree(scene.folder)
    return kills, problems


def _duration(lives: Nursery, scene: Scene) -> float:
    began = time.monotonic()
    lives.live(scene)
    return time.monotonic() - began


def at_points(
    folder: Path, times: int, points: tuple[str, ...] = POINTS
) -> tuple[Counter[str], list[str]]:
    """Kill a commit at each of its points, so many times each.

    Returns:
        The deaths at each point, and everything that was wrong after one.
    """
    deaths: Counter[str] = Counter()
    problems: list[str] = []
    with nursery() as lives:
        scene = Scene(folder / "scene").make()
        status = lives.live(scene, point="commit.started")
        problems += scene.problems()
        if status != -9:
            return deaths, [f"it did not come to its commit ({status})"]
        scene.save(folder / "saved")
        for point in points:
            for number in range(times):
                scene.restore(folder / "saved")
                if point in ("gate.decided", "commit.started"):
                    # These lie before the place where the saved session stands.
                    deaths[point] += _from_the_start(lives, folder, point, number, problems)
                    continue
                nth = 1 + number % 2 if point in ("before update-ref", "after update-ref") else 1
                if lives.live(scene, point=point, nth=nth) != -9 and nth == 1:
                    problems.append(f"{point}: it was not reached")
                    continue
                deaths[point] += 1
                _go_on(lives, scene, point, problems)
    return deaths, problems


def _from_the_start(
    lives: Nursery, folder: Path, point: str, number: int, problems: list[str]
) -> int:
    scene = Scene(folder / f"{point}-{number}").make()
    nth = number % 4 + 1 if point == "gate.decided" else 1
    if lives.live(scene, point=point, nth=nth) != -9:
        problems.append(f"{point}: it was not reached")
        return 0
    _go_on(lives, scene, point, problems)
    return 1


def _go_on(lives: Nursery, scene: Scene, point: str, problems: list[str]) -> None:
    problems += [f"{point}: {problem}" for problem in scene.problems()]
    status = lives.live(scene)
    if status:
        problems.append(f"{point}: the session could not go on ({status})")
    problems += [f"{point}, after it: {problem}" for problem in scene.finished_problems()]
