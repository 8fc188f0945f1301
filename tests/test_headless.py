"""The commands without a screen, as a shell sees them: output, exit codes, and what git holds."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import agent_tui
from agent_tui.workspace.sandbox import find_sandbox

SCRIPT = """
[[planner]]
[[planner.call]]
[planner.call.answer]
title = "Better"
summary = "It is better."
criteria = [{ text = "b.txt is better" }]

[[coder]]
[[coder.call]]
tools = [{ name = "write_file", arguments = { path = "b.txt", text = "better\\n" } }]
[[coder.call]]
tools = [{ name = "report", arguments = { summary = "did it", commit_message = "Make it better" } }]

[[reviewer]]
[[reviewer.call]]
[reviewer.call.answer]
outcome = "pass"
summary = "It is."
"""


class Shell:
    """Runs commands with an environment of their own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        here = str(Path(agent_tui.__file__).parents[1])  # the package that these tests belong to
        self.env = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": here}

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "agent_tui", *words]

    def run(self, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            cwd=cwd or self.home,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
        )

    def git(self, cwd: Path, *args: str, ok: bool = True) -> str:
        done = subprocess.run(
            ["git", *args], cwd=cwd, env=self.env, capture_output=True, check=False, text=True
        )
        assert not ok or done.returncode == 0, (args, done.stderr)
        return done.stdout.strip()

    def config(self, text: str) -> Path:
        file = self.home / ".config" / "agent-tui" / "config.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    home = tmp_path / "home"
    home.mkdir()
    return Shell(home)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "better.toml"
    file.write_text(SCRIPT, encoding="utf-8")
    return file


@pytest.fixture
def repo(tmp_path: Path, shell: Shell) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    shell.git(root, "init", "-q", "-b", "main")
    shell.git(root, "config", "user.name", "Ada Example")
    shell.git(root, "config", "user.email", "ada@example.com")
    for name in ("a.txt", "b.txt", "c.txt"):
        (root / name).write_text(f"{name}\n")
    shell.git(root, "add", "-A")
    shell.git(root, "commit", "-q", "-m", "base")
    return root


def records(text: str) -> list[dict[str, Any]]:
    return [json.loads(line, parse_constant=pytest.fail) for line in text.splitlines()]


# -- the demo ------------------------------


@pytest.fixture(scope="module")
def demo(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Path, subprocess.CompletedProcess[str]]]:
    """The whole demo as JSON, from an environment that knows nobody."""
    home = tmp_path_factory.mktemp("nobody")
    shell = Shell(home)
    folder = home / "demo"
    yield folder, shell.run("demo", "--headless", "--json", "--keep-in", str(folder))


