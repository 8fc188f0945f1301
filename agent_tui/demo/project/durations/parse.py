"""Read durations such as ``1h30m``."""

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

NAMES = {"s": "second", "m": "minute", "h": "hour", "d": "day"}


def unit_name(unit: str, count: int) -> str:
    """The unit's name in the singular or plural."""
    name = NAMES[unit]
    return name if count == 1 else name + "s"


def parse(text: str) -> int:
    """The seconds in a duration."""
    total = 0
    number = ""
    for char in text:
        if char.isdigit():
            number += char
        else:
            total += int(number) * UNITS[char]
            number = ""
    return total
