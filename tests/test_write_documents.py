"""``agents-md`` and ``adr`` from the command line, without a coder's model."""

import json
import subprocess
from pathlib import Path

import pytest

from agent_tui.cli import main

SCRIPT = """
[[planner]]
when = ["It is adr/0002-keep-it.md."]
[[planner.call]]
tools = [{ name = "read_file", arguments = { path = "adr/0001-begin.md" } }]
[[planner.call]]
answer = { text = "# Keep it\\n", summary = "Kept.", commit_message = "Record that it is kept" }
[[planner]]
when = ["It is AGENTS.md."]
[[planner.call]]
answer = { text = "# Work here\\n", summary = "Told.", commit_message = "Tell agents" }
[[reviewer]]
[[reviewer.call]]
answer = { outcome = "pass", summary = "Fine." }
"""


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "repo"
    (root / "adr").mkdir(parents=True)
    (root / "adr/0001-begin.md").write_text("# Begin\n")
    for line in ("init -q -b main", "config user.name A", "config user.email a@b.c", "add -A",
                 "commit -qm base"):  # fmt: skip
        subprocess.run(["git", *line.split()], cwd=root, check=True)
    (tmp_path / "script.toml").write_text(SCRIPT)
    monkeypatch.chdir(root)
    return root


def test_both_commands(repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--headless", "--json", "--script", str(tmp_path / "script.toml"),
               "--sessions", str(tmp_path / "sessions"),
               "--planner", "scripted:a", "--reviewer", "scripted:b"]  # fmt: skip
    assert main(["adr", "Keep it!", *options]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    started = records[0]["data"]
    assert set(started["roles"]) == {"planner", "reviewer"}
    assert started["document"]["title"] == "Keep it!"
    read = next(r["data"] for r in records if r["type"] == "sources.read")
    assert read["files"] == ["adr/0001-begin.md"]
    assert (repo / "adr/0002-keep-it.md").read_text() == "# Keep it\n"
    assert main(["agents-md", *options]) == 0
    assert (repo / "AGENTS.md").read_text() == "# Work here\n"
    log = subprocess.run(["git", "log", "--format=%s"], capture_output=True, text=True, check=True)
    assert log.stdout.split("\n")[:2] == ["Tell agents", "Record that it is kept"]


def test_a_record_needs_a_title(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["adr", "  ", "--headless", "--planner", "scripted:a"]) == 2
    assert "what was decided" in capsys.readouterr().err
