"""``agent-tui apply``: on real repositories, by its exit code, its words and the files after it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from workspace_helpers import Repo, contents

from agent_tui.cli import main
from agent_tui.ports import WorkspaceError
from agent_tui.workspace.journal import NAME, hold
from agent_tui.workspace.swap import Swap, read_file, swap_files


class Applying:
    def __init__(self, repo: Repo, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.repo, self.folder, self.capsys = repo, folder, capsys
        self.out = self.err = ""

    def __call__(self, text: str, *options: str) -> int:
        file = self.folder / "edits.txt"
        file.write_text(text)
        code = main(["apply", str(file), "--repo", str(self.repo.root), *options])
        self.out, self.err = self.capsys.readouterr()
        return code


@pytest.fixture
def apply(repo: Repo, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Applying:
    return Applying(repo, tmp_path, capsys)


def block(path: str, old: str, new: str) -> str:
    return f"{path}\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n"


def test_all_parts_or_none(apply: Applying, repo: Repo) -> None:
    text = block("a.txt", "two", "2") + block("sub/new.txt", "", "hello")
    before = contents(repo.root)
    assert apply(text, "--check") == 0
    assert apply.out.endswith("2 files would be changed\n")
    assert apply(text + block("src/b.py", "y = 1", "y = 2")) == 1
    assert "✗ src/b.py: block 3: its lines are not in the file" in apply.out
    assert apply.err == "nothing was changed: 1 of 3 parts cannot be applied\n"
    assert contents(repo.root) == before
    assert apply(text) == 0
    assert apply.out == ("✓ a.txt: block 1, line 2\n✓ sub/new.txt: block 2\n2 files changed\n")
    assert contents(repo.root) == before | {"a.txt": b"one\n2\nthree\n", "sub/new.txt": b"hello\n"}
    assert (repo.root / "run.sh").stat().st_mode & 0o111


def test_what_is_not_exact_needs_a_word(apply: Applying, repo: Repo) -> None:
    repo.put("a.txt", "one  \ntwo\n")
    text = block("a.txt", "one\ntwo", "1\ntwo")
    assert apply(text) == 1
    assert "? a.txt: block 1, line 1: by the rung 'trailing blanks'" in apply.out
    assert "add --fuzzy" in apply.err
    assert apply(text, "--fuzzy") == 0
    assert (repo.root / "a.txt").read_text() == "1\ntwo\n"


def test_work_that_git_does_not_have_is_not_lost(apply: Applying, repo: Repo) -> None:
    repo.put("a.txt", "one\ntwo\nthree\nmine\n")
    repo.put("notes.log", "mine\n")
    whole = "a.txt\n```\nnew\n```\n"
    assert apply(whole) == 1
    assert "changes of yours that are not committed" in apply.out
    assert apply("notes.log\n```\nnew\n```\n") == 1
    assert "not in git" in apply.out
    gone = "*** Begin Patch\n*** Delete File: a.txt\n*** End Patch\n"
    assert apply(gone) == 1
    # Lines that were found are no loss: the rest of the person's work stays around them.
    assert apply(block("a.txt", "two", "2")) == 0
    assert (repo.root / "a.txt").read_text() == "one\n2\nthree\nmine\n"
    repo.git("checkout", "a.txt")
    assert apply(gone) == 0
    assert not (repo.root / "a.txt").exists()
    assert (repo.root / "notes.log").read_text() == "mine\n"


@pytest.mark.parametrize("kind", ["link", "folder link", "fifo", "folder", "nested"])
def test_nothing_but_plain_files_of_this_repository(
    kind: str, apply: Applying, repo: Repo, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "t").write_text("x\n")
    target = "t"
    if kind == "link":
        (repo.root / "t").symlink_to(outside / "t")
    elif kind == "folder link":
        (repo.root / "d").symlink_to(outside)
        target = "d/t"
    elif kind == "fifo":
        os.mkfifo(repo.root / "t")
    elif kind == "folder":
        (repo.root / "t").mkdir()
    else:
        Repo(repo.root / "nested").init().put("t", "x\n")
        target = "nested/t"
    for text in (block(target, "x", "y"), f"{target}\n```\ny\n```\n", block(target, "", "y")):
        if kind == "fifo" and "SEARCH" in text:
            continue
        assert apply(text.replace("t\n", f"`{target}`\n", 1) if target == "t" else text) == 1
        assert "is not written" in apply.out, apply.out + apply.err
    assert (outside / "t").read_text() == "x\n"


def test_a_twin_needs_a_word(apply: Applying, repo: Repo) -> None:
    repo.put("Readme.md", "x\n")
    assert apply("README.md\n```\ny\n```\n") == 1
    assert "'Readme.md' exists, which some file systems take for the same file" in apply.out
    repo.put("caf\u00e9.txt", "x\n")
    assert apply("cafe\u0301.txt\n```\ny\n```\n") == 1


def interrupted(repo: Repo) -> None:
    """A process that ends after the second of three files."""
    text = "a.txt", "src/b.py", "run.sh"
    swaps = [Swap(path, read_file(repo.root, path), b"new\n") for path in text]
    child = os.fork()
    if child == 0:
        rename, done = os.rename, []

        def counting(*args: Any, **options: Any) -> None:
            done.append(1)
            if len(done) == 4:  # the journal, and two files
                os.kill(os.getpid(), signal.SIGKILL)
            rename(*args, **options)

        os.rename = counting  # type: ignore[assignment]
        with hold(repo.root / ".git") as journal:
            swap_files(repo.root, swaps, journal)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


class TestAnEndInTheMiddle:
    SAID = "An earlier change of files was ended in the middle; they are as they were before it."

    def test_the_next_call_makes_it_good(self, apply: Applying, repo: Repo) -> None:
        before = contents(repo.root)
        interrupted(repo)
        assert contents(repo.root) != before
        assert apply(block("a.txt", "two", "2"), "--check") == 2
        assert "was ended in the middle" in apply.err
        assert apply(block("a.txt", "two", "2")) == 0, apply.err
        assert self.SAID in apply.err
        assert contents(repo.root) == before | {"a.txt": b"one\n2\nthree\n"}
        assert apply(block("a.txt", "2", "two")) == 0
        assert apply.err == ""
        assert not list((repo.root / ".git").glob("agent-tui*"))

    def test_what_was_written_since_stays(self, apply: Applying, repo: Repo) -> None:
        before = contents(repo.root)
        interrupted(repo)
        repo.put("a.txt", "theirs\n")
        assert apply(block("src/b.py", "x = 1", "x = 2")) == 0, apply.out + apply.err
        assert "But a.txt changed since, and stays. What stood there before is" in apply.err
        now = contents(repo.root)
        (kept,) = now.keys() - before.keys()
        assert now[kept] == before["a.txt"]
        assert now["a.txt"] == b"theirs\n"
        assert now["run.sh"] == before["run.sh"]

    def test_a_session_begins_with_the_files_in_order(
        self, repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = contents(repo.root)
        interrupted(repo)
        monkeypatch.chdir(repo.root)
        assert main(["undo"]) == 2
        assert self.SAID in capsys.readouterr().err
        assert contents(repo.root) == before

    def test_one_at_a_time(self, apply: Applying, repo: Repo) -> None:
        with hold(repo.root / ".git"):
            assert apply(block("a.txt", "two", "2")) == 2
        assert "another agent-tui is changing files here just now" in apply.err

    def test_a_journal_that_is_not_ours_is_not_followed(
        self, apply: Applying, repo: Repo, tmp_path: Path
    ) -> None:
        (tmp_path / "outside").write_text("x\n")
        entry = {
            "path": "a.txt", "old": None, "new": "0" * 64, "staged": ".agent-tui-tmp-" + "0" * 16,
            "kept": "", "folders": 0,
        }  # fmt: skip
        changes: tuple[dict[str, object], ...] = (
            {"path": "../outside"}, {"path": ".git/config"}, {"staged": "run.sh"},
            {"kept": "../outside"}, {"folders": 7}, {"new": "x"}, {"more": 1},
        )  # fmt: skip
        before = contents(repo.root)
        for change in changes:
            said = {"v": 1, "files": [{**entry, **change}]}
            (repo.root / ".git" / NAME).write_text(json.dumps(said) + "\n")
            assert apply(block("a.txt", "two", "2")) == 2
            assert apply.err.count("\n") == 1
            assert "Traceback" not in apply.err
        for text in ("", "{}", "[" * 10_000, '{"v": 2, "files": []}', "\0"):
            (repo.root / ".git" / NAME).write_text(text)
            assert apply(block("a.txt", "two", "2")) == 2
            assert "then remove it" in apply.err
        assert contents(repo.root) == before


def test_json_and_what_is_no_edit(apply: Applying, repo: Repo) -> None:
    assert apply(block("a.txt", "two", "2"), "--json", "--check") == 0
    said = json.loads(apply.out)
    assert said == {
        "v": 1, "ok": True, "applied": False, "format": "search_replace", "problem": "",
        "note": "",
        "parts": [{"path": "a.txt", "part": "block 1", "line": 2, "match": "exact", "doubts": [],
                   "problem": ""}],
        "files": [{"path": "a.txt", "deleted": False, "mode": None}],
    }  # fmt: skip
    assert apply("Nothing to do.", "--json") == 1
    assert json.loads(apply.out)["ok"] is False
    assert main(["apply", "no such file"]) == 2


def test_from_standard_input_with_colour_codes_in_it(repo: Repo) -> None:
    text = block("a.txt", "two\x1b[31m", "2")
    done = subprocess.run(
        [sys.executable, "-m", "agent_tui", "apply", "--repo", str(repo.root)],
        input=text.encode(), capture_output=True, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 1
    assert b"\x1b" not in done.stdout + done.stderr


def test_modes_and_moves(apply: Applying, repo: Repo) -> None:
    text = """diff --git a/a.txt b/bin/a
