"""Committing and landing: exactly the approved tree, and nothing of the user's lost."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from workspace_helpers import MESSAGE, SESSION, Repo, approve, contents

from agent_tui.domain.decision import Approval
from agent_tui.ports import CommitError, Committed
from agent_tui.workspace.repository import open_repository
from agent_tui.workspace.worktree import GitWorkspace

pytestmark = pytest.mark.anyio

BRANCH = f"refs/heads/agent-tui/{SESSION}"


async def proposed(workspace: GitWorkspace) -> Approval:
    """A change of every kind: modified, added, deleted, mode."""
    await workspace.write_files(
        {"a.txt": b"one\n2\nthree\n", "src/b.py": None, "new/c.py": b"y = 1\n"}
    )
    (workspace.root / "run.sh").chmod(0o644)
    return approve(workspace, await workspace.snapshot())


def assert_committed(repo: Repo, done: Committed, approval: Approval) -> None:
    assert done.ref == BRANCH
    assert done.tree == approval.tree
    assert repo.git("rev-parse", BRANCH) == done.commit
    assert repo.git("rev-parse", f"{BRANCH}^{{tree}}") == approval.tree
    assert repo.git("log", "-1", "--format=%P", BRANCH) == approval.parent
    assert repo.raw("cat-file", "commit", BRANCH).partition(b"\n\n")[2] == MESSAGE.encode()
    repo.fsck()


async def test_it_lands_on_a_clean_branch(repo: Repo, workspace: GitWorkspace) -> None:
    approval = await proposed(workspace)
    done = await workspace.commit(approval, MESSAGE, SESSION)
    assert_committed(repo, done, approval)
    assert (done.landed, done.detail) == ("refs/heads/main", "")
    assert repo.head() == done.commit
    assert repo.git("status", "--porcelain") == ""
    assert (repo.root / "a.txt").read_bytes() == b"one\n2\nthree\n"
    assert not (repo.root / "src").exists()
    assert stat.S_IMODE((repo.root / "run.sh").stat().st_mode) & 0o111 == 0
    assert repo.git("log", "-1", "--format=%an <%ae> %cn") == "Ada Example <ada@example.com> " + (
        "Ada Example"
    )
    assert "agent-tui: land" in repo.git("reflog", "-1", "HEAD")


async def test_the_users_other_work_survives(repo: Repo, workspace_of) -> None:
    repo.put("staged.txt", "base\n")
    repo.put("unstaged.txt", "base\n")
    repo.put("both.txt", "base\n")
    repo.put("gone.txt", "base\n")
    repo.commit()
    repo.put("unstaged.txt", "stash me\n")
    repo.git("stash")
    repo.put("staged.txt", "staged\n")
    repo.put("both.txt", "staged\n")
    repo.git("add", "staged.txt", "both.txt")
    repo.put("both.txt", "staged and changed\n")
    repo.put("unstaged.txt", "unstaged\n")
    (repo.root / "gone.txt").unlink()
    repo.put("untracked.txt", "untracked\n")
    repo.put("x.log", "ignored\n")
    workspace = await workspace_of(repo)
    approval = await proposed(workspace)
    status = repo.git("status", "--porcelain", "--ignored")
    staged = repo.git("diff", "--cached")
    files = contents(repo.root)
    stash = repo.git("rev-parse", "stash@{0}")
    done = await workspace.commit(approval, MESSAGE, SESSION)
    assert_committed(repo, done, approval)
    assert done.landed == "refs/heads/main"
    assert repo.git("status", "--porcelain", "--ignored") == status
    assert repo.git("diff", "--cached") == staged
    assert repo.git("rev-parse", "stash@{0}") == stash
    del files["src/b.py"]
    assert contents(repo.root) == files | {"a.txt": b"one\n2\nthree\n", "new/c.py": b"y = 1\n"}


def whole_state(repo: Repo) -> dict[str, object]:
    return {
        "files": contents(repo.root),
        "index": (repo.root / ".git" / "index").read_bytes(),
        "status": repo.git("status", "--porcelain", "--ignored"),
        "main": repo.git("rev-parse", "-q", "--verify", "refs/heads/main", ok=False),
        "HEAD": (repo.root / ".git" / "HEAD").read_bytes(),
    }


async def assert_stays(
    repo: Repo, workspace: GitWorkspace, approval: Approval, *words: str
) -> Committed:
    """The commit is made, does not land, says why, and nothing of the user's changes."""
    repo.git("update-index", "-q", "--refresh", ok=False)
    before = whole_state(repo)
    done = await workspace.commit(approval, MESSAGE, SESSION)
    assert_committed(repo, done, approval)
    assert done.landed is None
    for word in (*words, f"git merge agent-tui/{SESSION}"):
        assert word in done.detail, done.detail
    assert whole_state(repo) == before
    assert not (repo.root / ".git" / "refs" / "heads" / "main.lock").exists()
    return done


