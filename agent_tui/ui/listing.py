"""The list of sessions on the home screen: what it shows, and what its keys do to a session."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from textual.content import Content

from agent_tui.bootstrap.environment import USER_ERRORS, Environment, redactor_of
from agent_tui.config import paths
from agent_tui.config.files import ConfigError
from agent_tui.config.unsent import UnsentRequests
from agent_tui.domain.text import counted, one_line, visible_lines
from agent_tui.sessions.labels import Labels
from agent_tui.sessions.query import QueryError
from agent_tui.sessions.summary import SessionSummary
from agent_tui.ui import library
from agent_tui.ui.drafts import Draft
from agent_tui.ui.loading import imported
from agent_tui.ui.render.filters import filter_rows
from agent_tui.ui.render.home import home_header, problem_rows, session_rows
from agent_tui.ui.screens.ask import AskDialog, PickDialog
from agent_tui.ui.screens.dialogs import ConfirmDialog
from agent_tui.ui.screens.home import HomeScreen
from agent_tui.ui.widgets.rows import Row

if TYPE_CHECKING:
    from agent_tui.bootstrap.deleting import Freed
    from agent_tui.ui.app import AgentTui

Made = tuple[Content, Callable[[int], list[Row]]]


class Listing:
    """Reads the list, and labels and deletes what is on it.

    Args:
        app: The application.
        environment: The repository; opened anew if asked to.
        compare: Shows sessions side by side.
    """

    def __init__(
        self,
        app: AgentTui,
        environment: Callable[[bool], Awaitable[Environment]],
        compare: Callable[[tuple[str, ...]], None],
    ) -> None:
        self._app = app
        self._environment = environment
        self._compare = compare
        self._listed: dict[str, SessionSummary] = {}
        self._here: list[SessionSummary] = []
        self._taken_up = False

    def summary(self, session_id: str) -> SessionSummary | None:
        """What the list said of a session."""
        return self._listed.get(session_id)

    async def load(self, text: str = "", archived: bool = False, fresh: bool = True) -> Made:
        """The header and the rows of the home screen; for the arguments see :class:`Wanted`."""
        try:
            env = await self._environment(fresh)
        except USER_ERRORS as error:
            self._app.fail(str(error))
            return Content(""), lambda width: []
        await self._take_up_request(env)
        try:
            wanted = library.Wanted(text, archived, fresh)
            found = await asyncio.to_thread(library.read_list, env, wanted)
        except QueryError as error:
            words = str(error)
            return home_header(env.facts), lambda width: problem_rows(words, width)
        except USER_ERRORS as error:
            self._app.fail(str(error))
            return Content(""), lambda width: []
        sessions = found.sessions
        self._listed |= {summary.id: summary for summary in sessions}
        if not text:
            self._here = sessions
        now, notes = env.clock.now(), env.loaded.notes
        reading = not fresh and not sessions
        return (
            home_header(env.facts),
            lambda width: session_rows(
                sessions, width, now, notes,
                words=text, reading=reading, repos=found.all_repos, nearly=found.nearly,
                elsewhere=found.elsewhere,
            ),
        )  # fmt: skip

    async def _take_up_request(self, env: Environment) -> None:
        """Give the box for a request what was written there the last time."""
        home = self._app.screen_stack[0]
        if self._taken_up or not isinstance(home, HomeScreen):
            return
        self._taken_up = True
        unsent = UnsentRequests(paths.unsent_requests_file(), Path(env.facts.root))
        redactor = redactor_of(env.loaded.settings)
        writer = ThreadPoolExecutor(1)  # one after the other, and all of them before the end

        async def report(written: Future[None]) -> None:
            try:
                await asyncio.wrap_future(written)
            except ConfigError as error:
                self._tell(str(error))

        def save(text: str) -> None:
            if redactor.text(text) != text:
                text = ""  # a secret is on no disk, and half of a request is none
            self._app.run_worker(report(writer.submit(unsent.keep, text)), name="unsent request")

        home.take_up(Draft(await asyncio.to_thread(unsent.text), save))

    async def act(self, what: str, sessions: tuple[str, ...]) -> None:
        """Do something to sessions of the list.

        Args:
            what: ``archive``, ``name``, ``tags``, ``delete``, ``compare`` or ``filter``.
        """
        if what == "filter":
            self._ask_filter()
        elif what == "compare":
            self._compare(sessions)
        elif what == "archive":
            for session in sessions:
                await self._keep(session, library.toggled)
        elif what == "delete":
            await self._ask_delete(sessions)
        elif sessions:
            self._ask_label(sessions[0], what)

    def _reload(self) -> None:
        screen = self._app.screen
        if isinstance(screen, HomeScreen):
            screen.reload()

    def _tell(self, text: str, severity: str = "error") -> None:
        level = "error" if severity == "error" else "information"
        self._app.notify(visible_lines(text), severity=level, markup=False)  # type: ignore[arg-type]

    # -- labels ------------------------------------------------------------------------------

    async def _keep(self, session_id: str, change: Callable[[Labels], Labels]) -> None:
        env = await self._environment(False)
        try:
            await asyncio.to_thread(library.change_labels, env, session_id, change)
        except USER_ERRORS as error:
            self._tell(str(error))
        self._reload()

    def _ask_label(self, session_id: str, what: str) -> None:
        summary = self._listed.get(session_id)
        if summary is None:
            return
        labels, named = summary.labels, what == "name"

        def done(text: str | None) -> None:
            if text is not None:
                change = library.renamed(text) if named else library.tagged(text)
                self._app.run_worker(self._keep(session_id, change), name="label")

        title = "Name of the session" if named else "Tags of the session"
        hint = "empty takes it away;" if named else "separated by spaces;"
        text = labels.name if named else " ".join(labels.tags)
        self._app.push_screen(AskDialog(title, hint, text=text), done)

    # -- deleting ----------------------------------------------------------------------------

    async def _ask_delete(self, sessions: tuple[str, ...]) -> None:
        env = await self._environment(False)
        deleting = await imported("agent_tui.bootstrap.deleting")
        try:
            freed: list[Freed] = [
                await asyncio.to_thread(deleting.would_free, env.options, session)
                for session in sessions
            ]
        except USER_ERRORS as error:
            self._tell(str(error))
            return
        if not freed:
            return
        size = sum(found.size for found in freed) / 1_000_000
        lines = [one_line(self._title(found), 70) for found in freed]
        body = "\n".join(lines) + (
            f"\n\nThis frees {size:.1f} MB: the log, its worktree and the refs that keep its trees."
            "\nCommits and branches stay. It cannot be taken back; x only archives."
        )

        def done(yes: bool | None) -> None:
            if yes:
                self._app.run_worker(self._delete(freed, deleting.delete), name="delete")

        title = f"Delete {counted(len(freed), 'session')} for good?"
        self._app.push_screen(ConfirmDialog(title, body, yes="Delete", no="Keep"), done)

    def _title(self, found: Freed) -> str:
        summary = self._listed.get(found.folder.stem) or self._listed.get(found.folder.name)
        return (summary.title if summary is not None else "") or found.folder.name

    async def _delete(self, freed: list[Freed], delete: Callable[[Freed], Freed]) -> None:
        size = 0
        try:
            for found in freed:
                await asyncio.to_thread(delete, found)
                size += found.size
        except USER_ERRORS as error:
            self._tell(str(error))
        else:
            self._tell(f"deleted: {size / 1_000_000:.1f} MB are free again", "information")
            if isinstance(self._app.screen, HomeScreen):
                self._app.screen.forget_marks()
        self._reload()

    # -- filters -----------------------------------------------------------------------------

    def _ask_filter(self) -> None:
        rows = filter_rows(self._here)

        def done(term: Hashable) -> None:
            screen = self._app.screen
            if isinstance(screen, HomeScreen) and isinstance(term, str):
                screen.narrow(term)

        dialog = PickDialog("Show only", lambda width: rows, note="enter takes it · esc closes")
        self._app.push_screen(dialog, done)
