"""Puts what belongs together into one row: the same words, nearly the same, or the same name."""

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher

Item = tuple[str, str]
"""A name, which may be "", and a text."""

Fits = Callable[[Item, Item], float]
"""How well an item fits another one: 0 if not at all."""

ALIKE = 0.6
"""Likeness (0 to 1, as :mod:`difflib` measures it) from which two texts are versions of one."""
MOST = 60
"""Items of a list up to which texts are held against each other; beyond that, sameness counts."""
LONGEST = 400
"""Characters of a text that are compared."""


def aligned(columns: Sequence[Sequence[Item]]) -> list[tuple[Item | None, ...]]:
    """Rows with at most one item of each column; the order of the first column comes first.

    An item joins the row that has the same text, else the one whose text is most alike, else the
    one with its name; what fits nowhere gets a row of its own.
    """
    rows: list[list[Item | None]] = []
    for at, items in enumerate(columns):
        taken: dict[int, Item] = {}
        left = list(items)
        for fits in (_same, _alike, _named):
            left = _place(left, rows, taken, fits)
        for number, row in enumerate(rows):
            row.append(taken.get(number))
        rows += [[*[None] * at, item] for item in left]
    return [tuple(row) for row in rows]


def _place(
    items: list[Item], rows: list[list[Item | None]], taken: dict[int, Item], fits: Fits
) -> list[Item]:
    left = []
    for item in items:
        scores = [
            (max((fits(item, other) for other in row if other is not None), default=0.0), -number)
            for number, row in enumerate(rows)
            if number not in taken and (fits is not _alike or len(rows) <= MOST)
        ]
        score, place = max(scores, default=(0.0, 0))
        if score > 0:
            taken[-place] = item
        else:
            left.append(item)
    return left


def _same(one: Item, other: Item) -> float:
    return float(one[1] == other[1])


def _alike(one: Item, other: Item) -> float:
    matcher = SequenceMatcher(None, one[1][:LONGEST], other[1][:LONGEST], autojunk=False)
    if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
        return 0.0
    likeness = matcher.ratio()
    return likeness if likeness >= ALIKE else 0.0


def _named(one: Item, other: Item) -> float:
    return float(bool(one[0]) and one[0] == other[0])
