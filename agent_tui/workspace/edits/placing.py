"""Where the hunks of a file go: exactly one way, or a reason why not."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from agent_tui.domain.text import decode
from agent_tui.workspace.edits.lines import BOM, MAX_PLACES, Lines, Place, TooRepetitive, indent
from agent_tui.workspace.edits.model import Hunk
from agent_tui.workspace.edits.nearest import nearest_lines

LISTED = 5
"""Places that a message about an ambiguous match names."""


@dataclass(frozen=True)
class Placed:
    """A hunk and its place.

    Attributes:
        as_written: Whether terminators and BOM stand in the hunk as they are to be in the file.
    """

    hunk: Hunk
    place: Place
    as_written: bool = False
    doubts: tuple[str, ...] = ()

    @cached_property
    def changed(self) -> tuple[int, int]:
        """First and behind-last index of the file's lines from the first to the last change."""
        at = self.place.start
        first, last = None, at
        for kind, _ in self.hunk.ops:
            if kind != " " and first is None:
                first = at
            at += kind != "+"
            if kind != " ":
                last = at
        return (last if first is None else first), last


class NoPlace(Exception):
    """A hunk that cannot be placed; the text says why."""


def place_all(lines: Lines, hunks: Sequence[Hunk], *, ordered: bool) -> list[Placed | NoPlace]:
    """Place every hunk, each in the file as it is, or say why one has no place.

    Args:
        ordered: Whether the hunks come in the file's order, which may decide between places.
    """
    found: list[list[Placed] | NoPlace] = []
    failed: dict[tuple[object, ...], NoPlace] = {}  # a model can repeat itself ten thousand times
    for hunk in hunks:
        key = (tuple(hunk.old), hunk.anchors, hunk.at_end, hunk.old_ends)
        try:
            found.append(failed.get(key) or _candidates(lines, hunk))
        except NoPlace as problem:
            found.append(failed.setdefault(key, problem))
    candidates = [entry for entry in found if isinstance(entry, list)]
    if len(candidates) < len(found) or not ordered:
        return [e if isinstance(e, NoPlace) else _only(e, lines) for e in found]
    early = _chain(candidates, reverse=False)
    late = _chain(candidates, reverse=True)
    if early is None or late is None:
        single = [_only(entry, lines) for entry in candidates]
        return _without_overlap(single)
    return [
        first if first.place == last.place else _only(entry, lines)
        for first, last, entry in zip(early, late, candidates, strict=True)
    ]


def place_by_number(lines: Lines, hunk: Hunk) -> Placed | None:
    """The place that the header names, if the very lines stand there."""
    if hunk.line is None:
        return None
    start = hunk.line - 1 if hunk.old else hunk.line
    raw = [line.removesuffix(b"\n") for line in lines.raw[start : start + len(hunk.old)]]
    if start > len(lines.raw) or raw != hunk.old:
        return None
    return Placed(hunk, Place(start, "exact"), as_written=True)


def _candidates(lines: Lines, hunk: Hunk) -> list[Placed]:
    old = hunk.old
    if not old:
        return [_bare(lines, hunk)]
    scopes = _scopes(lines, hunk.anchors)
    doubts: tuple[str, ...] = ()
    if not scopes:
        doubts = (f"the line after @@ is not in the file: {decode(hunk.anchors[-1])[:80]}",)
        scopes = [(0, len(lines.raw))]
    if _spells_ends(hunk):
        places = [Place(start, "exact") for start in lines.as_written(old)]
        if fitting := _fitting(lines, hunk, places, scopes):
            return [Placed(hunk, place, True, doubts) for place in fitting]
    wanted = [text.removesuffix(b"\r") for text in old]
    wanted[0] = wanted[0].removeprefix(BOM)
    elsewhere: list[Place] = []
    try:
        for places in lines.ladder(wanted):
            if fitting := _fitting(lines, hunk, places, scopes):
                return [Placed(hunk, place, False, doubts) for place in fitting]
            elsewhere = elsewhere or places
    except TooRepetitive:
        raise NoPlace(
            "its lines occur too often to tell the places apart: use longer context"
        ) from None
    if elsewhere:
        at = _listed([place.start for place in elsewhere])
        where = "at the end of the file" if hunk.at_end or not hunk.anchors else "behind its @@"
        raise NoPlace(f"its lines are in the file ({at}), but not {where}")
    near = nearest_lines(lines.bodies, wanted)
    raise NoPlace(
        "its lines are not in the file" + (f": {near}" if near else ", and nothing is like them")
    )


