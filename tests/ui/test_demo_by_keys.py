"""The whole demo, with keys as a person presses them, against the real repository."""

import subprocess
from pathlib import Path

import pytest

from agent_tui.domain.links import Node
from agent_tui.ui.grace import Grace
from tests.ui.driver import Driver, demo, drive

pytestmark = pytest.mark.anyio


def git(folder: Path, *args: str) -> str:
    done = subprocess.run(
        ["git", *args], cwd=folder, check=True, capture_output=True, text=True, encoding="utf-8"
    )
    return done.stdout.strip()


async def test_from_request_to_deploy(tmp_path: Path) -> None:
    async with drive(demo(tmp_path)) as person:
        await person.gate("spec")
        assert "AC4" in person.text
        assert "Should a bare number" in person.text
        await person.press("a")
        await person.gate("diff")
        assert "no criterion claims this" in person.text
        await person.press("a")
        await person.gate("verdict")
        assert "fail · 1 blocking" in person.text
        assert "test_decimals_are_exact" in person.text
        await person.press("a")
        await person.gate("diff")
        assert "DIFF attempt 2" in person.text
        await person.press("a")
        await person.gate("verdict")
        assert "VERDICT pass" in person.text
        approved = person.state.revision
        assert approved is not None
        await person.press("a")
        await person.gate("message")
        await person.press("a")
        await person.gate("deploy")
        assert "git push origin HEAD" in person.text
        await person.press("a")
        await person.finished()
        assert "COMMITTED" in person.text
    repository = tmp_path / "demo" / "durations"
    assert git(repository, "rev-parse", "HEAD^{tree}") == approved.tree
    assert git(repository, "status", "--porcelain") == ""
    assert git(repository, "log", "--format=%s", "-1") == "Read durations as people type them"
    remote = tmp_path / "demo" / "remote.git"
    assert git(remote, "rev-parse", "main") == git(repository, "rev-parse", "HEAD")
    assert git(repository, "fsck", "--strict") == ""


async def test_enter_never_approves_and_new_gates_are_deaf(tmp_path: Path) -> None:
    async with drive(demo(tmp_path)) as person:
        await person.gate("spec")
        now = 100.0
        person.live.grace = Grace(0.4, lambda delay_s: None, lambda: now)
        gate = person.state.gate
        await person.press("enter", "a", "a")
        assert person.state.gate == gate
        assert person.live.deaf
        now += 0.3  # the last key was 0.3 s ago: still typing
        await person.press("a")
        assert person.state.gate == gate
        now += 0.5
        await person.press("enter", "enter")
        assert person.state.gate == gate
        await person.press("a")
        await person.gate("diff")


async def test_reject_a_spec_sends_the_reason_and_gives_another(tmp_path: Path) -> None:
    async with drive(demo(tmp_path)) as person:
        await person.gate("spec")
        await person.press("r")
        await person.press("ctrl+s")
        assert "Say why in a few words" in person.text
        await person.type("read bare numbers too")
        assert "What the model will be told" in person.text
        assert "# The person rejected version 1 of the spec" in person.text
        await person.press("ctrl+s")
        await person.gate("spec")
        assert "SPEC v2" in person.text
        assert "AC5" in person.text
        assert "▸ new" in person.text
        decided = person.state.decisions[-1].event
        assert decided.reason == "read bare numbers too"
        assert "read bare numbers too" in decided.sends


async def test_a_diff_gate_shows_the_diff(tmp_path: Path) -> None:
    async with drive(demo(tmp_path)) as person:
        await person.gate("spec")
        await person.press("o", "a")
        await person.gate("diff")
        assert person.screen.view_of(1).id == "diff"
        await person.press("o")
        assert person.screen.view_of(1).id == "activity"


async def test_stop_here_keeps_the_session(tmp_path: Path) -> None:
    async with drive(demo(tmp_path)) as person:
        await person.gate("spec")
        await person.press("r")
        await person.pilot.click("#choice-stop")
        await person.finished()
        assert "REJECTED" in person.text
        assert person.state.finished is not None
        assert person.state.finished.outcome == "rejected"
    assert git(tmp_path / "demo" / "durations", "rev-list", "--count", "HEAD") == "1"


