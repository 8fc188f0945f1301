"""Lists of sessions to choose one from: to replay it, or to compare with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content

from agent_tui.bootstrap.comparing import relatives
from agent_tui.bootstrap.environment import Options
from agent_tui.bootstrap.saved import shipped_sessions
from agent_tui.domain.text import title_line
from agent_tui.sessions.store import open_path
from agent_tui.ui import library
from agent_tui.ui.render.home import relative_rows
from agent_tui.ui.render.text import BLANK, heading
from agent_tui.ui.screens.ask import PickDialog
from agent_tui.ui.screens.choose import ChooseDialog
from agent_tui.ui.widgets.rows import Row

if TYPE_CHECKING:
    from agent_tui.ui.app import AgentTui


async def choose_saved(app: AgentTui, options: Options) -> str | None:
    """Ask for a session to replay: one's own first, then those that ship.

    Returns:
        Its name, or None if none was chosen.

    Raises:
        ConfigError: If a settings file is wrong.
        LogError: If the sessions cannot be read.
    """
    rows = []
    for own in await asyncio.to_thread(library.newest_sessions, options):
        rows.append(_row(own.id, own.problem or own.title))
    if rows:
        rows = [heading("Your sessions"), *rows, BLANK]
    rows.append(heading("Saved sessions that ship with agent-tui"))
    for path in await asyncio.to_thread(shipped_sessions):
        saved = await asyncio.to_thread(open_path, path)
        first = saved.records[0].event if saved.records else None
        rows.append(_row(path.stem, getattr(first, "request", "")))
    future: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
    app.push_screen(ChooseDialog("Replay", rows), future.set_result)
    return await future


def _row(name: str, title: str) -> Row:
    line = Content.assemble((f"{name:<24}", "bold"), title_line(title))
    return Row(line, item=name, key=name)


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
