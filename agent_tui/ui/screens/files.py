"""The files of a patch: as a tree, or those that fit what is typed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.fuzzy import FuzzySearch
from textual.widgets import Input, Label

from agent_tui.domain.text import counted, visible
from agent_tui.ui.diff import DiffView
from agent_tui.ui.diff.left_out import is_left_out
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
        lines_out: How many of its lines are left out; 0 where all of it is.
    """

    number: int
    path: str
    status: str
    added: int
    removed: int
    seen: int
    hunks: int
    left_out: bool
    lines_out: int = 0


def file_entries(view: DiffView) -> list[FileEntry]:
    """The files of the patch that a view shows."""
    seen, left_out = view.scene.seen, view.overlays.left_out
    entries = []
    for number, file in enumerate(view.stream.files):
        hunks = view.stream.numbers_of(number)
        out = view.stream.lines_in(number, left_out.lines)
        whole = is_left_out(file, out, left_out)
        entries.append(
            FileEntry(
                number,
                file.path,
                file.status,
                file.added,
                file.removed,
                sum(1 for hunk in hunks if hunk in seen) if seen else 0,
                len(hunks),
                whole,
                0 if whole else out,
            )
        )
    return entries


def tree_of(entries: Sequence[FileEntry]) -> Iterator[tuple[int, str, FileEntry | None]]:
    """The rows of a tree, in the order of the files: depth, name, and the file if it is one.

    Folders that lead nowhere else share a row, such as ``src/main/java/``.
    """
    paths = [entry.path.split("/") for entry in entries]
    open_: list[list[str]] = []  # the parts of each folder's row that the last file is in
    for at, (entry, (*folders, name)) in enumerate(zip(entries, paths, strict=True)):
        depth = used = 0
        while depth < len(open_) and folders[used : used + len(open_[depth])] == open_[depth]:
            used += len(open_[depth])
            depth += 1
        del open_[depth:]
        while used < len(folders):
            end = used + 1
            while end < len(folders) and _leads_on(paths, at, folders[:end]):
                end += 1
            open_.append(folders[used:end])
            yield len(open_) - 1, "/".join(folders[used:end]) + "/", None
            used = end
        yield len(open_), name, entry


def _leads_on(paths: Sequence[list[str]], at: int, folder: list[str]) -> bool:
    """Whether all files in a folder, of which one is the first, are in the same one further in."""
    size, inner = len(folder), paths[at][len(folder)]
    for path in paths[at:]:
        if path[:size] != folder:
            return True
        if len(path) < size + 2 or path[size] != inner:
            return False
    return True


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
        for depth, text, entry in tree_of(self._entries):
            if entry is None:
                line = Content.styled("  " * depth + visible(text), "$muted")
                rows.append(Row(line.truncate(width, ellipsis=True)))
            else:
                rows.append(self._row(entry, "  " * depth + visible(text), (), width))
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
            out = ("✗ left out  ", "$bad") if entry.left_out else ""
            if entry.lines_out:
                out = (f"✗ {counted(entry.lines_out, 'line')} left out  ", "$warn")
            right = Content.assemble(
                out,
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
