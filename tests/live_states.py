"""Whether each session that a test runs replays, from its file, as it was live at every event.

The engine's states are noted while it works (they are immutable, so that costs nothing). When the
test ends, the log is read back and folded, and the hashes of both states are compared after every
record; at some places also the state that a replay seeks to through the index.
"""

import hashlib
from pathlib import Path

from agent_tui.domain.fold import apply
from agent_tui.domain.output import Pieces
from agent_tui.domain.replacing import replace
from agent_tui.domain.state import State, Step
from agent_tui.sessions.files import LogError
from agent_tui.sessions.indexed import IndexedLog
from agent_tui.sessions.reader import LogReader
from agent_tui.sessions.snapshots import FIELDS, _adapter

SOUGHT = 4
"""Places of each session that are sought through the index as well."""


class Hashes:
    """Hashes of states. Parts that neighbouring states share are hashed once."""

    def __init__(self) -> None:
        # The objects are held, so that no other one gets the address of one that is gone.
        self._parts: dict[tuple[str, int], tuple[object, bytes]] = {}
        self._pieces: dict[int, tuple[object, list[bytes]]] = {}

    def of(self, state: State) -> bytes:
        """The hash of all of a state."""
        whole = hashlib.sha256()
        for name in FIELDS:
            value = getattr(state, name)
            many = _adapter(name)[1]
            items = value if many else (value,)
            whole.update(b"%b %d\n" % (name.encode(), len(items)))
            for item in items:
                whole.update(self._part(name, item))
        return whole.digest()

    def _part(self, name: str, item: object) -> bytes:
        found = self._parts.get((name, id(item)))
        if found is None:
            adapter = _adapter(name)[0]
            bare = replace(item, output=Pieces()) if isinstance(item, Step) else item
            digest = hashlib.sha256(adapter.dump_json(bare)).digest()
            if isinstance(item, Step):
                digest += self._output(item.output)
            found = self._parts[name, id(item)] = (item, digest)
        return found[1]

    def _output(self, pieces: Pieces) -> bytes:
        """The hash of what a step streamed: longer sequences go on where shorter ones ended."""
        count = len(pieces)
        items = pieces._items
        running = self._pieces.setdefault(id(items), (items, [b""]))[1]
        while len(running) <= count:
            piece = items[len(running) - 1]
            said = f"{piece.seq} {piece.channel} {piece.text!r}".encode()
            running.append(hashlib.sha256(running[-1] + said).digest())
        return running[count]


def differences(folder: Path, live: dict[int, State]) -> tuple[int, list[str]]:
    """Compare a session's log with the states that it had live, by number of record.

    Returns:
        How many states were compared, and where they differ, in words.
    """
    path = folder / "events.jsonl"
    reader = LogReader(path)
    try:
        records = reader.read_new()
    except LogError:
        return 0, []  # the test took it away
    if reader.problems:
        return 0, []  # the test damaged it
    hashes, state, compared = Hashes(), State(), 0
    wrong: list[str] = []
    for record in records:
        state = apply(state, record)
        if record.seq in live and live[record.seq].last_at == record.at:  # not of another log
            compared += 1
            if hashes.of(state) != hashes.of(live[record.seq]):
                wrong.append(f"{folder.name}: record {record.seq}, {record.event.type}")
    log = IndexedLog(path)
    while log.build(1_000):
        pass
    for place in sorted(live)[:: max(1, len(live) // SOUGHT)]:
        known = place < len(log) and live[place].last_at == log[place].at
        if known and hashes.of(log.state_at(place + 1)) != hashes.of(live[place]):
            wrong.append(f"{folder.name}: sought record {place}")
    return compared, wrong
