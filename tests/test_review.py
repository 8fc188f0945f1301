"""Reviews of given changes: accepted parts become commits, the rest stays as it was."""

import asyncio
import json
import subprocess
import sys
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from agent_tui.bootstrap.environment import Options, UsageError, open_environment
from agent_tui.bootstrap.live import LiveSession
from agent_tui.bootstrap.review import ReviewWish, report_of, start_review
from agent_tui.bootstrap.starting import resume_session
from agent_tui.domain.base import Actor
from agent_tui.domain.comments import CommentDraft, CommentPlace
from agent_tui.domain.decision import (
    AddComment,
    Answer,
    Approve,
    EditFiles,
    EditMessage,
    Gate,
    GateKind,
    Reject,
    Selection,
)
from agent_tui.domain.events import SessionFinished
from agent_tui.domain.patch import Patch, parse_patch
from agent_tui.domain.review_report import ReviewReport, as_markdown
from agent_tui.domain.state import State
from agent_tui.headless import review_code, review_text

pytestmark = pytest.mark.anyio

LINES = "".join(f"line {n}\n" for n in range(1, 41))
SCRIPT = """
[[reviewer]]
when = ["# Review of the working tree"]
[[reviewer.call]]
[reviewer.call.answer]
outcome = "fail"
summary = "It changes two lines."
[[reviewer.call.answer.findings]]
severity = "major"
title = "No test"
path = "a.txt"
quote = "three"
"""
OK = Approve()


