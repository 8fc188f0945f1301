"""What the commands without a screen refuse: in a sentence, and with an exit code."""

import subprocess
from pathlib import Path

import pytest

from agent_tui.cli import main
from tests.shells import BROKEN, SCRIPT, Shell, records, small_repository


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "better.toml"
    file.write_text(SCRIPT, encoding="utf-8")
    return file


@pytest.fixture
def repo(tmp_path: Path, shell: Shell) -> Path:
    return small_repository(shell, tmp_path / "repo")


def refused(done: subprocess.CompletedProcess[str], words: str) -> None:
    """Exit status 2, nothing on standard output, one line for the person."""
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert line.startswith("agent-tui: ")
    assert words in line
    assert "Traceback" not in line


RUN = ("run", "Better", "--headless")


def test_no_repository(shell: Shell, script: Path, tmp_path: Path) -> None:
    done = shell.run(*RUN, "--script", str(script), cwd=tmp_path)
    refused(done, "is not in a git repository: go to one, or make one with git init")


def test_a_merge_in_progress(shell: Shell, repo: Path, script: Path) -> None:
    shell.git(repo, "checkout", "-q", "-b", "other")
    (repo / "b.txt").write_text("other\n")
    shell.git(repo, "commit", "-q", "-am", "other")
    shell.git(repo, "checkout", "-q", "main")
    (repo / "b.txt").write_text("main\n")
    shell.git(repo, "commit", "-q", "-am", "main")
    shell.git(repo, "merge", "-q", "other", ok=False)
    done = shell.run(*RUN, "--script", str(script), cwd=repo)
    refused(done, "a merge is in progress: finish it (git merge --continue)")


def test_nobody_is_configured(shell: Shell, repo: Path, script: Path) -> None:
    shell.git(repo, "config", "--unset", "user.email")
    done = shell.run(*RUN, "--script", str(script), cwd=repo)
    refused(done, "git does not know who you are: run git config --global user.name")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[limits]\niterations = 0\n", "config.toml:2"),
        ("[limits\n", "config.toml"),
        ("nonsense = 1\n", "nonsense"),
        ("theme = 7\n", "theme"),
        ('[roles.coder]\nmodel = "no-colon"\n', 'should be "provider:model"'),
    ],
)
def test_a_bad_configuration(shell: Shell, repo: Path, script: Path, text: str, words: str) -> None:
    shell.config(text)
    refused(shell.run(*RUN, "--script", str(script), cwd=repo), words)


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("limits.iterations", "write KEY=VALUE"),
        ("limits.iterations=many", "limits.iterations"),
        ("limits.none=1", "limits.none"),
        ("=1", ""),
    ],
)
def test_a_bad_setting(shell: Shell, repo: Path, script: Path, pair: str, words: str) -> None:
    refused(shell.run(*RUN, "--script", str(script), "--set", pair, cwd=repo), words)


def test_no_model(shell: Shell, repo: Path) -> None:
    refused(shell.run(*RUN, cwd=repo), "No model is configured for the planner")


def test_an_unknown_provider(shell: Shell, repo: Path) -> None:
    roles = [word for role in ("planner", "coder", "reviewer") for word in (f"--{role}", "x:y")]
    refused(shell.run(*RUN, *roles, cwd=repo), "'x'")


@pytest.mark.parametrize("request_text", ["", " \n\t"])
def test_an_empty_request(shell: Shell, repo: Path, script: Path, request_text: str) -> None:
    done = shell.run("run", request_text, "--headless", "--script", str(script), cwd=repo)
    refused(done, "The request is empty")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "No such file"),
        ("[[planner", "script.toml"),
        ("[[nobody]]\n", "nobody"),
        ('[[coder]]\nwhen = ["("]\ncall = []\n', "bad pattern"),
    ],
)
def test_a_bad_script(
    shell: Shell, repo: Path, tmp_path: Path, text: str | None, words: str
) -> None:
    file = tmp_path / "script.toml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    refused(shell.run(*RUN, "--script", str(file), cwd=repo), words)