async def test_an_unstaged_change_of_the_same_file(repo: Repo, workspace: GitWorkspace) -> None:
    approval = await proposed(workspace)
    repo.put("a.txt", "mine\n")
    await assert_stays(repo, workspace, approval, "changes of your own in a.txt")


async def test_a_staged_change_of_the_same_file(repo: Repo, workspace: GitWorkspace) -> None:
    approval = await proposed(workspace)
    repo.put("src/b.py", "mine\n")
    repo.git("add", "src/b.py")
    await assert_stays(repo, workspace, approval, "changes of your own in src/b.py")


async def test_a_staged_change_that_was_undone_in_the_file(
    repo: Repo, workspace: GitWorkspace
) -> None:
    approval = await proposed(workspace)
    repo.put("a.txt", "mine\n")
    repo.git("add", "a.txt")
    repo.put("a.txt", "one\ntwo\nthree\n")
    await assert_stays(repo, workspace, approval, "changes of your own in a.txt")


async def test_a_mode_of_the_users(repo: Repo, workspace: GitWorkspace) -> None:
    approval = await proposed(workspace)
    (repo.root / "a.txt").chmod(0o755)
    await assert_stays(repo, workspace, approval, "changes of your own in a.txt")


@pytest.mark.parametrize("path", ["new/c.py", "new"])
async def test_an_untracked_file_in_the_way(repo: Repo, workspace: GitWorkspace, path: str) -> None:
    approval = await proposed(workspace)
    repo.put(path, "mine\n")
    await assert_stays(repo, workspace, approval, "Your file new/c.py is in the way")


async def test_an_ignored_file_in_the_way(repo: Repo, workspace_of) -> None:
    workspace = await workspace_of(repo)
    await workspace.write_files({".gitignore": b"", ".env": b"x\n"})
    approval = approve(workspace, await workspace.snapshot())
    repo.put(".env", "SECRET=1\n")
    (repo.root / ".git" / "info" / "exclude").write_text(".env\n")
    await assert_stays(repo, workspace, approval, "Your file .env is in the way")


async def test_a_link_in_the_way_is_not_followed(
    repo: Repo, workspace: GitWorkspace, tmp_path: Path
) -> None:
    approval = await proposed(workspace)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "c.py").write_bytes(b"y = 1\n")
    (repo.root / "new").symlink_to(outside)
    await assert_stays(repo, workspace, approval, "Your file new/c.py is in the way")
    assert (outside / "c.py").read_bytes() == b"y = 1\n"


async def test_the_branch_has_moved(repo: Repo, workspace: GitWorkspace) -> None:
    approval = await proposed(workspace)
    repo.put("other", "x")
    repo.commit("the user goes on")
    await assert_stays(repo, workspace, approval, "The branch main has moved")


async def test_another_branch_is_checked_out(repo: Repo, workspace: GitWorkspace) -> None:
    approval = await proposed(workspace)
    repo.git("switch", "-qc", "other")
    await assert_stays(repo, workspace, approval, "main is not checked out any more")


async def test_detached_head(repo: Repo, workspace_of) -> None:
    repo.git("checkout", "-q", "--detach")
    workspace = await workspace_of(repo)
    approval = await proposed(workspace)
    await assert_stays(repo, workspace, approval, "HEAD was detached")


async def test_the_branch_is_checked_out_twice(
    repo: Repo, workspace: GitWorkspace, tmp_path: Path
) -> None:
    approval = await proposed(workspace)
    repo.git("worktree", "add", "-q", "--force", str(tmp_path / "second"), "main")
    await assert_stays(repo, workspace, approval, "checked out in", "second")


async def test_a_merge_in_progress(repo: Repo, workspace: GitWorkspace) -> None:
    approval = await proposed(workspace)
    (repo.root / ".git" / "MERGE_HEAD").write_text(repo.head() + "\n")
    await assert_stays(repo, workspace, approval, "A merge is in progress", "--abort")


