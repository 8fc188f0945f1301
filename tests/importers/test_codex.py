"""Codex's rollouts: hunks without headers, messages told twice, forks, zstd."""

import gzip
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from agent_tui.domain import events as e
from agent_tui.sessions.importers.load import Context, load
from agent_tui.sessions.importers.source import ImportFailed
from agent_tui.sessions.redact import Redactor
from tests.importers.importing import Read, read, write_lines

FILE = "".join(f"line {n}\n" for n in range(1, 31))


def line(ordinal: int, kind: str, **payload: Any) -> dict[str, Any]:
    stamp = f"2026-05-01T10:00:{ordinal:02}.000Z"
    return {"timestamp": stamp, "ordinal": ordinal, "type": kind, "payload": payload}


def meta(thread: str = "t1", **more: Any) -> dict[str, Any]:
    return line(0, "session_meta", id=thread, cwd="/repo", cli_version="0.169.0", **more)


def said(ordinal: int, role: str, text: str) -> dict[str, Any]:
    content = [{"type": "input_text" if role == "user" else "output_text", "text": text}]
    return line(ordinal, "response_item", type="message", role=role, content=content)


def change(ordinal: int, call: str, changes: dict[str, Any], ok: bool = True) -> dict[str, Any]:
    status = "completed" if ok else "failed"
    item = {"type": "FileChange", "id": call, "changes": changes, "status": status}
    return line(ordinal, "event_msg", type="item_completed", item=item)


def usage(ordinal: int, response: str, tokens: int) -> dict[str, Any]:
    told = {"input_tokens": tokens, "cached_input_tokens": 1, "output_tokens": 2}
    return line(ordinal, "token_usage_record", response_id=response, usage=told)


def update(diff: str, move: str | None = None) -> dict[str, Any]:
    return {"type": "update", "unified_diff": diff, "move_path": move}


def applied(done: Read, folder: Path, files: dict[str, str]) -> dict[str, str]:
    """The files after the imported patches, as git applies them."""
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_text(content)
    for revision in done.state.revisions:
        patch = done.blob(revision.patch)
        subprocess.run(["git", "apply", "--unidiff-zero", "-"], input=patch, cwd=folder, check=True)
    return {p.name: p.read_text() for p in folder.iterdir() if p.is_file()}


def test_a_message_in_both_forms_is_told_once(tmp_path: Path) -> None:
    item = {"type": "UserMessage", "content": [{"type": "text", "text": "go on"}]}
    lines = [meta()]
    for n in (1, 4):
        lines += [
            said(n, "user", "go on"),
            line(n + 1, "event_msg", type="item_completed", item=item),
            said(n + 2, "assistant", f"answer {n}"),
        ]
    done = read(write_lines(tmp_path / "rollout-a.jsonl", lines))
    assert (done.state.session.request, done.state.requests) == ("go on", ("go on",))


def test_hunks_of_several_edits_become_one_diff_that_applies(tmp_path: Path) -> None:
    first = "@@ -5,3 +5,4 @@\n line 5\n-line 6\n+six\n+six and a half\n line 7\n"
    second = "@@ -6,3 +6,2 @@\n six\n-six and a half\n line 7\n"
    far = "@@ -20,1 +19,2 @@\n line 20\n+twenty and a half\n"
    done = read(
        write_lines(
            tmp_path / "rollout-a.jsonl",
            [
                meta(),
                said(1, "user", "edit"),
                change(2, "c1", {"/repo/a.txt": update(first)}),
                change(3, "c2", {"/repo/a.txt": update(second)}),
                change(4, "c3", {"/repo/a.txt": update(far)}),
                said(5, "user", "again"),
                change(6, "c4", {"/repo/a.txt": update("@@ -6,1 +6,1 @@\n-six\n+SIX\n")}),
            ],
        )
    )
    after = applied(done, tmp_path / "work", {"a.txt": FILE})["a.txt"]
    expected = FILE.replace("line 6\n", "SIX\n").replace(
        "line 20\n", "line 20\ntwenty and a half\n"
    )
    assert after == expected
    assert done.state.revisions[0].tree == ""
    assert "a.txt" in done.state.revisions[0].notes[0]


def test_a_file_that_the_session_made_is_known_whole(tmp_path: Path) -> None:
    diff = "@@ -5,3 +5,3 @@\n line 5\n-line 6\n+six\n line 7\n"
    done = read(
        write_lines(
            tmp_path / "rollout-a.jsonl",
            [
                meta(),
                said(1, "user", "make it"),
                change(2, "c1", {"/repo/n.txt": {"type": "add", "content": FILE}}),
                said(3, "user", "change it"),
                change(4, "c2", {"/repo/n.txt": update(diff, "/repo/moved.txt")}),
            ],
        )
    )
    assert done.state.revisions[1].tree
    (moved,) = done.patches[1].files
    assert (moved.status, moved.old_path, moved.path) == ("renamed", "n.txt", "moved.txt")
    after = applied(done, tmp_path / "work", {})
    assert after == {"moved.txt": FILE.replace("line 6\n", "six\n")}


def test_a_patch_that_failed_changes_nothing(tmp_path: Path) -> None:
    bad = change(2, "c1", {"/repo/a.txt": update("@@ -1,1 +1,1 @@\n-x\n+y\n")}, ok=False)
    done = read(write_lines(tmp_path / "rollout-a.jsonl", [meta(), said(1, "user", "go"), bad]))
    assert done.state.revisions == ()


