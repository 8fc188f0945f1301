"""Forks that decide otherwise, say something else, or go on in another clone."""

import asyncio
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from agent_tui.bootstrap import library as lib
from agent_tui.bootstrap.demo import demo_options
from agent_tui.bootstrap.environment import Options, UsageError, open_environment
from agent_tui.bootstrap.forking import Decision, ForkWish, fork_session
from agent_tui.bootstrap.importing import import_sessions
from agent_tui.bootstrap.saved import find_saved, look_at
from agent_tui.bootstrap.starting import resume_session, start_session
from agent_tui.cli import main
from agent_tui.config.paths import shipped_sessions
from agent_tui.demo.repository import REQUEST
from agent_tui.domain import events as e
from agent_tui.domain.state import Phase, State
from agent_tui.engine.spec_text import spec_to_text
from agent_tui.sessions.saved import SavedSession

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Options, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
        patch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
        folder = tmp_path_factory.mktemp("forks")

        async def go() -> tuple[Options, str]:
            options = await demo_options(folder, 0.0)
            session = await start_session(await open_environment(options), REQUEST)
            await session.run()
            await session.close()
            return options, session.id

        return asyncio.run(go())


async def forked(
    options: Options, name: str, wish: ForkWish, folder: Path | None = None
) -> tuple[SavedSession, State]:
    saved, position = lib.at_step(options, name)
    env = await open_environment(replace(options, folder=folder or options.folder))
    child = look_at(options, await fork_session(env, saved, position, wish))
    child.read_all()
    return child, child.log.state_at(len(child.log))


@pytest.mark.parametrize(
    ("step", "decision", "phase"),
    [
        ("spec", "approve", Phase.CODE), ("spec", "reject", Phase.PLAN),
        ("diff1", "approve", Phase.CHECK), ("diff1", "reject", Phase.CODE),
        ("diff1", "stop", Phase.FINISH), ("message", "approve", Phase.COMMIT),
    ],
)  # fmt: skip
async def test_a_gate_is_decided_otherwise(
    made: tuple[Options, str], step: str, decision: Decision, phase: Phase
) -> None:
    options, session = made
    kind = step.rstrip("1")
    wish = ForkWish("Too narrow.", decision=decision)
    child, state = await forked(options, f"{session}@{step}", wish)
    assert state.phase is phase
    assert state.gate is None
    last = state.decisions[-1]
    assert (last.actor, last.event.kind, last.event.choice) == ("person", kind, decision)
    assert ("Too narrow." in last.event.sends) is (decision == "reject")
    assert bool(last.event.approval) is (decision == "approve" and kind != "spec")
    assert state.parent is not None
    assert state.parent.changes[-1].startswith(f"{kind}: ")
    # The parent is named by the place and the checksum of its last record that was taken over.
    parent = look_at(options, session)
    parent.read_all()
    assert state.parent.digest == parent.digest_at(state.parent.seq + 1)
    assert not lib.verify_session(options, child.id).problems


async def test_at_a_decisions_own_step_the_fork_begins_before_it(made: tuple[Options, str]) -> None:
    options, session = made
    saved, last = lib.at_step(options, session)
    place = next(n for n in range(last) if isinstance(saved.log[n].event, e.GateDecided)) + 1
    wish = ForkWish("Say what a minute is.", decision="reject")
    _, state = await forked(options, f"{session}@{place}", wish)
    assert [d.event.choice for d in state.decisions] == ["reject"]
    assert state.rejection
    # The loop takes it from there: the planner answers the rejection.
    env = await open_environment(options)
    going = await resume_session(env, look_at(options, state.session.session).id)  # type: ignore[union-attr]
    await going.run()
    await going.close()
    assert len(going.state.specs) == 2
    assert going.state.finished is not None
    assert going.state.finished.outcome == "committed"


