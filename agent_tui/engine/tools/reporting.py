"""The coder's last call: its report."""

import re

from agent_tui.engine.answers import ReportAnswer
from agent_tui.engine.tools.base import Tool, ToolFailed
from agent_tui.engine.tools.desk import Desk


class Report(Tool, ReportAnswer):
    """Say that the attempt is complete, and what it does. Call this last, and only once."""

    name = "report"

    async def run(self, desk: Desk) -> str:
        """Keeps the report; a test that it names and that is not there is sent back once."""
        names = dict.fromkeys(claim.test.strip() for claim in self.claims if claim.test)
        missing = tuple([name for name in names if not await _is_there(desk, name)])
        if missing and not desk.doubted:
            desk.doubted = True
            raise ToolFailed(
                f"These tests are in no file: {', '.join(missing)}. Write them, or correct the "
                "claims, and report again."
            )
        desk.report = self.report().model_copy(update={"missing_tests": missing})
        return "the attempt goes to the person now"


async def _is_there(desk: Desk, name: str) -> bool:
    """Whether the last part of a test's name stands in some file: ``a.py::T::test_x[1]``."""
    word = re.split(r"::|\.(?=\w+$)| > ", name.partition("[")[0])[-1].strip()
    if not word:
        return True
    found, _ = await desk.ctx.workspace.search(await desk.tree(), word, regex=False, limit=1)
    return bool(found)
