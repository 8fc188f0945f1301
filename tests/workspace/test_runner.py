"""Commands: whole groups of processes, limits, and what they see and say."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from agent_tui.ports import CommandResult
from agent_tui.workspace.environment import own_environment, scrubbed_environment
from agent_tui.workspace.runner import run_command

pytestmark = pytest.mark.anyio


async def run(tmp_path: Path, *argv: str, timeout_s: float = 60.0, **options) -> CommandResult:
    return await run_command(argv, tmp_path, dict(os.environ), timeout_s, **options)


async def python(tmp_path: Path, code: str, **options) -> CommandResult:
    return await run(tmp_path, sys.executable, "-u", "-c", code, **options)


def alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


async def gone(pid: int) -> None:
    while alive(pid):  # noqa: ASYNC110 (its end is certain, its moment is the kernel's)
        await asyncio.sleep(0)


async def test_output_and_exit_code(tmp_path: Path) -> None:
    pieces: list[str] = []
    result = await python(
        tmp_path,
        "import sys, os; print('out'); print('err', file=sys.stderr); print(os.getcwd()); exit(3)",
        on_output=pieces.append,
    )
    assert result.exit_code == 3
    assert result.output == f"out\nerr\n{tmp_path}\n"
    assert "".join(pieces) == result.output
    assert result.problem == ""
    assert result.duration_s > 0


async def test_no_input_and_no_terminal(tmp_path: Path) -> None:
    code = (
        "import sys, os\nprint(repr(sys.stdin.read()))\n"
        "try: os.open('/dev/tty', os.O_RDWR)\nexcept OSError: print('none')"
    )
    assert (await python(tmp_path, code)).output == "''\nnone\n"


async def test_controls_and_broken_text(tmp_path: Path) -> None:
    code = (
        r"import os; w = lambda b: os.write(1, b)"
        "\n"
        r"w(b'a\r'); w(b'\nb \xc3'); w(b'\xa9 \xff \x1b]0;t\x07 \xe2\x80\xae\r')"
    )
    result = await python(tmp_path, code)
    assert result.output == "a\nb é \\xff ␛]0;t␇ \\u202e␍"


async def test_missing_program(tmp_path: Path) -> None:
    result = await run(tmp_path, "no-such-program\033")
    assert result.exit_code is None
    assert result.problem == (
        "the program 'no-such-program␛' was not found: install it, or correct the command."
    )


async def test_programs_that_do_not_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for argv in ((str(tmp_path / "file"),), (str(tmp_path),), ("a\0b",)):
        result = await run(tmp_path, *argv)
        assert (result.exit_code, result.output) == (None, "")
        assert "could not be started" in result.problem
    empty = await run_command((), tmp_path, {}, 1.0)
    assert "could not be started" in empty.problem


SPAWNS = """
import subprocess, sys, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True);"
    "time.sleep(600)"], stdout=subprocess.PIPE)
child.stdout.readline()
import os; os.write(1, b"%d" % child.pid)
"""


async def test_the_time_limit_ends_the_whole_group(tmp_path: Path) -> None:
    code = SPAWNS + "time.sleep(600)"
    started = asyncio.Event()
    pids: list[int] = []

    def on_output(text: str) -> None:
        pids.append(int(text))
        started.set()

    result = await python(tmp_path, code, timeout_s=1.5, on_output=on_output)
    assert result.exit_code is None
    assert result.problem == "it was ended after 1.5 s, its time limit."
    assert started.is_set()
    await gone(pids[0])


async def test_cancelling_ends_the_whole_group(tmp_path: Path) -> None:
    started = asyncio.Event()
    pids: list[int] = []

    def on_output(text: str) -> None:
        pids.append(int(text))
        started.set()

    task = asyncio.create_task(
        python(tmp_path, SPAWNS + "time.sleep(600)", timeout_s=600, on_output=on_output)
    )
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await gone(pids[0])


async def test_a_listener_that_fails_ends_the_command(tmp_path: Path) -> None:
    def on_output(_: str) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        await python(tmp_path, "while True: print('x' * 9999)", on_output=on_output)


async def test_output_may_end_before_the_program(tmp_path: Path) -> None:
    result = await python(tmp_path, "import os; os.close(1); os.close(2); exit(4)")
    assert (result.exit_code, result.output) == (4, "")


async def test_what_a_command_leaves_running_is_ended(tmp_path: Path) -> None:
    result = await python(tmp_path, SPAWNS)
    assert (result.exit_code, result.problem) == (0, "")
    await gone(int(result.output))


async def test_a_process_that_left_the_group_does_not_hold_us(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c',"
        " 'import time; time.sleep(600)'], start_new_session=True); print(p.pid)"
    )
    result = await python(tmp_path, code)
    assert result.exit_code == 0
    os.kill(int(result.output), signal.SIGKILL)


async def test_long_output_keeps_head_and_tail(tmp_path: Path) -> None:
    pieces: list[str] = []
    code = "import os\nfor i in range(200000): os.write(1, b'%07d\\xc3\\xa9\\n' % i)"
    result = await python(tmp_path, code, output_limit=1000, on_output=pieces.append)
    head, left_out, tail = result.output.partition("\n… ")
    assert head.startswith("0000000é\n0000001é\n")
    assert tail.endswith("0199999é\n")
    assert left_out
    number = int(tail.split()[0])
    kept = len(head.encode()) + len(tail.partition("…\n")[2].encode())
    assert number + kept == 200000 * 10
    assert len(result.output) < 1100
    assert "".join(pieces) == result.output


async def test_output_of_exactly_the_limit(tmp_path: Path) -> None:
    for size in (9, 10, 11, 20):
        result = await python(tmp_path, f"print('x' * {size}, end='')", output_limit=20)
        assert result.output == "x" * size


def test_scrubbed_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = [
        "ANTHROPIC_API_KEY", "OPENAI_ORG", "AWS_PROFILE", "GITHUB_TOKEN", "GH_HOST", "MY_SECRET",
        "db_password", "PGPASSWORD", "SSH_AUTH_SOCK", "GIT_DIR", "GIT_ASKPASS", "NPM_TOKEN",
        "SOME_CREDENTIALS", "AZURE_X", "HF_TOKEN", "SENTRY_DSN", "DATABASE_URL", "KUBECONFIG",
    ]  # fmt: skip
    harmless = ["PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH", "USER",
                "CI", "EDITOR", "NODE_ENV"]  # fmt: skip
    for name in (*secret, *harmless):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:word@proxy")
    found = scrubbed_environment({"ADDED_TOKEN": "1"})
    assert not set(secret) & found.keys()
    assert set(harmless) <= found.keys()
    assert "HTTPS_PROXY" not in found
    assert found["TERM"] == "dumb"
    assert found["ADDED_TOKEN"] == "1"


def test_own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "x")
    monkeypatch.setenv("GIT_DIR", "x")
    found = own_environment()
    assert found["GITHUB_TOKEN"] == "x"
    assert "GIT_DIR" not in found
