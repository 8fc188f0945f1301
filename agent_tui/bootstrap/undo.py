"""Taking back what a session committed, with a record of it in the session's log."""

from pathlib import Path

from agent_tui.bootstrap.environment import Options, load_configuration, open_store
from agent_tui.config import paths
from agent_tui.domain.events import CommitUndone
from agent_tui.domain.state import State
from agent_tui.engine.recorder import Recorder
from agent_tui.sessions.log import SessionLog
from agent_tui.workspace.commit import Consent, LendTerminal
from agent_tui.workspace.repository import open_repository
from agent_tui.workspace.undo import Landed, Undone, find_landed, undo_commit


async def undo(
    folder: Path, name: str, hooks: Consent, terminal: LendTerminal | None = None
) -> CommitUndone:
    """Take one commit back; whoever calls has its session's log.

    Args:
        folder: Anywhere in the repository.
        name: A commit of a session, or a session's id.
        terminal: Hands the terminal over to whatever signs.

    Raises:
        WorkspaceError: If there is nothing to take back, or it cannot be done now.
        CommitError: If there is no commit that does it.
    """
    return await _undo(folder, await find_landed(folder, name), hooks, terminal)


async def undo_and_record(options: Options, name: str | None) -> tuple[CommitUndone, bool]:
    """Take back a commit, and write that into the log of the session that made it.

    Args:
        name: A commit, a session's id or the beginning of one; None means the last commit of a
            session on this branch that is not taken back.

    Returns:
        What was done, and whether a log has it: a commit of another machine's session has none.

    Raises:
        WorkspaceError: If there is nothing to take back, or it cannot be done now.
        CommitError: If there is no commit that does it.
        LogError: If the session is open in another process, or its log cannot be written.
    """
    facts = await open_repository(options.folder, options.tell)
    root = Path(facts.root)
    loaded = load_configuration(options, root)
    store = open_store(options, loaded)
    ids = [summary.id for summary in store.list()]
    if name is not None:
        matching = [found for found in ids if found == name or found.endswith(f"-{name}")]
        name = matching[0] if len(matching) == 1 else name
    target = await find_landed(root, name)
    hooks = loaded.settings.commit.hooks
    if target.origin not in ids:
        return await _undo(root, target, hooks), False
    # The log is opened first: what cannot be recorded is not done.
    log: SessionLog = store.open_writer(target.origin)
    try:
        recorder = Recorder(log, State())
        done = await _undo(root, target, hooks)
        await recorder.append(done, "person")
    finally:
        await log.close()
    return done, True


async def _undo(
    folder: Path, target: Landed, hooks: Consent, terminal: LendTerminal | None = None
) -> CommitUndone:
    private = paths.state_folder() / "undo"
    done: Undone = await undo_commit(folder, target, private, consent=hooks, terminal=terminal)
    return CommitUndone(
        commit=done.commit,
        by=done.by,
        ref=done.ref,
        landed=done.landed,
        paths=done.paths,
        kept=done.kept,
        detail=done.detail,
    )
