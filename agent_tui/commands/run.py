"""``run``, ``resume`` and ``demo``: a session that works."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from agent_tui.commands.common import Parents, Subparsers, options_of


def add(commands: Subparsers[argparse.ArgumentParser], parents: Parents) -> None:
    """Say what the commands take."""
    demo = commands.add_parser(
        "demo",
        help="a real loop in a temporary repository with scripted models: no key, no network",
        parents=[parents.headless],
    )
    demo.add_argument(
        "--keep-in",
        type=Path,
        metavar="DIR",
        help="make it there, or go on with the one left there",
    )
    demo.add_argument(
        "--speed", type=float, default=60.0, metavar="WORDS", help="words a second (default: 60)"
    )
    demo.set_defaults(run=_demo, screen=True)
    run = commands.add_parser(
        "run",
        help="start a session with a request",
        parents=[parents.common, parents.models, parents.headless],
    )
    run.add_argument("request", metavar="REQUEST", help="what should be done, in your words")
    run.set_defaults(run=_run, screen=True)
    resume = commands.add_parser(
        "resume",
        help="go on with a session",
        parents=[parents.common, parents.models, parents.headless],
    )
    resume.add_argument("session", metavar="ID", help="a session's id or the beginning of it")
    resume.set_defaults(run=_resume, screen=True)


def _demo(arguments: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415 - not needed for --help and --version

    from agent_tui.bootstrap.demo import demo_options, run_demo  # noqa: PLC0415
    from agent_tui.bootstrap.environment import open_environment  # noqa: PLC0415
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
    import asyncio  # noqa: PLC0415 - not needed for --help and --version

    from agent_tui.bootstrap.environment import open_environment  # noqa: PLC0415
    from agent_tui.bootstrap.starting import start_session  # noqa: PLC0415
    from agent_tui.headless import run_headless  # noqa: PLC0415

    async def go() -> int:
        env = await open_environment(options_of(arguments))
        for wish in env.loaded.untrusted:
            print(f"not trusted, left out: {wish}", file=sys.stderr)
        session = await start_session(env, arguments.request)
        if not env.loaded.settings.checks:
            print("no checks are configured: only the reviewer judges", file=sys.stderr)
        return await run_headless(session, as_json=arguments.json)

    return asyncio.run(go())


def _resume(arguments: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415 - not needed for --help and --version

    from agent_tui.bootstrap.environment import open_environment  # noqa: PLC0415
    from agent_tui.bootstrap.starting import resume_session  # noqa: PLC0415
    from agent_tui.headless import run_headless  # noqa: PLC0415

    async def go() -> int:
        env = await open_environment(options_of(arguments))
        session = await resume_session(env, arguments.session)
        return await run_headless(session, as_json=arguments.json)

    return asyncio.run(go())
