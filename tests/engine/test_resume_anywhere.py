"""A session that ended after any record goes on to one commit, and never to two.

The whole demo is run once; its log is then cut after each record, as if the process had ended
there, and the session is taken up by a new process on a copy of the repository.
"""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from agent_tui.bootstrap.demo import demo_options
from agent_tui.bootstrap.environment import Options, open_environment
from agent_tui.bootstrap.live import LiveSession
from agent_tui.bootstrap.starting import resume_session, start_session
from agent_tui.demo.repository import REQUEST
from agent_tui.domain import events as e
from agent_tui.domain.state import Phase
from agent_tui.sessions.replay import fold
from agent_tui.sessions.store import read_folder

CHECK = {
    "name": "tests",
    "command": [
        "{python}",
        "-S",
        "-c",
        "from durations import parse as p; assert p('2.05h')==7380",
    ],
    "timeout_s": 60.0,
}
"""Fails on the first attempt of the demo and passes on the second, in a tenth of the time."""

ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "XDG_"))},
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
}


def git(folder: Path, *args: str) -> str:
    done = subprocess.run(
        ["git", *args], cwd=folder, env=ENVIRONMENT, capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, (args, done.stderr)
    return done.stdout.strip()


@dataclass(frozen=True)
class Recording:
    """The demo's folder after a whole run, and what its log holds."""

    folder: Path
    options: Options
    session: str
    lines: tuple[bytes, ...]
    records: tuple[e.Record, ...]
    commit: e.CommitDone

    @property
    def root(self) -> Path:
        return self.folder / "durations"

    def at(self, kind: type[e.Event]) -> int:
        """How many records there are up to the first of that kind, itself included."""
        return next(n for n, r in enumerate(self.records, 1) if isinstance(r.event, kind))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recording]:
    with pytest.MonkeyPatch.context() as patch:
        for name in set(os.environ) - set(ENVIRONMENT):
            patch.delenv(name)
        patch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
        patch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
        # Paths are in the log and in git's own files, so every run is made in this one folder.
        folder = tmp_path_factory.mktemp("resume") / "demo"
        folder.mkdir()
        yield asyncio.run(record(folder))


