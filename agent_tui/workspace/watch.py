"""What a command and all that it started use together, as Linux tells it."""

import asyncio
import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from agent_tui.workspace.sandbox.bounds import Limits

_INTERVAL_S = 0.25
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process and its descendants use.

    Attributes:
        memory: Bytes that are in memory for them alone.
    """

    processes: int
    memory: int


def usage_of(root: int) -> Usage:
    """What the process with the id *root* and its descendants use. Blocks for some ms.

    Where there is no ``/proc`` it is nothing.
    """
    children = defaultdict(list)
    try:
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    except OSError:
        return Usage(0, 0)
    for pid in pids:
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            continue  # it has ended
        children[int(stat.rpartition(b")")[2].split()[1])].append(pid)
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children[pid]
    return Usage(len(found), sum(map(_memory, found)))


def _memory(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/statm").read_bytes().split()
    except OSError:
        return 0
    return (int(fields[1]) - int(fields[2])) * _PAGE if len(fields) > 2 else 0


async def exceeded(root: int, limits: Limits) -> str:
    """Wait until a limit is exceeded, and give the sentence that says so.

    Args:
        root: Id of the process that was started.
    """
    if limits.memory is None and limits.processes is None:
        await asyncio.Event().wait()
    while True:
        await asyncio.sleep(_INTERVAL_S)
        usage = await asyncio.to_thread(usage_of, root)
        if limits.memory is not None and usage.memory > limits.memory:
            return f"it was ended: it used more than {limits.memory >> 20} MiB, its limit."
        if limits.processes is not None and usage.processes > limits.processes:
            return f"it was ended: it had more than {limits.processes} processes, its limit."
