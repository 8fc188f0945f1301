"""Gates: open one, wait for an answer, and turn the answer into events."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from agent_tui.domain.base import Actor
from agent_tui.domain.carry import left_out_before, still_left_out, with_lines_of
from agent_tui.domain.decision import (
    AddFinding,
    Answer,
    Approval,
    Approve,
    ChangeModel,
    Choice,
    EditDeploy,
    EditFiles,
    EditMessage,
    EditSpec,
    Gate,
    GateKind,
    GoBackTo,
    Reject,
    Reopen,
    SaveSelection,
    Seen,
    Selection,
    Waive,
)
from agent_tui.domain.events import (
    DeployChanged,
    FindingAdded,
    FindingChanged,
    GateDecided,
    GateOpened,
    SelectionSaved,
)
from agent_tui.domain.presence import flagged, sentence
from agent_tui.domain.state import State
from agent_tui.engine import coder, planner
from agent_tui.engine.briefs import rejection
from agent_tui.engine.committer import propose_message
from agent_tui.engine.context import Context
from agent_tui.engine.remarks import keep
from agent_tui.engine.reviewer import person_finding
from agent_tui.engine.supervisor import NOBODY
from agent_tui.ports import Gatekeeper

NEEDS_A_PERSON = "Only a person may approve that."

BINDING: frozenset[GateKind] = frozenset({"diff", "verdict", "message"})
"""Gates whose approval names the bytes that may be committed."""


class PendingGates:
    """The gatekeeper of a person: a gate waits until a front end answers it.

    Answers to one gate queue up: a key that is pressed while the one before is still being
    recorded is not lost. What is left over when the next gate opens was not meant for it.
    """

    actor: Actor = "person"

    def __init__(self) -> None:
        self._gate: Gate | None = None
        self._answers: asyncio.Queue[Answer] = asyncio.Queue()
        self._listening = False
        self._changed = asyncio.Condition()

    @property
    def waiting(self) -> Gate | None:
        """The gate that waits for an answer, if one does."""
        return self._gate if self._listening and self._answers.empty() else None

    async def parked(self) -> Gate:
        """Wait until a gate waits."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.waiting is not None)
        gate = self.waiting
        if gate is None:
            raise RuntimeError("the gate was answered while it was announced")
        return gate

    async def answer(self, gate: Gate, state: State) -> Answer:
        """Wait for :meth:`resolve`."""
        async with self._changed:
            if self._gate is None or self._gate.id != gate.id:
                self._gate, self._answers = gate, asyncio.Queue()
            self._listening = True
            self._changed.notify_all()
        try:
            return await self._answers.get()
        finally:
            self._listening = False

    def resolve(self, gate_id: str, answer: Answer) -> bool:
        """Give the answer.

        Returns:
            False if another gate is open by now, or none: the answer was not taken.
        """
        if self._gate is None or self._gate.id != gate_id:
            return False
        self._answers.put_nowait(answer)
        return True

    def left_over(self) -> Sequence[Answer]:
        """The answers that nobody took before the loop was stopped; they are given once."""
        left = []
        while not self._answers.empty():
            left.append(self._answers.get_nowait())
        return left


class Parked(Exception):
    """A gate needs a person, and nobody is there: the session stays open at it.

    Attributes:
        gate: The gate.
    """

    def __init__(self, gate: Gate) -> None:
        super().__init__(gate.question)
        self.gate = gate


