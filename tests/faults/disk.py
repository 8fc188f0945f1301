"""The disk is full, or fails: a session stops with a word, and nothing of anybody's is lost."""

import errno
import json
import os
import random
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.scene import CHECKOUT, Nursery, Scene

ERRORS = {"ENOSPC": errno.ENOSPC, "EIO": errno.EIO}
SPARE_KIB = 64 * 1024


def failing_calls(
    folder: Path, *, every: bool, most: int | None = None, seed: int = 0
) -> tuple[dict[str, str], list[str]]:
    """Let the n-th write, sync or rename of the session's process fail, for each n.

    Args:
        every: Each n with each error; else each n once, with one error after the other.
        most: No more than so many of each error, chosen at random.

    Returns:
        What was tried, and everything that was wrong after one.
    """
    with Nursery() as nursery:
        measured = Scene(folder / "measured").make()
        if nursery.live(measured, failing=0) != 0:
            return {}, ["the session does not end well without any fault"]
    calls = int((measured.folder / "calls").read_text())
    problems: list[str] = []
    tried: dict[str, str] = {}

    def one(number: int, name: str) -> list[int]:
        chosen = list(range(1, calls + 1) if every else range(1 + number, calls + 1, len(ERRORS)))
        if most is not None:
            chosen = sorted(random.Random(seed).sample(chosen, min(most, len(chosen))))
        with Nursery() as nursery:
            for nth in chosen:
                scene = Scene(folder / f"{name}-{nth}").make()
                status = nursery.live(scene, failing=nth, errno=ERRORS[name])
                problems.extend(_after(nursery, scene, status, f"{name} at call {nth}"))
                shutil.rmtree(scene.folder)
        return chosen

    with ThreadPoolExecutor(len(ERRORS)) as pool:
        running = {name: pool.submit(one, n, name) for n, name in enumerate(ERRORS)}
        for name, done in running.items():
            tried[name] = f"{len(done.result())} of {calls} calls"
    return tried, problems


def _after(nursery: Nursery, scene: Scene, status: int, what: str) -> list[str]:
    """What is wrong after a fault, at once and when the session has gone on without it."""
    problems = [f"{what}: {problem}" for problem in scene.problems()]
    if status < 0:
        problems.append(f"{what}: the process died of signal {-status}")
    log = scene.log()
    finished = log is not None and any(r.event.type == "session.finished" for r in log.records)
    if not finished:
        if nursery.live(scene) != 0:
            problems.append(f"{what}: the session could not go on")
        problems += [f"{what}, after it: {problem}" for problem in scene.finished_problems()]
    return problems


def small_disks(most: int) -> tuple[int, list[str], str]:
    """Run sessions on a file system of memory that is full after some more pages, each time later.

    Returns:
        How many, what was wrong, and why it was not run, if it was not.
    """
    command = ["unshare", "--mount", "--propagation", "private"]
    try:
        may = subprocess.run(
            [*command, "mount", "-t", "tmpfs", "-o", "size=64k", "none", "/mnt"],
            capture_output=True, check=False, text=True,
        )  # fmt: skip
    except OSError as error:
        return 0, [], f"no unshare: {error.strerror}"
    if may.returncode:
        return 0, [], f"no file system of memory can be mounted here: {may.stderr.strip()[:80]}"
    done = subprocess.run(
        [*command, sys.executable, "-m", "tests.faults.disk", str(most)],
        cwd=CHECKOUT, capture_output=True, check=False, text=True,
    )  # fmt: skip
    if done.returncode:
        return 0, [f"the run itself failed: {done.stderr[-800:]}"], ""
    said = json.loads(done.stdout.splitlines()[-1])
    return said["count"], said["problems"], ""


def _used_kib(folder: Path) -> int:
    found = os.statvfs(folder)
    return (found.f_blocks - found.f_bfree) * found.f_frsize // 1024


def _mount(target: Path, options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(target)], check=True)


def _inside(most: int) -> tuple[int, list[str]]:
    """In a name space of our own: nobody else sees these file systems."""
    target = Path("/mnt")
    problems: list[str] = []
    with Nursery() as nursery:
        _mount(target, f"size={SPARE_KIB}k")
        scene = Scene(target / "scene").make()
        before = _used_kib(target)
        nursery.live(scene)
        needed = _used_kib(target) - before + 256
        subprocess.run(["umount", str(target)], check=True)
        for number in range(most):
            _mount(target, f"size={SPARE_KIB}k")
            scene = Scene(target / "scene").make()
            room = max(4, needed * number // most // 4 * 4)
            size = _used_kib(target) + room
            _mount(target, f"remount,size={size}k")
            status = nursery.live(scene)
            _mount(target, f"remount,size={SPARE_KIB}k")
            what = f"{room} KiB of room"
            problems += _after(nursery, scene, status, what)
            subprocess.run(["umount", "--lazy", str(target)], check=True)
    return most, problems


if __name__ == "__main__":
    number, wrong = _inside(int(sys.argv[1]))
    print(json.dumps({"count": number, "problems": wrong}))
