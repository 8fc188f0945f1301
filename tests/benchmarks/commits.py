"""Snapshot, commit, export and patches in a big repository, beside the plain git commands."""

import asyncio
import os
import random
import shutil
import subprocess
import time
from pathlib import Path

from agent_tui.domain.decision import Approval
from agent_tui.workspace.edits import Formats
from agent_tui.workspace.git import SAFE_CONFIG, config_environment
from agent_tui.workspace.repository import open_repository
from agent_tui.workspace.worktree import GitWorkspace
from tests.benchmarks.report import Row, interleaved, ratio_row, timed

FILES = 8_000
CHANGED = 5
COMMIT_RATIO = 1.5
HUNKS = 2_000


def _git(folder: Path, *args: str, index: Path | None = None, stdin: str | None = None) -> str:
    fsync = tuple(pair for pair in SAFE_CONFIG if pair[0] == "core.fsync")
    env = {**os.environ, **config_environment(fsync)}
    if index is not None:
        env["GIT_INDEX_FILE"] = str(index)
    done = subprocess.run(
        ["git", *args], cwd=folder, env=env, input=stdin, capture_output=True, check=True, text=True
    )
    return done.stdout.strip()


def _repository(folder: Path) -> Path:
    folder.mkdir()
    for number in range(FILES):
        file = folder / f"part{number % 80}" / f"file{number}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text("".join(f"line {n} of {number}\n" for n in range(30)))
    _git(folder, "init", "-q", "-b", "main")
    _git(folder, "config", "user.name", "Benchmark")
    _git(folder, "config", "user.email", "benchmark@example.com")
    _git(folder, "add", "-A")
    _git(folder, "commit", "-q", "-m", "base")
    return folder


