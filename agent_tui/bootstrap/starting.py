"""Sessions that this process runs: begun, or gone on with."""

import asyncio
import contextlib
import secrets
import sys
from collections.abc import AsyncIterator, Mapping, MutableMapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from agent_tui import __version__
from agent_tui.bootstrap.environment import Environment, UsageError, project_rules
from agent_tui.bootstrap.live import LiveSession
from agent_tui.bootstrap.models import ROLES, ModelSource, PriceList
from agent_tui.bootstrap.protection import open_confinement
from agent_tui.config import paths
from agent_tui.config.checklists import checklist
from agent_tui.domain.base import ModelRef, Role
from agent_tui.domain.checks import CheckCommand
from agent_tui.domain.decision import GateKind, GatePolicy
from agent_tui.domain.document import Document
from agent_tui.domain.events import ModelChosen, Record, RepoFacts, SessionStarted
from agent_tui.domain.given import Given
from agent_tui.domain.state import State
from agent_tui.domain.text import one_line
from agent_tui.engine.context import Context
from agent_tui.engine.gates import PolicyGatekeeper
from agent_tui.engine.loop import Engine
from agent_tui.engine.recorder import Recorder
from agent_tui.ports import Gatekeeper, Model
from agent_tui.sessions.log import SessionLog
from agent_tui.workspace.checks import TreeChecks
from agent_tui.workspace.commands import WorktreeCommands
from agent_tui.workspace.confinement import Confinement
from agent_tui.workspace.edits import Formats
from agent_tui.workspace.repository import require_idle, signature
from agent_tui.workspace.worktree import GitWorkspace


class RandomIds:
    """Names that are not given twice."""

    def new(self, prefix: str) -> str:
        """A prefix and 64 random bits."""
        return f"{prefix}-{secrets.token_hex(8)}"


@dataclass(frozen=True)
class Opening:
    """What a new session begins with.

    Attributes:
        facts: The repository, at the commit that the session starts from.
        source: The models of the roles that it needs.
        given: The change that it reviews, when it is to make none.
        document: The document that its planner writes, when no coder takes part.
    """

    request: str
    facts: RepoFacts
    source: ModelSource
    checks: tuple[CheckCommand, ...] = ()
    deploy: tuple[str, ...] = ()
    given: Given | None = None
    document: Document | None = None


def gate_policies(env: Environment, *, headless: bool) -> dict[GateKind, GatePolicy]:
    """What stops for the person; headless, nothing does."""
    policies = env.loaded.settings.gate_policies()
    if headless:
        return dict.fromkeys(policies, "auto")
    return policies


async def _context(
    env: Environment,
    log: SessionLog,
    workspace: GitWorkspace,
    source: ModelSource,
    state: State,
    confinement: Confinement,
) -> Context:
    workspace.confine(confinement, env.loaded.settings.commit.hooks)
    workspace.borrow_terminal(env.options.terminal)
    models: MutableMapping[Role, Model] = source.roles(state)
    prices = PriceList(env.loaded.settings)
    await prices.load(models)
    signoff = None
    if env.loaded.settings.commit.signoff:
        signoff = await signature(Path(env.facts.root))
    return Context(
        recorder=Recorder(log, state),
        workspace=workspace,
        checks=TreeChecks(workspace, sys.executable, confinement),
        models=models,
        clock=env.clock,
        ids=RandomIds(),
        price=prices.price,
        window=prices.window,
        open_model=source.open,
        signoff=signoff,
        commands=WorktreeCommands(
            workspace.root, confinement, workspace.user_root, await workspace.git_mounts()
        ),
        edits=Formats(),
        checklist=partial(checklist, own=env.loaded.settings.review.checklists),
        rules=env.loaded.settings.rules_in_force(),
        rule_store=project_rules(Path(env.facts.root)) if env.options.own_settings else None,
    )


def _outside(env: Environment) -> Literal["run", "refuse"]:
    """Whether programs that the repository names may run with the person's rights.

    In the sandbox its hooks may, by default; outside only if the person has said so.
    """
    said = env.loaded.sources["commit.hooks"].layer != "default"
    return env.loaded.settings.commit.hooks if said else "refuse"


def _worktrees(env: Environment) -> Path:
    return env.options.worktrees or paths.worktrees_folder()


def _policy(env: Environment, taken_up: State | None = None) -> PolicyGatekeeper:
    again = taken_up.gate if taken_up is not None else None
    refused = taken_up is not None and again is None and taken_up.refused is not None
    deploy = env.loaded.settings.gates.deploy == "auto"
    return PolicyGatekeeper(deploy=deploy, again=again, refused=refused)


