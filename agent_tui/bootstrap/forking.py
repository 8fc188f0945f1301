"""Forks: a new session that begins as another one was after a step."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent_tui import __version__
from agent_tui.bootstrap.environment import Environment, UsageError
from agent_tui.bootstrap.library import tree_of
from agent_tui.bootstrap.models import ROLES, ModelSource
from agent_tui.bootstrap.starting import gate_policies
from agent_tui.domain.base import Actor, ModelRef, Role
from agent_tui.domain.decision import Gate
from agent_tui.domain.events import (
    Event,
    GateDecided,
    MessageProposed,
    RepoFacts,
    SessionLeft,
    SessionStarted,
    SpecProposed,
)
from agent_tui.domain.spec import Spec
from agent_tui.domain.state import State
from agent_tui.domain.text import one_line
from agent_tui.engine.briefs import rejection
from agent_tui.engine.gates import BINDING, subject
from agent_tui.engine.spec_text import SpecTextError, spec_from_text
from agent_tui.ports import WorkspaceError
from agent_tui.sessions import fork
from agent_tui.sessions.saved import SavedSession
from agent_tui.workspace.inspect import Inspection
from agent_tui.workspace.repository import require_idle

Decision = Literal["", "approve", "edit", "reject", "stop"]
DECIDED = ("spec", "diff", "verdict", "message")
"""Gates that a fork can decide otherwise: the others ask about what happens while it runs."""


@dataclass(frozen=True, slots=True)
class ForkWish:
    """How a fork differs from its parent, besides its models and limits.

    Attributes:
        reason: Why; of a rejection, the words that the model is told.
        spec: The person's own spec as text, or "".
        message: The person's own commit message, or "".
        decision: What is decided at the gate that waits there; "" leaves it open.
    """

    reason: str = ""
    spec: str = ""
    message: str = ""
    decision: Decision = ""


def place_to_fork(saved: SavedSession, position: int, wish: ForkWish) -> int:
    """Where a fork at a step begins: to decide otherwise at a decision, right before it."""
    record = saved.log[position - 1] if position else None
    if wish.decision and record is not None and isinstance(record.event, GateDecided):
        return position - 1
    return position


def check_fork(saved: SavedSession, position: int, facts: RepoFacts) -> None:
    """Refuse a fork that cannot go on in a repository. Blocks.

    Raises:
        UsageError: If it is another agent's session, or its commit or its files are not here.
        LogError: If it cannot be forked at that step.
    """
    state = saved.log.state_at(position)
    fork.check_place(state)
    if state.session is None:
        return
    session = state.session
    name = one_line(saved.id, 60)
    if session.source is not None:
        raise UsageError(
            f"Session {name} was recorded by {one_line(str(session.source), 60)}, which alone "
            "knows how to go on with it: it can be replayed, compared and exported."
        )
    if session.repo.root == facts.root:
        return
    root = session.repo.root
    where = one_line(root, 200) if Path(root).is_dir() else "a repository that is not here"
    try:
        with Inspection(Path(facts.root)) as inspection:
            known = not session.repo.commit or inspection.has(session.repo.commit, "commit")
            files = inspection.has(tree_of(state), "tree")
    except WorkspaceError as error:
        raise UsageError(str(error)) from error
    if known and files:
        return
    missing = f"the commit {session.repo.commit[:12]}, at which it began," if not known else (
        f"the files that it had at step {position}, which only the repository it ran in has,"
    )  # fmt: skip
    raise UsageError(
        f"Session {name} belongs to {where}. {one_line(facts.root, 200)} does not have {missing} "
        "so it cannot go on here; name its repository with --repo DIR."
    )


async def fork_session(
    env: Environment,
    saved: SavedSession,
    position: int,
    wish: ForkWish,
    *,
    headless: bool = False,
) -> str:
    """Begin a new session as another one was after a step.

    Its models, limits, gates, checks and deploy command are those of *env*: what the log of
    another session names is not run.

    Args:
        headless: Whether policy is to decide at all gates.

    Returns:
        The new session's id; :func:`~agent_tui.bootstrap.live.resume_session` goes on with it.

    Raises:
        UsageError: If it cannot go on in this repository, a role has no model, the spec is wrong,
            or there is nothing to decide.
        LogError: If it cannot be forked there, or cannot be written.
    """
    position = place_to_fork(saved, position, wish)
    await asyncio.to_thread(check_fork, saved, position, env.facts)
    state = saved.log.state_at(position)
    if state.session is None:  # check_fork has said so already
        raise UsageError("There is nothing to fork before the session's first record.")
    before = state.session
    if before.given is None or before.given.kind == "worktree":
        await require_idle(env.facts.root)
    new_id = env.store.new_id()
    needed = tuple(before.roles) if before.given else ROLES
    models = {role: model.ref for role, model in ModelSource(env, needed).roles(State()).items()}
    settings = env.loaded.settings
    limits = settings.loop_limits()
    then, told = _own_words(state, wish)
    changes = [*_changes(before, models, limits), *told]
    moved = before.repo.root != env.facts.root
    if moved:
        changes.append(f"repository: {env.facts.root}")
    repo = before.repo.model_copy(
        update={"root": env.facts.root, "name": env.facts.name} if moved else {}
    )

    def change(started: SessionStarted) -> SessionStarted:
        own = {
            "session": new_id,
            "repo": repo,
            "roles": models,
            "limits": limits,
            "gates": gate_policies(env, headless=headless),
            "checks": settings.check_commands(),
            "deploy": settings.deploy.command,
            "app_version": __version__,
        }
        return started.model_copy(update=own)

    def work() -> None:
        with Inspection(Path(env.facts.root)) as inspection:
            for revision in state.revisions:
                if inspection.has(revision.tree, "tree"):
                    inspection.keep(new_id, revision.tree)
        fork.fork(
            saved,
            position,
            env.store.folder / new_id,
            change=change,
            clock=env.clock,
            reason_=wish.reason,
            changes=tuple(changes),
            then=then,
        )

    await asyncio.to_thread(work)
    return new_id


# -- what the person says otherwise ------------------------------------------------------------


def _own_words(state: State, wish: ForkWish) -> tuple[list[tuple[Event, Actor]], list[str]]:
    """The records of what the person wrote and decided, and a word on each for the fork's own."""
    events: list[tuple[Event, Actor]] = []
    told: list[str] = []
    gate = _gate(state, wish)
    if wish.spec:
        version = state.spec.version + 1 if state.spec else 1
        spec = read_spec(wish.spec, state)
        events.append((SpecProposed(version=version, spec=spec, author="person"), "person"))
        told.append("spec")
    if wish.message:
        if gate is None or gate.kind != "message":
            raise UsageError("--message goes with a decision at a message gate: ID@message.")
        count = len(state.messages) + 1
        message = MessageProposed(version=count, message=wish.message, author="person")
        events.append((message, "person"))
        told.append("message")
    if gate is not None and wish.decision:
        events.append((_decided(state, gate, wish), "person"))
        words = {"approve": "approved", "edit": "edited", "reject": "rejected", "stop": "stopped"}
        told.append(f"{gate.kind}: {words[wish.decision]}")
    events.append((SessionLeft(), "person"))  # nobody has it open until it is taken up
    return events, told


