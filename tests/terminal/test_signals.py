"""What ends the program, or only its terminal, costs nobody anything."""

import os
import random
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.terminal.pty_driver import Program, events, restored, running, types


def demo(tmp_path: Path) -> tuple[str, ...]:
    return ("demo", "--keep-in", str(tmp_path / "demo"), "--speed", "0")


def at_the_first_gate(program: Program, tmp_path: Path) -> None:
    program.until(lambda: "gate.opened" in types(tmp_path / "demo" / "sessions"), "a gate")


def go_on(tmp_path: Path, env: dict[str, str]) -> None:
    """The session is taken up by another process, and comes to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "agent_tui", *demo(tmp_path), "--headless"],
        env=env, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = types(tmp_path / "demo" / "sessions")
    assert "log.recovered" not in found
    assert "session.resumed" in found
    assert found[-1] == "session.finished"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_ends_it_in_order(
    tmp_path: Path, env: dict[str, str], number: signal.Signals
) -> None:
    with running(demo(tmp_path), env, tmp_path) as program:
        at_the_first_gate(program, tmp_path)
        program.process.send_signal(number)
        assert program.end() == 130
        assert restored(program) == []
        assert b"go on with: agent-tui demo --keep-in" in program.output
        assert b"Traceback" not in program.output
    assert types(tmp_path / "demo" / "sessions")[-1] == "session.left"
    if number is signal.SIGTERM:
        go_on(tmp_path, env)


def test_the_restoring_can_fail(tmp_path: Path, env: dict[str, str]) -> None:
    """Nobody can do anything about this one; the check of the terminal sees it."""
    with running(demo(tmp_path), env, tmp_path) as program:
        at_the_first_gate(program, tmp_path)
        program.until(lambda: b"\x1b[?2004h" in program.output, "the screen")
        program.process.kill()
        program.end()
        assert {"its attributes", "mode ?1049 is on"} <= set(restored(program))


@pytest.mark.parametrize("controlling", [True, False])
def test_the_terminal_goes_away(tmp_path: Path, env: dict[str, str], controlling: bool) -> None:
    """With a signal, and without one, where only the look at the terminal tells."""
    with running(demo(tmp_path), env, tmp_path, controlling=controlling) as program:
        at_the_first_gate(program, tmp_path)
        program.until(lambda: b"\x1b[?2004h" in program.output, "the screen")
        program.hang_up()
        assert program.process.wait(60) == 130
    assert types(tmp_path / "demo" / "sessions")[-1] == "session.left"


def test_what_runs_ends_with_it(tmp_path: Path, env: dict[str, str]) -> None:
    marker = f"31540{os.getpid()}"
    script = Path(__file__).parents[2] / "agent_tui" / "demo" / "script.toml"
    repo = tmp_path / "demo" / "durations"
    with running(demo(tmp_path), env, tmp_path) as program:
        at_the_first_gate(program, tmp_path)
        program.process.terminate()
        program.end()
    config = tmp_path / "home" / ".config" / "agent-tui" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(
        f'[[checks]]\nname = "slow"\ncommand = ["sh", "-c", "sleep {marker}"]\n'
        '[gates]\nspec = "auto"\ndiff = "auto"\ngrace_ms = 0\n'
    )
    words = ("run", "Better", "--script", str(script), "--sessions", str(tmp_path / "s"))

    def shown() -> str:
        done = subprocess.run(["ps", "ax", "-o", "args"], capture_output=True, check=True)
        return done.stdout.decode("utf-8", "replace")

    with running(words, env, repo) as program:
        program.until(lambda: f"sleep {marker}" in shown(), "the check")
        program.process.terminate()
        assert program.end() == 130
        assert restored(program) == []
    assert f"sleep {marker}" not in shown()
    finished = [r for r in events(tmp_path / "s") if r["type"] == "step.finished"]
    assert finished[-1]["data"]["outcome"] == "cancelled"


def test_stopped_and_continued(tmp_path: Path, env: dict[str, str]) -> None:
    def state() -> str:
        stat = Path(f"/proc/{program.process.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0]

    with running(demo(tmp_path), env, tmp_path) as program:
        at_the_first_gate(program, tmp_path)
        program.until(lambda: b"\x1b[?2004h" in program.output, "the screen")
        program.process.send_signal(signal.SIGTSTP)
        program.until(lambda: state() == "T", "its stop")
        # It wrote all of this before it stopped; our reader may have to catch up.
        program.until(lambda: restored(program) == [], "the terminal as it was")
        seen = len(program.output)
        program.process.send_signal(signal.SIGCONT)
        program.until(lambda: b"\x1b[?1049h" in program.output[seen:], "the screen again")
        program.until(lambda: termios.tcgetattr(program.slave) != program.before, "raw keys")
        program.type("q")
        assert program.end() == 0
        assert restored(program) == []


def test_a_storm_of_sizes(tmp_path: Path, env: dict[str, str]) -> None:
    dice = random.Random(6)
    with running(demo(tmp_path), env, tmp_path) as program:
        at_the_first_gate(program, tmp_path)
        for number in range(300):
            size = (1, 1) if number % 10 == 0 else (dice.randint(1, 300), dice.randint(1, 100))
            program.resize(*size)
        program.resize(80, 24)
        program.type("q")
        assert program.end() == 0, program.tail()
        assert restored(program) == []
        assert b"agent-tui: it failed" not in program.output
    assert types(tmp_path / "demo" / "sessions")[-1] == "session.left"


CRASH = """
from agent_tui.ui import presenter
def tick(self):
    raise RuntimeError("broke at \\x1b]52;c;ZXZpbA==\\x07 with " + "sk-ant-" + "x1" * 20)
presenter.Presenter.tick = tick
"""


def test_a_crash_leaves_a_report_and_the_session(tmp_path: Path, env: dict[str, str]) -> None:
    (tmp_path / "modules" / "sitecustomize.py").write_text(
        "import importlib.abc, sys\n"
        "class Late(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'agent_tui.ui.live_controller':\n"
        "            sys.meta_path.remove(self)\n"
        f"            exec({CRASH!r})\n"
        "sys.meta_path.insert(0, Late())\n"
    )
    env["MY_API_KEY"] = "a-secret-of-the-environment"
    with running(demo(tmp_path), env, tmp_path) as program:
        assert program.end() == 1
        assert restored(program) == []
        last = program.output[program.output.rfind(b"\x1b[?1004l") :].decode()
    (report,) = (tmp_path / "home" / ".local" / "state" / "agent-tui" / "crashes").iterdir()
    assert f"agent-tui: it failed (RuntimeError). A report is in {report}." in last
    assert "go on with: agent-tui resume" in last
    assert "Traceback" not in last
    assert report.stat().st_mode & 0o777 == 0o600
    text = report.read_text()
    assert "in tick" in text
    assert "broke at ␛]52;c;ZXZpbA==␇ with [redacted]" in text
    assert "a-secret-of" not in text
    (tmp_path / "modules" / "sitecustomize.py").unlink()
    go_on(tmp_path, env)


def test_a_crash_without_a_screen(tmp_path: Path, env: dict[str, str]) -> None:
    (tmp_path / "modules" / "sitecustomize.py").write_text(
        "import agent_tui.commands.sessions as s\ndef boom(*_): raise KeyError('\\x9b2J')\n"
        "s._sessions = boom\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "agent_tui", "sessions", "--all"],
        env=env, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("agent-tui: it failed (KeyError). A report is in ")
    assert "Traceback" not in done.stderr
