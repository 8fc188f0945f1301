"""What a patch shows by itself, and what no sender can make of it."""

import tracemalloc

import pytest

from agent_tui.ports import WorkspaceError
from agent_tui.workspace.shown import MAX_EMPTY, shown_files

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
    assert shown.old == (("x.txt", gap + b"a\n" + between + b"a\n"),)
    assert shown.new == (("x.txt", gap + b"b\n" + between + b"b\n"),)


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
    assert shown.old == (("x.txt", b"\n" * (at - 1) + b"a\n" * 500),)
    assert shown.new == (("x.txt", b"\n" * (at - 1) + b"b\n" * 500),)
