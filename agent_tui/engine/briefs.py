"""What the roles are told. The same functions fill the preview that the person sees before sending.

Everything here is text that goes to a model: it may hold any character, and is made safe only where
it is shown.
"""

from collections.abc import Iterable, Sequence
from importlib import resources

from agent_tui.domain.checks import CheckResult
from agent_tui.domain.comments import CommentEntry
from agent_tui.domain.decision import GateKind, Selection
from agent_tui.domain.own_changes import own_changes
from agent_tui.domain.patch import FilePatch, Hunk, Patch
from agent_tui.domain.state import Revision, State
from agent_tui.domain.text import decode
from agent_tui.engine.comments import (
    comments_on_left_out,
    comments_text,
    review_comments_text,
)
from agent_tui.engine.spec_text import spec_to_text

MAX_OUTPUT = 6_000
"""Characters of a check's output that a model is shown: the end, where failures stand."""


MAX_SINCE = 60_000
"""Characters of what changed since the last review; the whole diff follows anyway."""

CHECKLIST_NOTE = "Look for these. Report one only where a line of the diff shows it."


def system_prompt(name: str) -> str:
    """The standing instructions of a role."""
    return (resources.files("agent_tui.engine") / "prompts" / f"{name}.md").read_text("utf-8")


def planner_brief(state: State) -> str:
    """What the planner is asked: the request, and what came of earlier versions."""
    session = state.session
    request = session.request if session else ""
    parts = [f"# Request\n\n{request}", f"# Version {len(state.specs) + 1} of the spec"]
    if state.spec:
        parts.append(f"The version before:\n\n{spec_to_text(state.spec.spec)}")
    if state.rejection:
        parts.append(state.rejection)
    return "\n\n".join(parts)


def coder_brief(state: State, patch: Patch | None = None) -> str:
    """What the coder is asked: the spec, and all that happened to its earlier attempts.

    Args:
        patch: The patch in force, by which commented lines are found.
    """
    parts = [f"# Attempt {state.attempt + 1}"]
    if state.spec:
        parts.append(f"# Specification, version {state.spec.version}\n\n")
        parts[-1] += spec_to_text(state.spec.spec).replace("\n## ", "\n### ")
    parts += _changes_by_the_person(state)
    if state.rejection:
        parts.append(state.rejection)
    told = state.carried_comments if state.rejection else ()
    waiting = [x for x in state.waiting_comments if x.comment.id not in told]
    if comments := comments_text(waiting, patch):
        parts.append(comments)
    revision = state.revision
    if revision and revision.checks:
        parts.append(checks_text(revision.checks))
    if state.ledger:
        parts.append(ledger_text(state))
    if revision:
        parts.append("The files stand as after the attempt before. Go on from there.")
    return "\n\n".join(parts)


def reviewer_brief(
    state: State,
    patch_text: str,
    patch: Patch | None = None,
    *,
    checklist: Sequence[str] = (),
    since: str = "",
) -> str:
    """What the reviewer is asked: spec, diff, check results, ledger, the person's changes.

    Args:
        checklist: What the coder's model is known to get wrong.
        since: What changed since the revision that was reviewed last, as a diff.
    """
    revision = state.revision
    parts = [f"# Review of attempt {state.attempt}"]
    if state.session and (given := state.session.given):
        parts = [f"# Review of {given.title}", *given.notes]
        if given.message:
            parts.append(f"# The message of the change\n\n{given.message}")
    if state.spec:
        parts.append(f"# Specification, version {state.spec.version}\n\n")
        parts[-1] += spec_to_text(state.spec.spec).replace("\n## ", "\n### ")
    if revision and revision.report:
        report = revision.report
        lines = [f"# The coder's report\n\n{report.summary}"]
        lines += [f"- {c.criterion}: {c.path} {c.quote}".rstrip() for c in report.claims]
        lines += [f"- claims the test {name}, which is in no file" for name in report.missing_tests]
        lines += [f"- not done: {text}" for text in report.not_done]
        lines += [f"- unsure: {text}" for text in report.unsure]
        parts.append("\n".join(lines))
    parts += _changes_by_the_person(state)
    unresolved = [entry for entry in state.comments if not entry.resolved]
    if comments := review_comments_text(unresolved, patch):
        parts.append(comments)
    parts.append(checks_text((revision.checks or ()) if revision else ()))
    if state.ledger:
        parts.append(ledger_text(state))
    if state.rejection:
        parts.append(state.rejection)
    if checklist:
        items = "\n".join(f"- {item}" for item in checklist)
        parts.append(f"# What this coder is known to get wrong\n\n{items}\n\n{CHECKLIST_NOTE}")
    if since:
        cut = "\n[the rest is left out]" if len(since) > MAX_SINCE else ""
        parts.append(f"# What changed since the last review\n\n{since[:MAX_SINCE]}{cut}")
    parts.append(f"# Diff\n\n{patch_text}")
    return "\n\n".join(parts)


