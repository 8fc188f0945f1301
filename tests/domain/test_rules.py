"""Rules for tool calls: which wins, what they match, how they are told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_tui.domain.rules import Call, Part, Rule, RuleBook, decide, matches_glob


def rule(action: str, command: str = "", **fields: object) -> Rule:
    return Rule.model_validate({"action": action, "command": tuple(command.split()), **fields})


def command(*words: str, network: bool = False) -> Call:
    part = Part(command=words, network=network)
    return Call(tool="run_command", line=" ".join(words), parts=(part,))


def write(path: str, size: int = 10) -> Call:
    return Call(tool="write_file", size=size, parts=(Part(path=path),))


@pytest.mark.parametrize(
    ("path", "pattern", "fits"),
    [
        ("a.py", "*.py", True),
        ("src/a.py", "*.py", True),
        ("src/a.py", "/*.py", False),
        ("src/a.py", "src/*.py", True),
        ("src/b/a.py", "src/*.py", False),
        ("src/b/a.py", "src/**/*.py", True),
        ("src/a.py", "src/**/*.py", True),
        ("src/a.py", "src/", True),
        ("x/src/a.py", "src/", True),
        ("x/src/a.py", "/src/", False),
        ("src", "src/", False),
        ("a/b/c", "**", True),
        ("a1", "a[0-9]", True),
        ("ab", "a[!b]", False),
        ("a[b]", "a[[]b]", True),
        ("a.b", "a?b", True),
        ("a/b", "a?b", False),
        ("a+b", "a+b", True),
    ],
)
def test_globs(path: str, pattern: str, fits: bool) -> None:
    assert matches_glob(path, pattern) is fits


@given(st.text(min_size=1, max_size=12), st.text(max_size=12))
def test_any_text_is_a_pattern(pattern: str, path: str) -> None:
    matches_glob(path, pattern)


def test_deny_wins_then_always_then_ask_then_allow() -> None:
    call = command("git", "push")
    allow, ask, deny = rule("allow", "git"), rule("ask", "git push"), rule("deny", "git push")
    always = (("project", rule("allow", "git push")),)
    assert decide(call, RuleBook()).effect == "ask"
    assert decide(call, RuleBook((allow,))).effect == "allow"
    assert decide(call, RuleBook((allow, ask))).effect == "ask"
    assert decide(call, RuleBook((ask, allow))).effect == "ask"
    assert decide(call, RuleBook((allow, ask), always)).effect == "allow"
    assert decide(call, RuleBook((allow, deny), always)).effect == "deny"


def test_forbidden_programs_and_paths_in_other_spellings() -> None:
    assert decide(command("/usr/bin/curl", "x"), RuleBook((rule("deny", "curl"),))).effect == "deny"
    assert decide(command("/tmp/ls"), RuleBook((rule("allow", "ls"),))).effect == "ask"
    forbidden = RuleBook((rule("deny", path="secret/"),))
    assert decide(write("SECRET/x"), forbidden).effect == "deny"
    assert decide(write("secrets/x"), forbidden).effect == "allow"


def test_size_network_and_tools() -> None:
    big = RuleBook((rule("ask", tool="write_file", min_bytes=100),))
    assert decide(write("a", 99), big).effect == "allow"
    assert decide(write("a", 100), big).effect == "ask"
    off = RuleBook((rule("deny", tool="run_command", network=True), rule("allow", "x")))
    assert decide(command("x"), off).effect == "allow"
    assert decide(command("x", network=True), off).effect == "deny"
    hidden = Call(tool="run_command", line="$(x)", parts=(Part(network=None, hidden="It hides."),))
    assert decide(hidden, off).effect == "deny"
    everything = RuleBook((rule("allow", tool="run_*"),))
    assert decide(hidden, everything).effect == "allow"
    assert decide(hidden, RuleBook((rule("allow", "x"),))).why == "It hides."
    assert decide(Call(tool="teleport"), RuleBook()).effect == "ask"


def test_each_part_needs_a_rule_of_its_own() -> None:
    two = Call(tool="apply_patch", parts=(Part(path="a"), Part(path="b/c")))
    assert decide(two, RuleBook((rule("ask", path="b/"),))).open == (Part(path="b/c"),)
    assert decide(two, RuleBook((rule("deny", path="b/"),))).effect == "deny"
