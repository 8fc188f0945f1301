"""What the sandbox costs: the start of a command in it, and its proof."""

import os
import statistics
import subprocess
import time
from pathlib import Path

from agent_tui.workspace.sandbox import Bounds, Mount, find_sandbox
from agent_tui.workspace.sandbox.sandbox import prove
from tests.benchmarks.report import Row

AIM_MS = 30.0


def sandbox_launch(folder: Path, runs: int) -> list[Row]:
    """A command that does nothing, in the sandbox and without it, in turn.

    Raises:
        RuntimeError: If there is no sandbox.
    """
    sandbox = find_sandbox()
    if sandbox.protection == "none":
        raise RuntimeError(f"no sandbox: {sandbox.reason}")
    env = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}
    bounds = Bounds((Mount(folder, folder, writable=True),))
    inside, bare = [], []
    for _ in range(5 * runs):
        began = time.perf_counter()
        with sandbox.launch(("/bin/true",), bounds, folder, env) as launch:
            subprocess.run(
                launch.argv,
                cwd=launch.cwd,
                env=dict(launch.env),
                pass_fds=launch.descriptors,
                check=True,
            )
        middle = time.perf_counter()
        subprocess.run(("/bin/true",), cwd=folder, env=env, check=True)
        inside.append(middle - began)
        bare.append(time.perf_counter() - middle)
    proofs = []
    for _ in range(max(5, runs)):
        began = time.perf_counter()
        if problem := prove(sandbox):
            raise RuntimeError(problem)
        proofs.append(time.perf_counter() - began)
    spawn, boxed = (statistics.median(times) * 1000 for times in (bare, inside))
    return [
        Row(
            "a command in the sandbox",
            boxed,
            "ms",
            spawn,
            aim=f"< {AIM_MS:g} ms",
            within=boxed < AIM_MS,
            note="baseline: the same command without it",
        ),
        Row(
            "the proof of the sandbox",
            statistics.median(proofs) * 1000,
            "ms",
            note="once in a process",
        ),
    ]
