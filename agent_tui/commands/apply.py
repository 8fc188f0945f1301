"""``apply``: a model's edits, in any format, to the working tree; strictly or not at all."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agent_tui.commands.common import FAILED, OK, Parents, Subparsers, fail

if TYPE_CHECKING:
    from agent_tui.domain.edits import EditPart
    from agent_tui.workspace.apply import Applied

FORMATS = ("auto", "tools", "apply_patch", "search_replace", "unified", "whole")


def add(commands: Subparsers[argparse.ArgumentParser], parents: Parents) -> None:
    """Say what the command takes."""
    apply = commands.add_parser(
        "apply",
        help="apply a model's edits, in any format, to the working tree, or change nothing",
        description="Reads edits as models print them (tool calls as JSON, apply_patch, "
        "SEARCH/REPLACE, a diff, whole files; with prose and fences around them) and applies "
        "them to the working tree if every part of them fits in exactly one place. Otherwise "
        "nothing is changed, the exit code is 1, and the reason for each part is printed.",
    )
    apply.add_argument(
        "file", metavar="FILE", nargs="?", default="-", help="where the edits are (default: -)"
    )
    apply.add_argument("--format", choices=FORMATS, default="auto", help="default: find it out")
    apply.add_argument("--check", action="store_true", help="only say whether they would apply")
    apply.add_argument(
        "--fuzzy",
        action="store_true",
        help="also accept what does not match exactly, or is doubtful in another way",
    )
    apply.add_argument("--json", action="store_true", help="print one JSON object")
    apply.add_argument(
        "--repo", type=Path, metavar="DIR", default=Path(), help="the repository (default: here)"
    )
    apply.set_defaults(run=_apply, screen=False)


def _apply(arguments: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415 - not needed for --help and --version

    from agent_tui.domain.edits import EditFormatError  # noqa: PLC0415
    from agent_tui.domain.text import one_line, visible_lines  # noqa: PLC0415
    from agent_tui.workspace.apply import apply_to_tree  # noqa: PLC0415

    try:
        text = _text(arguments.file)
    except OSError as error:
        return fail(f"{one_line(arguments.file)}: {error.strerror}")
    try:
        done = asyncio.run(
            apply_to_tree(
                arguments.repo,
                text,
                format=None if arguments.format == "auto" else arguments.format,
                confirmed=arguments.fuzzy,
                check=arguments.check,
            )
        )
    except EditFormatError as error:
        if arguments.json:
            print(json.dumps({"v": 1, "ok": False, "applied": False, "problem": str(error)}))
        print(f"agent-tui: {visible_lines(str(error))}", file=sys.stderr)
        return FAILED
    if done.note:
        print(f"agent-tui: {done.note}", file=sys.stderr)
    ok = done.result.applies and not done.refused
    if arguments.json:
        print(json.dumps(_as_json(done, ok)))
    else:
        for part in done.result.parts:
            print(visible_lines(_line(part)))
        print(_summary(done, arguments.check), file=sys.stdout if ok else sys.stderr)
    return OK if ok else FAILED


def _text(name: str) -> bytes:
    if name == "-" and sys.stdin.isatty():
        print("reading edits from the terminal; end them with ctrl+d", file=sys.stderr)
    return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()


def _line(part: EditPart) -> str:
    head = f"{part.path}: {part.name}"
    if part.line is not None:
        head += f", line {part.line}"
    if part.problem:
        return f"✗ {head}: {part.problem}"
    notes = [f"by the rung '{part.rung}'"] if part.rung != "exact" else []
    notes += part.doubts
    return f"{'✓' if not notes else '?'} {head}{': ' if notes else ''}{'; '.join(notes)}"


def _summary(done: Applied, check: bool) -> str:
    from agent_tui.domain.text import one_line  # noqa: PLC0415
    from agent_tui.workspace.apply import UNCONFIRMED  # noqa: PLC0415

    parts = done.result.parts
    bad = sum(bool(part.problem) for part in parts)
    doubtful = sum(not part.certain for part in parts) - bad
    if bad:
        return f"nothing was changed: {bad} of {_count(len(parts), 'part')} cannot be applied"
    if done.refused == UNCONFIRMED:
        return (
            f"nothing was changed: {doubtful} of {_count(len(parts), 'part')} need confirming; "
            "add --fuzzy if they are right"
        )
    if done.refused:
        return f"nothing was changed: {one_line(done.refused, 500)}"
    files = _count(len(done.result.files), "file")
    return f"{files} would be changed" if check else f"{files} changed"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _as_json(done: Applied, ok: bool) -> dict[str, object]:
    return {
        "v": 1,
        "ok": ok,
        "applied": done.written,
        "format": done.result.format,
        "parts": [
            {
                "path": part.path,
                "part": part.name,
                "line": part.line,
                "match": None if part.problem else part.rung,
                "doubts": list(part.doubts),
                "problem": part.problem,
            }
            for part in done.result.parts
        ],
        "problem": done.refused,
        "note": done.note,
        "files": [
            {"path": edit.path, "deleted": edit.data is None, "mode": edit.mode}
            for edit in done.result.files
        ],
    }
