"""``sessions compare``: on the screen in a terminal, else as text or as JSON."""

from __future__ import annotations

import argparse
import shutil
import sys
from typing import TYPE_CHECKING

from agent_tui.commands.common import OK, Parents, Subparsers, options_of

if TYPE_CHECKING:
    from agent_tui.sessions.compare import Compared, Line, Section

WIDE = 120
"""Cells of a line where nobody says how many there are."""


def add(what: Subparsers[argparse.ArgumentParser], parents: Parents) -> None:
    """Say what the command takes."""
    words = "sessions side by side: spec, diff, verdict, checks, cost, time"
    compare = what.add_parser("compare", help=words, description=words, parents=[parents.common])
    compare.add_argument(
        "ids", nargs="+", metavar="ID[@STEP]", help="two or more: ids, steps of one, or files"
    )
    form = compare.add_mutually_exclusive_group()
    form.add_argument("--plain", action="store_true", help="as text, also in a terminal")
    form.add_argument("--json", action="store_true", help="one JSON object")
    compare.set_defaults(run=_compare, screen=True, launch="compare")


def on_screen(arguments: argparse.Namespace) -> bool:
    """Whether it is to be shown on a screen: there is one, and no text was asked for."""
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return terminal and not arguments.plain and not arguments.json


def _compare(arguments: argparse.Namespace) -> int:
    from agent_tui.bootstrap.comparing import read_columns  # noqa: PLC0415
    from agent_tui.sessions.compare import table  # noqa: PLC0415

    columns = [column.one for column in read_columns(options_of(arguments), arguments.ids)]
    sections = table(columns)
    if arguments.json:
        print(_as_json(columns, sections))
    else:
        print(_as_text(columns, sections))
    return OK


def _as_json(columns: list[Compared], sections: tuple[Section, ...]) -> str:
    import json  # noqa: PLC0415

    sessions = [
        {"session": one.id, "name": one.name, "step": one.position, "problem": one.problem}
        for one in columns
    ]
    rows = [
        {
            "section": section.title,
            "label": line.label,
            "differs": line.differs,
            "cells": [cell.text for cell in line.cells],
        }
        for section in sections
        for line in section.lines
    ]
    # Escaped to ASCII, so that no control character reaches a terminal.
    return json.dumps({"v": 1, "sessions": sessions, "rows": rows}, indent=2)


def _as_text(columns: list[Compared], sections: tuple[Section, ...]) -> str:
    labels = max(len(line.label) for section in sections for line in section.lines)
    first = min(18, max(8, labels))
    whole = shutil.get_terminal_size((WIDE, 0)).columns
    width = max(20, min(60, (whole - first - 2) // len(columns) - 2))
    names = [
        f"{one.id}{'' if one.position == one.length else f'@{one.position}'}" for one in columns
    ]
    out = [_row("", names, first, width), _row("", [one.name for one in columns], first, width)]
    for section in sections:
        out += ["", section.title.upper()]
        out += [_line(line, first, width) for line in section.lines]
    out += [f"note: {one.id}: {one.problem}" for one in columns if one.problem]
    return "\n".join(line for number, line in enumerate(out) if line.strip() or number > 1)


def _line(line: Line, first: int, width: int) -> str:
    mark = "≠ " if line.differs else "  "
    return _row(mark + line.label, [cell.text for cell in line.cells], first, width)


def _row(label: str, cells: list[str], first: int, width: int) -> str:
    import textwrap  # noqa: PLC0415

    from agent_tui.domain.text import visible_lines  # noqa: PLC0415

    head = visible_lines(label.replace("\n", " "))
    head = head if len(head) <= first + 2 else f"{head[:2]}…{head[-first + 1 :]}"
    wrapped = [
        [part for line in visible_lines(cell).split("\n")
         for part in (textwrap.wrap(line, width, drop_whitespace=True) or [""])]
        for cell in cells
    ]  # fmt: skip
    rows = []
    for number in range(max(len(lines) for lines in wrapped)):
        parts = [lines[number] if number < len(lines) else "" for lines in wrapped]
        name = "" if number else head
        rows.append((f"{name:<{first + 2}}  " + "  ".join(f"{p:<{width}}" for p in parts)).rstrip())
    return "\n".join(rows)
