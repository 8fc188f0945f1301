"""The verdict pane: checks, the reviewer's summary, and the ledger of findings."""

import re

from textual.content import Content

from agent_tui.domain.checks import CheckResult
from agent_tui.domain.comments import CommentEntry
from agent_tui.domain.links import Node
from agent_tui.domain.state import State, Step
from agent_tui.domain.verdict import LedgerEntry
from agent_tui.engine.answers import draft
from agent_tui.engine.committer import full_message
from agent_tui.ui.render.activity import CHARACTERS, recent, thinking
from agent_tui.ui.render.given import given_of, is_person_alone
from agent_tui.ui.render.imported import imported_rows
from agent_tui.ui.render.text import BLANK, FINDING_STYLE, heading, paragraph, rows, safe, seconds
from agent_tui.ui.widgets.rows import Row

MOST_FINDINGS = 4_000
"""Findings whose rows are kept for the next look at them."""

TAIL = 14
"""Lines of a failing check's output that are shown."""


def verdict_title(state: State) -> Content:
    """The pane's title."""
    if is_person_alone(state):
        return _title_without_model(state)
    step = state.step
    if step is not None and step.running and step.kind in ("check", "review"):
        word = "checking…" if step.kind == "check" else "reviewing…"
        return Content.assemble("VERDICT ", (word, "$model"))
    revision = state.revision
    if revision is None or revision.verdict is None:
        return Content("VERDICT")
    blocking = sum(entry.blocks for entry in state.ledger)
    if blocking:
        return Content.assemble("VERDICT ", (f"fail · {blocking} blocking", "$bad"))
    if not revision.checks_pass and revision.checks is not None:
        return Content.assemble("VERDICT ", ("waived · a check fails", "$warn"))
    return Content.assemble("VERDICT ", ("pass", "$ok"))


def _title_without_model(state: State) -> Content:
    """What takes the verdict's place: checks where there are any, and the person's comments."""
    step, revision = state.step, state.revision
    if state.finished is not None:
        return Content("END")
    if state.gate is not None and state.gate.kind == "message":
        return Content("MESSAGE")
    if state.session is None or not state.session.checks:
        waiting = len(state.waiting_comments)
        return Content.assemble("COMMENTS", (f" {waiting} open" if waiting else "", "$warn"))
    if step is not None and step.running and step.kind == "check":
        return Content.assemble("CHECKS ", ("checking…", "$model"))
    if revision is None or revision.checks is None:
        return Content("CHECKS")
    failing = sum(not result.ok for result in revision.checks)
    if failing and not any(entry.blocks for entry in state.ledger):
        return Content.assemble("CHECKS ", ("waived · a check fails", "$warn"))
    return Content.assemble(
        "CHECKS ", (f"{failing} failing", "$bad") if failing else ("pass", "$ok")
    )


def verdict_rows(state: State, width: int, room: int = CHARACTERS) -> list[Row]:
    """All rows of the pane.

    Args:
        room: How many characters of what a step streams, from its end.
    """
    if state.session is not None and state.session.source is not None:
        return imported_rows(state, width)
    result: list[Row] = []
    step = state.step
    revision = state.revision
    running = step if step is not None and step.running else None
    if running is not None and running.kind == "check":
        result += _live_check(running, width, room)
    elif revision is not None and revision.checks is not None and _worth_telling(state):
        result += _check_rows(revision.checks, width)
    elif state.session is not None and not state.session.checks and given_of(state) is None:
        result += rows(paragraph("No checks are configured.", width, style="$warn"))
    elif state.session is not None and state.session.checks:
        result.append(heading("Checks", "not run yet"))
        names = [Content.styled(f"· {check.name}", "$muted") for check in state.session.checks]
        result += rows(names)
    result.append(BLANK)
    if running is not None and running.kind == "review":
        result += _live_review(running, width, room)
    elif revision is not None and revision.verdict is not None:
        result.append(heading("Review"))
        result += rows(paragraph(revision.verdict.summary, width))
    if state.ledger:
        result += [BLANK, heading("Findings", _counts(state.ledger))]
        for entry in sorted(state.ledger, key=lambda e: (not e.blocks, e.status != "open")):
            result += _FINDINGS.rows(entry, width)
    if state.comments:
        waiting = len(state.waiting_comments)
        result += [BLANK, heading("Your comments", f"{waiting} open · C lists them")]
        for said in state.comments:
            result += _comment_rows(said, width)
    elif is_person_alone(state):
        words = "None yet: c writes one on the lines, the file or the whole change."
        result += [BLANK, heading("Your comments"), *rows(paragraph(words, width, style="$muted"))]
    if state.refused is not None:
        result += [BLANK, heading("Commit refused")]
        result += rows(paragraph(state.refused.detail, width, style="$bad"))
    result = _end_rows(state, width) + result
    if revision is not None and running is None:
        result += _output_rows(revision.checks or (), width)
    return result


