"""A repository whose configuration defines every program that it can, and every command of ours."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_hostile import attack
from workspace_helpers import Repo

import agent_tui
from agent_tui.workspace.sandbox import find_sandbox
from tests.command_names import uncovered

SCRIPT = """
[[planner]]
[[planner.call]]
tools = [{ name = "list_files" }, { name = "read_file", arguments = { path = "a.txt" } }]
[[planner.call]]
[planner.call.answer]
title = "Better"
summary = "It is better."
criteria = [{ text = "a.txt is better" }]
[[coder]]
[[coder.call]]
tools = [{ name = "write_file", arguments = { path = "notes.md", text = "better\\n" } }]
[[coder.call]]
tools = [{ name = "report", arguments = { summary = "did it", commit_message = "Better" } }]
[[reviewer]]
[[reviewer.call]]
[reviewer.call.answer]
outcome = "pass"
summary = "It is."
"""

PATCH = "*** Begin Patch\n*** Add File: c.txt\n+new\n*** End Patch\n"


class Hostile:
    def __init__(self, folder: Path) -> None:
        self.marker = folder / "marker"
        self.folder = folder
        self.repo = Repo(folder / "repo").init()
        for name in ("a.txt", "src/b.py"):
            self.repo.put(name, "one\ntwo\n")
        self.repo.commit("base")
        attack(self.repo, self.marker)
        evil = self.repo.root / ".git" / "evil"
        self.repo.put(".git/more", f"[core]\n\tfsmonitor = {evil}\n\tpager = {evil}\n")
        for key, value in {
            "include.path": str(self.repo.root / ".git" / "more"),
            f"includeIf.gitdir:{self.repo.root}/.path": str(self.repo.root / ".git" / "more"),
            "commit.gpgSign": "true", "tag.gpgSign": "true", "gpg.format": "openpgp",
            "submodule.sub.update": f"!{evil}", "submodule.sub.url": "ext::sh -c true",
            "blame.ignoreRevsFile": str(evil), "log.showSignature": "true",
            "core.alternateRefsCommand": str(evil), "browser.x.cmd": str(evil),
            "difftool.x.cmd": str(evil), "mergetool.x.cmd": str(evil), "man.x.cmd": str(evil),
            "web.browser": "x", "maintenance.auto": "true", "gc.auto": "1",
        }.items():  # fmt: skip
            self.repo.git("config", key, value)
        (folder / "script.toml").write_text(SCRIPT)
        (folder / "patch").write_text(PATCH)
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "home"),
            "PYTHONPATH": str(Path(agent_tui.__file__).parents[1]),
            "GIT_CONFIG_SYSTEM": "/dev/null",
        }
        (folder / "home").mkdir()
        self.marker.unlink(missing_ok=True)

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "agent_tui", *words],
            cwd=self.repo.root, env=self.env, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip


@pytest.mark.parametrize("use", ["auto", "none"])
def test_no_command_runs_a_program_of_the_repository(tmp_path: Path, use: str) -> None:
    if use == "auto" and find_sandbox().protection == "none":
        pytest.skip(f"no sandbox: {find_sandbox().reason}")
    hostile = Hostile(tmp_path)
    script = ("--script", str(tmp_path / "script.toml"))
    sandbox = ("--set", f"sandbox.use={use}")
    check = ("--set", 'checks=[{name="x", command=["true"]}]')
    commands: dict[str, tuple[str, ...]] = {
        "run": ("run", "Better", "--headless", *script, *sandbox, *check),
        "sessions": ("sessions",),
        "config": ("config",),
        "config --trust": ("config", "--trust"),
        "doctor": ("doctor",),
        "apply --check": ("apply", "--check", str(tmp_path / "patch")),
        "apply": ("apply", str(tmp_path / "patch")),
        "review": ("review", "HEAD", "--headless", *script, *sandbox),
        "review of the working tree": ("review", "--headless", *script, *sandbox),
        "rules": ("rules",),
        "undo": ("undo",),
        "resume": ("resume", "none", "--headless", *script),
        "replay": ("replay", "second-attempt-passes", "--headless"),
        "run without signing": ("run", "Again", "--headless", *script, *sandbox, *check),
    }
    folder, session = tmp_path / "out", "LAST"
    commands |= {
        " ".join(words[:2]): words
        for words in (
            ("sessions", "list", "--all"),
            ("sessions", "search", "better"),
            ("sessions", "show", f"{session}@end", "--files"),
            ("sessions", "verify"),
            ("sessions", "checkout", f"{session}@end", str(folder)),
            ("sessions", "rename", session, "new"),
            ("sessions", "tag", session, "new"),
            ("sessions", "archive", session),
            ("sessions", "compare", session, session, "--plain"),
            ("sessions", "export", session, "-o", str(tmp_path / "x.html"), "--format", "html"),
            ("sessions", "schema"),
            ("undo", "HEAD"),
            ("sessions", "fork", f"{session}@diff", "--headless", *script, *sandbox),
            ("sessions", "import", str(tmp_path / "x.html")),
            ("sessions", "clean", "--yes"),
            ("sessions", "delete", session, "--yes"),
            ("agents-md", "--headless", *script, *sandbox),
            ("adr", "Decided", "--headless", *script, *sandbox),
            ("themes",),
            ("demo", "--headless"),
        )
    }
    assert uncovered(list(commands.values())) == set()
    if use == "none":  # the others have nothing to do with it
        commands = {name: words for name, words in commands.items() if sandbox[1] in words}
    ran = {}
    said = {}
    for name, words in commands.items():
        sessions = sorted((tmp_path / "home").glob(".local/state/agent-tui/sessions/2*"))
        last = sessions[-1].name if sessions else "none"
        words = tuple(word.replace(session, last) for word in words)  # noqa: PLW2901
        if name == "run without signing":
            hostile.repo.git("config", "commit.gpgSign", "false")
        done = hostile.run(*words)
        said[name] = done.stdout + done.stderr
        print(f"{done.returncode} {name}: {said[name][-80:]!r}")
        assert "Traceback" not in done.stderr
        assert "it failed (" not in done.stderr, (name, done.stderr)
        if hostile.marker.exists():
            ran[name] = hostile.marker.read_text()
            hostile.marker.unlink()
    print(f"{len(commands)} commands, {len(ran)} of them ran a program")
    assert ran == {}
    # They came as far as they could: to the signing program, and to the commit.
    assert "no commit: " in said["run"]
    assert ("committed: " if use == "auto" else "may not run") in said["run without signing"]


def test_the_attack_is_one(tmp_path: Path) -> None:
    hostile = Hostile(tmp_path)
    hostile.repo.put("a.txt", "changed\n")
    subprocess.run(["git", "status"], cwd=hostile.repo.root, capture_output=True, check=False)
    assert hostile.marker.exists()
