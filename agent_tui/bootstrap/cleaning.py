"""Finding and removing what sessions left in a repository."""

import asyncio

from agent_tui.bootstrap.environment import Options, load_configuration, open_store
from agent_tui.workspace.leftovers import Leftover, find_leftovers, remove_leftovers


async def leftovers(options: Options) -> tuple[Leftover, ...]:
    """What the sessions left in the repository where the command was called.

    Raises:
        WorkspaceError: If there is no repository that can be worked on.
        LogError: If the sessions cannot be listed.
    """
    store = open_store(options, load_configuration(options, None))
    summaries = await asyncio.to_thread(store.list)
    through = {s.id: bool(s.outcome) and not s.locked for s in summaries}
    return await find_leftovers(options.folder, through)


async def clean(options: Options, found: tuple[Leftover, ...]) -> tuple[str, ...]:
    """Remove of that what can go; gives a sentence on each that could not.

    Raises:
        WorkspaceError: If there is no repository that can be worked on.
    """
    return await remove_leftovers(options.folder, found)