def _comment_rows(entry: CommentEntry, width: int) -> list[Row]:
    comment = entry.comment
    first = Content.assemble(
        (f"{comment.id} ", "bold $person"), (f"{comment.kind}, {entry.status}  ", "$muted")
    )
    lines = paragraph(comment.text, width, first=first)
    for reply in entry.replies:
        said = Content.styled(f"   {reply.author}: ", "$model")
        lines += paragraph(reply.text, width, first=said)
    return rows(lines, item=("comment", comment.id))


def _worth_telling(state: State) -> bool:
    """That there are no checks is no news where none were asked for."""
    checks = state.revision.checks if state.revision else None
    return bool(checks) or given_of(state) is None


def _counts(ledger: tuple[LedgerEntry, ...]) -> str:
    words = ("open", "disputed", "fixed", "waived", "deferred")
    counts = {word: sum(entry.status == word for entry in ledger) for word in words}
    return " · ".join(f"{count} {word}" for word, count in counts.items() if count)


def _check_rows(results: tuple[CheckResult, ...], width: int) -> list[Row]:
    if not results:
        words = "No checks are configured."
        return [heading("Checks"), *rows(paragraph(words, width, style="$warn"))]
    out = [heading("Checks", "on exactly this tree")]
    for result in results:
        sign, style = ("✓", "$ok") if result.ok else ("✗", "$bad")
        passed = sum(test.ok for test in result.tests)
        failed = len(result.tests) - passed
        parts: list[str | tuple[str, str]] = [
            (f"{sign} ", style), (result.name, "bold"), f"  {seconds(result.duration_s)}"
        ]  # fmt: skip
        if result.tests:
            parts.append((f"  {passed} ✓", "$ok"))
            if failed:
                parts.append((f"  {failed} ✗", "$bad"))
        node = Node("check", result.name)
        lines = [Content.assemble(*parts)]
        if not result.ok:
            for test in result.tests:
                if not test.ok:
                    lines += paragraph(
                        test.name, width, style="$bad", first=Content.styled("  ✗ ", "$bad")
                    )
            if result.problem:
                lines += paragraph(result.problem, width, style="$bad", first=Content("  "))
        out += rows(lines, item=node, key=node)
    return out


def _output_rows(results: tuple[CheckResult, ...], width: int) -> list[Row]:
    """The end of what the failing checks printed."""
    out: list[Row] = []
    for result in results:
        if result.ok or not result.output.strip():
            continue
        out += [BLANK, heading(f"Output of {result.name}", "its end")]
        tail = [line for line in result.output.rstrip().split("\n") if line.strip()][-TAIL:]
        for line in tail:
            # Rulers would only be wrapped into noise.
            short = re.sub(r"([=_-])\1{9,}", r"\1\1\1", line)
            out += rows(paragraph(short, width, style="$muted"))
    return out


def _live_check(step: Step, width: int, room: int) -> list[Row]:
    text = "".join(piece.text for piece in recent(step.output, room))
    out = [heading("Checks", "running")]
    for line in text.split("\n")[-40:]:
        style = "$model" if line.startswith("$ ") else "$muted"
        out += rows(paragraph(line, width, style=style))
    return out


