"""The coder's last call: its report."""

from agent_tui.engine.answers import ReportAnswer
from agent_tui.engine.tools.base import Tool, ToolFailed
from agent_tui.engine.tools.desk import Desk


class Report(Tool, ReportAnswer):
    """Say that the attempt is complete, and what it does. Call this last, and only once."""

    name = "report"

    async def run(self, desk: Desk) -> str:
        """Keeps the report."""
        desk.report = self.report()
        return "the attempt goes to the person now"


__all__ = ["Report", "ToolFailed"]
