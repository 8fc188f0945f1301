"""Secrets are taken out of a record before it reaches the disk."""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, get_args

from agent_tui.domain import events as e
from agent_tui.domain.base import Actor, Role
from agent_tui.domain.decision import Choice, GateKind, GatePolicy
from agent_tui.domain.own_secrets import beginning, expression
from agent_tui.domain.rules import Effect, Scope
from agent_tui.domain.verdict import CriterionState, FindingStatus, Severity

REDACTED = "[redacted]"
_MIN_LENGTH = 8
_SHORT = 200
"""Letters up to which looking for the shapes at once is as fast as looking for their beginnings."""

_SECRET_NAME = re.compile(
    r"(?:^|_)(?:[A-Z0-9]*KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|PASS|PWD|CREDENTIAL|AUTH)S?"
    r"(?:_|$)",
    re.IGNORECASE,
)
_NOT_SECRET_NAME = re.compile(
    r"^(?:OLD)?PWD$|(?:^|_)(?:PATH|FILE|DIR|FOLDER|HOME|SOCK|SOCKET|HOST|PORT|PID|INFO|TTY)$",
    re.IGNORECASE,
)
_HEX = re.compile(r"[0-9a-f]+")
_NOT_PLAIN = re.compile(r'["\\\x00-\x1f\x7f\ud800-\udfff]')
"""What JSON, or UTF-8, writes in another way."""
_OBJECT_NAME = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")

# Each shape has no nested repetition and begins where its own characters do not precede it, so that
# a run of text is looked at a bounded number of times. What precedes is looked at after the first
# letters, because a search for literals is several times faster than one for lookbehinds.
_SHAPES = r"""
    sk-(?<![A-Za-z0-9_-]sk-)ant-[A-Za-z0-9_-]{16,}+
  | sk-(?<![A-Za-z0-9_-]sk-)(?=[A-Za-z_-]{0,80}[0-9])[A-Za-z0-9_-]{20,}+
  | gh[pousr]_(?<![A-Za-z0-9]....)[A-Za-z0-9]{20,}+
  | github_pat_(?<![A-Za-z0-9_]github_pat_)[A-Za-z0-9_]{20,}+
  | glpat-(?<![A-Za-z0-9_-]glpat-)[A-Za-z0-9_-]{20,}+
  | xox[abeprs]-(?<![A-Za-z0-9_-].....)[A-Za-z0-9-]{10,}+
  | A(?:KIA|SIA)(?<![A-Za-z0-9]....)[A-Z0-9]{16}(?![A-Za-z0-9])
  | AIza(?<![A-Za-z0-9_-]AIza)[A-Za-z0-9_-]{35}
  | npm_(?<![A-Za-z0-9_]npm_)[A-Za-z0-9]{30,}+
  | hf_(?<![A-Za-z0-9_]hf_)[A-Za-z0-9]{30,}+
  | pypi-(?<![A-Za-z0-9_-]pypi-)[A-Za-z0-9_-]{40,}+
  | eyJ(?<![A-Za-z0-9_.-]eyJ)[A-Za-z0-9_-]{10,}+\.[A-Za-z0-9_-]{10,}+\.[A-Za-z0-9_-]*+
  | (?P<bearer>[Bb]earer(?<![A-Za-z0-9_].{6})[\x20\t]{1,8})
    (?=[A-Za-z._~+/=-]{0,80}[0-9])[A-Za-z0-9._~+/=-]{16,}+
  | (?P<url>://)[^/\s:@]{1,64}:[^/\s:@]{1,200}(?=@)
"""
_BEGINS = (
    "sk-", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "AKIA", "ASIA",
    "AIza", "npm_", "hf_", "pypi-", "eyJ", "earer",
)  # fmt: skip
"""Letters of which each shape has some. Looking for them all is several times faster than looking
for the shapes, and most texts have none; a password in a URL has ``://`` and ``@``."""
_PEM_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PEM_BODY = re.compile(r"(?:\s++[A-Za-z0-9+/=]{16,}+)*+")

_OWN_WORDS = tuple(
    word
    for literal in (
        Actor,
        Role,
        GateKind,
        GatePolicy,
        Choice,
        Severity,
        CriterionState,
        FindingStatus,
        e.StepKind,
        e.StepOutcome,
        e.Channel,
        e.OutcomeKind,
        Effect,
        Scope,
    )
    for word in get_args(literal)
)


