"""A repository that wants to run programs, and a coder that writes what it should not."""

from pathlib import Path

import pytest
from workspace_helpers import MESSAGE, SESSION, Repo, approve

from agent_tui.domain.checks import CheckCommand
from agent_tui.domain.decision import Selection
from agent_tui.domain.patch import parse_patch
from agent_tui.ports import CommitError, WorkspaceError
from agent_tui.workspace.checks import TreeChecks
from agent_tui.workspace.repository import open_repository
from agent_tui.workspace.worktree import GitWorkspace

pytestmark = pytest.mark.anyio

ALL_HOOKS = (
    "applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit",
    "prepare-commit-msg", "commit-msg", "post-commit", "pre-rebase", "post-checkout", "post-merge",
    "pre-push", "post-rewrite", "sendemail-validate", "fsmonitor-watchman", "post-index-change",
    "reference-transaction", "pre-auto-gc", "update", "pre-receive", "post-receive",
)  # fmt: skip


def attack(repo: Repo, marker: Path) -> None:
    """Every way that is known by which a repository's own configuration runs a program."""
    evil = repo.put(".git/evil", f'#!/bin/sh\necho "$0 $@" >> {marker}\ncat\nexit 0\n', 0o755)
    program = str(evil)
    for folder in (".git/hooks", ".git/other-hooks"):
        for name in ALL_HOOKS:
            repo.put(f"{folder}/{name}", f"#!/bin/sh\necho {name} >> {marker}\n", 0o755)
    config = {
        "core.hooksPath": str(repo.root / ".git" / "other-hooks"),
        "core.fsmonitor": program, "core.pager": program, "core.editor": program,
        "core.sshCommand": program, "core.askPass": program, "core.gitProxy": program,
        "core.alternateRefsCommand": program, "sequence.editor": program,
        "credential.helper": program, "diff.external": program, "interactive.diffFilter": program,
        "pager.diff": program, "pager.status": program, "pager.log": program,
        "gpg.program": program, "gpg.ssh.program": program, "gpg.ssh.defaultKeyCommand": program,
        "uploadpack.packObjectsHook": program, "trailer.x.command": program,
        "alias.status": f"!{program}", "alias.add": f"!{program}", "alias.diff-tree": f"!{program}",
        "remote.origin.url": "ext::sh -c true", "remote.origin.uploadpack": program,
        "remote.origin.promisor": "true", "protocol.ext.allow": "always",
        "filter.evil.clean": program, "filter.evil.smudge": program, "filter.evil.required": "true",
        "filter.a=b.clean": program, "filter.a=b.smudge": program,
        "filter.proc.process": program, "filter.proc.required": "true",
        "diff.evil.textconv": program, "diff.evil.command": program, "merge.evil.driver": program,
        "submodule.recurse": "true", "core.untrackedCache": "true",
    }  # fmt: skip
    for key, value in config.items():
        repo.git("config", key, value)
    repo.put(".git/info/attributes", "*.txt filter=evil diff=evil merge=evil\n*.py filter=proc\n")


async def use_everything(repo: Repo, tmp_path: Path) -> None:
    """Every method of the workspace and of the checks."""
    facts = await open_repository(repo.root)
    workspace = await GitWorkspace.create(facts, SESSION, tmp_path / "worktrees")
    base = workspace.base_tree
    await workspace.write_files({"new.md": b"1\n2\n", "run.sh": b"#!/bin/sh\nexit 1\n"})
    tree = await workspace.snapshot()
    patch = parse_patch(await workspace.diff(base, tree))
    hunk = next(patch.hunks)[1]
    tree = await workspace.select(base, tree, patch, Selection(lines={hunk.id: hunk.changed[:1]}))
    await workspace.reset(base)
    await workspace.reset(tree)
    await workspace.files(tree)
    await workspace.read(tree, "a.txt")
    await workspace.search(tree, "one")
    await workspace.history("a.txt", 5)
    await workspace.blame("a.txt", 1, 2)
    checks = TreeChecks(workspace)
    await checks.run(tree, CheckCommand(name="x", command=("true",)), lambda _: None)
    with pytest.raises(CommitError):
        await workspace.run_hooks(tree, MESSAGE)
    approval = approve(workspace, tree)
    done = await workspace.commit(approval, MESSAGE, SESSION)
    assert done.landed == "refs/heads/main", done.detail
    await workspace.find_commit(approval, SESSION)
    await workspace.close()
    workspace = await GitWorkspace.reopen(facts, SESSION, tmp_path / "worktrees")
    await workspace.remove()
    await workspace.close()


