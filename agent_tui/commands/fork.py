"""``sessions fork``: another way from a step of a session, with what is to be different there."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from agent_tui.commands.common import OK, Parents, Subparsers, fail, options_of

STEP = (
    "ID@STEP: a number, a2 for attempt 2, diff2 for the second diff gate (spec, diff, verdict, "
    "message: the last one), or end"
)


def add(what: Subparsers[argparse.ArgumentParser], parents: Parents) -> None:
    """Say what the command takes."""
    words = "a new session that begins as another one, up to a step"
    fork = what.add_parser(
        "fork",
        help=words,
        description=f"Begin {words}, with another model, spec, decision or limit.",
        parents=[parents.common, parents.models, parents.headless],
    )
    fork.add_argument("session", metavar="ID@STEP", help=STEP)
    fork.add_argument("--spec", type=Path, metavar="FILE", help="another spec, as Markdown")
    fork.add_argument("--message", default="", metavar="TEXT", help="another commit message")
    fork.add_argument(
        "--decision",
        choices=["approve", "edit", "reject", "stop"],
        default="",
        help="decide the gate that waits at the step, or another way than was decided there",
    )
    fork.add_argument("--reason", default="", help="why; of a rejection, what the model is told")
    fork.add_argument(
        "--repo", type=Path, metavar="DIR", help="the repository, where it is not this one"
    )
    fork.set_defaults(run=_fork)


def _fork(arguments: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415 - not needed for --help and --version
    from dataclasses import replace  # noqa: PLC0415

    from agent_tui.bootstrap import library  # noqa: PLC0415
    from agent_tui.bootstrap.environment import open_environment  # noqa: PLC0415
    from agent_tui.bootstrap.forking import ForkWish, fork_session  # noqa: PLC0415
    from agent_tui.bootstrap.starting import resume_session  # noqa: PLC0415
    from agent_tui.headless import run_headless  # noqa: PLC0415

    spec = ""
    if arguments.spec is not None:
        try:
            spec = arguments.spec.read_text("utf-8")
        except OSError as error:
            return fail(f"cannot read {arguments.spec}: {error.strerror}")
        except UnicodeDecodeError:
            return fail(f"cannot read {arguments.spec}: it is not UTF-8")
    options = options_of(arguments)
    if arguments.repo is not None:
        if not arguments.repo.expanduser().is_dir():
            return fail(f"--repo {arguments.repo}: there is no such folder")
        options = replace(options, folder=arguments.repo.expanduser().absolute())
    wish = ForkWish(arguments.reason, spec, arguments.message, arguments.decision)

    async def go() -> int:
        saved, position = await asyncio.to_thread(library.at_step, options, arguments.session)
        env = await open_environment(options)
        new_id = await fork_session(env, saved, position, wish, headless=arguments.headless)
        if not arguments.headless:
            print(new_id)
            where = f"cd {arguments.repo} && " if arguments.repo is not None else ""
            print(f"go on with: {where}agent-tui resume {new_id}", file=sys.stderr)
            return OK
        session = await resume_session(env, new_id)
        return await run_headless(session, as_json=arguments.json)

    return asyncio.run(go())