def test_hunks_that_contradict_each_other_are_shown_apart(tmp_path: Path) -> None:
    changes = [
        change(2, "c1", {"/repo/a.txt": update("@@ -1,1 +1,1 @@\n-one\n+eins\n")}),
        change(3, "c2", {"/repo/a.txt": update("@@ -1,1 +1,1 @@\n-uno\n+un\n")}),
    ]
    done = read(write_lines(tmp_path / "rollout-a.jsonl", [meta(), said(1, "user", "x"), *changes]))
    assert "do not fit" in done.state.revisions[0].notes[0]
    assert b"+un\n" in done.blob(done.state.revisions[0].patch)


def test_a_fork_shows_its_history_and_counts_its_own_tokens(tmp_path: Path) -> None:
    day = tmp_path / "2026" / "05" / "01"
    day.mkdir(parents=True)
    write_lines(
        day / "rollout-2026-parent-1.jsonl",
        [meta("parent-1"), said(1, "user", "before"), usage(2, "r1", 100), said(3, "user", "late")],
    )
    other = tmp_path / "2026" / "05" / "02"
    other.mkdir(parents=True)
    base = {"thread_id": "parent-1", "end_ordinal_exclusive": 3}
    fork = write_lines(
        other / "rollout-2026-child.jsonl",
        [meta("child", history_base=base), said(1, "user", "after"), usage(2, "r2", 7)],
    )
    done = read(fork)
    assert (done.state.session.request, done.state.requests) == ("before", ("after",))
    assert done.state.usage.input_tokens == 7
    assert len(done.account.files) == 2


def test_a_fork_without_its_parent_says_what_is_missing(tmp_path: Path) -> None:
    base = {"thread_id": "gone-1", "end_ordinal_exclusive": 3}
    fork = write_lines(
        tmp_path / "rollout-x.jsonl", [meta("c", history_base=base), said(1, "user", "after")]
    )
    assert any("gone-1" in note for note in read(fork).account.notes)


def test_a_compressed_rollout_reads_the_same(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard", reason="zstandard is not installed")
    plain = write_lines(tmp_path / "rollout-a.jsonl", [meta(), said(1, "user", "go")] * 50)
    packed = tmp_path / "rollout-b.jsonl.zst"
    packed.write_bytes(zstandard.ZstdCompressor().compress(plain.read_bytes()))
    assert read(packed).state.requests == read(plain).state.requests
    packed.write_bytes(packed.read_bytes()[:-8])
    with pytest.raises(ImportFailed, match="damaged"):
        read(packed)


def test_running_totals_are_not_added_up(tmp_path: Path) -> None:
    def count(ordinal: int, total: int, last: int) -> dict[str, Any]:
        info = {
            "total_token_usage": {"total_tokens": total},
            "last_token_usage": {"input_tokens": last, "output_tokens": 0},
        }
        return line(ordinal, "event_msg", type="token_count", info=info)

    lines = [meta(), said(1, "user", "go"), count(2, 10, 10), count(3, 10, 10), count(4, 15, 5)]
    assert read(write_lines(tmp_path / "rollout-a.jsonl", lines)).state.usage.input_tokens == 15


def test_commands_and_plans(tmp_path: Path) -> None:
    plan = {"plan": [{"step": "look", "status": "completed"}, {"step": "fix", "status": "pending"}]}
    lines = [
        meta(git={"branch": "main", "commit_hash": "abc"}, model_provider="openai"),
        line(1, "turn_context", model="gpt-5.5", cwd="/repo"),
        said(2, "user", "go"),
        line(3, "response_item", type="function_call", name="update_plan", call_id="p",
             arguments=json.dumps(plan)),
        line(4, "response_item", type="function_call", name="exec_command", call_id="c",
             arguments='{"cmd": "false"}'),
        line(5, "response_item", type="function_call_output", call_id="c",
             output="Chunk ID: 1\nProcess exited with code 1\nOutput:\nno\n"),
    ]  # fmt: skip
    done = read(write_lines(tmp_path / "rollout-a.jsonl", lines))
    assert done.state.spec.spec.steps == ("✓ look", "fix")
    assert [x.ok for x in done.events(e.ToolReturned)] == [False]
    assert str(done.state.steps[0].model) == "openai:gpt-5.5"
    assert done.state.session.repo.branch == "main"


def test_a_rollout_in_gzip_reads_the_same_and_one_cut_off_says_so(tmp_path: Path) -> None:
    plain = write_lines(tmp_path / "r.jsonl", [meta(), said(1, "user", "Go on"), usage(2, "a", 7)])
    packed = tmp_path / "packed.jsonl"
    whole = gzip.compress(plain.read_bytes()[:50]) + gzip.compress(plain.read_bytes()[50:])
    packed.write_bytes(whole)
    assert read(packed).state.usage == read(plain).state.usage
    packed.write_bytes(whole[:-20])
    with pytest.raises(ImportFailed, match="it ends in the middle"):
        read(packed)


def test_an_empty_file_and_one_of_another_kind(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    for format in (None, "codex"):
        with pytest.raises(ImportFailed, match="is empty"):
            load(empty, Context(Redactor({})), format)
    file = write_lines(tmp_path / "r.jsonl", [meta(), said(1, "user", "Go on")])
    [note] = load(file, Context(Redactor({})), "aider")[2].notes
    assert note == "It looks like codex, and was read as aider, as you said."
