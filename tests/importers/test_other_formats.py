"""ATIF, opencode, SWE-agent, mini-swe-agent, Gemini CLI, aider: each from a source of our own."""

import json
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent_tui.domain import events as e
from agent_tui.sessions.importers.load import FORMATS, recognise
from tests.importers.importing import Read, read, samples, write_lines

BEFORE = "one\ntwo\nthree\n"
PATCH = """diff --git a/n.txt b/n.txt
index 1111111..2222222 100644
--- a/n.txt
+++ b/n.txt
@@ -1,3 +1,3 @@
 one
-two
+zwei
 three
diff --git a/new.txt b/new.txt
new file mode 100644
index 0000000..3333333
--- /dev/null
+++ b/new.txt
@@ -0,0 +1 @@
+fresh
"""


def write_json(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value, indent=1), encoding="utf-8")
    return path


def atif(folder: Path) -> Path:
    call = {"file_path": "n.txt", "old_string": "two", "new_string": "zwei"}
    return write_json(
        folder / "trajectory.json",
        {
            "schema_version": "ATIF-v1.7",
            "session_id": "s",
            "agent": {"name": "x", "version": "1", "model_name": "openai/gpt-5"},
            "steps": [
                {"step_id": 1, "source": "user", "message": "go"},
                {
                    "step_id": 2,
                    "source": "agent",
                    "message": "ok",
                    "tool_calls": [
                        {"tool_call_id": "a", "function_name": "Edit", "arguments": call},
                        {"tool_call_id": "b", "function_name": "Edit", "arguments": call},
                    ],
                    "observation": {
                        "results": [
                            {"source_call_id": "a", "content": "Error: no"},
                            {"source_call_id": "b", "content": "done"},
                        ]
                    },
                    "metrics": {"prompt_tokens": 9, "completion_tokens": 2, "cost_usd": 0.1},
                },
            ],
        },
    )


def opencode(folder: Path) -> Path:
    def tool(name: str, call: str, given: Any, **state: Any) -> Any:
        told = {"status": "completed", "input": given, "output": "ok", **state}
        return {"type": "tool", "tool": name, "callID": call, "state": told}

    diff = "@@ -1,3 +1,3 @@\n one\n-two\n+zwei\n three\n"
    edit = {"filePath": "/r/n.txt", "oldString": "two", "newString": "zwei"}
    parts = [
        tool("edit", "c2", edit, metadata={"diff": diff}),
        tool("edit", "c3", edit, status="error", error="The user rejected permission to use it"),
        {"type": "step-finish", "id": "p", "cost": 0.25, "tokens": {
            "input": 10, "output": 4, "reasoning": 1, "cache": {"read": 5, "write": 2}}},
    ]  # fmt: skip
    return write_json(
        folder / "export.json",
        {
            "info": {"id": "ses", "directory": "/r", "version": "1.18", "projectID": "p"},
            "messages": [
                {
                    "info": {"role": "user", "time": {"created": 1795352560550}},
                    "parts": [{"type": "text", "text": "go"}],
                },
                {
                    "info": {
                        "role": "assistant",
                        "id": "m",
                        "providerID": "x",
                        "modelID": "y",
                        "time": {"created": 1795352561550, "completed": 1795352571550},
                    },
                    "parts": parts,
                },
            ],
        },
    )


def swe(folder: Path) -> Path:
    return write_json(
        folder / "run.traj",
        {
            "environment": "e",
            "trajectory": [{"action": "ls\n", "observation": "n.txt", "thought": "look"}],
            "history": [{"role": "system", "content": "s"}, {"role": "user", "content": "go"}],
            "info": {
                "submission": "\r\n" + PATCH.replace("\n", "\r\n"),
                "exit_status": "submitted",
                "model_stats": {"instance_cost": 0.5, "tokens_sent": 10, "tokens_received": 3},
            },
        },
    )


def mini(folder: Path) -> Path:
    response = {"id": "r", "usage": {"prompt_tokens": 11, "completion_tokens": 5}}
    return write_json(
        folder / "run.traj.json",
        {
            "trajectory_format": "mini-swe-agent-1.1",
            "info": {
                "mini_version": "2.4",
                "submission": PATCH,
                "exit_status": "Submitted",
                "model_stats": {"instance_cost": 0.5, "api_calls": 1},
            },
            "messages": [
                {"role": "system", "content": "s"},
                {"role": "user", "content": "go"},
                {
                    "role": "assistant",
                    "content": "look\n\n```bash\nls\n```",
                    "extra": {"response": response, "cost": 0.5, "timestamp": 1795353239.5},
                },
                {"role": "user", "content": "<returncode>2</returncode>\n<output>\nno\n</output>"},
            ],
        },
    )


def gemini(folder: Path) -> Path:
    grown = {"id": "m", "timestamp": "2026-05-01T10:00:02Z", "type": "gemini", "content": "ok"}
    tokens = {"input": 10, "output": 4, "cached": 3, "thoughts": 2, "tool": 0, "total": 16}
    shown = {"originalContent": BEFORE, "newContent": BEFORE.replace("two", "zwei")}
    call = {"id": "c", "name": "replace", "args": {"file_path": "n.txt"}, "status": "success"}
    return write_lines(
        folder / "chat.jsonl",
        [
            {"sessionId": "s", "projectHash": "h", "startTime": "2026-05-01T10:00:00Z"},
            {"id": "u", "timestamp": "2026-05-01T10:00:01Z", "type": "user",
             "content": [{"text": "go"}]},
            {"$set": {"lastUpdated": "2026-05-01T10:00:01Z"}},
            {**grown, "tokens": tokens},
            {**grown, "tokens": tokens, "toolCalls": [{**call, "resultDisplay": shown}]},
        ],
    )  # fmt: skip


