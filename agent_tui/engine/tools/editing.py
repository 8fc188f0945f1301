"""Tools that change files of the worktree."""

import asyncio

from pydantic import Field

from agent_tui.domain.edits import EditFormatError
from agent_tui.domain.rules import Call, Part
from agent_tui.domain.text import visible_lines
from agent_tui.engine.tools.base import Tool, ToolFailed
from agent_tui.engine.tools.desk import Desk
from agent_tui.ports import EditFormats

MAX_EXPLAINED = 6_000
"""Characters of an explanation why a patch does not apply."""


class ReplaceText(Tool):
    """Replace a text in a file. The old text must occur exactly once."""

    name = "replace_text"
    path: str = Field(description="Path from the top of the repository.")
    old: str = Field(description="The exact present text, with enough lines to be unique.")
    new: str = Field(description="The text to put in its place.")

    def asks(self, desk: Desk) -> Call:
        """One path, and the size of what is put in."""
        return _write(self.name, self.path, len(self.new.encode("utf-8", "surrogatepass")))

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
        await desk.write({self.path: data.replace(old, new)})
        return f"replaced a text in {self.path}"


class WriteFile(Tool):
    """Write a whole file, new or not."""

    name = "write_file"
    path: str = Field(description="Path from the top of the repository.")
    text: str = Field(description="The whole new content.")

    def asks(self, desk: Desk) -> Call:
        """One path, and the size of the file."""
        return _write(self.name, self.path, len(self.text.encode("utf-8", "surrogatepass")))

    async def run(self, desk: Desk) -> str:
        """Writes it."""
        await desk.write({self.path: self.text.encode()})
        return f"wrote {self.path}, {len(self.text.splitlines())} lines"


class DeleteFile(Tool):
    """Delete a file."""

    name = "delete_file"
    path: str = Field(description="Path from the top of the repository.")

    def asks(self, desk: Desk) -> Call:
        """One path."""
        return _write(self.name, self.path, 0)

    async def run(self, desk: Desk) -> str:
        """Deletes it."""
        await desk.read(self.path)
        await desk.write({self.path: None})
        return f"deleted {self.path}"


class ApplyPatch(Tool):
    """Change several files at once with a patch: all of it is applied, or nothing.

    The patch begins with `*** Begin Patch` and ends with `*** End Patch`. Between them stand
    `*** Add File: PATH` (lines begin with +), `*** Delete File: PATH`, or `*** Update File: PATH`
    with hunks that begin with `@@`; their lines begin with a blank, - or +. Give three lines of
    context, copied exactly. A unified diff is taken as well.
    """

    name = "apply_patch"
    patch: str = Field(description="The whole patch.")

    @classmethod
    def offered(cls, desk: Desk) -> bool:
        """Whether patches can be read here."""
        return desk.ctx.edits is not None

    def asks(self, desk: Desk) -> Call:
        """Every path of the patch."""
        try:
            paths = _formats(desk).paths(self.patch)
        except EditFormatError as error:
            raise ToolFailed(f"The patch cannot be read: {error}") from error
        size = len(self.patch.encode("utf-8", "surrogatepass"))
        parts = tuple(Part(path=path) for path in paths) or (Part(),)
        return Call(tool=self.name, size=size, parts=parts)

    async def run(self, desk: Desk) -> str:
        """Applies it."""
        formats = _formats(desk)
        before = {path: await desk.find(path) for path in formats.paths(self.patch)}
        try:
            result = await asyncio.to_thread(formats.apply, self.patch, before.get)
        except EditFormatError as error:
            raise ToolFailed(f"The patch cannot be read: {error}") from error
        if not result.certain:
            said = visible_lines(result.explain())[:MAX_EXPLAINED]
            raise ToolFailed(
                f"Nothing was changed. {said}\nRead the files again, and write the patch with "
                "lines that are copied exactly."
            )
        if not result.files:
            return "The patch changes nothing: the files are like that already."
        await desk.write({edit.path: edit.data for edit in result.files})
        return "\n".join(
            f"{'deleted' if edit.data is None else 'wrote'} {edit.path}" for edit in result.files
        )


def _formats(desk: Desk) -> EditFormats:
    if desk.ctx.edits is None:
        raise ToolFailed("There are no patches here.")
    return desk.ctx.edits


def _write(tool: str, path: str, size: int) -> Call:
    return Call(tool=tool, size=size, parts=(Part(path=path),))