async def start_session(
    env: Environment, request: str, person: Gatekeeper | None = None
) -> LiveSession:
    """Begin a new session.

    Args:
        person: Who answers at gates; None decides all of them by policy.

    Raises:
        UsageError: If the request is empty, a role has no model, or a sandbox is required and
            there is none.
        WorkspaceError: If the worktree cannot be made.
        LogError: If the log cannot be made.
    """
    if not request.strip():
        raise UsageError("The request is empty: say in a few words what should be done.")
    settings = env.loaded.settings
    opening = Opening(
        request=request.strip(),
        facts=env.facts,
        source=ModelSource(env),
        checks=settings.check_commands(),
        deploy=settings.deploy.command,
    )
    return await begin(env, env.store.new_id(), opening, person)


async def begin(
    env: Environment, session_id: str, opening: Opening, person: Gatekeeper | None
) -> LiveSession:
    """Make the worktree and the log of a new session, and write its first event."""
    settings = env.loaded.settings
    given, source = opening.given, opening.source
    models = source.roles(State())
    if given is None:
        await require_idle(opening.facts.root)
    confinement = await open_confinement(env)
    workspace = await GitWorkspace.create(
        opening.facts,
        session_id,
        _worktrees(env),
        hooks=_outside(env),
        adopt=given.tree if given is not None and given.kind == "worktree" else "",
    )
    gates = gate_policies(env, headless=person is None)
    if opening.document is not None:
        gates["spec"] = "auto"  # it is the same every time, and says only what is to be written
    async with _closing_on_error(workspace):
        log = env.store.create(session_id)
        ctx = await _context(env, log, workspace, source, State(), confinement)
        started = await ctx.recorder.append(
            SessionStarted(
                session=session_id,
                request=opening.request,
                repo=opening.facts,
                roles={role: model.ref for role, model in models.items()},
                limits=settings.loop_limits(),
                gates=gates,
                checks=opening.checks,
                deploy=opening.deploy,
                protection=ctx.checks.protection,
                app_version=__version__,
                given=given,
                document=opening.document,
            ),
            "person",
        )
    policy = _policy(env)
    engine = Engine(ctx, person or policy, policy)
    return LiveSession(log, engine, ctx, env, source, [started])


async def resume_session(
    env: Environment, session_id: str, person: Gatekeeper | None = None
) -> LiveSession:
    """Go on with a session.

    Raises:
        UsageError: If it is finished, or belongs to another repository.
        LogError: If it cannot be opened, or another process has it open.
    """
    log = await asyncio.to_thread(env.store.open_writer, env.store.resolve(session_id))
    try:
        state = log.state
        if state.session is None:
            raise UsageError(f"Session {log.id} has no beginning; it can only be replayed.")
        if state.finished is not None:
            raise UsageError(
                f"Session {log.id} is finished ({state.finished.outcome}). "
                f"Look at it with `agent-tui replay {log.id}`."
            )
        if state.session.source is not None:
            raise UsageError(
                f"Session {log.id} was recorded by {one_line(str(state.session.source))}. "
                f"Look at it with `agent-tui replay {log.id}`."
            )
        if state.session.given is not None and person is None:
            raise UsageError(
                f"Session {log.id} is a review, which a person decides: resume it with a screen."
            )
        if state.session.repo.root != env.facts.root:
            raise UsageError(
                f"Session {log.id} belongs to {state.session.repo.root}. Resume it there."
            )
        given = state.session.given
        if given is None or given.kind == "worktree":
            await require_idle(env.facts.root)
        confinement = await open_confinement(env)
        workspace = await GitWorkspace.reopen(
            state.session.repo,
            log.id,
            _worktrees(env),
            hooks=_outside(env),
            adopt=given.tree if given is not None and given.kind == "worktree" else "",
        )
        async with _closing_on_error(workspace):
            source = ModelSource(
                env, tuple(state.session.roles) if given or state.session.document else ROLES
            )
            ctx = await _context(env, log, workspace, source, state, confinement)
            policy = _policy(env, state)
            engine = Engine(ctx, person or policy, policy)
            opening = await engine.recover(__version__)
            opening += await _record_other_models(ctx, before=state.roles)
    except BaseException:
        await log.close()
        raise
    return LiveSession(log, engine, ctx, env, source, opening)


async def _record_other_models(ctx: Context, before: Mapping[Role, ModelRef]) -> list[Record]:
    """The command line of a resume, or a changed script, may have given a role another model."""
    return [
        await ctx.recorder.append(ModelChosen(role=role, model=model.ref), "person")
        for role, model in ctx.models.items()
        if before.get(role) != model.ref
    ]


@contextlib.asynccontextmanager
async def _closing_on_error(workspace: GitWorkspace) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        await workspace.close()
        raise
