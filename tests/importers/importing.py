"""Small sources of our own making, and what the tests ask of an import."""

import itertools
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent_tui.domain import events as e
from agent_tui.domain.patch import Patch, parse_patch
from agent_tui.domain.state import State
from agent_tui.sessions.importers.account import Account
from agent_tui.sessions.importers.load import Context, load
from agent_tui.sessions.redact import Redactor
from agent_tui.sessions.replay import fold

CHECKOUT = Path(__file__).parents[2]


def samples() -> Path | None:
    """Real sessions of other agents, where the machine has them."""
    named = os.environ.get("AGENT_TUI_SAMPLES")
    folder = Path(named) if named else CHECKOUT.parent / "shared" / "samples"
    return folder if folder.is_dir() else None


def sample(name: str) -> Path:
    """One of them; the test is skipped where they are not."""
    folder = samples()
    if folder is None:
        pytest.skip("no samples: set AGENT_TUI_SAMPLES to a folder of real sessions")
    found = sorted(folder.glob(name))
    if not found:
        pytest.skip(f"the samples have no {name}")
    return found[0]


@dataclass
class Read:
    """An import in memory."""

    records: list[e.Record]
    blob: Any
    account: Account

    @property
    def state(self) -> State:
        return fold(self.records)

    @property
    def patches(self) -> list[Patch]:
        return [parse_patch(self.blob(r.patch)) for r in self.state.revisions]

    def events(self, kind: type) -> list[Any]:
        return [r.event for r in self.records if isinstance(r.event, kind)]


def read(path: Path, counted: set[str] | None = None) -> Read:
    """Import a file into memory, and hold that every line is accounted for once."""
    context = Context(Redactor({}), counted=counted if counted is not None else set())
    records, blob, account = load(path, context)
    assert account.complete
    assert [r.seq for r in records] == list(range(len(records)))
    assert all(a.at <= b.at for a, b in itertools.pairwise(records))
    return Read(records, blob, account)


def write_lines(path: Path, lines: Iterable[Any]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


class Claude:
    """Writes lines as Claude Code does."""

    def __init__(self, session: str = "one", folder: str = "/home/dev/roman") -> None:
        self.lines: list[dict[str, Any]] = []
        self._session = session
        self._folder = folder
        self._clock = 0
        self._calls = 0

    def _add(self, kind: str, **fields: Any) -> None:
        self._clock += 1
        number = len(self.lines)
        self.lines.append(
            {
                "type": kind,
                "uuid": f"{self._session}-{number}",
                "parentUuid": f"{self._session}-{number - 1}" if number else None,
                "timestamp": f"2026-05-01T10:{self._clock // 60:02}:{self._clock % 60:02}.000Z",
                "sessionId": self._session,
                "cwd": self._folder,
                "gitBranch": "main",
                "version": "2.1.0",
                **fields,
            }
        )

    def asks(self, text: str, **fields: Any) -> None:
        self._add("user", message={"role": "user", "content": text}, **fields)

    def answers(self, message: str, *parts: dict[str, Any], output: int = 10) -> None:
        """One line for each part, as the agent does: all with the id and the usage of one call."""
        usage = {
            "input_tokens": 5,
            "cache_read_input_tokens": 100,
            "cache_creation_input_tokens": 20,
            "output_tokens": output,
        }
        for part in parts:
            body = {"id": message, "role": "assistant", "model": "claude-opus-4-6"}
            self._add("assistant", message={**body, "content": [part], "usage": usage})

    def result(self, call: str, said: str, told: Any = None, error: bool = False) -> None:
        part = {"type": "tool_result", "tool_use_id": call, "content": said, "is_error": error}
        message = {"role": "user", "content": [part]}
        self._add("user", message=message, toolUseResult=told)

    def edit(
        self, message: str, path: str, original: str | None, old: str, new: str, **more: Any
    ) -> None:
        """A call of the tool Edit, and its result."""
        self._calls += 1
        call = f"{self._session}-call-{self._calls}"
        given = {"file_path": path, "old_string": old, "new_string": new}
        self.answers(message, {"type": "tool_use", "id": call, "name": "Edit", "input": given})
        told = {
            "filePath": path,
            "oldString": old,
            "newString": new,
            "originalFile": original,
            "structuredPatch": [],
            "userModified": False,
            "replaceAll": False,
            **more,
        }
        self.result(call, "updated", told)

    def write(self, folder: Path) -> Path:
        return write_lines(folder / f"{self._session}.jsonl", self.lines)
