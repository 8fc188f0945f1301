"""What was written on a screen and not sent: it is there again when the screen is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from textual.screen import Screen, ScreenResultType

from agent_tui.ui.delays import after

DRAFT_S = 0.3
"""Seconds without a key after which what was written so far is kept."""

CHARACTERS_PER_S = 50_000
"""Of a longer text a draft is kept after a longer pause, because each is written whole."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What was written and not sent.

    Attributes:
        text: As it was kept last; "" if there is none.
        save: Keeps another text.
    """

    text: str
    save: Callable[[str], None]


class DraftScreen(Screen[ScreenResultType], Generic[ScreenResultType]):
    """A screen or dialog in which something is written."""

    _draft: Draft | None = None
    _saving: asyncio.TimerHandle | None = None
    _unkept: str | None = None

    def save_draft(self, text: str) -> None:
        """Keep what was written so far, when the person pauses."""
        draft = self._draft
        if draft is None or (self._unkept is None and text == draft.text):
            return
        if self._saving is not None:
            self._saving.cancel()
        self._unkept = text
        self._saving = after(DRAFT_S + len(text) / CHARACTERS_PER_S, self, self.keep_draft)

    def keep_draft(self) -> None:
        """Keep what was written so far at once: the screen goes away without a decision."""
        text = self.forget_draft()
        if self._draft is not None and text is not None and text != self._draft.text:
            self._draft = Draft(text, self._draft.save)
            self._draft.save(text)

    def forget_draft(self) -> str | None:
        """Keep nothing more: it is sent, or given up. Gives what was not kept yet."""
        text, self._unkept = self._unkept, None
        if self._saving is not None:
            self._saving.cancel()
        return text
