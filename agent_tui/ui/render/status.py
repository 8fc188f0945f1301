"""The lines around the panes: header, timeline, gate."""

import math
from collections import deque
from collections.abc import Callable, Iterable

from textual.content import Content

from agent_tui.domain.decision import GateKind, ToolQuestion
from agent_tui.domain.events import SessionStarted
from agent_tui.domain.patch import Patch
from agent_tui.domain.state import Decided, Phase, Retry, State, Step
from agent_tui.domain.text import one_line, title_line, visible
from agent_tui.domain.usage import Cost
from agent_tui.engine.limits import effective_limits
from agent_tui.ui.actions import key_names
from agent_tui.ui.render.fitting import GAP, SEAM
from agent_tui.ui.render.given import given_of, question
from agent_tui.ui.render.text import seconds

SEPARATOR = ("  ─  ", "$muted")


def money(cost: Cost, limit: float | None = None) -> Content:
    """Money that was spent: priced dollars, and how many calls have no known price."""
    if not cost.priced and cost.unpriced_calls:
        text = Content.styled("unpriced", "$muted")
    else:
        text = Content(f"${cost.priced:.2f}")
        if cost.unpriced_calls:
            text = Content.assemble(text, (f" + {cost.unpriced_calls} unpriced", "$muted"))
    if limit is not None:
        text = Content.assemble(text, (f" of ${limit:.2f}", "$muted"))
    return text


def header(state: State, width: int, now_s: float = 0.0, *, replaying: str = "") -> Content:
    """The top line: repository, request, iteration, money, time, protection.

    Args:
        now_s: Seconds since the last event, for a session that is running.
        replaying: The place of a replay, in words.
    """
    session = state.session
    if session is None:
        gap = " " * max(2, width - len("agent-tui") - len(replaying))
        return Content.assemble(("agent-tui", "bold"), gap, (replaying, "bold $gate"))
    limits = effective_limits(state)
    branch = session.repo.branch or ("detached" if session.source is None else "")
    left: list[str | tuple[str, str] | Content] = [(visible(session.repo.name), "bold")]
    if branch:
        left.append((f" ⎇ {visible(branch)}", "$muted"))
    right: list[str | tuple[str, str] | Content] = []
    total = f"/{limits.iterations}" if limits.iterations else ""
    step = state.step
    attempt = max(state.attempt, step.attempt if step is not None else 0)
    where = "review" if given_of(state) else f"attempt {attempt}{total}"
    right += [(where, ""), SEPARATOR]
    if session.roles or state.cost.priced or session.source is not None:
        right += [money(state.cost, limits.dollars), SEPARATOR]
    elapsed = 0.0
    if state.started_at and state.last_at:
        elapsed = (state.last_at - state.started_at).total_seconds() - state.away_s + now_s
    waiting = state.person_s
    if state.gate_opened and state.last_at:
        waiting += (state.last_at - state.gate_opened).total_seconds() + now_s
    right.append(seconds(elapsed))
    if session.source is None:
        right.append((f" (you {seconds(waiting)})", "$person"))
    if session.source is not None:
        who = one_line(str(session.source), 40)
        return _fitted(left, right, f"recorded by {who}", "$model", session, width, replaying)
    protection = "no sandbox" if session.protection == "none" else session.protection
    colour = "$warn" if session.protection == "none" else "$ok"
    return _fitted(left, right, protection, colour, session, width, replaying)


