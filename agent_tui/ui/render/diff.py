"""The diff pane: its title, what is drawn over the patch, and the coder's activity."""

from collections.abc import Iterable, Sequence, Set

from textual.content import Content

from agent_tui.domain.carry import Carried
from agent_tui.domain.links import Links, anchor
from agent_tui.domain.own_changes import is_own
from agent_tui.domain.patch import Patch
from agent_tui.domain.presence import flagged
from agent_tui.domain.state import Revision, State
from agent_tui.domain.text import counted, visible, visible_lines
from agent_tui.domain.verdict import FindingStatus, LedgerEntry
from agent_tui.ui.diff import LeftOut, Note, Overlays, Paragraph
from agent_tui.ui.diff.model import Tone
from agent_tui.ui.render.given import given_of

TOLD = 12
"""Lines of a change of the person's that are shown above the diff."""
PARTS = 40
"""Parts that are named where so much was left out that its lines are not shown."""
"""Lines of the person's own change that are shown above the diff."""
_TONES: dict[FindingStatus, Tone] = {
    "open": "bad",
    "disputed": "warn",
    "fixed": "ok",
    "waived": "muted",
    "deferred": "muted",
}


def diff_title(
    state: State, seen: int, total: int, *, marking: bool = False, since: bool = False
) -> Content:
    """The pane's title: attempt, whose revision it is, size, and how much was looked at."""
    step = state.step
    if step is not None and step.kind == "code" and step.running:
        return Content.assemble(f"DIFF attempt {step.attempt} ", ("coding…", "$model"))
    revision = state.revision
    if revision is None:
        return Content("DIFF")
    name = "DIFF" if given_of(state) is not None else f"DIFF attempt {revision.attempt}"
    if since and revision.since is not None:
        words = since_words(revision, given=given_of(state) is not None)
        return Content.assemble(name, (f" since {words} · D: all of it", "$gate"))
    parts: list[str | tuple[str, str]] = [name]
    if is_own(state.revisions):
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


def since_words(revision: Revision, *, given: bool) -> str:
    """What a revision is compared with; *given*: in a review, which has no coder."""
    since = revision.since
    if since is None:
        return "nothing"
    if since.attempt == revision.attempt:
        first = "the change as given" if given else "the coder's"
        return first if revision.author == "person" else f"revision {since.revision}"
    return f"attempt {since.attempt}"


def overlays(
    revision: Revision,
    patch: Patch,
    *,
    links: Links | None,
    ledger: Iterable[LedgerEntry],
    left_out: LeftOut,
    comments: tuple[Note, ...] = (),
    carried: Carried | None = None,
    seen: Set[str] = frozenset(),
    mine: Sequence[Revision] = (),
    told: bool = True,
) -> Overlays:
    """What is drawn over a revision's patch.

    Args:
        mine: The revisions of the attempt that the person has made, those that stand.
        told: Whether a model hears of the person's changes.
    """
    carried = carried or Carried()
    flags: dict[str, tuple[str, Tone]] = dict.fromkeys(
        carried.accepted, ("accepted before, unchanged; enter opens it", "ok")
    )
    flags |= dict.fromkeys(carried.back, ("back again: you left this out before", "warn"))
    claims = links.claims() if links is not None else {}
    return Overlays(
        left_out=left_out,
        notes=(
            *(finding_note(entry, patch) for entry in ledger if entry.finding.path),
            *comments,
        ),
        claims=claims,
        flag_unclaimed=bool(links is not None and links.has_criteria),
        seen=seen,
        folded=carried.accepted,
        flags=flags,
        intro=tuple(intro(revision, patch, mine, told=told)),
    )


def finding_note(entry: LedgerEntry, patch: Patch) -> Note:
    """A finding as a note under its line.

    Lines move from attempt to attempt: the quoted line is looked for where it is now.
    """
    finding = entry.finding
    line = anchor(patch, finding.path, finding.line, finding.quote)
    return Note(
        finding.id,
        finding.path,
        line,
        sign="✓" if entry.status == "fixed" else "▲",
        tone=_TONES[entry.status],
        label=finding.id,
        text=finding.title,
    )


def _brief(change: str) -> Iterable[str]:
    """A patch as lines for reading: of each file's head only its name and what is special."""
    head = False
    for line in change.strip().split("\n"):
        if line.startswith("diff --git "):
            head = True
            yield line.rpartition(" b/")[2]
            continue
        head = head and not line.startswith("@@")
        if not (head and line.startswith(("index ", "--- ", "+++ "))):
            yield line


def _parts_left_out(change: str) -> Iterable[Paragraph]:
    """What was left out, part by part, without its lines."""
    parts = []
    for part in change.strip().split("\n\n"):
        head, *lines = part.split("\n")
        if head[:1] not in ("+", "-"):  # else it belongs to the part before: a comment's last words
            count = sum(line[:1] in ("+", "-") for line in lines)
            number = f" {counted(count, 'line')}" if count else ""
            parts.append(visible(head) + number)
    yield Paragraph("\n".join(parts[:PARTS]), "person")
    if len(parts) > PARTS:
        yield Paragraph(f"… and {counted(len(parts) - PARTS, 'more part')}", "muted")


def intro(
    revision: Revision, patch: Patch, mine: Sequence[Revision] = (), *, told: bool
) -> Iterable[Paragraph]:
    """What runs by being there, the person's changes as the models are told, the coder's report."""
    for path, why in flagged(patch).items():
        yield Paragraph(visible_lines(f"{path}: {why}"), lead="runs by being there: ")
    others = [revision] if revision.change and revision.author != "person" else []
    for changed in (*mine, *others):
        verb = "left out" if changed.left_out else "changed"
        who = "You" if changed.author == "person" else "A hook"
        hint = "  (the models are told)" if told else ""
        yield Paragraph(f"{who} {verb}{hint}", heading=True)
        lines = [visible_lines(line) for line in _brief(changed.change)]
        if changed.left_out and len(lines) > TOLD:
            yield from _parts_left_out(changed.change)
            continue
        yield Paragraph("\n".join(lines[:TOLD]), "person")
        if len(lines) > TOLD:
            yield Paragraph(f"… and {counted(len(lines) - TOLD, 'more line')}", "muted")
    report = revision.report
    if report is not None:
        yield Paragraph(report.summary, "model")
        for lead, items in (
            ("not done: ", report.not_done),
            ("unsure: ", report.unsure),
            ("claimed, but in no file: ", report.missing_tests),
        ):
            for text in items:
                yield Paragraph(text, lead=lead)
    for text in revision.notes:
        yield Paragraph(text, lead="not known: ")
