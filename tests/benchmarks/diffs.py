"""From the bytes of a patch to the rows of the diff pane."""

import statistics
from collections.abc import Iterator

from agent_tui.domain.events import Claim, CoderReport
from agent_tui.domain.links import Links
from agent_tui.domain.patch import parse_patch
from agent_tui.domain.spec import Criterion, Spec
from agent_tui.domain.verdict import Finding, LedgerEntry
from agent_tui.ui.diff import Note, Overlays
from agent_tui.ui.diff.blocks import Options, Stream
from agent_tui.ui.diff.layout import Layout
from tests.benchmarks.report import Row, timed

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
