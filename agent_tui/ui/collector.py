"""When garbage is collected: between keys, not under one.

Going through all objects takes Python about 50 ms here, three times as long as a frame. It does so
whenever a quarter of them is new, which is every few seconds while a model streams.
"""

import gc

from agent_tui.ui.presence import Presence

PAUSE_S = 0.5
"""Without a key for that long, the next one is far enough away."""
CHECK_S = 1.0
"""How often it is looked whether there is enough to collect."""
YOUNG = 5_000
"""Objects between two looks at young ones; a screen drawn anew makes some thousands, and Python's
own 700 has them looked through several times before they are gone."""
ENOUGH = 2
"""Collections of the middle generation before one of all."""
TOO_MUCH = 20
"""After so many it is done whatever the person does: each stands for 50,000 new objects."""
_NEVER = 1_000_000


class Collector:
    """Has all objects collected in the pauses of a person who presses keys."""

    def __init__(self, presence: Presence) -> None:
        self._presence = presence
        self._usual = gc.get_threshold()

    def begin(self) -> None:
        """Collect from now on. What is loaded already stays for good, and is passed over."""
        if not gc.isenabled():
            gc.freeze()
            gc.enable()
        self._usual = gc.get_threshold()
        gc.set_threshold(YOUNG, self._usual[1], _NEVER)

    def end(self) -> None:
        """Leave it to Python again."""
        gc.set_threshold(*self._usual)

    def check(self) -> None:
        """Collect, if there is enough, and nobody would notice."""
        waiting = gc.get_count()[2]
        paused = self._presence.paused_s >= PAUSE_S
        if waiting >= TOO_MUCH or (waiting >= ENOUGH and paused):
            gc.collect()
