"""A repository with a person's unfinished work in it, a session on it, and what has to be true."""

import atexit
import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent_tui.domain import events as e
from agent_tui.domain.fold import apply
from agent_tui.domain.state import State
from agent_tui.sessions.store import ReadSession, SessionStore

CHECKOUT = Path(__file__).resolve().parents[2]
SCRIPT = """
[[planner]]
[[planner.call]]
thinking = "One file to change, one to make, one to remove."
[planner.call.answer]
title = "Better"
summary = "It is better."
criteria = [{ text = "b.txt is better" }]

[[coder]]
[[coder.call]]
tools = [
  { name = "write_file", arguments = { path = "b.txt", text = "better\\nand more\\n" } },
  { name = "write_file", arguments = { path = "src/new.txt", text = "new\\n" } },
  { name = "delete_file", arguments = { path = "c.txt" } },
]
[[coder.call]]
tools = [{ name = "report", arguments = { summary = "did it", commit_message = "Make it better" } }]

[[reviewer]]
[[reviewer.call]]
[reviewer.call.answer]
outcome = "pass"
summary = "It is."
"""
DURABLE = (
    "gate.decided", "commit.", "session.", "spec.", "attempt.", "verdict.", "message.", "finding.",
)  # fmt: skip
"""What is on the disk before anybody is told of it. Pieces of a stream come in batches."""

MARK = "AGENT_TUI_TEST_SCENE"
"""A variable that every process of a scene has, so that its git commands can be found."""


@dataclass
class Scene:
    """A folder with a repository, sessions and worktrees.

    Attributes:
        theirs: What git and the file system say of the person's own work.
        session: The id of the session under way, once it is known.
        acknowledged: The records that a process has said are written, by session.
        status: What git's status was when :meth:`problems` looked last.
    """

    folder: Path
    theirs: dict[str, str] = field(default_factory=dict)
    session: str | None = None
    acknowledged: dict[str, dict[int, str]] = field(default_factory=dict)
    status: str = ""

    @property
    def repo(self) -> Path:
        return self.folder / "repo"

    @property
    def acks(self) -> Path:
        return self.folder / "acks"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"], "HOME": str(self.folder / "home"), "LC_ALL": "C.UTF-8",
            "PYTHONPATH": str(CHECKOUT), "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull, MARK: str(self.folder),
        }  # fmt: skip

    def make(self) -> "Scene":
        """The repository, with work of the person's: staged, unstaged, untracked, stashed."""
        for part in (self.repo, self.folder / "home"):
            part.mkdir(parents=True)
        (self.folder / "script.toml").write_text(SCRIPT)
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "Ada Example")
        self.git("config", "user.email", "ada@example.com")
        for name in ("a.txt", "b.txt", "c.txt", "staged.txt", "mine.txt"):
            (self.repo / name).write_text(f"{name}\n")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "base")
        (self.repo / "a.txt").write_text("stashed\n")
        self.git("stash")
        (self.repo / "staged.txt").write_text("staged\n")
        self.git("add", "staged.txt")
        (self.repo / "mine.txt").write_text("mine\n")
        (self.repo / "untracked.txt").write_text("untracked\n")
        self.theirs = self.persons_work()
        return self

    def make_like(self, other: "Scene") -> "Scene":
        """What :meth:`make` makes, as a copy of a scene in which nothing has happened yet."""
        shutil.copytree(other.folder, self.folder, symlinks=True)
        self.git("update-index", "-q", "--refresh", ok=False)  # copies have other inodes
        self.theirs = dict(other.theirs)
        return self

    def git(self, *args: str, ok: bool = True, env: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            ["git", *args], cwd=self.repo, env={**self.environment, **(env or {})},
            capture_output=True, check=False, text=True,
        )  # fmt: skip
        if ok and done.returncode:
            raise RuntimeError(f"git {args}: {done.stderr}")
        return done.stdout.strip()

    def persons_work(self) -> dict[str, str]:
        """What must never change, whatever happens to a session."""
        names = ("a.txt", "staged.txt", "mine.txt", "untracked.txt")
        return {
            **{name: (self.repo / name).read_text() for name in names},
            "status": self.git("status", "--porcelain", "--untracked-files=all"),
            "staged": self.git("diff", "--cached", "--", *names),
            "stash": self.git("stash", "list"),
            "head": self.git("symbolic-ref", "HEAD"),
        }

    def log(self) -> ReadSession | None:
        """The session's log as a reader finds it."""
        return SessionStore(self.folder / "sessions").read(self.session) if self.session else None

    def problems(self) -> list[str]:
        """Everything that is not as it has to be, at whatever moment it is looked at."""
        found = []
        self._take_acks()
        read = self.log()
        state = State()
        if read is not None and self.session is not None:
            known = {record.seq: record.event.type for record in read.records}
            for seq, kind in self.acknowledged.get(self.session, {}).items():
                if known.get(seq) != kind:
                    found.append(f"record {seq} ({kind}) was acknowledged and is lost")
            for record in read.records:
                state = apply(state, record)
        found += self._commits(state)
        fsck = subprocess.run(
            ["git", "fsck", "--strict", "--no-dangling"], cwd=self.repo, env=self.environment,
            capture_output=True, check=False, text=True,
        )  # fmt: skip
        if fsck.returncode:
            found.append(f"git fsck: {fsck.stdout}{fsck.stderr}")
        now = self.persons_work()
        self.status = now["status"]
        found += [
            f"the person's {name} was {self.theirs[name]!r} and is {now[name]!r}"
            for name in now
            if now[name] != self.theirs[name] and name != "status"
        ]
        return found

    def finished_problems(self) -> list[str]:
        """What has to be true when the session is through."""
        found = self.problems()
        read = self.log()
        if read is None:
            return [*found, "there is no session"]
        last = read.records[-1].event
        if not isinstance(last, e.SessionFinished) or last.outcome != "committed":
            found.append(f"the session ended with {last}")
        if self.git("rev-list", "--count", "main") != "2":
            found.append("the branch does not have exactly one commit more")
        # Between the update of the index and that of the branch, the index is the commit's: so
        # the whole status is only looked at in the end.
        if self.status != self.theirs["status"]:
            found.append(f"status is {self.status!r}")
        if [p for p in (self.repo / ".git").rglob("*.lock") if "worktrees" not in p.parts]:
            found.append("a lock was left behind")
        return found

    def _commits(self, state: State) -> list[str]:
        """Commits that nobody approved, and those that were made twice."""
        # Refs below refs/agent-tui may name trees, which log would refuse.
        heads = self.git("for-each-ref", "--format=%(objectname)", "refs/heads").split()
        lines = self.git(
            "log", "--format=%H %T %(trailers:key=Agent-Tui-Session,valueonly)", *heads
        )
        found = []
        mine = [line.split() for line in lines.split("\n") if len(line.split()) == 3]
        if len({commit for commit, _, _ in mine}) > 1:
            found.append(f"there are {len(mine)} commits of the session")
        approved = {
            decided.event.approval.tree
            for decided in state.decisions
            if decided.event.kind == "message" and decided.event.choice == "approve"
            and decided.event.approval is not None
        }  # fmt: skip
        for commit, tree, session in mine:
            if session == self.session and tree not in approved:
                found.append(f"commit {commit} has a tree that nobody approved")
        return found

    def _take_acks(self) -> None:
        if not self.acks.exists():
            return
        for line in self.acks.read_text().split("\n")[:-1]:
            said = json.loads(line)
            self.session = said["session"]
            if said["type"].startswith(DURABLE):
                self.acknowledged.setdefault(said["session"], {})[said["seq"]] = said["type"]

    def save(self, to: Path) -> None:
        """Keep the scene as it is."""
        shutil.copytree(self.folder, to, symlinks=True)

    def restore(self, saved: Path) -> None:
        """Make the scene as it was, under the same path."""
        shutil.rmtree(self.folder)
        shutil.copytree(saved, self.folder, symlinks=True)
        for root in (self.repo, self.folder / "worktrees"):
            # Copies have other inodes: let the indexes know.
            subprocess.run(
                ["git", "update-index", "-q", "--refresh"], cwd=root, env=self.environment,
                check=False, capture_output=True,
            )  # fmt: skip
        self.acknowledged.clear()
        self.session = None
        self._take_acks()