@pytest.mark.parametrize("name", ["20261122", "nothing", "../..", ""])
def test_an_unknown_session(shell: Shell, repo: Path, script: Path, name: str) -> None:
    words = ("resume", name, "--headless", "--script", str(script))
    refused(shell.run(*words, cwd=repo), "session")


def test_a_session_of_another_repository(
    shell: Shell, repo: Path, script: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text(BROKEN, encoding="utf-8")
    done = shell.run("run", "x", "--headless", "--json", "--script", str(broken), cwd=repo)
    session = records(done.stdout)[0]["data"]["session"]
    assert done.returncode == 6
    log = shell.home / ".local/state/agent-tui/sessions" / session / "events.jsonl"
    log.write_bytes(log.read_bytes().rpartition(b'{"v"')[0])  # as if it had not come to its end
    other = tmp_path / "other"
    shell.git(tmp_path, "clone", "-q", str(repo), str(other))
    for key in ("name", "email"):
        shell.git(other, "config", f"user.{key}", "x")
    words = ("resume", session, "--headless", "--script", str(script))
    refused(shell.run(*words, cwd=other), f"belongs to {repo}. Resume it there.")


def test_a_screen_needs_a_terminal(shell: Shell, repo: Path) -> None:
    refused(shell.run("run", "x", cwd=repo), "this needs a terminal; add --headless")
    refused(shell.run(cwd=repo), "this needs a terminal")
    refused(shell.run("demo", "--json", cwd=repo), "--json goes with --headless")


def test_a_folder_that_is_in_use_is_not_for_the_demo(shell: Shell, repo: Path) -> None:
    refused(shell.run("demo", "--headless", "--keep-in", str(repo)), "is not empty")
    file = repo / "a.txt"
    refused(shell.run("demo", "--headless", "--keep-in", str(file)), "cannot be used")


@pytest.mark.parametrize("name", ["nowhere", "no/such/path", "."])
def test_a_replay_of_nothing(shell: Shell, repo: Path, name: str) -> None:
    done = shell.run("replay", name, "--headless", cwd=repo)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("run x --headless --script s --cassette c", "--script and --cassette contradict"),
        ("--script s run x --headless --cassette c", "--script and --cassette contradict"),
        ("resume x --headless --script s --record c", "--script and --record contradict"),
        ("--record a run x --headless --cassette b", "--record and --cassette contradict"),
        ("run x --headless --script s --preset best", "--script and --preset contradict"),
        ("run x --headless --script s --coder a:b", "--script and --coder a:b contradict"),
        ("run x --headless --cassette-speed 2", "--cassette-speed goes with --cassette"),
        ("run x --headless --cassette c --cassette-speed -1", "--cassette-speed -1.0: write"),
        ("demo --headless --speed nan", "--speed nan: write a number"),
        ("review --headless --no-model --reviewer a:b", "--no-model and --reviewer contradict"),
        ("review --headless --no-model --script s", "--no-model and --script contradict"),
        ("replay x --json", "--json goes with --headless"),
        ("sessions fork x@1 --json", "--json goes with --headless"),
        ("sessions fork x@1 --reason why", "--reason goes with --decision"),
        ("sessions export x --format otlp --endpoint u -o f", "--endpoint and --output contradict"),
        ("sessions export x --endpoint u", "--endpoint goes with --format otlp"),
        ("sessions export x --size 80x24", "--size goes with --format asciinema"),
        ("sessions export x --plain", "--plain goes with --format asciinema"),
        ("sessions export x --format asciinema --plain --size 80x24", "--plain records none"),
        ("sessions show x --files --patch", "not allowed with"),
    ],
)
def test_options_that_contradict_each_other(
    capsys: pytest.CaptureFixture[str], line: str, words: str
) -> None:
    try:
        code = main(line.split())
    except SystemExit as exit_:
        code = exit_.code if isinstance(exit_.code, int) else 1
    said = capsys.readouterr()
    assert code == 2
    assert said.out == ""
    [told] = said.err.splitlines()
    assert words in told
