"""One life of a session without a screen, forked from a process that has everything loaded.

Orders come as JSON Lines on standard input; each is answered with the child's process id, and with
its status when it has ended.
"""

import asyncio
import importlib
import json
import os
import signal
import stat
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent_tui.bootstrap.environment import Options, open_environment
from agent_tui.bootstrap.starting import resume_session, start_session
from agent_tui.domain import events as e
from agent_tui.domain.fold import apply
from agent_tui.domain.state import State
from agent_tui.sessions.store import SessionStore
from agent_tui.workspace import landing
from agent_tui.workspace.git import Git

POINTS = (
    "gate.decided",
    "commit.started",
    "before commit-tree",
    "after commit-tree",
    "before update-ref",
    "after update-ref",
    "before the lock",
    "branch locked",
    "before read-tree",
    "after read-tree",
    "before the move",
    "after the move",
    "commit.done",
)
"""Where a commit can be interrupted, in their order."""

CHECK = {"name": "nothing", "command": ["true"], "timeout_s": 60.0}


class Fate:
    """What happens to a life, and when: it dies, somebody does something, or the disk fails.

    Args:
        point: Where in the commit.
        nth: The how many-th time that it comes there.
        act: A shell command that is run there instead of dying; its status is written down.
    """

    def __init__(self, order: dict[str, Any]) -> None:
        self._point, self._nth, self._act = order["point"], order["nth"], order.get("act", "")
        self._folder = Path(order["folder"])
        self._seen: Counter[str] = Counter()
        self.committing = bool(order.get("committing"))

    def at(self, point: str) -> None:
        if not self.committing and point not in ("gate.decided", "commit.started"):
            return
        self._seen[point] += 1
        if point != self._point or self._seen[point] != self._nth:
            return
        if not self._act:
            os.killpg(0, signal.SIGKILL)
        done = subprocess.run(
            ["sh", "-c", self._act], cwd=self._folder / "repo", capture_output=True, check=False
        )
        said = {"status": done.returncode, "said": done.stderr.decode(errors="replace")}
        (self._folder / "acted").write_text(json.dumps(said))

    def watch(self) -> None:
        """Put the points into the commands of the commit."""
        status = Git.status
        enter, move = landing.RefLock.__enter__, landing.RefLock.commit

        def watched(git: Git, *args: Any, **options: Any) -> tuple[int, bytes]:
            name = args[0] if args[0] in ("commit-tree", "update-ref") else ""
            name = "read-tree" if args[:2] == ("read-tree", "-m") else name
            if name:
                self.at(f"before {name}")
            done = status(git, *args, **options)
            if name:
                self.at(f"after {name}")
            return done

        def entered(lock: landing.RefLock) -> landing.RefLock:
            self.at("before the lock")
            result = enter(lock)
            self.at("branch locked")
            return result

        def moved(lock: landing.RefLock) -> None:
            self.at("before the move")
            move(lock)
            self.at("after the move")

        Git.status = watched  # type: ignore[assignment]
        landing.RefLock.__enter__ = entered  # type: ignore[method-assign]
        landing.RefLock.commit = moved  # type: ignore[method-assign]


class Disk:
    """The n-th write, sync or rename of this process to a file fails."""

    CALLS = ("write", "fsync", "fdatasync", "rename", "replace", "link")

    def __init__(self, nth: int, code: int, report: Path) -> None:
        self._nth, self._code, self._report = nth, code, report
        self.calls = 0

    def watch(self) -> None:
        """Put the fault into the calls of the system."""
        for name in self.CALLS:
            setattr(os, name, self._failing(name, getattr(os, name)))

    def _failing(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def failing(*args: Any, **options: Any) -> Any:
            file = isinstance(args[0], int) and stat.S_ISREG(os.fstat(args[0]).st_mode)
            if name not in ("write", "fsync", "fdatasync") or file:
                self.calls += 1
                if self.calls == self._nth:
                    raise OSError(self._code, os.strerror(self._code))
            return call(*args, **options)

        return failing

    def count(self) -> None:
        """Write down how many calls there were."""
        self._report.write_text(str(self.calls))


_write = os.write


async def live(order: dict[str, Any]) -> int:
    """Go on with the scene's session, or begin it, until it is through."""
    folder = Path(order["folder"])
    fate = Fate(order)
    if order["point"]:
        fate.watch()
    disk = Disk(order.get("failing", 0), order.get("errno", 0), folder / "calls")
    if "failing" in order:
        disk.watch()
    env = await open_environment(
        Options(
            folder=folder / "repo",
            sessions=folder / "sessions",
            worktrees=folder / "worktrees",
            script=folder / "script.toml",
            settings={"sandbox": "off"} if "sandbox" in order else {},
        )
    )
    acks = os.open(folder / "acks", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    name: str = order["session"] or _begun(env.store) or ""
    if name and _state(env.store, name).finished is not None:
        return 0  # it died after its last word
    session = await (resume_session(env, name) if name else start_session(env, "Make b better"))

    def acknowledge(record: e.Record) -> None:
        said = {"session": session.id, "seq": record.seq, "type": record.event.type}
        _write(acks, (json.dumps(said) + "\n").encode())
        fate.committing = fate.committing or record.event.type == "commit.started"
        if record.event.type in POINTS:
            fate.at(record.event.type)

    session.subscribe(acknowledge)
    try:
        while True:
            finished = await session.run()
            return 0 if finished.outcome == "committed" else 1
    finally:
        await session.close()
        disk.count()


def _begun(store: SessionStore) -> str | None:
    """A session that was begun, and whose beginning was not acknowledged any more."""
    for summary in store.list():
        # A process can die between the folder of a session and its first record.
        events = store.path(summary.id) / "events.jsonl"
        if events.exists() and _state(store, summary.id).session is not None:
            return summary.id
    return None


def _state(store: SessionStore, name: str) -> State:
    state = State()
    for record in store.read(name).records:
        state = apply(state, record)
    return state


def main() -> None:
    """Serve orders until standard input ends."""
    say: Callable[[dict[str, int]], None] = lambda said: print(json.dumps(said), flush=True)  # noqa: E731
    say({"ready": 1})
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            os.setsid()
            code = 70
            try:
                null = os.open(os.devnull, os.O_RDWR)
                os.dup2(null, 0)
                os.dup2(null, 1)
                errors = Path(order["folder"]) / "stderr"
                os.dup2(os.open(errors, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), 2)
                os.environ.clear()
                os.environ.update(order["env"])
                code = asyncio.run(live(order))
            except BaseException:  # whatever it is, the parent shall see it
                traceback.print_exc()
            finally:
                os._exit(code)
        say({"pid": child})
        _, status = os.waitpid(child, 0)
        say({"status": os.waitstatus_to_exitcode(status)})


if __name__ == "__main__":
    # Whatever a life imports late would be imported anew in each of them.
    for late in ("git", "agent_tui.bootstrap.models", "agent_tui.providers.prices"):
        importlib.import_module(late)
    main()