def test_the_demo_needs_nothing_and_ends_in_a_commit(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    done = shell.run("demo", "--headless", "--keep-in", str(folder))
    assert (done.returncode, done.stderr) == (0, "")
    commit = done.stdout.splitlines()[-1]
    assert re.fullmatch(r"[0-9a-f]{40}", commit)
    root = folder / "durations"
    assert shell.git(root, "rev-parse", "main") == commit
    assert shell.git(root, "status", "--porcelain") == ""
    assert "check tests: FAILED (16 of 17 tests)" in done.stdout
    assert "check tests: passed (18 of 18 tests)" in done.stdout
    assert "committed: Committed" in done.stdout
    assert all(char.isprintable() for line in done.stdout.splitlines() for char in line)
    shell.git(root, "fsck", "--strict", "--no-dangling")
    # What it said about replaying it is true.
    [saved] = (folder / "sessions").iterdir()
    again = shell.run("replay", str(saved), "--headless")
    assert again.returncode == 0
    assert again.stdout in done.stdout


def test_every_line_of_json_is_a_record(
    demo: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, done = demo
    assert done.returncode == 0
    found = records(done.stdout)
    keys = {"v", "seq", "ts", "attempt", "actor", "type", "data"}
    assert all(set(record) == keys and record["v"] == 1 for record in found)
    assert [record["seq"] for record in found] == list(range(len(found)))
    assert found[0]["type"] == "session.started"
    assert found[-1]["type"] == "session.finished"
    assert found[-1]["data"]["outcome"] == "committed"
    assert done.stdout.isascii()
    # They are the records of the log.
    [log] = (folder / "sessions").glob("*/events.jsonl")
    logged = records(log.read_text("utf-8"))
    assert [(r["seq"], r["type"]) for r in logged] == [(r["seq"], r["type"]) for r in found]
    # The progress is on the other stream.
    assert "check tests: passed" in done.stderr
    assert "replay it: agent-tui replay" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_demos_commit_is_what_its_record_says(
    demo: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, done = demo
    [made] = [r["data"] for r in records(done.stdout) if r["type"] == "commit.done"]
    shell, root = Shell(folder.parent), folder / "durations"
    assert done.stderr.splitlines()[-1] == made["commit"]
    assert shell.git(root, "rev-parse", f"{made['commit']}^{{tree}}") == made["tree"]
    assert shell.git(root, "rev-parse", made["ref"], made["landed"]).split() == [made["commit"]] * 2
    trailers = shell.git(root, "log", "-1", "--format=%(trailers)", "main").splitlines()
    session = next((folder / "sessions").iterdir()).name
    assert trailers == [
        f"Agent-Tui-Session: {session}",
        "Assisted-by: scripted:planner",
        "Assisted-by: scripted:coder",
        "Assisted-by: scripted:reviewer",
    ]
    assert "Signed-off-by" not in shell.git(root, "log", "-1", "--format=%B", "main")


def test_the_replay_as_json_is_the_same_as_the_run(
    demo: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, done = demo
    [saved] = (folder / "sessions").iterdir()
    again = Shell(folder.parent).run("replay", str(saved), "--headless", "--json")
    assert again.stdout == done.stdout


# -- in a repository of one's own ------------------------------


def test_a_run_leaves_the_persons_work_as_it_was(shell: Shell, repo: Path, script: Path) -> None:
    (repo / "a.txt").write_text("stashed\n")
    shell.git(repo, "stash", "-q")
    (repo / "a.txt").write_text("staged\n")
    shell.git(repo, "add", "a.txt")
    (repo / "a.txt").write_text("staged\nand more\n")
    (repo / "c.txt").unlink()
    (repo / "new.txt").write_text("untracked\n")
    before = {
        "status": shell.git(repo, "status", "--porcelain"),
        "index": shell.git(repo, "diff", "--cached"),
        "files": shell.git(repo, "diff"),
        "stash": shell.git(repo, "stash", "list", "--format=%H"),
    }
    done = shell.run(
        "run", "Make b better", "--headless", "--json", "--script", str(script), cwd=repo
    )
    assert done.returncode == 0, done.stderr
    found = records(done.stdout)
    assert found[0]["data"]["repo"]["dirty"] == 3
    [made] = [r["data"] for r in found if r["type"] == "commit.done"]
    assert made["landed"] == "refs/heads/main"
    assert shell.git(repo, "rev-parse", "HEAD") == made["commit"]
    assert shell.git(repo, "show", "--format=", "--name-only", "HEAD") == "b.txt"
    assert (repo / "b.txt").read_text() == "better\n"
    assert (repo / "new.txt").read_text() == "untracked\n"
    assert (repo / "a.txt").read_text() == "staged\nand more\n"
    assert before == {
        "status": shell.git(repo, "status", "--porcelain"),
        "index": shell.git(repo, "diff", "--cached"),
        "files": shell.git(repo, "diff"),
        "stash": shell.git(repo, "stash", "list", "--format=%H"),
    }
    assert shell.git(repo, "worktree", "list").count("\n") == 0
    listed = shell.run("sessions", cwd=repo)
    assert listed.returncode == 0
    assert "committed" in listed.stdout
    assert "Make b better" in listed.stdout


def test_a_file_in_the_way_keeps_the_commit_on_its_branch(
    shell: Shell, repo: Path, script: Path
) -> None:
    (repo / "b.txt").write_text("mine\n")
    head = shell.git(repo, "rev-parse", "HEAD")
    done = shell.run("run", "Better", "--headless", "--script", str(script), cwd=repo)
    assert done.returncode == 0
    assert (repo / "b.txt").read_text() == "mine\n"
    assert shell.git(repo, "rev-parse", "HEAD") == head
    assert "You have changes of your own in b.txt" in done.stdout
    branch = shell.git(repo, "branch", "--list", "agent-tui/*", "--format=%(refname:short)")
    assert shell.git(repo, "show", f"{branch}:b.txt") == "better"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_is_left_and_can_be_taken_up(
    shell: Shell, repo: Path, script: Path, tmp_path: Path, number: signal.Signals
) -> None:
    pipe, go_on = tmp_path / "pipe", tmp_path / "go-on"
    os.mkfifo(pipe)
    check = f"test -e {go_on} || {{ echo waiting; cat {pipe}; }}"
    shell.config(
        f'[[checks]]\nname = "waits"\ncommand = ["sh", "-c", {json.dumps(check)}]\n'
        f"[sandbox]\nread = [{json.dumps(str(tmp_path))}]\n"
    )
    words = shell.command("run", "Better", "--headless", "--json", "--script", str(script))
    process = subprocess.Popen(
        words,
        cwd=repo,
        env=shell.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "waiting" in line and '"step.output"' in line and '"output"' in line:
            break
    process.send_signal(number)
    out, err = process.communicate()
    assert process.returncode == 130, err
    found = records("".join(lines) + out)
    assert found[-1]["type"] == "session.left"
    assert found[-2]["data"]["outcome"] == "cancelled"
    session = found[0]["data"]["session"]
    assert err.endswith(f"stopped; go on with: agent-tui resume {session}\n")
    assert "Traceback" not in err

    go_on.touch()
    listed = shell.run("sessions", cwd=repo)
    assert session in listed.stdout
    again = shell.run(
        "resume", session[-4:], "--headless", "--json", "--script", str(script), cwd=repo
    )
    assert again.returncode == 0, again.stderr
    later = records(again.stdout)
    assert later[0]["type"] == "session.resumed"
    assert later[0]["seq"] == found[-1]["seq"] + 1
    assert later[-1]["data"]["outcome"] == "committed"
    assert (repo / "b.txt").read_text() == "better\n"
    assert shell.git(repo, "rev-list", "--count", "--branches") == "2"
    twice = shell.run("resume", session, "--headless", "--script", str(script), cwd=repo)
    assert twice.returncode == 2
    assert "is finished (committed)" in twice.stderr


BROKEN = SCRIPT.partition("[[reviewer]]")[0]


@pytest.mark.parametrize(
    ("script_text", "settings", "code", "words"),
    [
        (BROKEN, [], 6, "provider error: The script has no more answers for the reviewer."),
        (
            SCRIPT.replace('outcome = "pass"', 'outcome = "fail"'),
            ["limits.iterations=1"],
            4,
            "limit: ",
        ),
    ],
)
def test_exit_codes(
    shell: Shell, repo: Path, tmp_path: Path, *, script_text: str, settings: list[str],
    code: int, words: str,
) -> None:  # fmt: skip
    file = tmp_path / "script.toml"
    file.write_text(script_text, encoding="utf-8")
    sets = [word for pair in settings for word in ("--set", pair)]
    done = shell.run("run", "Better", "--headless", "--script", str(file), *sets, cwd=repo)
    assert done.returncode == code, done.stdout + done.stderr
    assert words in done.stdout
    assert shell.git(repo, "rev-list", "--count", "--branches") == "1"


def test_failing_checks_at_the_limit_have_a_code_of_their_own(
    shell: Shell, repo: Path, script: Path
) -> None:
    shell.config('[[checks]]\nname = "no"\ncommand = ["false"]\n[limits]\niterations = 1\n')
    done = shell.run("run", "Better", "--headless", "--script", str(script), cwd=repo)
    assert done.returncode == 5
    assert "checks failed: " in done.stdout


def test_a_projects_commands_do_not_run_before_they_are_trusted(
    shell: Shell, repo: Path, script: Path, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    project = f'[[checks]]\nname = "x"\ncommand = "touch {ran}"\n'
    (repo / "agent-tui.toml").write_text(project)
    # Without a sandbox, which would hide that it ran.
    words = ("run", "Better", "--headless", "--script", str(script), "--set", "sandbox.use=none")
    done = shell.run(*words, cwd=repo)
    assert done.returncode == 0
    assert "not trusted, left out: " in done.stderr
    assert not ran.exists()
    assert shell.run("config", "--trust", cwd=repo).returncode == 0
    shell.git(repo, "reset", "-q", "--hard", "HEAD^")
    assert shell.run(*words, cwd=repo).returncode == 0
    assert ran.exists()
    ran.unlink()
    (repo / "agent-tui.toml").write_text(project + "# one byte more\n")
    shell.git(repo, "reset", "-q", "--hard", "HEAD^")
    assert "not trusted, left out: " in shell.run(*words, cwd=repo).stderr
    assert not ran.exists()


def test_a_sandbox_that_is_required_and_missing(shell: Shell, repo: Path, script: Path) -> None:
    sets = ("--set", "sandbox.require=true", "--set", "sandbox.use=none")
    done = shell.run("run", "Better", "--headless", "--script", str(script), *sets, cwd=repo)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        'agent-tui: There is no sandbox: it is switched off (sandbox.use = "none"). '
        "The settings require one (sandbox.require = true).\n"
    )


def test_the_log_says_which_protection_was_on(shell: Shell, repo: Path, script: Path) -> None:
    words = ("run", "Better", "--headless", "--json", "--script", str(script))
    started = records(shell.run(*words, "--set", "sandbox.use=none", cwd=repo).stdout)[0]
    assert started["data"]["protection"] == "none"
    found = find_sandbox().protection
    started = records(shell.run(*words, cwd=repo).stdout)[0]
    assert started["data"]["protection"] == found


# -- refusals ------------------------------


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


def test_a_reader_that_goes_away_is_no_error(
    demo: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, _ = demo
    [saved] = (folder / "sessions").iterdir()
    shell = Shell(folder.parent)
    words = shell.command("replay", str(saved), "--headless", "--json")
    process = subprocess.Popen(words, env=shell.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 1
