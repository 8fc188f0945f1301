"""Which variables hold keys of models: no child process gets them."""

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterable, Iterator

_KNOWN = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "OPENAI_API_KEY", "OPENAI_ADMIN_KEY")
_names = set(_KNOWN)

_PR_SET_DUMPABLE = 4  # linux/prctl.h


def model_keys() -> frozenset[str]:
    """The names of variables that hold keys of models."""
    return frozenset(_names)


def add_model_keys(names: Iterable[str]) -> None:
    """Count further variables among them, such as those that the settings name."""
    _names.update(names)


def blank_keys() -> dict[str, str]:
    """The same variables with nothing in them, for a child that inherits this environment."""
    return dict.fromkeys(_names, "")


@contextlib.contextmanager
def taken_away() -> Iterator[None]:
    """Without the keys in this process's own environment, for code that starts a program itself.

    They are not there for other threads either: for moments before any model is opened.
    """
    before = {name: os.environ.pop(name) for name in _names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(before)


def hide_process() -> bool:
    """Keep other processes of the same user from reading this one's memory and environment.

    Without a sandbox a command could find the keys in ``/proc`` otherwise. It also forbids
    debuggers to attach, and core dumps (prctl(2), PR_SET_DUMPABLE).

    Returns:
        Whether it is so now; only Linux knows it.
    """
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