async def test_a_foreign_index_lock(repo: Repo, workspace: GitWorkspace) -> None:
    approval = await proposed(workspace)
    lock = repo.root / ".git" / "index.lock"
    lock.write_bytes(b"someone's")
    before = contents(repo.root)
    done = await workspace.commit(approval, MESSAGE, SESSION)
    assert done.landed is None
    assert "Another git command holds the index" in done.detail
    assert lock.read_bytes() == b"someone's"
    assert contents(repo.root) == before
    lock.unlink()
    again = await workspace.commit(approval, MESSAGE, SESSION)
    assert (again.commit, again.landed) == (done.commit, "refs/heads/main")
    assert repo.git("status", "--porcelain") == ""


async def test_a_foreign_ref_lock(repo: Repo, workspace: GitWorkspace) -> None:
    approval = await proposed(workspace)
    lock = repo.root / ".git" / "refs" / "heads" / "main.lock"
    lock.write_bytes(b"")
    before = contents(repo.root)
    done = await workspace.commit(approval, MESSAGE, SESSION)
    assert done.landed is None
    assert "could not be locked" in done.detail
    assert lock.exists()
    assert contents(repo.root) == before


async def test_files_that_cannot_be_updated(repo: Repo, workspace: GitWorkspace) -> None:
    """What git itself refuses changes nothing either."""
    approval = await proposed(workspace)
    repo.git("update-index", "--assume-unchanged", "a.txt")
    repo.put("a.txt", "hidden from status\n")
    done = await workspace.commit(approval, MESSAGE, SESSION)
    # Whatever git makes of the flag, the user's bytes are never lost.
    assert (repo.root / "a.txt").read_bytes() == b"hidden from status\n"
    assert done.landed is None


async def test_the_same_change_made_by_hand_lands(repo: Repo, workspace: GitWorkspace) -> None:
    approval = await proposed(workspace)
    repo.put("a.txt", "one\n2\nthree\n")
    repo.put("new/c.py", "y = 1\n")
    (repo.root / "src" / "b.py").unlink()
    (repo.root / "run.sh").chmod(0o644)
    repo.git("add", "a.txt")
    done = await workspace.commit(approval, MESSAGE, SESSION)
    assert done.landed == "refs/heads/main"
    assert repo.git("status", "--porcelain") == ""


async def test_a_landing_that_was_ended_in_the_middle_is_completed(
    repo: Repo, workspace_of
) -> None:
    facts = await open_repository(repo.root)
    workspace = await workspace_of(repo, facts=facts)
    approval = await proposed(workspace)
    done = await workspace.commit(approval, MESSAGE, SESSION)
    # Files and index are updated, the ref has not moved.
    repo.git("update-ref", "refs/heads/main", facts.commit)
    assert repo.git("status", "--porcelain") != ""
    found = await workspace.find_commit(approval, SESSION)
    assert found == done
    assert repo.head() == done.commit
    assert repo.git("status", "--porcelain") == ""
    # Some files are updated, the index is not.
    repo.git("reset", "-q", "--hard", facts.commit)
    repo.put("a.txt", "one\n2\nthree\n")
    repo.put("new/c.py", "y = 1\n")
    again = await workspace.commit(approval, MESSAGE, SESSION)
    assert again == done
    assert repo.git("status", "--porcelain") == ""
    # Only the session's branch is there.
    repo.git("reset", "-q", "--hard", facts.commit)
    other = await workspace_of(repo, facts=facts, resume=True)
    assert await other.find_commit(approval, SESSION) == done
    assert repo.git("status", "--porcelain") == ""


async def test_killed_between_the_branch_and_the_landing(repo: Repo, workspace_of) -> None:
    facts = await open_repository(repo.root)
    workspace = await workspace_of(repo, facts=facts)
    approval = await proposed(workspace)
    assert await workspace.find_commit(approval, SESSION) is None
    done = await workspace.commit(approval, MESSAGE, SESSION)
    repo.put("later", "x")
    repo.commit("the user goes on, on top of it")
    assert await workspace.find_commit(approval, SESSION) == done


async def test_find_commit_only_finds_that_commit(repo: Repo, workspace: GitWorkspace) -> None:
    approval = await proposed(workspace)
    await workspace.commit(approval, MESSAGE, SESSION)
    assert await workspace.find_commit(approval, "another") is None
    for field in ("parent", "tree"):
        other = approval.model_copy(update={field: "1" * 40})
        assert await workspace.find_commit(other, SESSION) is None
    without_trailer = repo.git("commit-tree", approval.tree, "-p", approval.parent, "-m", "x")
    repo.git("update-ref", BRANCH, without_trailer)
    assert await workspace.find_commit(approval, SESSION) is None


