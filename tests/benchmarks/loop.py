"""What the loop itself costs per step: instant scripted models in a real repository, no screen."""

import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from agent_tui.bootstrap.environment import Options, open_environment
from agent_tui.bootstrap.starting import start_session
from agent_tui.domain.events import Record, StepFinished, StepStarted
from agent_tui.domain.turn import ModelEvent, ModelRequest
from agent_tui.providers.scripted import ScriptedModel
from agent_tui.sessions.log import SessionLog
from agent_tui.workspace.worktree import GitWorkspace
from tests.benchmarks.report import Row, limit_row, timed
from tests.benchmarks.startup import make_repository

STEP_MS = 50.0
ATTEMPTS = 4
"""Attempts of the coder in one session; all but the last are failed by the reviewer."""

_CHECK = {"name": "nothing", "command": ["{python}", "-c", "pass"], "timeout_s": 60.0}
_WATCHED: tuple[tuple[str, type, str], ...] = (
    ("snapshot", GitWorkspace, "snapshot"),
    ("diff", GitWorkspace, "diff"),
    ("reset", GitWorkspace, "reset"),
    ("commit", GitWorkspace, "commit"),
    ("hooks", GitWorkspace, "run_hooks"),
    ("export", GitWorkspace, "export"),
    ("discard", GitWorkspace, "discard"),
    ("blob", SessionLog, "put_blob"),
)


class Stopwatch:
    """Seconds by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)

    def watch(self, name: str, method: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
        """The same method, timed."""

        async def timed_method(*args: Any, **options: Any) -> Any:
            label = name
            if name == "append":
                label = "durable append" if options.get("durable", True) else "other append"
            began = time.perf_counter()
            try:
                return await method(*args, **options)
            finally:
                self.seconds[label].append(time.perf_counter() - began)

        return timed_method

    def watch_stream(self, stream: Callable[..., Any]) -> Callable[..., Any]:
        """The same generator, timed while it is in its own code and not in its reader's."""

        async def timed_stream(
            model: ScriptedModel, request: ModelRequest
        ) -> AsyncGenerator[ModelEvent, None]:
            spent = 0.0
            async with contextlib.aclosing(stream(model, request)) as events:
                try:
                    while True:
                        began = time.perf_counter()
                        try:
                            event = await anext(events)
                        except StopAsyncIteration:
                            return
                        finally:
                            spent += time.perf_counter() - began
                        yield event
                finally:
                    self.seconds["model"].append(spent)

        return timed_stream

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        """While it lasts, the methods that are watched are timed."""
        kept = [(cls, method, getattr(cls, method)) for _, cls, method in _WATCHED]
        kept += [
            (SessionLog, "append", SessionLog.append),
            (ScriptedModel, "stream", ScriptedModel.stream),
        ]
        try:
            for name, cls, method in _WATCHED:
                setattr(cls, method, self.watch(name, getattr(cls, method)))
            setattr(SessionLog, "append", self.watch("append", SessionLog.append))  # noqa: B010
            setattr(ScriptedModel, "stream", self.watch_stream(ScriptedModel.stream))  # noqa: B010
            yield
        finally:
            for cls, method, original in kept:
                setattr(cls, method, original)


def _script() -> str:
    parts = [
        "[[planner]]\n[[planner.call]]\n[planner.call.answer]\n"
        'title = "Words"\nsummary = "More words."\ncriteria = [{ text = "There is a word." }]\n'
    ]
    for number in range(1, ATTEMPTS + 1):
        text = json.dumps("".join(f"word {n}\n" for n in range(50 * number)))
        parts.append(
            f'[[coder]]\nwhen = ["# Attempt {number}\\\\n"]\n[[coder.call]]\ntools = [\n'
            f'  {{ name = "write_file", arguments = {{ path = "new.txt", text = {text} }} }},\n'
            '  { name = "report", arguments = { summary = "Done.", '
            'claims = [{ criterion = "AC1", path = "new.txt", quote = "word 1" }] } },\n]\n'
        )
        outcome = "pass" if number == ATTEMPTS else "fail"
        parts.append(
            f'[[reviewer]]\nwhen = ["# Review of attempt {number}\\\\n"]\n[[reviewer.call]]\n'
            f'[reviewer.call.answer]\noutcome = "{outcome}"\nsummary = "Read."\n'
        )
        finding = f"F{number - 1}"
        if number > 1:
            parts.append(f'updates = [{{ finding = "{finding}", status = "fixed" }}]\n')
        if outcome == "fail":
            parts.append(
                'findings = [{ severity = "major", title = "Too few words", path = "new.txt", '
                'quote = "word 7", criterion = "AC1" }]\n'
            )
    return "".join(parts)


