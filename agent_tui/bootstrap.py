"""The only wiring: from settings and a repository to a session that can run or be read."""

import asyncio
import contextlib
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from agent_tui import __version__
from agent_tui.config import paths
from agent_tui.config.files import ConfigError
from agent_tui.config.schema import Settings
from agent_tui.config.settings import LoadedSettings, load_settings
from agent_tui.config.trust import TrustStore
from agent_tui.demo import repository as demo
from agent_tui.domain.base import BlobRef, ModelRef, Role
from agent_tui.domain.decision import GateKind, GatePolicy
from agent_tui.domain.events import Record, RepoFacts, SessionFinished, SessionStarted
from agent_tui.domain.state import Phase, State
from agent_tui.domain.turn import ModelError
from agent_tui.domain.usage import Cost, Usage
from agent_tui.engine.context import Context
from agent_tui.engine.gates import PolicyGatekeeper
from agent_tui.engine.loop import Engine
from agent_tui.engine.recorder import Recorder
from agent_tui.ports import Clock, Gatekeeper, Model, WorkspaceError
from agent_tui.providers.scripted import ScriptedModel, load_script
from agent_tui.sessions.files import LogError
from agent_tui.sessions.log import SessionLog, SystemClock
from agent_tui.sessions.replay import fold
from agent_tui.sessions.store import ReadSession, SessionStore, open_path
from agent_tui.workspace.checks import TreeChecks
from agent_tui.workspace.repository import open_repository, signature
from agent_tui.workspace.worktree import GitWorkspace


class UsageError(Exception):
    """Something that the person can put right; the text says what and how."""


USER_ERRORS = (UsageError, ConfigError, WorkspaceError, LogError)
"""What is shown to a person as one sentence, never as a traceback."""


@dataclass(frozen=True)
class Options:
    """What the command line asks for.

    Attributes:
        folder: Where the command was called.
        settings: Settings by dotted key, above all files.
        sessions: The folder of sessions, above the settings.
        script: A script that takes the place of real models.
        words_per_s: How fast scripted models stream; 0 is without any pause.
        own_settings: Whether the user's and the project's files count.
        clock: Gives all times.
    """

    folder: Path
    settings: Mapping[str, Any] = field(default_factory=dict)
    sessions: Path | None = None
    worktrees: Path | None = None
    script: Path | None = None
    words_per_s: float = 0.0
    own_settings: bool = True
    clock: Clock = field(default_factory=SystemClock)


Pricing = Callable[[ModelRef, Usage], Cost]


class RandomIds:
    """Names that are not given twice."""

    def new(self, prefix: str) -> str:
        """A prefix and 64 random bits."""
        return f"{prefix}-{secrets.token_hex(8)}"


@dataclass
class Environment:
    """A repository, the settings that hold in it, and the sessions."""

    options: Options
    facts: RepoFacts
    loaded: LoadedSettings
    store: SessionStore
    trust: TrustStore
    clock: Clock

    def trust_project(self) -> None:
        """Remember that the person trusts the project's file as it was read, and load it anew."""
        if self.loaded.project_file is not None and self.loaded.project_content is not None:
            self.trust.trust(self.loaded.project_file, self.loaded.project_content)
            self.loaded = _load(self.options, Path(self.facts.root), self.trust)


def _load(options: Options, root: Path | None, trust: TrustStore) -> LoadedSettings:
    project = paths.project_file(root) if root is not None and options.own_settings else None
    return load_settings(
        paths.config_file() if options.own_settings else None,
        project,
        options.settings,
        lambda content: project is not None and trust.is_trusted(project, content),
    )


def load_configuration(options: Options, root: Path | None) -> LoadedSettings:
    """The settings alone, for commands that need no session.

    Raises:
        ConfigError: If a file is wrong.
    """
    return _load(options, root, TrustStore(paths.trust_file()))


def open_store(options: Options, loaded: LoadedSettings) -> SessionStore:
    """The sessions' store, where the command line, the settings or the default says."""
    folder = options.sessions or loaded.settings.sessions.folder or paths.sessions_folder()
    return SessionStore(folder, clock=options.clock)


async def open_environment(options: Options) -> Environment:
    """Find the repository and load the settings.

    Raises:
        WorkspaceError: If the repository cannot be worked on.
        ConfigError: If a settings file is wrong.
    """
    facts = await open_repository(options.folder)
    trust = TrustStore(paths.trust_file())
    loaded = _load(options, Path(facts.root), trust)
    return Environment(options, facts, loaded, open_store(options, loaded), trust, options.clock)


async def demo_options(folder: Path, words_per_s: float, clock: Clock | None = None) -> Options:
    """Make the demo's repository in *folder*, and the options that a session in it needs."""
    root = await demo.create(folder)
    return Options(
        folder=root,
        settings=demo.SETTINGS,
        sessions=folder / "sessions",
        worktrees=folder / "worktrees",
        script=demo.SCRIPT,
        words_per_s=words_per_s,
        own_settings=False,
        clock=clock or SystemClock(),
    )


