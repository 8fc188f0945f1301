"""The coder's command lines: where they run, what they see, how they end."""

import asyncio
import os
from pathlib import Path

import pytest

from agent_tui.workspace.commands import WorktreeCommands

pytestmark = pytest.mark.anyio


async def output(root: Path, line: str, **options: float) -> str:
    pieces: list[str] = []
    done = await WorktreeCommands(root).run(
        line, timeout_s=options.get("timeout_s", 30.0), on_output=pieces.append
    )
    assert done.exit_code == 0, done
    assert "".join(pieces) == done.output
    return done.output


async def test_it_is_bash_in_the_worktree(tmp_path: Path) -> None:
    assert await output(tmp_path, 'pwd; echo "${BASH_VERSION:+bash}" > made') == f"{tmp_path}\n"
    assert (tmp_path / "made").read_text() == "bash\n"


async def test_it_sees_no_secret_and_nothing_that_bends_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "evil.sh").write_text("echo evil\n")
    (tmp_path / "ls").write_text("#!/bin/sh\necho evil\n")
    (tmp_path / "ls").chmod(0o755)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hidden")
    monkeypatch.setenv("BASH_ENV", str(tmp_path / "evil.sh"))
    monkeypatch.setenv("BASH_FUNC_ls%%", "() { echo evil; }")
    monkeypatch.setenv("CDPATH", "/")
    monkeypatch.setenv("SHELLOPTS", "xtrace")
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.pathsep}{os.environ['PATH']}")
    said = await output(tmp_path, "env; ls")
    assert "sk-hidden" not in said
    assert "evil\n" not in said.replace("evil.sh\n", "")
    assert "CDPATH" not in said


async def test_it_is_ended_in_time_with_all_it_started(tmp_path: Path) -> None:
    line = "(while :; do echo x >> alive; sleep 0.01; done) & echo started; wait"
    done = await WorktreeCommands(tmp_path).run(line, timeout_s=0.5, on_output=lambda _: None)
    assert done.exit_code is None
    assert "time limit" in done.problem
    size = (tmp_path / "alive").stat().st_size
    await WorktreeCommands(tmp_path).run("sleep 0.1", timeout_s=5, on_output=lambda _: None)
    assert (tmp_path / "alive").stat().st_size == size


async def test_cancelling_ends_it(tmp_path: Path) -> None:
    started = asyncio.Event()
    task = asyncio.ensure_future(
        WorktreeCommands(tmp_path).run(
            "echo $$ > pid; echo started; sleep 1000",
            timeout_s=60,
            on_output=lambda _: started.set(),
        )
    )
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


async def test_long_output_keeps_both_ends(tmp_path: Path) -> None:
    done = await WorktreeCommands(tmp_path).run(
        "seq 1 100000", timeout_s=30, on_output=lambda _: None, output_limit=2000
    )
    assert done.output.startswith("1\n2\n")
    assert done.output.endswith("99999\n100000\n")
    assert "left out" in done.output
    assert len(done.output) < 2200
