"""Every kind of change that can be reviewed, found in real repositories; git says what it is."""

import base64
import os
import quopri
import re
from pathlib import Path

import pytest
from workspace_helpers import Repo, contents

from agent_tui.domain.patch import parse_patch
from agent_tui.ports import WorkspaceError
from agent_tui.workspace.given import Found, find_change
from agent_tui.workspace.patch_text import read_patch_text
from agent_tui.workspace.repository import open_repository

pytestmark = pytest.mark.anyio

SESSION = "20261122-153012-k3f9"
LINES = "".join(f"line {n}\n" for n in range(1, 41))


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "repo").init()
    repo.put("a.txt", LINES)
    repo.put("gone.txt", "gone\n")
    repo.put("old name.txt", LINES.replace("line", "text"))
    repo.put("tool.sh", "#!/bin/sh\n")
    repo.put("crlf.txt", b"one\r\ntwo\r\nthree\r\n")
    repo.commit("base")
    return repo


async def find(repo: Repo, what: str = "", data: bytes | None = None) -> Found:
    facts = await open_repository(repo.root)
    return await find_change(facts, SESSION, repo.root.parent / "private", what, data)


def tree_of_everything(repo: Repo) -> str:
    """What git itself makes of the working tree, with an index of its own."""
    index = repo.root.parent / "oracle-index"
    index.write_bytes((repo.root / ".git/index").read_bytes())
    os.environ["GIT_INDEX_FILE"] = str(index)
    try:
        repo.git("add", "-A")
        return repo.git("write-tree")
    finally:
        del os.environ["GIT_INDEX_FILE"]


def state(repo: Repo) -> tuple[bytes, dict[str, bytes], str]:
    """All of the person's that must not change."""
    index = (repo.root / ".git/index").read_bytes()
    return index, contents(repo.root), repo.git("stash", "list")


# -- the working tree ------------------------------


async def test_the_working_tree_with_all_that_git_status_names(repo: Repo) -> None:
    repo.put("a.txt", LINES.replace("line 3\n", "three\n"))
    repo.git("add", "a.txt")
    repo.put("a.txt", LINES.replace("line 3\n", "three\n").replace("line 30\n", ""))
    repo.put("new file.txt", "new\n")
    repo.put("sub/\u00fc\n\tstrange.txt", "strange\n")
    repo.put("-rf", "dash\n")
    repo.put("*.txt", "star\n")
    repo.put("blob.bin", b"\0\1\2")
    repo.git("mv", "old name.txt", "new name.txt")
    repo.git("rm", "-q", "gone.txt")
    (repo.root / "tool.sh").chmod(0o755)
    (repo.root / "link").symlink_to("a.txt")
    repo.put(".gitignore", "*.log\n")
    repo.put("x.log", "ignored\n")
    repo.put("forced.log", "staged all the same\n")
    repo.git("add", "-f", "forced.log")
    before = state(repo)
    expected = tree_of_everything(repo)
    found = await find(repo)
    assert found.given.tree == expected
    assert found.facts.commit == repo.head()
    assert state(repo) == before
    patch = parse_patch(repo.raw("diff-tree", "-r", "-p", "--find-renames", "--full-index",
                                 f"{found.facts.tree}", found.given.tree))  # fmt: skip
    status = {file.path: file.status for file in patch.files}
    assert status["new name.txt"] == "renamed"
    assert status["gone.txt"] == "deleted"
    assert "x.log" not in status
    repo.fsck()


async def test_a_file_that_was_staged_and_is_as_before_again_is_no_change(repo: Repo) -> None:
    repo.put("a.txt", "other\n")
    repo.git("add", "a.txt")
    repo.put("a.txt", LINES)
    with pytest.raises(WorkspaceError, match="Nothing is changed in the working tree"):
        await find(repo)


async def test_a_repository_inside_is_left_out_and_told(repo: Repo) -> None:
    Repo(repo.root / "inner").init().put("x", "x")
    Repo(repo.root / "inner").commit()
    repo.put("a.txt", "other\n")
    found = await find(repo)
    assert found.given.notes == ("inner/ is a git repository of its own and is left out.",)
    assert set(repo.tree_of(found.given.tree)) == set(repo.tree_of("HEAD"))


