"""``sessions import``, ``export`` and ``schema``: other agents, other programs, other readers."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agent_tui.commands.common import FAILED, OK, Parents, Subparsers, fail, options_of
from agent_tui.commands.output import write_exact

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent_tui.bootstrap.importing import Imported
    from agent_tui.sessions.exporters.prepare import Prepared
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
EXPORTS = ("html", "markdown", "patch", "bundle", "atif", "asciinema", "otlp")


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

    exports = commands.add_parser(
        "export",
        help="write a session for people or for other programs",
        description="Write a session, or another agent's file, in another format. Secrets are "
        "taken out once more, and what was taken out is said.",
        parents=[parents.common],
    )
    exports.add_argument("session", metavar="ID|PATH", help="as for replay")
    exports.add_argument(
        "--format", choices=EXPORTS, default="html", help="default: html, one file that opens alone"
    )
    exports.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="default: named by the session; - is stdout",
    )
    exports.add_argument("--force", action="store_true", help="write over a file that is there")
    exports.add_argument(
        "--endpoint", metavar="URL", help="with otlp: send the spans to a collector instead"
    )
    exports.add_argument(
        "--size",
        default="120x40",
        metavar="COLSxROWS",
        help="with asciinema: the screen that is recorded (default: 120x40)",
    )
    exports.add_argument(
        "--plain", action="store_true", help="with asciinema: lines of text and not the screen"
    )
    exports.add_argument("--keep-secrets", action="store_true", help="take nothing out")
    exports.set_defaults(run=_export)
    schema = commands.add_parser("schema", help="print the JSON Schema of a record of the log")
    schema.set_defaults(run=_schema)


def _import(arguments: argparse.Namespace) -> int:
    from agent_tui.bootstrap.importing import import_sessions  # noqa: PLC0415
    from agent_tui.domain.text import counted  # noqa: PLC0415

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
        rest = f", {counted(unknown, 'file')} in no known format" if unknown else ""
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


def _export(arguments: argparse.Namespace) -> int:
    from agent_tui.bootstrap.exporting import export_session  # noqa: PLC0415
    from agent_tui.domain.text import one_line  # noqa: PLC0415
    from agent_tui.headless import progress  # noqa: PLC0415
    from agent_tui.sessions.exporters.export import SUFFIX  # noqa: PLC0415
    from agent_tui.sessions.exporters.otlp import send_otlp  # noqa: PLC0415

    screen = None
    if arguments.format == "asciinema" and not arguments.plain:
        size = _size(arguments.size)
        if size is None:
            return fail(f"--size {one_line(arguments.size, 40)}: write for example 80x24")
        screen = _recorder(size)
    made = export_session(
        options_of(arguments),
        arguments.session,
        arguments.format,
        progress,
        keep_secrets=arguments.keep_secrets,
        screen=screen,
    )
    if made.removed:
        print(made.removed, file=sys.stderr)
    for note in made.notes:
        print(f"note: {one_line(note, 300)}", file=sys.stderr)
    if arguments.endpoint:
        print(f"sent to {send_otlp(made.data, arguments.endpoint)}", file=sys.stderr)
        return OK
    if arguments.output == Path("-"):
        write_exact(made.data)
        return OK
    path = arguments.output or Path(made.session + SUFFIX[arguments.format])
    try:
        with path.expanduser().open("wb" if arguments.force else "xb") as file:
            file.write(made.data)
    except FileExistsError:
        return fail(f"{path} is there already; write over it with --force")
    except OSError as error:
        return fail(f"cannot write {path}: {error.strerror}")
    print(path)
    return OK


def _size(text: str) -> tuple[int, int] | None:
    columns, by, rows = text.partition("x")
    if not (by and columns.isdecimal() and rows.isdecimal()):
        return None
    size = int(columns), int(rows)
    return size if 40 <= size[0] <= 400 and 12 <= size[1] <= 200 else None


def _recorder(size: tuple[int, int]) -> Callable[[Prepared], bytes]:
    def record(prepared: Prepared) -> bytes:
        from agent_tui.ui.recording import record_screen  # noqa: PLC0415 - it is the screen's

        return record_screen(prepared, size)

    return record


def _schema(arguments: argparse.Namespace) -> int:
    from agent_tui.sessions.schema import schema_text  # noqa: PLC0415

    print(schema_text(), end="")
    return OK
