"""Taking back what a session committed, with a record of it in the session's log."""

from pathlib import Path

from agent_tui.bootstrap.environment import Options, load_configuration, open_store
from agent_tui.config import paths
from agent_tui.domain.events import CommitUndone
from agent_tui.domain.state import State
from agent_tui.engine.recorder import Recorder
from agent_tui.sessions.log import SessionLog
from agent_tui.workspace.checkout import Keep
from agent_tui.workspace.commit import Consent, LendTerminal
from agent_tui.workspace.repository import open_repository
from agent_tui.workspace.taking_back import Undone, UndoPlan, plan_undo, undo_commit
from agent_tui.workspace.undo import Landed, find_landed


async def look_ahead(folder: Path, name: str, session: State) -> UndoPlan:
    """What :func:`undo` would do now. The arguments and errors are the same."""
    return await plan_undo(folder, await find_landed(folder, name), _private(), kept_by(session))


async def undo(
    folder: Path,
    name: str,
    session: State,
    hooks: Consent,
    terminal: LendTerminal | None = None,
) -> CommitUndone:
    """Take one commit back; whoever calls has its session's log.

    Args:
        folder: Anywhere in the repository.
        name: A commit of a session, or a session's id.
        session: The state of that session.
        terminal: Hands the terminal over to whatever signs.

    Raises:
        WorkspaceError: If there is nothing to take back, or it cannot be done now.
        CommitError: If there is no commit that does it.
    """
    target = await find_landed(folder, name)
    return await _undo(folder, target, kept_by(session), hooks, terminal)


def kept_by(session: State) -> Keep:
    """Which files stay as they are on the disk when a session's commit is taken back.

    What was committed of the person's own working tree is theirs: all of it stays.
    """
    given = session.session.given if session.session is not None else None
    return "all" if given is not None and given.kind == "worktree" else "own"


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
        return await _undo(root, target, kept_by(State()), hooks), False
    # The log is opened first: what cannot be recorded is not done.
    log: SessionLog = store.open_writer(target.origin)
    try:
        recorder = Recorder(log, log.state)
        done = await _undo(root, target, kept_by(log.state), hooks)
        await recorder.append(done, "person")
    finally:
        await log.close()
    return done, True


async def _undo(
    folder: Path, target: Landed, keep: Keep, hooks: Consent, terminal: LendTerminal | None = None
) -> CommitUndone:
    done: Undone = await undo_commit(
        folder, target, _private(), keep, consent=hooks, terminal=terminal
    )
    return CommitUndone(
        commit=done.commit,
        by=done.by,
        ref=done.ref,
        landed=done.landed,
        paths=done.paths,
        kept=done.kept,
        on_disk=done.on_disk,
        again=target.again,
        detail=done.detail,
    )


def _private() -> Path:
    return paths.state_folder() / "undo"
