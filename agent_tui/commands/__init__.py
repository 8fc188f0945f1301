"""The commands. The screen and the loop are imported only by those that need them."""

from __future__ import annotations

import argparse
import gc
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from agent_tui.commands import compare, review
from agent_tui.commands.common import FAILED, fail, settings_of
from agent_tui.commands.contradictions import contradiction

if TYPE_CHECKING:
    from agent_tui.ui.app import AgentTui
    from agent_tui.ui.launch import Launch


def dispatch(arguments: argparse.Namespace) -> int:
    """Run the command that was parsed, and print a person's mistakes as one sentence."""
    headless = getattr(arguments, "headless", False)
    screen = getattr(arguments, "screen", arguments.command is None) and not headless
    name = getattr(arguments, "launch", None) or arguments.command or "home"
    if name == "compare":
        screen = compare.on_screen(arguments)
    if problem := contradiction(arguments):
        return fail(problem)
    if screen and not getattr(arguments, "preset", None):
        return _screen(name, arguments)
    try:
        return _screen(name, arguments) if screen else int(arguments.run(arguments))
    except Exception as error:
        # They come from all parts of the program, of which most commands need a few.
        from agent_tui.bootstrap.environment import USER_ERRORS  # noqa: PLC0415

        if not isinstance(error, USER_ERRORS):
            raise
        return fail(str(error))


def _screen(name: str, arguments: argparse.Namespace) -> int:
    if name == "review":
        return review_screen(arguments)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        hint = "; add --headless to run without one" if name != "home" else ""
        return fail(f"this needs a terminal{hint}")
    app = _make_app(_launch(name, arguments))
    code = _run_app(app)
    print(app.result, end="")  # of a review that was taken up again
    return code


def _make_app(launch: Launch) -> AgentTui:
    # Imports leave nothing to collect, and looking for it would take a sixth of the time to the
    # first paint. The application has it looked for again when all of it is loaded.
    gc.disable()
    from agent_tui.ui.app import AgentTui  # noqa: PLC0415

    return AgentTui(launch)


def _run_app(app: AgentTui, *, error: bool = False) -> int:
    from agent_tui.ui.terminal import say_last  # noqa: PLC0415

    app.run()
    if app.failure is not None:
        session = app.conductor.session if app.conductor is not None else None
        return crashed(app.failure, session.id if session is not None else "")
    if app.farewell:
        say_last(app.farewell, error=error or bool(app.return_code))
    return app.return_code or 0


def review_screen(arguments: argparse.Namespace) -> int:
    """Show the change; at the end, print what was found."""
    if arguments.schema:
        return int(arguments.run(arguments))
    request = review.request_of(arguments)
    terminal = review.Terminal()
    if not terminal.complete:
        return fail("this needs a terminal; add --headless and --reviewer to run without one")
    app = _make_app(replace(_launch("review", arguments), review=request))
    code = _run_app(app, error=True)
    terminal.print(app.result)
    return code


def crashed(error: BaseException, session: str = "") -> int:
    """Leave a report on an error that nobody expected, and say where it is.

    Args:
        session: The session that ran, which can be resumed.

    Returns:
        The exit code.
    """
    from agent_tui.bootstrap.crash import report  # noqa: PLC0415

    hint = f"The session stays; go on with: agent-tui resume {session}" if session else ""
    print(report(error, hint), file=sys.stderr)
    return FAILED


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
        record=getattr(arguments, "record", None),
        cassette=getattr(arguments, "cassette", None),
        cassette_speed=getattr(arguments, "cassette_speed", 1.0),
        demo_folder=getattr(arguments, "keep_in", None),
        words_per_s=getattr(arguments, "speed", 0.0),
        compare=tuple(getattr(arguments, "ids", ())),
    )
