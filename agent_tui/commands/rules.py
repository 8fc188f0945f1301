"""``rules``: what tool calls are allowed, asked about or denied here, and by which rule."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from agent_tui.commands.common import Parents, Subparsers, fail, options_of

if TYPE_CHECKING:
    from agent_tui.config.given import GivenRules
    from agent_tui.domain.rules import Rule


def add(commands: Subparsers[argparse.ArgumentParser], parents: Parents) -> None:
    """Say what the command takes."""
    rules = commands.add_parser(
        "rules",
        help="list or remove the rules for tool calls that hold in this repository",
        parents=[parents.common],
    )
    rules.add_argument(
        "what",
        nargs="?",
        choices=["list", "remove", "try"],
        default="list",
        help="list (the default), remove a rule that you gave at a gate, or try a command line",
    )
    rules.add_argument("which", nargs="?", metavar="N|LINE", help="its number, or the line to try")
    rules.set_defaults(run=_rules)


def _rules(arguments: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415 - not needed for --help and --version
    from pathlib import Path  # noqa: PLC0415

    from agent_tui.bootstrap.environment import load_configuration, project_rules  # noqa: PLC0415
    from agent_tui.domain.text import visible  # noqa: PLC0415
    from agent_tui.workspace.repository import open_repository  # noqa: PLC0415

    options = options_of(arguments)
    root = Path(asyncio.run(open_repository(options.folder)).root)
    store = project_rules(root)
    if arguments.what == "remove":
        return _remove(store, arguments.which)
    loaded = load_configuration(options, root)
    if arguments.what == "try":
        return _try(loaded.settings.rules_in_force(), store.rules(), arguments.which)
    for note in loaded.notes:
        print(f"note: {note}")
    for number, rule in enumerate(store.rules(), 1):
        print(f"{number:>3}  {visible(str(rule))}  (you said always)")
    for rule in loaded.settings.rules_in_force():
        why = f": {rule.reason}" if rule.reason else ""
        print(f"  -  {visible(str(rule))}  (configured{visible(why)})")
    print("  -  every other command asks, or is denied where nobody is there to ask  (default)")
    return 0


def _remove(store: GivenRules, which: str | None) -> int:
    from agent_tui.domain.text import visible  # noqa: PLC0415

    if which is None or not which.isascii():
        return fail("say which rule: agent-tui rules remove N, with the number from the list")
    try:
        gone = store.remove(int(which)) if which.isdigit() else None
    except OSError as error:
        return fail(f"the rules cannot be written: {error.strerror or error}")
    if gone is None:
        return fail(f"there is no rule {visible(which)}: see agent-tui rules list")
    print(f"removed: {visible(str(gone))}")
    return 0


def _try(configured: tuple[Rule, ...], given: tuple[Rule, ...], line: str | None) -> int:
    from agent_tui.domain.rules import Call, RuleBook, decide, join  # noqa: PLC0415
    from agent_tui.domain.text import visible, visible_lines  # noqa: PLC0415
    from agent_tui.engine.commandline import read_line  # noqa: PLC0415

    if not line:
        return fail("say which command line: agent-tui rules try 'LINE'")
    book = RuleBook(
        configured=configured,
        given=tuple(("project", rule) for rule in given),
    )
    told = read_line(line)
    ruling = decide(Call(tool="run_command", line=line, parts=told.parts()), book)
    for words in told.commands:
        print(f"runs: {visible_lines(join(words))}")
    if told.hidden:
        print(visible(told.hidden))
    print(f"{ruling.effect}: {visible(ruling.rule)}")
    if ruling.why:
        print(visible(ruling.why))
    return 0
