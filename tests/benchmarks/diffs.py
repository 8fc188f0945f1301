"""The diff pane from outside, in a terminal, and from the bytes of a patch to its rows."""

import shutil
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

from agent_tui.domain.events import Claim, CoderReport
from agent_tui.domain.links import Links
from agent_tui.domain.patch import parse_patch
from agent_tui.domain.spec import Criterion, Spec
from agent_tui.domain.verdict import Finding, LedgerEntry
from agent_tui.ui.diff import Note, Overlays
from agent_tui.ui.diff.blocks import Options, Stream
from agent_tui.ui.diff.layout import Layout
from tests.benchmarks.report import Row, limit_row, ratio_row, timed
from tests.benchmarks.terminal import Terminal, TerminalError, python

_HUNK = 10
"""Changed lines in one hunk, half of them removed and half added, in three lines of context."""

_HUNKS = 20
"""Hunks in one file."""

_WIDTH = 100
_CLAIMS = 10


def make_patch(changed: int) -> bytes:
    """A patch in git's own form with that many changed lines.

    Args:
        changed: A multiple of the changed lines of one hunk.
    """
    return "".join(_lines(changed)).encode()


def _lines(changed: int) -> Iterator[str]:
    half = _HUNK // 2
    count = half + 6
    for number in range(changed // _HUNK):
        if number % _HUNKS == 0:
            path = f"package/module_{number // _HUNKS}.py"
            yield f"diff --git a/{path} b/{path}\n"
            yield f"index {1:040x}..{2:040x} 100644\n--- a/{path}\n+++ b/{path}\n"
        start = 1 + number % _HUNKS * 50
        yield f"@@ -{start},{count} +{start},{count} @@ def function_{number}(value):\n"
        yield from (f"     context = before({number}, {n})\n" for n in range(3))
        yield from (f"-    old = compute({number}, {n}) + other\n" for n in range(half))
        yield from (f"+    new = compute({number}, {n}) * another\n" for n in range(half))
        yield from (f"     context = after({number}, {n})\n" for n in range(3))


def make_repository(folder: Path, changed: int) -> None:
    """A repository whose working tree has that many changed lines, in hunks like the patch's."""
    folder.mkdir(parents=True)
    half, hunks = _HUNK // 2, changed // _HUNK

    def write(word: str) -> None:
        for first in range(0, hunks, _HUNKS):
            lines: list[str] = []
            for number in range(first, min(hunks, first + _HUNKS)):
                lines.append(f"def function_{number}(value):\n")
                lines += (f"     context = before({number}, {n})\n" for n in range(20))
                lines += (f"    {word} = compute({number}, {n}) + other\n" for n in range(half))
                lines += (f"     context = after({number}, {n})\n" for n in range(20))
            (folder / f"module_{first // _HUNKS:04}.py").write_text("".join(lines), "utf-8")

    git = ["git", "-C", str(folder), "-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    write("old")
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "base"]):
        subprocess.run([*git, *command], check=True)
    for name in ("user.name", "user.email"):
        subprocess.run([*git, "config", name, "ada@example.com"], check=True)
    write("new")


