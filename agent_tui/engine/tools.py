"""The tools that a model may call, and the registry that describes and runs them.

A tool is a pydantic model (its parameters become the JSON schema, its docstring the description)
with a ``run`` method that works on a :class:`Desk`: the session's worktree, and nothing else.
"""

from collections.abc import Iterable
from typing import ClassVar

from pydantic import BaseModel, Field, ValidationError

from agent_tui.domain.events import CoderReport
from agent_tui.domain.patch import PatchError
from agent_tui.domain.text import decode, one_line
from agent_tui.domain.turn import ToolCall, ToolResult, ToolSpec
from agent_tui.engine.answers import ReportAnswer
from agent_tui.ports import Workspace, WorkspaceError

MAX_READ_BYTES = 256 * 1024
"""A larger file is shown in part: it would fill the model's window."""


class ToolFailed(Exception):
    """The call could not be done; the text tells the model what to do instead."""


class Desk:
    """The files as the coder sees them: a tree, and what was changed since."""

    def __init__(self, workspace: Workspace, tree: str) -> None:
        self._workspace = workspace
        self._tree = tree
        self._changed: dict[str, bytes | None] = {}
        self.report: CoderReport | None = None

    async def paths(self) -> list[str]:
        """All paths, sorted."""
        paths = set(await self._workspace.files(self._tree))
        for path, data in self._changed.items():
            (paths.discard if data is None else paths.add)(path)
        return sorted(paths)

    async def read(self, path: str) -> bytes:
        """A file's bytes.

        Raises:
            ToolFailed: If there is no such file.
        """
        data = (
            self._changed[path]
            if path in self._changed
            else await self._workspace.read(self._tree, path)
        )
        if data is None:
            raise ToolFailed(f"There is no file {path}. Call list_files to see what there is.")
        return data

    async def write(self, path: str, data: bytes | None) -> None:
        """Write a file, or delete it with None.

        Raises:
            ToolFailed: If the path is not one that may be written.
        """
        try:
            await self._workspace.write_files({path: data})
        except (WorkspaceError, PatchError) as error:
            raise ToolFailed(str(error)) from error
        self._changed[path] = data


class Tool(BaseModel):
    """A tool's parameters."""

    name: ClassVar[str]

    async def run(self, desk: Desk) -> str:
        """Do it, and say what was done."""
        raise NotImplementedError


class ListFiles(Tool):
    """List the paths of all files."""

    name = "list_files"

    async def run(self, desk: Desk) -> str:
        """One path a line."""
        return "\n".join(await desk.paths())


class ReadFile(Tool):
    """Read a text file."""

    name = "read_file"
    path: str = Field(description="Path from the top of the repository.")

    async def run(self, desk: Desk) -> str:
        """The file's text."""
        data = await desk.read(self.path)
        if b"\0" in data[:8000]:
            raise ToolFailed(f"{self.path} is a binary file of {len(data)} bytes.")
        text = decode(data[:MAX_READ_BYTES])
        rest = len(data) - MAX_READ_BYTES
        return text if rest <= 0 else f"{text}\n[{rest} more bytes are not shown]"


class ReplaceText(Tool):
    """Replace a text in a file. The old text must occur exactly once."""

    name = "replace_text"
    path: str = Field(description="Path from the top of the repository.")
    old: str = Field(description="The exact present text, with enough lines to be unique.")
    new: str = Field(description="The text to put in its place.")

    async def run(self, desk: Desk) -> str:
        """Replaces it."""
        data = await desk.read(self.path)
        old, new = self.old.encode(), self.new.encode()
        if b"\r\n" in data and b"\r\n" not in old:
            old, new = old.replace(b"\n", b"\r\n"), new.replace(b"\n", b"\r\n")
        count = data.count(old) if old else 0
        if count != 1:
            raise ToolFailed(
                f"The old text occurs {count} times in {self.path}; it must occur exactly once. "
                "Read the file and copy the text as it is now."
            )
        await desk.write(self.path, data.replace(old, new))
        return f"replaced a text in {self.path}"


class WriteFile(Tool):
    """Write a whole file, new or not."""

    name = "write_file"
    path: str = Field(description="Path from the top of the repository.")
    text: str = Field(description="The whole new content.")

    async def run(self, desk: Desk) -> str:
        """Writes it."""
        await desk.write(self.path, self.text.encode())
        return f"wrote {self.path}, {len(self.text.splitlines())} lines"


class DeleteFile(Tool):
    """Delete a file."""

    name = "delete_file"
    path: str = Field(description="Path from the top of the repository.")

    async def run(self, desk: Desk) -> str:
        """Deletes it."""
        await desk.read(self.path)
        await desk.write(self.path, None)
        return f"deleted {self.path}"


class Report(Tool, ReportAnswer):
    """Say that the attempt is complete, and what it does. Call this last, and only once."""

    name = "report"

    async def run(self, desk: Desk) -> str:
        """Keeps the report."""
        desk.report = self.report()
        return "the attempt goes to the person now"


CODER_TOOLS: tuple[type[Tool], ...] = (
    ListFiles,
    ReadFile,
    ReplaceText,
    WriteFile,
    DeleteFile,
    Report,
)
READING_TOOLS: tuple[type[Tool], ...] = (ListFiles, ReadFile)


class Toolbox:
    """A set of tools on one desk."""

    def __init__(self, tools: Iterable[type[Tool]], desk: Desk) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._desk = desk

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """What a provider is told about the tools."""
        return tuple(
            ToolSpec(name, (tool.__doc__ or "").strip(), tool.model_json_schema())
            for name, tool in self._tools.items()
        )

    async def run(self, call: ToolCall) -> ToolResult:
        """Run a call. A failure is a result that the model can act on, not an exception."""
        tool = self._tools.get(call.name)
        if tool is None:
            known = ", ".join(self._tools)
            return ToolResult(call.id, f"There is no tool {call.name}; there are {known}.", False)
        try:
            text = await tool.model_validate_json(call.arguments or "{}").run(self._desk)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "arguments"
            return ToolResult(call.id, f"Bad arguments: {place}: {first['msg']}", False)
        except (ToolFailed, WorkspaceError) as error:
            return ToolResult(call.id, one_line(str(error), 500), False)
        return ToolResult(call.id, text)
