"""The diff pane: files, hunks and lines, what is left out, who claims what, and who found what."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from textual.content import Content

from agent_tui.domain.links import Links, Node, anchor
from agent_tui.domain.patch import FilePatch, Hunk, Line, Patch
from agent_tui.domain.state import Revision, State
from agent_tui.domain.text import decode, visible
from agent_tui.domain.verdict import LedgerEntry
from agent_tui.ui.render.text import BLANK, FINDING_STYLE, heading, paragraph, rows
from agent_tui.ui.widgets.rows import Row

TAB = 4
TOLD = 12
"""Lines of the person's own change that are shown above the diff."""
_KIND = {"+": "add", "-": "del", " ": ""}


@dataclass(frozen=True, slots=True)
class LinePlace:
    """A line of a hunk, as the cursor selects it."""

    path: str
    hunk: str
    index: int
    new_line: int | None


def diff_title(state: State, seen: int, total: int, *, marking: bool = False) -> Content:
    """The pane's title: attempt, whose revision it is, size, and how much was looked at."""
    step = state.step
    if step is not None and step.kind == "code" and step.running:
        return Content.assemble(f"DIFF attempt {step.attempt} ", ("coding…", "$model"))
    revision = state.revision
    if revision is None:
        return Content("DIFF")
    parts: list[str | tuple[str, str]] = [f"DIFF attempt {revision.attempt}"]
    if revision.author == "person":
        parts.append((" yours", "$person"))
    elif revision.author == "hooks":
        parts.append((" changed by a hook", "$warn"))
    if total:
        parts.append((f" · seen {seen}/{total}", "" if seen == total else "$warn"))
    if revision.approval:
        parts.append((" ✓", "$ok"))
    if marking:
        parts.append((" · RANGE: move, then space", "bold $gate"))
    return Content.assemble(*parts)


def code_text(data: bytes) -> str:
    """A line of code as it is shown: tabs expanded, controls visible."""
    text = decode(data)
    if "\t" in text:
        text = text.expandtabs(TAB)
    return visible(text)


class DiffRows:
    """Makes the rows of a patch.

    Args:
        patch: The patch.
        links: Who claims what.
        ledger: Findings, shown under their lines.
        width: Cells that a row may fill.
        left_out: Whether a changed line is dropped, by hunk and index.
        file_left_out: Whether a whole file is dropped.
        colours: Highlighted lines, by hunk; a hunk that is not there is shown plain.
    """

    def __init__(
        self,
        patch: Patch,
        *,
        links: Links | None,
        ledger: Iterable[LedgerEntry],
        width: int,
        left_out: Callable[[str, int], bool],
        file_left_out: Callable[[str], bool],
        colours: Mapping[str, list[Content]],
    ) -> None:
        self._patch = patch
        self._links = links
        self._width = width
        self._left_out = left_out
        self._file_left_out = file_left_out
        self._colours = colours
        self._unclaimed = set(links.unclaimed_hunks) if links else set()
        self._findings: dict[tuple[str, int], list[LedgerEntry]] = {}
        for entry in ledger:
            finding = entry.finding
            # Lines move from attempt to attempt: the quoted line is looked for where it is now.
            line = anchor(patch, finding.path, finding.line, finding.quote)
            if finding.path and line:
                self._findings.setdefault((finding.path, line), []).append(entry)

    def build(self) -> list[Row]:
        """All rows."""
        result: list[Row] = []
        number = 0
        total = self._patch.hunk_count
        for file in self._patch.files:
            result += self._file(file)
            for hunk in file.hunks:
                number += 1
                result += self._hunk(file, hunk, number, total)
        return result

    def _file(self, file: FilePatch) -> list[Row]:
        key = ("file", file.path)
        dropped = self._file_left_out(file.path)
        name = f"{file.old_path} → {file.path}" if file.old_path else file.path
        parts: list[str | tuple[str, str]] = [
            ("✗ " if dropped else "", "$bad"),
            (visible(name), "bold strike" if dropped else "bold"),
            (f"  {file.status}" if file.status != "modified" else "", "$warn"),
        ]
        if file.mode_changed:
            parts.append((f"  mode {file.old_mode} → {file.new_mode}", "$warn"))
        if file.binary:
            parts.append(("  binary", "$warn"))
        parts += [(f"  +{file.added}", "$ok"), (f" −{file.removed}", "$bad")]
        if dropped:
            parts.append(("  left out", "$bad"))
        return rows([Content.assemble(*parts)], item=key, key=key, kind="head")

    def _hunk(self, file: FilePatch, hunk: Hunk, number: int, total: int) -> list[Row]:
        node = Node("hunk", hunk.id)
        dropped = [self._left_out(hunk.id, index) for index in hunk.changed]
        state = ("left out", "$bad") if all(dropped) else ("partly left out", "$warn")
        parts: list[str | tuple[str, str]] = [(f"@@ {number}/{total}", "$diff-hunk-fg")]
        criteria = self._links.criteria_of(hunk.id) if self._links else ()
        if criteria:
            parts.append((" · " + " ".join(criteria), "bold $diff-hunk-fg"))
        elif hunk.id in self._unclaimed:
            parts.append((" · no criterion claims this", "$warn"))
        if any(dropped):
            parts += [" · ", state]
        if hunk.section:
            parts.append((f"  {visible(hunk.section)}", "$muted"))
        header = ("hunk", hunk.id)
        head = Content.assemble(*parts)
        result = rows([head.truncate(self._width, ellipsis=True)], item=header, key=node)
        colours = self._colours.get(hunk.id)
        for index, (old, new, line) in enumerate(hunk.numbered()):
            gone = line.kind != " " and self._left_out(hunk.id, index)
            place = LinePlace(file.path, hunk.id, index, new)
            body = colours[index] if colours else None
            result += self._line(line, old, new, place, node, gone, body)
            if new is not None and line.kind != "-":
                for entry in self._findings.get((file.path, new), ()):
                    result += finding_rows(entry, self._width)
        return result

    def _line(
        self,
        line: Line,
        old: int | None,
        new: int | None,
        place: LinePlace,
        node: Node,
        gone: bool,
        body: Content | None,
    ) -> list[Row]:
        shown = new if line.kind != "-" else old
        room = max(10, self._width - 7)
        text = code_text(line.data)
        kind = "left-out" if gone else _KIND[line.kind]
        folded = len(text) > room or not text.isascii()
        make = partial(_draw_line, line, shown, text, body, gone)
        if not folded:
            return [Row(make, item=place, key=node, kind=kind)]
        chunks = make(prefix=False).fold(room) or [Content("")]
        prefix = _prefix(line, shown, gone)
        pad = Content("       ")
        return [
            Row(Content.assemble(prefix if i == 0 else pad, chunk), place, node, kind)
            for i, chunk in enumerate(chunks)
        ]