def _gate(state: State, wish: ForkWish) -> Gate | None:
    if not wish.decision:
        return state.gate
    gate = state.gate
    if gate is None or gate.kind not in DECIDED:
        raise UsageError(
            "Nothing waits for a decision at that step: name a gate (ID@spec, ID@diff, "
            "ID@verdict, ID@message; ID@diff2 is the second one) or a decision's own step."
        )
    if wish.spec and gate.kind != "spec":
        raise UsageError(
            f"--spec with --decision goes with a spec gate, and a {gate.kind} gate waits there."
        )
    if wish.decision == "edit" and not (wish.spec or wish.message):
        raise UsageError(
            "--decision edit needs what you wrote: --spec FILE at a spec gate, --message TEXT at "
            "a message gate. A diff is edited on the screen, once the fork has begun."
        )
    if wish.decision == "reject" and not wish.reason.strip():
        raise UsageError("--decision reject needs --reason: the model is told why.")
    if wish.decision in ("reject", "stop") and (wish.spec or wish.message):
        raise UsageError(f"--decision {wish.decision} does not go with words of your own.")
    return gate


def _decided(state: State, gate: Gate, wish: ForkWish) -> GateDecided:
    event = GateDecided(gate=gate.id, kind=gate.kind, choice=wish.decision or "approve")
    if wish.decision == "approve":
        binds = gate.kind in BINDING and (gate.kind != "verdict" or state.passes)
        return event.model_copy(update={"approval": state.approval() if binds else None})
    if wish.decision == "edit":
        return event
    sends = ""
    comments: tuple[str, ...] = ()
    if wish.decision == "reject":
        what = subject(state, gate.kind)
        sends, comments = rejection(state, what, gate.kind, wish.reason)
    return event.model_copy(update={"reason": wish.reason, "sends": sends, "comments": comments})


def read_spec(text: str, state: State) -> Spec:
    """A spec that a person wrote, for a session in a state.

    Raises:
        UsageError: If it cannot be read.
    """
    used = {c.id for version in state.specs for c in version.spec.criteria}
    try:
        return spec_from_text(text, used)
    except SpecTextError as error:
        raise UsageError(f"The spec cannot be read: {error}") from error


def _changes(started: SessionStarted, models: Mapping[Role, ModelRef], limits: object) -> list[str]:
    before = {str(role): ref for role, ref in started.roles.items()}
    found = [f"{role}: {ref}" for role, ref in models.items() if ref != before.get(role)]
    for name, value in vars(limits).items():
        if value != getattr(started.limits, name):
            found.append(f"limits.{name}: {value}")
    return found
