"""The files as a role sees them, and what else its tools work with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from agent_tui.domain.base import Role
from agent_tui.domain.events import CoderReport
from agent_tui.domain.patch import PatchError
from agent_tui.engine.context import Context
from agent_tui.engine.recorder import OutputStream
from agent_tui.engine.tools.base import ToolFailed
from agent_tui.ports import WorkspaceError


class Desk:
    """A tree, and what was changed in the worktree since.

    Args:
        ctx: The session.
        step: The step that its tools work in.
        role: Whose desk it is.
        tree: What the worktree holds, for the coder; what is only looked at, for the others.
    """

    def __init__(self, ctx: Context, step: str, role: Role, tree: str) -> None:
        self.ctx = ctx
        self.step = step
        self.role = role
        self._tree = tree
        self._changed: dict[str, bytes | None] = {}
        self._stale = False
        self._read: dict[str, None] = {}
        self.report: CoderReport | None = None
        self.doubted = False

    @property
    def files_read(self) -> tuple[str, ...]:
        """The paths that were read, in the order of the first time."""
        return tuple(self._read)

    def outdated(self) -> None:
        """A command ran: nobody knows which of the worktree's files it changed."""
        self._stale = True

    async def tree(self) -> str:
        """The files as they are now, as a tree.

        Raises:
            WorkspaceError: If the worktree holds what cannot be in one.
        """
        if self._stale or self._changed:
            self._tree = await self.ctx.workspace.snapshot()
            self._stale = False
            self._changed = {}
        return self._tree

    async def paths(self) -> list[str]:
        """All paths, sorted."""
        return sorted(await self.ctx.workspace.files(await self.tree()))

    async def read(self, path: str) -> bytes:
        """A file's bytes.

        Raises:
            ToolFailed: If there is no such file.
        """
        data = await self.find(path)
        if data is None:
            raise ToolFailed(f"There is no file {path}. Call list_files to see what there is.")
        self._read[path] = None
        return data

    async def find(self, path: str) -> bytes | None:
        """A file's bytes, or None when there is none."""
        if self._stale:
            await self.tree()
        if path in self._changed:
            return self._changed[path]
        return await self.ctx.workspace.read(self._tree, path)

    async def write(self, files: dict[str, bytes | None]) -> None:
        """Write files, or delete them with None: all of them, or none.

        Raises:
            ToolFailed: If a path is not one that may be written.
        """
        try:
            await self.ctx.workspace.write_files(files)
        except (WorkspaceError, PatchError) as error:
            raise ToolFailed(str(error)) from error
        self._changed |= files

    @asynccontextmanager
    async def output(self) -> AsyncIterator[OutputStream]:
        """A place to write what something prints, shown as it comes."""
        async with self.ctx.recorder.stream(self.step, self.role) as stream:
            yield stream
