"""The disk is full, or fails: a session stops with a word, and nothing of anybody's is lost."""

import errno
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.faults.scene import CHECKOUT, Nursery, Scene, nursery

ERRORS = {"ENOSPC": errno.ENOSPC, "EIO": errno.EIO}
SPARE_KIB = 64 * 1024


def failing_calls(
    folder: Path, *, every: bool, part: int = 0, parts: int = 1, most: int | None = None
) -> tuple[Counter[str], list[str]]:
    """Let the n-th write, sync or rename of the session's process fail, for each n.

    Args:
        every: Each n with each error; else each n once, with one error after the other.
        part: Which of so many parts of that.
        most: No more than so many, spread evenly.

    Returns:
        How often which error was tried, and everything that was wrong after one.
    """
    tried: Counter[str] = Counter()
    problems: list[str] = []
    template = Scene(folder / "template").make()
    with nursery() as lives:
        measured = Scene(folder / "measured").make_like(template)
        if lives.live(measured, failing=0) != 0:
            return tried, ["the session does not end well without any fault"]
        calls = int((measured.folder / "calls").read_text())
        names = list(ERRORS)
        numbers = range(1, calls + 1)
        faults = (
            [(nth, name) for nth in numbers for name in names]
            if every
            else [(nth, names[nth % len(names)]) for nth in numbers]
        )
        step = 1 if most is None else max(1, len(faults) // most | 1)  # odd: both errors
        for nth, name in faults[::step][part::parts]:
            scene = Scene(folder / f"{name}-{nth}").make_like(template)
            status = lives.live(scene, failing=nth, errno=ERRORS[name])
            problems.extend(_after(lives, scene, status, f"{name} at call {nth}"))
            shutil.rmtree(scene.folder)
            tried[name] += 1
    return tried, problems


def failing_git(
    folder: Path, *, every: bool, part: int = 0, parts: int = 1, most: int | None = None
) -> tuple[Counter[str], list[str], str]:
    """The same for the calls of git itself, by a library that is loaded into it.

    Returns:
        How often which error was tried, what was wrong, and why it was not run, if it was not.
    """
    tried: Counter[str] = Counter()
    problems: list[str] = []
    library = folder / "shim.so"
    source = Path(__file__).with_name("shim.c")
    try:
        command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"]
        made = subprocess.run(command, capture_output=True, check=False, text=True)
    except OSError as error:
        return tried, [], f"no compiler: {error.strerror}"
    if made.returncode:
        return tried, [], f"the compiler failed: {made.stderr.strip()[:80]}"
    template = Scene(folder / "template").make()

    def live(scene: Scene, nth: int, code: int, *, stays: bool) -> int:
        faults = {
            "LD_PRELOAD": str(library), "FAULT_COUNT": str(scene.folder / "count"),
            "FAULT_NTH": str(nth), "FAULT_ERRNO": str(code),
        }  # fmt: skip
        more = {"FAULT_STAYS": "1"} if stays else {}
        return lives.live(scene, env={**scene.environment, **faults, **more})

    with nursery() as lives:
        measured = Scene(folder / "measured").make_like(template)
        if live(measured, 0, 0, stays=False) != 0:
            return tried, ["the session does not end well without any fault"], ""
        calls = (measured.folder / "count").stat().st_size
        ways = [(name, stays) for name in ERRORS for stays in (False, True)]
        numbers = range(1, calls + 1)
        faults = (
            [(nth, *way) for nth in numbers for way in ways]
            if every
            else [(nth, *ways[nth % len(ways)]) for nth in numbers]
        )
        step = 1 if most is None else max(1, len(faults) // most | 1)
        for nth, name, stays in faults[::step][part::parts]:
            scene = Scene(folder / f"{name}-{nth}-{stays}").make_like(template)
            status = live(scene, nth, ERRORS[name], stays=stays)
            what = f"{name} at call {nth} of git{', and from then on' if stays else ''}"
            problems.extend(_after(lives, scene, status, what))
            shutil.rmtree(scene.folder)
            tried[f"{name} in git"] += 1
    return tried, problems, ""


def _after(lives: Nursery, scene: Scene, status: int, what: str) -> list[str]:
    """What is wrong after a fault, at once and when the session has gone on without it."""
    problems = [f"{what}: {problem}" for problem in scene.problems()]
    if status < 0:
        problems.append(f"{what}: the process died of signal {-status}")
    log = scene.log()
    finished = log is not None and any(r.event.type == "session.finished" for r in log.records)
    told = [getattr(r.event, "detail", "") for r in log.records] if log is not None else []
    said = any("your files are not as they were" in words for words in told)
    if finished and scene.status != scene.theirs["status"] and not said:
        problems.append(f"{what}: it is through, and status is {scene.status!r}")
    if not finished:
        if lives.live(scene) != 0:
            problems.append(f"{what}: the session could not go on")
        problems += [f"{what}, after it: {problem}" for problem in scene.finished_problems()]
    return problems


def small_disks(most: int, part: int = 0, parts: int = 1) -> tuple[int, list[str], str]:
    """Run sessions on a file system of memory that is full after some more pages, each time later.

    Args:
        most: How many sizes there are in all.
        part: Which of so many parts of them.

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
        [*command, sys.executable, "-m", "tests.faults.disk", *map(str, (most, part, parts))],
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


def _inside(most: int, part: int, parts: int) -> tuple[int, list[str]]:
    """In a name space of our own: nobody else sees these file systems."""
    target = Path("/mnt")
    problems: list[str] = []
    with nursery() as lives:
        _mount(target, f"size={SPARE_KIB}k")
        scene = Scene(target / "scene").make()
        before = _used_kib(target)
        lives.live(scene)
        needed = _used_kib(target) - before + 256
        subprocess.run(["umount", str(target)], check=True)
        for number in range(part, most, parts):
            _mount(target, f"size={SPARE_KIB}k")
            scene = Scene(target / "scene").make()
            room = max(4, needed * number // most // 4 * 4)
            size = _used_kib(target) + room
            _mount(target, f"remount,size={size}k")
            status = lives.live(scene)
            _mount(target, f"remount,size={SPARE_KIB}k")
            what = f"{room} KiB of room"
            problems += _after(lives, scene, status, what)
            subprocess.run(["umount", "--lazy", str(target)], check=True)
    return len(range(part, most, parts)), problems


if __name__ == "__main__":
    number, wrong = _inside(*map(int, sys.argv[1:]))
    print(json.dumps({"count": number, "problems": wrong}))
