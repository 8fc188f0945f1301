"""Add up durations: ``python -m durations 1h30m 45m``."""

import sys

from durations.format import format_seconds
from durations.parse import parse


def main(argv: list[str] | None = None) -> int:
    """Print the sum of all arguments."""
    arguments = sys.argv[1:] if argv is None else argv
    total = sum(parse(argument) for argument in arguments)
    print(format_seconds(total))
    return 0
