"""``apply`` is killed, or a call of the system fails, at each step of replacing files.

Whatever happens, and however often the making good is interrupted as well, the files are in the end
all as they were, or all new; what somebody else has written meanwhile stays; and nothing is left.
"""

import errno
import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

from agent_tui.ports import WorkspaceError
from agent_tui.workspace.files import TEMPORARY
from agent_tui.workspace.journal import NAME, hold
from agent_tui.workspace.putting_back import make_good, recover
from agent_tui.workspace.swap import Swap, swap_files

CALLS = ("fsync", "rename", "link", "unlink", "mkdir", "rmdir", "fchmod")
OLD: dict[str, bytes] = {
    "a.txt": b"one\n", "run.sh": b"#!/bin/sh\n", "gone.txt": b"gone\n", "d/only": b"only\n",
    "d2/x": b"x\n", "mine.txt": b"mine\n",
}  # fmt: skip
SWAPS = (
    Swap("a.txt", b"one\n", b"two\n"),
    Swap("new/deep/file", None, b"new\n"),
    Swap("new/other", None, b"other\n"),
    Swap("run.sh", b"#!/bin/sh\n", b"#!/bin/sh\n", executable=True),
    Swap("gone.txt", b"gone\n", None),
    Swap("d/only", b"only\n", None),
    Swap("d2/x", b"x\n", b"y\n"),
)
NEW = {
    path: data
    for path, data in {**OLD, **{swap.path: swap.new for swap in SWAPS}}.items()
    if data is not None
}
CHANGED = ("a.txt", "gone.txt", "new/other", "run.sh")
FOREIGN = b"somebody else's\n"


