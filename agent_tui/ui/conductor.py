"""Brings screens and what they show together: the list, and whatever is opened from it.

It is imported behind the first paint. What a screen needs beyond the list is in a module of its
own, which is imported in a thread when such a screen is opened first: :mod:`agent_tui.ui.running`,
:mod:`agent_tui.ui.replaying`, :mod:`agent_tui.ui.comparing`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from agent_tui.bootstrap.environment import (
    USER_ERRORS,
    Environment,
    Options,
    UsageError,
    open_environment,
)
from agent_tui.config import paths
from agent_tui.config.themes import load_themes
from agent_tui.domain.text import visible_lines
from agent_tui.sessions.clock import SystemClock
from agent_tui.sessions.lock import is_locked
from agent_tui.ui.keymap import screen_problems
from agent_tui.ui.launch import Launch
from agent_tui.ui.lending import lender
from agent_tui.ui.listing import Listing
from agent_tui.ui.loading import imported
from agent_tui.ui.screens.home import HomeScreen
from agent_tui.ui.screens.saved import SavedScreen
from agent_tui.ui.screens.session import SessionScreen
from agent_tui.ui.theming import textual_theme

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent_tui.bootstrap.live import LiveSession
    from agent_tui.ui.app import AgentTui
    from agent_tui.ui.comparing import Comparison
    from agent_tui.ui.controller import SessionController
    from agent_tui.ui.replaying import Replaying
    from agent_tui.ui.running import Running
    from agent_tui.ui.widgets.rows import Row


class Conductor:
    """Opens screens, and loads what they show.

    Args:
        app: The application.
        launch: What it was started for.

    Attributes:
        listing: The list of the home screen.
        running: What runs sessions, once one was started.
    """

    def __init__(self, app: AgentTui, launch: Launch) -> None:
        self._app = app
        self._launch = launch
        self._env: Environment | None = None
        self._replaying: Replaying | None = None
        self.running: Running | None = None
        self.listing = Listing(app, self._here, self.compare)
        self._load_themes()

    @property
    def session(self) -> LiveSession | None:
        """The session that runs now, if one does."""
        return self.running.session if self.running is not None else None

    # -- settings ----------------------------------------------------------------------------

    def _load_themes(self) -> None:
        themes, problem = load_themes(paths.shipped_themes(), paths.themes_folder())
        for file in themes.values():
            self._app.register_theme(textual_theme(file))
        for name in self._app.available_themes.keys() - themes.keys() - {self._app.theme}:
            # Textual's own themes know nothing of diffs and gates.
            self._app.unregister_theme(name)
        if problem is not None:
            self._app.notify(
                visible_lines(str(problem)),
                title="Bad theme file",
                severity="warning",
                markup=False,
            )

    async def _environment(self, launch: Launch) -> Environment:
        """The repository as it is now, and the settings that hold in it; the demo's stays."""
        if launch.kind == "demo":
            if self._env is None:
                demo = await imported("agent_tui.bootstrap.demo")
                options = await demo.demo_options(
                    launch.demo_folder, launch.words_per_s, launch.clock
                )
                options = replace(options, terminal=lender(self._app))
                self._env = await open_environment(options)
            return self._env
        options = Options(
            folder=launch.folder,
            settings=launch.settings,
            sessions=launch.sessions,
            script=launch.script,
            record=launch.record,
            cassette=launch.cassette,
            cassette_speed=launch.cassette_speed,
            words_per_s=launch.words_per_s,
            clock=launch.clock or SystemClock(),
            terminal=lender(self._app),
            tell=lambda text: self._app.notify(text, markup=False, timeout=20),
        )
        self._env = await open_environment(options)
        problems = list(screen_problems(self._env.loaded, self._app.available_themes))
        if problems:
            raise UsageError("\n".join(problems))
        self._app.theme = self._env.loaded.settings.theme
        return self._env

    def _look_options(self) -> Options:
        """Enough to read sessions, without a repository."""
        launch = self._launch
        if launch.kind == "demo" and self._env is not None:
            return self._env.options
        return Options(folder=launch.folder, settings={}, sessions=launch.sessions)

    # -- home --------------------------------------------------------------------------------

    async def _here(self, fresh: bool) -> Environment:
        if self._env is not None and not fresh:
            return self._env
        return await self._environment(self._launch)

    def start(self, request: str) -> None:
        """Start a session from the home screen."""
        self._push(replace(self._launch, kind="run", request=request))

    def open(self, session_id: str) -> None:
        """Open a session of the list: go on with it, or replay it if it is finished."""
        if self._env is None:
            return
        summary = self.listing.summary(session_id) or self._env.store.summary(session_id)
        summary = replace(summary, locked=is_locked(summary.path))
        done = bool(summary.outcome or summary.problem or summary.locked)
        kind = "replay" if done else "resume"
        self._push(replace(self._launch, kind=kind, session=session_id))

    def replay(self, session: str) -> None:
        """Replay a session above what is shown now."""
        self._push(replace(self._launch, kind="replay", session=session))

    def _push(self, launch: Launch) -> None:
        def back(_: None) -> None:
            screen = self._app.screen
            if isinstance(screen, (HomeScreen, SavedScreen)):
                screen.reload()

        prepare = partial(self.prepare, launch=launch)
        self._app.push_screen(SessionScreen(prepare, self._app.keymap, self._app.presence), back)

    # -- comparing ---------------------------------------------------------------------------

    def compare(self, names: tuple[str, ...]) -> None:
        """Show sessions side by side, above what is shown now."""
        self._app.run_worker(self._compare(names), name="compare")

    async def _compare(self, names: tuple[str, ...]) -> None:
        module = await imported("agent_tui.ui.screens.compare")

        async def load() -> Comparison | None:
            return await self.read_compared(screen, names)

        screen: Screen[Any] = module.CompareScreen(
            load, self.replay, lambda: self._app.close_screen(screen)
        )
        self._app.push_screen(screen)

    async def read_compared(self, screen: Screen[Any], names: tuple[str, ...]) -> Comparison | None:
        """Sessions for a screen, each as ``ID``, ``ID@STEP`` or a path; None closes it."""
        comparison: type[Comparison] = (await imported("agent_tui.ui.comparing")).Comparison
        try:
            return await comparison.read(self._look_options(), names)
        except USER_ERRORS as error:
            self._give_up(screen, error)
            return None

    # -- choosing what to replay -------------------------------------------------------------

    async def read_saved(self, screen: Screen[Any]) -> Callable[[int], list[Row]] | None:
        """What can be replayed, as a function that makes the rows; None ends the application."""
        choosing = await imported("agent_tui.ui.choosing")
        now = (self._launch.clock or SystemClock()).now()
        try:
            made: Callable[[int], list[Row]]
            made = await choosing.saved_sessions(self._look_options(), now)
        except USER_ERRORS as error:
            self._give_up(screen, error)
            return None
        return made

    # -- a session screen --------------------------------------------------------------------

    async def prepare(
        self, screen: SessionScreen, launch: Launch | None = None
    ) -> SessionController | None:
        """Load what a session screen shows. A person's mistake ends it with one sentence.

        Args:
            launch: What it was opened for; None for what the application was started for.
        """
        launch = launch or self._launch
        try:
            if launch.kind == "replay":
                return await (await self._replays()).open(screen, launch)
            return await (await self._runs()).open(screen, launch)
        except USER_ERRORS as error:
            home = self._app.screen_stack[0]
            if launch.kind == "run" and isinstance(home, HomeScreen):
                home.keep_request(launch.request)
            self._give_up(screen, error)
            return None

    async def _runs(self) -> Running:
        if self.running is None:
            made: type[Running] = (await imported("agent_tui.ui.running")).Running
            self.running = made(self._app, self._launch, self._environment, self.leave)
        return self.running

    async def _replays(self) -> Replaying:
        if self._replaying is None:
            made: type[Replaying] = (await imported("agent_tui.ui.replaying")).Replaying
            self._replaying = made(
                self._app,
                self._launch,
                self._look_options,
                self._environment,
                self._push,
                self.compare,
            )
        return self._replaying

    def _give_up(self, screen: Screen[Any], error: Exception) -> None:
        """Say why a screen cannot be shown, and go back to the one below, if there is one."""
        if self._app.screen_stack[0] is screen:
            self._app.fail(str(error))
            return
        screen.dismiss(None)
        self._app.notify(visible_lines(str(error)), severity="error", markup=False, timeout=10)

    # -- leaving -----------------------------------------------------------------------------

    async def end(self) -> int:
        """Leave the session that runs, if one does; the exit code that this is."""
        return await self.running.leave() if self.running is not None else 0

    async def leave(self) -> None:
        """Leave the session; it stays and can be resumed. Go back to the screen before, or quit."""
        code = await self.end()
        screen = self._app.screen
        if isinstance(screen, SessionScreen) and screen is not self._app.screen_stack[0]:
            screen.dismiss(None)
        else:
            self._app.exit(return_code=code)