class LoopRun:
    """One session from its start to its end, and what it took.

    Attributes:
        wall_s: Seconds of the loop, without opening and closing the session.
        opening_s: Seconds until the session could run.
        steps: The kinds of the steps, with the seconds of each.
        watch: Seconds inside the methods that were watched while the loop ran.
    """

    def __init__(self) -> None:
        self.wall_s = 0.0
        self.opening_s = 0.0
        self.steps: list[tuple[str, float]] = []
        self.watch = Stopwatch()

    async def run(self, folder: Path, *, checks: bool) -> None:
        """Run it in a new repository below *folder*, which exists and is empty.

        Raises:
            RuntimeError: If the session does not end with a commit.
        """
        root = make_repository(folder / "repository")
        script = folder / "script.toml"
        script.write_text(_script(), encoding="utf-8")
        options = Options(
            folder=root,
            settings={
                "limits.iterations": ATTEMPTS,
                **({"checks": [_CHECK]} if checks else {}),
            },
            sessions=folder / "sessions",
            worktrees=folder / "worktrees",
            script=script,
            own_settings=False,
        )
        began = time.perf_counter()
        session = await start_session(await open_environment(options), "Write some words.")
        self.opening_s = time.perf_counter() - began
        kinds: dict[str, str] = {}

        def count(record: Record) -> None:
            match record.event:
                case StepStarted(step=step, kind=kind):
                    kinds[step] = kind
                case StepFinished(step=step, wall_s=wall_s):
                    self.steps.append((kinds[step], wall_s))

        session.subscribe(count)
        try:
            with self.watch.attached():
                began = time.perf_counter()
                finished = await session.run()
                self.wall_s = time.perf_counter() - began
        finally:
            await session.close()
        if finished.outcome != "committed":
            raise RuntimeError(f"the session ended otherwise: {finished}")

    def overhead_ms(self, command_s: float = 0.0) -> float:
        """Milliseconds of the loop's own per step.

        Args:
            command_s: Seconds that one run of the check takes without the loop.
        """
        checks = sum(kind == "check" for kind, _ in self.steps)
        own = self.wall_s - sum(self.watch.seconds["model"]) - checks * command_s
        return own / len(self.steps) * 1000


def _bare_check() -> float:
    return timed(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))


def _bare_git(folder: Path) -> tuple[float, float]:
    """Seconds that plain git takes for a tree and its diff, and for a commit."""
    root = make_repository(folder)
    (root / "new.txt").write_text("".join(f"word {n}\n" for n in range(150)), encoding="utf-8")

    def git(*args: str) -> str:
        done = subprocess.run(["git", *args], cwd=root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def tree_and_diff() -> None:
        git("add", "--all")
        git("diff-tree", "-r", "-p", "--histogram", "HEAD^{tree}", git("write-tree"))

    return timed(tree_and_diff), timed(lambda: git("commit", "-q", "-m", "Words"))


def loop_overhead(folder: Path, runs: int) -> list[Row]:
    """Rows for the overhead per step, and for what it consists of."""
    plain: list[LoopRun] = []
    checked: list[LoopRun] = []
    bare: list[float] = []
    git_tree: list[float] = []
    git_commit: list[float] = []
    for number in range(runs + 1):
        for kept, checks in ((plain, False), (checked, True)):
            run = LoopRun()
            place = folder / f"session-{number}-{checks}"
            place.mkdir()
            asyncio.run(run.run(place, checks=checks))
            kept.append(run)
        bare.append(_bare_check())
        tree_s, commit_s = _bare_git(folder / f"bare-{number}")
        git_tree.append(tree_s)
        git_commit.append(commit_s)
    del plain[0], checked[0]  # the first session imports what the others find
    command_s = statistics.median(bare)
    steps = len(plain[0].steps)
    rows = [
        limit_row(
            f"loop overhead per step, no checks ({steps} steps)",
            [run.overhead_ms() for run in plain],
            unit="ms",
            limit=STEP_MS,
        ),
        limit_row(
            f"loop overhead per step, one check ({len(checked[0].steps)} steps)",
            [run.overhead_ms(command_s) for run in checked],
            unit="ms",
            limit=STEP_MS,
        ),
        Row("  opening a session", _median([run.opening_s for run in plain]), "ms"),
        Row(
            "  durable append in a session",
            _median(_all(plain, "durable append")),
            "ms",
            digits=2,
            note=f"{len(plain[0].watch.seconds['durable append'])} in a session",
        ),
        Row(
            "  snapshot and diff",
            _median(_all(plain, "snapshot")) + _median(_all(plain, "diff")),
            "ms",
            _median(git_tree),
            note="baseline: git add, write-tree, diff-tree",
        ),
        Row(
            "  commit",
            _median(_all(plain, "commit")),
            "ms",
            _median(git_commit),
            note="baseline: git commit; ours also lands it and re-checks the tree",
        ),
    ]
    rows += _by_kind(checked)
    rows += _shares(checked)
    return rows


def _all(runs: list[LoopRun], name: str) -> list[float]:
    return [seconds for run in runs for seconds in run.watch.seconds[name]]


def _median(seconds: list[float]) -> float:
    return statistics.median(seconds) * 1000


def _by_kind(runs: list[LoopRun]) -> list[Row]:
    kinds: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        for kind, seconds in run.steps:
            kinds[kind].append(seconds)
    return [
        Row(f"  step {kind}, with its model or command", _median(seconds), "ms")
        for kind, seconds in kinds.items()
    ]


def _shares(runs: list[LoopRun]) -> list[Row]:
    wall = _median([run.wall_s for run in runs])
    rows = [Row("  a whole loop with checks", wall, "ms")]
    names = sorted({name for run in runs for name in run.watch.seconds})
    for name in names:
        sums = [sum(run.watch.seconds[name]) for run in runs]
        count = len(runs[0].watch.seconds[name])
        rows.append(Row(f"    of it {name} ({count})", _median(sums), "ms"))
    return rows
