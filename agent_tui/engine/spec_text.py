"""A spec as Markdown that a person can edit, and back, with stable criterion ids.

The form is plain: a title, a summary, and one list under each heading. A criterion is a list item
that begins with its id; an item without one is a new criterion and gets the next free id.

Only headings and the markers of list items mean anything; all other text stays as it is written,
whatever Markdown would make of it. The lines of an item after its first are indented by two spaces.
Where a text itself looks like a heading, or begins or ends with white space, a backslash before it
says that it is only text.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from agent_tui.domain.spec import Criterion, Spec

_LISTS = {
    "Acceptance criteria": "criteria",
    "Files": "files",
    "Constraints": "constraints",
    "Out of scope": "out_of_scope",
    "Risks": "risks",
    "Test plan": "test_plan",
    "Open questions": "open_questions",
    "Steps": "steps",
    "Decision record": "adr",
}
_HEADING = re.compile(r"(#{1,6})(?:[ \t]+(.*))?", re.DOTALL)
_ITEM = re.compile(r" ?(?:[-*+]|\d{1,9}[.)])(?:[ \t]+(.*))?", re.DOTALL)
_INDENT = re.compile(r"^(?: {1,2}|\t)")
_ESCAPED = re.compile(r"\\+(?:#{1,6}(?:\s.*)?|\s.*|)", re.DOTALL)
_ID = re.compile(r"(AC\d+)(?:[ \t]*:|[ \t]*[.)–-](?=[ \t])|(?=[ \t]|$))[ \t]*(.*)", re.S | re.I)


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
    title = "\n  ".join(_escaped(spec.title, blank=True))
    parts = [f"# {title}", "\n".join(_escaped(spec.summary))]
    for heading, name in _LISTS.items():
        if name == "criteria":
            items = [f"- {c.id}: {_indented(c.text)}" for c in spec.criteria]
        else:
            items = [f"- {_indented(item)}" for item in getattr(spec, name)]
        if items or name in ("criteria", "open_questions"):
            parts.append("\n\n".join([f"## {heading}", "\n".join(items)]).rstrip("\n"))
    return "\n\n".join(part for part in parts if part) + "\n"


def _escaped(text: str, *, blank: bool = False) -> list[str]:
    """The text's lines, with a backslash before those that would be read as something else.

    Args:
        blank: Whether every blank line gets one, not only the first and the last.
    """
    if not text:
        return [""]
    lines = text.split("\n")
    last = len(lines) - 1

    def unsafe(number: int, line: str) -> bool:
        if not line.strip():
            return blank or number in (0, last)
        if number == 0 and line[0].isspace():
            return True
        return bool(_ESCAPED.fullmatch(line) or _HEADING.fullmatch(line))

    return ["\\" + line if unsafe(n, line) else line for n, line in enumerate(lines)]


def _indented(text: str) -> str:
    first, *rest = _escaped(text)
    return "\n".join([first, *(f"  {line}" if line else "" for line in rest)])


def _plain(line: str) -> str:
    """A line without the backslash that :func:`_escaped` put before it."""
    return line[1:] if _ESCAPED.fullmatch(line) else line


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


@dataclass(slots=True)
class _Block:
    """Lines that belong together: the title, the summary, or one item of a list."""

    line: int
    lines: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The text without the blank lines around it."""
        lines = self.lines[:]
        while lines and not lines[-1].strip():
            lines.pop()
        while lines and not lines[0].strip():
            lines.pop(0)
        return "\n".join(map(_plain, lines))


class _Reader:
    """Takes one line after the other to the block that it belongs to."""

    def __init__(self) -> None:
        self.title: _Block | None = None
        self.summary = _Block(1)
        self.items: dict[str, list[_Block]] = {name: [] for name in _LISTS.values()}
        self.criteria_line = 1
        self._section: str | None = None
        self._block: _Block | None = None  # what an indented line goes on with
        self._after_blank = False

    def read(self, number: int, line: str) -> None:
        if heading := _HEADING.fullmatch(line):
            self._heading(number, heading)
        elif self._section is not None:
            self._in_list(number, line)
        elif self._block is not None and line.strip() and _INDENT.match(line):
            self._block.lines.append(_INDENT.sub("", line, count=1))
        else:
            self._block = None  # the title ends with the first line that is not indented
            self.summary.lines.append(line)
        self._after_blank = not line.strip()

    def _heading(self, number: int, heading: re.Match[str]) -> None:
        name = heading[2] or ""
        if heading[1] == "#" and self.title is None:
            self._block = self.title = _Block(number, [name])
            return
        name = name.rstrip("# \t").strip()
        section = next((f for h, f in _LISTS.items() if h.lower() == name.lower()), None)
        if section is None:
            raise SpecTextError(
                number,
                f"unknown heading '{name}'; the headings are {', '.join(_LISTS)} "
                "(if it is only text, put a backslash before it)",
            )
        self._section, self._block = section, None
        if section == "criteria":
            self.criteria_line = number

    def _in_list(self, number: int, line: str) -> None:
        item = _ITEM.fullmatch(line)
        if item and self._section:
            self._block = _Block(number, [item[1] or ""])
            self.items[self._section].append(self._block)
        elif self._block is not None and (not self._after_blank or _INDENT.match(line)):
            self._block.lines.append(_INDENT.sub("", line, count=1))
        elif self._block is not None and not line.strip():
            self._block.lines.append(line)
        elif line.strip():
            shown = line.strip()[:40]
            raise SpecTextError(number, f"'{shown}' is not a list item; begin it with '- '")


def spec_from_text(text: str, used_ids: Iterable[str] = ()) -> Spec:
    """Read a spec from Markdown.

    Args:
        text: As :func:`spec_to_text` writes it, edited by a person.
        used_ids: Ids of criteria of all earlier versions.

    Raises:
        SpecTextError: If the title, every criterion or a criterion's text is missing, or a heading
            is not known.
    """
    reader = _Reader()
    for number, line in enumerate(text.split("\n"), start=1):
        reader.read(number, line.rstrip("\r"))  # with or without a line feed it is a line's end
    title = reader.title.text() if reader.title else ""
    if not title.strip():
        at = reader.title.line if reader.title else 1
        raise SpecTextError(at, "the title is missing; begin with '# ' and a title")
    criteria = number_criteria(_criteria(reader), used_ids)
    if not criteria:
        raise SpecTextError(
            reader.criteria_line,
            "there is no acceptance criterion; write at least one '- ' item",
        )
    rest = {
        name: tuple(item for block in blocks if (item := block.text()).strip())
        for name, blocks in reader.items.items()
        if name != "criteria"
    }
    return Spec(title=title, summary=reader.summary.text(), criteria=criteria, **rest)


def _criteria(reader: _Reader) -> Iterator[tuple[str | None, str]]:
    for block in reader.items["criteria"]:
        given = _ID.fullmatch(block.lines[0])
        if given:
            block.lines[0] = given[2]
        text = block.text()
        if text.strip():
            yield (given[1] if given else None), text
        elif given:
            raise SpecTextError(block.line, f"{given[1]} has no text; write it or remove the item")
