"""The second front end: a session without a screen, as progress lines or as JSON Lines."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Callable
from typing import TextIO

from agent_tui.bootstrap.live import LiveSession
from agent_tui.bootstrap.review import report_of
from agent_tui.domain import events as e
from agent_tui.domain.fold import apply
from agent_tui.domain.review_report import as_markdown
from agent_tui.domain.state import State
from agent_tui.domain.text import listed, one_line, visible, visible_lines
from agent_tui.engine.gates import Parked
from agent_tui.engine.loop import outcome_at

EXIT_CODES: dict[e.OutcomeKind, int] = {
    "committed": 0,
    "failed": 1,
    "rejected": 3,
    "limit": 4,
    "checks failed": 5,
    "provider error": 6,
    "reviewed": 0,
}
INTERRUPTED = 130
FOUND = 7
"""A review ended well, and there are open comments or findings."""


def record_line(record: e.Record) -> str:
    """A record as one line of JSON, in the documented form.

    Non-ASCII characters are escaped, so that no control character reaches a terminal.
    """
    data = record.event.model_dump(mode="json", exclude={"type"})
    return json.dumps(
        {
            "v": 1,
            "seq": record.seq,
            "ts": record.at.isoformat(),
            "attempt": record.attempt,
            "actor": record.actor,
            "type": record.event.type,
            "data": data,
        }
    )


def undone_line(event: e.CommitUndone) -> str:
    """What was taken back, and what was not, in a line or two."""
    files = f"{len(event.paths)} file{'' if len(event.paths) == 1 else 's'}"
    did = f"took back {event.commit[:10]}"
    if event.again:
        did = f"brought again what {event.commit[:10]} had taken back"
    line = f"{did} ({files}) with {event.by[:10]} on "
    line += one_line((event.landed or event.ref).removeprefix("refs/heads/"))
    if event.kept:
        line += f"\n  left, since later commits changed it: {listed(event.kept)}"
    if event.landed and event.on_disk and len(event.on_disk) == len(event.paths):
        line += "\n  no file on the disk was touched"
    elif event.landed and event.on_disk:
        line += f"\n  left on the disk, with your own changes: {listed(event.on_disk)}"
    if event.detail:
        line += f"\n  {visible_lines(event.detail)}"
    return line


def _only_looks(state: State) -> bool:
    given = state.session.given if state.session is not None else None
    return given is not None and given.then == "nothing"


def progress(record: e.Record, state: State) -> str:
    """What a record means, in a line or two; empty for what is not worth one."""
    match record.event:
        case e.SessionStarted(session=name, request=request, repo=repo):
            return f"session {name} in {one_line(repo.root)}\nrequest: {one_line(request)}"
        case e.StepStarted(kind=kind, role=role, model=model):
            who = f" ({role}, {model})" if role else ""
            return f"… {kind}{who}"
        case e.ModelRetried(message=message, attempt=attempt, attempts=attempts, wait_s=wait_s):
            of = f" of {attempts}" if attempts else ""
            return f"  {one_line(message, 300)} Attempt {attempt}{of} in {wait_s:.0f} s."
        case e.ModelChosen(role=role, model=model):
            return f"  the {role} is {one_line(str(model))} from now on"
        case e.ContextCompacted(before_tokens=before, after_tokens=after, method=method):
            how = "by the provider" if method == "provider" else "to a summary"
            return f"  conversation compacted {how}: {before:,} tokens before, {after:,} after"
        case e.GateOpened(gate=gate) if gate.kind in ("limit", "fault"):
            return f"  {gate.kind} gate: {one_line(gate.question, 500)}"
        case e.StepFinished(outcome="failed", detail=detail):
            return f"  failed: {one_line(detail, 500)}"
        case e.SpecProposed(version=version, spec=spec):
            lines = [f"  spec v{version}: {one_line(spec.title)}"]
            lines += [f"    {c.id} {one_line(c.text)}" for c in spec.criteria]
            return "\n".join(lines)
        case e.ToolCalled(name=name, arguments=arguments):
            what = arguments.get("command") or arguments.get("path", "")
            note = {"ask": " (asked)", "deny": " (denied)"}.get(record.event.decision, "")
            return f"  {one_line(name)} {one_line(str(what))}".rstrip() + note
        case e.AttemptProposed(attempt=attempt, tree=tree, author=author):
            return f"  attempt {attempt} by {author}: tree {tree[:12]}"
        case e.ChecksFinished(results=results):
            return "\n".join(
                f"  check {one_line(r.name)}: {'passed' if r.ok else 'FAILED'} "
                f"({sum(t.ok for t in r.tests)} of {len(r.tests)} tests)"
                for r in results
            )
        case e.VerdictProposed(verdict=verdict):
            lines = [f"  {'pass' if state.passes else 'fail'}: {one_line(verdict.summary)}"]
            lines += [f"    {f.id} {f.severity}: {one_line(f.title)}" for f in verdict.findings]
            return "\n".join(lines)
        case e.FindingAdded(finding=finding):
            head = f"  {finding.id} {finding.severity} by {record.actor}: {one_line(finding.title)}"
            said = [f"    {visible(x)}" for x in finding.body.split("\n")[:8] if x.strip()]
            return "\n".join([head, *said])
        case e.FindingChanged(finding=name, status=status, reason=reason):
            return f"  {one_line(name)} {status} by {record.actor}: {one_line(reason)}"
        case e.CommentAdded(comment=comment):
            where = one_line(comment.place.words)
            return f"  {comment.id} {comment.kind} at {where}: {one_line(comment.text)}"
        case e.MessageProposed(message=message, author=author):
            return f"  commit message by {author}: {one_line(message)}"
        case e.GateDecided(kind="diff") if record.actor == "policy" and _only_looks(state):
            return "  diff gate: nobody is here to decide, and nothing is committed"
        case e.GateDecided(kind=kind, choice=choice, reason=reason):
            why = f": {one_line(reason)}" if reason else ""
            return f"  {kind} gate: {choice} by {record.actor}{why}"
        case e.RuleAdded(rule=rule, scope=scope):
            return f"  rule for this {scope}: {one_line(str(rule))}"
        case e.CommandEnded(exit_code=code, problem=problem):
            return f"  command: {one_line(problem) if problem else f'exit code {code}'}"
        case e.CommitRefused(detail=detail):
            return f"  no commit: {one_line(detail)}"
        case e.CommitUndone():
            return "  " + undone_line(record.event)
        case e.CommitDone(commit=commit, landed=landed, ref=ref, detail=detail):
            note = f"\n  {visible_lines(detail)}" if detail else ""
            return f"  committed {commit} on {landed or ref}{note}"
        case e.DeployChanged(command=command):
            return f"  deploy command by {record.actor}: {one_line(' '.join(command))}"
        case e.DeployFinished(ok=ok, exit_code=code):
            return f"  deploy: {'done' if ok else f'failed with {code}'}"
        case e.SessionFinished(outcome=outcome, detail=detail):
            return f"{outcome}: {one_line(detail, 500)}"
        case e.RequestAdded(text=text):
            return f"request: {one_line(text)}"
        case e.SessionImported(imported=taken, kept_raw=raw, dropped=dropped):
            return f"  of the source: {taken} imported, {raw} kept raw, {dropped} dropped"
        case e.LogRecovered(detail=detail):
            return f"  {one_line(detail, 500)}"
    return ""


def reporter(
    session: LiveSession, *, as_json: bool, out: TextIO = sys.stdout, log: TextIO = sys.stderr
) -> Callable[[e.Record], None]:
    """Prints records as they come: JSON on *out*, or progress on *out* if no JSON is asked for."""
    state = session.state if session.state.seq > 0 else State()

    def report(record: e.Record) -> None:
        nonlocal state
        state = apply(state, record)
        if as_json:
            print(record_line(record), file=out, flush=True)
        line = progress(record, state)
        if line:
            print(line, file=log if as_json else out, flush=True)

    return report


async def run_headless(
    session: LiveSession,
    *,
    as_json: bool,
    progress_to: TextIO | None = None,
    at_end: Callable[[int], int] = lambda code: code,
) -> int:
    """Run a session to its end, or to a gate that only a person can answer.

    Args:
        progress_to: Where progress is told; standard output without *as_json*.
        at_end: Called before the session is closed, with the exit code; gives the one to use.

    Returns:
        The exit code.
    """
    session.subscribe(reporter(session, as_json=as_json, out=progress_to or sys.stdout))
    task = asyncio.ensure_future(session.run())
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(name, task.cancel)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            finished = await task
            return at_end(EXIT_CODES[finished.outcome])
        await session.leave()
        print(f"stopped; go on with: agent-tui resume {session.id}", file=sys.stderr)
        return INTERRUPTED
    except Parked as parked:
        await session.leave()
        outcome = outcome_at(session.state, parked.gate.kind)
        words = f"{outcome}: {one_line(parked.gate.question, 500)}"
        print(words, file=sys.stderr if as_json else sys.stdout)
        print(f"nothing is lost; go on with: agent-tui resume {session.id}", file=sys.stderr)
        return EXIT_CODES[outcome]
    finally:
        await session.close()


def review_text(session: LiveSession, form: str) -> tuple[str, int]:
    """What a review found so far, as ``markdown`` or ``json``, and how much is open. Blocks."""
    report, _ = report_of(session)
    if form == "markdown":
        return as_markdown(report), report.open
    # Escaped to ASCII, so that no control character reaches a terminal.
    return json.dumps(report.model_dump(mode="json"), indent=2) + "\n", report.open


def review_code(code: int, waiting: int) -> int:
    """The exit code of a review: of one that ended well, whether anything is open."""
    return FOUND if code == 0 and waiting else code
