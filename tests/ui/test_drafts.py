"""What was written in a dialog and not sent is there again, also in another process."""

from pathlib import Path

import pytest

from agent_tui.ui.screens.writing import EditDialog, ReasonDialog
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