async def test_conflicts_are_refused(repo: Repo) -> None:
    repo.put("a.txt", "mine\n")
    repo.git("stash", "-q")
    repo.put("a.txt", "theirs\n")
    repo.commit()
    repo.git("stash", "pop", "-q", ok=False)
    with pytest.raises(WorkspaceError, match="conflicts"):
        await find(repo)


async def test_an_unborn_branch(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "fresh").init()
    repo.put("a.txt", "first\n")
    found = await find(repo)
    assert found.facts.commit == ""
    assert list(repo.tree_of(found.given.tree)) == ["a.txt"]


async def test_line_ends_are_those_that_git_would_store(repo: Repo) -> None:
    repo.put(".gitattributes", "*.txt text\n")
    repo.commit()
    repo.put("a.txt", LINES.replace("line 3\n", "three\n").replace("\n", "\r\n"))
    assert (await find(repo)).given.tree == tree_of_everything(repo)


# -- commits ------------------------------


async def test_a_commit_a_root_commit_and_a_merge(repo: Repo) -> None:
    root = repo.head()
    repo.git("checkout", "-q", "-b", "side")
    repo.put("s.txt", "side\n")
    repo.commit("side\n\nbody")
    repo.git("checkout", "-q", "main")
    repo.put("m.txt", "main\n")
    repo.commit("main")
    repo.git("merge", "-q", "--no-ff", "-m", "merged", "side")
    found = await find(repo, "HEAD~1")
    assert (found.facts.commit, found.given.kind, found.given.message) == (root, "commit", "main")
    found = await find(repo, root)
    assert (found.facts.commit, found.given.tree) == ("", repo.git("rev-parse", f"{root}^{{tree}}"))
    found = await find(repo, "HEAD")
    assert found.facts.commit == repo.git("rev-parse", "HEAD~1")
    assert found.given.tree == repo.git("rev-parse", "HEAD^{tree}")


async def test_a_branch_is_what_it_has_since_it_left(repo: Repo) -> None:
    base = repo.head()
    repo.git("checkout", "-q", "-b", "feature")
    for number in (1, 2):
        repo.put(f"f{number}.txt", "x\n")
        repo.commit(f"feature {number}")
    repo.git("checkout", "-q", "main")
    repo.put("m.txt", "main\n")
    repo.commit("main goes on")
    found = await find(repo, "feature")
    assert (found.given.kind, found.facts.commit) == ("branch", base)
    assert found.given.message == "Take over feature\n\n* feature 1\n* feature 2"
    two = await find(repo, "main..feature")
    assert two.facts.commit == repo.head()
    three = await find(repo, "...feature")
    assert (three.facts.commit, three.given.tree) == (base, found.given.tree)
    own = await find(repo, "main")
    assert (own.given.kind, own.given.message) == ("commit", "main goes on")


@pytest.mark.parametrize("what", ["nowhere", "--help", "a..nowhere", "HEAD~99", "x\ny"])
async def test_what_is_nothing_is_said_in_one_sentence(repo: Repo, what: str) -> None:
    with pytest.raises(WorkspaceError, match="neither a revision nor a file") as error:
        await find(repo, what)
    assert "\n" not in str(error.value)


async def test_a_name_that_is_both_is_the_revision(repo: Repo) -> None:
    repo.put("v1", "a file\n")
    repo.commit()
    repo.git("tag", "v1")
    found = await find(repo, "v1", b"a file\n")
    assert found.given.kind == "commit"


# -- patches ------------------------------


def changed(repo: Repo) -> str:
    """A commit with every kind of change, taken back again; its tree."""
    repo.put("a.txt", LINES.replace("line 3\n", "three\n").replace("line 30\n", ""))
    repo.put("blob.bin", b"\0\1\2" * 300)
    repo.put("crlf.txt", b"one\r\n2\r\nthree\r\n")
    repo.git("mv", "old name.txt", "new name.txt")
    repo.git("rm", "-q", "gone.txt")
    (repo.root / "tool.sh").chmod(0o755)
    repo.git("-c", "user.name=Grace \u00dc", "-c", "user.email=g@x", "commit", "-qam", "dummy")
    repo.git("add", "-A")
    repo.git("-c", "user.name=Grace \u00dc", "-c", "user.email=g@x", "commit", "-q", "--amend",
             "--reset-author", "-m", "All of it \u2713\n\nBecause.")  # fmt: skip
    tree = repo.git("rev-parse", "HEAD^{tree}")
    repo.git("tag", "made")
    repo.git("reset", "-q", "--hard", "HEAD^")
    return tree


