"""What stands around edits in a model's answer: fences, decorated paths, line ends of the way."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agent_tui.domain.patch import PatchError, path_from_bytes, path_to_bytes

MAX_TEXT = 32 * 1024 * 1024
"""Bytes of the longest text that is read for edits."""

_FENCE = re.compile(rb"^([ \t]*)(`{3,}|~{3,})[ \t]*([^`]*?)[ \t]*$")
_DECORATED = re.compile(
    rb"^(?:[#>*/;-]+[ \t]*|\d+[.)][ \t]+|<!--[ \t]*)?"
    rb"(?P<bold>\*\*|__)?(?:(?P<label>file(?:[ ]?name|[ ]?path)?|path)[ \t]*:[ \t]*)?"
    rb"(?P<tick>`)?(?P<path>[^`*\n]+?)(?(tick)`)(?(bold)(?:\*\*|__))?[ \t]*:?(?:[ \t]*-->)?$",
    re.I,
)
_BARE_NAMES = frozenset(
    {"makefile", "dockerfile", "license", "readme", "gemfile", "rakefile", "procfile", "justfile"}
)
_LABELLED = re.compile(rb"""(?:^|[\s{])(?:title|file(?:name)?|path)\s*=\s*["']?([^"'}\s]+)""", re.I)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block.

    Attributes:
        info: What stands behind the opening fence.
        lines: The content, without the fence's own indentation.
        first: Index of the content's first line in the text.
        closed: Whether a closing fence was found.
    """

    info: bytes
    lines: list[bytes]
    first: int
    closed: bool


def prepare(text: str | bytes) -> list[bytes]:
    """The lines of a text, without terminators; CRLF goes only where every line has it."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    if lines and all(line.endswith(b"\r") for line in (lines[:-1] or lines)):
        lines = [line.removesuffix(b"\r") for line in lines]
    return lines


def fenced(lines: list[bytes], *, nested: bool = False) -> Iterator[Block]:
    """The fenced blocks of a text.

    Args:
        nested: Whether a fence with an info string inside a block opens another one in it, as
            models write Markdown in Markdown.
    """
    at = 0
    while at < len(lines):
        opening = _fence(lines[at])
        at += 1
        if opening is None:
            continue
        margin, mark = opening[1], opening[2]
        content: list[bytes] = []
        first, depth, closed = at, 0, False
        while at < len(lines):
            line = lines[at]
            at += 1
            fence = _fence(line)
            if fence is not None and fence[2][:1] == mark[:1] and len(fence[1]) <= len(margin) + 3:
                if nested and fence[3] and len(fence[2]) <= len(mark):
                    depth += 1
                elif not fence[3] and depth:
                    depth -= 1
                elif not fence[3] and len(fence[2]) >= len(mark):
                    closed = True
                    break
            content.append(line.removeprefix(margin) if margin else line)
        yield Block(opening[3], content, first, closed)


def is_fence(line: bytes) -> bool:
    """Whether the line opens or closes a fenced block."""
    return _fence(line) is not None


def _fence(line: bytes) -> re.Match[bytes] | None:
    # Most lines are none: a look for the mark is cheaper than the pattern.
    return _FENCE.match(line) if b"```" in line or b"~~~" in line else None


def path_in(line: bytes) -> str | None:
    """The path that a line names and nothing else, however it is decorated; or None."""
    found = _DECORATED.match(line.strip())
    if found is None or len(line) > 1_000:
        return None
    path = found["path"].strip()
    sure = bool(found["tick"] or found["label"])
    if (b" " in path and not sure) or not path or path[:1] in b"<=>|({[\"'" or b"\0" in path:
        return None
    looks = b"/" in path or re.search(rb"[^.\s]\.[A-Za-z0-9_+-]{1,12}$", path) is not None
    known = path.startswith(b".") or path.decode("latin-1").lower() in _BARE_NAMES
    if not (looks or known or (sure and b" " not in path)):
        return None
    if b"://" in path or path.endswith((b".", b",", b"/")):
        return None
    return clean_path(path)


def path_in_info(info: bytes) -> str | None:
    """The path that an info string names: ``python src/a.py``, ``title="a.py"``, ``src/a.py``."""
    if labelled := _LABELLED.search(info):
        return clean_path(labelled[1])
    words = info.replace(b":", b" ", 1).split() if b"/" in info or b":" in info else info.split()
    return next((path for word in words[:2] if b"." in word and (path := path_in(word))), None)


def clean_path(name: bytes) -> str:
    """A path as it was written, without ``./`` before it and quotes around it."""
    name = name.strip().strip(b"`")
    if len(name) > 2 and name[:1] == name[-1:] and name[:1] in b"\"'":
        try:
            name = path_to_bytes(name.decode("utf-8")) if name[:1] == b'"' else name[1:-1]
        except (PatchError, UnicodeDecodeError):
            name = name[1:-1]
    while name.startswith(b"./"):
        name = name[2:].lstrip(b"/")
    return path_from_bytes(name)
