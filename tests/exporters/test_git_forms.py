"""Patches and bundles of real sessions by the commands, held against git itself."""

import asyncio
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agent_tui.bootstrap.demo import demo_options
from agent_tui.bootstrap.environment import Options, open_environment
from agent_tui.bootstrap.exporting import export_session
from agent_tui.bootstrap.starting import start_session
from agent_tui.demo.repository import REQUEST
from agent_tui.domain.state import State
from agent_tui.headless import progress
from agent_tui.sessions.replay import fold
from agent_tui.sessions.store import read_folder
from agent_tui.workspace import trees
from tests.exporters.exporting import git
from tests.importers.importing import Claude


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Options, str, State]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
        patch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
        folder = tmp_path_factory.mktemp("exports")

        async def go() -> tuple[Options, str]:
            options = await demo_options(folder, 0.0)
            session = await start_session(await open_environment(options), REQUEST)
            await session.run()
            await session.close()
            return options, session.id

        options, session = asyncio.run(go())
    assert options.sessions is not None
    return options, session, fold(read_folder(options.sessions / session).records)


def command(*words: str, at: Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "agent_tui", "sessions", *words]
    return subprocess.run(line, cwd=at, capture_output=True, text=True, check=False)


def test_the_bundle_of_a_committed_session_is_taken_by_git(
    committed: tuple[Options, str, State], tmp_path: Path
) -> None:
    options, session, state = committed
    assert state.commit is not None
    assert state.session is not None
    done = command("export", session, "--sessions", str(options.sessions), "--format", "bundle",
                   "-o", str(tmp_path / "s.bundle"), at=options.folder)  # fmt: skip
    assert done.returncode == 0, done.stderr
    # Whoever has the commit that it began at takes it; who has not is told so by git.
    base = tmp_path / "base"
    git("clone", "--quiet", str(options.folder), str(base), at=tmp_path)
    git("checkout", "--quiet", "--detach", state.session.repo.commit, at=base)
    for branch in git("for-each-ref", "--format=%(refname)", at=base).split():
        git("update-ref", "-d", branch, at=base)
    git("bundle", "verify", "--quiet", str(tmp_path / "s.bundle"), at=base)
    git("fetch", "--quiet", str(tmp_path / "s.bundle"), f"{state.commit.ref}:refs/heads/taken",
        at=base)  # fmt: skip
    assert git("rev-parse", "taken", at=base).strip() == state.commit.commit
    assert git("rev-parse", "taken^{tree}", at=base).strip() == state.commit.tree
    assert session in git("log", "-1", "--format=%B", "taken", at=base)
    git("init", "--quiet", str(tmp_path / "empty"), at=tmp_path)
    with pytest.raises(AssertionError, match=r"(?s)lacks these prerequisite|could not"):
        git("bundle", "verify", str(tmp_path / "s.bundle"), at=tmp_path / "empty")


def test_binary_files_of_ones_own_session_are_in_the_patch(
    committed: tuple[Options, str, State], tmp_path: Path
) -> None:
    options, session, state = committed
    assert state.session is not None
    root = options.folder
    # The same session, whose result has a binary file as well: its log is told of that tree.
    binary = bytes(range(256)) * 4
    index = {"GIT_INDEX_FILE": str(tmp_path / "index")}

    def plumb(*words: str, data: bytes | None = None) -> str:
        done = subprocess.run(["git", *words], cwd=root, input=data, capture_output=True,
                              check=True, env={**_environment(), **index})  # fmt: skip
        return done.stdout.decode().strip()

    plumb("read-tree", state.revisions[-1].tree)
    oid = plumb("hash-object", "-w", "--stdin", data=binary)
    plumb("update-index", "--add", "--cacheinfo", f"100644,{oid},logo.bin")
    tree = plumb("write-tree")
    store = tmp_path / "store"
    assert options.sessions is not None
    shutil.copytree(options.sessions / session, store / session)
    _retell(store / session, root, state, tree)
    made = export_session(replace(options, sessions=store), session, "patch", progress)
    assert not made.notes
    work = tmp_path / "work"
    git("clone", "--quiet", str(root), str(work), at=tmp_path)
    git("checkout", "--quiet", "--detach", state.session.repo.commit, at=work)
    git("apply", "--index", "-", at=work, data=made.data)
    assert git("write-tree", at=work).strip() == tree
    assert (work / "logo.bin").read_bytes() == binary
    # Without the repository it is said.
    root.rename(tmp_path / "away")
    try:
        made = export_session(Options(tmp_path, {}, sessions=store), session, "patch", progress)
        assert any("content of 1 binary file is not in the patch" in note for note in made.notes)
    finally:
        (tmp_path / "away").rename(root)


def _environment() -> dict[str, str]:
    import os

    return dict(os.environ)


def _retell(folder: Path, root: Path, state: State, tree: str) -> None:
    """Write the log again with another tree at its last revision, and the diff to it."""
    import json

    from agent_tui.sessions import codec
    from agent_tui.sessions.blobs import put_blob

    last = state.revisions[-1]
    words = ["git", "diff-tree", "-r", "-p", *trees._DIFF, last.base_tree, tree]
    patch = subprocess.run(words, cwd=root, capture_output=True, check=True).stdout
    ref = put_blob(folder, patch)
    digest, lines = "", []
    for line in (folder / "events.jsonl").read_bytes().splitlines():
        fields = json.loads(line)
        del fields["h"]
        if fields["type"] == "attempt.proposed" and fields["data"]["tree"] == last.tree:
            fields["data"] |= {"tree": tree, "patch": ref.model_dump()}
        body = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
        digest = codec.chain(digest, body)
        lines.append(body[:-1] + b',"h":"' + digest.encode() + b'"}\n')
    (folder / "events.jsonl").write_bytes(b"".join(lines))


def test_binary_files_of_another_agent_are_in_the_patch(tmp_path: Path) -> None:
    claude = Claude()
    claude.asks("Change the picture")
    claude.edit("m1", "/home/dev/roman/p.bin", "one\0two\n", "one", "eins\0")
    claude.edit("m2", "/home/dev/roman/a.py", "a = 1\n", "1", "2")
    source = claude.write(tmp_path)
    options = Options(tmp_path, {}, sessions=tmp_path / "store")
    made = export_session(options, str(source), "patch", progress)
    assert b"GIT binary patch" in made.data
    assert not made.notes
    work = tmp_path / "work"
    work.mkdir()
    (work / "p.bin").write_bytes(b"one\0two\n")
    (work / "a.py").write_text("a = 1\n")
    git("apply", "-", at=work, data=made.data)
    assert (work / "p.bin").read_bytes() == b"eins\0\0two\n"
    assert (work / "a.py").read_text() == "a = 2\n"
