"""Selections over real histories against git: ``python -m tests.selections [COUNT] [--packages]``.

From this checkout's own commits, and with ``--packages`` from published versions of some packages
(they come from the package index), pairs of trees are drawn, and a random part of what changed
between the two is selected. The tree must be the one that ``git apply --cached`` makes of the same
part. It prints counts, and ends with 1 at the first difference.
"""

import argparse
import asyncio
import os
import random
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from agent_tui.domain.decision import Selection
from agent_tui.domain.patch import Patch, parse_patch
from agent_tui.workspace.repository import open_repository
from agent_tui.workspace.worktree import GitWorkspace
from tests.workspace.workspace_patches import patch_text

CHECKOUT = Path(__file__).parents[1]
PACKAGES = {
    "idna": ("2.10", "3.1", "3.3", "3.4", "3.6", "3.7", "3.10"),
    "packaging": ("20.9", "21.3", "22.0", "23.0", "23.2", "24.0", "24.2"),
    "click": ("7.1.2", "8.0.0", "8.0.4", "8.1.0", "8.1.3", "8.1.7"),
}


def git(folder: Path, *args: str, stdin: bytes = b"", index: Path | None = None) -> str:
    """What git prints."""
    env = os.environ if index is None else {**os.environ, "GIT_INDEX_FILE": str(index)}
    done = subprocess.run(["git", *args], cwd=folder, env=env, input=stdin, capture_output=True,
                          check=False)  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"git {' '.join(args)}: {done.stderr.decode('utf-8', 'replace')}")
    return done.stdout.decode().strip()


def random_part(rng: random.Random, patch: Patch) -> Selection:
    """A random part of a patch to leave out: files, modes, moves, ends, hunks, single lines."""
    files: list[str] = []
    modes: list[str] = []
    moves: list[str] = []
    lines: dict[str, tuple[int, ...]] = {}
    for file in patch.files:
        if file.binary or rng.random() < 0.2:  # a patch in text has no bytes of a binary file
            files.append(file.path)
            continue
        if file.status == "renamed" and rng.random() < 0.5:
            moves.append(file.path)
        if file.mode_changed and rng.random() < 0.5:
            modes.append(file.path)
        share = rng.choice([0.0, 0.1, 0.5, 0.9, 1.0])
        for hunk in file.hunks:
            left = tuple(i for i in hunk.changed if rng.random() < share)
            if left:
                lines[hunk.id] = left
    return Selection(files=tuple(files), modes=tuple(modes), moves=tuple(moves), lines=lines)


def pairs_of(folder: Path, rng: random.Random, count: int) -> list[tuple[str, str]]:
    """Trees of commits that follow each other, or are some commits apart."""
    trees = git(folder, "log", "--format=%T", "HEAD").split()
    found = []
    for _ in range(count):
        at = rng.randrange(len(trees) - 1)
        found.append((trees[min(len(trees) - 1, at + rng.choice([1, 1, 1, 2, 5]))], trees[at]))
    return [(old, new) for old, new in found if old != new]


async def check(folder: Path, scratch: Path, rng: random.Random, count: int) -> tuple[int, int]:
    """Select that many parts of a repository's history.

    Returns:
        How many trees were compared, and how many files they changed.

    Raises:
        AssertionError: If a tree is another one than git's.
    """
    facts = await open_repository(folder)
    workspace = await GitWorkspace.create(facts, "selections", scratch / "worktrees")
    trees = parts = 0
    try:
        for base, target in pairs_of(folder, rng, count):
            patch = parse_patch(await workspace.diff(base, target))
            selection = random_part(rng, patch)
            tree = await workspace.select(base, target, patch, selection)
            text, index = patch_text(patch, selection), scratch / "index"
            git(folder, "read-tree", base, index=index)
            if text:
                git(folder, "apply", "--cached", "--whitespace=nowarn", "-", stdin=text,
                    index=index)  # fmt: skip
            expected = git(folder, "write-tree", index=index)
            if tree != expected:
                shown = git(folder, "diff-tree", "-r", "-p", expected, tree)
                raise AssertionError(f"{base}..{target}: instead of git's tree\n{shown[:2000]}")
            trees += 1
            parts += len(patch.files)
    finally:
        await workspace.close()
    return trees, parts


def identify(folder: Path) -> None:
    """Somebody who commits."""
    git(folder, "config", "user.name", "Ada Example")
    git(folder, "config", "user.email", "ada@example.com")


def own_history(folder: Path) -> Path:
    """A clone of this checkout's commits."""
    git(CHECKOUT, "clone", "-q", "--no-local", str(CHECKOUT), str(folder))
    identify(folder)
    return folder


def package_history(name: str, folder: Path) -> Path:
    """A history with a commit for each published version of a package."""
    git(folder.parent, "init", "-q", str(folder))
    identify(folder)
    for version in PACKAGES[name]:
        with tempfile.TemporaryDirectory() as there:
            subprocess.run(
                [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:",
                 "-d", there, f"{name}=={version}"],
                check=True,
            )  # fmt: skip
            for old in folder.iterdir():
                if old.is_dir() and old.name != ".git":
                    shutil.rmtree(old)
            with zipfile.ZipFile(next(Path(there).glob("*.whl"))) as archive:
                archive.extractall(folder)
            for info in folder.glob("*.dist-info"):
                info.rename(folder / "info")  # its name has the version
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", version)
    return folder


async def _main(count: int, *, packages: bool) -> int:
    with tempfile.TemporaryDirectory(prefix="agent-tui-selections-") as temporary:
        folder = Path(temporary)
        histories = {"this history": own_history(folder / "own")}
        if packages:
            histories |= {name: package_history(name, folder / name) for name in PACKAGES}
        for name, repository in histories.items():
            scratch = folder / f"{repository.name}-scratch"
            scratch.mkdir()
            trees, parts = await check(repository, scratch, random.Random(count), count)
            print(f"{name}: {trees} parts are what git makes of them, {parts} changed files")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.selections", description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=300, help="parts of each history")
    parser.add_argument("--packages", action="store_true", help="published packages as well")
    options = parser.parse_args()
    sys.exit(asyncio.run(_main(options.count, packages=options.packages)))