class Repo:
    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "Ada Example")
        self.git("config", "user.email", "ada@example.com")
        self.put("a.txt", LINES)
        self.put("b.txt", "b\n")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "base")

    def git(self, *args: str, ok: bool = True) -> str:
        done = subprocess.run(
            ["git", *args], cwd=self.root, capture_output=True, text=True, check=False
        )
        assert not ok or done.returncode == 0, done.stderr
        return done.stdout.rstrip("\n")

    def put(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def files(self) -> dict[str, bytes]:
        return {
            str(p.relative_to(self.root)): p.read_bytes()
            for p in sorted(self.root.rglob("*"))
            if p.is_file() and ".git" not in p.relative_to(self.root).parts
        }


class Person:
    actor: Actor = "person"

    def __init__(self, *answers: tuple[GateKind, Answer]) -> None:
        self.answers = deque(answers)
        self.parked = asyncio.Event()

    async def answer(self, gate: Gate, state: State) -> Answer:
        if not self.answers:
            self.parked.set()
            await asyncio.get_running_loop().create_future()
        kind, answer = self.answers.popleft()
        assert gate.kind == kind, gate
        return answer


Begin = Callable[..., Awaitable[tuple[LiveSession, Person]]]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


def options(repo: Repo, script: str = "") -> Options:
    folder = repo.root.parent
    file = folder / "script.toml"
    if script:
        file.write_text(script)
    return Options(
        folder=repo.root,
        sessions=folder / "sessions",
        worktrees=folder / "worktrees",
        script=file if script else None,
        own_settings=False,
    )


@pytest.fixture
async def begin(repo: Repo) -> AsyncIterator[Begin]:
    opened: list[LiveSession] = []

    async def start(
        *answers: tuple[GateKind, Answer],
        script: str = "",
        settings: dict[str, object] | None = None,
        **wish: object,
    ) -> tuple[LiveSession, Person]:
        person = Person(*answers)
        env = await open_environment(replace(options(repo, script), settings=settings or {}))
        session = await start_review(env, ReviewWish(**wish), person)  # type: ignore[arg-type]
        opened.append(session)
        return session, person

    yield start
    for session in opened:
        await session.close()


async def until_parked(session: LiveSession, person: Person) -> None:
    task = asyncio.ensure_future(session.run())
    parked = asyncio.ensure_future(person.parked.wait())
    await asyncio.wait({task, parked}, return_when=asyncio.FIRST_COMPLETED)
    assert not task.done(), task.result()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    person.parked.clear()


async def finish(session: LiveSession, person: Person) -> SessionFinished:
    finished = await asyncio.wait_for(session.run(), 60)
    assert not person.answers
    return finished


def patch_of(session: LiveSession) -> Patch:
    revision = session.state.revision
    assert revision is not None
    return parse_patch(session.blob(revision.patch))


def dirty(repo: Repo) -> None:
    """One file with two hunks, one staged; a new file; a deleted one."""
    repo.put("a.txt", LINES.replace("line 3\n", "three\n"))
    repo.git("add", "a.txt")
    repo.put("a.txt", LINES.replace("line 3\n", "three\n").replace("line 30\n", "thirty\n"))
    repo.put("new.txt", "new\n")
    (repo.root / "b.txt").unlink()


# -- the working tree ------------------------------


async def test_the_accepted_part_is_committed_and_the_rest_stays_as_it_is(
    repo: Repo, begin: Begin
) -> None:
    dirty(repo)
    files = repo.files()
    session, person = await begin()
    await until_parked(session, person)
    [first, second] = [h for f, h in patch_of(session).hunks if f.path == "a.txt"]
    out = Selection(files=("new.txt",), lines={first.id: first.changed})
    person.answers += [
        ("diff", Approve(selection=out)),
        ("message", EditMessage(message="Thirty, and no b")),
        ("message", OK),
    ]
    finished = await finish(session, person)
    assert finished.outcome == "committed"
    assert repo.files() == files
    assert repo.git("log", "-1", "--format=%s") == "Thirty, and no b"
    assert repo.git("show", "HEAD:a.txt") == LINES.replace("line 30\n", "thirty\n").rstrip()
    assert repo.git("ls-tree", "--name-only", "HEAD") == "a.txt"
    # What was staged and left out is still staged, what was not is not.
    assert repo.git("status", "--porcelain") == "M  a.txt\n?? new.txt"
    staged = repo.git("diff", "--cached", "-U0")
    assert "-line 3\n+three" in staged
    assert "thirty" not in staged
    assert repo.git("fsck", "--strict", "--no-dangling") == ""
    assert second.id


async def test_all_of_it_leaves_nothing_behind(repo: Repo, begin: Begin) -> None:
    dirty(repo)
    files = repo.files()
    session, person = await begin(("diff", OK), ("message", OK))
    finished = await finish(session, person)
    assert finished.outcome == "committed"
    assert repo.git("status", "--porcelain") == ""
    assert repo.files() == files
    assert repo.git("log", "-1", "--format=%s") == "Change a.txt, b.txt, new.txt"


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_is_left_out_stays_staged_or_unstaged_as_it_was(
    repo: Repo, begin: Begin, seed: int
) -> None:
    """Git's own index and diff say so, for parts of lines chosen at random."""
    random = Random(seed)
    texts = {}
    for name in ("staged.txt", "unstaged.txt"):
        repo.put(name, LINES)
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "two files")
    for name in ("staged.txt", "unstaged.txt"):
        lines = LINES.splitlines(keepends=True)
        for at in random.sample(range(len(lines)), 8):
            lines[at] = random.choice(["", "x\n", lines[at] + "more\n"])
        texts[name] = "".join(lines)
        repo.put(name, texts[name])
    repo.git("add", "staged.txt")
    session, person = await begin()
    await until_parked(session, person)
    left = {
        hunk.id: tuple(i for i in hunk.changed if random.random() < 0.5)
        for _, hunk in patch_of(session).hunks
    }
    person.answers += [("diff", Approve(selection=Selection(lines=left))), ("message", OK)]
    finished = await finish(session, person)
    assert finished.outcome == "committed"
    assert (repo.root / "staged.txt").read_text() == texts["staged.txt"]
    assert (repo.root / "unstaged.txt").read_text() == texts["unstaged.txt"]
    assert repo.git("diff", "--cached", "--name-only", "--", "unstaged.txt") == ""
    assert "is not staged any more" not in finished.detail
    assert repo.git("diff", "--name-only", "--", "staged.txt") == ""


