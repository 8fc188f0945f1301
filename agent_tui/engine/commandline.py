"""Reads a command line as bash would: which programs it starts, or why nobody can tell.

tree-sitter's grammar of bash takes the line apart. Only forms that are known to mean what they look
like are accepted; anything else makes the line ``hidden``, and no rule for the beginning of a
command allows it. What can be seen inside of it is reported all the same, for rules that deny.
"""

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from agent_tui.domain.rules import Part, Words
from agent_tui.engine.programs import (
    KEYWORDS,
    MOVES,
    RUNNERS,
    SHELLS,
    STATEFUL,
    hides,
    name_of,
    uses_network,
)

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

MAX_BYTES = 16_384
"""A longer line is not taken apart."""

_DEPTH = 4
"""How often one program may run another that is named in its arguments."""

_PASSED = frozenset(("program", "list", "pipeline", "&&", "||", ";", "|", "\n", "comment"))
_BLANK = re.compile(rb"[ \t\n]*")
_ODD = re.compile(r"[^\t\n\x20-\x7e\xa0-\U0010ffff]|\\\n")
_SAFE_TARGETS = {">": ("/dev/null",), ">>": ("/dev/null",), "<": ("/dev/null",),
                 "&>": ("/dev/null",), ">&": ("1", "2")}  # fmt: skip
_IN_DOUBLE_QUOTES = re.compile(r'\\([$`"\\])')
_FORMS = {
    "command_substitution": "it holds a command substitution",
    "process_substitution": "it holds a process substitution",
    "file_redirect": "it redirects to a file",
    "heredoc_redirect": "it holds a here-document",
    "herestring_redirect": "it holds a here-string",
    "variable_assignment": "it sets a variable",
    "subshell": "it holds a subshell",
    "compound_statement": "it holds a group",
    "function_definition": "it defines a function",
    "test_command": "it holds a test of the shell's own",
    "declaration_command": "it declares a variable",
    "unset_command": "it takes away a variable",
    "negated_command": "it negates a command",
    "expansion": "it holds an expansion",
    "arithmetic_expansion": "it holds arithmetic",
    "ansi_c_string": "it holds a quoted escape",
    "translated_string": "it holds a translated text",
    "brace_expression": "it holds a brace expression",
    "if_statement": "it branches",
    "for_statement": "it loops",
    "c_style_for_statement": "it loops",
    "while_statement": "it loops",
    "case_statement": "it branches",
    "&": "it leaves something running in the background",
    "|&": "it pipes both streams",
}


class _Hidden(Exception):
    """Something that is not known to mean what it looks like."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What a line would start.

    Attributes:
        commands: Every simple command that could be seen, those inside of others as well.
        hidden: Why that may not be all, as a sentence; "" when it is.
    """

    text: str
    commands: tuple[Words, ...]
    hidden: str = ""

    def parts(self) -> tuple[Part, ...]:
        """What has to be allowed, each by itself."""
        glimpsed = bool(self.hidden)
        parts = [
            Part(command=words, network=uses_network(words), glimpsed=glimpsed)
            for words in self.commands
        ]
        if self.hidden or not parts:
            parts.append(Part(network=None, hidden=self.hidden or "The line is empty."))
        return tuple(parts)


def read_line(text: str) -> CommandLine:
    """Take a line apart. Never fails: what it does not understand, it says."""
    return _read(text, 0)


def _read(text: str, depth: int) -> CommandLine:
    source = text.encode("utf-8", "surrogatepass")
    if len(source) > MAX_BYTES:
        return CommandLine(text, (), "The line is too long to be taken apart.")
    root = _parser().parse(source).root_node
    try:
        if _ODD.search(text):
            raise _Hidden("it holds control characters")
        if root.has_error:
            raise _Hidden("it is not understood")
        _check_cover(root, source)
        commands = [words for node in _commands(root) for words in _unwrapped(_words(node), depth)]
        _check_places(commands)
    except _Hidden as reason:
        return CommandLine(
            text, tuple(_glimpsed(root)), f"Nobody can tell what it would run: {reason}."
        )
    return CommandLine(text, tuple(commands))


@cache
def _parser() -> "Parser":
    import tree_sitter_bash  # noqa: PLC0415 - needed when the first command is asked for
    from tree_sitter import Language, Parser  # noqa: PLC0415

    return Parser(Language(tree_sitter_bash.language()))


def _check_cover(root: "Node", source: bytes) -> None:
    """Refuse what the grammar skipped: between its tokens only blanks may stand."""
    at = 0
    for leaf in _leaves(root):
        if not _BLANK.fullmatch(source, at, leaf.start_byte):
            raise _Hidden("it is not understood")
        at = max(at, leaf.end_byte)
    if not _BLANK.fullmatch(source, at):
        raise _Hidden("it is not understood")


