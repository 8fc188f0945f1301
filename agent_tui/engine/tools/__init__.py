"""The tools that models may call, and the registry that describes and runs them."""

from agent_tui.engine.tools.base import Tool, ToolFailed
from agent_tui.engine.tools.desk import Desk
from agent_tui.engine.tools.editing import ApplyPatch, DeleteFile, ReplaceText, WriteFile
from agent_tui.engine.tools.reading import GitBlame, GitLog, ListFiles, ReadFile, Search
from agent_tui.engine.tools.reporting import Report
from agent_tui.engine.tools.running import RunCheck, RunCommand
from agent_tui.engine.tools.toolbox import Toolbox

READING_TOOLS: tuple[type[Tool], ...] = (ListFiles, ReadFile, Search, GitLog, GitBlame)
CODER_TOOLS: tuple[type[Tool], ...] = (
    *READING_TOOLS,
    ReplaceText,
    WriteFile,
    DeleteFile,
    ApplyPatch,
    RunCheck,
    RunCommand,
    Report,
)

__all__ = ["CODER_TOOLS", "READING_TOOLS", "Desk", "Report", "Tool", "ToolFailed", "Toolbox"]