def _prefix(line: Line, number: int | None, gone: bool) -> Content:
    sign = {"+": ("+ ", "$diff-add-fg"), "-": ("- ", "$diff-del-fg"), " ": ("  ", "")}[line.kind]
    if gone:
        sign = ("✗ ", "$bad")
    return Content.assemble((f"{number if number is not None else '':>4} ", "$muted"), sign)


def _draw_line(
    line: Line,
    number: int | None,
    text: str,
    body: Content | None,
    gone: bool,
    prefix: bool = True,
) -> Content:
    content = body if body is not None and body.plain == text else Content(text)
    if gone:
        content = Content.styled(text, "$muted strike")
    if not line.ends:
        content = Content.assemble(content, ("  no newline at the end", "$muted italic"))
    return Content.assemble(_prefix(line, number, gone), content) if prefix else content


def finding_rows(entry: LedgerEntry, width: int, indent: str = "       ") -> list[Row]:
    """A finding under the line that it speaks of."""
    finding = entry.finding
    node = Node("finding", finding.id)
    style = FINDING_STYLE[entry.status]
    sign = "✓" if entry.status == "fixed" else "▲"
    first = Content.assemble(indent, (f"{sign} {finding.id} ", f"bold {style}"))
    lines = paragraph(finding.title, width, style=style, first=first)
    return rows(lines, item=("finding at line", finding.id), key=node, kind="block")


def places(rows_on_screen: Iterable[Row]) -> set[tuple[str, int]]:
    """The lines of hunks among these rows: the hunk's id and the line's index."""
    return {
        (row.item.hunk, row.item.index) for row in rows_on_screen if isinstance(row.item, LinePlace)
    }


def report_rows(revision: Revision, width: int) -> list[Row]:
    """The person's change as the models are told, and the coder's report: shown above the diff."""
    result: list[Row] = []
    if revision.change:
        verb = "left out" if revision.left_out else "changed"
        who = "You" if revision.author == "person" else "A hook"
        result.append(heading(f"{who} {verb}", "the models are told"))
        lines = revision.change.strip().split("\n")
        for line in lines[:TOLD]:
            result += rows(paragraph(line.expandtabs(TAB), width, style="$person"))
        if len(lines) > TOLD:
            result.append(Row(Content.styled(f"… and {len(lines) - TOLD} more lines", "$muted")))
        result.append(BLANK)
    report = revision.report
    if report is None:
        return result + note_rows(revision, width)
    result += rows(paragraph(report.summary, width, style="$model"))
    for label, items in (("not done", report.not_done), ("unsure", report.unsure)):
        for text in items:
            result += rows(paragraph(text, width, first=Content.styled(f"{label}: ", "$warn")))
    return result + note_rows(revision, width)


def note_rows(revision: Revision, width: int) -> list[Row]:
    """What is not known of a change that another agent recorded."""
    return [
        row
        for text in revision.notes
        for row in rows(paragraph(text, width, first=Content.styled("not known: ", "$warn")))
    ]
