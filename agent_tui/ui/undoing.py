"""Taking back, on the screen, what a session has committed."""

import asyncio
from typing import TYPE_CHECKING

from agent_tui.bootstrap.environment import USER_ERRORS
from agent_tui.bootstrap.live import LiveSession
from agent_tui.domain.state import State
from agent_tui.domain.text import one_line, visible_lines
from agent_tui.headless import undone_line
from agent_tui.ports import CommitError
from agent_tui.ui.screens.dialogs import ConfirmDialog

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
        state = self._session.state
        commit = state.last_commit[:10]
        title = "Bring the change again?" if state.taken_back else "Take the commit back?"
        body = (
            f"A new commit on your branch takes {commit} back. Only files that still hold what was "
            "committed are touched; what you have changed since stays as it is.\n\n"
            "It can be taken back in the same way."
        )
        future: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
        yes = "Bring it again" if state.taken_back else "Take it back"
        dialog = ConfirmDialog(title, body, yes=yes)
        self._app.push_screen(dialog, future.set_result)
        self._app.run_worker(self._when(future), name="undo", group="undo", exclusive=True)

    async def _when(self, future: "asyncio.Future[bool | None]") -> None:
        if not await future:
            return
        try:
            done = await self._session.undo()
        except (CommitError, *USER_ERRORS) as error:
            self._app.notify(
                one_line(str(error), 500), severity="warning", markup=False, timeout=10
            )
        else:
            self._app.notify(visible_lines(undone_line(done)), markup=False, timeout=10)
