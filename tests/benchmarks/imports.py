"""Importing a long Claude Code session, beside reading its lines as JSON."""

import json
import os
import shutil
import statistics
from pathlib import Path

from agent_tui.sessions.importers.load import Context, save
from agent_tui.sessions.redact import Redactor
from tests.benchmarks.report import Row, interleaved, timed
from tests.importers.importing import Claude

LINES = 400
LEAST = 10.0
"""Megabytes a second."""
MOST_OF_LINEAR = 1.25
"""How much longer a byte of a file of ten times the size may take."""


def session_file(folder: Path, megabytes: float) -> Path:
    """A log of about that size: turns that read six files, edit one, and run a command."""
    path = folder / f"claude-{megabytes:g}.jsonl"
    text = "".join(f"\tvalue_{i} = compute(value_{i - 1}, 'x')  # line {i}\n" for i in range(LINES))
    size = turn = 0
    with path.open("w", encoding="utf-8") as file:
        while size < megabytes * 1e6:
            claude = Claude(f"s{turn}")
            claude.asks(f"Request {turn}: " + "more words " * 30)
            for number in range(6):
                name = f"/home/dev/roman/f{number}.py"
                call = f"read-{turn}-{number}"
                use = {"type": "tool_use", "id": call, "name": "Read", "input": {"file_path": name}}
                said = {"type": "text", "text": "I read it first. " * 20}
                claude.answers(f"m-{turn}-{number}", said, use)
                shown = {"filePath": name, "content": text, "startLine": 1}
                lines = {"numLines": LINES + 1, "totalLines": LINES + 1}
                claude.result(call, text, {"type": "text", "file": {**shown, **lines}})
            old, new = f"\tvalue_{turn % LINES} =", f"\trenamed_{turn} ="
            claude.edit(f"e-{turn}", f"/home/dev/roman/f{turn % 50}.py", text, old, new)
            lines_of = "".join(json.dumps(line) + "\n" for line in claude.lines)
            size += file.write(lines_of)
            turn += 1
    return path


def import_speed(folder: Path, runs: int, *, quick: bool) -> list[Row]:
    """Seconds to import a file into a store, durably, for two sizes.

    Raises:
        RuntimeError: If lines are not accounted for.
    """
    small, big = (2.0, 20.0) if quick else (7.0, 70.0)
    rows = []
    medians = []
    for megabytes in (small, big):
        path = session_file(folder, megabytes)

        cpu: list[float] = []

        def ours(path: Path = path, cpu: list[float] = cpu) -> float:
            target = folder / "imported" / "one"
            before = sum(os.times()[:4])
            taken = timed(lambda: _import(path, target))
            cpu.append(sum(os.times()[:4]) - before)  # with that of git, which it waits for
            shutil.rmtree(target)
            return taken

        def bare(path: Path = path) -> float:
            return timed(lambda: [json.loads(line) for line in path.open("rb")])

        mine, baseline = interleaved(runs, ours, bare)
        median = statistics.median(mine)
        medians.append(median)
        size = path.stat().st_size / 1e6
        linear = None
        if len(medians) > 1:
            linear = medians[1] / medians[0] / (big / small)
        speed = size / median
        aim = f"≥ {LEAST:g} MB a second" if linear is not None else ""
        note = (
            f"{speed:.1f} MB a second, {size / statistics.median(cpu):.1f} MB a second of CPU; "
            "baseline: json.loads of each line"
        )
        rows.append(
            Row(
                f"import of a Claude Code file, {size:.0f} MB",
                median,
                "s",
                statistics.median(baseline),
                aim=aim,
                within=speed >= LEAST if aim else None,
                digits=2,
                note=note,
            )
        )
        if linear is not None:
            name = f"time for each byte, {big:g} MB beside {small:g} MB"
            aim = f"≤ {MOST_OF_LINEAR:g}"
            rows.append(Row(name, linear, "×", 1.0, aim, linear <= MOST_OF_LINEAR, 2))
        path.unlink()
    return rows


def _import(path: Path, target: Path) -> None:
    account = save(path, target, Context(Redactor({"SOME_API_KEY": "not-in-the-file"})))
    if not account.complete or account.count("dropped") or account.count("kept raw"):
        raise RuntimeError("the import left lines out")