class PolicyGatekeeper:
    """Decides without a person: everything goes on, except what only a person may allow.

    Args:
        deploy: Whether the deploy command may run.
        again: The limit or fault gate at which a session waited that is taken up again: who does
            that wants it to go on.
        refused: Whether its commit was refused, and it ended before it could open that gate.
    """

    actor: Actor = "policy"

    def __init__(
        self, *, deploy: bool = False, again: Gate | None = None, refused: bool = False
    ) -> None:
        self._deploy = deploy
        self._again = again
        self._refused = refused

    async def answer(self, gate: Gate, state: State) -> Answer:
        """Approve, or stop where going on would need a person.

        Raises:
            Parked: At a limit, and when a model call failed.
        """
        if gate.kind in ("limit", "fault"):
            taken_up = self._refused or (self._again is not None and self._again.id == gate.id)
            self._refused = False
            if not taken_up:
                raise Parked(gate)
            return Approve()
        if gate.kind == "tool":
            return Reject(reason=NOBODY)
        if gate.flags:
            return Reject(reason=f"{sentence(gate.flags)} {NEEDS_A_PERSON}", stop=True)
        if gate.kind == "deploy" and not self._deploy:
            return Reject(reason='Deploying needs a person\'s approval, or gates.deploy = "auto".')
        return Approve()


