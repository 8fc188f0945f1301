"""``doctor``: what works and what does not, before any money is spent."""

from __future__ import annotations

import argparse
import json
import os
import sys
import textwrap
from typing import TYPE_CHECKING

from agent_tui.commands.common import FAILED, OK, Parents, Subparsers, options_of

if TYPE_CHECKING:
    from agent_tui.bootstrap.doctor import Finding, Report

EPILOG = "exit codes: 0 a session can run, 1 something keeps it from running, 2 wrong usage"
_SIGNS = {"ok": ("✓", "+", "32"), "note": ("·", "-", "33"), "problem": ("✗", "x", "31")}


def add(commands: Subparsers[argparse.ArgumentParser], parents: Parents) -> None:
    """Say what the command takes."""
    doctor = commands.add_parser(
        "doctor",
        help="keys, servers, prices, sandbox, git, terminal: what works; it spends nothing",
        epilog=EPILOG,
        parents=[parents.common, parents.models],
    )
    doctor.add_argument("--json", action="store_true", help="the report as JSON on stdout")
    doctor.add_argument(
        "--offline", action="store_true", help="do not ask the servers for their lists of models"
    )
    doctor.set_defaults(run=_doctor)


def _doctor(arguments: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415 - not needed for --help and --version

    from agent_tui.bootstrap.doctor import examine  # noqa: PLC0415

    report = asyncio.run(examine(options_of(arguments), contact=not arguments.offline))
    print(_as_json(report) if arguments.json else "\n".join(_lines(report)))
    return OK if report.healthy else FAILED


def _as_json(report: Report) -> str:
    from dataclasses import asdict  # noqa: PLC0415

    models = [
        {
            "model": str(m.model) if m.model else None,
            "roles": m.roles,
            "source": m.source,
            "findings": [asdict(f) for f in m.findings],
        }
        for m in report.models
    ]
    sections = {
        name: [asdict(finding) for finding in found] for name, found in report.sections.items()
    }
    return json.dumps({"v": 1, "healthy": report.healthy, "models": models, **sections}, indent=2)


class _Paper:
    """Plain lines; colours on a terminal, signs that the encoding has."""

    def __init__(self) -> None:
        self._colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
        self._plain = encoding != "utf8"
        self._width = min(os.get_terminal_size().columns if sys.stdout.isatty() else 100, 110)

    def styled(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

    def finding(self, finding: Finding) -> list[str]:
        from agent_tui.domain.text import visible  # noqa: PLC0415 - pydantic is below it

        sign, plain, code = _SIGNS[finding.level]
        lead = f"  {self.styled(plain if self._plain else sign, code)} {finding.name:<14} "
        room = max(30, self._width - 19)
        lines = textwrap.wrap(visible(finding.text), room, break_long_words=False) or [""]
        advice = textwrap.wrap(visible(finding.advice), room - 2) if finding.advice else []
        arrow = "->" if self._plain else "→"
        out = [lead + lines[0], *(" " * 19 + line for line in lines[1:])]
        for number, line in enumerate(advice):
            out.append(" " * 19 + self.styled(f"{arrow if not number else ' '} {line}", "2"))
        return [self._fitting(line) for line in out]

    def _fitting(self, line: str) -> str:
        encoding = sys.stdout.encoding or "ascii"
        return line.encode(encoding, "replace").decode(encoding)


def _lines(report: Report) -> list[str]:
    from agent_tui.domain.text import visible  # noqa: PLC0415 - pydantic is below it

    paper = _Paper()
    lines: list[str] = []
    for model in report.models:
        roles = ", ".join(model.roles)
        name = visible(str(model.model)) if model.model else "no model"
        head = f"{paper.styled(roles, '1')}  {paper.styled(name, '36')}"
        source = f"  {paper.styled(f'({visible(model.source)})', '2')}" if model.source else ""
        lines += [head + source, *(x for f in model.findings for x in paper.finding(f)), ""]
    for name, found in report.sections.items():
        lines += [paper.styled(name, "1"), *(x for f in found for x in paper.finding(f)), ""]
    problems = sum(finding.level == "problem" for finding in report.findings)
    if not problems:
        return [*lines, "A session can run."]
    words = "One thing keeps" if problems == 1 else f"{problems} things keep"
    return [*lines, paper.styled(f"{words} a session from running.", "31")]
