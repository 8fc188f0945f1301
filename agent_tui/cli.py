"""The commands. Nothing heavy is imported before the command is known."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from agent_tui import __version__

USAGE = 2
EPILOG = """exit codes: 0 committed or nothing to do, 1 failed, 2 wrong usage, configuration or
repository, 3 rejected by the person, 4 limit reached, 5 checks failed at the limit,
6 a model failed, 130 interrupted"""


def build_parser() -> argparse.ArgumentParser:
    """The command line's parser."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--sessions", type=Path, metavar="DIR", help="the folder of sessions (default: XDG state)"
    )
    common.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting above the configuration files, e.g. limits.iterations=2",
    )
    models = argparse.ArgumentParser(add_help=False)
    for role in ("planner", "coder", "reviewer"):
        models.add_argument(f"--{role}", metavar="PROVIDER:MODEL", help=f"the {role}'s model")
    models.add_argument(
        "--preset", metavar="NAME", help="models for all roles: opus-codex, best, fast, local"
    )
    models.add_argument("--script", type=Path, metavar="FILE", help="scripted models from a file")
    headless = argparse.ArgumentParser(add_help=False)
    headless.add_argument(
        "--headless", action="store_true", help="no screen; every gate is decided by policy"
    )
    headless.add_argument(
        "--json", action="store_true", help="with --headless: events as JSON Lines on stdout"
    )

    parser = argparse.ArgumentParser(
        prog="agent-tui",
        description="Supervise coding agents: approve, edit or reject every step before git "
        "commits it. Without a command it opens the sessions of this repository.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[common, models],
    )
    parser.add_argument("--version", action="version", version=f"agent-tui {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    demo = commands.add_parser(
        "demo",
        help="a real loop in a temporary repository with scripted models: no key, no network",
        parents=[headless],
    )
    demo.add_argument(
        "--keep-in",
        type=Path,
        metavar="DIR",
        help="make it there, or go on with the one left there",
    )
    demo.add_argument(
        "--speed", type=float, default=60.0, metavar="WORDS", help="words a second (default: 60)"
    )
    run = commands.add_parser(
        "run", help="start a session with a request", parents=[common, models, headless]
    )
    run.add_argument("request", metavar="REQUEST", help="what should be done, in your words")
    resume = commands.add_parser(
        "resume", help="go on with a session", parents=[common, models, headless]
    )
    resume.add_argument("session", metavar="ID", help="a session's id or the beginning of it")
    replay = commands.add_parser("replay", help="step through a saved session", parents=[common])
    replay.add_argument(
        "session", metavar="ID|PATH", nargs="?", help="without it: the sessions that ship with us"
    )
    replay.add_argument("--headless", action="store_true", help="print it instead")
    replay.add_argument("--json", action="store_true", help="with --headless: as JSON Lines")
    sessions = commands.add_parser("sessions", help="list the sessions", parents=[common])
    sessions.add_argument("what", nargs="?", choices=["list"], help="the default")
    sessions.add_argument("--all", action="store_true", help="of all repositories")
    config = commands.add_parser(
        "config", help="show the settings and where each comes from", parents=[common]
    )
    config.add_argument(
        "--trust", action="store_true", help="let this repository's agent-tui.toml run commands"
    )
    config.add_argument("--forget", action="store_true", help="take that back")
    commands.add_parser("themes", help="list the themes")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code."""
    options = build_parser().parse_args(arguments)
    try:
        return _dispatch(options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output went away; Python would complain about it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _dispatch(options: argparse.Namespace) -> int:
    from agent_tui import commands  # noqa: PLC0415 - not needed for --help and --version

    return commands.run(options)
