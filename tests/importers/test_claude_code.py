"""Claude Code's logs: usage once per call, edits rebuilt to the byte, refusals, subagents."""

import json
import subprocess
from pathlib import Path

from agent_tui.domain import events as e
from tests.importers.importing import Claude, read, sample, write_lines

TABBED = "def total(items):\n\tsum = 0\n\tfor item in items:\n\t\tsum += item\n\treturn sum\n"


def text(said: str) -> dict[str, str]:
    return {"type": "text", "text": said}


def test_a_call_that_spans_lines_counts_once(tmp_path: Path) -> None:
    claude = Claude()
    claude.asks("Read it")
    claude.answers("m1", text("First."), text("Second."), text("Third."), output=7)
    claude.answers("m2", text("Done."), output=3)
    done = read(claude.write(tmp_path))
    usage = done.state.usage
    assert (usage.input_tokens, usage.output_tokens) == (250, 10)
    assert (usage.cache_read_tokens, usage.cache_write_tokens) == (200, 40)
    assert done.state.cost.unpriced_calls == 2
    assert done.state.cost.priced == 0


def test_the_last_usage_of_a_call_is_the_one_that_counts(tmp_path: Path) -> None:
    claude = Claude()
    claude.asks("Go")
    claude.answers("m1", text("a"), output=1)
    claude.answers("m1", text("b"), output=42)
    assert read(claude.write(tmp_path)).state.usage.output_tokens == 42


def test_an_edit_in_a_file_with_tabs_applies_with_git(tmp_path: Path) -> None:
    claude = Claude()
    claude.asks("Rename the variable")
    claude.edit("m1", "/home/dev/roman/a.py", TABBED, "\t\tsum += item", "\t\tresult += item")
    done = read(claude.write(tmp_path))
    work = tmp_path / "work"
    work.mkdir()
    (work / "a.py").write_text(TABBED)
    patch = done.blob(done.state.revisions[0].patch)
    assert b"\t\tresult += item" in patch
    subprocess.run(["git", "apply", "-"], input=patch, cwd=work, check=True)
    assert (work / "a.py").read_text() == TABBED.replace("\t\tsum +=", "\t\tresult +=")


def test_each_request_is_a_turn_with_its_own_change(tmp_path: Path) -> None:
    claude = Claude()
    claude.asks("First")
    claude.edit("m1", "/home/dev/roman/a.py", "a\n", "a", "b")
    claude.asks("Second")
    claude.edit("m2", "/home/dev/roman/a.py", "b\n", "b", "c")
    done = read(claude.write(tmp_path))
    state = done.state
    assert (state.session.request, state.requests) == ("First", ("Second",))
    assert [r.attempt for r in state.revisions] == [1, 2]
    first, second = state.revisions
    assert first.tree == second.base_tree
    assert [b.count(b"\n-b\n") for b in map(done.blob, (first.patch, second.patch))] == [0, 1]


def test_the_tree_is_the_one_git_makes(tmp_path: Path) -> None:
    claude = Claude()
    claude.asks("Go")
    claude.edit("m1", "/home/dev/roman/src/deep/a.py", "a\n", "a", "b")
    claude.edit("m2", "/home/dev/roman/z.txt", "x y\n", "y", "z")
    done = read(claude.write(tmp_path))
    work = tmp_path / "work"
    (work / "src/deep").mkdir(parents=True)
    (work / "src/deep/a.py").write_text("b\n")
    (work / "z.txt").write_text("x z\n")
    subprocess.run(["git", "init", "-q"], cwd=work, check=True)
    subprocess.run(["git", "add", "."], cwd=work, check=True)
    made = subprocess.run(["git", "write-tree"], cwd=work, check=True, capture_output=True)
    assert done.state.revisions[0].tree == made.stdout.decode().strip()


def test_the_bundle_has_the_trees(tmp_path: Path) -> None:
    claude = Claude()
    claude.asks("Go")
    claude.edit("m1", "/home/dev/roman/a.py", "a\n", "a", "b")
    done = read(claude.write(tmp_path))
    (imported,) = done.events(e.SessionImported)
    bundle = tmp_path / "b.bundle"
    bundle.write_bytes(done.blob(imported.objects))
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", bundle, clone], check=True, capture_output=True)
    assert (clone / "a.py").read_text() == "b\n"
    fsck = subprocess.run(["git", "fsck", "--strict"], cwd=clone, capture_output=True, check=False)
    assert fsck.returncode == 0, fsck.stderr


def test_parallel_results_are_all_there(tmp_path: Path) -> None:
    claude = Claude()
    claude.asks("Look")
    calls = [
        {"type": "tool_use", "id": f"c{i}", "name": "Bash", "input": {"command": f"cat {i}"}}
        for i in range(3)
    ]
    claude.answers("m1", *calls)
    for i in (2, 0, 1):
        claude.result(f"c{i}", f"result {i}", error=i == 1)
    done = read(claude.write(tmp_path))
    returned = {x.call: (x.ok, x.summary) for x in done.events(e.ToolReturned)}
    assert returned == {f"c{i}": (i != 1, f"result {i}") for i in range(3)}