async def test_no_program_of_the_repository_runs(repo: Repo, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    attack(repo, marker)
    marker.unlink(missing_ok=True)
    await use_everything(repo, tmp_path)
    assert not marker.exists(), marker.read_text()


async def test_the_attack_would_work_on_git_alone(repo: Repo, tmp_path: Path) -> None:
    """The test above can fail: plain git commands run those programs."""
    marker = tmp_path / "marker"
    attack(repo, marker)
    repo.put("a.txt", "changed\n")
    for args in (["status"], ["diff"], ["add", "."], ["checkout", "-f"]):
        marker.unlink(missing_ok=True)
        repo.git(*args, ok=False)
        assert marker.exists(), args


async def test_attributes_that_the_coder_writes_run_nothing(
    repo: Repo, workspace_of, tmp_path: Path
) -> None:
    marker = tmp_path / "marker"
    attack(repo, marker)
    (repo.root / ".git" / "info" / "attributes").unlink()
    workspace = await workspace_of(repo)
    await workspace.write_files({".gitattributes": b"* filter=evil diff=evil\n", "x": b"x\n"})
    marker.unlink(missing_ok=True)
    with pytest.raises(WorkspaceError, match=r"filter=evil .* not supported"):
        await workspace.snapshot()
    assert not marker.exists()


async def test_configuration_that_changes_during_the_session(
    repo: Repo, workspace_of, tmp_path: Path
) -> None:
    workspace = await workspace_of(repo)
    await workspace.write_files({"new.md": b"1\n"})
    approval = approve(workspace, await workspace.snapshot())
    marker = tmp_path / "marker"
    attack(repo, marker)
    marker.unlink(missing_ok=True)
    done = await workspace.commit(approval, MESSAGE, SESSION)
    assert done.landed == "refs/heads/main", done.detail
    await workspace.reset(approval.tree)
    assert not marker.exists(), marker.read_text()


async def test_missing_objects_are_not_fetched(repo: Repo, tmp_path: Path) -> None:
    """A partial clone would ask its remote, with programs that the configuration names."""
    marker = tmp_path / "marker"
    attack(repo, marker)
    other = Repo(tmp_path / "other").init()
    other.put("f", "x")
    other.commit()
    for key, value in {
        "remote.origin.url": str(other.root), "extensions.partialClone": "origin",
        "core.repositoryFormatVersion": "1", "remote.origin.partialclonefilter": "blob:none",
    }.items():  # fmt: skip
        repo.git("config", key, value)
    blob = repo.tree_of("HEAD")["a.txt"][1]
    (repo.root / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    marker.unlink(missing_ok=True)
    with pytest.raises(WorkspaceError):
        facts = await open_repository(repo.root)
        await GitWorkspace.create(facts, SESSION, tmp_path / "worktrees")
    assert not marker.exists(), marker.read_text()
    assert list((tmp_path / "worktrees").iterdir()) == []
    assert repo.git("worktree", "list", "--porcelain").count("worktree ") == 1


@pytest.mark.parametrize("defined", [True, False])
async def test_files_of_git_lfs(repo: Repo, workspace_of, tmp_path: Path, defined: bool) -> None:
    repo.put(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    repo.put("big.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n")
    repo.commit()
    if defined:
        for key in ("clean", "smudge", "process"):
            repo.git("config", f"filter.lfs.{key}", f"touch {tmp_path}/marker; cat")
    workspace = await workspace_of(repo)
    assert await workspace.snapshot() == workspace.base_tree
    await workspace.write_files({"a.txt": b"x\n"})
    tree = await workspace.snapshot()
    assert repo.tree_of(tree)["big.bin"] == repo.tree_of("HEAD")["big.bin"]
    (workspace.root / "big.bin").rename(workspace.root / "moved.bin")
    moved = await workspace.snapshot()
    assert repo.tree_of(moved)["moved.bin"] == repo.tree_of("HEAD")["big.bin"]
    await workspace.write_files({"moved.bin": None})
    assert "moved.bin" not in await workspace.files(await workspace.snapshot())
    for path in ("big.bin", "other.bin"):
        await workspace.reset(workspace.base_tree)
        await workspace.write_files({path: b"content"})
        with pytest.raises(WorkspaceError, match=rf"'{path}' was changed, .*filter=lfs"):
            await workspace.snapshot()
    assert not (tmp_path / "marker").exists()


async def test_working_tree_encoding(repo: Repo, workspace_of) -> None:
    repo.put(".gitattributes", "*.u16 text working-tree-encoding=UTF-16\n")
    repo.put("t.u16", "text\n".encode("utf-16"))
    repo.commit()
    workspace = await workspace_of(repo)
    assert await workspace.snapshot() == workspace.base_tree
    await workspace.write_files({"t.u16": "other\n".encode("utf-16")})
    with pytest.raises(WorkspaceError, match="working-tree-encoding=UTF-16"):
        await workspace.snapshot()


async def test_text_of_the_repository_in_messages(repo: Repo, workspace_of) -> None:
    workspace = await workspace_of(repo)
    name = "evil\033[2J\u202e"
    await workspace.write_files({name: b"x\n"})
    approval = approve(workspace, await workspace.snapshot())
    repo.put(name, "mine")
    done = await workspace.commit(approval, MESSAGE, SESSION)
    assert "Your file evil␛[2J\\u202e is in the way" in done.detail
    assert "\033" not in done.detail