class LiveSession:
    """A session that this process runs.

    Args:
        opening: The records that were written to open it, before anybody could subscribe.
    """

    def __init__(
        self, log: SessionLog, engine: Engine, ctx: Context, root: Path, opening: Sequence[Record]
    ) -> None:
        self._log = log
        self._engine = engine
        self._ctx = ctx
        self._opening = opening
        self.folder = log.folder
        self.repository = root

    @property
    def id(self) -> str:
        """The session's id."""
        return self._log.id

    @property
    def state(self) -> State:
        """The state after the last record."""
        return self._ctx.state

    @property
    def clock(self) -> Clock:
        """The session's clock."""
        return self._ctx.clock

    @property
    def worktree(self) -> Path:
        """Top of the session's worktree."""
        return self._ctx.workspace.root

    def subscribe(self, callback: Callable[[Record], None]) -> None:
        """Call back for the records that opened the session, and after each new one."""
        for record in self._opening:
            callback(record)
        self._log.subscribe(callback)

    def blob(self, ref: BlobRef) -> bytes:
        """A text that is stored beside the log. Blocks."""
        return self._log.read_blob(ref)

    async def run(self) -> SessionFinished:
        """Run the loop to its end. Cancelling it leaves the session as it stands."""
        return await self._engine.run()

    def interrupt(self) -> bool:
        """Stop the step that runs now."""
        return self._engine.interrupt()

    async def leave(self) -> None:
        """Record that the person left."""
        await self._engine.leave()

    async def read_file(self, path: str) -> bytes | None:
        """A file as it is in the revision in force."""
        revision = self.state.revision
        tree = revision.tree if revision else self._ctx.workspace.base_tree
        return await self._ctx.workspace.read(tree, path)

    async def restore_worktree(self) -> None:
        """Make the worktree's files those of the revision in force."""
        revision = self.state.revision
        await self._ctx.workspace.reset(
            revision.tree if revision else self._ctx.workspace.base_tree
        )

    async def close(self) -> None:
        """Let go of everything; the worktree of a finished session is removed."""
        if self.state.phase is Phase.DONE:
            await self._ctx.workspace.remove()
        for model in {id(model): model for model in self._ctx.models.values()}.values():
            await model.close()
        await self._ctx.workspace.close()
        await self._log.close()


def _models(env: Environment) -> dict[Role, Model]:
    configured = env.loaded.settings.models()
    missing = [role for role, ref in configured.items() if ref is None]
    if missing and env.options.script is None:
        raise UsageError(
            f"No model is configured for the {' and the '.join(missing)}. Set it in "
            f"{paths.config_file()}, for example [roles.{missing[0]}] model = "
            '"anthropic:claude-opus-4-6", or give --preset NAME, or try `agent-tui demo`.'
        )
    if env.options.script is not None:
        return _scripted(configured, env.options.script, env.options.words_per_s)
    refs = {role: ref for role, ref in configured.items() if ref is not None}
    real = [ref for ref in refs.values() if ref.provider != "scripted"]
    opened = _open_models(real, env.loaded.settings, env.clock) if real else {}
    models: dict[Role, Model] = {}
    for role, ref in refs.items():
        if ref.provider == "scripted":
            models |= _scripted({role: ref}, Path(ref.model).expanduser(), env.options.words_per_s)
        else:
            models[role] = opened[ref]
    return models


def _scripted(
    roles: Mapping[Role, ModelRef | None], path: Path, words_per_s: float
) -> dict[Role, Model]:
    try:
        script = load_script(path)
    except ValueError as error:
        raise UsageError(str(error)) from error
    models: dict[Role, Model] = {}
    for role, ref in roles.items():
        if ref is None or ref.provider != "scripted":
            ref = ModelRef(provider="scripted", model=path.stem)  # noqa: PLW2901
        models[role] = ScriptedModel(ref, script, words_per_s=words_per_s)
    return models


def _open_models(
    refs: Iterable[ModelRef], settings: Settings, clock: Clock
) -> dict[ModelRef, Model]:
    """Each model once, however many roles it plays."""
    from agent_tui.providers import catalog  # noqa: PLC0415 - 0.3 s, not needed with scripts

    configured = {
        name: catalog.ProviderConfig(**provider.model_dump())
        for name, provider in settings.providers.items()
    }
    try:
        return {
            ref: catalog.open_model(ref, catalog.find_provider(ref, configured), clock)
            for ref in dict.fromkeys(refs)
        }
    except ModelError as error:
        raise UsageError(str(error)) from error


async def _pricing(models: Iterable[Model], settings: Settings) -> Pricing:
    """What prices the calls. The price list is read here, once and in a thread."""
    from agent_tui.providers.prices import PRICED, price  # noqa: PLC0415

    names = {n: p.priced_as for n, p in settings.providers.items() if p.priced_as}
    priced = {**PRICED, **names}
    for model in models:
        if model.ref.provider in priced:
            await asyncio.to_thread(price, model.ref, Usage(), priced)
            break
    return partial(price, priced=priced)


