"""Hostile text in every place that somebody else writes: none of it reaches the terminal raw."""

import asyncio
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.screen import Screen

import agent_tui.ui
from agent_tui.config.paths import shipped_sessions
from agent_tui.sessions.store import open_path
from tests.terminal.hostile import MARK, PAYLOADS, leaks, script, shown, toml, write_poisoned
from tests.terminal.pty_driver import running
from tests.workspace.workspace_helpers import Repo

SCREENS = {
    "replay": {"SessionScreen", "HelpDialog", "PickDialog", "AskDialog", "ForkDialog"},
    "home": {"HomeScreen", "CompareScreen"},
    "saved": {"SavedScreen", "SessionScreen"},
    "live": {
        "SessionScreen", "ConfirmDialog", "CommentDialog", "ReasonDialog", "EditDialog",
        "FindingDialog", "AlwaysDialog", "FilesDialog", "LineDialog", "PickDialog",
    },
    "fault": {"SessionScreen", "ModelDialog"},
}  # fmt: skip
"""What each scenario shows at least."""

BASES = {"Dialog", "DraftScreen", "ListDialog", "ListScreen", "RowsDialog", "SessionsScreen"}
"""What others are made of."""

pytestmark = pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)


@pytest.fixture
def place(tmp_path: Path, env: dict[str, str], payload: str) -> Path:
    """A repository, its settings, a script and a poisoned session, all of them hostile."""
    repo = Repo(tmp_path / "repo").init()
    repo.git(
        "config", "user.name", "Eve " + payload.translate(dict.fromkeys(map(ord, "<>\n\r\x0b\x0c")))
    )
    repo.put("b.txt", f"{payload} one\nfirst\n")
    repo.put(f"old {payload.replace('/', '_')}.txt", "x\n")
    repo.commit("base")
    repo.put(
        "agent-tui.toml", f'[[checks]]\nname = {toml(payload)}\ncommand = ["x", {toml(payload)}]\n'
    )
    (tmp_path / "script.toml").write_text(script(payload), encoding="utf-8")
    config = tmp_path / "home" / ".config" / "agent-tui" / "config.toml"
    config.parent.mkdir(parents=True)
    code = f"import sys; print({payload + ' out'!r}); print({payload!r}, file=sys.stderr)"
    config.write_text(
        f'[[checks]]\nname = {toml(payload)}\ncommand = ["{{python}}", "-c", {toml(code)}]\n'
        '[sandbox]\nuse = "none"\n',
        encoding="utf-8",
    )
    return tmp_path


def poison(place: Path, payload: str, name: str = "20261122-000000-aaaa") -> int:
    saved = open_path(shipped_sessions() / "person-steps-in")
    folder = place / "sessions" / name
    return asyncio.run(write_poisoned(saved, payload, folder, place / "repo"))


@pytest.mark.parametrize("scenario", ["replay", "home", "saved", "live", "fault"])
def test_no_screen_lets_it_through(
    place: Path, env: dict[str, str], payload: str, scenario: str
) -> None:
    count = poison(place, payload) if scenario in ("replay", "home", "saved") else 0
    if scenario == "home":
        count += poison(place, payload, "20261122-000000-bbbb")  # two can be compared
    words = [scenario, str(place), f"{payload} please"]
    if scenario == "replay":
        words.append(str(place / "sessions" / "20261122-000000-aaaa"))
    options = {"module": "tests.terminal.hostile_app", "size": (160, 48)}
    with running(words, env, place, **options) as program:
        code = program.end()
    problem = place / "problem"
    assert code == 0, problem.read_text() if problem.exists() else program.tail()
    screens = set((place / "screens").read_text().split("\n"))
    assert SCREENS[scenario] <= screens, problem.read_text() + program.tail()
    output = bytes(program.output)
    found = leaks(output.replace(b"\0end\0", b""))
    print(f"{count} hostile texts, shown {shown(output)} times, {sum(found.values())} leaks")
    assert found == {}
    assert shown(output) > 2


def test_no_screen_is_forgotten(payload: str) -> None:
    """A new screen needs a scenario that shows it."""
    for module in pkgutil.walk_packages(agent_tui.ui.__path__, "agent_tui.ui."):
        importlib.import_module(module.name)

    def below(kind: type[Screen[Any]]) -> Iterator[str]:
        for inner in kind.__subclasses__():
            if inner.__module__.startswith("agent_tui."):
                yield inner.__name__
            yield from below(inner)

    assert set(below(Screen)) == BASES.union(*SCREENS.values())


def run(place: Path, env: dict[str, str], *words: str) -> bytes:
    done = subprocess.run(
        [sys.executable, "-m", "agent_tui", *words],
        env=env, cwd=place / "repo", capture_output=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert b"Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_no_plain_output_lets_it_through(place: Path, env: dict[str, str], payload: str) -> None:
    session = str(place / "sessions" / "20261122-000000-aaaa")
    poison(place, payload)
    sessions = ("--sessions", str(place / "sessions"))
    live = (*sessions, "--headless", "--script", str(place / "script.toml"))
    argument = payload.replace("\0", "")
    outputs = {
        "run": run(place, env, "run", f"{payload} please", *live),
        "run --json": run(place, env, "run", f"{payload} please", *live, "--json"),
        "replay": run(place, env, "replay", session, "--headless"),
        "replay --json": run(place, env, "replay", session, "--headless", "--json"),
        "sessions": run(place, env, "sessions", "--all", *sessions),
        "config": run(place, env, "config"),
        "unknown session": run(place, env, "resume", argument, *live),
        "unknown path": run(place, env, "replay", f"/{argument}", "--headless"),
        "unknown setting": run(place, env, "config", "--set", f"{argument}=x"),
        "unknown model": run(place, env, "run", "x", "--headless", "--coder", f"a:{argument}"),
        "no such command": run(place, env, argument),
        "no such option": run(place, env, "run", "x", f"--{argument}"),
    }
    found = {name: leaks(output.replace(b"\n", b"")) for name, output in outputs.items()}
    assert {name: leaked for name, leaked in found.items() if leaked} == {}
    for name in ("run", "run --json", "replay", "replay --json", "sessions"):
        assert MARK.encode() in outputs[name], name


def test_exact_bytes_are_not_for_a_terminal(place: Path, env: dict[str, str], payload: str) -> None:
    """What a pipe gets to the byte, a terminal gets made safe."""
    (place / "home" / ".config" / "agent-tui" / "config.toml").unlink()
    sessions = ("--sessions", str(place / "sessions"))
    quiet = payload.replace("\0", "")
    run(place, env, "run", f"{quiet} please", *sessions, "--headless", "--script",
        str(place / "script.toml"))  # fmt: skip
    (session,) = [folder.name for folder in (place / "sessions").iterdir()]
    for words in (
        ("show", f"{session}@end", "--patch"),
        ("show", f"{session}@end", "--file", "b.txt"),
        ("export", session, "--format", "asciinema", "-o", "-"),
    ):
        piped = run(place, env, "sessions", *words, *sessions)
        if words[0] == "show":
            assert payload.encode() in piped, words
        with running(("sessions", *words, *sessions), env, place / "repo") as program:
            assert program.end() == 0, program.tail()
        assert leaks(bytes(program.output).replace(b"\0end\0", b"").replace(b"\t", b"")) == {}
        assert shown(bytes(program.output)) > 0, words


def test_the_scan_can_fail(payload: str) -> None:
    assert len(leaks(payload.encode())) > 5
    assert not leaks(b"\x1b[38;5;1mplain\x1b[0m text\x1b[?2026h")