class Gates:
    """Asks the right keeper and records what was answered."""

    def __init__(self, ctx: Context, person: Gatekeeper, policy: Gatekeeper) -> None:
        self._ctx = ctx
        self._person = person
        self._policy = policy
        self._opened: dict[str, int] = {}
        self._still_out = Selection()

    async def ask(self, kind: GateKind, question: str) -> None:
        """Open the gate unless it is open already, wait for one answer, and act on it."""
        ctx = self._ctx
        gate = ctx.state.gate
        if gate is None or gate.kind != kind:
            flags = await self._flags(kind)
            gate = Gate(id=ctx.ids.new("gate"), kind=kind, question=question, flags=flags)
            await ctx.recorder.append(GateOpened(gate=gate), "engine")
            if kind == "diff" and self._still_out:
                saved = SelectionSaved(gate=gate.id, selection=self._still_out)
                await ctx.recorder.append(saved, "person")
            self._still_out = Selection()
        now_ns = ctx.clock.monotonic_ns()
        began = self._opened.setdefault(gate.id, now_ns - _waited_before_ns(ctx.state))
        automatic = ctx.session.gates.get(kind) == "auto" and not gate.flags
        keeper = self._policy if automatic else self._person
        answer = await keeper.answer(gate, ctx.state)
        waited_s = (ctx.clock.monotonic_ns() - began) / 1e9
        await self._take(gate, answer, keeper.actor, waited_s)

    async def _flags(self, kind: GateKind) -> tuple[str, ...]:
        given = self._ctx.session.given
        if kind != "diff" or (given is not None and not given.commits):
            return ()  # what is only looked at runs nowhere
        found = flagged(await coder.current_patch(self._ctx))
        return tuple(f"{path}: {why}" for path, why in found.items())

    async def _take(self, gate: Gate, answer: Answer, actor: Actor, waited_s: float) -> None:
        ctx = self._ctx

        async def decide(
            choice: Choice,
            *,
            kind: GateKind = gate.kind,
            reason: str = "",
            sends: str = "",
            comments: tuple[str, ...] = (),
            approval: Approval | None = None,
            seen: Seen | None = None,
            selection: Selection | None = None,
        ) -> None:
            event = GateDecided(
                gate=gate.id,
                kind=kind,
                choice=choice,
                reason=reason,
                sends=sends,
                comments=comments,
                approval=approval,
                seen=seen,
                selection=selection or None,
                waited_s=waited_s,
            )
            await ctx.recorder.append(event, actor)

        match answer:
            case Approve(selection=selection, seen=seen) if selection:
                if await coder.take_selection(ctx, selection):
                    approval = ctx.state.approval()
                    await decide("approve", kind="diff", approval=approval, seen=seen)
                else:
                    reason = "Every part of the change was left out."
                    patch = await coder.current_patch(ctx)
                    what = subject(ctx.state, "diff")
                    sends, told = rejection(ctx.state, what, "diff", reason, patch, selection)
                    await decide(
                        "reject",
                        kind="diff",
                        reason=reason,
                        sends=sends,
                        comments=told,
                        seen=seen,
                        selection=selection,
                    )
            case Approve(seen=seen):
                binds = gate.kind in BINDING and (gate.kind != "verdict" or ctx.state.passes)
                approved = ctx.state.approval() if binds else None
                await decide("approve", approval=approved, seen=seen)
            case Reject(stop=True, reason=reason, seen=seen):
                await decide("stop", reason=reason, seen=seen)
            case Reject(reason=reason, selection=selection, seen=seen):
                patch = await coder.current_patch(ctx)
                what = subject(ctx.state, gate.kind)
                sends, told = rejection(ctx.state, what, gate.kind, reason, patch, selection)
                await decide(
                    "reject",
                    reason=reason,
                    sends=sends,
                    comments=told,
                    seen=seen,
                    selection=selection,
                )
                if gate.kind == "message" and ctx.session.given is not None:
                    # Back to the change as it was looked at, with what is left out of it.
                    self._still_out = await coder.unselect(ctx)
            case EditSpec():
                await planner.take_edit(ctx, answer)
                await decide("edit")
            case EditFiles() | GoBackTo():
                await self._revise(answer, decide)
            case EditMessage(message=text):
                await propose_message(ctx, text, "person")
                await decide("edit")
            case ChangeModel(role=role, model=model):
                await ctx.change_model(role, model, actor)
                await decide("approve", reason=f"With {model} as the {role}.")
            case _:
                await self._keep(gate, answer, actor)

    async def _revise(
        self, answer: EditFiles | GoBackTo, decide: Callable[..., Awaitable[None]]
    ) -> None:
        """Take the person's edit, or take one back; what is left out elsewhere stays so."""
        ctx = self._ctx
        marked = ctx.state.marked
        before = await coder.current_patch(ctx)
        if isinstance(answer, EditFiles):
            known, done = Selection(), await coder.take_edit(ctx, answer)
        else:
            known = left_out_before(ctx.state, answer.revision)
            done = await coder.go_back(ctx, answer.revision)
        if done:
            await decide("edit", kind="diff", seen=answer.seen, selection=marked)
            after = await coder.current_patch(ctx)
            kept = still_left_out(marked, before, after)
            self._still_out = with_lines_of(kept, known, before, after)

    async def _keep(self, gate: Gate, answer: Answer, actor: Actor) -> None:
        """Record an answer that decides nothing: the gate goes on waiting."""
        ctx = self._ctx
        match answer:
            case EditDeploy(command=command):
                await ctx.recorder.append(DeployChanged(command=command), actor)
            case SaveSelection(selection=selection, seen=seen):
                saved = SelectionSaved(gate=gate.id, selection=selection, seen=seen)
                await ctx.recorder.append(saved, actor, durable=False)
            case Waive(finding=finding, reason=reason):
                waived = FindingChanged(finding=finding, status="waived", reason=reason)
                await ctx.recorder.append(waived, actor)
            case Reopen(finding=finding):
                await ctx.recorder.append(FindingChanged(finding=finding, status="open"), actor)
            case AddFinding(finding=draft):
                added = person_finding(ctx.state, draft, await coder.current_patch(ctx))
                await ctx.recorder.append(FindingAdded(finding=added), actor)
            case _:
                await keep(ctx, gate, answer, actor)


def _waited_before_ns(state: State) -> int:
    """For how long the open gate waited in earlier processes, without the time between them."""
    if state.gate_opened is None or state.last_at is None:
        return 0
    return max(0, round((state.last_at - state.gate_opened).total_seconds() * 1e9))


def subject(state: State, kind: GateKind) -> str:
    """What a decision at a gate is about, in words that a model understands."""
    if kind == "spec" and state.spec:
        return f"version {state.spec.version} of the spec"
    if kind == "diff":
        return f"the diff of attempt {state.attempt}"
    if kind == "verdict":
        return f"the review of attempt {state.attempt}"
    if kind == "message":
        return "the commit message"
    return kind