class Fault:
    """At the n-th call that changes something, the process dies, or the call fails.

    Args:
        code: The error that it fails with; None kills.
        links: Whether the file system has links.
    """

    def __init__(self, nth: int, code: int | None, *, links: bool = True) -> None:
        self._nth, self._code, self._links = nth, code, links
        self._calls = 0

    def watch(self) -> None:
        for name in CALLS:
            setattr(os, name, self._wrapped(name, getattr(os, name)))
        os.fdopen = self._opened(os.fdopen)  # type: ignore[assignment]

    def _come(self) -> None:
        self._calls += 1
        if self._calls != self._nth:
            return
        if self._code is None:
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(self._code or 0, os.strerror(self._code or 0))

    def _wrapped(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **options: Any) -> Any:
            self._come()
            if name == "link" and not self._links:
                raise OSError(errno.EPERM, os.strerror(errno.EPERM))
            return call(*args, **options)

        return wrapped

    def _opened(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """A file of which half is written when the fault comes."""

        def opened(*args: Any, **options: Any) -> Any:
            file = call(*args, **options)
            if "w" in args[1]:
                write = file.raw.write

                class Torn:
                    def __enter__(self) -> "Torn":
                        return self

                    def __exit__(self, *_: object) -> None:
                        file.close()

                    def __getattr__(self, name: str) -> Any:
                        return getattr(file, name)

                    def write(torn, data: bytes) -> None:
                        write(data[: len(data) // 2])
                        self._come()
                        write(data[len(data) // 2 :])

                return Torn()
            return file

        return opened


def _child(work: Callable[[], object], fault: Fault | None) -> int:
    """Do the work in a process of its own; its exit status, negative for a signal."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            if fault is not None:
                fault.watch()
            work()
            code = 0
        except (WorkspaceError, OSError):
            code = 1
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _make(folder: Path) -> tuple[Path, Path]:
    shutil.rmtree(folder, ignore_errors=True)
    root, git_dir = folder / "root", folder / "git"
    git_dir.mkdir(parents=True)
    for path, data in OLD.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
        (root / path).chmod(0o640)
    return root, git_dir


def _apply(root: Path, git_dir: Path) -> None:
    with hold(git_dir) as journal:
        make_good(journal, root)
        swap_files(root, SWAPS, journal)


def _contents(root: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*") if file.is_file()
    }


def _judge(root: Path, git_dir: Path, status: int, foreign: str = "") -> Iterator[str]:
    """What is wrong when it was made good."""
    now = _contents(root)
    runs = bool((root / "run.sh").stat().st_mode & 0o100)
    if foreign:
        if now.pop(foreign, None) != FOREIGN:
            yield f"{foreign}, which somebody else has written, is gone"
        # What stood there before may stand beside it.
        now = {path: data for path, data in now.items() if TEMPORARY not in path}
    old, new = ({k: v for k, v in known.items() if k != foreign} for known in (OLD, NEW))
    if now not in (old, new):
        yield f"the files are mixed: {sorted(now)}"
    elif foreign != "run.sh" and runs != (now == new):
        yield "the mode of run.sh is not that of its content"
    if status == 0 and now != new:
        yield "it was acknowledged, and is not there"
    if not foreign and (now == old) == (root / "new").exists():
        yield "a folder is there that should not be, or the other way round"
    if (git_dir / NAME).exists() or list(git_dir.iterdir()):
        yield "the journal is still there"


def run(
    folder: Path,
    *,
    every: bool,
    errors: tuple[int | None, ...] = (None, errno.ENOSPC, errno.EIO),
    links: tuple[bool, ...] = (True, False),
) -> tuple[Counter[str], list[str]]:
    """Go through all steps.

    Args:
        errors: What happens there; None is a kill.
        links: With file systems that have links, or have none.
        every: Interrupt the making good at each of its steps too, for each of the first; else at
            one of them, a later one each time.

    Returns:
        How often what happened, and what was wrong after it.
    """
    tried: Counter[str] = Counter()
    problems: list[str] = []
    for linked in links:
        for code in errors:
            nth = 0
            status = -1
            while status != 0:
                nth += 1
                what = "kills" if code is None else "errors"
                where = f"{what[:-1]} {code or ''} at call {nth}{'' if linked else ', no links'}"
                status = _first(folder, nth, code, linked)
                tried[what] += status != 0
                problems += _after(folder, status, where)
                if status == 0 or code is not None:
                    continue
                again, wrong = _second(folder, nth, linked, every, where)
                tried["kills while it is made good"] += again
                problems += wrong
                if not linked:
                    continue
                for path in CHANGED if every else CHANGED[nth % len(CHANGED) :][:1]:
                    _first(folder, nth, code, linked)
                    target = folder / "root" / path
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.unlink(missing_ok=True)
                    target.write_bytes(FOREIGN)
                    problems += _after(folder, -9, f"{where}, {path} changed since", path)
                    tried["foreign files"] += 1
                if len(problems) > 20:
                    return tried, problems
    return tried, problems


def _first(folder: Path, nth: int, code: int | None, links: bool) -> int:
    root, git_dir = _make(folder)
    return _child(lambda: _apply(root, git_dir), Fault(nth, code, links=links))


def _second(folder: Path, nth: int, links: bool, every: bool, where: str) -> tuple[int, list[str]]:
    """Kill the making good as well."""
    root, git_dir = folder / "root", folder / "git"
    count, problems = 0, []
    moment = 1 if every else 1 + nth % 12
    while True:
        _first(folder, nth, None, links)
        status = _child(lambda: recover(git_dir, root), Fault(moment, None, links=links))
        count += status != 0
        problems += _after(folder, -9, f"{where}, then at call {moment} of the making good")
        if not every or status == 0:
            return count, problems
        moment += 1


def _after(folder: Path, status: int, where: str, foreign: str = "") -> list[str]:
    root, git_dir = folder / "root", folder / "git"
    said = ""
    try:
        said = recover(git_dir, root)
    except WorkspaceError as error:
        return [f"{where}: it cannot be made good: {error}"]
    found = [f"{where}: {problem}" for problem in _judge(root, git_dir, status, foreign)]
    if not foreign and [path for path in _contents(root) if TEMPORARY in path]:
        found.append(f"{where}: something temporary is left")
    if status == 0 and said:
        found.append(f"{where}: it was through, and something was made good")
    return cast("list[str]", found)
