"""What a review found, for people (Markdown) and for other agents (JSON with a schema)."""

from typing import Literal

from agent_tui.domain.base import Actor, Value
from agent_tui.domain.comments import CommentEntry, CommentKind, CommentStatus, Side
from agent_tui.domain.given import Given, GivenKind
from agent_tui.domain.patch import Patch
from agent_tui.domain.places import locate
from agent_tui.domain.state import State
from agent_tui.domain.text import visible, visible_lines
from agent_tui.domain.verdict import FindingStatus, Severity

VERSION: Literal[1] = 1
"""Of the JSON form. It grows with new fields; another number means that old ones changed."""


class ReportedReply(Value):
    """An answer to a comment."""

    author: Actor
    text: str


class ReportedComment(Value):
    """A comment of the person.

    Attributes:
        path: None for one on the whole change.
        line, end_line: From 1, in the new file, or in the old one where *side* says so; None for
            one on a file.
        quote: The lines as they stood when it was written.
        outdated: Whether the change does not show those lines any more.
    """

    id: str
    kind: CommentKind
    status: CommentStatus
    text: str
    path: str | None = None
    side: Side = "new"
    line: int | None = None
    end_line: int | None = None
    quote: str = ""
    outdated: bool = False
    replies: tuple[ReportedReply, ...] = ()


class ReportedFinding(Value):
    """A finding of the reviewer, a check or the person; lines are those of the new file."""

    id: str
    author: Actor
    severity: Severity
    status: FindingStatus
    title: str
    body: str = ""
    path: str | None = None
    line: int | None = None
    end_line: int | None = None
    quote: str = ""
    suggestion: str = ""
    confidence: float | None = None
    reason: str = ""


class ReviewReport(Value):
    """The result of ``agent-tui review``.

    Attributes:
        v: The version of this form.
        name: What was asked for; "" for the working tree.
        base: The commit that the change starts from; "" before the first one.
        tree: The result's tree, as it was reviewed.
        outcome: How the review ended; "" while it has not.
        commit: The commit of the accepted part, if one was made.
        summary: The reviewer's, or "".
        verdict: The reviewer's outcome, or None without a reviewer.
        remark: What the person said of it all.
        open: How many comments and findings are open; notes do not count.
    """

    v: Literal[1] = VERSION
    session: str
    kind: GivenKind
    name: str = ""
    base: str = ""
    tree: str = ""
    files: int = 0
    added: int = 0
    removed: int = 0
    outcome: str = ""
    commit: str | None = None
    verdict: Literal["pass", "fail"] | None = None
    summary: str = ""
    remark: str = ""
    comments: tuple[ReportedComment, ...] = ()
    findings: tuple[ReportedFinding, ...] = ()
    open: int = 0


def review_report(state: State, patch: Patch) -> ReviewReport:
    """The result of a review as it stands.

    Args:
        patch: Of the revision in force.

    Raises:
        ValueError: If the session does not review a given change.
    """
    session, revision = state.session, state.revision
    if session is None or session.given is None:
        raise ValueError("the session reviews no given change")
    verdicts = [r.verdict for r in state.revisions if r.verdict is not None]
    waiting = sum(x.status != "resolved" and x.comment.kind != "note" for x in state.comments)
    return ReviewReport(
        session=session.session,
        kind=session.given.kind,
        name=session.given.name,
        base=session.repo.commit,
        tree=revision.tree if revision else session.given.tree,
        files=len(patch.files),
        added=patch.added,
        removed=patch.removed,
        outcome=state.finished.outcome if state.finished else "",
        commit=state.commit.commit if state.commit else None,
        verdict=verdicts[-1].outcome if verdicts else None,
        summary=verdicts[-1].summary if verdicts else "",
        remark=_remark(state),
        comments=tuple(_comment(entry, patch) for entry in state.comments),
        findings=tuple(
            ReportedFinding(
                status=entry.status,
                reason=entry.reason,
                **entry.finding.model_dump(
                    exclude={"criterion", "check", "anchored"},
                ),
            )
            for entry in state.ledger
        ),
        open=waiting + len(state.open_findings),
    )


def _remark(state: State) -> str:
    last = next((d for d in reversed(state.decisions) if d.event.kind == "diff"), None)
    return last.event.reason if last is not None and last.actor == "person" else ""


def _comment(entry: CommentEntry, patch: Patch) -> ReportedComment:
    comment = entry.comment
    found = locate(patch, comment)
    place = found or comment.place
    return ReportedComment(
        id=comment.id,
        kind=comment.kind,
        status=entry.status,
        text=comment.text,
        quote=comment.quote,
        outdated=found is None,
        replies=tuple(ReportedReply(author=r.author, text=r.text) for r in entry.replies),
        **place.model_dump(exclude={"base"}),
    )


def as_markdown(report: ReviewReport) -> str:
    """The report as Markdown. Nothing in it can steer a terminal."""
    given = Given(kind=report.kind, name=report.name, tree=report.tree)
    parts = [f"# Review of {visible(given.title)}"]
    facts = [f"{report.files} file{'s' * (report.files != 1)}, +{report.added} -{report.removed}"]
    if report.verdict:
        facts.append(f"reviewer: {report.verdict}")
    if report.commit:
        facts.append(f"committed as {report.commit[:12]}")
    parts.append(", ".join(facts))
    parts += [visible_lines(text) for text in (report.summary, report.remark) if text]
    if report.comments:
        parts.append("## Comments")
        parts += [_comment_markdown(comment) for comment in report.comments]
    if report.findings:
        parts.append("## Findings")
        parts += [_finding_markdown(finding) for finding in report.findings]
    if not (report.comments or report.findings):
        parts.append("No comments, no findings.")
    return "\n\n".join(parts) + "\n"


def _where(path: str | None, line: int | None, end_line: int | None, side: Side = "new") -> str:
    if path is None:
        return ""
    lines = f":{line}" if line else ""
    lines += f"-{end_line}" if end_line and end_line != line else ""
    return f" `{visible(path)}{lines}`" + (" (removed)" if side == "old" else "")


def _quoted(text: str) -> str:
    return "\n".join(f"> {visible(line)}" for line in text.split("\n")) if text else ""


def _comment_markdown(comment: ReportedComment) -> str:
    where = _where(comment.path, comment.line, comment.end_line, comment.side)
    state = "" if comment.status == "open" else f", {comment.status}"
    state += ", outdated" if comment.outdated else ""
    head = f"### {comment.id} {comment.kind}{where}{state}"
    replies = [f"{reply.author}: {visible_lines(reply.text)}" for reply in comment.replies]
    parts = (head, _quoted(comment.quote), visible_lines(comment.text), *replies)
    return "\n\n".join(part for part in parts if part)


def _finding_markdown(finding: ReportedFinding) -> str:
    where = _where(finding.path, finding.line, finding.end_line)
    status = "" if finding.status == "open" else f", {finding.status}"
    title = visible(finding.title)
    head = f"### {finding.id} {finding.severity} by {finding.author}{where}{status}: {title}"
    suggestion = f"Suggestion: {visible_lines(finding.suggestion)}" if finding.suggestion else ""
    body = visible_lines(finding.body)
    parts = (head, _quoted(finding.quote), body, suggestion, visible_lines(finding.reason))
    return "\n\n".join(part for part in parts if part)
