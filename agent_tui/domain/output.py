"""What a step has streamed so far, in pieces that are shared by all states that hold them."""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from agent_tui.domain import events as e

TELLING = (e.StepOutput, e.ToolCalled, e.ToolReturned)
"""Events that add to the output of their step and change nothing else of a state. Most records are
such, and a replay does not read them before somebody looks at that output."""


@dataclass(frozen=True, slots=True)
class Output:
    """A piece of what a step streamed: ``text``, ``thinking``, ``tool`` or ``output``.

    Attributes:
        seq: The place in the log of the record that it came with.
    """

    channel: e.Channel
    text: str
    seq: int = -1


class Pieces(Sequence[Output]):
    """An immutable sequence of pieces to which one more is added in constant time.

    A longer sequence shares the list of the one that it grew from and remembers its own length, so
    the states of a session that streams do not each hold a copy.
    """

    __slots__ = ("_count", "_items")

    def __init__(self, pieces: Iterable[Output] = ()) -> None:
        self._items = list(pieces)
        self._count = len(self._items)

    @classmethod
    def of(cls, pieces: "Iterable[Output] | Pieces") -> "Pieces":
        """Those pieces as a sequence of this kind; of plain mappings as well, as JSON has them."""
        if isinstance(pieces, Pieces):
            return pieces
        return cls(Output(**piece) if isinstance(piece, dict) else piece for piece in pieces)

    def plus(self, piece: Output) -> "Pieces":
        """This sequence and one more piece."""
        # Whoever added to the shared list first owns its end; a second branch copies.
        items = self._items if self._count == len(self._items) else self._items[: self._count]
        items.append(piece)
        longer = Pieces.__new__(Pieces)
        longer._items, longer._count = items, self._count + 1
        return longer

    def until(self, seq: int) -> "Pieces":
        """Only the pieces that came with records up to *seq*."""
        return Pieces(piece for piece in self if piece.seq <= seq)

    def tail(self, count: int) -> Sequence[Output]:
        """The last *count* pieces at most."""
        return self._items[max(0, self._count - count) : self._count]

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Output]:
        # By number: the list may grow meanwhile.
        for number in range(self._count):
            yield self._items[number]

    @overload
    def __getitem__(self, index: int) -> Output: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Output]: ...
    def __getitem__(self, index: int | slice) -> Output | Sequence[Output]:
        if isinstance(index, slice):
            return self._items[: self._count][index]
        if not -self._count <= index < self._count:
            raise IndexError(index)
        return self._items[index if index >= 0 else self._count + index]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Pieces):
            return NotImplemented
        if self._items is other._items:
            return self._count == other._count
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash((len(self), self[-1] if len(self) else None))

    def __repr__(self) -> str:
        return f"Pieces({list(self)!r})"


def piece_of(
    event: e.StepOutput | e.ToolCalled | e.ToolReturned | e.ModelRetried | e.ContextCompacted,
    seq: int,
) -> Output:
    """What an event adds to the output of its step."""
    if isinstance(event, e.StepOutput):
        return Output(event.channel, event.text, seq)
    if isinstance(event, e.ToolCalled):
        words = _call_words(event.arguments)
        said = {"ask": "asked: ", "deny": "denied: "}.get(event.decision)
        note = f"  {said}{event.why}" if said else ""
        return Output("tool", f"{event.name} {words}".strip() + f"{note}\n", seq)
    if isinstance(event, e.ToolReturned):
        return Output("output", ("ok: " if event.ok else "failed: ") + event.summary + "\n", seq)
    if isinstance(event, e.ContextCompacted):
        how = "by the provider" if event.method == "provider" else "to a summary"
        size = f"about {event.before_tokens:,} tokens before, {event.after_tokens:,} after"
        return Output("tool", f"The conversation was compacted {how}: {size}.\n", seq)
    of = f" of {event.attempts}" if event.attempts else ""
    words = f"{event.message} Attempt {event.attempt}{of} in {event.wait_s:.0f} s.\n"
    return Output("tool", words, seq)


_COMMANDS = ("command", "cmd")
_SUBJECTS = ("file_path", "filePath", "path", "pattern", "query", "url")
_COMMAND = 200
_VALUE = 60


def _call_words(arguments: Mapping[str, Any]) -> str:
    """A call's arguments, what it is about first: a command line, a path, a pattern."""
    parts = []
    rest = dict(arguments)
    for key in _COMMANDS:
        value = rest.get(key)
        if isinstance(value, list) and value and all(isinstance(word, str) for word in value):
            value = shlex.join(value)
        if isinstance(value, str) and value.strip():
            lines = value.strip().split("\n")
            more = " …" if len(lines) > 1 or len(lines[0]) > _COMMAND else ""
            parts.append(f"$ {lines[0][:_COMMAND]}{more}")
            del rest[key]
    for key in _SUBJECTS:
        if isinstance(rest.get(key), str):
            parts.append(str(rest.pop(key))[:_COMMAND])
    return " ".join([*parts, *(f"{key}={value!r}"[:_VALUE] for key, value in rest.items())])
