"""Sessions that are only looked at: chosen, opened on a screen, compared and forked from there."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from agent_tui.bootstrap.environment import USER_ERRORS, Environment, Options, UsageError
from agent_tui.bootstrap.saved import look_at, marks_file
from agent_tui.domain.text import one_line, visible_lines
from agent_tui.sessions.clock import SystemClock
from agent_tui.ui.choosing import choose_other, others
from agent_tui.ui.forking import Forking
from agent_tui.ui.launch import Launch
from agent_tui.ui.replay_controller import ReplayController
from agent_tui.ui.screens.session import SessionScreen
from agent_tui.ui.sources import ReplaySource

if TYPE_CHECKING:
    from agent_tui.ui.app import AgentTui


class Replaying:
    """Opens replays.

    Args:
        app: The application.
        launch: What it was started for.
        options: Where sessions are.
        environment: The repository that a fork goes on in, for a launch.
        go_on: Shows a session that goes on.
        compare: Shows sessions side by side.
    """

    def __init__(
        self,
        app: "AgentTui",
        launch: Launch,
        options: Callable[[], Options],
        environment: Callable[[Launch], Awaitable[Environment]],
        go_on: Callable[[Launch], None],
        compare: Callable[[tuple[str, ...]], None],
    ) -> None:
        self._app, self._launch = app, launch
        self._options, self._environment = options, environment
        self._go_on, self._compare = go_on, compare

    async def open(self, screen: SessionScreen, launch: Launch) -> ReplayController:
        """Load a saved session for a screen.

        Raises:
            UsageError: If there is nothing to replay.
            ConfigError: If a settings file is wrong.
            LogError: If there is no such session, or it cannot be read.
        """
        options = self._options()
        name = launch.session or ""
        saved = await asyncio.to_thread(look_at, options, name)
        if not len(saved.log):
            raise UsageError(f"Session {one_line(name)} has no events to replay.")
        for problem in saved.problems:
            self._app.notify(one_line(problem, 300), severity="warning", markup=False)
        source = await asyncio.to_thread(ReplaySource, saved)
        controller = ReplayController(
            screen,
            source,
            lambda: self._app.close_screen(screen),
            # Who opens a finished session from the list wants to see how it ended.
            at_end=self._launch.kind == "home" or saved.live,
            marks=await asyncio.to_thread(marks_file, options, saved),
            fork=Forking(self._app, self._launch, self._environment, self._go_on).ask,
            compare=partial(self._ask_other, name),
        )
        controller.begin()
        return controller

    async def _ask_other(self, name: str, source: ReplaySource) -> None:
        """Ask what the session of a replay is to be compared with, and show both."""
        saved, replay = source.saved, source.replay
        own = str(saved.folder) if saved.folder is not None else name
        at = own if replay.position == replay.length else f"{own}@{replay.position}"
        now = (self._launch.clock or SystemClock()).now()
        try:
            rows = await others(self._options(), saved.id, now)
        except USER_ERRORS as error:
            self._app.notify(visible_lines(str(error)), severity="error", markup=False)
        else:
            choose_other(self._app, rows, lambda other: self._compare((at, other)))