def _changes(round_: int) -> dict[str, bytes]:
    return {
        f"part{n % 80}/file{n}.txt": f"round {round_}\n".encode() * 20
        for n in range(round_, FILES, FILES // CHANGED)
    }


def commit_rows(folder: Path, runs: int) -> list[Row]:
    """Ours and git's own commands in turn, each on the tip that the other has left."""
    return asyncio.run(_commit_rows(_repository(folder / "big-repository"), folder, runs))


async def _commit_rows(repo: Path, folder: Path, runs: int) -> list[Row]:
    seconds: dict[str, list[float]] = {
        f"{what} {who}": [] for what in ("snapshot", "commit", "export") for who in ("ours", "git")
    }
    for number in range(runs + 1):
        session = f"20261122-000000-{number:04}"
        facts = await open_repository(repo)
        workspace = await GitWorkspace.create(facts, session, folder / "worktrees")
        async with workspace:
            await workspace.write_files(dict(_changes(2 * number)))
            began = time.perf_counter()
            tree = await workspace.snapshot()
            seconds["snapshot ours"].append(time.perf_counter() - began)
            seconds["snapshot git"].append(timed(lambda at=workspace.root: _snapshot(at)))
            approval = Approval(
                parent=facts.commit, base_tree=facts.tree, tree=tree, spec_version=1
            )
            began = time.perf_counter()
            done = await workspace.commit(
                approval, f"Change\n\nAgent-Tui-Session: {session}\n", session
            )
            seconds["commit ours"].append(time.perf_counter() - began)
            if done.landed is None:
                raise RuntimeError(f"the commit did not land: {done.detail}")
            began = time.perf_counter()
            export = await workspace.export(tree)
            seconds["export ours"].append(time.perf_counter() - began)
            await workspace.discard(export)
            seconds["export git"].append(timed(lambda tree=tree: _export(repo, folder, tree)))
            shutil.rmtree(folder / "exported")
            await workspace.remove()
        seconds["commit git"].append(_plumbing(repo, folder, 2 * number + 1))
    for figures in seconds.values():
        del figures[0]  # the first round warms the caches up
    in_ms = {name: [1000 * s for s in figures] for name, figures in seconds.items()}
    return [
        ratio_row(
            f"snapshot of a changed tree, {FILES} files", in_ms["snapshot ours"],
            in_ms["snapshot git"], unit="ms", limit=None,
        ),
        ratio_row(
            f"approved commit of {CHANGED} of {FILES} files, landed", in_ms["commit ours"],
            in_ms["commit git"], unit="ms", limit=COMMIT_RATIO,
        ),
        ratio_row(
            f"export for checks, {FILES} files", in_ms["export ours"], in_ms["export git"],
            unit="ms", limit=None,
        ),
    ]  # fmt: skip


def _snapshot(worktree: Path) -> None:
    index = worktree.parent / "benchmark-index"
    _git(worktree, "read-tree", "HEAD", index=index)
    _git(worktree, "add", "--all", index=index)
    _git(worktree, "write-tree", index=index)
    index.unlink()


def _export(repo: Path, folder: Path, tree: str) -> None:
    index = folder / "export-index"
    _git(repo, "read-tree", tree, index=index)
    _git(repo, "checkout-index", "--all", f"--prefix={folder / 'exported'}/", index=index)
    index.unlink()


def _plumbing(repo: Path, folder: Path, round_: int) -> float:
    """Seconds for the same result by git's commands: the commit, the branch, index and files."""
    lines = []
    for path, data in _changes(round_).items():
        oid = _git(repo, "hash-object", "-w", "--stdin", stdin=data.decode())
        lines.append(f"100644 {oid}\t{path}\n")
    index = folder / "plumbing-index"
    began = time.perf_counter()
    parent = _git(repo, "rev-parse", "HEAD")
    _git(repo, "read-tree", parent, index=index)
    _git(repo, "update-index", "--index-info", index=index, stdin="".join(lines))
    tree = _git(repo, "write-tree", index=index)
    _git(repo, "diff-tree", "--raw", "-r", "-z", parent, tree)
    commit = _git(repo, "commit-tree", tree, "-p", parent, "-m", "plumbing")
    _git(repo, "status", "--porcelain", "--untracked-files=no")
    _git(repo, "read-tree", "-m", "-u", parent, tree)
    _git(repo, "update-ref", "refs/heads/main", commit, parent)
    taken = time.perf_counter() - began
    index.unlink()
    return taken


def patch_rows(folder: Path, runs: int) -> list[Row]:
    """A patch of many hunks, by its context, beside ``git apply``."""
    rng = random.Random(1)
    root = folder / "patched"
    root.mkdir()
    _git(root, "init", "-q")
    base = [f"line {n} {rng.randrange(10**9)}\n" for n in range(10 * HUNKS)]
    (root / "f.txt").write_text("".join(base))
    _git(root, "add", "-A")
    changed = [f"changed {n}\n" if n % 10 == 5 else line for n, line in enumerate(base)]
    (root / "f.txt").write_text("".join(changed))
    patch = subprocess.run(
        ["git", "diff"], cwd=root, capture_output=True, check=True
    ).stdout.replace(b"index ", b"index-is-unknown ")
    _git(root, "checkout", "-q", "f.txt")
    (folder / "big.patch").write_bytes(patch)

    def ours() -> float:
        began = time.perf_counter()
        old = (root / "f.txt").read_bytes()
        result = Formats().apply((folder / "big.patch").read_bytes(), {"f.txt": old}.get)
        taken = time.perf_counter() - began
        if not result.certain or result.files[0].data != "".join(changed).encode():
            raise RuntimeError(f"the patch was not applied: {result.explain()[:300]}")
        return taken * 1000

    def git() -> float:
        return 1000 * timed(lambda: _git(root, "apply", "--check", str(folder / "big.patch")))

    mine, theirs = interleaved(runs, ours, git)
    return [
        ratio_row(f"patch of {HUNKS} hunks, without a process", mine, theirs, unit="ms", limit=None)
    ]
