"""Measures the program beside a baseline: ``python -m tests.benchmarks.run``, from the checkout.

A tool, not a test: figures depend on the machine and on what else it does, so ratios to a baseline
that is taken in turn, in the same run, are what can be compared. It ends with 0 when everything
could be measured, also when an aim is missed, and with 1 when something failed.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.big import big_session, many_sessions
from tests.benchmarks.commits import commit_rows, patch_rows
from tests.benchmarks.diff_session import session_rows
from tests.benchmarks.diffs import diff_pane, diff_rows
from tests.benchmarks.imports import import_speed
from tests.benchmarks.loop import loop_overhead
from tests.benchmarks.peers import peers
from tests.benchmarks.report import Row, fixed_work, print_machine, print_table
from tests.benchmarks.sandbox import sandbox_launch
from tests.benchmarks.startup import CHECKOUT, ProbeError, first_paint, whole_process
from tests.benchmarks.storage import durable_append, session_list

PROBE = CHECKOUT.parent / "shared" / "tools" / "tui_probe.py"
SECTIONS = (
    "start",
    "process",
    "loop",
    "append",
    "list",
    "diff",
    "import",
    "commit",
    "patch",
    "sandbox",
    "peers",
    "big",
    "many",
)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.run", description=__doc__)
    parser.add_argument("--probe", type=Path, help="measures a program in a pseudo-terminal")
    parser.add_argument(
        "--peers", action="store_true", help="beside mini-swe-agent and aider-chat from PyPI"
    )
    parser.add_argument("--quick", action="store_true", help="fewer runs, fewer sessions")
    parser.add_argument("--folder", type=Path, help="where to work (default: temporary files)")
    parser.add_argument(
        "--only", action="append", choices=SECTIONS, help="only this part; can be repeated"
    )
    return parser.parse_args()


def _isolate(folder: Path) -> None:
    """No settings of the person's, neither ours nor git's."""
    for name in list(os.environ):
        if name.startswith(("GIT_", "XDG_", "AGENT_TUI_")):
            del os.environ[name]
    home = folder / "home"
    home.mkdir()
    os.environ.update(HOME=str(home), GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_SYSTEM=os.devnull)


def _probe(wanted: Path | None) -> Path | None:
    if wanted is not None:
        if not wanted.is_file():
            sys.exit(f"there is no probe at {wanted}")
        return wanted.resolve()
    return PROBE if PROBE.is_file() else None


def main() -> int:
    """Measure, print the table, and say whether everything could be measured."""
    options = _options()
    probe = _probe(options.probe)
    runs = 3 if options.quick else 7
    with tempfile.TemporaryDirectory(prefix="agent-tui-bench-", dir=options.folder) as temporary:
        folder = Path(temporary).resolve()
        _isolate(folder)
        print_machine(folder)
        load, work = os.getloadavg()[0], [fixed_work() for _ in range(5)]
        noise: list[float] = []

        def start() -> list[Row]:
            rows, found = first_paint(probe, folder, runs)
            noise.extend(found)
            return rows

        def diff() -> list[Row]:
            sizes = (1_000, 10_000) if options.quick else (1_000, 10_000, 100_000)
            rows = [row for size in sizes for row in diff_rows(size, max(5, runs))]
            seen = (1_000, 100_000) if options.quick else (1_000, 10_000, 100_000, 1_000_000)
            runs_ = 3 if options.quick else 5
            return [*rows, *diff_pane(folder, runs_, seen), *session_rows(folder, runs_)]

        sections: dict[str, Callable[[], list[Row]]] = {
            "big": lambda: big_session(folder, 50_000 if options.quick else 1_000_000, runs),
            "many": lambda: many_sessions(folder, 100 if options.quick else 5_000, runs),
            "start": start,
            "process": lambda: whole_process(2 * runs + 1),
            "loop": lambda: loop_overhead(folder, runs),
            "append": lambda: [durable_append(folder, 100 if options.quick else 400)],
            "list": lambda: session_list(folder, 100 if options.quick else 500, runs),
            "diff": diff,
            "peers": lambda: peers(folder, runs, with_peers=options.peers),
            "import": lambda: import_speed(folder, 3 if options.quick else 5, quick=options.quick),
            "commit": lambda: commit_rows(folder, max(5, runs)),
            "patch": lambda: patch_rows(folder, max(5, runs)),
            "sandbox": lambda: sandbox_launch(folder, runs),
        }
        rows: list[Row] = []
        failed = False
        for name, measure in sections.items():
            if options.only and name not in options.only:
                continue
            print(f"measuring: {name}", file=sys.stderr)
            try:
                rows += measure()
            except (ProbeError, RuntimeError, OSError, subprocess.SubprocessError):
                traceback.print_exc()
                rows.append(Row(name, None, note="failed"))
                failed = True
        work += [fixed_work() for _ in range(5)]
    print(
        f"noise:    load {load:.2f} before, {os.getloadavg()[0]:.2f} after; a fixed piece of work "
        f"took {min(work) * 1000:.0f} to {max(work) * 1000:.0f} ms"
        + (f"; others had {statistics.median(noise):.0%} of the CPU" if noise else "")
    )
    print()
    print_table(rows)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
