"""``replay``: step through a saved session, or print it."""

from __future__ import annotations

import argparse
import sys

from agent_tui.commands.common import Parents, Subparsers, options_of


def add(commands: Subparsers[argparse.ArgumentParser], parents: Parents) -> None:
    """Say what the command takes."""
    replay = commands.add_parser(
        "replay", help="step through a saved session", parents=[parents.common]
    )
    replay.add_argument(
        "session", metavar="ID|PATH", nargs="?", help="without it: a list to choose from"
    )
    replay.add_argument("--headless", action="store_true", help="print it instead")
    replay.add_argument("--json", action="store_true", help="with --headless: as JSON Lines")
    replay.set_defaults(run=_replay, screen=True)


def _replay(arguments: argparse.Namespace) -> int:
    from agent_tui.bootstrap.saved import find_saved  # noqa: PLC0415
    from agent_tui.domain.fold import apply  # noqa: PLC0415
    from agent_tui.domain.state import State  # noqa: PLC0415
    from agent_tui.headless import progress, record_line  # noqa: PLC0415

    saved = find_saved(options_of(arguments), arguments.session)
    state = State()
    for record in saved.records:
        state = apply(state, record)
        line = record_line(record) if arguments.json else progress(record, state)
        if line:
            print(line)
    for problem in saved.problems:
        print(f"damaged: {problem}", file=sys.stderr)
    return 1 if saved.problems else 0
