"""``agents-md`` and ``adr``: the planner writes a document of the repository."""

from __future__ import annotations

import argparse

from agent_tui.commands.common import Parents, Subparsers, options_of


def add(commands: Subparsers[argparse.ArgumentParser], parents: Parents) -> None:
    """Say what the commands take."""
    shared = [parents.common, parents.models, parents.headless]
    agents = commands.add_parser(
        "agents-md", help="have the planner write or update AGENTS.md", parents=shared
    )
    agents.set_defaults(run=_write, screen=True, request="")
    adr = commands.add_parser(
        "adr", help="have the planner write the next decision record", parents=shared
    )
    adr.add_argument("request", metavar="TITLE", help="what was decided")
    adr.set_defaults(run=_write, screen=True)


def _write(arguments: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415 - not needed for --help and --version

    from agent_tui.bootstrap.documents import write_document  # noqa: PLC0415
    from agent_tui.bootstrap.environment import open_environment  # noqa: PLC0415
    from agent_tui.headless import run_headless  # noqa: PLC0415

    async def go() -> int:
        env = await open_environment(options_of(arguments))
        session = await write_document(env, arguments.command, arguments.request)
        return await run_headless(session, as_json=arguments.json)

    return asyncio.run(go())