async def test_what_changes_on_the_disk_meanwhile_is_neither_committed_nor_lost(
    repo: Repo, begin: Begin
) -> None:
    dirty(repo)
    session, person = await begin()
    await until_parked(session, person)
    repo.put("a.txt", "the other agent goes on\n")
    repo.put("later.txt", "x\n")
    files = repo.files()
    person.answers += [("diff", OK), ("message", OK)]
    await finish(session, person)
    assert repo.files() == files
    assert "thirty" in repo.git("show", "HEAD:a.txt")
    assert repo.git("status", "--porcelain") == " M a.txt\n?? later.txt"


async def test_a_staged_text_that_contradicts_is_named_and_kept_in_the_file(
    repo: Repo, begin: Begin
) -> None:
    repo.put("a.txt", LINES.replace("line 3\n", "staged\n"))
    repo.git("add", "a.txt")
    repo.put("a.txt", LINES.replace("line 3\n", "on disk\n"))
    files = repo.files()
    session, person = await begin(("diff", OK), ("message", OK))
    finished = await finish(session, person)
    assert "What was staged of a.txt is not staged any more" in finished.detail
    assert repo.files() == files
    assert repo.git("status", "--porcelain") == ""


async def test_the_branch_that_moved_is_left_alone(repo: Repo, begin: Begin) -> None:
    dirty(repo)
    session, person = await begin()
    await until_parked(session, person)
    repo.git("commit", "-q", "-m", "somebody else's")
    head, status = repo.git("rev-parse", "HEAD"), repo.git("status", "--porcelain")
    person.answers += [("diff", OK), ("message", OK)]
    finished = await finish(session, person)
    assert "stays on agent-tui/" in finished.detail
    assert (repo.git("rev-parse", "HEAD"), repo.git("status", "--porcelain")) == (head, status)


async def test_an_edit_is_committed_and_the_file_stays(repo: Repo, begin: Begin) -> None:
    dirty(repo)
    session, person = await begin(
        ("diff", EditFiles(files={"new.txt": "better\n"})), ("diff", OK), ("message", OK)
    )
    finished = await finish(session, person)
    assert repo.git("show", "HEAD:new.txt") == "better"
    assert (repo.root / "new.txt").read_text() == "new\n"
    command = "git checkout HEAD -- new.txt"
    assert f"new.txt on the disk does not have what you edited here: {command}" in finished.detail
    repo.git(*command.split()[1:])
    assert (repo.root / "new.txt").read_text() == "better\n"
    assert repo.git("status", "--porcelain") == ""


async def test_an_edit_beside_what_was_left_out_is_told_without_a_way_to_lose_it(
    repo: Repo, begin: Begin
) -> None:
    repo.put("two.txt", LINES)
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "two")
    dirty(repo)
    both = LINES.replace("line 3\n", "three\n").replace("line 30\n", "thirty\n")
    repo.put("two.txt", both)
    repo.put("mine.txt", "one\n")
    repo.put("it's.txt", "one\n")
    session, person = await begin()
    await until_parked(session, person)

    def first_hunk(path: str) -> dict[str, tuple[int, ...]]:
        hunk = next(h for f, h in patch_of(session).hunks if f.path == path)
        return {hunk.id: hunk.changed}

    person.answers += [
        ("diff", Approve(selection=Selection(lines=first_hunk("two.txt")))),
        ("message", Reject(reason="")),  # the change is whole again, and that is no edit
        ("diff", EditFiles(files={"a.txt": both.replace("thirty\n", "more than thirty\n")})),
        ("diff", EditFiles(files={"mine.txt": "two\n", "new.txt": None, "it's.txt": "two\n"})),
    ]
    await until_parked(session, person)
    out = first_hunk("a.txt") | first_hunk("two.txt")
    person.answers += [("diff", Approve(selection=Selection(lines=out)))]
    await until_parked(session, person)
    repo.put("mine.txt", "three\n")  # what is there is newer than the edit
    files = repo.files()
    person.answers += [("message", OK)]
    finished = await finish(session, person)
    assert "it's.txt on the disk does not have what you edited here" in finished.detail
    assert "git checkout HEAD -- 'it'\"'\"'s.txt' takes it; otherwise it is as" in finished.detail
    assert (
        "a.txt on the disk does not have all that you edited here: "
        "git diff HEAD -- a.txt shows the difference."
    ) in finished.detail
    assert "mine.txt" not in finished.detail
    assert "new.txt" not in finished.detail
    assert "two.txt" not in finished.detail
    assert repo.files() == files


