"""Sessions on a fresh repository, closed in the end."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from engine_helpers import Repo, Session, Starter, make_repo, start


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return make_repo(tmp_path / "repo")


@pytest.fixture
async def starting(repo: Repo, tmp_path: Path) -> AsyncIterator[Starter]:
    """Starts a session; the keywords are those of ``engine_helpers.start``."""
    started: list[Session] = []

    async def begin(**options: object) -> Session:
        session = await start(repo, tmp_path / "worktrees", **options)  # type: ignore[arg-type]
        started.append(session)
        return session

    yield begin
    for session in started:
        await session.workspace.close()