async def test_a_mail_of_format_patch_is_applied_exactly(repo: Repo) -> None:
    tree = changed(repo)
    before = state(repo)
    mail = repo.raw("format-patch", "--stdout", "--binary", "-1", "made")
    found = await find(repo, "-", mail)
    assert found.given.tree == tree
    assert found.given.message == "All of it \u2713\n\nBecause."
    assert found.given.author == "Grace \u00dc <g@x>"
    assert not found.given.problem
    assert not found.given.notes
    assert state(repo) == before


@pytest.mark.parametrize("how", ["plain", "no-prefix", "crlf", "crlf-heads", "no-end"])
async def test_the_same_change_in_other_dress(repo: Repo, how: str) -> None:
    tree = changed(repo)
    options = ["--no-prefix"] if how == "no-prefix" else []
    data = repo.raw("diff", "--binary", *options, "HEAD", "made")
    if how == "crlf":
        repo.git("checkout", "-q", "HEAD")
        data = repo.raw("diff", "--binary", "HEAD", "made", "--", "a.txt", "gone.txt")
        data = data.replace(b"\n", b"\r\n")
    if how == "crlf-heads":
        data = b"".join(
            line.replace(b"\n", b"\r\n") if line.startswith((b"diff ", b"--- ", b"+++ ")) else line
            for line in data.splitlines(keepends=True)
        )
    if how == "no-end":
        data = data.rstrip(b"\n")
    found = await find(repo, "x.patch", data)
    assert not found.given.problem
    if how != "crlf":
        assert found.given.tree == tree
    else:
        assert repo.tree_of(found.given.tree)["a.txt"] == repo.tree_of(tree)["a.txt"]


async def test_a_series_of_mails(repo: Repo) -> None:
    base = repo.head()
    for number in (1, 2, 3):
        repo.put("a.txt", LINES.replace("line 3\n", f"three {number}\n"))
        repo.commit(f"step {number}")
    tree = repo.git("rev-parse", "HEAD^{tree}")
    mails = repo.raw("format-patch", "--stdout", base)
    repo.git("reset", "-q", "--hard", base)
    found = await find(repo, "-", mails)
    assert found.given.tree == tree
    assert found.given.message == "Take over 3 patches\n\n* step 1\n* step 2\n* step 3"
    assert not found.given.notes


@pytest.mark.parametrize("options", [[], ["--no-prefix"]], ids=["", "no-prefix"])
async def test_a_patch_that_was_cut_off_is_never_taken_for_whole(
    repo: Repo, options: list[str]
) -> None:
    """After each of its lines: cut between two hunks it is still a patch, but a shorter one."""
    changed(repo)
    mail = repo.raw("format-patch", "--stdout", *options, "-1", "made", "--", "*.txt")
    whole = (await find(repo, "-", mail)).given
    assert not whole.notes
    lines = mail.splitlines(keepends=True)
    begin = next(n for n, line in enumerate(lines) if line.startswith(b"@@ "))
    told = []
    for end in range(begin, len(lines)):
        try:
            given = (await find(repo, "-", b"".join(lines[:end]))).given
        except WorkspaceError as refused:
            told.append(str(refused))
            continue
        notes = [note for note in given.notes if "is it cut off?" in note]
        assert given.tree == whole.tree or given.problem or notes, lines[end - 1]
        told += notes
    assert sum("is it cut off?" in note for note in told) >= 3