async def test_a_branch_of_that_name_with_another_commit(
    repo: Repo, workspace: GitWorkspace
) -> None:
    approval = await proposed(workspace)
    repo.git("branch", f"agent-tui/{SESSION}")
    before = whole_state(repo)
    with pytest.raises(CommitError, match="exists already with another commit") as error:
        await workspace.commit(approval, MESSAGE, SESSION)
    assert error.value.cause == "moved"
    assert whole_state(repo) == before


async def test_a_branch_named_agent_tui_is_in_the_way(repo: Repo, workspace: GitWorkspace) -> None:
    approval = await proposed(workspace)
    repo.git("branch", "agent-tui")
    with pytest.raises(CommitError, match="refs/heads/agent-tui") as error:
        await workspace.commit(approval, MESSAGE, SESSION)
    assert error.value.cause == "git"


async def test_approvals_that_do_not_fit(repo: Repo, workspace: GitWorkspace) -> None:
    approval = await proposed(workspace)
    before = whole_state(repo)
    other_tree = await workspace.snapshot()
    for change in (
        {"base_tree": other_tree},
        {"parent": ""},
        {"parent": "1" * 40},
        {"tree": "1" * 40},
        {"tree": approval.base_tree},
        {"tree": "--help"},
        {"parent": "HEAD"},
    ):
        with pytest.raises(CommitError) as error:
            await workspace.commit(approval.model_copy(update=change), MESSAGE, SESSION)
        assert error.value.cause == "git"
    assert whole_state(repo) == before
    assert repo.git("for-each-ref", "refs/heads/agent-tui") == ""


@pytest.mark.parametrize("name", [".git/config", "a/.GIT/x", "x\\..\\y"])
async def test_a_tree_with_a_hostile_path_is_not_committed(
    repo: Repo, workspace: GitWorkspace, name: str
) -> None:
    blob = repo.git("hash-object", "-w", "--stdin", stdin=b"evil")
    tree = blob
    for depth, part in enumerate(reversed(name.split("/"))):
        kind = b"100644 blob" if depth == 0 else b"040000 tree"
        entry = kind + b" " + tree.encode() + b"\t" + part.encode() + b"\n"
        tree = repo.git("mktree", stdin=entry)
    with pytest.raises(CommitError) as error:
        await workspace.commit(approve(workspace, tree), MESSAGE, SESSION)
    assert error.value.cause == "git"