def message_brief(state: State) -> str:
    """What the writer of the commit message is asked."""
    parts = []
    if state.spec:
        parts.append(spec_to_text(state.spec.spec))
    if state.revision and state.revision.report:
        parts.append(f"# The coder's report\n\n{state.revision.report.summary}")
    if state.messages:
        parts.append(f"# The message before\n\n{state.message}")
    if state.rejection:
        parts.append(state.rejection)
    return "\n\n".join(parts)


def checks_text(results: tuple[CheckResult, ...]) -> str:
    """The results of the checks, failures with the end of their output."""
    if not results:
        return "# Checks\n\nNo checks are configured."
    parts = ["# Checks"]
    for result in results:
        passed = sum(test.ok for test in result.tests)
        counts = f", {passed} of {len(result.tests)} tests pass" if result.tests else ""
        head = f"check {result.name}: {'PASSED' if result.ok else 'FAILED'}{counts}"
        if result.ok:
            parts.append(head)
            continue
        failing = "\n".join(f"- fails: {test.name}" for test in result.tests if not test.ok)
        parts.append(
            "\n".join(x for x in (head, result.problem, failing, result.output[-MAX_OUTPUT:]) if x)
        )
    return "\n\n".join(parts)


def ledger_text(state: State) -> str:
    """All findings and where they stand."""
    lines = ["# Findings so far"]
    for entry in state.ledger:
        finding = entry.finding
        place = f" ({finding.path}:{finding.line})" if finding.path and finding.line else ""
        head = f"- {finding.id} {finding.severity}, {entry.status} by {entry.by}{place}: "
        lines.append(head + finding.title + (f": {entry.reason}" if entry.reason else ""))
        if entry.status in ("open", "disputed"):
            lines += [f"  {text}" for text in (finding.body, finding.suggestion) if text]
    return "\n".join(lines)


def _changes_by_the_person(state: State) -> list[str]:
    # Of all attempts: what the person changed holds until the end, not only for the next round.
    return [change_text(revision) for revision in own_changes(state.revisions).told]


def change_text(revision: Revision) -> str:
    """The person's own change of an attempt, as the models are told."""
    if revision.left_out:
        head = f"# Left out by the person from attempt {revision.attempt}; keep it so"
    else:
        head = f"# The person edited attempt {revision.attempt}; keep it so"
    return f"{head}\n\n{revision.change}"


def rejection(
    state: State,
    what: str,
    kind: GateKind,
    reason: str,
    patch: Patch | None = None,
    selection: Selection | None = None,
) -> tuple[str, tuple[str, ...]]:
    """All that a rejection at a gate sends: the reason, what was dropped, the comments.

    Returns:
        The text, and the ids of the comments that stand in it.
    """
    comments = state.waiting_comments if kind == "diff" else ()
    text = rejection_text(what, reason, patch, selection, comments)
    if comments:
        text += f"\n\n{comments_text(comments, patch)}"
    return text, tuple(entry.comment.id for entry in comments)


def rejection_text(
    what: str,
    reason: str,
    patch: Patch | None = None,
    selection: Selection | None = None,
    comments: Sequence[CommentEntry] = (),
) -> str:
    """What a rejection sends to the role that works again.

    Args:
        what: The thing that was rejected, for example ``"version 1 of the spec"``.
        reason: The person's words.
        patch: The patch that they looked at.
        selection: What they dropped from it, if they dropped only a part.
    """
    why = "See the comments." if comments else "They gave no reason."
    text = f"# The person rejected {what}\n\n{reason.strip() or why}"
    if patch is not None and selection:
        text += "\n\nLeft out by the person, who does not want these parts:\n\n"
        text += selection_text(patch, selection, comments)
    return text


def selection_text(
    patch: Patch, selection: Selection, comments: Iterable[CommentEntry] = ()
) -> str:
    """The parts of a patch that a selection leaves out, as an excerpt of the diff.

    Args:
        comments: The person's; one on a part that is left out stands with it.
    """
    why = comments_on_left_out(comments, patch, selection)
    parts = []
    for file in patch.files:
        if file.path in selection.files:
            head = f"{file.path}: the whole change ({file.status})"
            parts.append("\n".join([head, *why.get(file.path, ())]))
            continue
        if file.path in selection.modes:
            parts.append(f"{file.path}: the change of its mode")
        if file.path in selection.moves:
            parts.append(f"{file.path}: the move; the file stays at {file.old_path}")
        if file.path in selection.originals:
            parts.append(f"{file.path}: that {file.old_path} goes; both stay")
        if file.path in selection.ends:
            parts.append(f"{file.path}: the change of the end of its last line")
        for hunk in file.hunks:
            lines = _left_out_lines(file, hunk, selection)
            if lines:
                wanted = set(selection.lines.get(hunk.id, ()))
                line = next(
                    new or old for i, (old, new, _) in enumerate(hunk.numbered()) if i in wanted
                )
                said = why.get(hunk.id, ())
                parts.append("\n".join([f"{file.path}, line {line}:", *lines, *said]))
    return "\n\n".join(parts)


def _left_out_lines(file: FilePatch, hunk: Hunk, selection: Selection) -> list[str]:
    wanted = set(selection.lines.get(hunk.id, ()))
    return [
        line.kind + decode(line.data)
        for index, line in enumerate(hunk.lines)
        if index in wanted and line.kind != " "
    ]
