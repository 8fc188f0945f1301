"""A program that signs asks on the terminal, which is its own for as long as that takes."""

import subprocess
from pathlib import Path

import pytest

from tests.terminal.pty_driver import Program, events, restored, running, types

SCRIPT = Path(__file__).parents[2] / "agent_tui" / "demo" / "script.toml"
SIGNATURE = "-----BEGIN PGP SIGNATURE-----\n\nmade-by-the-test\n-----END PGP SIGNATURE-----"
SIGNER = f"""#!/bin/sh
cat >/dev/null
exec 3<>/dev/tty || exit 3
printf '\\nPIN on %s? ' "$GPG_TTY" >&3
read -r pin <&3
[ "$pin" = 1234 ] || exit 2
printf '\\n[GNUPG:] SIG_CREATED D\\n' >&2
echo '{SIGNATURE}'
"""
ASKED = b"PIN on /dev/"


@pytest.fixture
def repo(tmp_path: Path, env: dict[str, str]) -> Path:
    """The demo's project, whose person signs with a program that asks on the terminal."""
    demo = ("demo", "--keep-in", str(tmp_path / "demo"), "--speed", "0")
    with running(demo, env, tmp_path) as program:
        program.until(lambda: "gate.opened" in types(tmp_path / "demo" / "sessions"), "a gate")
        program.process.terminate()
        program.end()
    signer = tmp_path / "signer"
    signer.write_text(SIGNER)
    signer.chmod(0o755)
    own = tmp_path / "gitconfig"
    own.write_text(
        "[user]\nname = Ada\nemail = ada@example.com\nsigningkey = ada\n"
        f"[commit]\ngpgsign = true\n[gpg]\nprogram = {signer}\n"
    )
    env["GIT_CONFIG_GLOBAL"] = str(own)
    config = tmp_path / "home" / ".config" / "agent-tui" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(
        '[gates]\nspec = "auto"\ndiff = "auto"\nverdict = "auto"\nmessage = "auto"\ngrace_ms = 0\n'
    )
    return tmp_path / "demo" / "durations"


def words(tmp_path: Path, *more: str) -> tuple[str, ...]:
    return ("run", "Better", "--script", str(SCRIPT), "--sessions", str(tmp_path / "s"), *more)


def asked(program: Program, times: int) -> None:
    program.until(lambda: program.output.count(ASKED) == times, f"question {times}")
    assert restored(program) == []


def refused(program: Program, tmp_path: Path, times: int) -> None:
    """The commit is refused, and the session waits at a gate, on the screen again."""
    at = program.output.rfind(ASKED)
    program.until(lambda: types(tmp_path / "s").count("commit.refused") == times, "a refusal")
    program.until(lambda: types(tmp_path / "s")[-1] == "gate.opened", "its gate")
    program.until(lambda: b"\x1b[?1049h" in program.output[at:], "the screen")
    last = [r["data"] for r in events(tmp_path / "s") if r["type"] == "commit.refused"][-1]
    assert last["cause"] == "signing"
    assert last["detail"].startswith("the commit could not be signed, so it was not made: ")


def test_a_signature_that_asks_on_the_terminal(
    tmp_path: Path, env: dict[str, str], repo: Path
) -> None:
    with running(words(tmp_path), env, repo) as program:
        asked(program, 1)
        program.type("0000\n")
        refused(program, tmp_path, 1)
        program.type("a")
        asked(program, 2)
        program.type("\x03")  # means the program that asks, and not us
        refused(program, tmp_path, 2)
        program.type("a")
        asked(program, 3)
        program.type("1234\n")
        program.until(lambda: types(tmp_path / "s")[-1] == "session.finished", "the end")
        program.type("q")
        assert program.end() == 0, program.tail()
        assert restored(program) == []
    found = events(tmp_path / "s")
    (done,) = [record["data"] for record in found if record["type"] == "commit.done"]
    commit = subprocess.run(
        ["git", "cat-file", "commit", done["commit"]], cwd=repo, capture_output=True, check=True
    ).stdout.decode()
    assert "gpgsig -----BEGIN PGP SIGNATURE-----" in commit
    assert "made-by-the-test" in commit


def test_without_a_signature_the_screen_stays(
    tmp_path: Path, env: dict[str, str], repo: Path
) -> None:
    own = tmp_path / "gitconfig"
    own.write_text(own.read_text().replace("gpgsign = true", "gpgsign = false"))
    with running(words(tmp_path), env, repo) as program:
        program.until(lambda: types(tmp_path / "s")[-1:] == ["session.finished"], "the end")
        program.type("q")
        assert program.end() == 0
        assert program.output.count(b"\x1b[?1049l") == 1
        assert ASKED not in program.output


def test_headless_asks_nobody(tmp_path: Path, env: dict[str, str], repo: Path) -> None:
    with running(words(tmp_path, "--headless"), env, repo) as program:
        assert program.end() == 1
        assert ASKED not in program.output
    assert "commit.refused" in types(tmp_path / "s")
    assert "commit.done" not in types(tmp_path / "s")