def preset_settings(name: str) -> dict[str, str]:
    """The models of a preset, as settings by dotted key.

    Raises:
        UsageError: If there is none of that name.
    """
    from agent_tui.providers.catalog import PRESETS  # noqa: PLC0415

    if name not in PRESETS:
        raise UsageError(f"There is no preset {name!r}; there are {', '.join(PRESETS)}.")
    return {f"roles.{role}.model": str(ref) for role, ref in PRESETS[name].items()}


def _gates(env: Environment, *, headless: bool) -> dict[GateKind, GatePolicy]:
    policies = env.loaded.settings.gate_policies()
    if headless:
        return dict.fromkeys(policies, "auto")
    return policies


async def _context(
    env: Environment,
    log: SessionLog,
    workspace: GitWorkspace,
    models: Mapping[Role, Model],
    state: State,
) -> Context:
    signoff = None
    if env.loaded.settings.commit.signoff:
        signoff = await signature(Path(env.facts.root))
    return Context(
        recorder=Recorder(log, state),
        workspace=workspace,
        checks=TreeChecks(workspace, sys.executable),
        models=models,
        clock=env.clock,
        ids=RandomIds(),
        price=await _pricing(models.values(), env.loaded.settings),
        signoff=signoff,
    )


def _worktrees(env: Environment) -> Path:
    return env.options.worktrees or paths.worktrees_folder()


def _policy(env: Environment) -> PolicyGatekeeper:
    return PolicyGatekeeper(deploy=env.loaded.settings.gates.deploy == "auto")


async def start_session(
    env: Environment, request: str, person: Gatekeeper | None = None
) -> LiveSession:
    """Begin a new session.

    Args:
        person: Who answers at gates; None decides all of them by policy.

    Raises:
        UsageError: If the request is empty or a role has no model.
        WorkspaceError: If the worktree cannot be made.
        LogError: If the log cannot be made.
    """
    if not request.strip():
        raise UsageError("The request is empty: say in a few words what should be done.")
    models = _models(env)
    settings = env.loaded.settings
    session_id = env.store.new_id()
    workspace = await GitWorkspace.create(
        env.facts, session_id, _worktrees(env), hooks=settings.commit.hooks
    )
    async with _closing_on_error(workspace):
        log = env.store.create(session_id)
        ctx = await _context(env, log, workspace, models, State())
        started = await ctx.recorder.append(
            SessionStarted(
                session=session_id,
                request=request.strip(),
                repo=env.facts,
                roles={role: model.ref for role, model in models.items()},
                limits=settings.loop_limits(),
                gates=_gates(env, headless=person is None),
                checks=settings.check_commands(),
                deploy=settings.deploy.command,
                protection=ctx.checks.protection,
                app_version=__version__,
            ),
            "person",
        )
    policy = _policy(env)
    engine = Engine(ctx, person or policy, policy)
    return LiveSession(log, engine, ctx, Path(env.facts.root), [started])


async def resume_session(
    env: Environment, session_id: str, person: Gatekeeper | None = None
) -> LiveSession:
    """Go on with a session.

    Raises:
        UsageError: If it is finished, or belongs to another repository.
        LogError: If it cannot be opened, or another process has it open.
    """
    log = env.store.open_writer(env.store.resolve(session_id))
    try:
        state = fold(log.records)
        if state.session is None:
            raise UsageError(f"Session {log.id} has no beginning; it can only be replayed.")
        if state.finished is not None:
            raise UsageError(
                f"Session {log.id} is finished ({state.finished.outcome}). "
                f"Look at it with `agent-tui replay {log.id}`."
            )
        if state.session.repo.root != env.facts.root:
            raise UsageError(
                f"Session {log.id} belongs to {state.session.repo.root}. Resume it there."
            )
        workspace = await GitWorkspace.reopen(
            state.session.repo,
            log.id,
            _worktrees(env),
            hooks=env.loaded.settings.commit.hooks,
        )
        async with _closing_on_error(workspace):
            ctx = await _context(env, log, workspace, _models(env), state)
            policy = _policy(env)
            engine = Engine(ctx, person or policy, policy)
            opening = await engine.recover(__version__)
    except BaseException:
        await log.close()
        raise
    return LiveSession(log, engine, ctx, Path(env.facts.root), opening)


@contextlib.asynccontextmanager
async def _closing_on_error(workspace: GitWorkspace) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        await workspace.close()
        raise


def find_saved(options: Options, name: str | None) -> ReadSession:
    """A session to replay: a path, an id (or its beginning), or one that ships with the program.

    Raises:
        UsageError: If nothing has that name.
        LogError: If it cannot be read.
    """
    shipped = {path.stem: path for path in shipped_sessions()}
    if name is None:
        raise UsageError("Name a session: " + ", ".join(shipped))
    if name in shipped:
        return open_path(shipped[name])
    path = Path(name).expanduser()
    if path.exists():
        return open_path(path)
    store = open_store(options, load_configuration(options, None))
    return store.read(store.resolve(name))


def shipped_sessions() -> list[Path]:
    """The saved sessions that ship with the program."""
    folder = paths.shipped_sessions()
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not path.name.startswith((".", "README")))
