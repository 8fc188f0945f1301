"""Commits signed with a key that has a passphrase, by GnuPG's own pinentry and by OpenSSH."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.pty_driver import Program, events, restored, running, types

SCRIPT = Path(__file__).parents[2] / "agent_tui" / "demo" / "script.toml"
PASSPHRASE = "correct horse"
PERSON = "[user]\nname = Ada\nemail = ada@example.com\n"
AUTO = '[gates]\nspec = "auto"\ndiff = "auto"\nverdict = "auto"\nmessage = "auto"\ngrace_ms = 0\n'


def needs(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"there is no {program}")


@pytest.fixture
def repo(tmp_path: Path, env: dict[str, str]) -> Path:
    """The demo's project, and a person who lets every gate pass."""
    demo = ("demo", "--keep-in", str(tmp_path / "demo"), "--speed", "0")
    with running(demo, env, tmp_path) as program:
        program.until(lambda: "gate.opened" in types(tmp_path / "demo" / "sessions"), "a gate")
        program.process.terminate()
        program.end()
    env["GIT_CONFIG_GLOBAL"] = str(tmp_path / "gitconfig")
    config = tmp_path / "home" / ".config" / "agent-tui" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(AUTO)
    return tmp_path / "demo" / "durations"


@pytest.fixture
def gnupg(tmp_path: Path, env: dict[str, str]) -> Iterator[str]:
    """A key of GnuPG's, whose passphrase is asked by a pinentry; gives its fingerprint."""
    needs("gpg", "gpg-agent", "gpgconf", "pinentry-curses")
    # The agent's socket has a path of at most 107 bytes.
    home = Path(tempfile.mkdtemp(prefix="gpg-", dir="/tmp"))
    env["GNUPGHOME"] = str(home)
    agent = f"pinentry-program {shutil.which('pinentry-curses')}\n"
    (home / "gpg-agent.conf").write_text(f"{agent}max-cache-ttl 0\ndefault-cache-ttl 0\n")
    try:
        make = ["gpg", "--batch", "--pinentry-mode", "loopback", "--passphrase", PASSPHRASE]
        make += ["--quick-generate-key", "Ada <ada@example.com>", "ed25519", "sign", "never"]
        subprocess.run(make, env={**os.environ, **env}, check=True, capture_output=True)
        listed = subprocess.run(
            ["gpg", "--list-secret-keys", "--with-colons"], env={**os.environ, **env}, check=True,
            capture_output=True, text=True,
        ).stdout  # fmt: skip
        name = next(line.split(":")[9] for line in listed.split("\n") if line.startswith("fpr:"))
        (tmp_path / "gitconfig").write_text(
            f"{PERSON}signingkey = {name}\n[commit]\ngpgsign = true\n"
        )
        yield name
    finally:
        subprocess.run(
            ["gpgconf", "--kill", "all"], env={**os.environ, **env}, check=False,
            capture_output=True,
        )  # fmt: skip
        shutil.rmtree(home)


@pytest.fixture
def openssh(tmp_path: Path, env: dict[str, str]) -> None:
    """A key of OpenSSH's with a passphrase, and no agent that knows it."""
    needs("ssh-keygen")
    key = tmp_path / "key"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", PASSPHRASE, "-f", str(key)], check=True
    )
    (tmp_path / "signers").write_text(f"ada@example.com {key.with_suffix('.pub').read_text()}")
    (tmp_path / "gitconfig").write_text(
        f"{PERSON}signingkey = {key}\n[commit]\ngpgsign = true\n[gpg]\nformat = ssh\n"
        f'[gpg "ssh"]\nallowedSignersFile = {tmp_path / "signers"}\n'
    )


class Signing:
    """A session that comes to its commit, and is asked for a passphrase."""

    def __init__(
        self, program: Program, tmp_path: Path, repo: Path, env: dict[str, str], asks: bytes
    ) -> None:
        self.program, self.sessions, self.repo, self.env = program, tmp_path / "s", repo, env
        self.asks = asks
        self.seen = 0

    def asked(self, words: bytes = b"") -> None:
        """Wait for a question that was not there before."""
        words = words or self.asks
        self.program.until(lambda: self.program.output.find(words, self.seen) >= 0, repr(words))
        self.seen = len(self.program.output)

    def waits(self) -> bool:
        """Whether ssh sleeps: it misses a Ctrl-C between its question and its reading."""
        session = os.getsid(self.program.process.pid)
        states = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                name, _, rest = stat.read_text().partition("(")[2].rpartition(")")
                if name == "ssh-keygen" and int(rest.split()[3]) == session:
                    states.append(rest.split()[0])
        return states == ["S"]

    def refused(self, times: int) -> None:
        """There is no commit, one sentence says why, and the screen is there again."""
        program, sessions = self.program, self.sessions
        program.until(lambda: types(sessions).count("commit.refused") == times, "a refusal")
        program.until(lambda: types(sessions)[-1] == "gate.opened", "its gate")
        program.until(
            lambda: program.output.rfind(b"\x1b[?1049h") > program.output.rfind(b"\x1b[?1049l"),
            "the screen",
        )
        self.seen = len(program.output)
        last = [r["data"] for r in events(sessions) if r["type"] == "commit.refused"][-1]
        assert last["cause"] == "signing"
        assert last["detail"].startswith("the commit could not be signed, so it was not made: ")
        assert "\n" not in last["detail"]
        assert PASSPHRASE not in str(events(sessions))
        assert self.git("rev-list", "--count", "--all", "--", "durations.py").strip() == self.before

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=self.repo, env={**os.environ, **self.env}, check=False,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def go(self, wrong: str, cancel: str) -> str:
        """Give a wrong passphrase, cancel, and give the right one; gives what git verifies."""
        self.before = self.git("rev-list", "--count", "--all", "--", "durations.py").strip()
        program = self.program
        self.asked()
        assert restored(program) == [] or b"?1049" in program.output
        for number, line in enumerate(wrong.split("|")):
            if number:
                self.asked(b"(try %d of 3)" % (number + 1))
            program.type(line)
        self.refused(1)
        program.type("a")
        self.asked()
        if cancel == "\x03":
            program.until(self.waits, "a program that reads what is typed")
        program.type(cancel)
        self.refused(2)
        program.type("a")
        self.asked()
        program.type(f"{PASSPHRASE}\r")
        program.until(lambda: types(self.sessions)[-1] == "session.finished", "the end")
        program.type("q")
        assert program.end() == 0, program.tail()
        assert restored(program) == []
        (done,) = [r["data"] for r in events(self.sessions) if r["type"] == "commit.done"]
        assert PASSPHRASE.encode() not in program.output
        return self.git("verify-commit", "--raw", done["commit"])


def words(tmp_path: Path) -> tuple[str, ...]:
    return ("run", "Better", "--script", str(SCRIPT), "--sessions", str(tmp_path / "s"))


def test_a_key_of_gnupg(tmp_path: Path, env: dict[str, str], repo: Path, gnupg: str) -> None:
    with running(words(tmp_path), env, repo) as program:
        signing = Signing(program, tmp_path, repo, env, b"assphrase")
        said = signing.go("wrong\r|wrong\r|wrong\r", "\t\t\r")  # to its button "Cancel"
    assert f"VALIDSIG {gnupg}" in said


def test_a_key_of_openssh(tmp_path: Path, env: dict[str, str], repo: Path, openssh: None) -> None:
    with running(words(tmp_path), env, repo) as program:
        signing = Signing(program, tmp_path, repo, env, b"Enter passphrase")
        said = signing.go("wrong\r", "\x03")
    assert "Good" in said
