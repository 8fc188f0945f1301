"""Cassettes: the raw wire of a live session, recorded, and served again byte for byte.

A cassette is JSON Lines. The first line says what it is; each further one is an exchange::

    {"v": 1, "kind": "agent-tui.cassette", "app": "0.1.0", "at": "2026-11-22T12:00:00+00:00"}
    {"request":  {"method", "path", "headers", "body"},
     "response": {"status", "headers", "chunks": [[milliseconds, text], …], "end"}}

A chunk is what the HTTP library gave in one piece, without a transfer or content coding, with the
time since the request; one that is no UTF-8 is ``{"base64": …}``. ``end`` is ``end`` (the server's
own), ``closed`` (by us), or the name of the HTTP library's exception; an exchange that failed
before any response has only that. Headers are those of an allow-list, so no key and no account
gets in; bodies go through the caller's redaction. Files are readable by their owner only.
"""

from agent_tui.providers.cassettes.form import CassetteError
from agent_tui.providers.cassettes.player import Player
from agent_tui.providers.cassettes.recorder import Recorder

__all__ = ["CassetteError", "Player", "Recorder"]