def secrets_of(environment: Mapping[str, str], also: Collection[str] = ()) -> dict[str, str]:
    """The values of variables whose names look like secrets, or are among *also*: value → name.

    Values shorter than 8 characters, object names (40 or 64 hexadecimal digits) and the log's own
    words are left out, because taking those out would damage records.
    """
    found = {}
    for name, text in environment.items():
        named = _SECRET_NAME.search(name) and not _NOT_SECRET_NAME.search(name)
        if not named and name not in also:
            continue
        value = text.strip()
        if len(value) < _MIN_LENGTH or _OBJECT_NAME.fullmatch(value):
            continue
        if any(value in word for word in _OWN_WORDS):
            continue
        found[value] = name
    return found


class Redactor:
    """Replaces secrets in the strings of a record, in time linear in their length.

    What is found: the values of environment variables that look like secrets, well-known shapes of
    keys (``sk-…``, ``ghp_…``, ``AKIA…``, JWTs, ``Bearer …``, passwords in URLs), private keys in
    PEM, and the person's own shapes. Object names are never touched. What a stream cuts in two is
    found where it is a word: the recorder keeps the beginning of one until the rest has come. Of a
    private key, whose lines come one by one, only the piece with its beginning is found.

    Args:
        environment: Where secrets are taken from, usually ``os.environ``.
        also: Names of variables that hold secrets, whatever they look like.
        shapes: The person's own; see :mod:`agent_tui.domain.own_secrets`.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        also: Collection[str] = (),
        shapes: Sequence[str] = (),
    ) -> None:
        self._names = secrets_of(environment, also)
        parts = [re.sub(r"\s+", "", _SHAPES), *map(expression, shapes)]
        own = tuple(map(beginning, shapes))
        if self._names:
            values = sorted(self._names, key=len, reverse=True)
            parts.insert(0, f"(?P<value>{'|'.join(map(re.escape, values))})")
        if any(_HEX.fullmatch(value) for value in self._names):
            # Only such a value can be found inside an object name.
            first = r"[0-9a-f](?<![0-9A-Za-z].)"
            parts.insert(0, rf"(?P<keep>{first}(?:[0-9a-f]{{63}}|[0-9a-f]{{39}})(?![0-9A-Za-z]))")
        self._pattern = re.compile("|".join(parts), re.DOTALL)
        self._begins = (*_BEGINS, *own, *self._names)
        # Values without letters that JSON leaves as they are cannot be looked for in it.
        plain = [max(_NOT_PLAIN.split(name), key=len) for name in self._names]
        self._always = "" in plain
        hints = map(re.escape, (*_BEGINS, *own, "PRIVATE KEY", *plain))
        self._in_json = re.compile("|".join(hints).encode())

    def text(self, text: str) -> str:
        """The text without secrets."""
        if len(text) < _MIN_LENGTH:
            return text
        if "PRIVATE KEY" in text:
            text = _without_pem(text)
        if len(text) > _SHORT and not self._may_hold(text):
            return text
        return self._pattern.sub(self._replace, text)

    def may_touch(self, json: bytes) -> bool:
        """Whether something in a JSON text may be a secret: quick, and never no where one is.

        Args:
            json: Of strings as they are, in UTF-8, but for quotes, backslashes and control
                characters.
        """
        return (
            self._always
            or self._in_json.search(json) is not None
            or (b"://" in json and b"@" in json)
        )

    def _may_hold(self, text: str) -> bool:
        return any(begin in text for begin in self._begins) or ("://" in text and "@" in text)

    def _replace(self, match: re.Match[str]) -> str:
        kind = match.lastgroup
        if kind == "keep":
            return match[0]
        if kind == "value":
            return f"[redacted {self._names[match[0]]}]"
        return (match["bearer"] or match["url"] or "") + REDACTED

    def data(self, value: Any) -> Any:
        """The same for everything inside a JSON value; keys of objects as well."""
        return _walk(value, self.text)


def _without_pem(text: str) -> str:
    parts = []
    at = 0
    while begin := _PEM_BEGIN.search(text, at):
        end = _PEM_END.search(text, begin.end())
        body = _PEM_BODY.match(text, begin.end())
        parts += [text[at : begin.start()], REDACTED]
        if end is not None:
            at = end.end()
        else:  # cut off: what looks like the key goes, the text after it stays
            at = body.end() if body else begin.end()
            parts.append(_PEM_BEGIN.sub(REDACTED, text[at:]))
            at = len(text)
    parts.append(text[at:])
    return "".join(parts)


def escape_surrogates(text: str) -> str:
    """Text that UTF-8 can hold: a lone surrogate becomes the six characters ``\\udXXX``."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def writable(value: Any) -> Any:
    """A JSON value that can be written: no lone surrogates, no NaN or infinity."""
    return _walk(value, escape_surrogates)


def _walk(value: Any, change: Any) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        out: dict[str, Any] = {}
        for key, item in value.items():
            new = change(str(key))
            while new in out:
                new += "'"
            out[new] = _walk(item, change)
        return out
    if isinstance(value, list | tuple):
        return [_walk(item, change) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
