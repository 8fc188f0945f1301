"""The user's commit hooks, on a throw-away checkout."""

import os
from pathlib import Path

import pytest
from workspace_helpers import MESSAGE, Repo, contents

from agent_tui.ports import CommitError
from agent_tui.workspace.worktree import GitWorkspace

pytestmark = pytest.mark.anyio


def hook(repo: Repo, name: str, script: str, folder: str = ".git/hooks") -> None:
    repo.put(f"{folder}/{name}", script, 0o755)


@pytest.fixture
async def running(repo: Repo, workspace_of) -> GitWorkspace:
    return await workspace_of(repo, hooks="run")


async def changed(workspace: GitWorkspace) -> str:
    await workspace.write_files({"a.txt": b"one\n2\nthree\n", "new.py": b"x=1\n"})
    return await workspace.snapshot()


async def test_no_hooks(workspace: GitWorkspace) -> None:
    done = await workspace.run_hooks(workspace.base_tree, MESSAGE)
    assert (done.tree, done.message, done.failed) == (workspace.base_tree, MESSAGE, None)


async def test_hooks_see_what_git_commit_would_show_them(
    repo: Repo, running: GitWorkspace, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    hook(repo, "pre-commit", f"""#!/bin/sh
        exec > {out}
        git diff --cached --name-status
        git diff --name-only
        git rev-parse HEAD
        git rev-parse --is-inside-work-tree
        test "$(pwd -P)" = "$(git rev-parse --show-toplevel)" && echo top
        env | grep -c -e SECRET_KEY -e GIT_DIR
        cat a.txt
        exit 0""")  # fmt: skip
    tree = await changed(running)
    os.environ["SECRET_KEY"] = "x"
    try:
        done = await running.run_hooks(tree, MESSAGE)
    finally:
        del os.environ["SECRET_KEY"]
    assert done == type(done)(tree, MESSAGE, None, "")
    assert out.read_text().splitlines() == [
        "M\ta.txt", "A\tnew.py", repo.head(), "true", "top", "0", "one", "2", "three",
    ]  # fmt: skip


async def test_a_hook_that_fails(repo: Repo, running: GitWorkspace) -> None:
    hook(repo, "pre-commit", "#!/bin/sh\necho out\necho 'err\033[2J' >&2\nexit 3\n")
    hook(repo, "commit-msg", "#!/bin/sh\ntouch /nonexistent/never\n")
    tree = await changed(running)
    done = await running.run_hooks(tree, MESSAGE)
    assert (done.failed, done.tree) == ("pre-commit", tree)
    assert done.output == "out\nerr␛[2J\n"


async def test_hooks_that_change_files_and_the_message(repo: Repo, running: GitWorkspace) -> None:
    hook(repo, "pre-commit", """#!/bin/sh
        echo 'x = 1' > new.py
        echo generated > generated.py
        git add new.py generated.py
        echo 'not staged' >> a.txt
        echo junk > untracked""")  # fmt: skip
    hook(repo, "prepare-commit-msg", '#!/bin/sh\necho "prepared by $2" >> "$1"\n')
    hook(repo, "commit-msg", '#!/bin/sh\nsed -i "1s/^/PROJ-1 /" "$1"\n')
    tree = await changed(running)
    before = contents(repo.root)
    done = await running.run_hooks(tree, "Do it\n")
    assert done.failed is None
    assert done.message == "PROJ-1 Do it\nprepared by message\n"
    assert await running.read(done.tree, "new.py") == b"x = 1\n"
    assert await running.read(done.tree, "generated.py") == b"generated\n"
    assert await running.read(done.tree, "a.txt") == b"one\n2\nthree\nnot staged\n"
    assert "untracked" not in await running.files(done.tree)
    assert contents(repo.root) == before
    assert repo.git("status", "--porcelain") == ""
    assert repo.git("worktree", "list", "--porcelain").count("worktree ") == 2
    assert await running.read(await running.snapshot(), "new.py") == b"x=1\n"


@pytest.mark.parametrize("folder", [".githooks", "absolute"])
async def test_hooks_path(repo: Repo, running: GitWorkspace, tmp_path: Path, folder: str) -> None:
    where = ".githooks" if folder == ".githooks" else str(tmp_path / "hooks")
    repo.git("config", "core.hooksPath", where)
    hook(repo, "pre-commit", "#!/bin/sh\necho wrong folder\nexit 1\n")
    hook(repo, "pre-commit", "#!/bin/sh\necho right folder\nexit 1\n", where)
    await running.write_files({".githooks/pre-commit": b"#!/bin/sh\necho the coder's\n"})
    done = await running.run_hooks(await running.snapshot(), MESSAGE)
    assert (done.failed, done.output) == ("pre-commit", "right folder\n")


async def test_hooks_that_do_not_count(repo: Repo, running: GitWorkspace) -> None:
    repo.put(".git/hooks/pre-commit", "#!/bin/sh\nexit 1\n", 0o644)
    hook(repo, "post-commit", "#!/bin/sh\nexit 1\n")
    tree = await changed(running)
    assert (await running.run_hooks(tree, MESSAGE)).failed is None


async def test_a_script_without_an_interpreter_line(repo: Repo, running: GitWorkspace) -> None:
    hook(repo, "pre-commit", "echo from sh\nexit 1\n")
    done = await running.run_hooks(await changed(running), MESSAGE)
    assert (done.failed, done.output) == ("pre-commit", "from sh\n")


async def test_a_hook_whose_interpreter_is_missing(repo: Repo, running: GitWorkspace) -> None:
    hook(repo, "pre-commit", "#!/nonexistent/interpreter\n")
    done = await running.run_hooks(await changed(running), MESSAGE)
    assert done.failed == "pre-commit"
    assert "not found" in done.output


async def test_hooks_need_consent(repo: Repo, workspace: GitWorkspace, tmp_path: Path) -> None:
    hook(repo, "pre-commit", f"#!/bin/sh\ntouch {tmp_path}/marker\n")
    with pytest.raises(CommitError, match=r"commit hooks \(pre-commit\) may not run") as e:
        await workspace.run_hooks(workspace.base_tree, MESSAGE)
    assert e.value.cause == "hook"
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("config", ["core.splitIndex", "core.fsmonitor", "index.version"])
async def test_what_a_hook_stages_is_read_whatever_index_it_writes(
    repo: Repo, running: GitWorkspace, config: str
) -> None:
    repo.git("config", config, "4" if config == "index.version" else "true")
    hook(repo, "pre-commit", "#!/bin/sh\necho z > z\ngit add z\n")
    done = await running.run_hooks(await changed(running), MESSAGE)
    assert done.failed is None
    assert await running.read(done.tree, "z") == b"z\n"


async def test_before_the_first_commit(tmp_path: Path, workspace_of) -> None:
    repo = Repo(tmp_path / "r").init()
    hook(repo, "pre-commit", "#!/bin/sh\ngit diff --cached --name-only\nexit 1\n")
    workspace = await workspace_of(repo, hooks="run")
    await workspace.write_files({"f": b"x\n"})
    done = await workspace.run_hooks(await workspace.snapshot(), MESSAGE)
    assert done.output == "f\n"


async def test_in_a_linked_worktree_hooks_are_the_common_ones(
    repo: Repo, workspace_of, tmp_path: Path
) -> None:
    hook(repo, "pre-commit", "#!/bin/sh\necho common\nexit 1\n")
    repo.git("worktree", "add", "-q", "-b", "feature", str(tmp_path / "linked"))
    workspace = await workspace_of(Repo(tmp_path / "linked"), hooks="run")
    done = await workspace.run_hooks(workspace.base_tree, MESSAGE)
    assert done.output == "common\n"
