"""What the compare screen shows: the sessions are read and put into rows here."""

import asyncio
from dataclasses import replace
from functools import lru_cache

from textual.content import Content

from agent_tui.bootstrap.comparing import Column, change_between, read_columns
from agent_tui.bootstrap.environment import USER_ERRORS, Options
from agent_tui.domain.patch import Patch, parse_patch
from agent_tui.sessions.compare import Section, table
from agent_tui.ui.render import compare
from agent_tui.ui.render.compare import Columns, Look
from agent_tui.ui.widgets.rows import Row


class Comparison:
    """Sessions that stand side by side.

    Args:
        columns: What was read of them.
    """

    def __init__(self, columns: tuple[Column, ...]) -> None:
        self._columns = columns
        self._found = tuple(column.one for column in columns)
        self._sections = lru_cache(maxsize=len(columns))(self._table)
        self.look = Look()

    @classmethod
    async def read(cls, options: Options, names: tuple[str, ...]) -> "Comparison":
        """Read the sessions in a thread.

        Raises:
            UsageError: If there are too few, or there is no such step.
            LogError: If there is no such session, or one cannot be read.
        """
        return cls(await asyncio.to_thread(read_columns, options, names))

    def __len__(self) -> int:
        return len(self._found)

    def _table(self, base: int) -> tuple[Section, ...]:
        return table(self._found, base)

    # -- how it is looked at -----------------------------------------------------------------

    def turn_to(self, number: int, shown: int) -> None:
        """Make another column the active one, and scroll to it; *shown* fit on the screen."""
        number %= len(self)
        first = max(number - shown + 1, min(self.look.first, number))
        self.look = replace(self.look, active=number, first=first)

    def hold_against(self) -> None:
        """Hold all columns against the active one from now on."""
        self.look = replace(self.look, base=self.look.active)

    def toggle_only(self) -> bool:
        """Show only what differs, or everything. True if it is only that now."""
        self.look = replace(self.look, only=not self.look.only)
        return self.look.only

    # -- what is shown -----------------------------------------------------------------------

    def columns(self, width: int) -> Columns:
        """The columns that fit."""
        return compare.columns_for(len(self), width, self.look.first)

    def heads(self, width: int) -> tuple[Content, Content]:
        """Two lines above the columns."""
        return compare.heads(self._found, self.look, width)

    def rows(self, width: int) -> list[Row]:
        """All rows."""
        sections = self._sections(self.look.base)
        return compare.compare_rows(sections, len(self), self.look, width)

    def patch(self, number: int) -> Patch:
        """A session's own change."""
        return self._found[number].patch

    def note(self, number: int, place: str = "", *, here: bool = True) -> Content:
        """What stands above a session's own change.

        Args:
            place: The file that the others are at; *here* says whether it is in this change.
        """
        one = self._found[number]
        if one.problem:
            return Content.styled(one.problem, "$warn")
        return compare.file_note(one, place, here=here)

    def session(self) -> str:
        """The active session, as a replay finds it."""
        column = self._columns[self.look.active]
        return str(column.saved.folder) if column.saved.folder else column.one.id

    def pair(self) -> tuple[int, int]:
        """The base, and the column that is held against it: the active one, or the next."""
        base, active = self.look.base, self.look.active
        return base, active if active != base else (base + 1) % len(self)

    async def between(self) -> tuple[Content, Patch | None]:
        """What to change to come from the base to the other session, with a title.

        Returns:
            No patch, and the reason, where the files are not at hand.
        """
        base, other = self.pair()
        one, two = self._columns[base], self._columns[other]
        names = Content.assemble(
            ("From ", "$muted"), (compare.step_of(one.one), "bold"),
            (" to ", "$muted"), (compare.step_of(two.one), "bold"),
        )  # fmt: skip
        try:
            patch = parse_patch(await asyncio.to_thread(change_between, one, two))
        except USER_ERRORS as error:
            return Content.assemble(names, "  ", (str(error), "$warn")), None
        if not patch.files:
            return Content.assemble(names, "  ", ("the same files, byte for byte", "$ok")), patch
        added = sum(file.added for file in patch.files)
        removed = sum(file.removed for file in patch.files)
        size = (f"  +{added}", "$ok"), (f" −{removed}", "$bad")
        return Content.assemble(names, *size), patch