def test_a_refusal_is_a_decision_with_its_reason(tmp_path: Path) -> None:
    claude = Claude()
    claude.asks("Delete it")
    use = {"type": "tool_use", "id": "c1", "name": "Bash", "input": {"command": "rm -rf x"}}
    claude.answers("m1", use)
    words = (
        "The user doesn't want to proceed with this tool use. The tool use was rejected. "
        "To tell you how to proceed, the user said:\nkeep it"
    )
    claude.result("c1", words, error=True)
    done = read(claude.write(tmp_path))
    (decided,) = done.events(e.GateDecided)
    assert (decided.choice, decided.reason) == ("reject", "keep it")
    assert [r.actor for r in done.records if isinstance(r.event, e.GateDecided)] == ["person"]


def test_a_plan_that_was_approved(tmp_path: Path) -> None:
    claude = Claude()
    claude.asks("Plan it")
    given = {"plan": "# Roman numerals\n\n1. Parse\n2. Test"}
    claude.answers("m1", {"type": "tool_use", "id": "c", "name": "ExitPlanMode", "input": given})
    claude.result("c", "User has approved your plan. You can now start coding.")
    done = read(claude.write(tmp_path))
    assert done.state.spec.spec.title == "Roman numerals"
    assert [(d.event.kind, d.event.choice) for d in done.state.decisions] == [("spec", "approve")]


def test_what_the_person_changed_in_an_edit_is_said(tmp_path: Path) -> None:
    claude = Claude()
    claude.asks("Go")
    claude.edit("m1", "/home/dev/roman/a.py", "a\n", "a", "mine", userModified=True)
    assert read(claude.write(tmp_path)).events(e.GateDecided)[0].choice == "edit"


def test_an_edit_outside_of_the_folder_is_left_out_and_said(tmp_path: Path) -> None:
    claude = Claude()
    claude.asks("Go")
    for path in ("/etc/passwd", "/home/dev/roman/../x", "/home/dev/roman/.git/hooks/pre-commit"):
        claude.edit(f"m{path}", path, "a\n", "a", "b")
    claude.edit("m2", "/home/dev/roman/in.py", "a\n", "a", "b")
    done = read(claude.write(tmp_path))
    assert [f.path for f in done.patches[0].files] == ["in.py"]
    assert len(done.state.revisions[0].notes) == 3


def test_a_torn_and_a_glued_line_lose_no_record(tmp_path: Path) -> None:
    claude = Claude()
    claude.asks("Go")
    claude.answers("m1", text("one"), text("two\u2028still two"), text("three"), text("four"))
    lines = [json.dumps(line, ensure_ascii=False) for line in claude.lines]
    glued = [lines[0], lines[1], lines[2] + lines[3], lines[4][: len(lines[4]) // 2]]
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(glued), encoding="utf-8")
    done = read(path)
    said = [x.text for x in done.events(e.StepOutput)]
    assert said == ["one\n", "two\u2028still two\n", "three\n"]
    assert done.account.total == 4
    assert done.account.count("kept raw") == 1
    assert len(done.account.notes) == 2


def test_history_that_a_fork_copied_is_counted_once(tmp_path: Path) -> None:
    claude = Claude("one")
    claude.asks("Go")
    claude.answers("m1", text("a"))
    first = claude.write(tmp_path)
    fork = write_lines(
        tmp_path / "two.jsonl", [{**line, "sessionId": "two"} for line in claude.lines]
    )
    counted: set[str] = set()
    assert read(first, counted).state.usage.output_tokens == 10
    again = read(fork, counted)
    assert again.state.usage.output_tokens == 0
    assert any("counted once" in note for note in again.account.notes)


def test_subagents_are_read_with_their_session(tmp_path: Path) -> None:
    claude = Claude("main")
    claude.asks("Go")
    claude.answers("m1", text("asking a helper"))
    path = claude.write(tmp_path)
    helper = Claude("helper")
    helper.asks("Look for it", isSidechain=True)
    helper.answers("h1", text("found"))
    folder = tmp_path / "main" / "subagents"
    folder.mkdir(parents=True)
    helper.write(folder)
    done = read(path)
    assert len(done.account.files) == 2
    assert done.state.usage.output_tokens == 20
    assert done.state.requests == ()


def test_the_real_agents_tree_is_the_one_that_another_agent_recorded() -> None:
    """opencode wrote the tree of the same repository after the same edits into its export."""
    export = json.loads(sample("opencode/generated-*-export-*.json").read_text("utf-8"))
    snapshots = {p.get("snapshot") for m in export["messages"] for p in m["parts"]}
    done = read(sample("claude-code/generated-2.1.197-3-*.jsonl"))
    assert done.state.revisions[-1].tree in snapshots
