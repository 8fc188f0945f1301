"""Options that are each right and make no sense together: none is passed over in silence."""

from __future__ import annotations

import argparse

_EXCLUDE = (
    ("script", "cassette", "scripted models send nothing that a cassette could answer"),
    ("script", "record", "scripted models send nothing that could be recorded"),
    ("script", "preset", "a script plays all roles"),
    ("record", "cassette", "what is played from a cassette is recorded already"),
    ("no_model", "reviewer", "one asks for a model and the other for none"),
    ("no_model", "script", "one asks for a model and the other for none"),
    ("endpoint", "output", "the spans are sent or written"),
)
_SCREEN = "120x40"
"""The default of ``--size``."""


def contradiction(arguments: argparse.Namespace) -> str:
    """What is wrong with the options of a command line, in one sentence; "" if nothing is."""

    def given(name: str) -> bool:
        return getattr(arguments, name, None) not in (None, False, "")

    for one, other, why in _EXCLUDE:
        if given(one) and given(other):
            return (
                f"{_option(one)} and {_option(other)} contradict each other: {why}; leave one out"
            )
    if given("script"):
        for role in ("planner", "coder", "reviewer"):
            model = getattr(arguments, role, None)
            if model and not model.startswith("scripted:"):
                return (
                    f"--script and --{role} {model} contradict each other: a script plays all "
                    "roles; leave one out"
                )
    if given("json") and getattr(arguments, "headless", True) is False:
        return "--json goes with --headless"
    return _needs(arguments) or _numbers(arguments)


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _needs(arguments: argparse.Namespace) -> str:
    """Options that say something only beside another one."""
    form = getattr(arguments, "format", None)
    exports = hasattr(arguments, "keep_secrets")
    if exports and arguments.endpoint and form != "otlp":
        return "--endpoint goes with --format otlp"
    if exports and form != "asciinema" and (arguments.plain or arguments.size != _SCREEN):
        return f"--{'plain' if arguments.plain else 'size'} goes with --format asciinema"
    if exports and arguments.plain and arguments.size != _SCREEN:
        return "--size is that of a screen, and --plain records none: leave one out"
    if getattr(arguments, "cassette_speed", 1.0) != 1.0 and not arguments.cassette:
        return "--cassette-speed goes with --cassette"
    if getattr(arguments, "reason", "") and not getattr(arguments, "decision", "x"):
        return "--reason goes with --decision"
    return ""


def _numbers(arguments: argparse.Namespace) -> str:
    for name in ("cassette_speed", "speed"):
        number = getattr(arguments, name, 0.0)
        if not 0.0 <= number < float("inf"):
            return f"{_option(name)} {number}: write a number that is not below 0"
    return ""