def aider(folder: Path) -> Path:
    path = folder / ".aider.chat.history.md"
    path.write_text(
        "\n# aider chat started at 2026-05-01 10:00:00\n\n> Aider v0.86.2  \n"
        "> Model: openai/gpt-4o with diff edit format  \n\n#### go  \n\nok\n\nn.txt\n```\n"
        "<<<<<<< SEARCH\ntwo\n=======\nzwei\n>>>>>>> REPLACE\n```\n\n"
        "> Tokens: 1.5k sent, 1k cache hit, 20 received. Cost: $0.25 message, $0.25 session.  \n"
        "> Applied edit to n.txt  \n"
    )
    return path


SOURCES = {
    "atif": (atif, 9, 2, Decimal("0.1")),
    "opencode": (opencode, 17, 5, Decimal("0.25")),
    "swe-agent": (swe, 10, 3, Decimal("0.5")),
    "mini-swe-agent": (mini, 11, 5, Decimal("0.5")),
    "gemini-cli": (gemini, 10, 6, None),
    "aider": (aider, 1500, 20, Decimal("0.25")),
}


@pytest.mark.parametrize("name", SOURCES)
def test_it_is_recognised_and_told(name: str, tmp_path: Path) -> None:
    make, sent, received, dollars = SOURCES[name]
    path = make(tmp_path)
    assert recognise(path) == name
    done = read(path)
    state = done.state
    assert state.session.request == "go"
    assert (state.usage.input_tokens, state.usage.output_tokens) == (sent, received)
    assert state.cost.priced == (dollars or 0)
    assert state.cost.unpriced_calls == (dollars is None)
    assert b"+zwei\n" in done.blob(state.revisions[0].patch)
    assert done.account.unknown


@pytest.mark.parametrize("name", ["swe-agent", "mini-swe-agent", "gemini-cli", "opencode"])
def test_its_patch_applies_with_git(name: str, tmp_path: Path) -> None:
    done = read(SOURCES[name][0](tmp_path))
    work = tmp_path / "work"
    work.mkdir()
    (work / "n.txt").write_text(BEFORE)
    patch = done.blob(done.state.revisions[0].patch)
    subprocess.run(["git", "apply", "-"], input=patch, cwd=work, check=True)
    assert (work / "n.txt").read_text() == BEFORE.replace("two", "zwei")


def test_places_that_a_source_does_not_give_are_not_made_up(tmp_path: Path) -> None:
    done = read(aider(tmp_path))
    (hunk,) = done.patches[0].files[0].hunks
    assert (hunk.old_start, hunk.section) == (0, "place not known")
    assert "no line numbers" in done.state.revisions[0].notes[0]


def test_edits_that_were_not_applied_are_not_in_the_diff(tmp_path: Path) -> None:
    path = aider(tmp_path)
    path.write_text(path.read_text().replace("> Applied edit to n.txt", "> No"))
    done = read(path)
    assert done.state.revisions == ()
    assert any("n.txt" in note for note in done.account.notes)


def test_a_refusal_in_opencode_is_a_decision(tmp_path: Path) -> None:
    assert [d.event.choice for d in read(opencode(tmp_path)).state.decisions] == ["reject"]


def test_failed_commands_are_seen(tmp_path: Path) -> None:
    assert [x.ok for x in read(mini(tmp_path)).events(e.ToolReturned)] == [False]
    assert [x.ok for x in read(atif(tmp_path)).events(e.ToolReturned)] == [False, True]


def test_what_stands_before_the_first_time_is_not_later_than_it(tmp_path: Path) -> None:
    """The file is newer than the session: its time must not push everything to the end."""
    done = read(mini(tmp_path))
    assert {r.at.timestamp() for r in done.records} == {1795353239.5}


def test_the_marks_around_a_result_are_no_part_of_it(tmp_path: Path) -> None:
    assert [x.summary for x in read(mini(tmp_path)).events(e.ToolReturned)] == ["exit code 2\nno\n"]


def test_a_message_that_grows_is_told_once(tmp_path: Path) -> None:
    done = read(gemini(tmp_path))
    assert [x.text for x in done.events(e.StepOutput)] == ["ok\n"]
    assert len(done.events(e.ToolCalled)) == 1


def _all() -> list[Path]:
    folder = samples()
    if folder is None:
        return []
    return [p for p in sorted(folder.rglob("*")) if p.is_file() and p.name != "SOURCES.md"]


@pytest.mark.skipif(samples() is None, reason="no samples: set AGENT_TUI_SAMPLES to a folder")
@pytest.mark.parametrize("path", _all(), ids=lambda p: f"{p.parent.name}/{p.name[:32]}")
def test_every_sample_imports_with_a_full_account(path: Path) -> None:
    done: Read = read(path)
    expected = {p.name: p.read_bytes().count(b"\n") for p in [path]}
    account = done.account.files[0]
    if account.unit == "line":
        assert account.total in (expected[path.name], expected[path.name] + 1)
    assert done.account.format in FORMATS
    (last,) = done.events(e.SessionImported)
    assert done.blob(last.raw[0]) == path.read_bytes()
    assert last.imported + last.kept_raw + last.dropped == done.account.total
    assert all(patch.files for patch in done.patches)
