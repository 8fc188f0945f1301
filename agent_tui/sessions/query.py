"""What a list of sessions is narrowed by: words, and terms such as ``state:left since:7d``."""

import os
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Literal, get_args

from agent_tui.domain.events import OutcomeKind
from agent_tui.domain.text import one_line
from agent_tui.sessions.summary import SessionSummary

KEYS = ("state", "outcome", "tag", "model", "repo", "since", "before", "cost", "archived", "parent")
"""What a term begins with, before its colon. Anything else is a word to search for."""

OPEN = ("waiting", "running", "left", "interrupted")
"""States from which a session goes on; ``state:open`` means any of them."""

STATES = ("open", *OPEN, *get_args(OutcomeKind), "damaged", "empty")
"""What can be asked for with ``state:``; the beginning of one is enough."""

_TERM = re.compile(rf"(?P<key>{'|'.join(KEYS)}):(?:\"(?P<quoted>[^\"]*)\"|(?P<plain>\S*))", re.I)
_AGE = re.compile(r"(\d+)\s*(h|d|w|m|y)?", re.I)
_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0, "m": 30.0, "y": 365.0}
_COST = re.compile(r"([<>]=?|=)?\$?(\d+(?:\.\d*)?|\.\d+)")

TERMS = (
    "state:open (waiting, running, left, interrupted, committed, rejected …)  tag:NAME  model:TEXT"
    "  repo:NAME or repo:all  since:7d  before:2w  cost:>0.5  archived:yes or only  parent:ID"
)
"""What can be asked, for a person."""


class QueryError(ValueError):
    """A term that means nothing, in a sentence for a person."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question to a list of sessions.

    Attributes:
        words: To be searched in all that was said; "" for none.
        terms: Pairs of a key and what it asks for; of one key, any of them may hold.
        root: The real path of the repository whose sessions are meant; "" for all. A ``repo:`` term
            goes above it.
    """

    words: str = ""
    terms: tuple[tuple[str, str], ...] = ()
    root: str = ""
    _roots: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    def fits(self, row: SessionSummary, now: datetime) -> bool:
        """Whether a session is asked for. Its words are not looked at.

        Raises:
            QueryError: If a term means nothing.
        """
        asked: dict[str, list[str]] = {}
        for key, text in self.terms:
            asked.setdefault(key, []).append(text)
        if not self._wants_archived(asked.pop("archived", []), archived=row.labels.archived):
            return False
        if not asked.get("repo") and not self._is_here(row):
            return False
        return all(any(_holds(row, key, text, now) for text in texts)
                   for key, texts in asked.items())  # fmt: skip

    def _wants_archived(self, said: list[str], *, archived: bool) -> bool:
        if "only" in said:
            return archived
        return not archived or "yes" in said

    def _is_here(self, row: SessionSummary) -> bool:
        if not self.root:
            return True
        if row.root not in self._roots:  # thousands of sessions are of a few repositories
            self._roots[row.root] = bool(row.root) and os.path.realpath(row.root) == self.root
        return self._roots[row.root]


def parse_query(text: str, root: str = "") -> Query:
    """Words and terms as a person types them; a value with blanks stands in quotes.

    Raises:
        QueryError: If a term means nothing.
    """
    terms = []
    for match in _TERM.finditer(text):
        value = match["quoted"] if match["quoted"] is not None else match["plain"]
        if value:
            terms.append((match["key"].lower(), value))
    words = " ".join(_TERM.sub(" ", text).split())
    query = Query(words, tuple(terms), os.path.realpath(root) if root else "")
    for key, value in query.terms:
        _check(key, value)
    return query


def _check(key: str, value: str) -> None:
    if key in ("since", "before"):
        _age(key, value)
    elif key == "cost":
        _cost(value)
    elif key == "archived" and value not in ("yes", "only", "no"):
        raise QueryError(f"archived:{one_line(value, 40)} – write archived:yes or archived:only.")
    elif key in ("state", "outcome"):
        wanted = value.lower()
        if not any(state.startswith(wanted) or wanted.startswith(state) for state in STATES):
            known = ", ".join(STATES)
            raise QueryError(f"{key}:{one_line(value, 40)} – write one of {known}.")


def _holds(row: SessionSummary, key: str, text: str, now: datetime) -> bool:
    wanted = text.lower()
    match key:
        case "state" | "outcome":
            if wanted == "open":
                return row.state.startswith(OPEN)
            return row.state.lower().startswith(wanted)
        case "tag":
            return wanted.removeprefix("#") in (tag.lower() for tag in row.labels.tags)
        case "model":
            return any(wanted in model.lower() for model in row.models)
        case "repo":
            return wanted == "all" or wanted in row.repo.lower() or row.root == text
        case "parent":
            return row.parent.startswith(text)
        case "since":
            return row.last is not None and row.last >= now - _age(key, text)
        case "before":
            return row.last is not None and row.last < now - _age(key, text)
        case "cost":
            return _compared(row.cost, *_cost(text))
    return True


def _age(key: str, text: str) -> timedelta:
    match = _AGE.fullmatch(text)
    if match is None or len(match[1]) > 6:
        raise QueryError(f"{key}:{one_line(text, 40)} – write an age such as {key}:7d, 12h or 3w.")
    return timedelta(days=int(match[1]) * _DAYS[(match[2] or "d").lower()])


def _cost(text: str) -> tuple[str, Decimal]:
    match = _COST.fullmatch(text)
    try:
        if match is not None:
            return match[1] or ">=", Decimal(match[2])
    except InvalidOperation:
        pass  # said below
    raise QueryError(f"cost:{one_line(text, 40)} – write dollars such as cost:>0.5 or cost:<2.")


def _compared(
    cost: Decimal, sign: Literal["<", "<=", "=", ">=", ">"] | str, other: Decimal
) -> bool:
    return {
        "<": cost < other, "<=": cost <= other, "=": cost == other,
        ">=": cost >= other, ">": cost > other,
    }[sign]  # fmt: skip
