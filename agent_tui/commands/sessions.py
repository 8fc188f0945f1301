"""``sessions``: what there is, and what can be done with it."""

from __future__ import annotations

import argparse
import sys

from agent_tui.commands import transfer
from agent_tui.commands.common import Parents, Subparsers, options_of


def add(commands: Subparsers[argparse.ArgumentParser], parents: Parents) -> None:
    """Say what the command takes."""
    sessions = commands.add_parser("sessions", help="list the sessions", parents=[parents.common])
    sessions.add_argument("--all", action="store_true", help="of all repositories")
    sessions.set_defaults(run=_sessions)
    what = sessions.add_subparsers(dest="what", metavar="WHAT")
    listed = what.add_parser("list", help="list them (the default)", parents=[parents.common])
    listed.add_argument("--all", action="store_true", help="of all repositories")
    listed.set_defaults(run=_sessions)
    transfer.add(what, parents)


def _sessions(arguments: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415 - not needed for --help and --version

    from agent_tui.bootstrap import load_configuration, open_store  # noqa: PLC0415
    from agent_tui.domain.text import one_line  # noqa: PLC0415
    from agent_tui.ports import WorkspaceError  # noqa: PLC0415
    from agent_tui.workspace.repository import open_repository  # noqa: PLC0415

    options = options_of(arguments)
    root = None
    if not arguments.all:
        try:
            root = asyncio.run(open_repository(options.folder)).root
        except WorkspaceError:
            print("not in a repository: showing the sessions of all", file=sys.stderr)
    store = open_store(options, load_configuration(options, None))
    summaries = store.list(root)
    if not summaries:
        print("no sessions yet", file=sys.stderr)
    for row in summaries:
        cost = f"${row.cost:.2f}" if row.cost or not row.unpriced_calls else "unpriced"
        when = f"{row.last:%Y-%m-%d %H:%M}" if row.last else ""
        words = one_line(row.problem or row.request, 60)
        print(f"{row.id:<24} {row.state:<16} {cost:>9}  {when:<17} {words}")
    return 0
