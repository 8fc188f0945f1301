"""States at intervals of a long log, so that none has to be folded from the start.

Neighbouring states share nearly everything. In memory they share objects; in the file each part (a
step, a decision, a version of the spec …) stands once, and a state is a list of numbers of parts.
What a step streamed is not in them: it is read from the log when it is looked at.
"""

import hashlib
import json
from array import array
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from agent_tui import __version__
from agent_tui.domain.output import Pieces
from agent_tui.domain.replacing import replace
from agent_tui.domain.state import State
from agent_tui.sessions.files import LogError

FIELDS = tuple(field.name for field in fields(State))
SCHEMA = hashlib.sha256(
    f"{__version__} {sorted(State.__annotations__.items(), key=str)}".encode()
).hexdigest()[:16]
"""Changes with the form of a state: what another version kept is not read."""

Read = Callable[[int, int], bytes]


class Snapshots:
    """States by position, in memory or, once they were kept in a file, read from it."""

    def __init__(self) -> None:
        self.positions = array("Q")
        self._states: dict[int, State] = {}
        self._kept: KeptStates | None = None

    def restore(self, positions: "array[int]", kept: "KeptStates") -> None:
        """Take states that are in a file."""
        self.positions, self._kept = positions, kept

    def add(self, position: int, state: State) -> None:
        """Keep a state, without what its steps streamed."""
        self._states[len(self.positions)] = without_output(state)
        self.positions.append(position)

    def before(self, position: int) -> tuple[int, State]:
        """The last kept state at or before a position, and its own position.

        Raises:
            LogError: If the file with the states cannot be read.
        """
        number = bisect_right(self.positions, position) - 1
        if number < 0:
            return 0, State()
        return self.positions[number], self.state(number)

    def state(self, number: int) -> State:
        """One of the states."""
        if number in self._states:
            return self._states[number]
        if self._kept is None:
            raise LogError("the index of the log is damaged; remove it and open the log again")
        return self._kept.state(number)

    def warm(self) -> None:
        """Read the last state, so that the first seek is no slower than the next: all states have
        most of their parts in common with it.

        Raises:
            LogError: If the file with the states cannot be read.
        """
        if len(self):
            self.state(len(self) - 1)

    def __len__(self) -> int:
        return len(self.positions)


def without_output(state: State) -> State:
    """A state whose steps have lost what they streamed."""
    if not any(step.output for step in state.steps):
        return state
    steps = tuple(replace(step, output=Pieces()) if step.output else step for step in state.steps)
    return replace(state, steps=steps)


@cache
def _adapter(name: str) -> tuple[TypeAdapter[Any], bool]:
    """What reads and writes a field's parts, and whether the field is a sequence of them."""
    hint = get_type_hints(State, include_extras=True)[name]
    arguments = get_args(hint)
    many = get_origin(hint) is tuple and len(arguments) == 2 and arguments[1] is Ellipsis
    return TypeAdapter(arguments[0] if many else hint), many


class StateWriter:
    """Turns states into parts and lists of their numbers.

    Attributes:
        parts: Each part as JSON.
        lists: Each state as JSON.
    """

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.lists: list[bytes] = []
        # An object is written once. It is held here, so that no other one gets its address.
        self._known: dict[tuple[str, int], tuple[int, object]] = {}

    def add(self, state: State) -> None:
        """Write the next state."""
        numbers: dict[str, int | list[int]] = {}
        known: dict[tuple[str, int], tuple[int, object]] = {}
        for name in FIELDS:
            adapter, many = _adapter(name)
            value = getattr(state, name)
            if many:
                numbers[name] = [self._number(name, item, adapter, known) for item in value]
            else:
                numbers[name] = self._number(name, value, adapter, known)
        self._known = known
        self.lists.append(json.dumps(numbers, separators=(",", ":")).encode())

    def _number(
        self,
        name: str,
        value: object,
        adapter: TypeAdapter[Any],
        known: dict[tuple[str, int], tuple[int, object]],
    ) -> int:
        key = (name, id(value))
        found = self._known.get(key) or known.get(key)
        if found is None:
            found = (len(self.parts), value)
            self.parts.append(adapter.dump_json(value))
        known[key] = found
        return found[0]


class KeptStates:
    """States in a file, made when they are asked for; a part that was read stays in memory.

    Args:
        read_part, read_list: Give the bytes between two offsets.
        parts, lists: Where each part and each state begins, and the end of the last one.
    """

    def __init__(
        self, read_part: Read, read_list: Read, parts: "array[int]", lists: "array[int]"
    ) -> None:
        self._read_part = read_part
        self._read_list = read_list
        self._parts = parts
        self._lists = lists
        self._made: dict[int, Any] = {}

    def state(self, number: int) -> State:
        """A state.

        Raises:
            LogError: If the file does not hold it.
        """
        try:
            numbers = json.loads(self._read_list(self._lists[number], self._lists[number + 1]))
            values: dict[str, Any] = {}
            for name in FIELDS:
                adapter, many = _adapter(name)
                if many:
                    values[name] = tuple(self._many(numbers[name], adapter))
                else:
                    values[name] = self._many([numbers[name]], adapter)[0]
            return State(**values)
        except (ValidationError, ValueError, KeyError, TypeError, IndexError) as error:
            raise LogError(
                "the index of the log is damaged; remove it and open the log again"
            ) from error

    def _many(self, numbers: list[int], adapter: TypeAdapter[Any]) -> list[Any]:
        made = self._made
        missing = [number for number in numbers if number not in made]
        if missing:
            # One read for all of them: neighbours in a state are neighbours in the file.
            first, last = min(missing), max(missing)
            start = self._parts[first]
            data = self._read_part(start, self._parts[last + 1])
            for number in missing:
                part = data[self._parts[number] - start : self._parts[number + 1] - start]
                made[number] = adapter.validate_json(part)
        return [made[number] for number in numbers]
