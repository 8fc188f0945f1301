"""What the commands share: options that several take, and how a command ends.

A module of this package is one command or a few that belong together. Its ``add`` says what they
take and names the functions that run them; whatever is heavy is imported by those functions.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

if TYPE_CHECKING:
    from agent_tui.bootstrap.environment import Options

OK = 0
FAILED = 1
USAGE = 2

Run = Callable[[argparse.Namespace], int]
Subparsers = argparse._SubParsersAction  # argparse has no public name for it
if TYPE_CHECKING:
    _Commands = Subparsers[argparse.ArgumentParser]
else:
    _Commands = Subparsers


class Parser(argparse.ArgumentParser):
    """Says in one sentence what is wrong with a command line, and where to look it up."""

    def error(self, message: str) -> NoReturn:
        """Print it, and end with the exit code for wrong usage."""
        self.exit(USAGE, f"{self.prog}: {message} (see {self.prog} --help)\n")


class Commands(_Commands):
    """Commands whose options may also stand before their name where the parent has them, too.

    argparse lets the defaults of a command's options replace what was given before its name.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Parse the command's arguments, and put those that stood before it where it has none."""
        before = dict(vars(namespace))
        super().__call__(parser, namespace, values, option_string)
        for name, value in before.items():
            default, now = parser.get_default(name), getattr(namespace, name)
            if value == default or now is value or name == self.dest:
                continue
            if isinstance(value, list) and isinstance(now, list):
                setattr(namespace, name, value + now)
            elif now == default:
                setattr(namespace, name, value)


class Parents(NamedTuple):
    """Parsers of options that several commands take.

    Attributes:
        common: ``--sessions`` and ``--set``.
        models: Which model serves which role.
        headless: ``--headless`` and ``--json``.
    """

    common: argparse.ArgumentParser
    models: argparse.ArgumentParser
    headless: argparse.ArgumentParser


def parents() -> Parents:
    """The shared options."""
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
    tape = models.add_mutually_exclusive_group()
    tape.add_argument(
        "--record", type=Path, metavar="FILE", help="record what goes over the wire, without keys"
    )
    tape.add_argument(
        "--cassette", type=Path, metavar="FILE", help="play what was recorded instead of calling"
    )
    models.add_argument(
        "--cassette-speed",
        type=float,
        default=1.0,
        metavar="N",
        help="play N times faster than recorded; 0 does not wait",
    )
    headless = argparse.ArgumentParser(add_help=False)
    headless.add_argument(
        "--headless", action="store_true", help="no screen; every gate is decided by policy"
    )
    headless.add_argument(
        "--json", action="store_true", help="with --headless: events as JSON Lines on stdout"
    )
    return Parents(common, models, headless)


def fail(message: str) -> int:
    """Say what is wrong in one sentence, and give the exit code for it."""
    print(f"agent-tui: {message}", file=sys.stderr)
    return USAGE


def settings_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """The settings that the command line gives, by dotted key."""
    settings: dict[str, Any] = {}
    for pair in getattr(arguments, "set", []):
        key, equals, value = pair.partition("=")
        if not equals:
            sys.exit(fail(f"--set {pair}: write KEY=VALUE"))
        settings[key.strip()] = value.strip()
    if preset := getattr(arguments, "preset", None):
        from agent_tui.bootstrap.models import preset_settings  # noqa: PLC0415

        settings |= preset_settings(preset)
    for role in ("planner", "coder", "reviewer"):
        if model := getattr(arguments, role, None):
            settings[f"roles.{role}.model"] = model
    return settings


def options_of(arguments: argparse.Namespace) -> Options:
    """What the bootstrap needs of the command line."""
    from agent_tui.bootstrap.environment import Options  # noqa: PLC0415

    return Options(
        folder=Path.cwd(),
        settings=settings_of(arguments),
        sessions=getattr(arguments, "sessions", None),
        script=getattr(arguments, "script", None),
        record=getattr(arguments, "record", None),
        cassette=getattr(arguments, "cassette", None),
        cassette_speed=getattr(arguments, "cassette_speed", 1.0),
        tell=lambda text: print(f"agent-tui: {text}", file=sys.stderr),
    )
