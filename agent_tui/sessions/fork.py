"""A new session that begins as another one did, up to a step, and then goes its own way."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from agent_tui.domain import events as e
from agent_tui.domain.base import Actor, BlobRef
from agent_tui.domain.state import State
from agent_tui.ports import Clock
from agent_tui.sessions import codec
from agent_tui.sessions.blobs import put_blob
from agent_tui.sessions.files import LogError, make_folder, reason, replace_file, sync_folder
from agent_tui.sessions.log import EVENTS
from agent_tui.sessions.saved import SavedSession
from agent_tui.sessions.verify import references

Change = Callable[[e.SessionStarted], e.SessionStarted]


def check_place(state: State) -> None:
    """Refuse a place from which nothing can go on.

    Raises:
        LogError: With what to do instead.
    """
    if state.session is None:
        raise LogError("there is nothing to fork before the session's first record")
    if state.commit_started is not None or state.commit is not None:
        raise LogError("the commit has begun at that step; fork from an earlier one")
    if state.finished is not None:
        raise LogError("the session has ended at that step; fork from an earlier one")


def fork(
    parent: SavedSession,
    position: int,
    folder: Path,
    *,
    change: Change,
    clock: Clock,
    reason_: str = "",
    changes: tuple[str, ...] = (),
    then: Sequence[tuple[e.Event, Actor]] = (),
) -> State:
    """Write a new session into *folder*, which is made.

    Args:
        parent: It is only read.
        position: How many of its records are taken over.
        change: Makes the new session's first event from the parent's.
        reason_, changes: For the record of the fork.
        then: What the new session begins with: a spec or a decision of the person's own.

    Returns:
        The new session's state.

    Raises:
        LogError: If it cannot be forked there, or cannot be written.
    """
    if not 0 < position <= len(parent.log):
        raise LogError(f"there is no step {position}: {parent.id} has {len(parent.log)}")
    state = parent.log.state_at(position)
    check_place(state)
    forked = e.SessionForked(
        parent=parent.id,
        seq=parent.log[position - 1].seq,
        digest=parent.digest_at(position),
        reason=reason_,
        changes=changes,
    )
    new: list[tuple[e.Event, Actor]] = [(forked, "person"), *then]
    lines: list[bytes] = []
    refs: dict[str, BlobRef] = {}
    digest = codec.FIRST
    for record in _records(parent, position, change, new, clock):
        line, digest = codec.encode(record, digest)
        lines.append(line)
        refs.update((ref.digest, ref) for ref in references(record.event))
    try:
        make_folder(folder.parent)
        folder.mkdir(mode=0o700)
        for ref in refs.values():
            put_blob(folder, parent.blob(ref))
        replace_file(folder / EVENTS, b"".join(lines))  # the last: with it there is a session
        sync_folder(folder.parent)
    except OSError as error:
        raise LogError(f"cannot make the session folder {folder}: {reason(error)}") from error
    return state


def _records(
    parent: SavedSession,
    position: int,
    change: Change,
    new: list[tuple[e.Event, Actor]],
    clock: Clock,
) -> Iterator[e.Record]:
    attempt = seq = 0
    for place in range(position):
        record = parent.log[place]
        event = record.event
        if isinstance(event, e.Unknown):
            continue  # nobody here knows what it would mean in another session
        if isinstance(event, e.SessionStarted):
            event = change(event)
        attempt = record.attempt
        yield record.model_copy(update={"seq": seq, "event": event})
        seq += 1
    for event, actor in new:
        yield e.Record(
            seq=seq,
            at=clock.now(),
            mono_ns=clock.monotonic_ns(),
            attempt=attempt,
            actor=actor,
            event=event,
        )
        seq += 1
