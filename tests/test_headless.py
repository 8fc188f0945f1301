"""The commands without a screen, as a shell sees them: output, exit codes, and what git holds."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_tui.workspace.sandbox import find_sandbox
from tests.shells import BROKEN, SCRIPT, Shell, records, small_repository


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "better.toml"
    file.write_text(SCRIPT, encoding="utf-8")
    return file


@pytest.fixture
def repo(tmp_path: Path, shell: Shell) -> Path:
    return small_repository(shell, tmp_path / "repo")


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
