"""The person works in the repository while we commit, and other programs hold git's locks."""

import json
import random
from collections import Counter
from pathlib import Path

from tests.faults.scene import Nursery, Scene, nursery

POINTS = (
    "before commit-tree", "after commit-tree", "before update-ref", "after update-ref",
    "before the lock", "branch locked", "before read-tree", "after read-tree", "before the move",
    "after the move", "commit.done",
)  # fmt: skip
ACTS = {
    "commits other work": "git commit -q -m 'their own' && git rev-parse HEAD > ../theirs",
    "commits the same file": "echo theirs > b.txt && git commit -q b.txt -m 'their own' "
    "&& git rev-parse HEAD > ../theirs",
    "adds the same file": "echo theirs > b.txt && git add b.txt",
    "edits the same file": "echo theirs > b.txt",
    "makes the new file": "mkdir -p src && echo theirs > src/new.txt",
    "checks out another branch": "git checkout -q -b other",
    "detaches": "git checkout -q --detach",
    "resets the index": "git reset -q",
    "packs the refs": "git pack-refs --all",
}
LOCKS = (
    ".git/index.lock",
    ".git/HEAD.lock",
    ".git/refs/heads/main.lock",
    ".git/packed-refs.lock",
    ".git/refs/heads/agent-tui/{session}.lock",
)


def prepared(lives: Nursery, folder: Path) -> tuple[Scene, Path]:
    """A scene whose session has come to its commit, and a copy of it."""
    scene = Scene(folder / "scene").make()
    lives.live(scene, point="commit.started")
    scene.problems()  # reads what was acknowledged
    scene.save(folder / "saved")
    return scene, folder / "saved"


def at_work(
    folder: Path, count: int, seed: int = 0, part: int = 0, parts: int = 1
) -> tuple[Counter[str], list[str]]:
    """Let the person do something at a random point of the commit, so many times.

    Args:
        part: Which of so many parts of them.

    Returns:
        How often the commit landed and how often it stayed on its branch, and what was wrong.
    """
    ways: Counter[str] = Counter()
    problems: list[str] = []
    pairs = [(point, act) for point in POINTS for act in ACTS]
    with nursery() as lives:
        scene, saved = prepared(lives, folder)
        for number in range(part, count, parts):
            # Each pair once before any comes again.
            rng = random.Random(f"{seed}-{number // len(pairs)}")
            point, act = rng.sample(pairs, len(pairs))[number % len(pairs)]
            scene.restore(saved)
            for mark in ("acted", "theirs"):
                (scene.folder / mark).unlink(missing_ok=True)
            status = lives.live(scene, point=point, committing=True, act=ACTS[act])
            wrong, way = _judge(scene, act, status)
            ways[way] += 1
            problems += [f"the person {act} at “{point}”: {problem}" for problem in wrong]
    return ways, problems


def _judge(scene: Scene, act: str, status: int) -> tuple[list[str], str]:
    """What is wrong afterwards, and how it went."""
    found = []
    if not (scene.folder / "acted").exists():
        return ["the point was not reached"], "not reached"
    acted = json.loads((scene.folder / "acted").read_text())
    said = acted["said"]
    if acted["status"] and not ("lock" in said or "overwritten" in said):
        found.append(f"their command failed: {said}")
    if status != 0:
        found.append(f"the session ended with {status}")
    done = [r.event for r in (scene.log() or _nothing()).records if r.event.type == "commit.done"]
    if len(done) != 1:
        return [*found, f"there are {len(done)} ends of the commit"], "broken"
    landed = getattr(done[0], "landed", None)
    if not landed and not getattr(done[0], "detail", ""):
        found.append("it did not land, and nothing says why")
    repo = scene.repo
    if not acted["status"]:
        same = "same file" in act
        if same and (not (repo / "b.txt").exists() or (repo / "b.txt").read_text() != "theirs\n"):
            found.append("their content of b.txt is gone")
        if act == "makes the new file" and (repo / "src/new.txt").read_text() != "theirs\n":
            found.append("their content of src/new.txt is gone")
        if (scene.folder / "theirs").exists():
            theirs = (scene.folder / "theirs").read_text().strip()
            if scene.git("merge-base", "--is-ancestor", theirs, "main", ok=False):
                found.append("their commit is not on the branch")
            if theirs not in scene.git("rev-list", "main").split():
                found.append("their commit is gone")
        if act == "checks out another branch":
            if scene.git("symbolic-ref", "HEAD") != "refs/heads/other":
                found.append("HEAD is elsewhere")
            if not landed and scene.git("diff", "--name-only", "HEAD", "--", "b.txt", "c.txt"):
                found.append("files of the other branch were changed")
    if (repo / "mine.txt").read_text() != "mine\n":
        found.append("their unstaged work is gone")
    if (repo / "staged.txt").read_text() != "staged\n":
        found.append("their staged work is gone")
    if (repo / "untracked.txt").read_text() != "untracked\n":
        found.append("their untracked file is gone")
    if scene.git("stash", "list") != scene.theirs["stash"]:
        found.append("their stash is gone")
    count = scene.git("log", "--branches", "--format=%(trailers:key=Agent-Tui-Session,valueonly)")
    if len([line for line in count.split("\n") if line]) != 1:
        found.append("the session does not have exactly one commit")
    if scene.git("fsck", "--strict", "--no-dangling", ok=False).startswith(("error", "missing")):
        found.append("git fsck finds something")
    return found, "landed" if landed else "stayed on its branch"


def _nothing() -> "_Empty":
    return _Empty()


class _Empty:
    records: tuple[()] = ()


def foreign_locks(
    folder: Path, count: int, part: int = 0, parts: int = 1
) -> tuple[Counter[str], list[str]]:
    """Let another program hold one of git's locks while a session commits.

    Args:
        part: Which of so many parts of that.

    Returns:
        What became of the commit for each lock, and what was wrong.
    """
    ways: Counter[str] = Counter()
    problems: list[str] = []
    with nursery() as lives:
        scene, saved = prepared(lives, folder)
        for number in range(part, count, parts):
            scene.restore(saved)
            name = LOCKS[number % len(LOCKS)].format(session=scene.session)
            lock = scene.repo / name
            lock.parent.mkdir(parents=True, exist_ok=True)
            lock.write_text("foreign\n")
            lives.live(scene)
            wrong = []
            if not lock.exists() or lock.read_text() != "foreign\n":
                wrong.append("the lock is gone")
            else:
                lock.unlink()
            wrong += scene.problems()
            log = scene.log()
            events = [r.event for r in log.records] if log else []
            done = [e for e in events if e.type == "commit.done"]
            refused = [e for e in events if e.type == "commit.refused"]
            words = " ".join(str(getattr(e, "detail", "")) for e in (*done, *refused))
            landed = bool(done) and bool(getattr(done[0], "landed", None))
            if not landed and "lock" not in words and "holds the index" not in words:
                wrong.append(f"nothing is said of the lock: {words!r}")
            way = "landed" if landed else "stayed" if done else "refused" if refused else "?"
            ways[
                f"{name.rpartition('/')[2] if scene.session not in name else 'our branch'} {way}"
            ] += 1
            problems += [f"{name}: {problem}" for problem in wrong]
    return ways, problems
