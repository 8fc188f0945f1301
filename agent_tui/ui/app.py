"""The application: the first paint, then the loading of everything else behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Event, InputEvent
from textual.filter import LineFilter
from textual.screen import Screen
from textual.theme import Theme

from agent_tui.config import paths
from agent_tui.config.early import EarlySettings, early_theme, read_early
from agent_tui.config.themes import DEFAULT
from agent_tui.ui.actions import ACTIONS
from agent_tui.ui.collector import CHECK_S, Collector
from agent_tui.ui.launch import Launch
from agent_tui.ui.loading import imported
from agent_tui.ui.presence import Presence
from agent_tui.ui.safety import VisibleControls
from agent_tui.ui.screens.home import HomeScreen
from agent_tui.ui.screens.saved import SavedScreen
from agent_tui.ui.screens.session import SessionScreen
from agent_tui.ui.terminal import LATE_S, WATCH_S, Interrupts, Terminal, on_end
from agent_tui.ui.theming import textual_theme, with_fallbacks
from agent_tui.ui.typed_ahead import TypedAhead

if TYPE_CHECKING:
    from agent_tui.ui.conductor import Conductor


INTERRUPTED = 130
"""The exit code of a program that a signal, or the end of its terminal, has ended."""

SCREENS = Path(__file__).parent / "screens"


def _chooses(launch: Launch) -> bool:
    """Whether the person is to choose what is replayed."""
    return launch.kind == "replay" and launch.session is None


class AgentTui(App[None]):
    """Supervises coding agents.

    Args:
        launch: What it was started for.

    Attributes:
        farewell: What to print when the screen is gone.
        presence: When the person was last at the keys.
        collector: Has garbage collected between keys.
        typed_ahead: Takes keys one after the other.
        result: What a review found, to be printed on standard output.
        keymap: The person's own keys, by the ids of actions.
    """

    TITLE = "agent-tui"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
    ]

    def __init__(self, launch: Launch) -> None:
        self._controls = VisibleControls()
        # Textual does not load the style sheet of a default screen by itself.
        sheets = {"home": ["home.tcss"], "compare": ["session.tcss", "compare.tcss"]}
        first = sheets.get(launch.kind, ["session.tcss"])
        if _chooses(launch):
            first = ["home.tcss"]
        super().__init__(css_path=[SCREENS / sheet for sheet in ("rows.tcss", *first)])
        self.launch = launch
        self.farewell = ""
        self.presence = Presence()
        self.collector = Collector(self.presence)
        self.typed_ahead = TypedAhead(self, super().on_event)
        self._ending: asyncio.Future[None] | None = None
        self.result = ""
        self.conductor: Conductor | None = None
        early = read_early(paths.config_file()) if launch.kind != "demo" else EarlySettings()
        self._use_early_theme(early.theme)
        self.keymap = early.keymap
        if early.keymap:
            self.set_keymap(early.keymap)

    def get_driver_class(self) -> type[Driver]:
        """Textual's choice; of its driver for terminals ours."""
        chosen = super().get_driver_class()
        return Terminal if chosen is LinuxDriver else chosen

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's filters, and the one that lets no control character through."""
        return [*super().get_line_filters(), self._controls]

    def get_css_variables(self) -> dict[str, str]:
        """The theme's variables, and those that it leaves open."""
        return with_fallbacks(super().get_css_variables())

    def get_default_screen(self) -> Screen[Any]:
        """The first screen, so that no other one is painted before it."""
        if self.launch.kind == "compare":
            # Only this one needs the diff widget for its first frame.
            from agent_tui.ui.screens.compare import CompareScreen  # noqa: PLC0415

            return CompareScreen(self._read_compared, self._replay, self.exit)
        if _chooses(self.launch):
            return SavedScreen(self._load_saved, self._replay)
        if self.launch.kind != "home":
            return SessionScreen(self._prepare, self.keymap, self.presence)
        return HomeScreen(
            self._load_home,
            lambda request: self._when_loaded(lambda conductor: conductor.start(request)),
            lambda session: self._when_loaded(lambda conductor: conductor.open(session)),
            self._act,
        )

    def _use_early_theme(self, wanted: str) -> None:
        folders = (paths.shipped_themes(), paths.themes_folder())
        for name in (wanted, DEFAULT):
            file = early_theme(name, *folders)
            if file is not None:
                self.use_theme(textual_theme(file))
                return

    def refresh_css(self, animate: bool = True) -> None:
        """Apply the theme. Before there is a screen it is only kept for the first parsing."""
        if self.screen_stack:
            super().refresh_css(animate)
        else:
            self.stylesheet.set_variables(self.get_css_variables())

    def use_theme(self, theme: Theme) -> None:
        """Register a theme and switch to it."""
        self.register_theme(theme)
        self.theme = theme.name

    # -- what is loaded behind the first paint -----------------------------------------------

    async def load_conductor(self) -> Conductor:
        """Import what reads settings and sessions, in a thread, once."""
        if self.conductor is None:
            loaded: type[Conductor] = (await imported("agent_tui.ui.conductor")).Conductor
            if self.conductor is None:  # somebody else may have waited for it as well
                self.conductor = loaded(self, self.launch)
                self.collector.begin()
                self.set_interval(CHECK_S, self.collector.check)
        return self.conductor

    def _when_loaded(self, act: Callable[[Conductor], None]) -> None:
        """Do what the person asked for, which can be before all that it needs is loaded."""

        async def wait() -> None:
            act(await self.load_conductor())

        if self.conductor is not None:
            act(self.conductor)
        else:
            self.run_worker(wait(), name="when loaded")

    async def _load_home(self, words: str, archived: bool, fresh: bool) -> Any:
        return await (await self.load_conductor()).listing.load(words, archived, fresh)

    async def _act(self, what: str, sessions: tuple[str, ...]) -> None:
        await (await self.load_conductor()).listing.act(what, sessions)

    async def _read_compared(self) -> Any:
        return await (await self.load_conductor()).read_compared(self.screen, self.launch.compare)

    async def _load_saved(self) -> Any:
        return await (await self.load_conductor()).read_saved(self.screen)

    def _replay(self, session: str) -> None:
        self._when_loaded(lambda conductor: conductor.replay(session))

    async def _prepare(self, screen: SessionScreen) -> Any:
        return await (await self.load_conductor()).prepare(screen)

    def action_help_quit(self) -> None:
        """What ctrl+c does here: nothing is lost by a slip of the hand."""
        back = "goes back" if len(self.screen_stack) > 1 else "leaves"
        words = f"q {back}; the session stays. ctrl+q quits at once."
        self.notify(words, markup=False, timeout=4)

    # -- the end that nobody chose ------------------------------------------------------------

    async def on_event(self, event: Event) -> None:
        """A person is at the keys."""
        if isinstance(event, InputEvent):
            self.presence.touched()
        if self.typed_ahead.concerns(event):
            await self.typed_ahead.take(event)
        else:
            await super().on_event(event)

    @contextmanager
    def suspend(self) -> Iterator[None]:
        """Hand the terminal to another program. Keys and Ctrl-C are that one's meanwhile."""
        loan = Interrupts.lend()
        try:
            with super().suspend():
                try:
                    yield
                finally:
                    self.typed_ahead.forget()  # what comes once the screen is back is ours again
        finally:
            asyncio.get_running_loop().call_later(LATE_S, Interrupts.take_back, loan)

    def on_unmount(self) -> None:
        """The collector of garbage is as it was."""
        self.collector.end()

    def on_mount(self) -> None:
        """Be ready for signals, and for the end of the terminal."""
        if isinstance(self._driver, Terminal):
            on_end(lambda _: self._end())
            self.set_interval(WATCH_S, self._watch_terminal)

    def _watch_terminal(self) -> None:
        if isinstance(self._driver, Terminal) and self._driver.lost:
            self._driver.let_go()
            self._end()

    def _end(self) -> None:
        """Leave the session in order and quit; the session can be resumed."""
        if self._ending is None:
            self._ending = asyncio.ensure_future(self._leave_and_exit())

    async def _leave_and_exit(self) -> None:
        try:
            if self.conductor is not None:
                await self.conductor.end()
        finally:
            self.exit(return_code=INTERRUPTED)

    def _fatal_error(self) -> None:
        # Textual prints a traceback with the values of variables: keys, and text from outside.
        self._close_messages_no_wait()

    def _print_error_renderables(self) -> None:
        """Nothing: see :attr:`failure`."""
        self._exit_renderables.clear()

    @property
    def failure(self) -> Exception | None:
        """The error that ended it, if one did."""
        return self._exception

    # -- leaving -----------------------------------------------------------------------------

    async def action_quit(self) -> None:
        """Leave the session in order, then quit, from wherever the person is."""
        code = await self.conductor.end() if self.conductor is not None else 0
        self.exit(return_code=code)

    def close_screen(self, screen: Screen[Any]) -> None:
        """Go back to the screen before, or quit from the first one."""
        if self.screen_stack[0] is screen:
            self.exit()
        else:
            screen.dismiss(None)

    def fail(self, message: str, code: int = 2) -> None:
        """Give up with one sentence, which is printed when the screen is gone."""
        self.farewell = f"agent-tui: {message}"
        self.exit(return_code=code)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette: Textual's own commands and the registry of actions."""
        for command in super().get_system_commands(screen):
            if command.title not in ("Maximize", "Minimize", "Screenshot"):
                yield command
        if isinstance(screen, SessionScreen) and screen.controller is not None:
            where = screen.controller.where
            for action in ACTIONS:
                if action.where in (where, "both"):
                    yield SystemCommand(
                        action.label[:1].upper() + action.label[1:],
                        action.help,
                        partial(self._run_action, screen, action.id),
                    )

    def _run_action(self, screen: SessionScreen, action_id: str) -> None:
        self.run_worker(screen.action_do(action_id), name=f"action {action_id}")
