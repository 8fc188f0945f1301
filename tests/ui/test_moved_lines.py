"""Moved lines are found in as many steps as there are lines, and not at all when nobody waits."""

import pytest

from agent_tui.domain.patch import Hunk, parse_patch
from agent_tui.ui.diff import words
from agent_tui.ui.diff.words import moved_lines

LINES = ["    first = compute(value)", "    second = first + other", "    return second"]


def hunks_of(*files: tuple[str, list[str]]) -> list[Hunk]:
    """Hunks that remove or add these lines, one in each file."""
    raw = ""
    for number, (sign, lines) in enumerate(files):
        counts = f"-1,{len(lines)} +0,0" if sign == "-" else f"-0,0 +1,{len(lines)}"
        raw += f"diff --git a/{number} b/{number}\n--- a/{number}\n+++ b/{number}\n@@ {counts} @@\n"
        raw += "".join(f"{sign}{line}\n" for line in lines)
    return [hunk for _, hunk in parse_patch(raw.encode()).hunks]


def steps(hunks: list[Hunk], monkeypatch: pytest.MonkeyPatch) -> int:
    """How many pairs of lines are compared."""
    compared = 0
    common = words._common

    def counted(*args: object) -> int:
        nonlocal compared
        size = common(*args)  # type: ignore[arg-type]
        compared += size + 1
        return size

    with monkeypatch.context() as patched:
        patched.setattr(words, "_common", counted)
        assert moved_lines(hunks, lambda: False) == {}
    return compared


@pytest.mark.parametrize("lines", [["}"], ["{", "}"], ["}", "", ")"]])
def test_lines_without_letters_are_passed_over(
    lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for size in (2_000, 8_000):
        every = lines * (size // len(lines))
        found.append(steps(hunks_of(("-", every), ("+", every)), monkeypatch))
    assert found[0] < 2_000 * 10
    assert found[1] <= found[0] * 4.5


def test_a_block_that_begins_among_lines_without_letters_has_moved() -> None:
    hunks = hunks_of(("-", ["}"] * 5 + LINES), ("+", ["}"] * 5), ("+", ["}"] * 2 + LINES))
    assert moved_lines(hunks, lambda: False) == {0: frozenset(range(3, 8)), 2: frozenset(range(5))}


def test_it_ends_when_nobody_waits_for_it() -> None:
    hunks = hunks_of(("-", LINES * 3), ("+", LINES * 3))
    assert moved_lines(hunks, lambda: False) != {}
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > len(hunks)

    assert moved_lines(hunks, cancelled) == {}
    assert asked == len(hunks) + 1