async def test_a_failing_hook_leads_back_to_the_change(repo: Repo, begin: Begin) -> None:
    hook = repo.root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\necho no; exit 1\n")
    hook.chmod(0o755)
    dirty(repo)
    session, person = await begin(("diff", OK), ("message", OK), ("diff", Reject(reason="later")))
    finished = await finish(session, person)
    assert (finished.outcome, finished.detail) == ("reviewed", "later")
    assert session.state.ledger[0].finding.author == "hooks"


async def test_it_can_be_left_and_resumed(repo: Repo, begin: Begin) -> None:
    dirty(repo)
    place = CommentPlace(path="a.txt", line=3, end_line=3)
    draft = CommentDraft(kind="question", text="Why?", place=place, quote="three")
    session, person = await begin(("diff", AddComment(draft=draft)))
    await until_parked(session, person)
    await session.leave()
    await session.close()
    person = Person(("diff", OK), ("message", OK))
    env = await open_environment(options(repo))
    with pytest.raises(UsageError, match="which a person decides"):
        await resume_session(env, session.id)
    again = await resume_session(env, session.id, person)
    assert again.state.comments[0].comment.text == "Why?"
    finished = await finish(again, person)
    await again.close()
    assert finished.outcome == "committed"
    assert repo.git("status", "--porcelain") == ""


# -- with a reviewer, and without anything ------------------------------


async def test_the_reviewer_looks_first(repo: Repo, begin: Begin) -> None:
    dirty(repo)
    session, person = await begin(script=SCRIPT)
    await until_parked(session, person)
    assert session.state.gate is not None
    assert session.state.gate.kind == "diff"
    [entry] = session.state.ledger
    assert (entry.finding.path, entry.finding.line) == ("a.txt", 3)
    person.answers += [("diff", OK), ("message", OK)]
    await finish(session, person)
    assert "Assisted-by: scripted:script" in repo.git("log", "-1", "--format=%B")


async def test_checks_run_when_asked_for_and_again_on_what_was_accepted(
    repo: Repo, begin: Begin
) -> None:
    dirty(repo)
    check = {"name": "no new file", "command": ["sh", "-c", "test ! -e new.txt"]}
    session, person = await begin(checks=True, settings={"checks": [check]})
    await until_parked(session, person)
    revision = session.state.revision
    assert revision is not None
    assert not revision.checks_pass
    [entry] = session.state.ledger
    assert (entry.finding.check, entry.finding.author, entry.status) == (
        "no new file", "checks", "open"
    )  # fmt: skip
    text, waiting = review_text(session, "markdown")
    assert waiting == 1
    assert "### F1 blocker by checks: check no new file fails" in text
    person.answers += [("diff", Approve(selection=Selection(files=("new.txt",)))), ("message", OK)]
    finished = await finish(session, person)
    assert finished.outcome == "committed"
    [entry] = session.state.ledger
    assert (entry.status, entry.reason) == ("fixed", "check no new file passes now")
    accepted = session.state.revision
    assert accepted is not None
    assert accepted.checks_pass
    assert accepted.checks is not None
    assert accepted.checks[0].tree == accepted.tree == repo.git("rev-parse", "HEAD^{tree}")


