"""What the file has instead of lines that are not in it, so that the proposal can be mended."""

from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches

from agent_tui.domain.text import decode

SHOWN = 6
"""Lines of the file that a message quotes."""

EMPTY = "(an empty line)"
_MAX_LINE = 160
_MAX_CANDIDATES = 1_500
_MAX_POSITIONS = 20


def nearest_lines(lines: Sequence[bytes], old: Sequence[bytes]) -> str:
    """A sentence or two with the lines of the file that come nearest, numbered; "" for none."""
    start = _by_votes(lines, old)
    if start is None:
        start = _by_likeness(lines, old)
    if start is None:
        return ""
    start = max(start, 0)
    differs = next(
        (i for i, text in enumerate(old) if not _same(lines, start + i, text)), len(old) - 1
    )
    first = max(start, start + differs - 2)
    shown = range(first, min(first + SHOWN, len(lines)))
    if not shown:
        return f"the file ends after line {len(lines)}, before all of these lines"
    quoted = "\n".join(f"{number + 1:>6} | {_cut(lines[number])}".rstrip() for number in shown)
    at = start + differs
    has = (
        f"line {at + 1} is\n         {_cut(lines[at]) or EMPTY}"
        if at < len(lines)
        else "the file ends"
    )
    return (
        f"where the proposal has\n         {_cut(old[differs]) or EMPTY}\n{has}\n"
        f"The nearest lines of the file are\n{quoted}"
    )


def _same(lines: Sequence[bytes], at: int, text: bytes) -> bool:
    return at < len(lines) and lines[at].strip() == text.strip()


def _by_votes(lines: Sequence[bytes], old: Sequence[bytes]) -> int | None:
    """The start at which most of the lines stand where they should."""
    wanted = {text.strip() for text in old if len(text.strip()) > 3}
    positions: dict[bytes, list[int]] = {}
    for number, line in enumerate(lines):
        key = line.strip()
        if key in wanted and len(positions.setdefault(key, [])) < _MAX_POSITIONS:
            positions[key].append(number)
    votes: Counter[int] = Counter()
    for offset, text in enumerate(old):
        for number in positions.get(text.strip(), ()):
            votes[number - offset] += min(len(text), 40)
    return max(votes, key=lambda start: (votes[start], -start)) if votes else None


def _by_likeness(lines: Sequence[bytes], old: Sequence[bytes]) -> int | None:
    """The start at which the longest of the lines finds one that is like it."""
    text = max(old, key=lambda line: len(line.strip()), default=b"")
    wanted = _cut(text).strip()
    if len(wanted) < 4:
        return None
    near = sorted(
        {number for number, line in enumerate(lines) if line.strip()},
        key=lambda number: (abs(len(lines[number]) - len(text)), number),
    )[:_MAX_CANDIDATES]
    texts: dict[str, int] = {}
    for number in near:
        texts.setdefault(_cut(lines[number]).strip(), number)
    found = get_close_matches(wanted, texts, n=1, cutoff=0.6)
    return texts[found[0]] - list(old).index(text) if found else None


def _cut(line: bytes) -> str:
    text = decode(line[: 4 * _MAX_LINE]).rstrip("\r\n")
    return text if len(text) <= _MAX_LINE else text[: _MAX_LINE - 1] + "…"
