"""What was looked at before, loaded for the revision on the screen."""

import asyncio
from collections.abc import Awaitable, Callable

from agent_tui.domain.base import BlobRef
from agent_tui.domain.carry import Carried, carry, last_look
from agent_tui.domain.patch import Patch, parse_patch
from agent_tui.domain.state import State

KEPT = 4
"""Patches that are kept in memory."""


class Looks:
    """Carries a person's last look over to the revision in force.

    Args:
        blob: Reads a text that is stored beside the log.
    """

    def __init__(self, blob: Callable[[BlobRef], Awaitable[bytes]]) -> None:
        self._blob = blob
        self._key: object = None
        self._carried = Carried()
        self._patches: dict[str, Patch] = {}

    async def carried(self, state: State, patch: Patch) -> Carried:
        """What is known of *patch*, the one of the revision in force."""
        look, revision = last_look(state), state.revision
        if look is None or revision is None:
            self._key, self._carried = None, Carried()
            return self._carried
        key = (revision.patch, revision.attempt, revision.revision, len(state.decisions))
        if key != self._key:
            looked = await self.patch(look.revision.patch)
            kept = await self.patch(look.kept) if look.kept is not None else None
            self._carried = await asyncio.to_thread(carry, patch, look, looked, kept)
            self._key = key
        return self._carried

    async def patch(self, ref: BlobRef) -> Patch:
        """A stored patch."""
        if ref.digest not in self._patches:
            raw = await self._blob(ref)
            parsed = await asyncio.to_thread(parse_patch, raw)
            while len(self._patches) >= KEPT:
                self._patches.pop(next(iter(self._patches)))
            self._patches[ref.digest] = parsed
        return self._patches[ref.digest]
