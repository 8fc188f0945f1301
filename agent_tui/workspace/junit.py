"""Reading the JUnit XML that a check leaves, which may be hostile."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.parsers import expat

from agent_tui.domain.checks import TestCase
from agent_tui.domain.text import one_line, visible, visible_lines

SIZE_LIMIT = 20_000_000
"""Bytes; a larger report is refused."""

CASE_LIMIT = 20_000
_MESSAGE_LIMIT = 4_000


class ReportError(ValueError):
    """The report is not one that is read; the text says why."""


def read_report(file: Path, is_file: Callable[[str], bool]) -> tuple[TestCase, ...]:
    """The tests in a JUnit XML file; none when there is no such file.

    Args:
        file: Where the command was told to leave it.
        is_file: Whether the tree has that path, to find a test's file by its class name.

    Raises:
        ReportError: If it is too large, declares a document type, or is not XML.
    """
    if file.is_symlink() or not file.is_file():
        return ()
    if (size := file.stat().st_size) > SIZE_LIMIT:
        raise ReportError(f"the test report is too large ({size} bytes)")
    reader = _Reader(is_file)
    try:
        reader.parse(file.read_bytes())
    except expat.ExpatError as error:
        raise ReportError(f"the test report is not XML: {one_line(str(error))}") from error
    return tuple(reader.cases)


class _Reader:
    def __init__(self, is_file: Callable[[str], bool]) -> None:
        self.cases: list[TestCase] = []
        self._is_file = is_file
        self._case: dict[str, str] | None = None
        self._ok = True
        self._message = ""
        self._collecting = False

    def parse(self, data: bytes) -> None:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.Parse(data, True)

    def _doctype(self, *_: Any) -> None:
        raise ReportError("the test report declares a document type, which is not read")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "testcase":
            self._case, self._ok, self._message = attributes, True, ""
        elif self._case is not None and name in ("failure", "error", "skipped"):
            self._ok = self._ok and name == "skipped"
            start = "skipped: " if name == "skipped" else ""
            self._message += start + attributes.get("message", "") + "\n"
            self._collecting = name != "skipped"

    def _end(self, name: str) -> None:
        if name in ("failure", "error"):
            self._collecting = False
        elif name == "testcase" and self._case is not None:
            if len(self.cases) < CASE_LIMIT:
                self.cases.append(self._made(self._case))
            self._case = None

    def _text(self, text: str) -> None:
        if self._collecting and len(self._message) < _MESSAGE_LIMIT:
            self._message += text

    def _made(self, attributes: dict[str, str]) -> TestCase:
        name, owner = attributes.get("name", ""), attributes.get("classname", "")
        path = attributes.get("file", "")
        parts = owner.split(".")
        for end in range(len(parts), 0, -1):
            if path:
                break
            candidate = "/".join(parts[:end]) + ".py"
            path = candidate if self._is_file(candidate) else ""
        return TestCase(
            name=visible(f"{owner}::{name}" if owner else name),
            path=visible(path),
            ok=self._ok,
            message=visible_lines(self._message.strip()[:_MESSAGE_LIMIT]),
        )
