"""What the commands do. The screen and the loop are imported only by those that need them."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent_tui.bootstrap import Options
    from agent_tui.ui.launch import Launch

USAGE = 2


class Refused(Exception):
    """A command cannot be done; the text is for the person."""


def run(arguments: argparse.Namespace) -> int:
    """Run the command that was parsed, and print a person's mistakes as one sentence."""
    name = arguments.command or "home"
    if name in ("demo", "run", "resume") and arguments.json and not arguments.headless:
        return _fail("--json goes with --headless")
    screen = name in ("home", "demo", "run", "resume", "replay") and not getattr(
        arguments, "headless", False
    )
    if screen and not getattr(arguments, "preset", None):
        return _screen(name, arguments)
    from agent_tui.bootstrap import USER_ERRORS  # noqa: PLC0415

    try:
        return _screen(name, arguments) if screen else _HEADLESS[name](arguments)
    except USER_ERRORS as error:
        return _fail(str(error))


def _fail(message: str) -> int:
    print(f"agent-tui: {message}", file=sys.stderr)
    return USAGE


def _screen(name: str, arguments: argparse.Namespace) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        hint = "; add --headless to run without one" if name != "home" else ""
        return _fail(f"this needs a terminal{hint}")
    from agent_tui.ui.app import AgentTui  # noqa: PLC0415

    app = AgentTui(_launch(name, arguments))
    app.run()
    if app.farewell:
        print(app.farewell, file=sys.stderr if app.return_code else sys.stdout)
    return app.return_code or 0


def _launch(name: str, arguments: argparse.Namespace) -> Launch:
    from agent_tui.ui.launch import Launch  # noqa: PLC0415

    return Launch(
        kind=name,
        folder=Path.cwd(),
        request=getattr(arguments, "request", ""),
        session=getattr(arguments, "session", None),
        settings=settings_of(arguments),
        sessions=getattr(arguments, "sessions", None),
        script=getattr(arguments, "script", None),
        demo_folder=getattr(arguments, "keep_in", None),
        words_per_s=getattr(arguments, "speed", 0.0),
    )


def settings_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """The settings that the command line gives, by dotted key."""
    settings: dict[str, Any] = {}
    for pair in getattr(arguments, "set", []):
        key, equals, value = pair.partition("=")
        if not equals:
            sys.exit(_fail(f"--set {pair}: write KEY=VALUE"))
        settings[key.strip()] = value.strip()
    if preset := getattr(arguments, "preset", None):
        from agent_tui.bootstrap import preset_settings  # noqa: PLC0415

        settings |= preset_settings(preset)
    for role in ("planner", "coder", "reviewer"):
        if model := getattr(arguments, role, None):
            settings[f"roles.{role}.model"] = model
    return settings


def _options(arguments: argparse.Namespace) -> Options:
    from agent_tui.bootstrap import Options  # noqa: PLC0415

    return Options(
        folder=Path.cwd(),
        settings=settings_of(arguments),
        sessions=getattr(arguments, "sessions", None),
        script=getattr(arguments, "script", None),
    )


def _demo(arguments: argparse.Namespace) -> int:
    from agent_tui.bootstrap import demo_options, open_environment, run_demo  # noqa: PLC0415
    from agent_tui.headless import run_headless  # noqa: PLC0415

    async def go() -> int:
        options = await demo_options(arguments.keep_in, 0.0)
        session = await run_demo(await open_environment(options))
        code = await run_headless(session, as_json=arguments.json)
        commit = session.state.commit
        out = sys.stderr if arguments.json else sys.stdout
        print(f"repository: {session.repository}", file=out)
        print(f"replay it: agent-tui replay {session.folder}", file=out)
        if commit is not None:
            print(commit.commit, file=out)
        return code

    return asyncio.run(go())


