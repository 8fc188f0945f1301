"""The commit of a review is taken back: the tree is the old one, no file on the disk changes."""

import pytest

from agent_tui.bootstrap.environment import open_environment
from agent_tui.bootstrap.live import LiveSession
from agent_tui.bootstrap.review import ReviewWish, start_review
from agent_tui.bootstrap.undo import undo_and_record
from agent_tui.domain.decision import Approve, Selection
from agent_tui.headless import undone_line
from tests.test_review import (
    LINES,
    OK,
    Begin,
    Person,
    Repo,
    begin,
    finish,
    options,
    patch_of,
    repo,
    until_parked,
)

pytestmark = pytest.mark.anyio

__all__ = ["begin", "repo"]

MOVED = "".join(f"moved {n}\n" for n in range(1, 30))


def change(repo: Repo) -> str:
    """Changes of each kind; gives the status."""
    repo.put("old.txt", MOVED)
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "more")
    repo.git("mv", "old.txt", "moved.txt")
    repo.put("moved.txt", MOVED.replace("moved 7\n", "seven\n"))
    repo.git("add", "-A")
    repo.put("a.txt", LINES.replace("line 3\n", "three\n").replace("line 30\n", "thirty\n"))
    repo.put("new/unt.txt", "untracked\n")
    (repo.root / "b.txt").unlink()
    return repo.git("status", "--porcelain", "-uall", "--no-renames")


async def commit_a_part(session: LiveSession, person: Person) -> None:
    """Of a.txt a hunk is left out, and of a file that was moved all that is changed in it."""
    await until_parked(session, person)
    hunks = list(patch_of(session).hunks)
    left = [next(h for f, h in hunks if f.path == path) for path in ("a.txt", "moved.txt")]
    out = Selection(lines={hunk.id: hunk.changed for hunk in left})
    person.answers += [("diff", Approve(selection=out)), ("message", OK)]
    assert (await finish(session, person)).outcome == "committed"


@pytest.fixture
async def reviewed(repo: Repo, begin: Begin) -> tuple[LiveSession, str]:
    """A review of the working tree that has committed a part, and the status before it."""
    before = change(repo)
    session, person = await begin()
    await commit_a_part(session, person)
    assert repo.git("show", "HEAD:moved.txt") + "\n" == MOVED
    return session, before


def trees(repo: Repo, *names: str) -> list[str]:
    return [repo.git("rev-parse", f"{name}^{{tree}}") for name in names]


async def test_the_tree_is_the_one_before_and_the_disk_stays(
    repo: Repo, reviewed: tuple[LiveSession, str]
) -> None:
    session, before = reviewed
    files, after = repo.files(), repo.git("status", "--porcelain", "-uall")
    plan = await session.look_ahead()
    assert sorted(plan.paths) == ["a.txt", "b.txt", "moved.txt", "new/unt.txt", "old.txt"]
    assert (plan.on_disk, plan.deleted, plan.kept) == (plan.paths, (), ())
    done = await session.undo()
    assert (done.landed, done.kept, done.on_disk) == ("refs/heads/main", (), done.paths)
    first, _, last = trees(repo, "HEAD~2", "HEAD~1", "HEAD")
    assert last == first
    assert repo.files() == files
    # Only what was staged as a whole cannot be told from what was not, once it was committed.
    was = before.replace("D  old.txt", " D old.txt")
    assert repo.git("status", "--porcelain", "-uall", "--no-renames") == was
    again = await session.undo()
    assert (again.again, again.kept, again.on_disk) == (True, (), again.paths)
    assert trees(repo, "HEAD") == trees(repo, "HEAD~2")
    assert repo.files() == files
    assert repo.git("status", "--porcelain", "-uall") == after
    # What is brought again can be taken back once more, and is called what it is.
    assert not (await session.undo()).again
    assert trees(repo, "HEAD") == [first]
    assert repo.git("log", "-1", "--format=%s").startswith('Undo "Redo')
    assert repo.git("fsck", "--strict", "--no-dangling") == ""


async def test_what_later_commits_have_stays_and_only_that(
    repo: Repo, reviewed: tuple[LiveSession, str]
) -> None:
    session, _ = reviewed
    repo.git("commit", "-q", "-m", "the rest of it", "a.txt")
    repo.put("b.txt/inside", "in the place of the file\n")
    repo.git("add", "b.txt")
    repo.git("commit", "-q", "-m", "a folder", "b.txt")
    files = repo.files()
    done = await session.undo()
    assert done.kept == ("a.txt", "b.txt")
    assert done.paths == ("moved.txt", "new/unt.txt", "old.txt")
    assert repo.git("ls-tree", "-r", "--name-only", "HEAD").split() == [
        "a.txt", "b.txt/inside", "old.txt",
    ]  # fmt: skip
    assert repo.git("show", "HEAD:old.txt") + "\n" == MOVED
    assert "thirty" in repo.git("show", "HEAD:a.txt")
    assert repo.files() == files


async def test_the_command_keeps_the_disk_as_well(repo: Repo) -> None:
    change(repo)
    person = Person()
    session = await start_review(await open_environment(options(repo)), ReviewWish(), person)
    await commit_a_part(session, person)
    await session.close()
    files = repo.files()
    done, recorded = await undo_and_record(options(repo), None)
    assert recorded
    assert undone_line(done).endswith("no file on the disk was touched")
    assert trees(repo, "HEAD") == trees(repo, "HEAD~2")
    assert repo.files() == files
