"""The session log and the list of sessions, beside the bare system calls under them."""

import asyncio
import json
import os
import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from agent_tui.domain.events import ModelAnswered
from agent_tui.domain.usage import Cost, Latency, Usage
from agent_tui.sessions.files import write_all
from agent_tui.sessions.log import EVENTS
from agent_tui.sessions.store import SessionStore
from tests.benchmarks.report import Row, timed
from tests.benchmarks.startup import CHECKOUT, SESSION

_EVENT = ModelAnswered(
    step="step-0123456789abcdef",
    stop="end",
    usage=Usage(input_tokens=12_345, output_tokens=678),
    cost=Cost(unpriced_calls=1),
    latency=Latency(first_byte_s=0.5, first_token_s=0.6, total_s=4.2),
)


def durable_append(folder: Path, count: int) -> Row:
    """The median of durable appends beside a write and fdatasync of the same bytes."""
    return asyncio.run(_durable_append(folder, count))


async def _durable_append(folder: Path, count: int) -> Row:
    ours: list[float] = []
    bare: list[float] = []
    fd = os.open(folder / "bare.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        async with SessionStore(folder / "appends").create() as log:
            size = 0
            with (log.folder / EVENTS).open("rb") as file:
                for _ in range(count):
                    began = time.perf_counter()
                    await log.append(_EVENT, "coder")
                    ours.append(time.perf_counter() - began)
                    line = file.read()
                    size += len(line)
                    began = time.perf_counter()
                    write_all(fd, line)
                    os.fdatasync(fd)
                    bare.append(time.perf_counter() - began)
    finally:
        os.close(fd)
    return Row(
        f"durable append, p50 of {count}",
        statistics.median(ours) * 1000,
        "ms",
        statistics.median(bare) * 1000,
        digits=2,
        note=f"{size // count} bytes each; baseline: write and fdatasync of the same bytes",
    )


def session_list(folder: Path, count: int, runs: int) -> list[Row]:
    """The list of *count* sessions with and without its cached summaries.

    Raises:
        RuntimeError: If the list is not complete.
    """
    store = SessionStore(folder / "many")
    source = CHECKOUT / "sessions" / SESSION
    for number in range(count):
        target = store.folder / f"20261122-{number:06}-copy"
        shutil.copytree(source, target)
        (target / "summary.json").unlink(missing_ok=True)

    def listed() -> float:
        began = time.perf_counter()
        found = store.list()
        taken = time.perf_counter() - began
        if len(found) != count or any(summary.problem for summary in found):
            raise RuntimeError("the list of sessions is not complete")
        return taken

    logs = sorted(store.folder.glob(f"*/{EVENTS}"))
    cold_bare = timed(lambda: _read_lines(logs))
    cold = listed()
    caches = sorted(store.folder.glob("*/summary.json"))
    warm: list[float] = []
    warm_bare: list[float] = []
    for _ in range(runs):
        warm.append(listed())
        warm_bare.append(timed(lambda: _read_all(caches, json.loads)))
    return [
        Row(
            f"list of {count} sessions, warm",
            statistics.median(warm),
            "s",
            statistics.median(warm_bare),
            digits=3,
            note="baseline: json.loads of the same summaries",
        ),
        Row(
            f"list of {count} sessions, cold",
            cold,
            "s",
            cold_bare,
            digits=2,
            note=f"one run; {cold / count * 1000:.1f} ms a session; "
            "baseline: json.loads of each line of the logs",
        ),
    ]


def _read_all(files: list[Path], read: Callable[[bytes], object]) -> None:
    for file in files:
        read(file.read_bytes())


def _read_lines(files: list[Path]) -> None:
    for file in files:
        for line in file.read_bytes().splitlines():
            json.loads(line)