async def test_a_model_that_fails_does_not_end_a_persons_review(repo: Repo, begin: Begin) -> None:
    dirty(repo)
    broken = SCRIPT.replace("the working tree", "something else")
    session, person = await begin(("fault", Reject(reason="go on without")), script=broken)
    await until_parked(session, person)
    assert session.state.gate is not None
    assert session.state.gate.kind == "diff"


async def test_without_a_screen_a_reviewer_is_needed(repo: Repo) -> None:
    dirty(repo)
    env = await open_environment(options(repo))
    with pytest.raises(UsageError, match="--reviewer"):
        await start_review(env, ReviewWish())


# -- commits and patches ------------------------------


async def test_a_branch_is_committed_on_the_sessions_branch(repo: Repo, begin: Begin) -> None:
    repo.git("checkout", "-q", "-b", "feature")
    repo.put("f.txt", "x\n")
    repo.git("add", "-A")
    repo.git("-c", "user.name=Grace", "-c", "user.email=g@x", "commit", "-q", "-m", "Feature",
             "--author", "Grace <g@x>")  # fmt: skip
    repo.git("checkout", "-q", "main")
    session, person = await begin(("diff", OK), ("message", OK), what="feature")
    finished = await finish(session, person)
    assert finished.outcome == "committed"
    body = repo.git("log", "-1", "--format=%B")
    assert body.startswith("Feature\n\nCo-authored-by: Grace <g@x>")
    assert repo.git("show", "HEAD:f.txt") == "x"


async def test_a_commit_of_the_past_does_not_move_the_branch(repo: Repo, begin: Begin) -> None:
    for text in ("one\n", "two\n"):
        repo.put("b.txt", text)
        repo.git("commit", "-qam", text.strip())
    head = repo.git("rev-parse", "HEAD")
    session, person = await begin(("diff", OK), ("message", OK), what="HEAD~1")
    finished = await finish(session, person)
    assert "has moved away from where the change starts" in finished.detail
    assert repo.git("rev-parse", "HEAD") == head


async def test_what_is_accepted_can_be_written_as_a_patch(repo: Repo, begin: Begin) -> None:
    dirty(repo)
    (repo.root / "blob.bin").write_bytes(b"\0\1\2")
    session, person = await begin(then="patch")
    await until_parked(session, person)
    out = Selection(files=("new.txt",))
    person.answers.append(("diff", Approve(selection=out)))
    finished = await finish(session, person)
    assert (finished.outcome, finished.detail) == ("reviewed", "Accepted.")
    assert session.state.commit is None
    patch = await session.export_patch()
    repo.git("stash", "-q", "-u")
    (repo.root.parent / "x.patch").write_bytes(patch)
    repo.git("apply", "--index", str(repo.root.parent / "x.patch"))
    revision = session.state.revision
    assert revision is not None
    assert repo.git("write-tree") == revision.tree


async def test_a_patch_that_does_not_apply_is_read_and_commented_only(
    repo: Repo, begin: Begin
) -> None:
    data = b"--- a/x.c\n+++ b/x.c\n@@ -5,2 +5,2 @@\n one\n-two\n+zwei\n"
    place = CommentPlace(path="x.c", line=6, end_line=6)
    draft = CommentDraft(text="No.", place=place, quote="zwei")
    session, person = await begin(
        ("diff", AddComment(draft=draft)), ("diff", OK), what="x.diff", data=data
    )
    finished = await finish(session, person)
    assert finished.outcome == "reviewed"
    report, _ = report_of(session)
    assert [(c.path, c.line, c.outdated) for c in report.comments] == [("x.c", 6, False)]
    piped = report.model_copy(update={"name": "-"})
    first, size = as_markdown(piped).split("\n\n")[:2]
    assert (first, size) == ("# Review of a patch on standard input", "1 file, +1 -1")


