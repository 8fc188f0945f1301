"""Read and write durations such as ``1h30m``."""

from durations.format import format_seconds
from durations.parse import parse

__all__ = ["format_seconds", "parse"]