async def test_a_patch_for_an_older_commit_is_shown_there(repo: Repo) -> None:
    tree = changed(repo)
    base = repo.head()
    mail = repo.raw("format-patch", "--stdout", "--binary", f"--base={base}", "-1", "made")
    repo.put("a.txt", "everything else\n")
    repo.put("gone.txt", "other\n")
    repo.commit("moved on")
    found = await find(repo, "-", mail)
    assert (found.facts.commit, found.given.tree) == (base, tree)
    assert found.given.notes == (f"It does not apply on HEAD; it is shown on {base[:10]}.",)


async def test_a_patch_that_applies_nowhere_can_be_read(repo: Repo) -> None:
    data = (
        b"--- a/far/away.c\n+++ b/far/away.c\n@@ -100,3 +100,3 @@ void f(void)\n one\n-two\n"
        b"+zwei\n three\n@@ -200,2 +200,3 @@\n x\n+y\n z\n"
        b"--- /dev/null\n+++ b/fresh.c\n@@ -0,0 +1 @@\n+new\n"
    )
    found = await find(repo, "x.diff", data)
    assert "does not apply here" in found.given.problem
    patch = parse_patch(
        repo.raw("diff-tree", "-r", "-p", "--full-index", found.facts.tree, found.given.tree)
    )
    hunks = {file.path: [(h.new_start, [bytes(x.kind, "ascii") + x.data for x in h.lines
                                        if x.kind != " "]) for h in file.hunks]
             for file in patch.files}  # fmt: skip
    [(one, first), (two, second)] = hunks["far/away.c"]
    assert (first, second) == ([b"-two", b"+zwei"], [b"+y"])
    assert one <= 101 <= one + 6
    assert two <= 201 <= two + 6
    assert hunks["fresh.c"] == [(1, [b"+new"])]
    assert repo.git("rev-parse", f"{found.facts.commit}^{{tree}}") == found.facts.tree


@pytest.mark.parametrize(
    "path", ["../../etc/passwd", ".git/hooks/pre-commit", "a/.GIT/config", "a/../../x"]
)
async def test_a_hostile_path_gets_nowhere(repo: Repo, path: str) -> None:
    data = f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+evil\n".encode()
    before = state(repo)
    with pytest.raises(WorkspaceError):
        await find(repo, "-", data)
    assert state(repo) == before


@pytest.mark.parametrize("data", [b"", b"hello\n", b"\0\0\0", b"From: x\n\nno diff here\n"])
async def test_what_is_no_patch_is_said(repo: Repo, data: bytes) -> None:
    with pytest.raises(WorkspaceError, match="There is no diff"):
        await find(repo, "-", data)


def test_encoded_headers_and_tags() -> None:
    mail = (
        b"From 1111111111111111111111111111111111111111 Mon Sep 17 00:00:00 2001\n"
        b"From: =?UTF-8?q?J=C3=B6rg?= <j@x>\n"
        b"Subject: [PATCH v2 1/1] =?UTF-8?q?Gr=C3=BC=C3=9Fe?=\n  folded\n\nBody.\n---\n x | 1 +\n\n"
        b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n-- \n2.40\n"
    )
    text = read_patch_text(mail)
    assert text.message == "Gr\u00fc\u00dfe folded\n\nBody."
    assert text.author == "J\u00f6rg <j@x>"
    assert text.commits == ("1" * 40,)


def encoded(mail: bytes, how: str) -> bytes:
    """A mail as a mail program sends it."""
    head, _, body = mail.partition(b"\n\n")
    head = re.sub(rb"\n(?:MIME|Content-)[^\n]*", b"", head)
    if how == "base64":
        body = base64.encodebytes(body)
    else:  # Python's encoder takes a \r that belongs to the text for a part of the line's end
        body = quopri.encodestring(body.replace(b"\r", b"\0")).replace(b"=00", b"=0D")
    kind = f"\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: {how}\n\n"
    return head + kind.encode() + body