async def test_ones_own_spec_and_message(made: tuple[Options, str]) -> None:
    options, session = made
    saved, at = lib.at_step(options, f"{session}@spec")
    spec = saved.log.state_at(at).spec
    assert spec is not None
    text = spec_to_text(spec.spec).replace("Read durations", "Take durations")
    wish = ForkWish(spec=text, decision="approve")
    _, state = await forked(options, f"{session}@spec", wish)
    assert state.phase is Phase.CODE
    assert state.spec is not None
    assert (state.spec.version, state.spec.author) == (spec.version + 1, "person")
    assert state.spec.spec.title.startswith("Take durations")
    _, state = await forked(options, f"{session}@spec", ForkWish(spec=text, decision="edit"))
    assert state.phase is Phase.SPEC_GATE
    wish = ForkWish(message="Mine\n\nAll of it.\n", decision="approve")
    child, state = await forked(options, f"{session}@message", wish)
    assert state.phase is Phase.COMMIT
    going = await resume_session(await open_environment(options), child.id)
    await going.run()
    await going.close()
    assert going.state.commit is not None
    commit = going.state.commit.commit
    said = await asyncio.to_thread(_git, going.repository, "log", "-1", "--format=%s", commit)
    assert said == "Mine"


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("step", "wish", "words"),
    [
        ("a1", ForkWish(decision="approve"), "Nothing waits for a decision"),
        ("diff1", ForkWish(decision="reject"), "needs --reason"),
        ("diff1", ForkWish(decision="edit"), "needs what you wrote"),
        ("diff1", ForkWish(spec="# x", decision="approve"), "goes with a spec gate"),
        ("diff1", ForkWish(message="x", decision="approve"), "goes with a decision at a message"),
        ("spec", ForkWish(spec="", message="x"), "goes with a decision at a message"),
    ],
)
async def test_what_does_not_go_together(
    made: tuple[Options, str], step: str, wish: ForkWish, words: str
) -> None:
    options, session = made
    before = sorted(path.name for path in options.sessions.iterdir())  # type: ignore[union-attr]
    with pytest.raises(UsageError, match=words):
        await forked(options, f"{session}@{step}", wish)
    assert sorted(path.name for path in options.sessions.iterdir()) == before  # type: ignore[union-attr]


async def test_a_clone_goes_on_where_it_has_what_is_needed(
    made: tuple[Options, str], tmp_path: Path
) -> None:
    options, session = made
    clone = tmp_path / "clone"
    await asyncio.to_thread(_git, tmp_path, "clone", "--quiet", options.folder.as_uri(), str(clone))
    for key, value in (("user.name", "A"), ("user.email", "a@example.org")):
        await asyncio.to_thread(_git, clone, "config", key, value)
    # The trees of an attempt are in the first repository alone.
    with pytest.raises(UsageError, match="does not have the files that it had at step"):
        await forked(options, f"{session}@diff1", ForkWish(), clone)
    child, state = await forked(options, f"{session}@spec", ForkWish(decision="approve"), clone)
    assert state.session is not None
    assert state.session.repo.root == str(clone)
    assert f"repository: {clone}" in state.parent.changes  # type: ignore[union-attr]
    env = await open_environment(replace(options, folder=clone))
    going = await resume_session(env, child.id)
    await going.run()
    await going.close()
    assert going.state.commit is not None
    commit = going.state.commit.commit
    assert await asyncio.to_thread(_git, clone, "cat-file", "-t", commit) == "commit"


async def test_shipped_and_imported_sessions_refuse_at_once(
    made: tuple[Options, str], capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    options, _ = made
    shutil.copytree(shipped_sessions() / "person-steps-in", tmp_path / "20261122-110000-abcd")
    with pytest.raises(UsageError, match=r"does not have the commit .* name its repository"):
        await forked(options, str(tmp_path / "20261122-110000-abcd@spec1"), ForkWish())
    source = tmp_path / "chat.jsonl"
    source.write_text(
        '{"type":"user","uuid":"a","parentUuid":null,"sessionId":"s","version":"2.1.0",'
        '"timestamp":"2026-11-22T10:00:00Z","cwd":"/x","message":{"role":"user","content":"Hi"}}\n'
    )
    [found] = import_sessions(replace(options, sessions=tmp_path / "store"), source)
    assert found.session
    with pytest.raises(UsageError, match="which alone knows how to go on"):
        await forked(options, str(tmp_path / "store" / f"{found.session}@1"), ForkWish())
    assert find_saved(options, str(source)).records
    monkeypatch.chdir(options.folder)
    words = ["sessions", "fork", "person-steps-in@spec1", "--repo", str(tmp_path / "none")]
    assert await asyncio.to_thread(main, words) == 2
    assert "there is no such folder" in capsys.readouterr().err