async def record(folder: Path) -> Recording:
    made = await demo_options(folder, 0.0)
    options = replace(made, settings={**made.settings, "checks": [CHECK]})
    session = await start_session(await open_environment(options), REQUEST)
    await session.run()
    await session.close()
    saved = read_folder(session.folder)
    shutil.copytree(folder, folder.with_name("saved"), symlinks=True)
    [commit] = [r.event for r in saved.records if isinstance(r.event, e.CommitDone)]
    lines = (session.folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    assert len(lines) == len(saved.records)
    return Recording(folder, options, session.id, tuple(lines), saved.records, commit)


def rewind(recording: Recording, count: int, *, committed: bool) -> None:
    """The folder as it was, with the first *count* records; the worktree is gone.

    Args:
        committed: Whether the commit was made, and only the log does not say so.
    """
    shutil.rmtree(recording.folder)
    shutil.copytree(recording.folder.with_name("saved"), recording.folder, symlinks=True)
    log = recording.folder / "sessions" / recording.session / "events.jsonl"
    log.write_bytes(b"".join(recording.lines[:count]))
    if not committed:
        repo = recording.records[0].event.repo  # type: ignore[union-attr]
        git(recording.root, "reset", "-q", "--hard", repo.commit)
        git(recording.root, "update-ref", "-d", recording.commit.ref)


async def go_on(recording: Recording) -> LiveSession:
    env = await open_environment(recording.options)
    session = await resume_session(env, recording.session)
    try:
        await session.run()
    finally:
        await session.close()
    return session


def check(recording: Recording, session: LiveSession, count: int) -> None:
    state = session.state
    assert state.phase is Phase.DONE
    assert state.finished is not None
    assert state.finished.outcome == "committed"
    assert state.commit is not None
    assert state.commit.tree == recording.commit.tree
    assert not any(step.running for step in state.steps)
    # One commit on top of the base, which both branches name.
    root = recording.root
    assert git(root, "rev-list", "--count", "--all", "--branches", "--not", "--remotes") == "2"
    assert git(root, "rev-parse", "main", recording.commit.ref).split() == [state.commit.commit] * 2
    assert git(root, "rev-parse", "main^{tree}") == recording.commit.tree
    assert git(root, "status", "--porcelain") == ""
    git(root, "fsck", "--strict", "--no-dangling")
    assert not (recording.folder / "worktrees" / recording.session).exists()
    # The log is whole, tells the same story as the state, and names one commit.
    saved = read_folder(session.folder)
    assert not saved.problems
    assert repr(fold(saved.records)) == repr(state)
    events = [r.event for r in saved.records]
    assert sum(isinstance(event, e.CommitDone) for event in events) == 1
    assert sum(isinstance(event, e.SessionResumed) for event in events) == 1
    assert saved.records[:count] == recording.records[:count]
    numbers = [x.attempt for x in events if isinstance(x, e.AttemptProposed)]
    assert numbers == [1, 2]


TELLING = (e.StepOutput, e.ModelAsked, e.ModelAnswered, e.ToolCalled, e.ToolReturned)
"""Records that only tell what a step does: one of each kind stands for all."""


def every_cut(recording: Recording) -> list[int]:
    """After each other record; the last one ends the session."""
    return [
        number
        for number, record in enumerate(recording.records[:-1], 1)
        if not isinstance(record.event, TELLING)
    ]


def test_the_recording_is_the_demo(recording: Recording) -> None:
    checks = [r.event for r in recording.records if isinstance(r.event, e.ChecksFinished)]
    assert [c.results[0].ok for c in checks] == [False, True]
    assert len(every_cut(recording)) > 30


def test_a_cut_before_the_commit(recording: Recording) -> None:
    last = recording.at(e.CommitStarted)
    cuts = [*map(recording.at, TELLING), *(n for n in every_cut(recording) if n <= last)]
    for count in cuts:
        rewind(recording, count, committed=False)
        try:
            check(recording, asyncio.run(go_on(recording)), count)
        except BaseException as error:
            error.add_note(f"cut after {count}: {recording.records[count - 1].event!r:.300}")
            raise


def test_a_cut_when_the_commit_is_there_already(recording: Recording) -> None:
    """Between the commit and its record, after it, and with a log that lost its end."""
    first = recording.at(e.CommitStarted)
    early = [recording.at(e.AttemptProposed), recording.at(e.MessageProposed)]
    for count in [*early, *(n for n in every_cut(recording) if n >= first)]:
        rewind(recording, count, committed=True)
        try:
            session = asyncio.run(go_on(recording))
            check(recording, session, count)
            # It is the very commit that was there.
            assert session.state.commit.commit == recording.commit.commit
        except BaseException as error:
            error.add_note(f"cut after {count}: {recording.records[count - 1].event!r:.300}")
            raise


def test_a_record_that_is_torn_is_moved_aside(recording: Recording) -> None:
    count = recording.at(e.AttemptProposed)
    rewind(recording, count, committed=False)
    log = recording.folder / "sessions" / recording.session / "events.jsonl"
    with log.open("ab") as file:
        file.write(recording.lines[count][:40])
    session = asyncio.run(go_on(recording))
    check(recording, session, count)
    assert session.state.notes


def test_a_worktree_that_is_still_there_is_used(recording: Recording) -> None:
    count = recording.at(e.AttemptProposed)
    rewind(recording, count, committed=False)

    async def leave_a_worktree() -> Path:
        env = await open_environment(recording.options)
        session = await resume_session(env, recording.session)
        (session.worktree / "left over.txt").write_text("from before\n")
        await session.leave()
        await session.close()
        return session.worktree

    worktree = asyncio.run(leave_a_worktree())
    assert (worktree / "left over.txt").exists()
    session = asyncio.run(go_on(recording))
    assert session.state.finished is not None
    assert session.state.finished.outcome == "committed"
    assert git(recording.root, "rev-parse", "main^{tree}") == recording.commit.tree


def test_a_finished_session_is_not_taken_up(recording: Recording) -> None:
    rewind(recording, len(recording.lines), committed=True)
    with pytest.raises(Exception, match="is finished"):
        asyncio.run(go_on(recording))
    lines = (recording.folder / "sessions" / recording.session / "events.jsonl").read_bytes()
    assert lines == b"".join(recording.lines)
    assert json.loads(lines.splitlines()[-1])["type"] == "session.finished"
