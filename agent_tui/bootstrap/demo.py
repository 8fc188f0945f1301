"""The demo: a repository of its own, and the session that runs in it."""

import asyncio
from pathlib import Path

from agent_tui.bootstrap.environment import Environment, Options, UsageError
from agent_tui.bootstrap.live import LiveSession
from agent_tui.bootstrap.starting import resume_session, start_session
from agent_tui.demo import repository as demo
from agent_tui.ports import Clock, Gatekeeper
from agent_tui.sessions.clock import SystemClock


async def demo_options(
    wanted: Path | None, words_per_s: float, clock: Clock | None = None
) -> Options:
    """The options of a session in the demo's repository.

    Args:
        wanted: The folder of an earlier demo, or an empty one to make the repository in; None for
            a new temporary folder.

    Raises:
        WorkspaceError: If the folder is not empty, or cannot be used.
    """
    folder = await asyncio.to_thread(demo.earlier, wanted)
    if folder is not None:
        root = folder / demo.NAME
    else:
        folder = await asyncio.to_thread(demo.demo_folder, wanted)
        root = await demo.create(folder)
    return Options(
        folder=root,
        settings=demo.SETTINGS,
        sessions=folder / "sessions",
        worktrees=folder / "worktrees",
        script=demo.SCRIPT,
        words_per_s=words_per_s,
        own_settings=False,
        clock=clock or SystemClock(),
    )


async def run_demo(env: Environment, person: Gatekeeper | None = None) -> LiveSession:
    """Begin the demo's session, or go on with the one that was left in its folder.

    Raises:
        UsageError: If that one is finished.
    """
    sessions = env.store.list()
    if not sessions:
        return await start_session(env, demo.REQUEST, person)
    if sessions[0].outcome:
        raise UsageError(
            f"The demo in {env.store.folder.parent} is finished ({sessions[0].outcome}); "
            "name a new folder."
        )
    return await resume_session(env, sessions[0].id, person)
