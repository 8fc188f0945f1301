"""What a patch shows by itself, and what no sender can make of it."""

import tracemalloc
from pathlib import Path

import pytest

from agent_tui.ports import WorkspaceError
from agent_tui.workspace.shown import MAX_EMPTY, shown_files
from tests.workspace.workspace_helpers import Repo

HEAD = b"--- a/x.txt\n+++ b/x.txt\n"
TOO_LARGE = "it cannot be shown by itself: by its line numbers, its files have more than 2,000,000"


def change_at(*lines: int, name: bytes = b"x.txt") -> bytes:
    hunks = b"".join(b"@@ -%d,1 +%d,1 @@\n-a\n+b\n" % (line, line) for line in lines)
    return HEAD.replace(b"x.txt", name) + hunks


def mail(number: int, diff: bytes) -> bytes:
    return b"From %040d Mon Sep 17 00:00:00 2001\nSubject: x\n\n---\n%s-- \n2.4\n\n" % (
        number,
        diff,
    )


@pytest.mark.parametrize("line", [1, 2, 3, 1_000, MAX_EMPTY - 10])
def test_lines_that_are_not_shown_are_empty(line: int) -> None:
    shown = shown_files(change_at(line, line + 7))
    gap, between = b"\n" * (line - 1), b"\n" * 6
    assert shown.old == (("x.txt", gap + b"a\n" + between + b"a\n", "100644"),)
    assert shown.new == (("x.txt", gap + b"b\n" + between + b"b\n", "100644"),)


def test_a_large_line_number_takes_no_lines_of_its_own() -> None:
    tracemalloc.start()
    try:
        shown_files(change_at(MAX_EMPTY))
        small = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert small < 4 * MAX_EMPTY + 1_000_000  # the two texts, and each once more while joined


DIGITS = b"9" * 5_000
"""More than Python makes a number of."""
COPIED = b"diff --git a/x.txt b/y\ncopy from x.txt\ncopy to y\n"
ANEW = b"--- /dev/null\n+++ b/x.txt\n@@ -0,0 +1 @@\n+c\n"


@pytest.mark.parametrize(
    "patch",
    [
        change_at(2_000_000_000),
        change_at(10**30),
        HEAD + b"@@ -%s,1 +%s,1 @@\n-a\n+b\n" % (DIGITS, DIGITS),
        HEAD + b"@@ -1,%s +1 @@\n-a\n+b\n" % DIGITS,
        change_at(1_500_000, name=b"one") + change_at(1_500_000, name=b"two"),
        mail(1, change_at(1_500_000)) + mail(2, COPIED),
        mail(1, change_at(1_500_000)) + mail(2, ANEW) + mail(3, change_at(1_500_000)),
    ],
    ids=["2e9", "1e30", "5000 digits", "in a count", "two files", "a copy", "anew"],
)
def test_line_numbers_that_are_too_large_are_refused_in_one_sentence(patch: bytes) -> None:
    with pytest.raises(WorkspaceError, match=TOO_LARGE):
        shown_files(patch)


def test_a_series_passes_over_what_is_not_shown_at_once() -> None:
    """Were each line passed one by one, these would be 10^9 steps."""
    at = MAX_EMPTY - 2_000
    mails = [mail(n, change_at(at + n)) for n in range(500)]
    shown = shown_files(b"".join(mails))
    assert shown.old == (("x.txt", b"\n" * (at - 1) + b"a\n" * 500, "100644"),)
    assert shown.new == (("x.txt", b"\n" * (at - 1) + b"b\n" * 500, "100644"),)


NO_END = b"\\ No newline at end of file\n"


@pytest.mark.parametrize(
    ("lines", "old", "new"),
    [
        (b"-a\n" + NO_END + b"+a\n", b"a", b"a\n"),
        (b"-a\n+a\n" + NO_END, b"a\n", b"a"),
        (b"-a\n+b\n" + NO_END, b"a\n", b"b"),
        (b"-a\n" + NO_END + b"+b\n" + NO_END, b"a", b"b"),
        (b"-a\n+b\n c\n" + NO_END, b"a\nc", b"b\nc"),
        (b" a\n-b\n" + NO_END, b"a\nb", b"a\n"),
        (b"-a\n" + NO_END + b"+a\n+b\n" + NO_END, b"a", b"a\nb"),
        (b"-a\r\n" + NO_END + b"+b\r\n", b"a\r", b"b\r\n"),
        (b"-a\n+b\n", b"a\n", b"b\n"),
    ],
)
def test_a_line_without_an_end_has_none(lines: bytes, old: bytes, new: bytes) -> None:
    removed = sum(line[:1] in b" -" for line in lines.splitlines())
    added = sum(line[:1] in b" +" for line in lines.splitlines())
    patch = HEAD + b"@@ -3,%d +3,%d @@\n" % (removed, added) + lines
    shown = shown_files(patch)
    assert shown.old == (("x.txt", b"\n\n" + old, "100644"),)
    assert shown.new == (("x.txt", b"\n\n" + new, "100644"),)


def test_a_new_and_a_removed_file_without_an_end() -> None:
    made = b"--- /dev/null\n+++ b/new\n@@ -0,0 +1,2 @@\n+a\n+b\n" + NO_END
    gone = b"--- a/old\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n" + NO_END
    shown = shown_files(made + gone)
    assert shown.old == (("old", b"a\nb", "100644"),)
    assert shown.new == (("new", b"a\nb", "100644"),)


def test_a_series_gives_a_line_its_end_before_others_follow() -> None:
    one = HEAD + b"@@ -1 +1 @@\n-a\n+b\n" + NO_END
    two = HEAD + b"@@ -1 +1,2 @@\n-b\n" + NO_END + b"+b\n+c\n" + NO_END
    shown = shown_files(mail(1, one) + mail(2, two))
    assert shown.old == (("x.txt", b"a\n", "100644"),)
    assert shown.new == (("x.txt", b"b\nc", "100644"),)
    behind = shown_files(HEAD + b"@@ -1 +1 @@\n-a\n+b\n" + NO_END + b"@@ -4 +4 @@\n-c\n+d\n")
    assert behind.old == (("x.txt", b"a\n\n\nc\n", "100644"),)
    assert behind.new == (("x.txt", b"b\n\n\nd\n", "100644"),)


def test_modes_are_shown(tmp_path: Path) -> None:
    """Of a file that only becomes executable, of a new one, and of one that stops being it."""
    repo = Repo(tmp_path / "r").init()
    repo.put("a.txt", "".join(f"{n}\n" for n in range(20)))
    repo.put("run.sh", "x\n")
    repo.put("old.sh", "y\n")
    (repo.root / "old.sh").chmod(0o755)
    repo.commit("base")
    repo.put("a.txt", "".join(f"{n if n != 9 else 'nine'}\n" for n in range(20)))
    repo.put("new.sh", "z\n")
    for name, mode in (("run.sh", 0o755), ("old.sh", 0o644), ("new.sh", 0o755)):
        (repo.root / name).chmod(mode)
    repo.git("add", "-A")
    text = repo.raw("diff", "--cached")
    shown = shown_files(text)
    modes = {path: mode for path, _, mode in shown.old}
    assert modes == {"a.txt": "100644", "run.sh": "100644", "old.sh": "100755"}
    modes = {path: mode for path, _, mode in shown.new}
    assert modes == {
        "a.txt": "100644", "new.sh": "100755", "run.sh": "100755", "old.sh": "100644",
    }  # fmt: skip