def _fitted(
    left: list[str | tuple[str, str] | Content],
    right: list[str | tuple[str, str] | Content],
    note: str,
    colour: str,
    session: SessionStarted,
    width: int,
    replaying: str,
) -> Content:
    """Both ends of the top line, with as much of the request between them as fits."""
    head = Content.assemble(*left)
    tail = Content.assemble(*right, SEPARATOR, (note, colour))
    if replaying:
        place = [SEPARATOR, (replaying, "bold $gate")]
        # Where one is in a replay goes before what it says of the session.
        without_you = right[:-1] if session.source is None else right
        parts = ([*right, SEPARATOR, (note, colour)], right, without_you, right[:1])
        tails = [Content.assemble(*part, *place) for part in parts]
        fits = (t for t in tails if head.cell_length + t.cell_length + 2 <= width)
        tail = next(fits, tails[-1])
        head = head.truncate(max(4, width - tail.cell_length - 2), ellipsis=True)
    room = width - head.cell_length - tail.cell_length - 6
    if room > 12:
        request = title_line(session.request, max(4, room - 4))
        head = Content.assemble(head, (f" · “{request}”", ""))
    gap = max(2, width - head.cell_length - tail.cell_length)
    return Content.assemble(head, " " * gap, tail).truncate(width, ellipsis=True)


_STEP_NAME = {"plan": "plan", "code": "code", "check": "checks", "review": "review",
              "message": "message", "commit": "commit", "deploy": "deploy"}  # fmt: skip


class _Results:
    """How each step ended, asked from the last one to the first."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._checked = [r for r in state.revisions if r.checks is not None]
        self._reviewed = [r for r in state.revisions if r.verdict is not None]
        done = [step.kind for step in state.steps if step.outcome == "done"]
        self._checks, self._reviews = done.count("check"), done.count("review")

    def before(self, step: Step) -> tuple[str, str]:
        """The sign and the style of the step before the one that was asked for last."""
        if step.running:
            return "●", "$model"
        if step.outcome != "done":
            return "✗", "$bad"
        state = self._state
        if step.kind == "check":
            self._checks -= 1
            at = self._checks
            if at < len(self._checked) and not self._checked[at].checks_pass:
                return "✗", "$bad"
        if step.kind == "review":
            self._reviews -= 1
            at = self._reviews
            verdict = self._reviewed[at].verdict if at < len(self._reviewed) else None
            if verdict is not None:
                return ("fail", "$bad") if verdict.outcome == "fail" else ("pass", "$ok")
        if step.kind == "commit" and state.commit is None:
            return "✗", "$bad"
        if step.kind == "deploy" and state.deploy is not None and not state.deploy.ok:
            return "✗", "$bad"
        return "✓", "$ok"


_WORDS = {"reject": "rejected", "edit": "edited", "stop": "stopped"}


def timeline(state: State, room: int) -> Content:
    """Every step and every rejection in one line.

    Args:
        room: Cells that the end of it has to fill at least; what is before that may be missing.
    """
    parts: list[Content] = []
    if state.phase is Phase.DONE and state.finished is not None:
        good = state.finished.outcome == "committed"
        parts.append(Content.styled(state.finished.outcome, "bold $ok" if good else "bold $warn"))
    if state.gate is not None:
        parts.append(Content.styled(f"{gate_name(state.gate.kind)} ?", "bold $gate"))
    results = _Results(state)
    for item in reversed(_interleaved(state.steps, state.decisions)):
        if room <= 0:
            break
        if isinstance(item, Step):
            sign, style = results.before(item)
            name = _STEP_NAME[item.kind]
            if item.kind == "code":
                name += f" {item.attempt}"
            parts.append(Content.assemble((f"{name} ", ""), (sign, style)))
        else:
            word = "skipped" if item.event.kind == "deploy" else _WORDS[item.event.choice]
            parts.append(Content.styled(f"{item.event.kind} {word}", "$person"))
        room -= parts[-1].cell_length
    return Content.assemble(" ─ ").join(reversed(parts)) if parts else Content("")


def _interleaved(steps: tuple[Step, ...], decisions: Iterable[Decided]) -> list[Step | Decided]:
    """Steps, with each rejection, edit and stop behind the steps that were done before it."""
    result: list[Step | Decided] = []
    told = deque(d for d in decisions if d.event.choice != "approve")
    for step in steps:
        while told and step.started is not None and told[0].at <= step.started:
            result.append(told.popleft())
        result.append(step)
    return [*result, *told]


_GATE_NAMES: dict[GateKind, str] = {
    "spec": "spec",
    "diff": "diff",
    "verdict": "verdict",
    "message": "commit",
    "deploy": "deploy",
    "limit": "limit",
    "fault": "fault",
    "tool": "tool",
}


def gate_name(kind: GateKind) -> str:
    """The gate's short name."""
    return _GATE_NAMES[kind]