async def test_edit_the_spec_keeps_ids(tmp_path: Path) -> None:
    async with drive(demo(tmp_path)) as person:
        await person.gate("spec")
        await person.press("e")
        area = person.app.screen.query_one("#text")
        text = area.text.replace(
            "- AC2: Decimal numbers are exact", "- AC2: Decimal numbers are read without any loss"
        )
        lines = [line for line in text.split("\n") if not line.startswith("- AC4")]
        at = next(i for i, line in enumerate(lines) if line.startswith("- AC3"))
        lines.insert(at, "- Tabs are spaces too.")
        area.text = "\n".join(lines)
        await person.press("ctrl+s")
        await person.gate("spec")
        spec = person.state.spec
        assert spec is not None
        assert spec.author == "person"
        assert [c.id for c in spec.spec.criteria] == ["AC1", "AC2", "AC5", "AC3"]
        assert "SPEC v2 yours" in person.text
        assert "▸ changed" in person.text


async def test_a_broken_spec_stays_in_the_editor(tmp_path: Path) -> None:
    async with drive(demo(tmp_path)) as person:
        await person.gate("spec")
        await person.press("e")
        area = person.app.screen.query_one("#text")
        area.text = "# Title\n\n## Acceptance criteria\n"
        await person.press("ctrl+s")
        assert "line 3: there is no acceptance criterion" in person.text
        assert person.app.screen.query_one("#text").text == area.text
        await person.press("escape")
        assert "esc again" in person.text
        await person.press("escape")
        await person.gate("spec", same=True)
        assert person.state.spec is not None
        assert person.state.spec.version == 1


async def test_keys_that_follow_each_other_at_once(tmp_path: Path) -> None:
    """A drop and an approval without a pause between: both count."""
    async with drive(demo(tmp_path)) as person:
        await to_first_diff(person)
        whole = person.state.revision
        assert whole is not None
        await person.pilot.press("right_square_bracket", "space", "a")
        await person.gate("verdict")
        assert person.state.revision is not None
        assert person.state.revision.tree != whole.tree
        assert person.state.revision.left_out


async def to_first_diff(person: Driver) -> None:
    await person.gate("spec")
    await person.press("a")
    await person.gate("diff")


async def test_drop_a_hunk_and_its_tree_is_checked(tmp_path: Path) -> None:
    async with drive(demo(tmp_path)) as person:
        await to_first_diff(person)
        whole = person.state.revision
        assert whole is not None
        await person.press("right_square_bracket", "space")
        await person.settle()
        assert "left out" in person.text
        assert "approve without 2 lines" in person.text
        await person.press("z")
        await person.settle()
        assert "left out" not in person.text
        await person.press("space")
        await person.settle()
        await person.press("a")
        await person.gate("verdict")
        reduced = person.state.revision
        assert reduced is not None
        assert reduced.tree != whole.tree
        assert reduced.author == "person"
        assert reduced.approval is not None
        assert reduced.approval.tree == reduced.tree
        assert reduced.checks is not None
        assert {result.tree for result in reduced.checks} == {reduced.tree}
        repository = tmp_path / "demo" / "durations"
        names = git(repository, "diff", "--name-only", whole.tree, reduced.tree)
        assert names == "README.md"


async def test_drop_lines_by_range(tmp_path: Path) -> None:
    async with drive(demo(tmp_path)) as person:
        await to_first_diff(person)
        await person.press("right_curly_bracket", "right_curly_bracket")
        await person.press("j")  # the hunk's head
        for _ in range(4):
            await person.press("j")
        await person.press("v", "j", "j", "space")
        await person.settle()
        draft = person.controller.presenter.draft
        assert 1 <= draft.count <= 3
        lines = draft.selection.lines
        assert len(lines) == 1


async def test_drop_after_the_verdict_checks_again(tmp_path: Path) -> None:
    async with drive(demo(tmp_path)) as person:
        await to_first_diff(person)
        await person.press("a")
        await person.gate("verdict")
        before = len([s for s in person.state.steps if s.kind in ("check", "review")])
        await person.press("2", "right_square_bracket", "space")
        await person.settle()
        assert "check without" in person.text
        await person.press("a")
        await person.gate("verdict")
        after = [s for s in person.state.steps if s.kind in ("check", "review")]
        assert len(after) == before + 2
        assert person.state.revision is not None
        assert person.state.revision.left_out


