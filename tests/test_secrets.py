"""Keys of models and other secrets: in no child, in no log, in no output."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import agent_tui
from tests.workspace.workspace_helpers import Repo

KEYS = {
    "ANTHROPIC_API_KEY": "sk-ant-canary-000000000001",
    "OPENAI_API_KEY": "canary-without-a-shape-2",
    "MY_GATEWAY": "canary-of-the-gateway-3",  # only the settings say that it is a key
}
SEEDED = ("ghp_canary4canary4canary4canary4canary4", "AKIACANARY5CANARY5CA")
OBJECT = "0123456789abcdef0123456789abcdef01234567"

SCRIPT = f"""
[[planner]]
[[planner.call]]
[planner.call.answer]
title = "Use {SEEDED[0]} for {OBJECT}"
summary = "{SEEDED[1]}"
criteria = [{{ text = "b.txt is better" }}]
[[coder]]
[[coder.call]]
tools = [
  {{ name = "read_file", arguments = {{ path = "secrets.txt" }} }},
  {{ name = "write_file", arguments = {{ path = "b.txt", text = "better\\n" }} }},
]
[[coder.call]]
tools = [{{ name = "report", arguments = {{ summary = "did it", commit_message = "Better" }} }}]
[[reviewer]]
[[reviewer.call]]
[reviewer.call.answer]
outcome = "pass"
summary = "It is."
"""

SPY = """#!/bin/sh
{ tr '\\0' '\\n' < /proc/self/environ; tr '\\0' '\\n' < /proc/$PPID/cmdline; env; } >> "$SPIED"
exec REAL "$@"
"""


@pytest.mark.parametrize("use", ["auto", "none"])
def test_no_secret_gets_anywhere(tmp_path: Path, use: str) -> None:
    """Every git that is started, the checks, the hooks and the deploy command write down what they
    see."""
    spied, programs, home = tmp_path / "spied", tmp_path / "programs", tmp_path / "home"
    programs.mkdir()
    spy = programs / "git"
    real = shutil.which("git")
    spy.write_text(SPY.replace("REAL", str(real)))
    spy.chmod(0o755)
    repo = Repo(tmp_path / "repo").init()
    repo.put("b.txt", "good\n")
    repo.put("secrets.txt", f"{SEEDED[0]}\n{OBJECT}\n")
    repo.commit()
    repo.put(".git/hooks/pre-commit", f"#!/bin/sh\nenv >> {spied}\n", 0o755)
    (tmp_path / "script.toml").write_text(SCRIPT)
    config = home / ".config" / "agent-tui" / "config.toml"
    config.parent.mkdir(parents=True)
    look = f"env; cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep -v HIDDEN; echo {SEEDED[1]}"
    config.write_text(
        f'[[checks]]\nname = "look"\ncommand = ["sh", "-c", {json.dumps(look)}]\n'
        f'[deploy]\ncommand = ["sh", "-c", "env; env >> {spied}"]\n[gates]\ndeploy = "auto"\n'
        f'[sandbox]\nuse = "{use}"\n[commit]\nhooks = "run"\n'
        '[providers.gateway]\nkind = "chat"\nbase_url = "http://localhost:1/v1"\n'
        'key_env = "MY_GATEWAY"\n'
    )
    env = {
        "PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(home), "SPIED": str(spied),
        "PYTHONPATH": str(Path(agent_tui.__file__).parents[1]), **KEYS,
    }  # fmt: skip
    if use == "none":
        # Without a sandbox a check can read whatever this user can, and here that may be root.
        config.write_text(config.read_text().replace(" cat /proc/[0-9]*/environ", " cat /dev/null"))
    done = subprocess.run(
        [sys.executable, "-m", "agent_tui", "run", "Better", "--headless", "--json", "--script",
         str(tmp_path / "script.toml")],
        cwd=repo.root, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen = spied.read_text()
    assert "ANTHROPIC_API_KEY" in seen  # it is there, and empty
    assert seen.count("SPIED=") > 20
    logs = "".join(
        file.read_text("utf-8", "replace")
        for file in (home / ".local" / "state").rglob("*")
        if file.is_file() and "blobs" not in file.parts
    )
    for text in (seen, logs, done.stdout, done.stderr):
        assert not [name for name, value in KEYS.items() if value in text]
    for text in (logs, done.stdout, done.stderr):
        assert not [value for value in SEEDED if value in text]
        assert "[redacted" in text or text is done.stderr
    assert OBJECT in logs


def test_the_process_hides_its_own_environment(tmp_path: Path) -> None:
    """Of a user who is not root: that one can read everything."""
    python = shutil.which("python3", path="/usr/local/bin:/usr/bin")
    setpriv = shutil.which("setpriv")
    if os.getuid() != 0 or python is None or setpriv is None:
        pytest.skip("needs root, setpriv and a python3 that everybody can run")
    root = str(Path(agent_tui.__file__).parents[1])
    code = (
        "import os, subprocess, sys; sys.path.insert(0, sys.argv[1])\n"
        "from agent_tui.workspace.keys import hide_process\n"
        "if sys.argv[2] == 'hide': assert hide_process()\n"
        "print(subprocess.run(['cat', f'/proc/{os.getpid()}/environ'], capture_output=True))"
    )

    def read(how: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", python, "-B", "-c", code,
             root, how],
            env={**KEYS, "PATH": os.environ["PATH"]}, cwd="/",
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    open_ = read("show")
    if open_.returncode != 0:
        pytest.skip("nobody cannot read this checkout")
    assert "canary" in open_.stdout
    hidden = read("hide")
    assert "Permission denied" in hidden.stdout
    assert "canary" not in hidden.stdout
