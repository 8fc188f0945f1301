"""A session that this process runs, as the front ends see it."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from agent_tui.bootstrap.environment import Environment
from agent_tui.bootstrap.models import ModelSource, known_models
from agent_tui.bootstrap.undo import look_ahead, undo
from agent_tui.config.schema import Settings
from agent_tui.domain.base import BlobRef, ModelRef
from agent_tui.domain.decision import Answer, Remark
from agent_tui.domain.events import CommitUndone, Record, SelectionSaved, SessionFinished
from agent_tui.domain.state import Phase, State
from agent_tui.domain.turn import ModelError
from agent_tui.engine import comments, remarks
from agent_tui.engine.context import Context
from agent_tui.engine.loop import Engine
from agent_tui.ports import Clock
from agent_tui.sessions.log import SessionLog
from agent_tui.workspace.taking_back import UndoPlan


class LiveSession:
    """A session that this process runs.

    Args:
        opening: The records that were written to open it, before anybody could subscribe.
    """

    def __init__(
        self,
        log: SessionLog,
        engine: Engine,
        ctx: Context,
        env: Environment,
        models: ModelSource,
        opening: Sequence[Record],
    ) -> None:
        self._log = log
        self._engine = engine
        self._ctx = ctx
        self._opening = opening
        self._models = models
        self._settings: Settings = env.loaded.settings
        self._terminal = env.options.terminal
        self.folder = log.folder
        self.repository = Path(env.facts.root)

    @property
    def id(self) -> str:
        """The session's id."""
        return self._log.id

    @property
    def state(self) -> State:
        """The state after the last record."""
        return self._ctx.state

    @property
    def clock(self) -> Clock:
        """The session's clock."""
        return self._ctx.clock

    @property
    def worktree(self) -> Path:
        """Top of the session's worktree."""
        return self._ctx.workspace.root

    def subscribe(self, callback: Callable[[Record], None]) -> None:
        """Call back for the records that opened the session, and after each new one."""
        for record in self._opening:
            callback(record)
        self._log.subscribe(callback)

    def blob(self, ref: BlobRef) -> bytes:
        """A text that is stored beside the log. Blocks."""
        return self._log.read_blob(ref)

    async def run(self) -> SessionFinished:
        """Run the loop to its end. Cancelling it leaves the session as it stands."""
        return await self._engine.run()

    def interrupt(self) -> bool:
        """Stop the step that runs now."""
        return self._engine.interrupt()

    async def remark(self, remark: Remark) -> None:
        """Record a comment while no gate waits that would take it as an answer."""
        await comments.take(self._ctx, remark)

    def retry_now(self) -> bool:
        """End the wait before a failed call is made again."""
        return self._engine.retry_now()

    def other_models(self) -> dict[ModelRef, str]:
        """Models that can take a role over, each with a word on where it comes from."""
        return known_models(self._settings)

    async def check_model(self, ref: ModelRef) -> str:
        """What keeps a model from being used, or "" if nothing does. Contacts nobody."""
        try:
            await self._ctx.open_model(ref)
        except ModelError as error:
            return str(error)
        return ""

    async def keep_seen(self, seen: Iterable[str]) -> None:
        """Record which hunks were seen at the gate that waits, so that a resume knows it."""
        gate = self.state.gate
        if gate is not None and gate.kind in ("diff", "verdict"):
            kept = SelectionSaved(
                gate=gate.id, selection=self.state.marked, seen=tuple(sorted(seen))
            )
            await self._ctx.recorder.append(kept, "person")

    async def keep(self, answers: Iterable[Answer]) -> None:
        """Record what the person wrote at the gate that waits, of answers that decide nothing."""
        gate = self.state.gate
        for answer in answers:
            if gate is not None:
                await remarks.keep(self._ctx, gate, answer, "person")

    async def leave(self) -> None:
        """Record that the person left."""
        await self._engine.leave()

    async def export_patch(self) -> bytes:
        """The change of the revision in force as a patch file."""
        revision = self.state.revision
        if revision is None:
            return b""
        return await self._ctx.workspace.patch(revision.base_tree, revision.tree)

    async def look_ahead(self) -> UndoPlan:
        """What :meth:`undo` would do now. The errors are the same."""
        return await look_ahead(self.repository, self.state.last_commit or self.id, self.state)

    async def undo(self) -> CommitUndone:
        """Take the session's commit back, or what was taken back last.

        Raises:
            WorkspaceError: If there is nothing to take back, or it cannot be done now.
            CommitError: If there is no commit that does it.
        """
        name = self.state.last_commit or self.id
        hooks = self._settings.commit.hooks
        done = await undo(self.repository, name, self.state, hooks, self._terminal)
        await self._ctx.recorder.append(done, "person")
        return done

    async def read_file(self, path: str) -> bytes | None:
        """A file as it is in the revision in force."""
        revision = self.state.revision
        tree = revision.tree if revision else self._ctx.workspace.base_tree
        return await self._ctx.workspace.read(tree, path)

    async def read_at(self, tree: str, path: str) -> bytes | None:
        """A file as it is in a tree of the session.

        Raises:
            WorkspaceError: If git cannot read it.
        """
        return await self._ctx.workspace.read(tree, path)

    async def restore_worktree(self) -> None:
        """Make the worktree's files those of the revision in force."""
        revision = self.state.revision
        await self._ctx.workspace.reset(
            revision.tree if revision else self._ctx.workspace.base_tree
        )

    async def close(self) -> None:
        """Let go of everything; the worktree of a finished session is removed."""
        if self.state.phase is Phase.DONE:
            await self._ctx.workspace.remove()
        await self._models.close()
        await self._ctx.workspace.close()
        await self._log.close()
