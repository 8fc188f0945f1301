"""``review``: look at any change, comment on it, accept parts of it."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agent_tui.commands.common import OK, Parents, Subparsers, fail, options_of

if TYPE_CHECKING:
    from agent_tui.ui.launch import ReviewRequest

EPILOG = """WHAT is one of:
  nothing       what the working tree has that HEAD has not: staged, unstaged and untracked
  REV           the change of one commit
  BRANCH        what another branch has since it left HEAD
  A..B, A...B   from A to B; with three dots, from where B left A
  FILE          a patch: git diff, git format-patch, a pull request's .patch or .diff
  -             a patch on standard input

exit codes: 0 no open comments or findings, 7 there are some, 2 wrong usage or nothing to review,
6 the model failed, 130 interrupted"""


def add(commands: Subparsers[argparse.ArgumentParser], parents: Parents) -> None:
    """Say what the command takes."""
    review = commands.add_parser(
        "review",
        help="review any change: the working tree, a commit, a branch, a patch",
        parents=[parents.common],
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    review.add_argument("what", metavar="WHAT", nargs="?", default="", help="see below")
    review.add_argument("--reviewer", metavar="PROVIDER:MODEL", help="a model that looks at it too")
    review.add_argument("--no-model", action="store_true", help="also when one is configured")
    review.add_argument("--script", type=Path, metavar="FILE", help="scripted models from a file")
    review.add_argument(
        "--checks", action="store_true", help="run the configured checks on the change"
    )
    review.add_argument(
        "--output", type=Path, metavar="FILE", help="write what you accept there as a patch"
    )
    review.add_argument(
        "--format",
        choices=["markdown", "json"],
        help="print comments and findings at the end (without a screen: markdown)",
    )
    review.add_argument(
        "--headless", action="store_true", help="no screen: print what the reviewer finds"
    )
    review.add_argument(
        "--schema", action="store_true", help="print the JSON schema of --format json"
    )
    review.set_defaults(run=_review, screen=True)


def request_of(arguments: argparse.Namespace) -> ReviewRequest:
    """What the command line asks for. Reads standard input or the file; exits if it cannot."""
    from agent_tui.ui.launch import ReviewRequest  # noqa: PLC0415

    what, data = arguments.what, None
    if arguments.output is not None and arguments.output.is_dir():
        sys.exit(fail(f"{arguments.output} is a folder: name a file for the patch"))
    try:
        if what == "-":
            data = sys.stdin.buffer.read()
        elif what and Path(what).is_file():
            data = Path(what).read_bytes()
    except OSError as error:
        sys.exit(fail(f"{what} cannot be read: {error.strerror}"))
    return ReviewRequest(
        what=what,
        data=data,
        output=arguments.output,
        checks=arguments.checks,
        models=not arguments.no_model,
        format=arguments.format or "",
    )


class Terminal:
    """The terminal for the screen, also when a patch comes in, or the result goes, through a pipe.

    Attributes:
        out: Where the result is printed.
    """

    def __init__(self) -> None:
        self.out = os.dup(1)
        with contextlib.suppress(OSError):
            terminal = os.open("/dev/tty", os.O_RDWR)
            for number in (0, 1):
                if not os.isatty(number):
                    os.dup2(terminal, number)
            os.close(terminal)

    @property
    def complete(self) -> bool:
        """Whether a screen can be shown."""
        return all(os.isatty(number) for number in (0, 1, 2))

    def print(self, text: str) -> None:
        """Print the result where standard output was when we began."""
        sys.stdout.flush()
        with os.fdopen(self.out, "w", encoding="utf-8") as out:
            out.write(text)


def _review(arguments: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415 - not needed for --help and --version

    if arguments.schema:
        return _print_schema()
    request = request_of(arguments)
    if request.output is not None:
        return fail("--output needs a person who accepts something: leave out --headless")
    from agent_tui.bootstrap.environment import open_environment  # noqa: PLC0415
    from agent_tui.bootstrap.review import ReviewWish, start_review  # noqa: PLC0415
    from agent_tui.headless import review_code, review_text, run_headless  # noqa: PLC0415

    async def go() -> int:
        env = await open_environment(options_of(arguments))
        wish = ReviewWish(
            what=request.what, data=request.data, checks=request.checks, models=request.models
        )
        session = await start_review(env, wish)

        def show(code: int) -> int:
            text, waiting = review_text(session, request.format or "markdown")
            print(text, end="")
            return review_code(code, waiting)

        return await run_headless(session, as_json=False, progress_to=sys.stderr, at_end=show)

    return asyncio.run(go())


def _print_schema() -> int:
    import json  # noqa: PLC0415

    from agent_tui.domain.review_report import ReviewReport  # noqa: PLC0415

    print(json.dumps(ReviewReport.model_json_schema(mode="serialization"), indent=2))
    return OK
