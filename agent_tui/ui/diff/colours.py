"""Syntax colours of lines. Only a worker thread calls this; Pygments is imported when it does."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from pygments.lexers import find_lexer_class_for_filename, get_lexer_by_name
from pygments.token import Token
from pygments.util import ClassNotFound

if TYPE_CHECKING:
    from pygments.lexer import Lexer

MAX_LINE = 2_000
"""Characters of a line up to which it is coloured."""
MAX_TEXT = 400_000
"""Characters of a file up to which it is coloured as a whole; beyond that, hunk by hunk."""

_STYLES = (
    (Token.Comment, "comment"),
    (Token.Keyword, "keyword"),
    (Token.Operator.Word, "keyword"),
    (Token.Literal.String, "string"),
    (Token.Literal.Number, "literal"),
    (Token.Name.Tag, "keyword"),
    (Token.Generic.Heading, "keyword"),
)
_SHEBANG = re.compile(r"#!.*?\b(python|bash|sh|zsh|ruby|perl|node)\d*\b")
_SHELLS = {"sh": "bash", "zsh": "bash", "node": "javascript"}

Spans = list[tuple[int, int, str]]


@lru_cache(maxsize=256)
def lexer_for(path: str, first_line: str) -> Lexer | None:
    """The lexer for a file, by its name or its first line; None for a language that is unknown."""
    name = path.rsplit("/", 1)[-1].strip('"')
    try:
        if name.endswith(".tcss"):
            return get_lexer_by_name("scss")
        found = find_lexer_class_for_filename(name)
        if found is None and (shebang := _SHEBANG.match(first_line)):
            word = shebang[1]
            return get_lexer_by_name(_SHELLS.get(word, word))
    except ClassNotFound:
        return None
    if found is None or found.name == "Text only":
        return None
    lexer: Lexer = found()
    return lexer


@lru_cache(maxsize=512)
def _style(token: object) -> str:
    return next((name for parent, name in _STYLES if token in parent), "")


def colour(path: str, lines: list[str]) -> list[Spans]:
    """The colours of consecutive lines of a file."""
    result: list[Spans] = [[] for _ in lines]
    lexer = lexer_for(path, lines[0][:100] if lines else "")
    if lexer is None:
        return result
    # A line that is too long is left out: some lexers take quadratic time.
    text = "\n".join(line if len(line) <= MAX_LINE else "" for line in lines) + "\n"
    number = start = 0
    end = text.find("\n")
    for at, token, value in lexer.get_tokens_unprocessed(text):
        name = _style(token)
        if not name or not value:
            continue
        last = at + len(value)
        while at < last:
            while at > end:
                number, start = number + 1, end + 1
                end = text.find("\n", start)
                if end < 0:
                    return result
            stop = min(last, end)
            if stop > at:
                result[number].append((at - start, stop - start, name))
            at = stop + 1  # noqa: PLW2901 - the next line of a token of several
    return result