def _spells_ends(hunk: Hunk) -> bool:
    """Whether the lines have terminators of their own, or a BOM, that may be meant."""
    return any(text.endswith(b"\r") or text.startswith(BOM) for _, text in hunk.ops)


def _bare(lines: Lines, hunk: Hunk) -> Placed:
    """The place of lines that are only added, without any that stand around them."""
    if hunk.at_end or not lines.raw:
        return Placed(hunk, Place(len(lines.raw), "exact"), as_written=_spells_ends(hunk))
    if hunk.anchors:
        scopes = _scopes(lines, hunk.anchors)
        starts = sorted({start for start, _ in scopes})
        if len(starts) == 1:
            doubt = f"placed behind the line after @@, line {starts[0]}, for want of context"
            return Placed(hunk, Place(starts[0], "exact"), doubts=(doubt,))
    raise NoPlace(
        "nothing says where its lines go: repeat a line or two of the file around them as context"
    )


def _scopes(lines: Lines, anchors: Sequence[bytes]) -> list[tuple[int, int]]:
    """The ranges of lines that the anchors open, the last of them inside all others."""
    scopes = [(0, len(lines.raw))]
    for anchor in anchors:
        wanted = anchor.strip()
        inner = []
        for start, end in scopes:
            for number in range(start, end):
                if lines.bodies[number].strip() == wanted:
                    inner.append((number + 1, min(end, _scope_end(lines, number))))
        scopes = inner[:MAX_PLACES]
    return scopes


def _scope_end(lines: Lines, opener: int) -> int:
    """Behind the last line that is indented deeper than the opener, with what closes it."""
    depth = len(indent(lines.bodies[opener]).expandtabs())
    for number in range(opener + 1, len(lines.bodies)):
        text = lines.bodies[number]
        if text.strip() and len(indent(text).expandtabs()) <= depth:
            return number + 1 if text.strip()[:1] in (b"}", b")", b"]") else number
    return len(lines.bodies)


def _fitting(
    lines: Lines, hunk: Hunk, places: Sequence[Place], scopes: Sequence[tuple[int, int]]
) -> list[Place]:
    if len(places) > MAX_PLACES:
        raise NoPlace(f"its lines occur more than {MAX_PLACES} times: use longer context")
    size = len(hunk.old)
    result = []
    for place in places:
        end = place.start + size
        if (hunk.at_end or hunk.old_ends is False) and end != len(lines.raw):
            continue
        # An anchor may be repeated as the hunk's own first line.
        if any(first - 1 <= place.start < last or first == last for first, last in scopes):
            result.append(place)
    return result


def _only(candidates: Sequence[Placed], lines: Lines) -> Placed | NoPlace:
    if len(candidates) == 1:
        return candidates[0]
    at = _listed([placed.place.start for placed in candidates])
    return NoPlace(
        f"its lines occur {len(candidates)} times ({at}): repeat more of the lines around them, "
        "until they occur only once"
    )


def _listed(starts: Sequence[int]) -> str:
    shown = ", ".join(str(start + 1) for start in starts[:LISTED])
    more = f" and {len(starts) - LISTED} more" if len(starts) > LISTED else ""
    return f"{'line' if len(starts) == 1 else 'lines'} {shown}{more}"


def _chain(candidates: Sequence[Sequence[Placed]], *, reverse: bool) -> list[Placed] | None:
    """One place for each so that they follow each other: the earliest, or the latest, of all."""
    chosen: list[Placed] = []
    order = list(reversed(candidates)) if reverse else list(candidates)
    for options in order:
        options = sorted(options, key=lambda p: p.place.start, reverse=reverse)  # noqa: PLW2901
        fit = next(
            (o for o in options if not chosen or _follows(chosen[-1], o, reverse=reverse)), None
        )
        if fit is None:
            return None
        chosen.append(fit)
    return chosen[::-1] if reverse else chosen


def _follows(one: Placed, other: Placed, *, reverse: bool) -> bool:
    first, second = (other, one) if reverse else (one, other)
    return first.place.start <= second.place.start and first.changed[1] <= second.changed[0]


def _without_overlap(placed: Sequence[Placed | NoPlace]) -> list[Placed | NoPlace]:
    result = list(placed)
    known = sorted(
        ((p.changed, number) for number, p in enumerate(placed) if isinstance(p, Placed)),
    )
    for (one, _), (two, number) in pairwise(known):
        if two[0] < one[1]:
            result[number] = NoPlace("it changes lines that another hunk changes as well")
    return result
