"""A spec as Markdown that a person can edit, and back, with stable criterion ids.

The form is plain: a title, a summary, and one list under each heading. A criterion is a list item
that begins with its id; an item without one is a new criterion and gets the next free id.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from agent_tui.domain.spec import Criterion, Spec

if TYPE_CHECKING:
    from markdown_it.token import Token

_LISTS = {
    "Acceptance criteria": "criteria",
    "Files": "files",
    "Constraints": "constraints",
    "Out of scope": "out_of_scope",
    "Risks": "risks",
    "Test plan": "test_plan",
    "Open questions": "open_questions",
}
_ID = re.compile(r"(AC\d+)\s*[:.)–-]?\s+(.*)", re.DOTALL | re.IGNORECASE)


class SpecTextError(ValueError):
    """The text is not a spec.

    Attributes:
        line: Where, counted from 1.
    """

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line


def spec_to_text(spec: Spec) -> str:
    """The spec as Markdown that :func:`spec_from_text` reads back to an equal spec."""
    parts = [f"# {spec.title}", spec.summary]
    for heading, field in _LISTS.items():
        if field == "criteria":
            items = [f"{c.id}: {c.text}" for c in spec.criteria]
        else:
            items = list(getattr(spec, field))
        if items or field in ("criteria", "open_questions"):
            body = "\n".join("- " + item.replace("\n", "\n  ") for item in items)
            parts.append(f"## {heading}\n\n{body}".rstrip())
    return "\n\n".join(part for part in parts if part) + "\n"


def next_criterion_id(used: Iterable[str]) -> str:
    """The first id after all that were ever used, so that none is given twice."""
    numbers = [int(i[2:]) for i in used if re.fullmatch(r"AC\d+", i)]
    return f"AC{max(numbers, default=0) + 1}"


def number_criteria(
    items: Iterable[tuple[str | None, str]], used: Iterable[str]
) -> tuple[Criterion, ...]:
    """Criteria with ids: the given ones where they are free, else the next that was never used.

    Args:
        items: Pairs of an id, if there is one, and the text.
        used: Ids that earlier versions of the spec gave.
    """
    taken: set[str] = set()
    every = set(used)
    result = []
    pairs = [(i.upper() if i else None, text) for i, text in items]
    every |= {i for i, _ in pairs if i}
    for given, text in pairs:
        name = given
        if name is None or not re.fullmatch(r"AC\d+", name) or name in taken:
            name = next_criterion_id(every)
            every.add(name)
        taken.add(name)
        result.append(Criterion(id=name, text=text))
    return tuple(result)


def spec_from_text(text: str, used_ids: Iterable[str] = ()) -> Spec:
    """Read a spec from Markdown.

    Args:
        text: As :func:`spec_to_text` writes it, edited by a person.
        used_ids: Ids of criteria of all earlier versions.

    Raises:
        SpecTextError: If the title or every criterion is missing, or a heading is not known.
    """
    from markdown_it import MarkdownIt  # noqa: PLC0415 - 30 ms, only when a spec is edited

    tokens = MarkdownIt("commonmark").parse(text)
    title, summary = "", []
    lists: dict[str, list[str]] = {field: [] for field in _LISTS.values()}
    section: str | None = None
    criteria_line = 1
    depth = 0
    for index, token in enumerate(tokens):
        line = (token.map or [0])[0] + 1
        if token.type == "heading_open":
            name = tokens[index + 1].content.strip()
            if token.tag == "h1" and not title:
                title = name
                continue
            section = next((f for h, f in _LISTS.items() if h.lower() == name.lower()), None)
            if section is None:
                known = ", ".join(_LISTS)
                raise SpecTextError(line, f"unknown heading '{name}'; the headings are {known}")
            if section == "criteria":
                criteria_line = line
        elif token.type == "list_item_open":
            depth += 1
            if depth == 1 and section:
                lists[section].append("")
        elif token.type == "list_item_close":
            depth -= 1
        elif token.type in ("inline", "fence", "code_block") and not _is_heading(tokens, index):
            body = token.content.strip("\n")
            if depth and section and lists[section]:
                before = lists[section][-1]
                lists[section][-1] = f"{before}\n{body}" if before else body
            elif section is None:
                summary.append(body)
            else:
                raise SpecTextError(line, f"'{body[:40]}' is not a list item; begin it with '- '")
    if not title:
        raise SpecTextError(1, "the title is missing; begin with '# ' and a title")
    items = [item for item in lists["criteria"] if item.strip()]
    if not items:
        raise SpecTextError(
            criteria_line, "there is no acceptance criterion; write at least one '- ' item"
        )
    matches = [(_ID.fullmatch(item), item) for item in items]
    criteria = number_criteria(
        [(m[1], m[2].strip()) if m else (None, item) for m, item in matches], used_ids
    )
    rest = {f: tuple(v for v in vs if v.strip()) for f, vs in lists.items() if f != "criteria"}
    return Spec(title=title, summary="\n\n".join(summary), criteria=criteria, **rest)


def _is_heading(tokens: list["Token"], index: int) -> bool:
    return index > 0 and tokens[index - 1].type == "heading_open"
