"""The session that runs on the screen: started or resumed, run, and left."""

import asyncio
import contextlib
import shlex
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.notifications import SeverityLevel
from textual.worker import Worker

from agent_tui.bootstrap.demo import run_demo
from agent_tui.bootstrap.documents import write_document
from agent_tui.bootstrap.environment import USER_ERRORS, Environment
from agent_tui.bootstrap.live import LiveSession
from agent_tui.bootstrap.review import ReviewWish, earlier_review, start_review
from agent_tui.bootstrap.starting import resume_session, start_session
from agent_tui.domain.decision import Answer, Remark
from agent_tui.domain.events import CommitRefused, Record
from agent_tui.domain.text import one_line, visible_lines
from agent_tui.engine.gates import PendingGates
from agent_tui.headless import EXIT_CODES, review_code, review_text
from agent_tui.sessions.files import LogError
from agent_tui.ui.commenting import Commenting
from agent_tui.ui.edits import Edits
from agent_tui.ui.launch import Launch, ReviewRequest
from agent_tui.ui.live_controller import LiveController
from agent_tui.ui.screens.dialogs import ConfirmDialog, Dialog
from agent_tui.ui.screens.session import SessionScreen
from agent_tui.ui.sources import LiveSource
from agent_tui.ui.undoing import Undoing

if TYPE_CHECKING:
    from agent_tui.ui.app import AgentTui


SAID_LINES = 6
"""Lines of what a hook said that a message on the screen shows."""


class Running:
    """Runs one session at a time.

    Args:
        app: The application.
        launch: What it was started for.
        environment: The repository and the settings, for a launch.
        left: Called when the person leaves by a key.

    Attributes:
        session: The session that runs now, if one does.
        gates: Where it waits for the person.
    """

    def __init__(
        self,
        app: "AgentTui",
        launch: Launch,
        environment: Callable[[Launch], Awaitable[Environment]],
        left: Callable[[], Awaitable[None]],
    ) -> None:
        self._app, self._launch = app, launch
        self._environment, self._left = environment, left
        self._runner: Worker[None] | None = None
        self._controller: LiveController | None = None
        self._written, self._unwritten = (
            "",
            False,
        )  # what became of the patch, and whether it failed
        self.session: LiveSession | None = None
        self.gates = PendingGates()

    async def open(self, screen: SessionScreen, launch: Launch) -> LiveController:
        """Start or resume a session on a screen.

        Raises:
            UsageError, ConfigError, WorkspaceError, LogError: If it cannot begin.
        """
        env = await self._environment(launch)
        await self._ask_for_trust(env)
        self.gates = PendingGates()
        self.session = session = await self._begin(env, launch)
        grace = launch.grace_ms
        settings = env.loaded.settings
        controller = LiveController(
            screen,
            answer=self._answer,
            interrupt=session.interrupt,
            retry=session.retry_now,
            left=self._left,
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
        session.subscribe(self._tell_of_refusal)
        source.changed = controller.presenter.changed
        screen.set_interval(1.0, controller.presenter.tick)
        # A function, since a coroutine that is never begun would be complained about.
        run: Any = partial(self._run, session)
        self._runner = self._app.run_worker(run, name="loop", group="loop")
        if launch.kind == "review":
            self._app.run_worker(self._tell_of_earlier(env, session), name="earlier review")
        return controller

    def _tell_of_refusal(self, record: Record) -> None:
        """Say why a hook leads back to an earlier gate; other causes are a gate's own question."""
        refused = record.event
        if isinstance(refused, CommitRefused) and refused.cause == "hook":
            said = refused.detail.splitlines()[:SAID_LINES]
            words = visible_lines("\n".join(["Not committed:", *said]))
            self._app.notify(words, severity="warning", markup=False, timeout=15)

    async def _tell_of_earlier(self, env: Environment, session: LiveSession) -> None:
        """Say that a review of the same change was left, so that nothing is written twice."""
        try:
            found = await asyncio.to_thread(earlier_review, env, session.state)
        except LogError as error:
            self._app.notify(visible_lines(str(error)), severity="warning", markup=False)
            return
        if found is not None:
            words = f"You have left a review of this same change, with {found.said}."
            words += f" agent-tui resume {found.session} goes on with it."
            self._app.notify(words, markup=False, timeout=12)

    async def _begin(self, env: Environment, launch: Launch) -> LiveSession:
        if launch.kind == "demo":
            return await run_demo(env, self.gates)
        if launch.kind == "resume":
            return await resume_session(env, launch.session or "", self.gates)
        if launch.kind == "review":
            return await start_review(env, _wish(launch.review), self.gates)
        if launch.kind in ("agents-md", "adr"):
            return await write_document(env, launch.kind, launch.request, self.gates)
        return await start_session(env, launch.request, self.gates)

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
            await self._write_patch(session)
        except USER_ERRORS as error:
            self._app.notify(visible_lines(str(error)), severity="error", markup=False, timeout=30)

    async def _write_patch(self, session: LiveSession) -> None:
        """Write what was accepted of a reviewed change, if anything was and it is not written."""
        file, revision = self._launch.review.output, session.state.revision
        if file is None or revision is None or revision.approval is None or self._written:
            return
        try:
            patch = await session.export_patch()
            await asyncio.to_thread(file.write_bytes, patch)
        except OSError as error:
            self._written, self._unwritten = f"{file} cannot be written: {error.strerror}.", True
        except USER_ERRORS as error:
            self._written, self._unwritten = f"{file} is not written: {error}", True
        else:
            self._written = f"written: {file}"
        severity: SeverityLevel = "error" if self._unwritten else "information"
        words = visible_lines(self._written)
        self._app.notify(words, severity=severity, markup=False, timeout=10)

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

    async def leave(self) -> int:
        """Leave the session, which stays and can be resumed; the exit code that it ends with."""
        session, self.session = self.session, None
        if session is None:
            return 0
        for dialog in self._app.screen_stack:
            if isinstance(dialog, Dialog):
                dialog.keep_draft()
        if self._runner is not None:
            self._runner.cancel()
            with contextlib.suppress(Exception):
                await self._runner.wait()
        await session.keep(self.gates.left_over())
        # Textual's own way to wait for several would wait for all there are where there are none.
        written = [worker for worker in self._app.workers if worker.group == "loop-comment"]
        await asyncio.gather(*(worker.wait() for worker in written), return_exceptions=True)
        if self._controller is not None:
            await session.keep_seen(self._controller.presenter.pane.seen_ids)
        if session.state.finished is not None:
            await self._write_patch(session)  # a quick leave may have come before it
        await session.leave()
        await session.close()
        self._say_goodbye(session)
        state = session.state
        code = EXIT_CODES[state.finished.outcome] if state.finished is not None else 0
        reviewed = state.session is not None and state.session.given is not None
        code = await self._end_review(session, code) if reviewed else code
        return EXIT_CODES["failed"] if self._unwritten else code

    async def _end_review(self, session: LiveSession, code: int) -> int:
        """Keep what the review found for standard output; the exit code tells of it as well."""
        if self._launch.kind == "home":
            return code
        form = self._launch.review.format
        text, waiting = await asyncio.to_thread(review_text, session, form or "markdown")
        self._app.result = text if form or waiting else ""
        return review_code(code, waiting)

    def _say_goodbye(self, session: LiveSession) -> None:
        if self._launch.kind == "home":
            return
        state = session.state
        lines = []
        if state.finished is not None:
            lines.append(f"{state.finished.outcome}: {one_line(state.finished.detail, 300)}")
        if self._written:
            lines.append(visible_lines(self._written))
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
