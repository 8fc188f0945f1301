"""The review's screen with a patch in one pipe and its result in another, on a real terminal."""

import contextlib
import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

LIMIT_S = 60


def git(root: Path, *args: str) -> bytes:
    return subprocess.run(["git", *args], cwd=root, capture_output=True, check=True).stdout


def read_until(terminal: int, wanted: bytes) -> bytes:
    """What the terminal shows until *wanted* is in it, or until it is closed."""
    seen = b""
    with contextlib.suppress(OSError):
        while wanted not in seen:
            ready, _, _ = select.select([terminal], [], [], LIMIT_S)
            assert ready, f"waited in vain for {wanted!r}: {seen[-2000:]!r}"
            more = os.read(terminal, 65536)
            if not more:
                break
            seen += more
    return seen


@pytest.mark.skipif(not Path("/dev/tty").exists(), reason="there are no terminals here")
def test_a_patch_comes_in_and_json_goes_out(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "Ada Example")
    git(root, "config", "user.email", "ada@example.com")
    (root / "a.txt").write_text("one\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "base")
    (root / "a.txt").write_text("two\n")
    patch = git(root, "diff")
    git(root, "checkout", "-q", "a.txt")
    master, slave = pty.openpty()
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

    def own_terminal() -> None:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        [sys.executable, "-m", "agent_tui", "review", "-", "--format", "json",
         "--set", "gates.grace_ms=0", "--sessions", str(tmp_path / "sessions")],
        cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=slave,
        preexec_fn=own_terminal,  # noqa: PLW1509 - no thread runs here
        env={**os.environ, "TERM": "xterm-256color"},
    )  # fmt: skip
    os.close(slave)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(patch)
    process.stdin.close()
    try:
        read_until(master, b"end the review")
        os.write(master, b"q")
        read_until(master, b"go on with")
        out = process.stdout.read()
        assert process.wait(LIMIT_S) == 0
    finally:
        process.kill()
        os.close(master)
    report = json.loads(out)
    assert (report["kind"], report["name"], report["files"]) == ("patch", "-", 1)
