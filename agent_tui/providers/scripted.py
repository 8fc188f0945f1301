"""Models that answer from a script: a TOML file. They power the demo and the tests.

A script has a list of entries for each role. The first entry whose ``when`` patterns are all found
in the conversation's opening message, and whose ``unless`` patterns are not, gives the answers; so
what a script says depends only on what it is told, and a resumed session goes on where it stood::

    [[coder]]
    when = ["Attempt 1"]
    [[coder.call]]
    thinking = "Let me look first."
    tools = [{ name = "read_file", arguments = { path = "a.py" } }]
    [[coder.call]]
    when = ["AC5"]                 # only if the opening message says so
    text = "Done."

The n-th answer of a conversation is the n-th of the entry's calls. ``[coder.recover]`` is the call
made instead when a tool call failed.
"""

import asyncio
import json
import re
import time
import tomllib
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from agent_tui.domain.base import ModelRef, Role
from agent_tui.domain.turn import (
    Done,
    Message,
    ModelError,
    ModelEvent,
    ModelRequest,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallStarted,
)
from agent_tui.domain.usage import Latency, Usage

_WORD = re.compile(r"\S+\s*|\s+")


class ScriptError(ValueError):
    """The file is not a script; the text names the file and the place."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")

    when: list[str] = []
    unless: list[str] = []

    @field_validator("when", "unless")
    @classmethod
    def _compiles(cls, patterns: list[str]) -> list[str]:
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"bad pattern {pattern!r}: {error}") from error
        return patterns

    def fits(self, opening: str) -> bool:
        return all(re.search(p, opening) for p in self.when) and not any(
            re.search(p, opening) for p in self.unless
        )


class _Tool(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    arguments: dict[str, Any] = {}


class _Call(_Part):
    thinking: str = ""
    text: str = ""
    answer: dict[str, Any] | None = None
    tools: list[_Tool] = []


class _Entry(_Part):
    call: list[_Call]
    recover: _Call | None = None


class Script(BaseModel):
    """The answers of all roles."""

    model_config = ConfigDict(extra="forbid")

    planner: list[_Entry] = []
    coder: list[_Entry] = []
    reviewer: list[_Entry] = []

    def entries(self, role: Role) -> list[_Entry]:
        """The entries of one role."""
        return {"planner": self.planner, "coder": self.coder, "reviewer": self.reviewer}[role]


def load_script(path: Path) -> Script:
    """Read a script.

    Raises:
        ScriptError: If the file cannot be read or is not a script.
    """
    try:
        return Script.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise ScriptError(f"{path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScriptError(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ScriptError(f"{path}: {place}: {first['msg']}") from error


def words(text: str) -> list[str]:
    """The pieces that are streamed one by one. Their number stands in for tokens."""
    return _WORD.findall(text)


class _Pace:
    """Keeps a speed: a step that came late is made up for by the next ones.

    Args:
        pause: Seconds of a step; 0 is as fast as it goes.
    """

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time()

    async def step(self, size: float = 1.0) -> None:
        """Wait for the next step."""
        self._due += self._pause * size
        await asyncio.sleep(max(0.0, self._due - self._loop.time()))


class ScriptedModel:
    """One role's model, answering from a script.

    Args:
        ref: The name it is shown under.
        script: The answers.
        words_per_s: How fast it streams; 0 means without any pause.
        monotonic: Seconds of a clock, for the latencies.
    """

    def __init__(
        self,
        ref: ModelRef,
        script: Script,
        *,
        words_per_s: float = 0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ref = ref
        self._script = script
        self._pause = 1 / words_per_s if words_per_s else 0.0
        self._monotonic = monotonic

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """Stream the call of the script that fits.

        Raises:
            ModelError: Of kind ``exhausted`` when the script has no answer to this.
        """
        began = self._monotonic()
        pace = _Pace(self._pause)
        call = self._choose(request)
        text = json.dumps(call.answer, ensure_ascii=False, indent=1) if call.answer else call.text
        count = 0
        first: float | None = None
        for kind, body in ((ThinkingDelta, call.thinking), (TextDelta, text)):
            for word in words(body):
                await pace.step()
                first = self._monotonic() - began if first is None else first
                count += 1
                yield kind(word)
        turn = sum(message.role == "assistant" for message in request.messages)
        calls = []
        for index, tool in enumerate(call.tools):
            made = ToolCall(f"call-{turn}-{index}", tool.name, json.dumps(tool.arguments))
            yield ToolCallStarted(made.id, made.name)
            for word in words(made.arguments):
                await pace.step(0.25)
                first = self._monotonic() - began if first is None else first
                count += 1
                yield ToolCallDelta(made.id, word)
            calls.append(made)
        sent = [request.system, *(_text(message) for message in request.messages)]
        yield Done(
            stop="tool_use" if calls else "end",
            message=Message(role="assistant", text=text, calls=tuple(calls)),
            usage=Usage(input_tokens=sum(len(words(s)) for s in sent), output_tokens=count),
            latency=Latency(
                first_byte_s=first, first_token_s=first, total_s=self._monotonic() - began
            ),
        )

    async def close(self) -> None:
        """There is nothing to let go of."""

    def _choose(self, request: ModelRequest) -> _Call:
        opening = request.messages[0].text
        entry = next((e for e in self._script.entries(request.role) if e.fits(opening)), None)
        turn = sum(message.role == "assistant" for message in request.messages)
        failed = any(not result.ok for result in request.messages[-1].results)
        if entry is not None and failed and entry.recover is not None:
            return entry.recover
        calls = [call for call in entry.call if call.fits(opening)] if entry else []
        if turn >= len(calls):
            raise ModelError(
                "exhausted",
                f"The script has no more answers for the {request.role}. "
                "It is a fixed text; a real model would go on from here.",
            )
        return calls[turn]


def _text(message: Message) -> str:
    return "\n".join([message.text, *(result.text for result in message.results)])
