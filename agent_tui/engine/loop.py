"""The loop: look at the state, do what comes next, until the session is done."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace

from agent_tui.domain.decision import GateKind
from agent_tui.domain.events import (
    OutcomeKind,
    Record,
    SessionFinished,
    SessionLeft,
    SessionResumed,
    StepFinished,
)
from agent_tui.domain.state import Phase, State
from agent_tui.domain.text import counted
from agent_tui.domain.turn import ModelError
from agent_tui.engine import coder, committer, given, planner, reviewer, writer
from agent_tui.engine.context import Context, StepStopped
from agent_tui.engine.gates import Gates, PolicyGatekeeper
from agent_tui.engine.limits import LimitReached, check_iterations
from agent_tui.ports import Gatekeeper, Retries, WorkspaceError


class Engine:
    """Runs one session. What to do next is read from the state, so a resume needs nothing else.

    Args:
        ctx: The session's recorder and ports.
        person: Who answers at gates that are not automatic.
        policy: Who answers at those that are.
    """

    def __init__(self, ctx: Context, person: Gatekeeper, policy: Gatekeeper | None = None) -> None:
        self._ctx = ctx = replace(ctx, keeper=person)
        self._gates = Gates(ctx, person, policy or PolicyGatekeeper(deploy=True))
        self._turn: asyncio.Task[None] | None = None
        self._stopping = False
        self._do: dict[Phase, Callable[[], Awaitable[None]]] = {
            Phase.GIVEN: lambda: given.take(ctx),
            Phase.PLAN: lambda: (writer.outline if ctx.session.document else planner.plan)(ctx),
            Phase.SPEC_GATE: lambda: self._gate("spec", "Is this what you want?"),
            Phase.CODE: self._code,
            Phase.DIFF_GATE: lambda: self._gate("diff", "Is this change right?"),
            Phase.CHECK: lambda: reviewer.check(ctx),
            Phase.REVIEW: lambda: reviewer.review(ctx),
            Phase.VERDICT_GATE: lambda: self._gate("verdict", "Do you agree with the review?"),
            Phase.MESSAGE: lambda: committer.message(ctx),
            Phase.MESSAGE_GATE: lambda: self._gate("message", "Commit with this message?"),
            Phase.COMMIT: lambda: committer.commit(ctx),
            Phase.DEPLOY_GATE: lambda: self._gate("deploy", "Run the deploy command?"),
            Phase.DEPLOY: lambda: committer.deploy(ctx),
            Phase.FINISH: self._finish,
        }

    @property
    def state(self) -> State:
        """The state after the last record."""
        return self._ctx.state

    async def run(self) -> SessionFinished:
        """Go on until the session is done.

        Raises:
            LogError: If the log cannot be written: nothing may happen unrecorded.
        """
        while (finished := self.state.finished) is None:
            gate = self.state.gate
            try:
                if gate is not None and gate.kind in ("limit", "fault"):
                    await self._gate(gate.kind, gate.question)
                elif self.state.refused is not None and self.state.phase is Phase.COMMIT:
                    await self._gate("fault", self.state.refused.detail)
                else:
                    with contextlib.suppress(StepStopped):  # the state says what comes next
                        await self._interruptible(self._do[self.state.phase]())
            except LimitReached as limit:
                await self._gate("limit", str(limit))
            except (ModelError, WorkspaceError) as error:
                await self._gate("fault", str(error))
        return finished

    def retry_now(self) -> bool:
        """End the wait before a call is made again. False if nothing waits."""
        step = self.state.step
        if self.state.retry is None or step is None or step.role is None:
            return False
        model = self._ctx.models[step.role]
        if not isinstance(model, Retries):
            return False
        model.skip_wait()
        return True

    def interrupt(self) -> bool:
        """Stop the step that runs now; a gate asks how to go on. False if nothing runs."""
        gate = self.state.gate
        if self._turn is None or (gate is not None and gate.kind != "tool"):
            return False
        self._stopping = True
        return self._turn.cancel()

    async def leave(self) -> None:
        """Record that the person left. Call it when :meth:`run` has been cancelled."""
        if self.state.finished is None:
            await self._ctx.recorder.append(SessionLeft(), "person")

    async def recover(self, app_version: str) -> list[Record]:
        """Take up a session that a process left or died in: end what has no end in the log.

        Returns:
            The records that were written.
        """
        records = []
        for step in self.state.steps:
            if step.running:
                detail = "The process ended before this step did."
                event = StepFinished(step=step.id, outcome="interrupted", detail=detail)
                records.append(await self._ctx.recorder.append(event, "engine"))
        resumed = SessionResumed(app_version=app_version, protection=self._ctx.checks.protection)
        return [*records, await self._ctx.recorder.append(resumed, "person")]

    async def _interruptible(self, work: Awaitable[None]) -> None:
        self._turn = asyncio.ensure_future(work)
        try:
            await self._turn
        except asyncio.CancelledError:
            leaving = asyncio.current_task()
            if not self._stopping or (leaving is not None and leaving.cancelling()):
                self._turn.cancel()
                await asyncio.gather(self._turn, return_exceptions=True)
                raise
            await self._gate("fault", "You stopped this step.")
        finally:
            self._turn = None
            self._stopping = False

    async def _gate(self, kind: GateKind, question: str) -> None:
        await self._gates.ask(kind, question)

    async def _code(self) -> None:
        check_iterations(self.state)
        await (writer.write if self._ctx.session.document else coder.code)(self._ctx)

    async def _finish(self) -> None:
        outcome, detail = outcome_of(self.state)
        await self._ctx.recorder.append(SessionFinished(outcome=outcome, detail=detail), "engine")


def outcome_of(state: State) -> tuple[OutcomeKind, str]:
    """How a session that goes no further has ended, and a sentence about it."""
    if state.commit is not None:
        made = state.commit
        where = made.landed or made.ref
        text = f"Committed {made.commit[:10]} on {where.removeprefix('refs/heads/')}."
        if state.deploy is not None and not state.deploy.ok:
            return "failed", f"{text} The deploy command failed."
        return "committed", f"{text} {made.detail}".strip()
    last = state.decisions[-1].event if state.decisions else None
    reason = last.reason if last else ""
    if last is not None and last.kind in ("limit", "fault"):
        step = state.step
        why = state.refused.detail if state.refused else step.detail if step else ""
        outcome = outcome_at(state, last.kind)
        return outcome, reason if last.kind == "limit" else why or reason
    if state.session is not None and state.session.given is not None:
        if state.decisions and state.decisions[-1].actor == "policy":
            return "reviewed", _found(state)  # nobody was there who could accept it
        given = state.session.given
        if given.problem or given.then == "nothing":
            return "reviewed", reason or "Looked through; nothing is committed."
        approved = state.revision is not None and state.revision.approval is not None
        return "reviewed", reason or ("Accepted." if approved else "Nothing was accepted.")
    return "rejected", reason


def _found(state: State) -> str:
    """What a review found at which no person was."""
    number = len(state.open_findings)
    words = f"{counted(number, 'finding')} {'is' if number == 1 else 'are'} open."
    words = words if number else "no finding is open."
    verdicts = [r.verdict.outcome for r in state.revisions if r.verdict is not None]
    if verdicts:
        return f"The reviewer says {verdicts[-1]}, {words}"
    return f"{words[:1].upper()}{words[1:]}"


def outcome_at(state: State, kind: GateKind) -> OutcomeKind:
    """What it means to go no further at a limit gate or a fault gate."""
    if kind == "limit":
        checks = state.revision.checks if state.revision else None
        failed = checks is not None and not all(result.ok for result in checks)
        return "checks failed" if failed else "limit"
    step = state.step
    from_model = step is not None and step.role is not None and step.outcome == "failed"
    return "provider error" if from_model else "failed"
