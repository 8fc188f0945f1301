"""The process is killed before each git command of a commit; the next one finishes the work."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from workspace_helpers import MESSAGE, SESSION, Repo, approve

from agent_tui.domain.decision import Approval
from agent_tui.domain.events import RepoFacts
from agent_tui.workspace.repository import open_repository
from agent_tui.workspace.worktree import GitWorkspace

pytestmark = pytest.mark.anyio

COMMITTER = """
import asyncio, json, sys
from pathlib import Path
from agent_tui.domain.decision import Approval
from agent_tui.domain.events import RepoFacts
from agent_tui.workspace.worktree import GitWorkspace

async def main():
    facts, approval, session, folder, message = json.loads(sys.stdin.read())
    facts, approval = RepoFacts.model_validate(facts), Approval.model_validate(approval)
    workspace = await GitWorkspace.reopen(facts, session, Path(folder))
    open(sys.argv[1], "w").close()
    done = await workspace.commit(approval, message, session)
    print(done.commit, done.landed)
    await workspace.close()

asyncio.run(main())
"""

SHIM = """#!/bin/sh
if [ -e "{armed}" ]; then
    echo x >> "{count}"
    if [ "$(wc -l < "{count}")" -eq "$KILL_BEFORE" ]; then kill -9 $PPID; exit 1; fi
    case "$KILL_AFTER" in ?*) case "$*" in "$KILL_AFTER"*)
        "{git}" "$@"; kill -9 $PPID; exit 1 ;;
    esac ;; esac
fi
exec "{git}" "$@"
"""


async def killed(
    facts: RepoFacts, approval: Approval, folder: Path, tmp_path: Path, **when: str
) -> bool:
    """Commit in another process; whether it was killed."""
    import json

    armed, count, shim = tmp_path / "armed", tmp_path / "count", tmp_path / "bin" / "git"
    for file in (armed, count):
        file.unlink(missing_ok=True)
    shim.parent.mkdir(exist_ok=True)
    shim.write_text(SHIM.format(armed=armed, count=count, git=shutil.which("git")))
    shim.chmod(0o755)
    env = {
        **os.environ,
        "PATH": f"{shim.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "KILL_BEFORE": "0",
        "KILL_AFTER": "",
        **when,
    }
    given = [facts.model_dump(), approval.model_dump(), SESSION, str(folder), MESSAGE]
    done = subprocess.run(  # noqa: ASYNC221
        [sys.executable, "-c", COMMITTER, str(armed)],
        env=env, input=json.dumps(given).encode(), capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, -9), done.stderr.decode()
    return done.returncode == -9


async def finished(
    repo: Repo, facts: RepoFacts, approval: Approval, folder: Path, before: dict[str, str]
) -> None:
    """What a new process does on resume, and what has to be true then."""
    commits = repo.git("rev-list", "--all", "--count")
    async with await GitWorkspace.reopen(facts, SESSION, folder) as workspace:
        found = await workspace.find_commit(approval, SESSION)
        assert (found is None) == (commits == "1")
        done = found or await workspace.commit(approval, MESSAGE, SESSION)
        if done.landed is None and "locked" in done.detail:
            # A git process that outlived ours was just letting go.
            done = await workspace.commit(approval, MESSAGE, SESSION)
    assert repo.git("rev-list", "--all", "--count") == "2"
    assert done.landed == "refs/heads/main", done.detail
    assert repo.git("rev-parse", "main^{tree}") == approval.tree
    assert repo.git("status", "--porcelain") == before["status"]
    assert (repo.root / "run.sh").read_text() == "mine\n"
    assert not list((repo.root / ".git").rglob("*.lock"))
    repo.fsck()


async def test_killed_at_every_command(repo: Repo, tmp_path: Path) -> None:
    folder = tmp_path / "worktrees"
    repo.put("run.sh", "mine\n")
    facts = await open_repository(repo.root)
    async with await GitWorkspace.create(facts, SESSION, folder) as workspace:
        await workspace.write_files({"a.txt": b"2\n", "src/b.py": None, "new/c": b"3\n"})
        approval = approve(workspace, await workspace.snapshot())
    shutil.copytree(repo.root, tmp_path / "saved", symlinks=True)
    before = {"status": repo.git("status", "--porcelain")}
    moments = [{"KILL_AFTER": "read-tree -m"}, {"KILL_AFTER": "update-index -q --refresh"}]
    moments += [{"KILL_BEFORE": str(number)} for number in range(1, 200)]
    kills = 0
    for moment in moments:
        shutil.rmtree(repo.root)
        shutil.copytree(tmp_path / "saved", repo.root, symlinks=True)
        repo.git("update-index", "-q", "--refresh", ok=False)
        if not await killed(facts, approval, folder, tmp_path, **moment):
            break
        kills += 1
        await finished(repo, facts, approval, folder, before)
    assert kills > 10
