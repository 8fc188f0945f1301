"""Lists of sessions to choose from: to replay one, or to compare with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from datetime import datetime
from functools import reduce
from typing import TYPE_CHECKING

from textual.content import Content

from agent_tui.bootstrap.comparing import relatives
from agent_tui.bootstrap.environment import Options
from agent_tui.bootstrap.saved import shipped_sessions
from agent_tui.domain.fold import apply
from agent_tui.domain.state import State
from agent_tui.domain.text import counted, title_line
from agent_tui.sessions.store import open_path
from agent_tui.ui import library
from agent_tui.ui.render.home import relative_rows, session_rows
from agent_tui.ui.render.text import BLANK, heading
from agent_tui.ui.screens.ask import PickDialog
from agent_tui.ui.widgets.rows import Row

if TYPE_CHECKING:
    from agent_tui.ui.app import AgentTui


async def saved_sessions(options: Options, now: datetime) -> Callable[[int], list[Row]]:
    """What can be replayed: one's own sessions first, then those that ship. Makes the rows.

    Raises:
        ConfigError: If a settings file is wrong.
        LogError: If the sessions cannot be read.
    """
    own = await asyncio.to_thread(library.newest_sessions, options)
    ship = await asyncio.to_thread(_shipped_rows)

    def make(width: int) -> list[Row]:
        yours = [*session_rows(own, width, now, repos=True), BLANK] if own else []
        return [*yours, heading("saved sessions that ship with agent-tui"), *ship]

    return make


def _shipped_rows() -> list[Row]:
    rows = []
    for path in shipped_sessions():
        state = reduce(apply, open_path(path).records, State())
        ended = state.finished.outcome if state.finished is not None else "left"
        attempts = counted(state.attempt, "attempt")
        line = Content.assemble(
            (f"{path.stem:<24}", "bold"),
            (f"{attempts}, {ended:<12}", "$muted"),
            title_line(state.session.request if state.session is not None else "", 500),
        )
        rows.append(Row(line, item=path.stem, key=path.stem))
    return rows


async def others(options: Options, session: str, now: datetime) -> list[Row]:
    """The sessions that one can be compared with, the nearest first.

    Raises:
        ConfigError: If a settings file is wrong.
        LogError: If the sessions cannot be read.
    """
    return relative_rows(await asyncio.to_thread(relatives, options, session), now)


def choose_other(app: AgentTui, rows: list[Row], chosen: Callable[[str], None]) -> None:
    """Ask for a session to compare with."""

    def done(key: Hashable) -> None:
        if isinstance(key, str):
            chosen(key)

    app.push_screen(PickDialog("Compare with", lambda width: rows), done)
