"""``sessions``: what there is, and what can be done with it."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from agent_tui.commands import clean, compare, fork, library, transfer
from agent_tui.commands.common import Commands, Parents, Subparsers, options_of

if TYPE_CHECKING:
    from agent_tui.sessions.query import Query
    from agent_tui.sessions.store import SessionStore
    from agent_tui.sessions.summary import SessionSummary

TERMS = (
    "state:open, waiting, running, left, interrupted, committed, rejected …; tag:NAME; "
    "model:TEXT; repo:NAME or repo:all; since:7d; before:2w; cost:>0.5; archived:yes or only; "
    "parent:ID"
)


def add(commands: Subparsers[argparse.ArgumentParser], parents: Parents) -> None:
    """Say what the command takes."""
    sessions = commands.add_parser("sessions", help="list the sessions", parents=[parents.common])
    sessions.add_argument("--all", action="store_true", help="of all repositories")
    sessions.set_defaults(run=_sessions)
    what = sessions.add_subparsers(dest="what", metavar="WHAT", action=Commands)
    words = "list them (the default), narrowed by words and terms"
    listed = what.add_parser(
        "list", help=words, description=words, epilog=f"terms: {TERMS}", parents=[parents.common]
    )
    listed.add_argument(
        "query", nargs="*", metavar="QUERY", help="words said in a session, and terms (below)"
    )
    for parser in (sessions, listed):
        parser.add_argument("--state", metavar="STATE", help="only those, e.g. committed, open")
        parser.add_argument("--tag", metavar="TAG", help="only those with that tag")
        parser.add_argument("--model", metavar="TEXT", help="only those with such a model")
        parser.add_argument("--repo", metavar="NAME", help="only those of that repository")
        parser.add_argument("--since", metavar="AGE", help="only those not older, e.g. 7d or 12h")
        parser.add_argument("--before", metavar="AGE", help="only those older")
        parser.add_argument("--cost", metavar="DOLLARS", help="e.g. '>0.5' or '<2'")
        parser.add_argument("--archived", action="store_true", help="archived ones as well")
        parser.add_argument("--json", action="store_true", help="an object a line")
        parser.add_argument(
            "--sort", choices=["last", "cost", "started"], default="last", help="default: last"
        )
    listed.add_argument("--all", action="store_true", help="of all repositories")
    listed.set_defaults(run=_sessions)
    library.add(what, parents)
    fork.add(what, parents)
    compare.add(what, parents)
    transfer.add(what, parents)
    clean.add(what, parents)


def _sessions(arguments: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415 - not needed for --help and --version
    import json  # noqa: PLC0415

    from agent_tui.bootstrap.environment import load_configuration, open_store  # noqa: PLC0415
    from agent_tui.domain.text import one_line, title_line  # noqa: PLC0415
    from agent_tui.ports import WorkspaceError  # noqa: PLC0415
    from agent_tui.sessions.query import parse_query  # noqa: PLC0415
    from agent_tui.workspace.repository import open_repository  # noqa: PLC0415

    options = options_of(arguments)
    text = _asked(arguments)
    root = ""
    if not arguments.all and not any(key == "repo" for key, _ in parse_query(text).terms):
        try:
            root = asyncio.run(open_repository(options.folder)).root
        except WorkspaceError:
            print("not in a repository: showing the sessions of all", file=sys.stderr)
    query = parse_query(text, root)
    store = open_store(options, load_configuration(options, None))
    summaries = _found(store, query)
    if arguments.sort == "cost":
        summaries.sort(key=lambda row: row.cost, reverse=True)
    elif arguments.sort == "started":
        summaries.sort(key=lambda row: row.id, reverse=True)
    if not summaries and not arguments.json:
        print("no session fits" if text else "no sessions yet", file=sys.stderr)
    for row in summaries:
        if arguments.json:
            print(json.dumps(_fields(row)))
            continue
        cost = f"${row.cost:.2f}" if row.cost or not row.unpriced_calls else "unpriced"
        when = f"{row.last:%Y-%m-%d %H:%M}" if row.last else ""
        tags = "".join(f" #{one_line(tag, 40)}" for tag in row.labels.tags)
        repo = "" if root else f"{one_line(row.repo, 16):<17} "
        words = title_line(row.problem or row.title, 60)
        print(f"{row.id:<24} {row.state:<16} {cost:>9}  {when:<17} {repo}{words}{tags}")
    return 0


def _asked(arguments: argparse.Namespace) -> str:
    """The question of the command line, options and all, as it would be typed on the screen."""
    words = list(getattr(arguments, "query", []))
    for key in ("state", "tag", "model", "repo", "since", "before", "cost"):
        value = getattr(arguments, key)
        if value:
            # A bare number of days is what --since took first.
            words.append(f'{key}:"{value}"')
    if arguments.archived:
        words.append("archived:yes")
    return " ".join(words)


def _found(store: SessionStore, query: Query) -> list[SessionSummary]:
    from agent_tui.sessions.catalog import Catalog  # noqa: PLC0415
    from agent_tui.sessions.log import SystemClock  # noqa: PLC0415

    catalog = Catalog(store)
    try:
        rows = catalog.refresh()
        if query.words:
            rows = [hit.summary for hit in catalog.search(query.words)]
    finally:
        catalog.close()
    now = SystemClock().now()
    return [row for row in rows if query.fits(row, now)]


def _fields(row: SessionSummary) -> dict[str, object]:
    return {
        "v": 1,
        "session": row.id,
        "state": row.state,
        "outcome": row.outcome,
        "repo": row.repo,
        "root": row.root,
        "request": row.request,
        "name": row.labels.name,
        "tags": list(row.labels.tags),
        "archived": row.labels.archived,
        "models": list(row.models),
        "cost": str(row.cost),
        "unpriced_calls": row.unpriced_calls,
        "attempts": row.attempts,
        "records": row.records,
        "started": row.started.isoformat() if row.started else None,
        "last": row.last.isoformat() if row.last else None,
        "parent": row.parent,
        "problem": row.problem,
    }
