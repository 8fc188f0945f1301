"""Ctrl-Z of a shell, or another program's SIGTSTP, at any moment of a write."""

import signal
import termios
from functools import partial
from pathlib import Path

from tests.terminal.pty_driver import Program, restored, running

TIMES = 30


def _state(program: Program) -> str:
    stat = Path(f"/proc/{program.process.pid}/stat").read_text()
    return stat.rpartition(")")[2].split()[0]


def _writes(program: Program, seen: int) -> bool:
    return b"......" in program.output[seen:]


def test_it_stops_each_time(tmp_path: Path, env: dict[str, str]) -> None:
    root = Path(__file__).parents[2]
    with running((), env, root, module="tests.terminal.busy_app") as program:
        program.until(lambda: b"......" in program.output, "the first words")
        for number in range(TIMES):
            program.process.send_signal(signal.SIGTSTP)
            program.until(lambda: _state(program) == "T", f"stop {number}")
            assert termios.tcgetattr(program.slave) == program.before
            seen = len(program.output)
            program.process.send_signal(signal.SIGCONT)
            program.until(partial(_writes, program, seen), f"its return {number}")
        program.type("q")
        assert program.end() == 0
        assert restored(program) == []
    print(f"stopped and continued {TIMES} times in mid-write")
