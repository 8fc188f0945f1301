"""Write durations such as ``1h30m``."""

from durations.parse import UNITS


def format_seconds(seconds: int) -> str:
    """The shortest text that ``parse`` reads back to the same number."""
    parts = []
    for unit, size in sorted(UNITS.items(), key=lambda item: -item[1]):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
