"""aider: ``.aider.chat.history.md`` (lossy Markdown), its log of calls, and its input history.

The chat history has prompts behind ``####``, the program's words behind ``>``, and all else is the
model's. The log of calls (``--llm-history-file``) shows the files as the model saw them.
"""

import re
from datetime import datetime
from decimal import Decimal

from agent_tui.domain.base import ModelRef
from agent_tui.domain.usage import Usage
from agent_tui.sessions.importers.account import FileAccount
from agent_tui.sessions.importers.aider_calls import read_calls, read_inputs
from agent_tui.sessions.importers.blocks import Block, search_replace_blocks
from agent_tui.sessions.importers.builder import Builder
from agent_tui.sessions.importers.reading import Reading
from agent_tui.sessions.importers.sniff import Head
from agent_tui.sessions.importers.values import model_ref, time_of

NAME = "aider"
AGENT = "aider"
UNKNOWN = (
    "The time zone: aider writes local times, and they are taken for UTC.",
    "The files before an edit, as far as the log does not show them.",
    "Exact tokens: the chat history rounds them.",
)
_START = re.compile(r"# aider chat started at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")
_INPUT = re.compile(r"\s*# \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\n\+")
_TOKENS = re.compile(
    r"Tokens: ([\d.,]+)(k|M)? sent(?:, ([\d.,]+)(k|M)? cache write)?"
    r"(?:, ([\d.,]+)(k|M)? cache hit)?, ([\d.,]+)(k|M)? received\."
    r"(?: Cost: \$([\d.]+) message)?"
)
_FACTOR = {"k": 1_000, "M": 1_000_000, None: 1}


def matches(head: Head) -> bool:
    """Text that begins like one of aider's three files."""
    start = head.text.lstrip()
    return bool(_START.match(start) or start.startswith("TO LLM ") or _INPUT.match(head.text[:200]))


def read(reading: Reading) -> None:
    """Tell the builder what the file says, whichever of the three it is."""
    head = reading.source.head(400).decode("utf-8", "replace")
    account = reading.account()
    if head.lstrip().startswith("TO LLM "):
        read_calls(reading, account)
    elif _INPUT.match(head):
        read_inputs(reading, account)
    else:
        _Chat(reading.out, account).read(reading)


class _Chat:
    def __init__(self, out: Builder, account: FileAccount) -> None:
        self.out = out
        self._account = account
        self._at: datetime | None = None
        self._model: ModelRef | None = None
        self._prompt: list[str] = []
        self._text: list[str] = []
        self._blocks: list[Block] = []
        self._answers = 0

    def read(self, reading: Reading) -> None:
        for number, raw in reading.source.lines():
            line = raw.decode("utf-8", "replace").rstrip("\r")
            start = _START.match(line)
            if not line.startswith("#### ") and self._prompt:
                self.out.request("\n".join(self._prompt), self._at)
                self._prompt = []
            if start:
                self._end_text()
                self._at = time_of(start[1])
                self._account.add(number, "start", "imported")
            elif line.startswith("#### "):
                self._end_text()
                self._prompt.append(line[5:].rstrip())
                self._account.add(number, "prompt", "imported")
            elif line.startswith("> "):
                self._end_text()
                self._program(line[2:].rstrip())
                self._account.add(number, "program", "imported")
            elif line.strip() or self._text:
                self._text.append(line)
                self._account.add(number, "model", "imported")
            else:
                self._account.add(number, "blank", "dropped", "an empty line")
        if self._prompt:
            self.out.request("\n".join(self._prompt), self._at)
        self._end_text()
        if self._blocks:
            names = ", ".join(sorted({block.path for block in self._blocks}))
            self.out.note(f"The log does not say that the last edits were applied: {names}.")

    def _end_text(self) -> None:
        said = "\n".join(self._text).strip("\n")
        self._text = []
        if said.strip():
            self.out.says(said, self._at, self._model)
            self._blocks += search_replace_blocks(said)

    def _program(self, line: str) -> None:
        out = self.out
        if line.startswith("Aider v"):
            out.about(version=line[7:])
        elif line.startswith(("Model: ", "Main model: ")):
            name = line.partition(": ")[2].split(" with ")[0]
            self._model = model_ref("unknown", name)
        elif line.startswith("Applied edit to "):
            path = line.removeprefix("Applied edit to ").strip()
            self._apply(path)
            out.notice(line, self._at)
        elif tokens := _TOKENS.search(line):
            self._answers += 1
            usage, dollars = _usage(tokens)
            out.answered(
                f"answer-{self._answers}", usage, self._at, dollars=dollars, model=self._model
            )
        elif self.out.started:
            out.notice(line, self._at)

    def _apply(self, path: str) -> None:
        mine = [block for block in self._blocks if block.path == path]
        self._blocks = [block for block in self._blocks if block.path != path]
        for block in mine:
            self.out.files.replaced(path, block.search, block.replace)


def _usage(found: re.Match[str]) -> tuple[Usage, Decimal | None]:
    def count(group: int) -> int:
        value = found[group]
        return int(Decimal(value.replace(",", "")) * _FACTOR[found[group + 1]]) if value else 0

    sent, write, hit, received = count(1), count(3), count(5), count(7)
    usage = Usage(
        input_tokens=sent,
        cache_read_tokens=hit,
        cache_write_tokens=write,
        output_tokens=received,
    )
    return usage, Decimal(found[9]) if found[9] else None
