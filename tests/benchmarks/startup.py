"""How fast the program starts and what memory it takes, beside a minimal Textual application."""

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.report import Row, interleaved, limit_row, ratio_row, timed

CHECKOUT = Path(__file__).resolve().parents[2]
SESSION = "second-attempt-passes"
FIRST_PAINT_RATIO = 1.3
FIRST_PAINT_MOST = 1.5
HOME_MIB = 60.0

MINIMAL = """
from textual.app import App, ComposeResult
from textual.widgets import Footer, Header, Static


class Minimal(App[None]):
    def compose(self) -> ComposeResult:
        yield Header()
        yield Static("Minimal application")
        yield Footer()


Minimal().run()
"""
STARTER = """
import sys

from agent_tui.cli import main

sys.exit(main())
"""
HEAVY = ("textual", "pydantic", "rich", "git", "asyncio")
"""What is not needed to print a version or a help text."""

LIGHT_CHECK = f"""
import sys

from agent_tui.cli import main

try:
    main([sys.argv[1]])
except SystemExit:
    pass
print("IMPORTED", *(name for name in {HEAVY!r} if name in sys.modules))
"""


class ProbeError(Exception):
    """The probe could not measure; the text says what it said."""


@dataclass(frozen=True)
class Program:
    """Something to start in a terminal.

    Attributes:
        ready: A pattern of the first usable screen.
        settle_ms: After how much silence it counts as settled. Loading goes on behind the first
            paint, so memory is only meaningful after a long one.
    """

    name: str
    command: tuple[str, ...]
    ready: str
    settle_ms: int = 100


class Probe:
    """The program that starts another one in a pseudo-terminal and watches its screen."""

    def __init__(self, path: Path, repository: Path, temporary: Path) -> None:
        self._command = [
            *(sys.executable, str(path), "--size", "160x48", "--runs", "1", "--warmup", "0"),
            *("--quit", "ctrl+q", "--timeout", "30", "--settle-timeout", "3", "--clean-home"),
            *("--cwd", str(repository)),
            *("--env", f"PYTHONPATH={CHECKOUT}", "--env", f"TMPDIR={temporary}"),
        ]

    def run(self, program: Program) -> dict[str, float]:
        """What the probe's summary says of one run.

        Raises:
            ProbeError: If the program did not get ready, or did not live until it was settled.
        """
        done = subprocess.run(
            [
                *self._command,
                *("--settle-ms", str(program.settle_ms), "--ready", program.ready),
                *("--", *program.command),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ProbeError(f"{program.name}: {done.stderr.strip().splitlines()[-1:]}")
        summary: dict[str, Any] = json.loads(done.stdout)["summary"]
        if summary["errors"] or not summary.get("ready_s"):
            raise ProbeError(f"{program.name}: {summary['errors']}")
        if not summary["settled_rss_kib"]:
            raise ProbeError(f"{program.name} ended by itself")
        return summary


def make_repository(folder: Path) -> Path:
    """A repository with a commit and a file that was changed since."""
    folder.mkdir()
    (folder / "words.txt").write_text("one\n", encoding="utf-8")
    for args in (
        ("init", "-q", "--initial-branch=main"),
        ("config", "user.name", "Benchmark"),
        ("config", "user.email", "benchmark@example.com"),
        ("config", "commit.gpgSign", "false"),
        ("add", "--all"),
        ("commit", "-q", "-m", "One word"),
    ):
        subprocess.run(["git", *args], cwd=folder, check=True)
    (folder / "words.txt").write_text("one\ntwo\n", encoding="utf-8")
    return folder


def first_paint(probe_path: Path | None, folder: Path, runs: int) -> tuple[list[Row], list[float]]:
    """Exec to first paint, and memory when all is loaded; and the noise of the runs."""
    names = ("home", "replay", "demo", "home with its list")
    if probe_path is None:
        note = "not run: no probe"
        return [Row(f"first paint: {name}", None, note=note) for name in names], []
    repository = make_repository(folder / "sample-repository")
    minimal, starter = folder / "minimal.py", folder / "starter.py"
    minimal.write_text(MINIMAL, encoding="utf-8")
    starter.write_text(STARTER, encoding="utf-8")
    base = (sys.executable, str(starter))
    session = str(CHECKOUT / "sessions" / SESSION)
    programs = (
        Program("minimal", (sys.executable, str(minimal)), "Minimal application", settle_ms=700),
        Program("home", base, "New request", settle_ms=700),
        Program("replay", (*base, "replay", session), "SPEC"),
        Program("demo", (*base, "demo"), "SPEC"),
        Program("home with its list", base, "sample-repository"),
    )
    probe = Probe(probe_path, repository, folder)
    ready: dict[str, list[float]] = {program.name: [] for program in programs}
    memory: dict[str, list[float]] = {program.name: [] for program in programs}
    noise: list[float] = []
    for number in range(runs + 1):
        for program in programs:
            summary = probe.run(program)
            if number == 0:
                continue  # fills the caches
            ready[program.name].append(summary["ready_s"] * 1000)
            memory[program.name].append(summary["settled_rss_kib"] / 1024)
            noise.append(summary["noise"])
    rows = []
    for name in names:
        limit = None if name == "home with its list" else FIRST_PAINT_RATIO
        most = None if limit is None else FIRST_PAINT_MOST
        title = f"first paint: {name}"
        rows.append(
            ratio_row(title, ready[name], ready["minimal"], unit="ms", limit=limit, most=most)
        )
    rows.append(
        limit_row(
            "memory of the home screen, settled",
            memory["home"],
            unit="MiB",
            limit=HOME_MIB,
            baseline=memory["minimal"],
        )
    )
    return rows, noise


def whole_process(runs: int) -> list[Row]:
    """``--version`` and ``--help`` from start to end, and what they import."""
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT)}

    def process(*arguments: str) -> float:
        command = [sys.executable, *arguments]
        return timed(
            lambda: subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=True)
        )

    program = ("-c", STARTER)
    bare, version, help_ = interleaved(
        runs,
        lambda: process("-c", "pass"),
        lambda: process(*program, "--version"),
        lambda: process(*program, "--help"),
    )
    rows = []
    for flag, seconds in (("--version", version), ("--help", help_)):
        ours, base = ([s * 1000 for s in figures] for figures in (seconds, bare))
        heavy = _heavy_imports(flag, env)
        row = Row(
            f"agent-tui {flag}, whole process",
            statistics.median(ours),
            "ms",
            statistics.median(base),
            aim="neither Textual nor pydantic",
            within="textual" not in heavy and "pydantic" not in heavy,
            note=f"imports {', '.join(heavy)}" if heavy else "imports none of " + ", ".join(HEAVY),
        )
        rows.append(row)
    return rows


def _heavy_imports(flag: str, env: dict[str, str]) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", LIGHT_CHECK, flag],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip().splitlines()[-1].split()[1:]