async def test_edit_a_file_in_the_pane(tmp_path: Path) -> None:
    async with drive(demo(tmp_path)) as person:
        await to_first_diff(person)
        await person.press("right_curly_bracket")
        await person.press("e")
        area = person.app.screen.query_one("#text")
        assert "sys.stderr" in area.text
        area.text = area.text.replace("return 2", "return 3")
        await person.press("ctrl+s")
        await person.gate("diff")
        assert "DIFF attempt 1 yours" in person.text
        revision = person.state.revision
        assert revision is not None
        assert (revision.author, revision.revision) == ("person", 2)
        assert "+        return 3" in revision.change
        repository = tmp_path / "demo" / "durations"
        assert "return 3" in git(repository, "show", f"{revision.tree}:durations/cli.py")


async def test_edit_in_the_persons_editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal cannot be handed over under test: the sentence says so, and nothing is lost."""
    monkeypatch.setenv("VISUAL", "true")
    async with drive(demo(tmp_path)) as person:
        await to_first_diff(person)
        await person.press("E")
        await person.until(lambda: "edit with e" in person.text, "the sentence")
        assert person.state.gate is not None


async def test_reject_a_diff_gives_another_attempt(tmp_path: Path) -> None:
    async with drive(demo(tmp_path)) as person:
        await to_first_diff(person)
        await person.press("right_square_bracket", "space")
        await person.press("r")
        await person.type("no README please")
        assert "Left out by the person, who does not want these parts" in person.text
        await person.press("ctrl+s")
        await person.gate("diff")
        assert person.state.attempt == 2
        sends = person.state.decisions[-1].event.sends
        assert "no README please" in sends
        assert "README.md" in sends


async def test_waive_add_and_agree(tmp_path: Path) -> None:
    async with drive(demo(tmp_path)) as person:
        await to_first_diff(person)
        await person.press("a")
        await person.gate("verdict")
        await person.until(lambda: person.screen.active_view.id == "verdict", "the verdict pane")
        view = person.screen.active_view
        assert view.select_key(Node("finding", "F1"))
        await person.press("w")
        await person.type("seconds do not matter here")
        await person.press("ctrl+s")
        await person.until(lambda: person.state.passes, "the waiver")
        await person.gate("verdict", same=True)
        entry = person.state.ledger[0]
        assert (entry.status, entry.by) == ("waived", "person")
        assert entry.reason == "seconds do not matter here"
        await person.press("3", "g", "c")
        await person.type("also log it")
        await person.press("ctrl+s")
        await person.until(lambda: len(person.state.ledger) == 3, "the finding")
        await person.gate("verdict", same=True)
        added = person.state.ledger[-1].finding
        assert (added.id, added.author, added.title) == ("F3", "person", "also log it")
        assert not added.anchored
        assert not person.state.passes
        await person.press("a")
        await person.gate("diff")
        assert person.state.attempt == 2


async def test_commit_message_edit_and_rejection(tmp_path: Path) -> None:
    async with drive(demo(tmp_path)) as person:
        await to_first_diff(person)
        for kind in ("verdict", "diff", "verdict", "message"):
            await person.press("a")
            await person.gate(kind)
        await person.press("r")
        await person.type("say why")
        await person.press("ctrl+s")
        await person.gate("message")
        assert "Accept spaces, capitals and decimals" in person.text
        await person.press("e")
        area = person.app.screen.query_one("#text")
        area.text = "My own words\n\nAnd a body."
        await person.press("ctrl+s")
        await person.gate("message")
        await person.press("a")
        await person.gate("deploy")
        await person.press("e")
        person.app.screen.query_one("#text").text = "git push origin 'HEAD"
        await person.press("ctrl+s")
        assert "cannot be split into words" in person.text
        person.app.screen.query_one("#text").text = "git push origin HEAD:review"
        await person.press("ctrl+s")
        await person.until(lambda: person.state.deploy_changed, "the new command")
        await person.gate("deploy", same=True)
        assert "Run: git push origin HEAD:review" in person.text
        await person.press("r")
        await person.type("not today")
        await person.press("ctrl+s")
        await person.finished()
        assert person.state.decisions[-1].event.reason == "not today"
    message = git(tmp_path / "demo" / "durations", "log", "-1", "--format=%B")
    assert message.startswith("My own words\n\nAnd a body.\n\nAgent-Tui-Session: ")
    assert "Assisted-by: scripted:coder" in message
    assert "Signed-off-by" not in message
    assert git(tmp_path / "demo" / "remote.git", "for-each-ref") == ""


async def test_a_script_without_more_answers_says_so(tmp_path: Path) -> None:
    async with drive(demo(tmp_path)) as person:
        for _ in range(3):
            await person.gate("spec")
            await person.press("r")
            await person.type("again")
            await person.press("ctrl+s")
        await person.gate("fault")
        assert "The script has no more answers for the planner" in person.text
        await person.press("r")
        await person.finished()


async def test_stop_a_step_and_try_again(tmp_path: Path) -> None:
    async with drive(demo(tmp_path, words_per_s=2.0)) as person:
        await person.loaded()
        await person.until(
            lambda: person.state.step is not None and person.state.step.output, "some output"
        )
        await person.press("escape")
        await person.gate("fault")
        assert "You stopped this step" in person.text
        assert person.state.steps[-1].outcome == "cancelled"
        await person.press("r")
        await person.finished()


async def test_leave_and_resume_at_the_same_gate(tmp_path: Path) -> None:
    from agent_tui.bootstrap.environment import Options, open_environment
    from agent_tui.bootstrap.starting import resume_session
    from agent_tui.demo import repository
    from agent_tui.sessions.replay import fold

    async with drive(demo(tmp_path)) as person:
        await to_first_diff(person)
        gate, revision = person.state.gate, person.state.revision
        await person.press("right_square_bracket", "space")
        marked = person.controller.presenter.draft.selection
        assert marked
        await person.until(lambda: person.state.marked == marked, "the selection in the log")
        await person.press("q")
    folder = tmp_path / "demo"
    (session,) = (folder / "sessions").iterdir()
    options = Options(
        folder=folder / "durations",
        settings=repository.SETTINGS,
        sessions=folder / "sessions",
        worktrees=folder / "worktrees",
        script=repository.SCRIPT,
        own_settings=False,
    )
    env = await open_environment(options)
    resumed = await resume_session(env, session.name)
    assert resumed.state.gate == gate
    assert resumed.state.revision == revision
    assert resumed.state.marked == marked
    finished = await resumed.run()
    await resumed.close()
    assert finished.outcome == "committed"
    saved = env.store.read(session.name)
    assert fold(saved.records).commit is not None
    assert git(folder / "durations", "rev-list", "--count", "HEAD") == "2"


async def test_enter_on_a_finding_goes_to_its_line(tmp_path: Path) -> None:
    async with drive(demo(tmp_path)) as person:
        await to_first_diff(person)
        await person.press("a")
        await person.gate("verdict")
        finding = Node("finding", "F1")
        assert person.screen.active_view.select_key(finding)
        await person.settle()
        marked = {node for node in person.screen.query_one("#spec").marks if node != finding}
        assert Node("criterion", "AC2") in marked
        await person.press("enter")
        await person.settle()
        view = person.screen.active_view
        assert view.id == "diff"
        assert view.place is not None
        assert view.place.note == finding.id
        assert view.cursor in view.rows_on_screen


async def test_a_pane_that_was_hidden_shows_the_lines_before_a_finding(tmp_path: Path) -> None:
    async with drive(demo(tmp_path), size=(80, 24)) as person:
        await to_first_diff(person)
        await person.press("a")
        await person.gate("verdict")
        assert person.screen.active_view.select_key(Node("finding", "F1"))
        await person.settle()
        await person.press("enter")
        await person.settle()
        view = person.screen.active_view
        shown = [view.row_at(number) for number in view.rows_on_screen]
        kinds = [row.kind for row in shown[: shown.index(view.row_at(view.cursor))]]
        assert kinds.count("line") > 2


async def test_edit_a_hunk_in_place(tmp_path: Path) -> None:
    async with drive(demo(tmp_path)) as person:
        await to_first_diff(person)
        await person.press("right_square_bracket", "right_square_bracket")
        place = person.screen.active_view.place
        assert place.kind == "hunk"
        path, count = place.path, place.hunk.new_count
        whole = person.state.revision
        repository = tmp_path / "demo" / "durations"
        before = git(repository, "show", f"{whole.tree}:{path}")
        await person.press("e")
        area = person.app.screen.query_one("#text")
        assert len(area.text.splitlines()) == count
        assert area.text in before + "\n"
        edited = area.text.replace("return 2", "return 4")
        assert edited != area.text
        expected = before.replace(area.text.strip("\n"), edited.strip("\n"))
        area.text = edited
        await person.press("ctrl+s")
        await person.gate("diff")
        revision = person.state.revision
        assert revision.author == "person"
        assert git(repository, "show", f"{revision.tree}:{path}") == expected