def _leaves(node: "Node") -> Iterator["Node"]:
    # A text in quotes may hold blanks that are no tokens of their own.
    if not node.children or node.type in ("string", "raw_string"):
        yield node
        return
    for child in node.children:
        yield from _leaves(child)


def _commands(node: "Node") -> Iterator["Node"]:
    """The simple commands below a node, which may hold nothing else but what joins them."""
    if node.type == "command":
        yield node
    elif node.type == "redirected_statement":
        for child in node.children:
            if child.type == "file_redirect":
                _check_redirect(child)
            else:
                yield from _commands(child)
    elif node.type in _PASSED:
        for child in node.children:
            yield from _commands(child)
    else:
        raise _Hidden(_FORMS.get(node.type, "it is not understood"))


def _check_redirect(node: "Node") -> None:
    """Only what leads nowhere: ``2>&1`` and ``/dev/null``."""
    kinds = [child for child in node.children if child.type != "file_descriptor"]
    if len(kinds) == 2 and kinds[1].type in ("word", "number"):
        target = _text(kinds[1])
        if target in _SAFE_TARGETS.get(kinds[0].type, ()):
            return
    raise _Hidden(_FORMS["file_redirect"])


def _words(command: "Node") -> Words:
    words: list[str | None] = []
    end = -1
    for child in command.children:
        if child.start_byte == end:
            raise _Hidden("its words cannot be told apart")  # bash takes the two for one
        end = child.end_byte
        if child.type == "command_name":
            words.append(_word(child.children[0]))
        elif child.type == "file_redirect":
            _check_redirect(child)
        else:
            words.append(_word(child))
    first = words[0] if words else None
    if first is None:
        raise _Hidden("the program's name is known to the shell alone")
    if not first or "=" in first or not set(first) <= _NAME_CHARACTERS:
        raise _Hidden("the program's name is not a plain one")
    return tuple(words)


_NAME_CHARACTERS = set(string.ascii_letters + string.digits + "_-+./:@%,[]{}!")
_LIVE = re.compile(r"[*?\[{}~]")
_BARE = re.compile(r"(?:[A-Za-z0-9_@%+=:,./\-^!\]*?\[{}~#]|\\[\x20-\x7e])+")


def _word(node: "Node") -> str | None:
    """The word's text as a program gets it; None when only the shell knows it."""
    text = _text(node)
    match node.type:
        case "word" | "number":
            return _bare(text)
        case "raw_string":
            return text[1:-1]
        case "string":
            return _string(node)
        case "simple_expansion":
            return None
        case "concatenation":
            return _joined(node.children)
    raise _Hidden(_FORMS.get(node.type, "it is not understood"))


def _joined(nodes: "list[Node]") -> str | None:
    """One word of several pieces. Bare pieces that touch are read together, as ``{`` and ``}``."""
    parts: list[str | None] = []
    bare = ""
    for node in nodes:
        if node.type in ("word", "number"):
            bare += _text(node)
            continue
        parts += [_bare(bare)] if bare else []
        parts.append(_word(node))
        bare = ""
    parts += [_bare(bare)] if bare else []
    return None if None in parts else "".join(part for part in parts if part is not None)


def _bare(text: str) -> str | None:
    """A text without quotes."""
    if not _BARE.fullmatch(text):
        raise _Hidden("it holds characters whose meaning is not known")
    # {} is only a text to bash
    live = _LIVE.search(re.sub(r"\\.|\{\}", "", text))
    return None if live else re.sub(r"\\(.)", r"\1", text)


def _string(node: "Node") -> str | None:
    dynamic = False
    for child in node.children:
        if child.type == "simple_expansion":
            dynamic = True
        elif child.type not in ('"', "string_content"):
            raise _Hidden(_FORMS.get(child.type, "it is not understood"))
    text = _text(node)[1:-1]
    if "`" in text.replace("\\`", "") or ("$" in text.replace("\\$", "") and not dynamic):
        raise _Hidden(_FORMS["expansion"])
    return None if dynamic else _IN_DOUBLE_QUOTES.sub(r"\1", text)


def _text(node: "Node") -> str:
    return (node.text or b"").decode("utf-8", "surrogatepass")


# -- programs that run others ------------------------------


def _unwrapped(words: Words, depth: int) -> Iterator[Words]:
    """The command itself, and what its arguments make it run."""
    if reason := hides(words):
        raise _Hidden(reason[0].lower() + reason[1:].removesuffix("."))
    name = name_of(words)
    if name in SHELLS:
        yield from _shell(words, depth)
    elif name in RUNNERS:
        yield from _runner(name, words, depth)
    else:
        yield words


