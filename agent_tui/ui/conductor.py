"""Brings sessions and screens together: loads, starts, resumes, replays and leaves them."""

import asyncio
import contextlib
import shlex
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.screen import Screen
from textual.worker import Worker

from agent_tui.bootstrap.documents import write_document
from agent_tui.bootstrap.environment import (
    USER_ERRORS,
    Environment,
    Options,
    UsageError,
    demo_options,
    open_environment,
)
from agent_tui.bootstrap.live import LiveSession, resume_session, run_demo, start_session
from agent_tui.bootstrap.review import ReviewWish, start_review
from agent_tui.bootstrap.saved import look_at, marks_file
from agent_tui.config import paths
from agent_tui.config.themes import load_themes
from agent_tui.domain.decision import Answer, Remark
from agent_tui.domain.text import one_line, visible_lines
from agent_tui.engine.gates import PendingGates
from agent_tui.headless import EXIT_CODES, review_code, review_text
from agent_tui.sessions.lock import is_locked
from agent_tui.sessions.log import SystemClock
from agent_tui.ui.choosing import choose_other, choose_saved, others
from agent_tui.ui.commenting import Commenting
from agent_tui.ui.comparing import Comparison
from agent_tui.ui.controller import SessionController
from agent_tui.ui.edits import Edits
from agent_tui.ui.forking import Forking
from agent_tui.ui.keymap import screen_problems
from agent_tui.ui.launch import Launch, ReviewRequest
from agent_tui.ui.lending import lender
from agent_tui.ui.listing import Listing
from agent_tui.ui.live_controller import LiveController
from agent_tui.ui.replay_controller import ReplayController
from agent_tui.ui.screens.compare import CompareScreen
from agent_tui.ui.screens.dialogs import ConfirmDialog
from agent_tui.ui.screens.home import HomeScreen
from agent_tui.ui.screens.session import SessionScreen
from agent_tui.ui.sources import LiveSource, ReplaySource
from agent_tui.ui.theming import textual_theme
from agent_tui.ui.undoing import Undoing

if TYPE_CHECKING:
    from agent_tui.ui.app import AgentTui


