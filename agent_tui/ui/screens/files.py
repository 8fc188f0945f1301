"""The files of a patch: as a tree, or those that fit what is typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.fuzzy import FuzzySearch
from textual.widgets import Input, Label

from agent_tui.domain.text import visible
from agent_tui.ui.diff import DiffView
from agent_tui.ui.screens.dialogs import Dialog
from agent_tui.ui.screens.lists import ListScreen
from agent_tui.ui.widgets.rows import Row, RowsView

_SIGNS = {
    "added": ("A", "$ok"),
    "deleted": ("D", "$bad"),
    "modified": ("M", "$muted"),
    "renamed": ("R", "$warn"),
    "copied": ("C", "$warn"),
    "type changed": ("T", "$warn"),
}
MOST = 500
"""Files that are listed for a filter."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file as the list shows it.

    Attributes:
        seen, hunks: How many of its hunks were on the screen, and how many there are.
    """

    number: int
    path: str
    status: str
    added: int
    removed: int
    seen: int
    hunks: int
    left_out: bool


def file_entries(view: DiffView) -> list[FileEntry]:
    """The files of the patch that a view shows."""
    seen, left_out = view.scene.seen, view.overlays.left_out.files
    return [
        FileEntry(
            number,
            file.path,
            file.status,
            file.added,
            file.removed,
            sum(1 for hunk in view.stream.numbers_of(number) if hunk in seen) if seen else 0,
            len(file.hunks),
            file.path in left_out,
        )
        for number, file in enumerate(view.stream.files)
    ]


class FilesDialog(Dialog[int], ListScreen[int | None]):
    """Is dismissed with the number of the chosen file.

    Args:
        entries: The files, in order.
        here: The number of the file that the cursor is in.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,ctrl+n", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
        Binding("pageup", "page(-1)", show=False, priority=True),
    ]

    def __init__(self, entries: Sequence[FileEntry], here: int | None) -> None:
        super().__init__()
        self._entries = entries
        self._here = here
        self._fuzzy = FuzzySearch()

    def compose(self) -> ComposeResult:
        """A line to type in, and the files."""
        added = sum(entry.added for entry in self._entries)
        removed = sum(entry.removed for entry in self._entries)
        count = len(self._entries)
        title = f"{count:,} {'file' if count == 1 else 'files'}  +{added:,} −{removed:,}"
        with Vertical(classes="dialog -large"):
            yield Label(Content(title), classes="dialog-title")
            yield Input(id="file-name", placeholder="type to find a file", compact=True)
            yield RowsView(id="dialog-rows")
            yield Label(Content("↑ ↓ choose · enter goes there · esc closes"),
                        classes="dialog-note")  # fmt: skip

    def on_mount(self) -> None:
        """Begin with the tree."""
        self.call_after_refresh(self._show, "")
        self.query_one("#file-name").focus()

    @on(Input.Changed, "#file-name")
    def _typed(self, event: Input.Changed) -> None:
        self._show(event.value.strip())

    @on(RowsView.Resized)
    def _resized(self) -> None:
        self._show(self.query_one("#file-name", Input).value.strip())

    def _show(self, typed: str) -> None:
        view = self.listing
        width = max(20, view.text_width)
        rows = self._found(typed, width) if typed else self._tree(width)
        view.show(rows or [Row(Content.styled("no file is called like that", "$muted"))])
        if typed:
            view.to_end(top=True)
        elif self._here is not None:
            view.select_key(self._here)

    def _tree(self, width: int) -> list[Row]:
        rows: list[Row] = []
        above: list[str] = []
        for entry in self._entries:
            *folders, name = entry.path.split("/")
            shared = 0
            while shared < min(len(folders), len(above)) and folders[shared] == above[shared]:
                shared += 1
            for depth in range(shared, len(folders)):
                text = "  " * depth + visible(folders[depth]) + "/"
                rows.append(Row(Content.styled(text, "$muted")))
            above = folders
            rows.append(self._row(entry, "  " * len(folders) + visible(name), (), width))
        return rows

    def _found(self, typed: str, width: int) -> list[Row]:
        scored = []
        for entry in self._entries:
            score, offsets = self._fuzzy.match(typed, entry.path)
            if score > 0:
                scored.append((score, entry, offsets))
        scored.sort(key=lambda found: (-found[0], len(found[1].path)))
        return [self._row(e, visible(e.path), offsets, width) for _, e, offsets in scored[:MOST]]

    def _row(self, entry: FileEntry, text: str, offsets: Sequence[int], width: int) -> Row:
        def draw() -> Content:
            sign, style = _SIGNS[entry.status]
            name = Content.styled(text, "strike $muted") if entry.left_out else Content(text)
            for offset in offsets:
                name = name.stylize("bold underline", offset, offset + 1)
            seen = "✓ seen" if entry.seen == entry.hunks else f"{entry.seen}/{entry.hunks} seen"
            right = Content.assemble(
                ("✗ left out  ", "$bad") if entry.left_out else "",
                (f"+{entry.added}", "$ok"),
                (f" −{entry.removed}", "$bad"),
                (f"  {seen:>8}" if entry.hunks else "          ", "$muted"),
            )
            left = Content.assemble((f"{sign} ", style), name)
            room = width - right.cell_length - 1
            if left.cell_length > room:
                left = left.truncate(max(1, room), ellipsis=True)
            return Content.assemble(left, " " * (room + 1 - left.cell_length), right)

        return Row(draw, item=entry.number, key=entry.number)

    @on(Input.Submitted, "#file-name")
    @on(RowsView.Activated)
    def _take(self) -> None:
        row = self.listing.row
        if row is not None and isinstance(row.key, int):
            self.dismiss(row.key)


class LineDialog(Dialog[int]):
    """Asks for the number of a line."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def compose(self) -> ComposeResult:
        """A line to type in."""
        with Vertical(classes="dialog"):
            yield Label(Content(f"Go to a line of {visible(self._path)}"), classes="dialog-title")
            yield Input(
                id="line", type="integer", placeholder="number of the line, in the new file"
            )
            yield Label(Content("enter goes there · esc closes"), classes="dialog-note")

    def on_mount(self) -> None:
        """Begin to type."""
        self.query_one("#line").focus()

    @on(Input.Submitted, "#line")
    def _take(self, event: Input.Submitted) -> None:
        number = event.value.strip()
        self.dismiss(int(number) if number.isdecimal() else None)
