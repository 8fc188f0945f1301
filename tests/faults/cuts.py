"""A session's log is cut off anywhere, or its writer killed; what was acknowledged is there again.

A kill between two writes leaves whole records, one in a write leaves a part of its record. So the
log of a recorded session is cut behind every record and at random bytes within them, and opened by
the product each time. Beside that, a process that writes is really killed.
"""

import asyncio
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from agent_tui.config.paths import shipped_sessions
from agent_tui.domain.events import GateDecided, LogRecovered, Record, SessionLeft
from agent_tui.sessions import codec
from agent_tui.sessions.clock import SystemClock
from agent_tui.sessions.log import EVENTS, SessionLog
from agent_tui.sessions.reader import LogReader
from agent_tui.sessions.redact import Redactor

RECORDED = "second-attempt-passes"

_WRITER = """
import asyncio, sys
from pathlib import Path
from agent_tui.sessions.clock import SystemClock
from agent_tui.sessions.log import SessionLog
from agent_tui.sessions.reader import LogReader
from agent_tui.sessions.redact import Redactor

async def main():
    told = LogReader(Path(sys.argv[1])).read_new()
    log = SessionLog(Path(sys.argv[2]), clock=SystemClock(), redactor=Redactor({}))
    print(len(log.records), flush=True)
    number = int(sys.argv[3])
    while True:
        record = told[number % len(told)]
        await log.append(record.event, record.actor)
        number += 1
        print("acknowledged", flush=True)

asyncio.run(main())
"""


def recorded() -> Path:
    """The log that is cut: a session of two attempts, to its commit."""
    return shipped_sessions() / RECORDED / EVENTS


def cut(folder: Path, within: int, seed: int = 0) -> tuple[int, int, list[str]]:
    """Cut the log behind every record, and at so many random bytes within records.

    Returns:
        How many cuts there were behind records, how many within, and what was wrong.
    """
    whole = recorded().read_bytes()
    records = LogReader(recorded()).read_new()
    ends = [at + 1 for at, byte in enumerate(whole) if byte == 0x0A]
    rng = random.Random(seed)
    inside = sorted(set(range(1, len(whole))) - set(ends))
    places = [0, *ends, *rng.sample(inside, within)]
    problems: list[str] = []
    for number, place in enumerate(places):
        session = folder / f"cut-{number}"
        session.mkdir(mode=0o700, parents=True)
        (session / EVENTS).write_bytes(whole[:place])
        kept = sum(end <= place for end in ends)
        torn = whole[ends[kept - 1] if kept else 0 : place]
        found = asyncio.run(_reopen(session, records[:kept], whole[:place], torn))
        problems += [f"cut at byte {place}: {problem}" for problem in found]
        shutil.rmtree(session)
    return len(ends) + 1, within, problems


async def _reopen(folder: Path, before: list[Record], whole: bytes, torn: bytes) -> list[str]:
    problems = []
    async with SessionLog(folder, clock=SystemClock(), redactor=Redactor({})) as log:
        if list(log.records[: len(before)]) != before:
            problems.append(f"{_decisions(before) - _decisions(log.records)} decisions are lost")
        added = log.records[len(before) :]
        if [type(record.event) for record in added] != [LogRecovered] * bool(torn):
            problems.append(f"{len(added)} records came from nowhere")
        if torn and (folder / f"{EVENTS}.torn-1").read_bytes() != torn:
            problems.append("the torn record was not kept aside")
        await log.append(SessionLeft(), "person")
    # What was there is there to the byte, so only what was added has to be read.
    old, lines = whole[: len(whole) - len(torn)], (folder / EVENTS).read_bytes()
    if not lines.startswith(old):
        problems.append("records from before were changed")
    digest = codec.decode(old.splitlines()[-1]).digest if old else codec.FIRST
    new = [codec.decode(line) for line in lines[len(old) :].splitlines(keepends=True)]
    for line in new:
        if not line.follows(digest):
            problems.append(f"record {line.record.seq} does not follow the one before")
        digest = line.digest
    if [line.record.seq for line in new] != list(range(len(before), len(before) + len(new))):
        problems.append("the numbers of what was written after it are wrong")
    if len(new) != bool(torn) + 1:
        problems.append(f"{len(new)} records were written")
    return problems


def _decisions(records: "tuple[Record, ...] | list[Record]") -> int:
    return sum(isinstance(record.event, GateDecided) for record in records)


def kill(folder: Path, count: int, seed: int = 0) -> tuple[int, list[str]]:
    """Kill a process that writes the recorded session's events, at some moment each time.

    Returns:
        How many records it had acknowledged in all its lives, and what was wrong.
    """
    told = LogReader(recorded()).read_new()
    rng = random.Random(seed)
    asyncio.run(_make(folder))
    problems: list[str] = []
    acknowledged = number = before = 0
    for life in range(1, count + 1):
        lines = _live(folder, number, rng.randrange(1, 40))
        if not lines or lines[0] != str(before):
            problems.append(f"kill {life}: it found {lines[:1]} records, not {before}")
            break
        acknowledged += len(lines) - 1
        reader = LogReader(folder / EVENTS)
        records = reader.read_new()
        written = [record.event for record in records[before:]]
        # The one more was being written, or it was written and nobody was told yet.
        if len(written) - (len(lines) - 1) not in (0, 1):
            problems.append(f"kill {life}: {len(written)} records, {len(lines) - 1} acknowledged")
        expected = [told[(number + n) % len(told)].event for n in range(len(written))]
        if written != expected or reader.problems:
            problems.append(f"kill {life}: the records differ; {reader.problems}")
        number += len(written)
        before += len(written)
        if reader.tail:  # the next life moves the torn record aside and says so
            before += 1
            number += 1
    return acknowledged, problems


async def _make(folder: Path) -> None:
    await SessionLog.create(folder, clock=SystemClock(), redactor=Redactor({})).close()


def _live(folder: Path, number: int, lines: int) -> list[str]:
    """What a writer said before it was killed, a while after it had said so many lines."""
    command = [sys.executable, "-c", _WRITER, str(recorded()), str(folder), str(number)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None:
            raise RuntimeError("no pipe")
        said = [process.stdout.readline() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        said += process.stdout.readlines()
    return [line.strip() for line in said if line.endswith("\n")]