old mode 100644
new mode 100755
similarity index 80%
rename from a.txt
rename to bin/a
--- a/a.txt
+++ b/bin/a
@@ -1,3 +1,3 @@
 one
-two
+2
 three
"""
    assert apply(text) == 0, apply.out
    assert not (repo.root / "a.txt").exists()
    assert (repo.root / "bin/a").stat().st_mode & 0o111
    assert (repo.root / "bin/a").read_text() == "one\n2\nthree\n"


class TestSwaps:
    def test_a_change_in_between_is_noticed_and_all_is_taken_back(self, repo: Repo) -> None:
        before = contents(repo.root)
        swaps = [
            Swap("new/deep/x", None, b"x"),
            Swap("a.txt", read_file(repo.root, "a.txt"), b"2\n"),
            Swap("src/b.py", read_file(repo.root, "src/b.py"), None),
            Swap("run.sh", b"not what is there", b"y"),
        ]
        with pytest.raises(WorkspaceError, match=r"'run\.sh' is not written: it was changed"):
            swap_files(repo.root, swaps)
        assert contents(repo.root) == before
        assert not (repo.root / "new").exists()
        swap_files(repo.root, swaps[:3])
        assert contents(repo.root) == {
            **{k: v for k, v in before.items() if k != "src/b.py"},
            "a.txt": b"2\n", "new/deep/x": b"x",
        }  # fmt: skip
        assert not (repo.root / "src").exists()

    def test_what_appears_is_not_replaced(self, repo: Repo) -> None:
        with pytest.raises(WorkspaceError, match="it appeared meanwhile"):
            swap_files(repo.root, [Swap("a.txt", None, b"x")])
