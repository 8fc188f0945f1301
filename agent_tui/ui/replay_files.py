"""The files of a step of a replay: looked at, compared with another step, forked from."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from typing import TYPE_CHECKING

from textual.content import Content

from agent_tui.bootstrap import library
from agent_tui.bootstrap.environment import USER_ERRORS
from agent_tui.domain.patch import Patch, parse_patch
from agent_tui.domain.text import decode, one_line, visible
from agent_tui.ui.render.text import heading
from agent_tui.ui.screens.ask import AskDialog, PickDialog
from agent_tui.ui.sources import ReplaySource
from agent_tui.ui.widgets.rows import Row

if TYPE_CHECKING:
    from agent_tui.ui.replay_controller import ReplayController

Fork = Callable[[ReplaySource], Awaitable[None]]
Compare = Callable[[ReplaySource], Awaitable[None]]

MOST_LINES = 20_000
"""Lines of one file that are shown."""

_SIGNS = {"added": ("A", "$ok"), "deleted": ("D", "$bad")}


class ReplayFiles:
    """Dialogs about the files of the present step.

    Args:
        controller: Of the replay.
        source: The replay.
        fork: Asks what is to be different, and begins a session; None where none can be.
        compare: Asks for another session, and shows both side by side.
    """

    def __init__(
        self,
        controller: "ReplayController",
        source: ReplaySource,
        fork: Fork | None,
        compare: Compare | None,
    ) -> None:
        self._controller = controller
        self._source = source
        self._fork = fork
        self._compare_with = compare

    async def compare(self) -> None:
        """Show the session beside its parent, a fork of it, or any other."""
        if self._compare_with is not None:
            self._controller.pause()
            await self._compare_with(self._source)

    async def files(self) -> None:
        """Show the files of this step; Enter shows one, and the first row compares."""
        position = self._source.replay.position
        try:
            files = await asyncio.to_thread(library.files_at, self._source.saved, position)
            raw = await asyncio.to_thread(library.patch_at, self._source.saved, position)
        except USER_ERRORS as error:
            self._controller.tell(str(error), "warning")
            return
        patch = parse_patch(raw) if raw else Patch()
        what = "files" if files.whole else "changed files"
        rows = [heading(f"{len(files.paths)} {what} at step {position}")]
        if files.whole:
            compare = Content.styled("  compare with another step …", "$gate")
            rows.append(Row(compare, item=("compare",), key=("compare",)))
        else:
            rows.append(
                Row(Content.styled("   the repository is not here: only the patch is", "$muted"))
            )
        rows += _file_rows(files.paths, patch)

        def chosen(key: Hashable) -> None:
            if key == ("compare",):
                self._ask_other(files)
            elif isinstance(key, tuple) and not files.whole:
                path, parts = str(key[1]), _parts(raw)
                known = len(parts) == len(patch.files)
                found = [
                    part
                    for file, part in zip(patch.files, parts, strict=known)
                    if file.path == path
                ]
                self._show_text(visible(path), decode(found[0] if known else raw))
            elif isinstance(key, tuple):
                self._controller.screen.run_worker(self._show_file(files, str(key[1])))

        dialog = PickDialog("Files", lambda width: rows, note="enter shows it · esc closes")
        self._controller.screen.app.push_screen(dialog, chosen)

    async def _show_file(self, files: library.Files, path: str) -> None:
        try:
            data = await asyncio.to_thread(files.read, path)
        except USER_ERRORS as error:
            self._controller.tell(str(error), "warning")
            return
        if b"\0" in data[:8_000]:
            self._controller.tell(f"{one_line(path, 80)} is binary, {len(data):,} bytes")
            return
        self._show_text(visible(path), decode(data))

    def _show_text(self, title: str, text: str) -> None:
        lines = text.split("\n")[:MOST_LINES]

        def line(number: int) -> Content:
            shown = visible(lines[number].expandtabs(4))
            style = {"+": "$ok", "-": "$bad", "@": "$model"}.get(shown[:1], "") if diff else ""
            return Content.assemble((f"{number + 1:>6} ", "$muted"), (shown, style))

        diff = text.startswith("diff --git")
        rows = [Row(partial(line, n), item=n, key=n) for n in range(len(lines))]
        dialog = PickDialog(title, lambda width: rows, note="esc closes")
        self._controller.screen.app.push_screen(dialog)

    def _ask_other(self, files: library.Files) -> None:
        from agent_tui.ui.replay_places import place_named  # noqa: PLC0415 - they know each other

        replay = self._source.replay

        def problem(text: str) -> str:
            place = place_named(replay, text)
            return (
                "" if place is not None and 0 < place <= replay.length else "There is no such step."
            )

        def done(text: str | None) -> None:
            place = place_named(replay, text) if text else None
            if place is not None:
                self._controller.screen.run_worker(self._compare(files, place))

        hint = f"a step (of {replay.length}), a time, a1, end;"
        self._controller.screen.app.push_screen(
            AskDialog("Compare with", hint, check=problem), done
        )

    async def _compare(self, files: library.Files, place: int) -> None:
        try:
            other = await asyncio.to_thread(library.files_at, self._source.saved, place)
            diff = await asyncio.to_thread(files.diff, other)
        except USER_ERRORS as error:
            self._controller.tell(str(error), "warning")
            return
        if diff:
            self._show_text(f"From this step to step {place}", decode(diff))
        else:
            self._controller.tell("the files are the same at both steps")

    # -- fork --------------------------------------------------------------------------------

    async def fork(self) -> None:
        """Ask what is to be different, and begin a session here."""
        if self._fork is None:
            self._controller.tell("nothing can be forked from here", "warning")
        else:
            self._controller.pause()
            await self._fork(self._source)


def _parts(raw: bytes) -> list[bytes]:
    """The change of each file in a patch of git's. No line of a file begins as these do."""
    return re.split(rb"(?m)^(?=diff --git )", raw)[1:]


def _file_rows(paths: tuple[str, ...], patch: Patch) -> list[Row]:
    changed = {file.path: file for file in patch.files}
    rows = []
    for path in sorted({*paths, *changed}):
        file = changed.get(path)
        sign, style = ("  ", "$muted") if file is None else _SIGNS.get(file.status, ("M", "$warn"))
        count = f"  +{file.added} −{file.removed}" if file is not None else ""
        line = Content.assemble((f"{sign:<3}", style), visible(path), (count, "$muted"))
        rows.append(Row(line, item=("file", path), key=("file", path)))
    return rows