def count(number: int, thing: str) -> str:
    """``1 hunk``, ``2 hunks``."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def gate_question(
    state: State, patch: Patch, seen: int, now_s: float = 0.0, *, known: int = 0
) -> Content:
    """The first line of the gate bar: what is asked, or what is going on.

    Args:
        patch: The patch of the revision in force.
        seen: How many of its hunks were looked at.
        now_s: Seconds since the last event, for a session that is running.
        known: How many of its hunks were accepted before and are the same.
    """
    gate = state.gate
    if gate is None:
        return _working(state) if state.retry is None else _retrying(state.retry, now_s)
    head = Content.styled(f" {gate_name(gate.kind).upper()} ", "bold reverse $gate")
    words = one_line(gate.question, 300)
    if gate.kind == "verdict":
        words = _verdict_words(state)
    elif gate.kind == "diff" and (given := given_of(state)) is not None:
        words = question(given, state, patch)
    elif gate.kind == "diff" and state.revision is not None:
        whose = {"person": "your revision of ", "hooks": "changed by a hook: "}
        words = (
            f"{whose.get(state.revision.author, '')}attempt {state.attempt}, "
            f"{count(patch.hunk_count, 'hunk')} in {count(len(patch.files), 'file')}: "
            "is this change right?"
        )
        rest = "Checks and review run on what you keep."
        if known:
            words = (
                f"{whose.get(state.revision.author, '')}attempt {state.attempt}: "
                f"{count(patch.hunk_count - known, 'hunk')} of {patch.hunk_count} to look at."
            )
            rest = "The others you accepted before, and they are the same."
        if gate.flags:
            names = ", ".join(one_line(flag.partition(":")[0], 60) for flag in gate.flags)
            words = f"Runs by being there: {names}.{SEAM}{words[0].upper()}{words[1:]}"
        waiting = len(state.waiting_comments)
        if waiting:
            words += f"{SEAM}{count(waiting, 'comment')} open: r sends them."
        words += SEAM + rest
    elif gate.kind == "spec" and state.spec is not None:
        questions = len(state.spec.spec.open_questions)
        words = f"Version {state.spec.version}: is this what you want?"
        if questions:
            words += f" {count(questions, 'open question')}."
    elif gate.kind == "message":
        where = state.session.repo.branch if state.session else None
        given = given_of(state)
        if given is not None and given.apart:
            where, words = None, "Commit with this message, on a branch of its own?"
        if where:
            words = f"Commit with this message, and move {one_line(where, 40)} to it?"
        checks = state.revision.checks if state.revision is not None else None
        if checks is not None and not all(result.ok for result in checks):
            move = f", and move {one_line(where, 30)}" if where else ""
            words = f"A check fails on this tree. Commit it all the same{move}?"
    elif gate.kind == "deploy":
        words = f"Run: {visible(' '.join(state.deploy_command))}"
    elif gate.kind == "tool" and gate.tool is not None:
        words = _tool_words(gate.tool)
    elif gate.kind == "limit":
        words += f"{SEAM}Approve to allow as much again."
    elif gate.kind == "fault":
        words += f"{SEAM}Approve to try again."
    return Content.assemble(head, " ", *_not_committed(state, gate.kind), words)


def _not_committed(state: State, kind: GateKind) -> list[tuple[str, str]]:
    """Why the gate is there again although the message was approved, as its first sentences."""
    if kind not in ("diff", "verdict") or state.refused is None:
        return []
    why, _, rest = one_line(state.refused.detail, 500).partition(": ")
    said = [entry.finding for entry in state.ledger if entry.finding.author == "hooks"]
    if rest:
        rest = rest[:1].upper() + rest[1:]
    elif said and said[-1].body:
        rest = f"{one_line(said[-1].id)} in the third pane has what it said."
    return [
        (f"Not committed: {why.removesuffix('.')}.", "$bad"),
        (f"{SEAM}{rest}{SEAM}" if rest else SEAM, ""),
    ]


def _tool_words(tool: ToolQuestion) -> str:
    command = tool.arguments.get("command")
    if tool.name == "run_command" and isinstance(command, str):
        return f"Run: {visible(command)}"
    path = tool.arguments.get("path")
    return f"{one_line(tool.name)} {one_line(path) if isinstance(path, str) else ''}".rstrip() + "?"


def _verdict_words(state: State) -> str:
    blocking = sum(entry.blocks for entry in state.ledger)
    if blocking:
        return f"{count(blocking, 'blocking finding')}.{SEAM}Approve to send them to the coder."
    if state.revision is not None and state.revision.checks is not None:
        failing = sum(not result.ok for result in state.revision.checks)
        if failing:
            return (
                f"{count(failing, 'check')} still failing, but all findings are waived or fixed."
                f"{SEAM}Approve to go on to the commit all the same."
            )
    return f"Nothing is left that blocks.{SEAM}Approve to go on to the commit message."


def replay_caption(caption: str) -> Content:
    """The first line of the gate bar in a replay: what happened here."""
    return Content.assemble((" REPLAY ", "bold reverse $model"), " ", one_line(caption, 300))


def _retrying(retry: Retry, now_s: float) -> Content:
    of = f" of {retry.attempts}" if retry.attempts else ""
    left = math.ceil(retry.wait_s - now_s)
    when = f"in {seconds(left)}" if left > 0 else "now"
    return Content.assemble(
        (" RETRY ", "bold reverse $warn"),
        (f" {when}", "bold $warn"),
        f" · attempt {retry.attempt}{of} · ",
        one_line(retry.message, 300),
    )


def _working(state: State) -> Content:
    if state.finished is not None:
        good = state.finished.outcome == "committed"
        if state.taken_back:
            last = state.undone[-1]
            return Content.assemble(
                (" TAKEN BACK ", "bold reverse $warn"),
                f" {last.commit[:10]} by {last.by[:10]} on ",
                one_line((last.landed or last.ref).removeprefix("refs/heads/"), 300),
            )
        return Content.assemble(
            (f" {state.finished.outcome.upper()} ", "bold reverse " + ("$ok" if good else "$warn")),
            " ",
            _detail(state, state.finished.detail),
        )
    step = state.step
    if step is None or not step.running:
        return Content.styled("…", "$muted")
    who = f"{step.role} " if step.role else ""
    model = f" ({visible(str(step.model))})" if step.model else ""
    words = {"plan": "is writing the spec", "code": f"is working on attempt {step.attempt}",
             "check": "Checks are running on exactly this tree",
             "review": "is reviewing the change", "message": "is writing the commit message",
             "commit": "Committing", "deploy": "Deploying"}[step.kind]  # fmt: skip
    return Content.assemble(("● ", "$model"), f"{who}{words}", (model, "$muted"))


def _detail(state: State, detail: str) -> str:
    """How it ended; what else there is to know of the commit is in the verdict's pane as well."""
    more = state.commit.detail if state.commit is not None else ""
    if not more or not detail.endswith(more):
        return one_line(detail, 300)
    return f"{one_line(detail.removesuffix(more).strip(), 300)}{SEAM}{one_line(more, 300)}"


def gate_keys(actions: Iterable[tuple[str, str]], keys_of: Callable[[str], str]) -> Content:
    """The second line: keys and labels.

    Args:
        actions: Pairs of an action's id and the label to show.
        keys_of: The keys of an action as they are in force, separated by commas.
    """
    parts: list[Content] = []
    for action_id, label in actions:
        key = key_names(keys_of(action_id).split(",")[0])
        parts.append(Content.assemble((key, "bold $gate"), f" {label}"))
    return Content(GAP).join(parts)
