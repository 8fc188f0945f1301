"""A request that was written and not sent is there the next time."""

import json
from pathlib import Path

import pytest

import agent_tui
from tests.terminal.pty_driver import Program, running, types
from tests.terminal.reviews import changed

KEY = "sk-ant-api03-" + "a1B2" * 20
SCRIPT = Path(agent_tui.__file__).parent / "demo" / "script.toml"


def kept(env: dict[str, str]) -> list[str]:
    file = Path(env["HOME"]) / ".local" / "state" / "agent-tui" / "requests.json"
    return list(json.loads(file.read_text()).values()) if file.exists() else []


def ready(program: Program) -> None:
    program.until(lambda: b"No sessions yet" in program.output, "the list")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return changed(tmp_path / "repo", {"a.txt": ("one\n", "one\n")})


def test_over_a_restart(tmp_path: Path, env: dict[str, str], repo: Path) -> None:
    words = ["--sessions", str(tmp_path / "sessions"), "--script", str(SCRIPT)]
    with running(words, env, repo) as program:
        ready(program)
        program.type("half a wish\x11")  # ctrl+q, at once
        assert program.process.wait(30) == 0
        assert b"never awaited" not in program.output
    assert kept(env) == ["half a wish"]
    with running(words, env, repo) as program:
        program.until(lambda: b"half a wish" in program.output, "the request")
        program.type(" and more\r")
        program.until(lambda: "session.started" in types(tmp_path / "sessions"), "the session")
        program.until(lambda: not kept(env), "nothing unsent")


def test_other_repositories_have_their_own(tmp_path: Path, env: dict[str, str], repo: Path) -> None:
    other = changed(tmp_path / "other", {"a.txt": ("one\n", "one\n")})
    for place, text in ((repo, "for this one"), (other, "for that one")):
        with running(["--sessions", str(tmp_path / "sessions")], env, place) as program:
            ready(program)
            assert b"for this one" not in program.output
            program.type(text)
            program.until(lambda: text in kept(env), "it is kept without quitting")  # noqa: B023
    assert kept(env) == ["for that one", "for this one"]


def test_a_secret_is_not_kept(tmp_path: Path, env: dict[str, str], repo: Path) -> None:
    with running(["--sessions", str(tmp_path / "sessions")], env, repo) as program:
        ready(program)
        program.type("use it")
        program.until(lambda: kept(env) == ["use it"], "it is kept")
        program.type(f" {KEY}")
        program.until(lambda: not kept(env), "it is not kept any more")


def test_a_disk_that_takes_nothing(tmp_path: Path, env: dict[str, str], repo: Path) -> None:
    """It is said; and what is written can be sent all the same."""
    state = Path(env["HOME"]) / ".local" / "state" / "agent-tui"
    (state / "requests.json").mkdir(parents=True)
    words = ["--sessions", str(tmp_path / "sessions"), "--script", str(SCRIPT)]
    with running(words, env, repo) as program:
        ready(program)
        program.type("a wish")
        program.until(lambda: b"cannot be written" in program.output, "that it is not kept")
        program.type("\r")
        program.until(lambda: "session.started" in types(tmp_path / "sessions"), "the session")