async def test_a_tree_with_a_missing_file_is_not_committed(
    repo: Repo, workspace: GitWorkspace
) -> None:
    approval = await proposed(workspace)
    blob = repo.tree_of(approval.tree)["new/c.py"][1]
    (repo.root / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(CommitError, match="is missing") as error:
        await workspace.commit(approval, MESSAGE, SESSION)
    assert error.value.cause == "git"


async def test_identity_lost_on_the_way(repo: Repo, workspace: GitWorkspace) -> None:
    approval = await proposed(workspace)
    repo.git("config", "--unset", "user.email")
    with pytest.raises(CommitError, match="git does not know who you are") as error:
        await workspace.commit(approval, MESSAGE, SESSION)
    assert error.value.cause == "identity"


async def test_identity_of_the_environment_is_used(
    repo: Repo, workspace: GitWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    approval = await proposed(workspace)
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Grace")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "grace@example.com")
    await workspace.commit(approval, MESSAGE, SESSION)
    found = repo.git("log", "-1", "--format=%an %ae %cn %ce", BRANCH)
    assert found == "Grace grace@example.com Ada Example ada@example.com"


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
@pytest.mark.parametrize("staged", [False, True])
async def test_the_first_commit(
    tmp_path: Path, workspace_of, object_format: str, staged: bool
) -> None:
    repo = Repo(tmp_path / "r").init(f"--object-format={object_format}")
    repo.put("mine", "untracked\n")
    if staged:
        repo.git("add", "mine")
    workspace = await workspace_of(repo)
    await workspace.write_files({"f": b"first\n", "d/g": b"x\n"})
    approval = approve(workspace, await workspace.snapshot())
    done = await workspace.commit(approval, MESSAGE, SESSION)
    assert_committed(repo, done, approval)
    assert done.landed == "refs/heads/main"
    assert repo.git("status", "--porcelain") == ("A  mine" if staged else "?? mine")
    assert (repo.root / "d" / "g").read_text() == "x\n"


async def test_the_first_commit_when_there_is_one_meanwhile(tmp_path: Path, workspace_of) -> None:
    repo = Repo(tmp_path / "r").init()
    workspace = await workspace_of(repo)
    await workspace.write_files({"f": b"first\n"})
    approval = approve(workspace, await workspace.snapshot())
    repo.put("mine", "x")
    repo.commit("the user was faster")
    await assert_stays(repo, workspace, approval, "The branch main has moved")


async def test_sha256(tmp_path: Path, workspace_of) -> None:
    repo = Repo(tmp_path / "r").init("--object-format=sha256")
    repo.put("f", "1\n")
    repo.commit()
    workspace = await workspace_of(repo)
    await workspace.write_files({"f": b"2\n"})
    approval = approve(workspace, await workspace.snapshot())
    done = await workspace.commit(approval, MESSAGE, SESSION)
    assert_committed(repo, done, approval)
    assert done.landed == "refs/heads/main"


@pytest.mark.parametrize("feature", ["split", "v4", "sparse", "sparse-index", "untracked-cache"])
async def test_kinds_of_index(repo: Repo, workspace_of, feature: str) -> None:
    repo.put("far/away", "1\n")
    repo.put("far/b/c", "1\n")
    repo.put("near/x", "1\n")
    repo.commit()
    match feature:
        case "split":
            repo.git("update-index", "--split-index")
            repo.git("config", "core.splitIndex", "true")
        case "v4":
            repo.git("update-index", "--index-version", "4")
        case "untracked-cache":
            repo.git("update-index", "--force-untracked-cache")
        case _:
            option = "--sparse-index" if feature == "sparse-index" else "--no-sparse-index"
            repo.git("sparse-checkout", "init", "--cone", option)
            repo.git("sparse-checkout", "set", "near", "src")
    repo.put("near/x", "mine\n")
    workspace = await workspace_of(repo)
    await workspace.write_files(
        {"a.txt": b"2\n", "far/away": b"2\n", "near/new": b"2\n", "src/b.py": None}
    )
    approval = approve(workspace, await workspace.snapshot())
    done = await workspace.commit(approval, MESSAGE, SESSION)
    assert_committed(repo, done, approval)
    assert done.landed == "refs/heads/main", done.detail
    assert repo.git("status", "--porcelain") == "M near/x"
    assert (repo.root / "a.txt").read_text() == "2\n"
    assert (repo.root / "near" / "new").read_text() == "2\n"
    assert (repo.root / "far" / "away").exists() == (not feature.startswith("sparse"))


async def test_line_ends_of_the_users_files(tmp_path: Path, workspace_of) -> None:
    repo = Repo(tmp_path / "r").init()
    repo.put("t.txt", b"one\ntwo\n")
    repo.commit()
    repo.git("config", "core.autocrlf", "true")
    (repo.root / "t.txt").unlink()
    repo.git("checkout", "t.txt")
    assert (repo.root / "t.txt").read_bytes() == b"one\r\ntwo\r\n"
    workspace = await workspace_of(repo)
    await workspace.write_files({"t.txt": b"one\n2\n", "n.txt": b"new\n"})
    approval = approve(workspace, await workspace.snapshot())
    done = await workspace.commit(approval, MESSAGE, SESSION)
    assert done.landed == "refs/heads/main"
    assert (repo.root / "t.txt").read_bytes() == b"one\r\n2\r\n"
    assert (repo.root / "n.txt").read_bytes() == b"new\r\n"
    assert repo.git("status", "--porcelain") == ""
    assert repo.raw("cat-file", "blob", "HEAD:t.txt") == b"one\n2\n"


async def test_touched_files_are_not_taken_for_changed(repo: Repo, workspace: GitWorkspace) -> None:
    approval = await proposed(workspace)
    os.utime(repo.root / "a.txt", (1, 1))
    os.utime(repo.root / "src" / "b.py", (1, 1))
    done = await workspace.commit(approval, MESSAGE, SESSION)
    assert done.landed == "refs/heads/main", done.detail


async def test_a_file_becomes_a_folder(repo: Repo, workspace: GitWorkspace) -> None:
    await workspace.write_files({"a.txt": None, "src/b.py": None})
    await workspace.write_files({"a.txt/x": b"1\n", "src": b"2\n"})
    approval = approve(workspace, await workspace.snapshot())
    done = await workspace.commit(approval, MESSAGE, SESSION)
    assert done.landed == "refs/heads/main", done.detail
    assert (repo.root / "a.txt" / "x").read_text() == "1\n"
    assert (repo.root / "src").read_text() == "2\n"
    assert repo.git("status", "--porcelain") == ""


async def test_an_untracked_file_in_a_folder_that_becomes_a_file(
    repo: Repo, workspace: GitWorkspace
) -> None:
    await workspace.write_files({"src/b.py": None})
    await workspace.write_files({"src": b"2\n"})
    approval = approve(workspace, await workspace.snapshot())
    repo.put("src/mine.txt", "mine\n")
    await assert_stays(repo, workspace, approval, "Git would not update your files")


async def test_from_a_linked_worktree(repo: Repo, workspace_of, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", "-b", "feature", str(tmp_path / "linked"))
    linked = Repo(tmp_path / "linked")
    workspace = await workspace_of(linked)
    approval = await proposed(workspace)
    done = await workspace.commit(approval, MESSAGE, SESSION)
    assert done.landed == "refs/heads/feature", done.detail
    assert linked.git("status", "--porcelain") == ""
    assert repo.git("status", "--porcelain") == ""
    assert repo.head() == approval.parent


# --- signing


async def test_a_signature_that_fails_refuses_the_commit(repo: Repo, workspace_of) -> None:
    repo.git("config", "commit.gpgSign", "true")
    repo.git("config", "gpg.program", "false")
    workspace = await workspace_of(repo, hooks="run")
    approval = await proposed(workspace)
    before = whole_state(repo)
    with pytest.raises(CommitError, match="could not be signed, so it was not made") as error:
        await workspace.commit(approval, MESSAGE, SESSION)
    assert error.value.cause == "signing"
    assert whole_state(repo) == before
    assert repo.git("for-each-ref", "refs/heads/agent-tui") == ""


async def test_a_signing_program_of_the_repository_needs_consent(
    repo: Repo, workspace: GitWorkspace, tmp_path: Path
) -> None:
    program = tmp_path / "evil"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/marker\n")
    program.chmod(0o755)
    repo.git("config", "commit.gpgSign", "true")
    repo.git("config", "gpg.program", str(program))
    approval = await proposed(workspace)
    with pytest.raises(CommitError, match=r"names a program that signs \(gpg\.program\)") as error:
        await workspace.commit(approval, MESSAGE, SESSION)
    assert error.value.cause == "signing"
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("value", ["perhaps", "true"])
async def test_signing_that_is_set_up_badly(
    repo: Repo, workspace: GitWorkspace, value: str
) -> None:
    repo.git("config", "commit.gpgSign", value)
    repo.git("config", "gpg.format", "ssh")
    approval = await proposed(workspace)
    with pytest.raises(CommitError) as error:
        await workspace.commit(approval, MESSAGE, SESSION)
    assert error.value.cause == "signing"


async def test_a_signing_program_that_hangs(
    repo: Repo, workspace_of, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = repo.put(".git/slow", "#!/bin/sh\nexec tail -f /dev/null\n", 0o755)
    repo.git("config", "commit.gpgSign", "true")
    repo.git("config", "gpg.program", str(program))
    monkeypatch.setattr("agent_tui.workspace.commit.SIGNING_TIMEOUT_S", 0.5)
    workspace = await workspace_of(repo, hooks="run")
    approval = await proposed(workspace)
    with pytest.raises(CommitError, match="could not be signed") as error:
        await workspace.commit(approval, MESSAGE, SESSION)
    assert error.value.cause == "signing"


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
async def test_signing_with_an_ssh_key(repo: Repo, workspace: GitWorkspace, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(  # noqa: ASYNC221
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)], check=True
    )
    repo.git("config", "commit.gpgSign", "yes")
    repo.git("config", "gpg.format", "ssh")
    repo.git("config", "user.signingKey", f"{key}.pub")
    allowed = tmp_path / "allowed"
    allowed.write_text(f"ada@example.com {(tmp_path / 'key.pub').read_text()}")
    repo.git("config", "gpg.ssh.allowedSignersFile", str(allowed))
    approval = await proposed(workspace)
    done = await workspace.commit(approval, MESSAGE, SESSION)
    assert_committed_signed(repo, done)
    assert done.landed == "refs/heads/main"
    assert await workspace.find_commit(approval, SESSION) == done


def assert_committed_signed(repo: Repo, done: Committed) -> None:
    repo.git("verify-commit", done.commit)
    assert repo.git("log", "-1", "--format=%G?", done.commit) == "G"
