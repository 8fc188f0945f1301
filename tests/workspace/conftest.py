"""Real repositories, and workspaces on them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from workspace_helpers import SESSION, Repo

from agent_tui.domain.events import RepoFacts
from agent_tui.workspace.repository import open_repository
from agent_tui.workspace.worktree import GitWorkspace


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo(tmp_path / "repo").init()
    made.put("a.txt", "one\ntwo\nthree\n")
    made.put("src/b.py", "x = 1\n")
    made.put("run.sh", "#!/bin/sh\n", 0o755)
    made.put(".gitignore", "*.log\nbuild/\n")
    made.commit("base")
    return made


Opener = Callable[..., Awaitable[GitWorkspace]]


@pytest.fixture
async def workspace_of(tmp_path: Path) -> AsyncIterator[Opener]:
    """Opens workspaces and closes them in the end."""
    opened: list[GitWorkspace] = []

    async def make(
        repo: Repo, *, facts: RepoFacts | None = None, resume: bool = False, **options: str
    ) -> GitWorkspace:
        facts = facts or await open_repository(repo.root)
        maker = GitWorkspace.reopen if resume else GitWorkspace.create
        workspace = await maker(facts, SESSION, tmp_path / "worktrees", **options)  # type: ignore[arg-type]
        opened.append(workspace)
        return workspace

    yield make
    for workspace in opened:
        await workspace.close()


@pytest.fixture
async def workspace(repo: Repo, workspace_of: Opener) -> GitWorkspace:
    return await workspace_of(repo)
