"""``config`` and ``themes``: what is set, and where it comes from."""

from __future__ import annotations

import argparse
from pathlib import Path

from agent_tui.commands.common import Parents, Subparsers, fail, options_of


def add(commands: Subparsers[argparse.ArgumentParser], parents: Parents) -> None:
    """Say what the commands take."""
    config = commands.add_parser(
        "config", help="show the settings and where each comes from", parents=[parents.common]
    )
    config.add_argument(
        "--trust", action="store_true", help="let this repository's agent-tui.toml run commands"
    )
    config.add_argument("--forget", action="store_true", help="take that back")
    config.set_defaults(run=_config)
    themes = commands.add_parser("themes", help="list the themes")
    themes.set_defaults(run=_themes)


def _config(arguments: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415 - not needed for --help and --version

    from agent_tui.bootstrap.environment import load_configuration  # noqa: PLC0415
    from agent_tui.config import paths  # noqa: PLC0415
    from agent_tui.config.effective import effective  # noqa: PLC0415
    from agent_tui.config.themes import load_themes  # noqa: PLC0415
    from agent_tui.config.trust import TrustStore  # noqa: PLC0415
    from agent_tui.ports import WorkspaceError  # noqa: PLC0415
    from agent_tui.ui.keymap import screen_problems  # noqa: PLC0415
    from agent_tui.workspace.repository import open_repository  # noqa: PLC0415

    options = options_of(arguments)
    try:
        root = Path(asyncio.run(open_repository(options.folder)).root)
    except WorkspaceError:
        root = None
    trust = TrustStore(paths.trust_file())
    loaded = load_configuration(options, root)
    if arguments.forget and root is not None:
        forgotten = trust.forget(paths.project_file(root))
        print("forgotten" if forgotten else "it was not trusted")
        return 0
    if arguments.trust:
        if loaded.project_file is None or loaded.project_content is None:
            return fail(f"there is no {paths.PROJECT_FILE} in this repository")
        trust.trust(loaded.project_file, loaded.project_content)
        loaded = load_configuration(options, root)
    themes, _ = load_themes(paths.shipped_themes(), paths.themes_folder())
    problems = list(screen_problems(loaded, themes))
    if problems:
        return fail("\n".join(problems))
    print(f"user file:    {paths.config_file()}")
    print(f"project file: {paths.project_file(root) if root else 'none: not in a repository'}")
    for row in effective(loaded):
        print(f"{row.key:<24} {row.value:<40} {row.source}")
    for note in loaded.notes:
        print(f"note: {note}")
    for wish in loaded.untrusted:
        print(f"not trusted yet (agent-tui config --trust): {wish}")
    return 0


def _themes(arguments: argparse.Namespace) -> int:
    from agent_tui.config import paths  # noqa: PLC0415
    from agent_tui.config.themes import load_themes  # noqa: PLC0415

    themes, problem = load_themes(paths.shipped_themes(), paths.themes_folder())
    for name, theme in themes.items():
        kind = "ansi" if theme.ansi else "dark" if theme.dark else "light"
        print(f"{name:<20} {kind:<6} {theme.path}")
    if problem is not None:
        return fail(str(problem))
    return 0
