"""Tools that look and change nothing."""

import itertools

from pydantic import Field

from agent_tui.domain.rules import Call, Part, matches_glob
from agent_tui.domain.text import decode
from agent_tui.engine.tools.base import Tool, ToolFailed
from agent_tui.engine.tools.desk import Desk

MAX_READ_BYTES = 256 * 1024
"""A larger file is shown in part: it would fill the model's window."""

MAX_LISTED = 5_000
"""Paths that are listed at once."""

MAX_FOUND = 200
MAX_BLAMED = 400


class ListFiles(Tool):
    """List the paths of all files, or of those that fit a glob such as `src/**` or `*.py`."""

    name = "list_files"
    glob: str = Field(default="", description="Only these paths; empty for all.")

    async def run(self, desk: Desk) -> str:
        """One path a line."""
        paths = await desk.paths()
        if self.glob:
            paths = [path for path in paths if matches_glob(path, self.glob)]
        more = len(paths) - MAX_LISTED
        note = f"\n[{more} more paths are not shown; narrow the glob]" if more > 0 else ""
        return "\n".join(paths[:MAX_LISTED]) + note


class ReadFile(Tool):
    """Read a text file, or a range of its lines."""

    name = "read_file"
    path: str = Field(description="Path from the top of the repository.")
    start_line: int | None = Field(default=None, ge=1, description="First line, from 1.")
    end_line: int | None = Field(default=None, ge=1, description="Last line, which is shown too.")

    def asks(self, desk: Desk) -> Call:
        """One path."""
        return Call(tool=self.name, parts=(Part(path=self.path),))

    async def run(self, desk: Desk) -> str:
        """The file's text as it is; a note at the end says what is not shown."""
        data = await desk.read(self.path)
        if b"\0" in data[:8000]:
            raise ToolFailed(f"{self.path} is a binary file of {len(data)} bytes.")
        lines = data.splitlines(keepends=True)
        first = self.start_line or 1
        last = min(self.end_line or len(lines), len(lines))
        if first > max(len(lines), 1) or (self.end_line and self.end_line < first):
            raise ToolFailed(f"{self.path} has {len(lines)} lines; there is no such range in it.")
        shown, size = [], 0
        for line in lines[first - 1 : last]:
            if size + len(line) > MAX_READ_BYTES:
                break
            size += len(line)
            shown.append(line)
        text = decode(b"".join(shown))
        end = first - 1 + len(shown)
        if not shown and lines:
            beginning = decode(lines[first - 1][:MAX_READ_BYTES])
            return f"{beginning}\n[the rest of line {first} is left out]"
        if end < last:
            more = f"read on with start_line={end + 1}"
            return f"{text}\n[lines {first} to {end} of {len(lines)}; {more}]"
        if self.start_line or self.end_line:
            return f"{text}\n[lines {first} to {end} of {len(lines)}]"
        return text


class Search(Tool):
    """Search the text files of the repository, line by line."""

    name = "search"
    pattern: str = Field(description="A regular expression, or a plain text.")
    regex: bool = Field(default=True, description="False to look for the pattern as it is.")
    ignore_case: bool = False
    glob: str = Field(default="", description="Only in paths that fit, such as `src/**/*.py`.")

    async def run(self, desk: Desk) -> str:
        """``path:line:text``, a line each."""
        found, more = await desk.ctx.workspace.search(
            await desk.tree(),
            self.pattern,
            regex=self.regex,
            ignore_case=self.ignore_case,
            limit=MAX_FOUND if not self.glob else 50 * MAX_FOUND,
        )
        fitting = [m for m in found if not self.glob or matches_glob(m.path, self.glob)]
        lines = [f"{m.path}:{m.line}:{m.text}" for m in fitting[:MAX_FOUND]]
        if not lines:
            return "Nothing was found." + (" Not everything was searched." if more else "")
        if more or len(fitting) > MAX_FOUND:
            lines.append(f"[more than {len(lines)} lines match; narrow the pattern or the glob]")
        return "\n".join(lines)


class GitLog(Tool):
    """List the newest commits, of the whole repository or of one path."""

    name = "git_log"
    path: str = Field(default="", description="A file or folder; empty for all.")
    limit: int = Field(default=20, ge=1, le=100)

    async def run(self, desk: Desk) -> str:
        """Name, date, author and subject, a line each."""
        commits = await desk.ctx.workspace.history(self.path or None, self.limit)
        if not commits:
            return "There are no such commits."
        return "\n".join(f"{c.name} {c.date} {c.author}: {c.subject}" for c in commits)


class GitBlame(Tool):
    """Say which commit last changed each of some lines of a file, as of the session's start."""

    name = "git_blame"
    path: str = Field(description="Path from the top of the repository.")
    start_line: int = Field(ge=1)
    end_line: int = Field(ge=1)

    async def run(self, desk: Desk) -> str:
        """Commit, author, date and text, a line each."""
        last = min(self.end_line, self.start_line + MAX_BLAMED - 1)
        if last < self.start_line:
            raise ToolFailed("end_line is before start_line.")
        text = await desk.ctx.workspace.blame(self.path, self.start_line, last)
        lines = itertools.islice(text.splitlines(), MAX_BLAMED)
        return "\n".join(line[:300] for line in lines)
