"""The repository, the settings that hold in it, and the sessions."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_tui.config import paths
from agent_tui.config.files import ConfigError
from agent_tui.config.given import GivenRules
from agent_tui.config.settings import LoadedSettings, load_settings
from agent_tui.config.trust import TrustStore
from agent_tui.domain.events import RepoFacts
from agent_tui.ports import Clock, WorkspaceError
from agent_tui.sessions.files import LogError
from agent_tui.sessions.log import SystemClock
from agent_tui.sessions.query import QueryError
from agent_tui.sessions.redact import Redactor
from agent_tui.sessions.store import SessionStore
from agent_tui.workspace.keys import add_model_keys, model_keys
from agent_tui.workspace.repository import open_repository

if TYPE_CHECKING:
    from agent_tui.config.schema import Settings
    from agent_tui.workspace.commit import LendTerminal


class UsageError(Exception):
    """Something that the person can put right; the text says what and how."""


USER_ERRORS = (UsageError, ConfigError, WorkspaceError, LogError, QueryError)
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
        record: The cassette that the wire is recorded to.
        cassette: The cassette that is played in place of the network.
        cassette_speed: How many times faster than recorded; 0 does not wait at all.
        own_settings: Whether the user's and the project's files count.
        clock: Gives all times.
        terminal: Hands the terminal over to whatever signs a commit; None without a screen.
        tell: Told in a sentence what was found and put in order in the repository.
    """

    folder: Path
    settings: Mapping[str, Any] = field(default_factory=dict)
    sessions: Path | None = None
    worktrees: Path | None = None
    script: Path | None = None
    words_per_s: float = 0.0
    record: Path | None = None
    cassette: Path | None = None
    cassette_speed: float = 1.0
    own_settings: bool = True
    clock: Clock = field(default_factory=SystemClock)
    terminal: LendTerminal | None = None
    tell: Callable[[str], None] = lambda text: None


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
    return SessionStore(folder, clock=options.clock, redactor=redactor_of(loaded.settings))


def redactor_of(settings: Settings) -> Redactor:
    """Takes secrets out: of the environment, of known shapes, and of the person's own."""
    return Redactor(os.environ, model_keys(), settings.sessions.redact)


def project_rules(root: Path) -> GivenRules:
    """The rules that the person gave for the project with its top at *root*."""
    return GivenRules(paths.given_rules_file(), root)


async def open_environment(options: Options) -> Environment:
    """Find the repository and load the settings.

    Raises:
        WorkspaceError: If the repository cannot be worked on.
        ConfigError: If a settings file is wrong.
    """
    # Before the first child: none of them gets a key of a model. Only the person names keys.
    providers = _load(options, None, TrustStore(paths.trust_file())).settings.providers
    add_model_keys(p.key_env for p in providers.values() if p.key_env)
    facts = await open_repository(options.folder, options.tell)
    trust = TrustStore(paths.trust_file())
    loaded = _load(options, Path(facts.root), trust)
    return Environment(options, facts, loaded, open_store(options, loaded), trust, options.clock)
