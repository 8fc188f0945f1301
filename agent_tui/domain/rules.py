"""The supervisor's rules: what a tool call may do, must ask for, or may not do.

A call is taken apart into what has to be allowed by itself: every simple command of a command line,
every path of a patch. A rule that denies wins over all others. A person's answer "always" wins over
a configured rule that asks, which wins over one that allows. Where no rule says anything, the
tool's default holds.
"""

import fnmatch
import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from agent_tui.domain.base import Value

Effect = Literal["allow", "ask", "deny"]
Scope = Literal["once", "session", "project"]
"""How long an answer at a tool gate holds."""

Words = tuple[str | None, ...]
"""A simple command's words; None for one that only the shell knows (a glob, a variable)."""

RUN_COMMAND = "run_command"

DEFAULTS: dict[str, Effect] = {
    **dict.fromkeys(("list_files", "read_file", "search", "git_log", "git_blame"), "allow"),
    **dict.fromkeys(("replace_text", "write_file", "delete_file", "apply_patch"), "allow"),
    **dict.fromkeys(("run_check", "report"), "allow"),
    RUN_COMMAND: "ask",
}
"""What holds without a rule. Edits are of the session's worktree alone, and a person sees them as a
diff; checks are the person's own commands. A tool that is not here asks."""


class Rule(Value):
    """One rule. It matches a call, or a part of it, when all that it says does.

    Attributes:
        tool: A tool's name, or a pattern such as ``git_*``.
        command: The first words of a simple command.
        line: A whole command line, exactly.
        path: A glob of paths from the top of the repository; ``**`` crosses folders.
        min_bytes, max_bytes: How much the call writes.
        network: Whether the command is one that is known to use the network.
        reason: Why, in the words of who made the rule; a model is told why it was denied.
    """

    action: Effect
    tool: str = "*"
    command: tuple[str, ...] = ()
    line: str = ""
    path: str = ""
    min_bytes: int | None = None
    max_bytes: int | None = None
    network: bool | None = None
    reason: str = ""

    @property
    def contradiction(self) -> str:
        """Why it can never match, or "" when it can."""
        if sum(map(bool, (self.command, self.line, self.path))) > 1:
            return "a rule has a command, a line or a path, and not two of them"
        if (self.command or self.line) and not fnmatch.fnmatchcase(RUN_COMMAND, self.tool):
            return f"only {RUN_COMMAND} has commands"
        return ""

    def __str__(self) -> str:
        parts: list[str] = [self.action]
        if not (self.command or self.line):
            parts.append("every tool" if self.tool == "*" else self.tool)
        if self.command:
            parts.append(f"commands that begin with `{join(self.command)}`")
        if self.line:
            parts.append(f"exactly `{self.line}`")
        if self.path:
            parts.append(f"on {self.path}")
        if self.min_bytes is not None:
            parts.append(f"from {self.min_bytes} bytes")
        if self.max_bytes is not None:
            parts.append(f"up to {self.max_bytes} bytes")
        if self.network is not None:
            parts.append("that uses the network" if self.network else "without the network")
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Part:
    """What has to be allowed by itself.

    Attributes:
        command: A simple command's words, of a command line.
        path: One path, of a tool that works on files.
        network: Whether it is known to use the network; None when nobody can tell.
        hidden: Why nobody can tell what would run, for the part that stands for that; else "".
        glimpsed: Whether it was only seen inside of something hidden: rules that deny or ask count
            for it, and it needs no rule that allows it, as that would not be enough.
    """

    command: Words = ()
    path: str = ""
    network: bool | None = False
    hidden: str = ""
    glimpsed: bool = False

    def __str__(self) -> str:
        return join(self.command) if self.command else self.path


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call as the rules see it.

    Attributes:
        size: Bytes that it writes.
        line: The command line, of a tool that runs one.
        parts: At least one.
    """

    tool: str
    size: int = 0
    line: str = ""
    parts: tuple[Part, ...] = (Part(),)


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules that hold.

    Attributes:
        configured: From the configuration files.
        given: A person's answers "always", with how long each holds.
    """

    configured: tuple[Rule, ...] = ()
    given: tuple[tuple[Scope, Rule], ...] = ()

    def sourced(self) -> Iterable[tuple[str, Rule]]:
        """Every rule, with where it comes from in words."""
        for scope, rule in self.given:
            yield f"always for this {scope}", rule
        for rule in self.configured:
            yield "configured", rule


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the rules say about a call.

    Attributes:
        rule: The rule that decided, in words; or which default it was.
        why: A sentence for the person who is asked, or for the model that is denied.
        open: The parts that nothing allows, for a question.
    """

    effect: Effect
    rule: str
    why: str = ""
    open: tuple[Part, ...] = field(default=())


def decide(call: Call, book: RuleBook) -> Ruling:
    """What the rules say about a call. Of several parts, each has to be allowed."""
    for source, rule in book.sourced():
        if rule.action == "deny" and any(_matches(rule, call, part) for part in call.parts):
            why = rule.reason or "A rule of the person's forbids it."
            return Ruling("deny", f"{rule} ({source})", why)
    asked: list[tuple[Part, str, str]] = []
    allowed: list[str] = []
    for part in call.parts:
        effect, name, why = _decide_part(call, part, book)
        if effect == "allow":
            allowed += [name] if name else []
        else:
            asked.append((part, name, why))
    if asked:
        _, name, why = asked[0]
        return Ruling("ask", name, why, tuple(part for part, _, _ in asked))
    return Ruling("allow", "; ".join(dict.fromkeys(allowed)))


def _decide_part(call: Call, part: Part, book: RuleBook) -> tuple[Effect, str, str]:
    for scope, rule in book.given:
        if rule.action == "allow" and _matches(rule, call, part):
            return "allow", f"{rule} (always for this {scope})", ""
    for wanted in ("ask", "allow"):
        for rule in book.configured:
            if rule.action == wanted and _matches(rule, call, part):
                why = (rule.reason or "A rule says to ask.") if wanted == "ask" else ""
                return rule.action, f"{rule} (configured)", why
    if part.glimpsed:
        return "allow", "", ""
    effect = DEFAULTS.get(call.tool, "ask")
    why = part.hidden
    if effect == "ask" and not why:
        why = f"No rule allows {part}." if str(part) else f"No rule allows {call.tool}."
    return effect, f"default of {call.tool}: {effect}", why


def _matches(rule: Rule, call: Call, part: Part) -> bool:
    if not fnmatch.fnmatchcase(call.tool, rule.tool):
        return False
    if rule.min_bytes is not None and call.size < rule.min_bytes:
        return False
    if rule.max_bytes is not None and call.size > rule.max_bytes:
        return False
    strict = rule.action != "allow"
    # What nobody can tell counts as the network for a rule that keeps it off.
    unsure = strict and rule.network and part.network is None
    if rule.network is not None and part.network != rule.network and not unsure:
        return False
    if rule.contradiction:
        return False
    if rule.line:
        return call.line == rule.line
    if rule.command:
        return _begins(part.command, rule.command, loosely=strict)
    if rule.path:
        return bool(part.path) and matches_glob(part.path, rule.path, any_case=strict)
    return True


def _begins(words: Words, prefix: Sequence[str], *, loosely: bool) -> bool:
    if len(words) < len(prefix):
        return False
    first = words[0]
    if loosely and first is not None and "/" not in prefix[0]:
        first = posixpath.basename(first)  # /usr/bin/curl is curl to a rule that forbids it
    return (first, *words[1 : len(prefix)]) == tuple(prefix)


def matches_glob(path: str, pattern: str, *, any_case: bool = False) -> bool:
    """Whether a path fits a glob: ``*`` and ``?`` stay in a folder, ``**`` crosses folders.

    Args:
        path: From the top of the repository, with ``/``.
        pattern: One without ``/`` is looked for in every folder; one that ends with ``/`` is all
            that is in that folder.
        any_case: Whether upper and lower case are alike, as on some file systems.
    """
    return _compiled(pattern, any_case).fullmatch(path) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str, any_case: bool) -> re.Pattern[str]:
    glob = pattern + "**" if pattern.endswith("/") else pattern
    glob = glob if "/" in pattern.rstrip("/") or glob == "**" else f"**/{glob}"
    out, at = [], 0
    glob = glob.removeprefix("/")
    while at < len(glob):
        char = glob[at]
        if glob.startswith("**/", at):
            out.append("(?:.*/)?")
            at += 3
        elif glob.startswith("**", at):
            out.append(".*")
            at += 2
        elif char == "[" and (end := glob.find("]", at + 2)) > 0:
            inner = glob[at + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            out.append(f"[{'^' + inner[1:] if inner[0] in '!^' else inner}]")
            at = end + 1
        else:
            out.append({"*": "[^/]*", "?": "[^/]"}.get(char) or re.escape(char))
            at += 1
    flags = re.DOTALL | (re.IGNORECASE if any_case else 0)
    try:
        return re.compile("".join(out), flags)
    except re.error:
        return re.compile(re.escape(pattern), flags)  # [z-a] means itself


_PLAIN = re.compile(r"[\w@%+=:,./-]+", re.ASCII)


def join(words: Iterable[str | None]) -> str:
    """Words as a person would type them; ``…`` for one that only the shell knows."""
    return " ".join(
        "…" if word is None else word if _PLAIN.fullmatch(word) else _quoted(word) for word in words
    )


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"
