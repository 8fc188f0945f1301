"""Taking back, on the screen, what a session has committed."""

import asyncio
from typing import TYPE_CHECKING

from agent_tui.bootstrap.environment import USER_ERRORS
from agent_tui.bootstrap.live import LiveSession
from agent_tui.domain.state import State
from agent_tui.domain.text import counted, listed, one_line, visible_lines
from agent_tui.headless import undone_line
from agent_tui.ports import CommitError
from agent_tui.ui.screens.dialogs import ConfirmDialog
from agent_tui.ui.widgets.lines import ASKED
from agent_tui.workspace.taking_back import UndoPlan

if TYPE_CHECKING:
    from agent_tui.ui.app import AgentTui


def why_not(state: State) -> str:
    """Why nothing can be taken back now, or ""."""
    if state.commit is None:
        return "nothing is committed"
    if state.commit.landed is None:
        return "the commit is not on your branch"
    if state.finished is None:
        return "the session is not through"
    return ""


def question(plan: UndoPlan, state: State) -> str:
    """What happens to the branch, and to the files on the disk."""
    commit, files = state.last_commit[:10], counted(len(plan.paths), "file")
    parts = [f"A new commit on your branch takes {commit} back, in {files}."]
    if plan.kept:
        parts.append(f"Later commits changed these, which stay as they are: {listed(plan.kept)}.")
    if len(plan.on_disk) == len(plan.paths):
        theirs = "" if state.taken_back else " What was committed is your uncommitted work again."
        parts.append(f"No file on the disk is touched.{theirs}")
    else:
        parts.append("The files on the disk become what they are in that commit.")
        if plan.deleted:
            parts.append(f"Deleted from the disk: {listed(plan.deleted)}.")
        if plan.on_disk:
            parts.append(
                "But these have changes of your own, so they stay on the disk as they are: "
                f"{listed(plan.on_disk)}."
            )
    return "\n\n".join([*parts, "It can be taken back in the same way."])


class Undoing:
    """Asks, and takes the last commit back or brings it again.

    Args:
        app: Where the dialog appears.
        session: The session that has committed.
    """

    def __init__(self, app: "AgentTui", session: LiveSession) -> None:
        self._app = app
        self._session = session

    async def ask(self) -> None:
        """Ask first: it makes a commit on the person's branch."""
        self._app.run_worker(self._ask(), name="undo: look ahead", group=ASKED)

    async def _ask(self) -> None:
        state = self._session.state
        try:
            plan = await self._session.look_ahead()
        except (CommitError, *USER_ERRORS) as error:
            self._warn(error)
            return
        title = "Bring the change again?" if state.taken_back else "Take the commit back?"
        yes = "Bring it again" if state.taken_back else "Take it back"
        future: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
        self._app.push_screen(
            ConfirmDialog(title, question(plan, state), yes=yes), future.set_result
        )
        self._app.run_worker(self._when(future), name="undo", group="undo", exclusive=True)

    async def _when(self, future: "asyncio.Future[bool | None]") -> None:
        if not await future:
            return
        try:
            done = await self._session.undo()
        except (CommitError, *USER_ERRORS) as error:
            self._warn(error)
        else:
            self._app.notify(visible_lines(undone_line(done)), markup=False, timeout=10)

    def _warn(self, error: Exception) -> None:
        self._app.notify(one_line(str(error), 500), severity="warning", markup=False, timeout=10)
