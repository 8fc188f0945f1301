"""``sessions import``: what other agents recorded."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agent_tui.commands.common import FAILED, OK, Parents, Subparsers, options_of

if TYPE_CHECKING:
    from agent_tui.bootstrap.transfer import Imported
    from agent_tui.sessions.importers.account import Account

FORMATS = (
    "claude-code",
    "codex",
    "gemini-cli",
    "opencode",
    "atif",
    "mini-swe-agent",
    "swe-agent",
    "claude-replay",
    "aider",
)


def add(commands: Subparsers[argparse.ArgumentParser], parents: Parents) -> None:
    """Say what the commands take."""
    imports = commands.add_parser(
        "import",
        help="take in a session that another agent recorded",
        description="Take in sessions that other agents recorded, with an account of every line.",
        parents=[parents.common],
    )
    imports.add_argument(
        "path", metavar="FILE|DIR", type=Path, help="a file, or a folder for all below it"
    )
    imports.add_argument(
        "--format",
        choices=FORMATS,
        metavar="FORMAT",
        help=f"default: found out; {', '.join(FORMATS)}",
    )
    imports.add_argument("--dry-run", action="store_true", help="only the account; write nothing")
    imports.add_argument("--json", action="store_true", help="the account as JSON, a file a line")
    imports.set_defaults(run=_import)


def _import(arguments: argparse.Namespace) -> int:
    from agent_tui.bootstrap.transfer import import_sessions  # noqa: PLC0415

    failed = unknown = done = 0
    path = arguments.path.expanduser()
    for result in import_sessions(
        options_of(arguments), path, arguments.format, dry_run=arguments.dry_run
    ):
        if result.account is None:
            unknown += result.problem.startswith("it is in no")
            failed += not result.problem.startswith("it is in no")
            if not result.problem.startswith("it is in no"):
                print(f"{result.path}: {result.problem}", file=sys.stderr)
            continue
        done += 1
        if arguments.json:
            print(_as_json(result))
        else:
            print("\n".join(_account_lines(result, result.account)))
    if path.is_dir():
        rest = f", {unknown} files in no known format" if unknown else ""
        print(f"{done} imported, {failed} failed{rest}", file=sys.stderr)
    return FAILED if failed or not done else OK


def _as_json(result: Imported) -> str:
    import json  # noqa: PLC0415

    account = result.account.model_dump(mode="json") if result.account else None
    return json.dumps({"v": 1, "session": result.session, "account": account})


def _account_lines(result: Imported, account: Account) -> list[str]:
    from agent_tui.domain.text import one_line  # noqa: PLC0415

    who = f"{account.agent} {account.version}".rstrip()
    lines = [f"{one_line(str(result.path), 300)}: {one_line(who, 100)}"]
    for file in account.files:
        unit = f"{file.unit}s"
        told = ", ".join(
            f"{sum(e.count for e in file.entries if e.fate == fate)} {fate}"
            for fate in ("imported", "kept raw", "dropped")
        )
        name = f"{one_line(file.name, 60)}: " if len(account.files) > 1 else ""
        lines.append(f"  {name}{file.total} {unit}: {told}")
        for entry in file.entries:
            if entry.fate != "imported":
                where = one_line(entry.lines, 40)
                kind = one_line(entry.kind, 40)
                lines.append(
                    f"    {entry.fate:<9} {entry.count:>6}  {kind}: {one_line(entry.reason, 90)}"
                    f"  [{where}]"
                )
    lines += [f"  note: {one_line(note, 300)}" for note in account.notes]
    lines += [f"  not in the source: {one_line(text, 300)}" for text in account.unknown]
    if result.session:
        lines.append(f"  replay it: agent-tui replay {result.session}")
    return lines
