"""A set of tools on one desk."""

from collections.abc import Iterable

from pydantic import ValidationError

from agent_tui.domain.text import visible_lines
from agent_tui.domain.turn import ToolCall, ToolResult, ToolSpec
from agent_tui.engine.tools.base import Tool, ToolFailed
from agent_tui.engine.tools.desk import Desk
from agent_tui.ports import WorkspaceError

MAX_FAILURE = 8_000
"""Characters that a model is told of a failure."""


class Toolbox:
    """Describes tools to a provider, and runs the calls of a model."""

    def __init__(self, tools: Iterable[type[Tool]], desk: Desk) -> None:
        self._tools = {tool.name: tool for tool in tools if tool.offered(desk)}
        self.desk = desk

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """What a provider is told about the tools."""
        return tuple(
            ToolSpec(name, " ".join((tool.__doc__ or "").split()), tool.model_json_schema())
            for name, tool in self._tools.items()
        )

    def read(self, call: ToolCall) -> Tool:
        """The call as a tool with its parameters.

        Raises:
            ToolFailed: If there is no such tool, or the parameters do not fit.
        """
        kind = self._tools.get(call.name)
        if kind is None:
            known = ", ".join(self._tools)
            raise ToolFailed(f"There is no tool {call.name}; there are {known}.")
        try:
            return kind.model_validate_json(call.arguments or "{}")
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "arguments"
            raise ToolFailed(f"Bad arguments: {place}: {first['msg']}") from error

    async def run(self, call: ToolCall, tool: Tool) -> ToolResult:
        """Run a call. A failure is a result that the model can act on, not an exception."""
        try:
            return ToolResult(call.id, await tool.run(self.desk))
        except (ToolFailed, WorkspaceError) as error:
            return failed(call, str(error))


def failed(call: ToolCall, text: str) -> ToolResult:
    """The result of a call that could not be done."""
    return ToolResult(call.id, visible_lines(text)[:MAX_FAILURE], False)
