"""What every test needs: its own home, a git that reads no one's settings, one async backend.

And what every session that a test runs is held to: its log replays as it was live, at every event.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from agent_tui.domain.base import Actor
from agent_tui.domain.events import Event, Record
from agent_tui.domain.state import State
from agent_tui.engine.recorder import Recorder
from agent_tui.sessions.log import SessionLog
from tests.live_states import differences
from tests.shells import Shell

_REPLAYED = {"sessions": 0, "states": 0}

# No test is a measurement of time. CI looks at the same examples each time, as hypothesis does
# there by itself; every other run looks at new ones.
settings.register_profile("agent-tui", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("agent-tui")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def isolated_environment(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A home of its own, no git settings from outside, and no inherited git state."""
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith(("GIT_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    yield home


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Runs commands, with a home of its own."""
    home = tmp_path / "home"
    home.mkdir()
    return Shell(home)


@pytest.fixture(autouse=True)
def replay_equals_live(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each log that an engine of this test wrote folds to the engine's state after every record."""
    live: dict[Path, dict[int, State]] = {}
    append = Recorder._append

    async def noting(self: Recorder, event: Event, actor: Actor, durable: bool) -> Record:
        record = await append(self, event, actor, durable)
        if isinstance(self._sink, SessionLog):
            states = live.setdefault(self._sink.folder, {})
            if states and next(reversed(states)) >= record.seq:
                states.clear()  # the test has put another log in its place since then
            states[record.seq] = self.state
        return record

    monkeypatch.setattr(Recorder, "_append", noting)
    yield
    wrong: list[str] = []
    for folder, states in live.items():
        compared, found = differences(folder, states)
        wrong += found
        _REPLAYED["sessions"] += compared > 0
        _REPLAYED["states"] += compared
    assert not wrong, f"replayed, the state is another than it was live: {wrong[:5]}"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process that runs a part of the tests tells the first one its counts."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["replayed"] = _REPLAYED


class _Counts:
    """Adds up what the processes tell; loaded only where the tests run in several."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """One of them has ended."""
        for name, count in getattr(node, "workeroutput", {}).get("replayed", {}).items():
            _REPLAYED[name] += count


def pytest_configure(config: pytest.Config) -> None:
    """Listen to the processes."""
    config.pluginmanager.register(_Counts())


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how much was compared."""
    if _REPLAYED["states"]:
        terminalreporter.write_line(
            f"replay equals live: {_REPLAYED['states']:,} states of {_REPLAYED['sessions']:,} "
            "sessions, by hash"
        )
