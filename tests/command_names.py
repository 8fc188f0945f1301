"""Every command that the command line knows, for tests that have to try each of them."""

import argparse
from collections.abc import Iterator

from agent_tui.cli import build_parser


def command_names(parser: argparse.ArgumentParser | None = None) -> Iterator[str]:
    """The names of all commands, such as ``sessions export``."""
    for action in (parser or build_parser())._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                yield name
                yield from (f"{name} {more}" for more in command_names(inner))


def uncovered(tried: list[tuple[str, ...]]) -> set[str]:
    """The commands of which no line that was tried begins with the name."""
    lines = {" ".join(words[:length]) for words in tried for length in (1, 2)}
    return set(command_names()) - lines
