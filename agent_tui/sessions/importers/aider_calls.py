"""aider's log of calls (``--llm-history-file``), and its history of inputs."""

import re
from dataclasses import dataclass, field
from datetime import datetime

from agent_tui.sessions.importers.account import FileAccount
from agent_tui.sessions.importers.blocks import search_replace_blocks
from agent_tui.sessions.importers.builder import Builder
from agent_tui.sessions.importers.reading import Reading
from agent_tui.sessions.importers.values import time_of

_CALL = re.compile(r"TO LLM (\S+)$")
_ANSWER = re.compile(r"LLM RESPONSE (\S+)$")
_ROLE = re.compile(r"(SYSTEM|USER|ASSISTANT|TOOL) ?(.*)$", re.DOTALL)
_SHOWN = "*Trust this message as the true contents of these files!*"
_FENCED = re.compile(r"^(\S[^\n`]*)\n(`{3,})[^\n]*\n(.*?)\n\2$", re.MULTILINE | re.DOTALL)


@dataclass
class _Message:
    role: str
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def read_calls(reading: Reading, account: FileAccount) -> None:
    """Tell the builder the last request of each call, and the model's answer to it."""
    reader = _Calls(reading.out)
    for number, raw in reading.source.lines():
        line = raw.decode("utf-8", "replace")
        kind = reader.take(line)
        reason = "instructions, examples and history that each call repeats"
        if kind == "SYSTEM":
            account.add(number, kind, "dropped", reason)
        elif kind == "blank":
            account.add(number, kind, "dropped", "a line between messages")
        else:
            account.add(number, kind, "imported")
    reader.end()
    reading.out.note("Every call repeats the conversation; its last request is taken.")


class _Calls:
    def __init__(self, out: Builder) -> None:
        self.out = out
        self._at: datetime | None = None
        self._answering = False
        self._messages: list[_Message] = []
        self._asked = ""

    def take(self, line: str) -> str:
        """Take a line; its kind for the account."""
        call, answer = _CALL.match(line), _ANSWER.match(line)
        if mark := call or answer:
            self.end()
            self._at = time_of(mark[1])
            self._answering = answer is not None
            return "call" if call else "answer"
        if line.startswith("-------"):
            self._messages.append(_Message("none"))
            return "blank"
        told = _ROLE.match(line)
        if told is None:
            return "blank"
        if not self._messages or self._messages[-1].role not in ("none", told[1]):
            self._messages.append(_Message(told[1]))
        self._messages[-1].role = told[1]
        self._messages[-1].lines.append(told[2])
        return told[1]

    def end(self) -> None:
        """The call or the answer is complete."""
        messages = [m for m in self._messages if m.lines]
        self._messages = []
        if self._answering:
            self._answer("\n".join(m.text for m in messages))
            return
        for message in messages:
            if message.role == "USER" and _SHOWN in message.text:
                for path, _, content in _FENCED.findall(message.text):
                    self.out.files.saw(path.strip(), content + "\n")
        asked = [m.text for m in messages if m.role == "USER"]
        if asked and asked[-1] != self._asked:
            self._asked = asked[-1]
            self.out.request(self._asked, self._at)

    def _answer(self, said: str) -> None:
        self.out.says(said, self._at)
        blocks = search_replace_blocks(said)
        for block in blocks:
            self.out.files.replaced(block.path, block.search, block.replace)
        if blocks:
            self.out.note("Whether edits were applied: the log of calls does not say; all are.")
        self._answering = False


def read_inputs(reading: Reading, account: FileAccount) -> None:
    """Tell the builder each input of the person; there is nothing else in this file."""
    at: datetime | None = None
    entry: list[str] = []
    last: list[str] = []

    def flush() -> None:
        nonlocal last, entry
        if entry and entry != last:  # aider writes each twice
            reading.out.request("\n".join(entry), at)
            last = entry
        entry = []

    for number, raw in reading.source.lines():
        line = raw.decode("utf-8", "replace")
        if line.startswith("# "):
            flush()
            at = time_of(line[2:].strip())
            account.add(number, "time", "imported")
        elif line.startswith("+"):
            entry.append(line[1:])
            account.add(number, "input", "imported")
        else:
            account.add(number, "blank", "dropped", "an empty line")
    flush()
    reading.out.note("What the agent did: this file has the inputs alone.")
