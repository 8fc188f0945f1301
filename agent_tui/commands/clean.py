"""``sessions clean``: removes from the repository what sessions left and nobody needs any more."""

from __future__ import annotations

import argparse
import sys

from agent_tui.commands.common import FAILED, OK, Parents, Subparsers, options_of


def add(what: Subparsers[argparse.ArgumentParser], parents: Parents) -> None:
    """Say what the command takes."""
    words = "remove branches that are merged, and refs of deleted sessions"
    clean = what.add_parser(
        "clean",
        help=words,
        description=f"{words[0].upper()}{words[1:]}. A branch agent-tui/ID goes if another branch "
        "or a tag has its commit, its session is through, and it is checked out nowhere. The refs "
        "that keep a session's trees go if that session is deleted; sessions that lie elsewhere "
        "are known by --sessions. Without --yes it only says what it would do.",
        parents=[parents.common],
    )
    clean.add_argument("--yes", action="store_true", help="do it")
    clean.set_defaults(run=_clean)


def _clean(arguments: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415 - not needed for --help and --version

    from agent_tui.bootstrap.cleaning import clean, leftovers  # noqa: PLC0415
    from agent_tui.domain.text import counted, visible  # noqa: PLC0415

    options = options_of(arguments)
    found = asyncio.run(leftovers(options))
    for entry in found:
        print(visible(f"{'remove' if entry.removable else 'keep':<8}{entry.name}: {entry.why}"))
    going = [entry for entry in found if entry.removable]
    if not going:
        print("there is nothing to remove")
        return OK
    if not arguments.yes:
        print("nothing is removed yet: add --yes to do it")
        return OK
    problems = asyncio.run(clean(options, found))
    for problem in problems:
        print(f"agent-tui: {visible(problem)}", file=sys.stderr)
    refs = sum(len(entry.refs) for entry in going)
    print(f"removed: {counted(refs, 'ref')}" if not problems else "the others are removed")
    return FAILED if problems else OK
