"""Search, history and blame: what they find, and that nothing of the repository's runs."""

from pathlib import Path

import pytest
from workspace_helpers import Repo

from agent_tui.ports import Match, WorkspaceError
from agent_tui.workspace import looking
from agent_tui.workspace.worktree import GitWorkspace

pytestmark = pytest.mark.anyio


async def find(workspace: GitWorkspace, pattern: str, **options: bool | int) -> list[str]:
    found, more = await workspace.search(workspace.base_tree, pattern, **options)  # type: ignore[arg-type]
    return [f"{m.path}:{m.line}:{m.text}" for m in found] + ["…"] * more


async def test_search(repo: Repo, workspace_of) -> None:
    repo.put("-e evil.txt", "one more\n")
    repo.put(b"na\xefve \n.txt".decode("latin-1"), "A one: 1\r\n")
    repo.put("blob", b"one\0\n")
    repo.put("long.txt", "one" * 1000 + "\n")
    repo.commit()
    workspace = await workspace_of(repo)
    assert await find(workspace, r"^o\we$") == ["a.txt:1:one"]
    assert await find(workspace, "ONE", ignore_case=True, limit=1) == [
        "-e evil.txt:1:one more",
        "…",
    ]
    assert await find(workspace, "x = 1", regex=False) == ["src/b.py:1:x = 1"]
    assert await find(workspace, "o.e", regex=False) == []
    assert "na\u00efve \n.txt:1:A one: 1" in await find(workspace, "one")
    assert (
        Match("long.txt", 1, ("one" * 1000)[: looking.MAX_LINE] + "…")
        in (await workspace.search(workspace.base_tree, "one"))[0]
    )
    assert await find(workspace, "--open-files-in-pager=evil") == []
    assert await find(workspace, "nothing at all") == []
    for pattern in ("(", "", "a\0b", "*+"):
        with pytest.raises(WorkspaceError):
            await find(workspace, pattern)
    assert await find(workspace, "(", regex=False) == []


async def test_a_search_that_prints_too_much_is_ended(
    repo: Repo, workspace_of, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.put("big.txt", "a line\n" * 50_000)
    repo.commit()
    monkeypatch.setattr(looking, "MAX_OUTPUT", 5_000)
    workspace = await workspace_of(repo)
    found = await find(workspace, "line", limit=100_000)
    assert found[-1] == "…"
    assert 10 < len(found) < 1_000
    assert found[0] == "big.txt:1:a line"


async def test_a_search_that_takes_too_long_is_ended(
    repo: Repo, workspace_of, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.put("slow.txt", "a" * 60 + "!\n" + ("b" * 200 + "\n") * 200_000)
    repo.commit()
    monkeypatch.setattr(looking, "TIMEOUT_S", 0.02)
    workspace = await workspace_of(repo)
    with pytest.raises(WorkspaceError, match="longer than"):
        await find(workspace, r"(b*)*\1c$")


async def test_history_and_blame(repo: Repo, workspace_of) -> None:
    repo.put("a.txt", "one\n2\nthree\n")
    second = repo.commit("Second: change \u202e two")
    workspace = await workspace_of(repo)
    repo.put("a.txt", "later\n")
    repo.commit("after the session began")
    every = await workspace.history(None, 10)
    assert [c.subject for c in every] == ["Second: change \u202e two", "base"]
    assert second.startswith(every[0].name)
    assert every[0].author == "Ada Example"
    assert [c.subject for c in await workspace.history("src/b.py", 10)] == ["base"]
    assert len(await workspace.history(None, 1)) == 1
    assert await workspace.history("--output=evil", 10) == ()
    assert not (repo.root / "evil").exists()
    lines = (await workspace.blame("a.txt", 1, 3)).splitlines()
    assert len(lines) == 3
    assert second[:7] in lines[1]
    assert second[:7] not in lines[0]
    for path, first in (("no.txt", 1), ("a.txt", 9), ("--contents=/etc/passwd", 1)):
        with pytest.raises(WorkspaceError):
            await workspace.blame(path, first, first + 1)


async def test_a_repository_without_commits(tmp_path: Path, workspace_of) -> None:
    workspace = await workspace_of(Repo(tmp_path / "new").init())
    assert await workspace.history(None, 5) == ()
    assert await find(workspace, "x") == []
    with pytest.raises(WorkspaceError, match="no commits"):
        await workspace.blame("a", 1, 2)
