"""What was written in a dialog and not sent is there again, also in another process."""

from pathlib import Path

import pytest

from agent_tui.ui.screens.writing import EditDialog, FindingDialog, ReasonDialog
from tests.ui.driver import demo, drive

pytestmark = pytest.mark.anyio


async def test_a_reason_and_a_spec_outlive_the_process(tmp_path: Path) -> None:
    async with drive(demo(tmp_path)) as person:
        await person.gate("spec")
        gate = person.state.gate
        assert gate is not None
        await person.press("r")
        await person.type("because of the")
        await person.until(
            lambda: person.state.draft(gate.id, "reason") == "because of the", "the reason kept"
        )
        await person.press("escape", "e")
        await person.type("New words. ")
        await person.until(
            lambda: "New words." in person.state.draft(gate.id, "spec"), "the spec kept"
        )
        await person.press("escape")
        assert "Press esc again" in person.text
    async with drive(demo(tmp_path)) as person:
        await person.gate("spec")
        await person.press("r")
        assert isinstance(person.app.screen, ReasonDialog)
        await person.pilot.pause()
        assert "because of the" in person.text
        await person.press("escape", "e")
        await person.pilot.pause()
        assert isinstance(person.app.screen, EditDialog)
        assert "New words." in person.text
        assert "what you wrote before" in person.text
        # Given up, it is gone; and a decision ends all drafts of its gate.
        await person.press("escape", "escape")
        await person.until(lambda: not person.state.draft(gate.id, "spec"), "no draft of the spec")
        await person.press("a")
        await person.gate("diff")
        assert not person.state.drafts


async def test_what_is_written_is_kept_before_the_dialog_is_left(tmp_path: Path) -> None:
    """As after kill -9: the log has it while the dialog is still open."""
    async with drive(demo(tmp_path)) as person:
        await person.gate("spec")
        await person.press("a")
        await person.gate("diff")
        gate = person.state.gate
        assert gate is not None
        await person.press("2", "c")
        await person.type("half a com")
        await person.until(
            lambda: [d.text for d in person.state.comment_drafts] == ["half a com"], "the comment"
        )
        await person.press("escape", "e")
        await person.until(lambda: isinstance(person.app.screen, EditDialog), "the editor")
        await person.type("# mine")
        await person.until(
            lambda: [d for d in person.state.drafts if "# mine" in d.text], "the file's new text"
        )
        [draft] = person.state.drafts
        assert draft.subject.startswith("file ")
        await person.press("ctrl+q")
        await person.until(lambda: not person.app.is_running, "the end")
    async with drive(demo(tmp_path)) as person:
        await person.gate("diff")
        await person.press("2", "e")
        await person.until(lambda: "what you wrote before" in person.text, "the draft")
        assert "# mine" in person.text


async def test_a_finding_in_haste_outlives_the_process(tmp_path: Path) -> None:
    async with drive(demo(tmp_path)) as person:
        for kind in ("spec", "diff"):
            await person.gate(kind)
            await person.press("a")
        await person.gate("verdict")
        await person.press("3", "c")
        await person.until(lambda: isinstance(person.app.screen, FindingDialog), "the dialog")
        await person.type("too slow")
        await person.press("ctrl+q")  # before the pause in which a draft is kept
        await person.until(lambda: not person.app.is_running, "the end")
    async with drive(demo(tmp_path)) as person:
        await person.gate("verdict")
        await person.press("3", "c")
        await person.until(lambda: isinstance(person.app.screen, FindingDialog), "the dialog")
        await person.pilot.pause()
        assert "too slow" in person.text
        await person.press("ctrl+s")
        await person.until(
            lambda: any(x.finding.title == "too slow" for x in person.state.ledger), "the finding"
        )
        await person.until(lambda: not person.state.drafts, "no draft of it")