def _shell(words: Words, depth: int) -> Iterator[Words]:
    first = (words[1] if len(words) > 1 else None) or ""
    if "/" in first and not first.startswith(("-", "+")):
        yield words  # a script: its path is what a rule allows; a bare name is looked for in PATH
        return
    script = words[2] if len(words) == 3 else None
    if depth >= _DEPTH or words[1:2] not in (("-c",), ("-lc",), ("-ec",)) or script is None:
        raise _Hidden(f"{name_of(words)} runs a text")
    inner = _read(script, depth + 1)
    if inner.hidden:
        raise _Hidden(f"in the line that {name_of(words)} runs, that cannot be told either")
    yield words[:2]
    yield from inner.commands


_TAKES_A_COMMAND_AFTER = {
    "env": re.compile(r""),
    "nohup": re.compile(r""),
    "setsid": re.compile(r""),
    "timeout": re.compile(r"\d+(\.\d+)?[smhd]?"),
    "xargs": re.compile(r"-0|-r|-t|-[nPLs]\d+"),
    "nice": re.compile(r"-n\d+|-\d+"),
    "stdbuf": re.compile(r"-[ioe][0L]"),
    "sudo": re.compile(r""),
}
_RUN_BY_FIND = ("-exec", "-execdir", "-ok", "-okdir")


def _runner(name: str, words: Words, depth: int) -> Iterator[Words]:
    if None in words:
        raise _Hidden(f"`{name}` runs what only the shell knows")
    given = [word for word in words if word is not None]
    if depth >= _DEPTH:
        raise _Hidden("programs run programs that run programs")
    if name == "find":
        yield from _find(given, depth)
        return
    own = _TAKES_A_COMMAND_AFTER.get(name)
    if own is None:
        raise _Hidden(f"`{name}` runs another program")
    at = 1
    while at < len(given) and given[at] and own.fullmatch(given[at]):
        at += 1
    inner = given[at:]
    if inner and (inner[0].startswith("-") or "=" in inner[0]):
        raise _Hidden(f"`{name}` runs another program in a way that is not understood")
    if not inner and name not in ("env", "xargs"):
        raise _Hidden(f"`{name}` runs another program")
    yield tuple(given[:at])
    if inner:
        yield from _inner(inner, depth)


def _find(given: list[str], depth: int) -> Iterator[Words]:
    own: list[str] = []
    inner: list[list[str]] = []
    words = iter(given)
    for word in words:
        if word in _RUN_BY_FIND:
            own.append(word)
            inner.append([])
            for argument in words:
                if argument in (";", "+"):
                    break
                inner[-1].append(argument)
        else:
            own.append(word)
    yield tuple(own)
    for command in inner:
        if not command or "{}" in command[0]:
            raise _Hidden("`find` runs what it finds")
        yield from _inner(command, depth)


def _inner(words: list[str], depth: int) -> Iterator[Words]:
    if name_of(tuple(words)) in MOVES or not set(words[0]) <= _NAME_CHARACTERS:
        raise _Hidden("the program's name is not a plain one")
    yield from _unwrapped(tuple(words), depth + 1)


def _check_places(commands: list[Words]) -> None:
    """A program that is named by a relative path is another one after a ``cd``."""
    moved = False
    for words in commands:
        program = words[0] or ""
        if moved and "/" in program and not program.startswith("/"):
            raise _Hidden("it starts a program by a relative path after it changed the folder")
        moved = moved or name_of(words) in MOVES


def _glimpsed(node: "Node", depth: int = 0) -> Iterator[Words]:
    """Whatever looks like a command anywhere in a line that is not understood."""
    stack = [node]
    while stack:
        at = stack.pop()
        stack += reversed(at.children)
        if at.type != "command":
            continue
        words = tuple(_seen(child) for child in at.children if child.type not in _NO_WORDS)
        yield words
        name = name_of(words)
        if name in RUNNERS | STATEFUL | KEYWORDS:
            yield from (words[start:] for start in range(1, len(words)))
        if name in SHELLS | {"eval"} and depth < _DEPTH:
            for word in words[1:]:
                source = (word or "").encode("utf-8", "surrogatepass")[:MAX_BYTES]
                yield from _glimpsed(_parser().parse(source).root_node, depth + 1)


_NO_WORDS = ("file_redirect", "variable_assignment", "herestring_redirect")


def _seen(node: "Node") -> str | None:
    try:
        return _word(node.children[0] if node.type == "command_name" else node)
    except _Hidden:
        return None
