"""Where things are: the XDG folders of the user, and what ships with the program."""

from pathlib import Path

import platformdirs

APP = "agent-tui"
PROJECT_FILE = "agent-tui.toml"
"""The settings of a project, in the top folder of its repository."""

_PACKAGE = Path(__file__).resolve().parents[1]


def config_folder() -> Path:
    """``$XDG_CONFIG_HOME/agent-tui``, by default ``~/.config/agent-tui``."""
    return platformdirs.user_config_path(APP, appauthor=False)


def state_folder() -> Path:
    """``$XDG_STATE_HOME/agent-tui``, by default ``~/.local/state/agent-tui``."""
    return platformdirs.user_state_path(APP, appauthor=False)


def config_file() -> Path:
    """The user's settings."""
    return config_folder() / "config.toml"


def project_file(root: Path) -> Path:
    """The settings of the project whose working tree has its top at *root*."""
    return root / PROJECT_FILE


def themes_folder() -> Path:
    """The user's own themes."""
    return config_folder() / "themes"


def sessions_folder() -> Path:
    """Where sessions are kept unless the settings name another folder."""
    return state_folder() / "sessions"


def worktrees_folder() -> Path:
    """Where the linked worktrees of sessions are."""
    return state_folder() / "worktrees"


def caches_folder() -> Path:
    """Where folders are that checks share; they can be removed at any time."""
    return platformdirs.user_cache_path(APP, appauthor=False) / "checks"


def crashes_folder() -> Path:
    """Where reports of crashes are."""
    return state_folder() / "crashes"


def trust_file() -> Path:
    """Which project files the user has trusted."""
    return state_folder() / "trust.json"


def unsent_requests_file() -> Path:
    """The requests that were written and not sent."""
    return state_folder() / "requests.json"


def given_rules_file() -> Path:
    """The rules for tool calls that the user gave at gates."""
    return state_folder() / "rules.json"


def shipped_themes() -> Path:
    """The themes that ship with the program."""
    return _shipped("themes")


def shipped_sessions() -> Path:
    """The saved sessions that ship with the program."""
    return _shipped("sessions")


def _shipped(name: str) -> Path:
    # A wheel carries them inside the package, a checkout has them beside it.
    packaged = _PACKAGE / "share" / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name
