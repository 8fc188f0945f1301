"""The command line. Nothing heavy is imported before the command is known."""

from __future__ import annotations

import argparse
import os
import sys

from agent_tui import __version__
from agent_tui.commands import (
    apply,
    config,
    crashed,
    dispatch,
    doctor,
    replay,
    review,
    rules,
    run,
    sessions,
    undo,
    write,
)
from agent_tui.commands.common import Commands, Parser, parents
from agent_tui.commands.output import visible_output

EPILOG = """exit codes: 0 committed or nothing to do, 1 failed, 2 wrong usage, configuration or
repository, 3 rejected by the person, 4 limit reached, 5 checks failed at the limit,
6 a model failed, 7 a review has open comments or findings, 130 interrupted"""


def build_parser() -> argparse.ArgumentParser:
    """The command line's parser."""
    shared = parents()
    parser = Parser(
        prog="agent-tui",
        description="Supervise coding agents: approve, edit or reject every step before git "
        "commits it. Without a command it opens the sessions of this repository.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared.common, shared.models],
    )
    parser.add_argument("--version", action="version", version=f"agent-tui {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", action=Commands)
    for module in (run, review, replay, sessions, apply, undo, doctor, rules, write, config):
        module.add(commands, shared)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code."""
    with visible_output():
        return _main(arguments)


def _main(arguments: list[str] | None) -> int:
    options = build_parser().parse_args(arguments)
    try:
        return dispatch(options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output went away; Python would complain about it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        return crashed(error)