class Nursery:
    """A process that has everything loaded and forks a life of a session at each word."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.life"], cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._line()

    def close(self) -> None:
        """End it."""
        if self._process.stdin and self._process.stdout:
            self._process.stdin.close()
            self._process.stdout.close()
        self._process.wait()

    def _line(self) -> Any:
        if self._process.stdout is None:
            raise RuntimeError("no pipe")
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the nursery has ended")
        return json.loads(line)

    def live(
        self,
        scene: Scene,
        *,
        kill_after: float | None = None,
        point: str = "",
        nth: int = 1,
        **more: Any,
    ) -> int:
        """One life of the scene's session, from its start or its last death.

        Args:
            kill_after: Seconds after which the process group is killed.
            point: A point at which it kills itself, the *nth* time that it comes there.
            more: What else happens to it: see ``life.py``.

        Returns:
            The exit status; negative for a signal.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("no pipe")
        order = {
            "folder": str(scene.folder), "session": scene.session, "env": scene.environment,
            "point": point, "nth": nth, **more,
        }  # fmt: skip
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        pid = self._line()["pid"]
        if kill_after is not None:
            ready, _, _ = select.select([self._process.stdout], [], [], kill_after)
            if not ready:
                with contextlib.suppress(ProcessLookupError):  # it was just through
                    os.killpg(pid, signal.SIGKILL)
        status = int(self._line()["status"])
        wait_for_orphans(scene)
        return status


_nurseries: list[Nursery] = []


@contextlib.contextmanager
def nursery() -> Iterator[Nursery]:
    """A nursery, which later users in this process get as well: loading everything takes long."""
    ours = _nurseries.pop() if _nurseries else Nursery()
    try:
        yield ours
    except BaseException:
        ours.close()
        raise
    _nurseries.append(ours)


@atexit.register
def _close_nurseries() -> None:
    while _nurseries:
        _nurseries.pop().close()


def wait_for_orphans(scene: Scene) -> None:
    """Wait until no process of the scene is left: git commands outlive their master a little."""
    mark = f"{MARK}={scene.folder}".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if mark not in (entry / "environ").read_bytes().split(b"\0"):
                continue
            descriptor = os.pidfd_open(int(entry.name))
        except (OSError, ProcessLookupError):
            continue
        try:
            select.select([descriptor], [], [], 30)
        finally:
            os.close(descriptor)