# -- the report ------------------------------


async def test_the_report_for_people_and_for_agents(repo: Repo, begin: Begin) -> None:
    dirty(repo)
    drafts = [
        CommentDraft(kind="question", text="Why \x1b[31m?",
                     place=CommentPlace(path="a.txt", line=3, end_line=3), quote="three"),
        CommentDraft(kind="note", text="mine alone"),
        CommentDraft(text="b is needed", place=CommentPlace(path="b.txt")),
    ]  # fmt: skip
    session, person = await begin(
        *[("diff", AddComment(draft=d)) for d in drafts],
        ("diff", Reject(reason="Not yet.")),
        script=SCRIPT,
    )
    await finish(session, person)
    report, _ = report_of(session)
    assert (report.open, report.outcome, report.remark) == (3, "reviewed", "Not yet.")
    assert review_code(0, report.open) == 7
    text, _ = review_text(session, "json")
    assert text.isascii()
    assert json.loads(text)["comments"][0]["text"] == "Why \x1b[31m?"
    markdown = as_markdown(report)
    assert "### C1 question `a.txt:3`\n\n> three\n\nWhy \u241b[31m?" in markdown
    assert "### C3 change `b.txt`\n\nb is needed" in markdown
    assert "### F1 major by reviewer `a.txt:3`: No test" in markdown
    assert "\x1b" not in markdown
    assert ReviewReport.model_validate_json(report.model_dump_json()) == report
    assert json.loads(report.model_dump_json())["v"] == 1


def run(repo: Repo, *args: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    sessions = str(repo.root.parent / "sessions")
    return subprocess.run(
        [sys.executable, "-m", "agent_tui", "review", "--sessions", sessions, *args],
        cwd=repo.root, input=stdin, capture_output=True, check=False,
    )  # fmt: skip


def test_the_command_without_a_screen(repo: Repo) -> None:
    dirty(repo)
    script = repo.root.parent / "script.toml"
    script.write_text(SCRIPT)
    done = run(repo, "--headless", "--script", str(script), "--format", "json")
    assert done.returncode == 7, done.stderr
    report = ReviewReport.model_validate_json(done.stdout)
    assert report.findings[0].title == "No test"
    assert b"review (reviewer" in done.stderr
    assert b"diff gate: nobody is here to decide, and nothing is committed\n" in done.stderr
    assert done.stderr.endswith(b"reviewed: The reviewer says fail, 1 finding is open.\n")
    patch = subprocess.run(
        ["git", "diff", "HEAD"], cwd=repo.root, capture_output=True, check=True
    ).stdout
    clean = SCRIPT.replace("the working tree", "a patch on standard input")
    script.write_text(
        clean[: clean.index("[[reviewer.call.answer.findings]]")].replace("fail", "pass")
    )
    done = run(repo, "-", "--headless", "--script", str(script), stdin=patch)
    assert done.returncode == 0, done.stderr
    assert b"No comments, no findings." in done.stdout
    assert done.stderr.endswith(b"reviewed: The reviewer says pass, no finding is open.\n")


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--headless",), b"--reviewer"),
        (("nowhere", "--headless", "--reviewer", "scripted:x"), b"neither a revision"),
        (("nowhere", "--headless", "--no-model"), b"neither a revision"),
        (("--headless", "--output", "x.patch"), b"leave out --headless"),
        (("--output", "."), b"is a folder"),
    ],
)
def test_mistakes_are_one_sentence(repo: Repo, args: tuple[str, ...], says: bytes) -> None:
    dirty(repo)
    done = run(repo, *args)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count(b"\n") == 1
    assert done.stdout == b""
    assert repo.git("for-each-ref", "refs/agent-tui") == ""


def test_the_schema_is_printed(repo: Repo) -> None:
    schema = json.loads(run(repo, "--schema").stdout)
    assert schema["properties"]["v"]["const"] == 1
