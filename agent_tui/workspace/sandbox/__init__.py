"""A command, and where it may write → the command line and the environment to start.

Where bubblewrap is there and was proved to hold, commands run in it: they see the system's
programs, the toolchains and what they are given, and nothing else; no network, no other process,
no key. Where it is not, they run with the person's own rights, and :attr:`Sandbox.reason` says why.
"""

from agent_tui.workspace.sandbox.bounds import Bounds, Limits, Mount, readable
from agent_tui.workspace.sandbox.sandbox import Launch, Sandbox, find_sandbox, unprotected

__all__ = [
    "Bounds",
    "Launch",
    "Limits",
    "Mount",
    "Sandbox",
    "find_sandbox",
    "readable",
    "unprotected",
]