class Conductor:
    """The heavy half of the application, imported behind the first paint.

    Args:
        app: The application.
        launch: What it was started for.

    Attributes:
        session: The session that runs now, if one does.
        listing: The list of the home screen.
    """

    def __init__(self, app: "AgentTui", launch: Launch) -> None:
        self._app = app
        self._launch = launch
        self._env: Environment | None = None
        self._next: Launch = launch
        self._runner: Worker[None] | None = None
        self._controller: LiveController | None = None
        self.session: LiveSession | None = None
        self.listing = Listing(app, self._here, self.compare)
        self.gates = PendingGates()
        self._load_settings()

    # -- settings ----------------------------------------------------------------------------

    def _load_settings(self) -> None:
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

    async def _environment(self, launch: Launch | None = None) -> Environment:
        """The repository as it is now, and the settings that hold in it."""
        launch = launch or self._launch
        if launch.kind == "demo":
            if self._env is None:
                options = await demo_options(launch.demo_folder, launch.words_per_s, launch.clock)
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
        self._check_names(self._env)
        return self._env

    def _check_names(self, env: Environment) -> None:
        settings = env.loaded.settings
        problems = list(screen_problems(env.loaded, self._app.available_themes))
        if problems:
            raise UsageError("\n".join(problems))
        self._app.theme = settings.theme

    # -- home --------------------------------------------------------------------------------

    async def _here(self, fresh: bool) -> Environment:
        return self._env if self._env is not None and not fresh else await self._environment()

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

    def _push(self, launch: Launch) -> None:
        self._next = launch

        def back(_: None) -> None:
            screen = self._app.screen
            if isinstance(screen, HomeScreen):
                screen.reload()

        self._app.push_screen(SessionScreen(self.prepare, self._app.keymap), back)

    # -- comparing ---------------------------------------------------------------------------

    def compare(self, names: tuple[str, ...]) -> None:
        """Show sessions side by side, above what is shown now."""

        async def load() -> Comparison | None:
            return await self.read_compared(screen, names)

        screen = CompareScreen(load, self.replay, lambda: self._app.close_screen(screen))
        self._app.push_screen(screen)

    async def read_compared(self, screen: Screen[Any], names: tuple[str, ...]) -> Comparison | None:
        """Sessions for a screen, each as ``ID``, ``ID@STEP`` or a path; None closes it."""
        try:
            return await Comparison.read(self._look_options(), names)
        except USER_ERRORS as error:
            self._give_up(screen, error)
            return None

    def replay(self, session: str) -> None:
        """Replay a session above what is shown now."""
        self._push(replace(self._launch, kind="replay", session=session))

    def _look_options(self) -> Options:
        launch = self._launch
        if launch.kind == "demo" and self._env is not None:
            return self._env.options
        return Options(folder=launch.folder, settings={}, sessions=launch.sessions)

    def _give_up(self, screen: Screen[Any], error: Exception) -> None:
        """Say why a screen cannot be shown, and go back to the one below, if there is one."""
        if self._app.screen_stack[0] is screen:
            self._app.fail(str(error))
            return
        screen.dismiss(None)
        self._app.notify(visible_lines(str(error)), severity="error", markup=False, timeout=10)

    # -- a session screen --------------------------------------------------------------------

    async def prepare(self, screen: SessionScreen) -> SessionController | None:
        """Load what a session screen shows. A person's mistake ends it with one sentence."""
        try:
            if self._next.kind == "replay":
                return await self._replay(screen)
            return await self._live(screen)
        except USER_ERRORS as error:
            home = self._app.screen_stack[0]
            if self._next.kind == "run" and isinstance(home, HomeScreen):
                home.keep_request(self._next.request)
            self._give_up(screen, error)
            return None

    async def _replay(self, screen: SessionScreen) -> SessionController | None:
        launch = self._next
        options = self._look_options()
        name = launch.session
        if name is None:
            name = await choose_saved(self._app, options)
            if name is None:
                self._app.close_screen(screen)
                return None
        saved = await asyncio.to_thread(look_at, options, name)
        if not len(saved.log):
            raise UsageError(f"Session {one_line(name)} has no events to replay.")
        for problem in saved.problems:
            self._app.notify(one_line(problem, 300), severity="warning", markup=False)
        source = await asyncio.to_thread(ReplaySource, saved)
        # Who opens a finished session from the list wants to see how it ended.
        at_end = self._launch.kind == "home" or saved.live
        marks = await asyncio.to_thread(marks_file, options, saved)
        controller = ReplayController(
            screen,
            source,
            lambda: self._app.close_screen(screen),
            at_end=at_end,
            marks=marks,
            fork=Forking(self._app, self._launch, self._fork_place, self._push).ask,
            compare=partial(self._compare_from, options),
        )
        controller.begin()
        return controller

    async def _compare_from(self, options: Options, source: ReplaySource) -> None:
        """Ask what the session of a replay is to be compared with, and show both."""
        saved, replay = source.saved, source.replay
        own = str(saved.folder) if saved.folder is not None else self._next.session or saved.id
        at = own if replay.position == replay.length else f"{own}@{replay.position}"
        now = (self._launch.clock or SystemClock()).now()
        try:
            choose_other(self._app, await others(options, saved.id, now),
                         lambda other: self.compare((at, other)))  # fmt: skip
        except USER_ERRORS as error:
            self._app.notify(visible_lines(str(error)), severity="error", markup=False)

    async def _fork_place(self, launch: Launch) -> Environment:
        if launch.kind == "demo" and self._env is not None:
            return self._env
        return await self._environment(launch)

    async def _live(self, screen: SessionScreen) -> SessionController:
        launch = self._next
        env = await self._environment(launch)
        await self._ask_for_trust(env)
        self.gates = PendingGates()
        if launch.kind == "demo":
            session = await run_demo(env, self.gates)
        elif launch.kind == "resume":
            session = await resume_session(env, launch.session or "", self.gates)
        elif launch.kind == "review":
            session = await start_review(env, _wish(launch.review), self.gates)
        elif launch.kind in ("agents-md", "adr"):
            session = await write_document(env, launch.kind, launch.request, self.gates)
        else:
            session = await start_session(env, launch.request, self.gates)
        self.session = session
        grace = launch.grace_ms
        settings = env.loaded.settings
        controller = LiveController(
            screen,
            answer=self._answer,
            interrupt=session.interrupt,
            retry=session.retry_now,
            left=self.leave,
            take_back=Undoing(self._app, session).ask,
            grace_s=(settings.gates.grace_ms if grace is None else grace) / 1000,
        )
        edits = Edits(self._app, session, controller, settings.editor.command)
        self._controller = controller
        started = session.state.session
        if started is not None and started.given is not None and not started.roles:
            screen.add_class("-zoomed")  # a person alone wants to see the change, and nothing else
        controller.edit = edits.edit
        controller.commenting = Commenting(controller, partial(self._remark, session))
        source = LiveSource(session)
        controller.attach(source)
        source.changed = controller.presenter.changed
        screen.set_interval(1.0, controller.presenter.tick)
        self._runner = self._app.run_worker(self._run(session), name="loop", group="loop")
        return controller

    def _remark(self, session: LiveSession, remark: Remark) -> None:
        """Record a comment: in order with the gate's other answers, or while a role works."""
        gate = session.state.gate
        if gate is None or not self._answer(gate.id, remark):
            self._app.run_worker(session.remark(remark), name="comment", group="loop-comment")

    def _answer(self, gate_id: str, answer: Answer) -> bool:
        return self.gates.resolve(gate_id, answer)

    async def _run(self, session: LiveSession) -> None:
        try:
            await session.run()
            if self._launch.review.output is not None and session.state.revision is not None:
                await self._write_patch(session, self._launch.review.output)
        except USER_ERRORS as error:
            self._app.notify(visible_lines(str(error)), severity="error", markup=False, timeout=30)

    async def _write_patch(self, session: LiveSession, file: Path) -> None:
        """Write what was accepted of a reviewed change, if anything was."""
        revision = session.state.revision
        if revision is None or revision.approval is None:
            return
        patch = await session.export_patch()
        try:
            await asyncio.to_thread(file.write_bytes, patch)
        except OSError as error:
            raise UsageError(f"{file} cannot be written: {error.strerror}.") from error
        self._app.notify(visible_lines(f"written: {file}"), markup=False, timeout=10)

    async def _ask_for_trust(self, env: Environment) -> None:
        if not env.loaded.untrusted:
            return
        wishes = "\n".join(str(wish) for wish in env.loaded.untrusted)
        body = (
            f"{wishes}\n\nChecks run in the sandbox if there is one, everything else with your "
            "rights. Trust is for this exact content of the file: when it changes, you are asked "
            "again."
        )
        future: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
        self._app.push_screen(
            ConfirmDialog(
                "This repository's agent-tui.toml wants to run commands",
                visible_lines(body),
                yes="Trust and run them",
                no="Go on without them",
            ),
            future.set_result,
        )
        if await future:
            env.trust_project()

    # -- leaving -----------------------------------------------------------------------------

    async def leave(self) -> None:
        """Leave the session; it stays and can be resumed. Without a home screen, quit."""
        session, self.session = self.session, None
        if session is not None:
            if self._runner is not None:
                self._runner.cancel()
                with contextlib.suppress(Exception):
                    await self._runner.wait()
            if self._controller is not None:
                await session.keep_seen(self._controller.presenter.pane.seen_ids)
            await session.leave()
            await session.close()
            self._say_goodbye(session)
            started = session.state.session
            if self._launch.kind != "home" and started is not None and started.given is not None:
                await self._end_review(session)
                return
        screen = self._app.screen
        if self._launch.kind == "home" and isinstance(screen, SessionScreen):
            screen.dismiss(None)
        else:
            finished = session.state.finished if session is not None else None
            code = EXIT_CODES[finished.outcome] if finished is not None else 0
            self._app.exit(return_code=code)

    async def _end_review(self, session: LiveSession) -> None:
        """Keep what the review found for standard output, and leave with its exit code."""
        form = self._launch.review.format
        text, waiting = await asyncio.to_thread(review_text, session, form or "markdown")
        finished = session.state.finished
        self._app.result = text if form or waiting else ""
        code = EXIT_CODES[finished.outcome] if finished is not None else 0
        self._app.exit(return_code=review_code(code, waiting))

    def _say_goodbye(self, session: LiveSession) -> None:
        if self._launch.kind == "home":
            return
        state = session.state
        lines = []
        if state.finished is not None:
            lines.append(f"{state.finished.outcome}: {one_line(state.finished.detail, 300)}")
        demo = self._launch.kind == "demo"
        if demo:
            lines.append(f"repository: {session.repository}")
            lines.append(f"replay it:  agent-tui replay {session.folder}")
        if state.finished is None:
            words = ["agent-tui", "demo", "--keep-in", str(session.repository.parent)]
            if not demo:
                words = ["agent-tui", "resume", session.id]
                for option in ("sessions", "script"):
                    if value := getattr(self._launch, option):
                        words += [f"--{option}", str(value)]
            lines.append(f"go on with: {shlex.join(words)}")
        self._app.farewell = "\n".join(lines)


def _wish(request: ReviewRequest) -> ReviewWish:
    return ReviewWish(
        what=request.what,
        data=request.data,
        then="patch" if request.output else "commit",
        checks=request.checks,
        models=request.models,
    )
