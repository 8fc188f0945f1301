"""``undo``: take back what a session committed."""

from __future__ import annotations

import argparse
import sys

from agent_tui.commands.common import FAILED, OK, Parents, Subparsers, options_of


def add(commands: Subparsers[argparse.ArgumentParser], parents: Parents) -> None:
    """Say what the command takes."""
    undo = commands.add_parser(
        "undo",
        help="take back what a session committed, by another commit",
        description="Makes a commit that takes a session's commit back, on the branch that is "
        "checked out. Files that later commits changed stay. On the disk, files with changes of "
        "your own stay as they are, and after a review of the working tree all do. To bring it "
        "again, undo the commit that this made.",
        parents=[parents.common],
    )
    undo.add_argument(
        "target",
        metavar="SESSION|COMMIT",
        nargs="?",
        help="default: the last commit of a session on this branch that is not taken back",
    )
    undo.set_defaults(run=_undo, screen=False)


def _undo(arguments: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415 - not needed for --help and --version

    from agent_tui.bootstrap.undo import undo_and_record  # noqa: PLC0415
    from agent_tui.domain.text import one_line  # noqa: PLC0415
    from agent_tui.headless import undone_line  # noqa: PLC0415
    from agent_tui.ports import CommitError  # noqa: PLC0415

    try:
        done, recorded = asyncio.run(undo_and_record(options_of(arguments), arguments.target))
    except CommitError as error:
        print(f"agent-tui: {one_line(str(error), 500)}", file=sys.stderr)
        return FAILED
    print(undone_line(done))
    if not recorded:
        print("its session is not on this machine, so no log has this", file=sys.stderr)
    if done.landed is None:
        return FAILED
    words = "to take it back again" if done.again else "to bring it again"
    print(f"{words}: agent-tui undo {done.by[:10]}")
    return OK
