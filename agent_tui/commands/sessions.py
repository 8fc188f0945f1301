"""``sessions``: what there is, and what can be done with it."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from agent_tui.commands import library, transfer
from agent_tui.commands.common import Commands, Parents, Subparsers, options_of

if TYPE_CHECKING:
    from agent_tui.sessions.summary import SessionSummary


def add(commands: Subparsers[argparse.ArgumentParser], parents: Parents) -> None:
    """Say what the command takes."""
    sessions = commands.add_parser("sessions", help="list the sessions", parents=[parents.common])
    sessions.add_argument("--all", action="store_true", help="of all repositories")
    sessions.set_defaults(run=_sessions)
    what = sessions.add_subparsers(dest="what", metavar="WHAT", action=Commands)
    listed = what.add_parser("list", help="list them (the default)", parents=[parents.common])
    for parser in (sessions, listed):
        parser.add_argument("--state", metavar="STATE", help="only those, e.g. committed, left")
        parser.add_argument("--tag", metavar="TAG", help="only those with that tag")
        parser.add_argument("--model", metavar="TEXT", help="only those with such a model")
        parser.add_argument("--since", type=int, metavar="DAYS", help="only those not older")
        parser.add_argument("--archived", action="store_true", help="archived ones as well")
        parser.add_argument(
            "--sort", choices=["last", "cost", "started"], default="last", help="default: last"
        )
    listed.add_argument("--all", action="store_true", help="of all repositories")
    listed.set_defaults(run=_sessions)
    library.add(what, parents)
    transfer.add(what, parents)


def _sessions(arguments: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415 - not needed for --help and --version

    from agent_tui.bootstrap import load_configuration, open_store  # noqa: PLC0415
    from agent_tui.domain.text import one_line  # noqa: PLC0415
    from agent_tui.ports import WorkspaceError  # noqa: PLC0415
    from agent_tui.sessions.catalog import Catalog  # noqa: PLC0415
    from agent_tui.workspace.repository import open_repository  # noqa: PLC0415

    options = options_of(arguments)
    root = None
    if not arguments.all:
        try:
            root = asyncio.run(open_repository(options.folder)).root
        except WorkspaceError:
            print("not in a repository: showing the sessions of all", file=sys.stderr)
    store = open_store(options, load_configuration(options, None))
    catalog = Catalog(store)
    try:
        summaries = [row for row in catalog.refresh() if _wanted(row, arguments, root)]
    finally:
        catalog.close()
    if arguments.sort == "cost":
        summaries.sort(key=lambda row: row.cost, reverse=True)
    elif arguments.sort == "started":
        summaries.sort(key=lambda row: row.id, reverse=True)
    if not summaries:
        print("no sessions yet", file=sys.stderr)
    for row in summaries:
        cost = f"${row.cost:.2f}" if row.cost or not row.unpriced_calls else "unpriced"
        when = f"{row.last:%Y-%m-%d %H:%M}" if row.last else ""
        tags = "".join(f" #{tag}" for tag in row.labels.tags)
        words = one_line(row.problem or row.title, 60)
        print(f"{row.id:<24} {row.state:<16} {cost:>9}  {when:<17} {words}{tags}")
    return 0


def _wanted(row: SessionSummary, arguments: argparse.Namespace, root: str | None) -> bool:
    import os  # noqa: PLC0415
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415

    if root is not None and (not row.root or os.path.realpath(row.root) != os.path.realpath(root)):
        return False
    if row.labels.archived and not arguments.archived:
        return False
    if arguments.tag and arguments.tag not in row.labels.tags:
        return False
    if arguments.state and not row.state.startswith(arguments.state):
        return False
    if arguments.model and not any(arguments.model in model for model in row.models):
        return False
    oldest = datetime.now(UTC) - timedelta(days=arguments.since or 0)
    return arguments.since is None or (row.last is not None and row.last >= oldest)