def _run(arguments: argparse.Namespace) -> int:
    from agent_tui.bootstrap import open_environment, start_session  # noqa: PLC0415
    from agent_tui.headless import run_headless  # noqa: PLC0415

    async def go() -> int:
        env = await open_environment(_options(arguments))
        for wish in env.loaded.untrusted:
            print(f"not trusted, left out: {wish}", file=sys.stderr)
        session = await start_session(env, arguments.request)
        if not env.loaded.settings.checks:
            print("no checks are configured: only the reviewer judges", file=sys.stderr)
        return await run_headless(session, as_json=arguments.json)

    return asyncio.run(go())


def _resume(arguments: argparse.Namespace) -> int:
    from agent_tui.bootstrap import open_environment, resume_session  # noqa: PLC0415
    from agent_tui.headless import run_headless  # noqa: PLC0415

    async def go() -> int:
        env = await open_environment(_options(arguments))
        session = await resume_session(env, arguments.session)
        return await run_headless(session, as_json=arguments.json)

    return asyncio.run(go())


def _replay(arguments: argparse.Namespace) -> int:
    from agent_tui.bootstrap import find_saved  # noqa: PLC0415
    from agent_tui.domain.fold import apply  # noqa: PLC0415
    from agent_tui.domain.state import State  # noqa: PLC0415
    from agent_tui.headless import progress, record_line  # noqa: PLC0415

    saved = find_saved(_options(arguments), arguments.session)
    state = State()
    for record in saved.records:
        state = apply(state, record)
        line = record_line(record) if arguments.json else progress(record, state)
        if line:
            print(line)
    for problem in saved.problems:
        print(f"damaged: {problem}", file=sys.stderr)
    return 1 if saved.problems else 0


def _sessions(arguments: argparse.Namespace) -> int:
    from agent_tui.bootstrap import load_configuration, open_store  # noqa: PLC0415
    from agent_tui.domain.text import one_line  # noqa: PLC0415
    from agent_tui.ports import WorkspaceError  # noqa: PLC0415
    from agent_tui.workspace.repository import open_repository  # noqa: PLC0415

    options = _options(arguments)
    root = None
    if not arguments.all:
        try:
            root = asyncio.run(open_repository(options.folder)).root
        except WorkspaceError:
            print("not in a repository: showing the sessions of all", file=sys.stderr)
    store = open_store(options, load_configuration(options, None))
    summaries = store.list(root)
    if not summaries:
        print("no sessions yet", file=sys.stderr)
    for row in summaries:
        cost = f"${row.cost:.2f}" if row.cost or not row.unpriced_calls else "unpriced"
        when = f"{row.last:%Y-%m-%d %H:%M}" if row.last else ""
        words = one_line(row.problem or row.request, 60)
        print(f"{row.id:<24} {row.state:<16} {cost:>9}  {when:<17} {words}")
    return 0


def _config(arguments: argparse.Namespace) -> int:
    from agent_tui.bootstrap import load_configuration  # noqa: PLC0415
    from agent_tui.config import paths  # noqa: PLC0415
    from agent_tui.config.effective import effective  # noqa: PLC0415
    from agent_tui.config.themes import load_themes  # noqa: PLC0415
    from agent_tui.config.trust import TrustStore  # noqa: PLC0415
    from agent_tui.ports import WorkspaceError  # noqa: PLC0415
    from agent_tui.ui.keymap import screen_problems  # noqa: PLC0415
    from agent_tui.workspace.repository import open_repository  # noqa: PLC0415

    options = _options(arguments)
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
            return _fail(f"there is no {paths.PROJECT_FILE} in this repository")
        trust.trust(loaded.project_file, loaded.project_content)
        loaded = load_configuration(options, root)
    themes, _ = load_themes(paths.shipped_themes(), paths.themes_folder())
    problems = list(screen_problems(loaded, themes))
    if problems:
        return _fail("\n".join(problems))
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
        return _fail(str(problem))
    return 0


_HEADLESS = {
    "demo": _demo,
    "run": _run,
    "resume": _resume,
    "replay": _replay,
    "sessions": _sessions,
    "config": _config,
    "themes": _themes,
}