@pytest.mark.parametrize(
    "how", ["colours", "utf-16", "utf-8-sig", "base64", "quoted-printable", "attached"]
)
async def test_what_programs_put_around_a_patch(repo: Repo, how: str) -> None:
    tree = changed(repo)
    if how == "colours":
        data = repo.raw("diff", "--binary", "--color=always", "HEAD", "made")
    elif how.startswith("utf"):
        data = repo.raw("diff", "--binary", "HEAD", "made").decode().encode(how)
    else:
        attach = ["--attach"] if how == "attached" else []
        mail = repo.raw("format-patch", "--stdout", "--binary", *attach, "-1", "made")
        data = mail if attach else encoded(mail, how)
    found = await find(repo, "-", data)
    assert not found.given.problem
    assert found.given.tree == tree
    if not how.startswith(("utf", "colours")):
        assert found.given.message == "All of it \u2713\n\nBecause."


async def test_a_series_that_applies_nowhere_is_shown_as_a_whole(repo: Repo) -> None:
    """Each patch of a file stands on the one before."""
    base = repo.head()
    steps = [
        LINES.replace("line 3\n", "three\nmore\n").replace("line 30\n", "thirty\n"),
        LINES.replace("line 3\n", "three\n").replace("line 30\n", "30\n31\n"),
        LINES.replace("line 3\n", "three\n").replace("line 30\n", "30\n31\n").replace("ne 1\n", ""),
    ]
    for text in steps:
        repo.put("far/away.txt", text)
        repo.put("a.txt", text)
        repo.commit("step")
    mails = repo.raw("format-patch", "--stdout", f"{base}..HEAD", "--", "a.txt")
    wanted = repo.raw("diff", "-U0", base, "HEAD", "--", "a.txt")
    repo.git("reset", "-q", "--hard", base)
    repo.put("a.txt", "another file\n")
    repo.commit("moved on")
    data = re.sub(rb"^(From|index) .*\n", b"", mails, flags=re.MULTILINE)
    found = await find(repo, "-", data)
    assert found.given.problem
    shown = repo.raw("diff", "-U0", found.facts.tree, found.given.tree)

    def changes(patch: bytes) -> list[bytes]:
        return re.findall(rb"^(?:@@ [^@]*@@|[-+](?!--|\+\+).*)", patch, re.MULTILINE)

    assert changes(shown) == changes(wanted)


async def test_a_copy_is_of_what_its_source_was_before_the_commit(
    repo: Repo, tmp_path: Path
) -> None:
    """Each commit's own: in the first the source is changed before it is copied, then after."""
    other = Repo(tmp_path / "other").init()
    text = "".join(f"{n}\n" for n in range(1, 13))
    other.put("s.txt", text)
    base = other.commit()
    other.put("s.txt", "new 1\nnew 2\n" + text)
    other.put("t.txt", text.replace("3\n", "three\n", 1))
    other.commit("copied")
    other.put("u.txt", "new 1\nnew 2\n" + text.replace("12\n", "twelve\n"))
    other.put("s.txt", "new 1\n" + text)
    other.commit("copied again")
    mails = other.raw("format-patch", "--stdout", "-C", base)
    assert mails.count(b"copy from s.txt") == 2
    found = await find(repo, "-", mails)
    assert found.given.problem
    for name in ("s.txt", "t.txt", "u.txt"):
        shown = repo.raw("show", f"{found.given.tree}:{name}").split(b"\n")
        real = other.raw("show", f"HEAD:{name}").split(b"\n")
        assert len(shown) <= len(real)
        assert all(line in (b"", there) for line, there in zip(shown, real, strict=False)), name


async def test_what_of_a_patch_cannot_be_shown_is_told(repo: Repo) -> None:
    good = b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"
    bad = b"--- a/y\n+++ b/y\n@@ -1,2 +1,2 @@\n a\nneither\n b\n"
    found = await find(repo, "-", good + bad)
    assert "could not be read and is not shown: y: line " in found.given.notes[1]
    with pytest.raises(WorkspaceError, match=r"cannot be read: y: line 5 .* begins with neither"):
        await find(repo, "-", bad)


@pytest.mark.parametrize("path", ["../../etc/passwd", ".git/config", "a//b", "x/.GIT/y"])
async def test_a_patch_of_what_can_be_no_file_says_so(repo: Repo, path: str) -> None:
    data = f"--- a/{path}\n+++ b/{path}\n@@ -1 +1 @@\n-a\n+b\n".encode()
    with pytest.raises(WorkspaceError, match="can be no file of a repository"):
        await find(repo, "-", data)
