"""A file as lines, and where others occur in it: the matching ladder."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from agent_tui.domain.edits import Rung

BOM = b"\xef\xbb\xbf"
RUNGS: tuple[Rung, ...] = ("exact", "trailing blanks", "indent", "punctuation")
MAX_PLACES = 200
"""More places than these are never looked at: such a match is ambiguous many times over."""

MAX_VERIFIED = 2_000_000
"""Lines that may be compared to find out how places are indented, before the search gives up."""

_BLANKS = b" \t\r\f\v"
_PUNCTUATION = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
                        "\u202f\u205f\u3000", " "),
        "…": "...",
    }
)  # fmt: skip
"""Typography that models write where the file has ASCII, or the other way round."""


class TooRepetitive(Exception):
    """The lines occur so often that they cannot be told apart in reasonable time."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where lines occur.

    Attributes:
        start: Index of the first line.
        deeper: Blanks that the file has in front of each line and the proposal has not.
        shallower: The other way round.
    """

    start: int
    rung: Rung
    deeper: bytes = b""
    shallower: bytes = b""


def split(data: bytes) -> list[bytes]:
    """Lines with their terminators, cut at ``\\n`` only."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def body(line: bytes) -> bytes:
    """A line without its terminator."""
    line = line.removesuffix(b"\n")
    return line.removesuffix(b"\r")


def terminator(line: bytes) -> bytes:
    """What ends the line: ``\\n``, ``\\r\\n`` or nothing."""
    return line[len(body(line)) :] if line.endswith(b"\n") else b""


def plain(text: bytes) -> bytes:
    """The text with typographic characters as ASCII; what is not UTF-8 stays."""
    if text.isascii():
        return text
    try:
        return text.decode("utf-8").translate(_PUNCTUATION).encode("utf-8")
    except UnicodeDecodeError:
        return text


_KEYS: dict[Rung, Callable[[bytes], bytes]] = {
    "exact": lambda text: text,
    "trailing blanks": lambda text: text.rstrip(_BLANKS),
    "indent": lambda text: text.strip(_BLANKS),
    "punctuation": lambda text: plain(text).strip(_BLANKS),
}


class Lines:
    """The lines of one version of a file, indexed as far as they are asked for."""

    def __init__(self, data: bytes) -> None:
        self.bom = BOM if data.startswith(BOM) else b""
        self.raw = split(data)
        self._indexes: dict[str, _Index] = {}

    @cached_property
    def bodies(self) -> list[bytes]:
        """The lines without terminators and BOM."""
        found = [body(line) for line in self.raw]
        if self.bom:
            found[0] = found[0].removeprefix(BOM)
        return found

    @property
    def ends(self) -> bool:
        """Whether the last line has an end; so it is in an empty file."""
        return not self.raw or self.raw[-1].endswith(b"\n")

    @cached_property
    def usual_end(self) -> bytes:
        """The terminator that most lines have."""
        crlf = sum(line.endswith(b"\r\n") for line in self.raw)
        return b"\r\n" if crlf * 2 > sum(line.endswith(b"\n") for line in self.raw) else b"\n"

    def as_written(self, old: Sequence[bytes]) -> list[int]:
        """Where these lines occur with the very terminators and BOM."""
        if "raw" not in self._indexes:
            self._indexes["raw"] = _Index([line.removesuffix(b"\n") for line in self.raw])
        return self._indexes["raw"].find(old)

    def on_rung(self, old: Sequence[bytes], rung: Rung) -> list[Place]:
        """Where these lines (without terminators) occur on one rung of the ladder.

        Raises:
            TooRepetitive: If that cannot be told in reasonable time.
        """
        key = _KEYS[rung]
        if rung not in self._indexes:
            self._indexes[rung] = _Index([key(text) for text in self.bodies])
        starts = self._indexes[rung].find([key(text) for text in old])
        if rung in ("exact", "trailing blanks"):
            return [Place(start, rung) for start in starts]
        if len(starts) * len(old) > MAX_VERIFIED:
            raise TooRepetitive
        return [place for start in starts if (place := self._shifted(start, old, rung))]

    def _shifted(self, start: int, old: Sequence[bytes], rung: Rung) -> Place | None:
        """The place, if one shift of the indentation makes all its lines equal."""
        shift: tuple[bytes, bytes] | None = None
        for ours, theirs in zip(self.bodies[start : start + len(old)], old, strict=True):
            if not ours.strip(_BLANKS):
                continue
            a, b = indent(ours), indent(theirs)
            if a.endswith(b):
                this = (a[: len(a) - len(b)], b"")
            elif b.endswith(a):
                this = (b"", b[: len(b) - len(a)])
            else:
                return None
            if shift is None:
                shift = this
            elif this != shift:
                return None
        deeper, shallower = shift or (b"", b"")
        return Place(start, rung, deeper, shallower)

    def ladder(self, old: Sequence[bytes]) -> Iterator[list[Place]]:
        """The places on each rung that has any, from the strictest on."""
        for rung in RUNGS:
            if places := self.on_rung(old, rung):
                yield places


def indent(line: bytes) -> bytes:
    """The blanks that a line begins with."""
    return line[: len(line) - len(line.lstrip(b" \t"))]


class _Index:
    """Lines as numbers in one row of bytes, so that the search for many is a search for a text."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._numbers: dict[bytes, int] = {}
        numbers = self._numbers
        self._row = array("I", (numbers.setdefault(key, len(numbers)) for key in keys)).tobytes()

    def find(self, keys: Sequence[bytes]) -> list[int]:
        """Indexes at which the keys stand one after the other, at most :data:`MAX_PLACES`."""
        numbers = [self._numbers.get(key) for key in keys]
        if not keys or None in numbers:
            return []
        wanted = array("I", [n for n in numbers if n is not None])
        width, row, needle = wanted.itemsize, self._row, wanted.tobytes()
        found: list[int] = []
        at = row.find(needle)
        while at >= 0 and len(found) <= MAX_PLACES:
            if at % width == 0:
                found.append(at // width)
            at = row.find(needle, at + 1)
        return found