def _live_review(step: Step, width: int, room: int) -> list[Row]:
    text = "".join(piece.text for piece in step.output if piece.channel == "text")
    answer = draft(text)
    if not answer:
        return [heading("Thinking"), *thinking(step, width, room)]
    out = [heading("Review", "being written")]
    summary = answer.get("summary")
    out += rows(paragraph(summary if isinstance(summary, str) else "", width))
    found = answer.get("findings")
    for item in found if isinstance(found, list) else []:
        title = item.get("title") if isinstance(item, dict) else None
        if isinstance(title, str):
            out += rows(paragraph(title, width, first=Content.styled("▲ ", "$bad")))
    return out


def _finding_rows(entry: LedgerEntry, width: int) -> list[Row]:
    finding = entry.finding
    node = Node("finding", finding.id)
    live = entry.status in ("open", "disputed")
    style = FINDING_STYLE[entry.status]
    who = {"person": "yours", "checks": "check", "hooks": "hook"}.get(finding.author, "")
    head: list[str | tuple[str, str]] = [
        (f"{finding.id} ", f"bold {style}"),
        (f"{finding.severity} ", style if finding.blocking and live else "$muted"),
        (f"{entry.status} ", style),
    ]
    if who:
        head.append((f"{who} ", "$person" if who == "yours" else "$muted"))
    if finding.criterion:
        head.append((f"{finding.criterion} ", "$muted"))
    if finding.confidence is not None:
        head.append((f"{finding.confidence:.0%} sure ", "$muted"))
    lines = Content.assemble(*head).wrap(width)
    lines += paragraph(finding.title, width, style="bold" if live else "$muted")
    if finding.path:
        place = f"{finding.path}:{finding.line}" if finding.line else finding.path
        lines.append(
            Content.assemble(
                safe(place, "$diff-hunk-fg"),
                ("" if finding.anchored else "  not in the diff", "$warn"),
            )
        )
    if live:
        if finding.body:
            lines += paragraph(finding.body, width)
        if finding.suggestion:
            lines += paragraph(finding.suggestion, width, first=Content.styled("→ ", "$model"))
    if entry.reason:
        by = "you: " if entry.by == "person" else ""
        lines += paragraph(f"{by}{entry.reason}", width, style="italic $muted")
    return [*rows(lines, item=node, key=node), BLANK]


class _FindingRows:
    """Rows of findings that were made. States share the entries that did not change."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, int], tuple[LedgerEntry, list[Row]]] = {}

    def rows(self, entry: LedgerEntry, width: int) -> list[Row]:
        """The rows of an entry."""
        key = (id(entry), width)
        made = self._made.get(key)
        if made is None:
            if len(self._made) >= MOST_FINDINGS:
                self._made.clear()
            # The entry is held, so that no other one gets its address.
            made = self._made[key] = (entry, _finding_rows(entry, width))
        return made[1]


_FINDINGS = _FindingRows()


def _end_rows(state: State, width: int) -> list[Row]:
    out: list[Row] = []
    if state.messages:
        out += [heading("Commit message")]
        lines = full_message(state).strip() if state.commit is None else state.message
        out += [*rows(paragraph(lines, width)), BLANK]
    if state.commit is not None:
        made = state.commit
        where = (made.landed or made.ref).removeprefix("refs/heads/")
        out += [heading("Commit")]
        out.append(Row(Content.assemble(("✓ ", "$ok"), (made.commit[:12], "bold"), f" on {where}")))
        out += rows(paragraph(f"tree {made.tree[:12]} as approved", width, style="$muted"))
        if made.detail and not (state.finished and made.detail in state.finished.detail):
            out += rows(paragraph(made.detail, width, style="$warn"))
        out.append(BLANK)
    if state.deploy is not None:
        sign, style = ("✓", "$ok") if state.deploy.ok else ("✗", "$bad")
        out += [heading("Deploy")]
        code = state.deploy.exit_code
        out.append(Row(Content.styled(f"{sign} exit code {code}", style)))
        out += [*rows(paragraph(state.deploy.output.strip(), width, style="$muted")), BLANK]
    if state.finished is not None:
        style = "$ok" if state.finished.outcome == "committed" else "$warn"
        end = [
            heading("End"),
            *rows(paragraph(state.finished.outcome, width, style=f"bold {style}")),
        ]
        if state.finished.detail:
            end += rows(paragraph(state.finished.detail, width))
        out = [*end, BLANK, *out]
    return out