def _spec(hunks: int) -> tuple[Spec, CoderReport, tuple[LedgerEntry, ...]]:
    places = [hunks * n // _CLAIMS for n in range(_CLAIMS)]
    criteria = tuple(Criterion(id=f"AC{n}", text=f"Criterion {n}") for n in range(1, 6))
    claims = tuple(
        Claim(
            criterion=f"AC{1 + n % 5}",
            path=f"package/module_{place // _HUNKS}.py",
            quote=f"new = compute({place}, 0)",
        )
        for n, place in enumerate(places)
    )
    ledger = tuple(
        LedgerEntry(
            finding=Finding(
                id=f"F{n}",
                severity="major",
                title="Something is wrong here",
                path=f"package/module_{place // _HUNKS}.py",
                quote=f"new = compute({place}, 1)",
                criterion=f"AC{1 + n % 5}",
            )
        )
        for n, place in enumerate(places[::2])
    )
    spec = Spec(title="Patch", summary="A big one.", criteria=criteria)
    return spec, CoderReport(summary="Done.", claims=claims), ledger


def diff_rows(changed: int, runs: int) -> list[Row]:
    """Rows for parsing, linking and drawing a patch with that many changed lines.

    Raises:
        RuntimeError: If the patch does not give a row for each of its lines.
    """
    raw = make_patch(changed)
    spec, report, ledger = _spec(changed // _HUNK)
    findings = [entry.finding for entry in ledger]
    patch = parse_patch(raw)
    links = Links(spec, patch, report, (), findings)

    notes = tuple(Note(f.id, f.path, 1, text=f.title) for f in findings)
    overlays = Overlays(notes=notes, claims=links.claims(), flag_unclaimed=True)

    def build() -> int:
        layout = Layout(Stream(patch), overlays, Options(_WIDTH))
        layout.measure()
        return layout.blocks.rows

    if build() < raw.count(b"\n") - 4 * len(patch.files):
        raise RuntimeError("some lines of the patch have no row")
    parse_s, links_s, build_s = (
        [timed(work) for _ in range(runs)]
        for work in (
            lambda: parse_patch(raw),
            lambda: Links(spec, patch, report, (), findings),
            build,
        )
    )
    total = sum(statistics.median(seconds) for seconds in (parse_s, links_s, build_s))
    lines = raw.count(b"\n")
    name = f"diff pane, {changed:,} changed lines"
    return [
        Row(
            f"{name}: bytes to rows",
            total * 1000,
            "ms",
            note=f"{lines:,} lines of patch, {len(raw) / 1e6:.1f} MB, {lines / total:,.0f} lines/s",
        ),
        Row("  parse_patch", statistics.median(parse_s) * 1000, "ms"),
        Row("  Links", statistics.median(links_s) * 1000, "ms"),
        Row("  layout", statistics.median(build_s) * 1000, "ms"),
    ]


_APPS = Path(__file__).with_name("diff_apps.py")
_FIRST = {1_000: 1.2, 10_000: 1.2, 100_000: 1.5, 1_000_000: 3.0}
"""Changed lines, and up to how many times the empty first frame the first hunk may take."""
_PRESSES = 20
_KEYS = (("page down", "pagedown", 10), ("next hunk", "]", 10), ("next file", "}", 4),
         ("jump to end", "G", 1))  # fmt: skip
"""What is measured, its key, and how often it is pressed before it begins at the top again."""
_DROPS = (("hunk", "b", 20), ("file", "a", 20), ("range of 5,000 lines", "c", 4))
_OTHERS = {
    "less -R": (["less", "-R", "{}"], " "),
    "tig": (["sh", "-c", "tig < {}"], " "),  # it reads a patch from its standard input alone
}
"""Programs to show beside ours, where they are installed, and their key for a page."""
_READY = "ready for keys"
_KEY_MS = 50.0
_KEY_RATIO = 1.3
_BASE_MIB = 60.0


def _started(command: list[str], pattern: str) -> float:
    terminal = Terminal(command)
    try:
        return terminal.wait_for(pattern) * 1000
    finally:
        terminal.close()


def _pressed(command: list[str], pattern: str, keys: list[tuple[str, int]]) -> list[list[float]]:
    """Milliseconds from each press to what it shows first, for each key."""
    terminal = Terminal(command)
    try:
        terminal.wait_for(pattern)
        terminal.settle(1.0)
        figures = []
        for key, again in keys:
            found: list[float] = []
            for number in range(_PRESSES):
                if number % again == 0:
                    terminal.press("g")
                    terminal.settle(0.1)
                found.append(terminal.press(key)[0])
            figures.append(found)
        return figures
    finally:
        terminal.close()


def _p95(figures: list[float]) -> float:
    return sorted(figures)[min(len(figures) - 1, round(0.95 * (len(figures) - 1)))]


def diff_pane(folder: Path, runs: int, sizes: tuple[int, ...]) -> list[Row]:
    """The speed of the widget as its user sees it, beside Textual itself and other programs."""
    files = {size: folder / f"{size}.patch" for size in sizes}
    for size, file in files.items():
        file.write_bytes(make_patch(size))
    empty = folder / "empty.patch"
    empty.write_bytes(b"")
    rows = _first_hunk(files, empty, runs)
    for size in (sizes[0], sizes[-1]):
        rows += _key_rows(files[size], size, runs)
    rows += _drop_rows(files[sizes[-1]], sizes[-1], runs)
    if 100_000 in files:
        rows.append(_memory_row(files[100_000]))
    return rows


def _first_hunk(files: dict[int, Path], empty: Path, runs: int) -> list[Row]:
    rows = []
    for size, file in files.items():
        ours: list[float] = []
        base: list[float] = []
        for _ in range(runs):
            base.append(_started(python(_APPS, "widget", str(empty)), "first frame"))
            ours.append(_started(python(_APPS, "widget", str(file)), "@@ 1/"))
        title = f"diff of {size:,} changed lines: exec to first hunk"
        rows.append(ratio_row(title, ours, base, unit="ms", limit=_FIRST[size]))
        rows += _others(size, file, runs)
    note = "cannot be installed here: it is neither in Debian 12 nor on PyPI or npm"
    rows.append(Row("  lazygit", None, note=note if shutil.which("lazygit") is None else "by hand"))
    return rows


def _others(size: int, file: Path, runs: int) -> list[Row]:
    """What other programs take for the same patch."""
    rows = []
    for name, (words, page) in _OTHERS.items():
        if shutil.which(name.split()[0]) is None:
            rows.append(Row(f"  {name}", None, note="not installed"))
            continue
        command = [word.format(file) for word in words]
        try:
            first = [_started(command, "new = compute") for _ in range(runs)]
            rows.append(Row(f"  {name}: to the first hunk", statistics.median(first), "ms"))
            pages = [_p95(_paged(command, page)) for _ in range(runs)]
            rows.append(Row(f"  {name}: page down, p95", statistics.median(pages), "ms"))
        except TerminalError as error:
            rows.append(Row(f"  {name}, {size:,} lines", None, note=str(error)[:60]))
    return rows


def _paged(command: list[str], key: str) -> list[float]:
    terminal = Terminal(command)
    try:
        terminal.wait_for("new = compute")
        terminal.settle(1.0)
        return [terminal.press(key)[0] for _ in range(_PRESSES)]
    finally:
        terminal.close()


def _key_rows(file: Path, size: int, runs: int) -> list[Row]:
    keys = [(key, count) for _, key, count in _KEYS]
    ours: list[list[float]] = [[] for _ in keys]  # the p95 of each run
    bare: list[list[float]] = [[] for _ in keys]
    for _ in range(runs):
        found = _pressed(python(_APPS, "widget", str(file)), _READY, keys)
        base = _pressed(python(_APPS, "bare", str(file)), _READY, keys)
        for target, figures in zip([*ours, *bare], [*found, *base], strict=True):
            target.append(_p95(figures))
    return [
        ratio_row(
            f"{name} in {size:,} lines: key to screen, p95",
            mine,
            base,
            unit="ms",
            limit=_KEY_RATIO,
        )
        for (name, _, _), mine, base in zip(_KEYS, ours, bare, strict=True)
    ]


def _drop_rows(file: Path, size: int, runs: int) -> list[Row]:
    keys = [(key, again) for _, key, again in _DROPS]
    found: list[list[float]] = [[] for _ in keys]
    for _ in range(runs):
        pressed = _pressed(python(_APPS, "widget", str(file)), _READY, keys)
        for target, figures in zip(found, pressed, strict=True):
            target.append(_p95(figures))
    return [
        limit_row(
            f"leave out a {name} of {size:,}: key to screen, p95", p95, unit="ms", limit=_KEY_MS
        )
        for (name, _, _), p95 in zip(_DROPS, found, strict=True)
    ]


def _memory_row(file: Path) -> Row:
    terminal = Terminal(python(_APPS, "widget", str(file)))
    try:
        terminal.wait_for("@@ 1/")
        terminal.settle(1.5)
        used = terminal.memory_mib
    finally:
        terminal.close()
    limit = round(_BASE_MIB + 4 * file.stat().st_size / 2**20, 1)
    return limit_row("memory at 100,000 lines, settled", [used], unit="MiB", limit=limit)
