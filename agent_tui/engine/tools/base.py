"""What a tool is.

A tool is a pydantic model: its parameters become the JSON schema, its docstring the description. It
says what the supervisor has to know of a call, and works on a
:class:`~agent_tui.engine.tools.desk.Desk`: the session's worktree, and nothing else.
"""

from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel

from agent_tui.domain.rules import Call

if TYPE_CHECKING:
    from agent_tui.engine.tools.desk import Desk


class ToolFailed(Exception):
    """The call could not be done; the text tells the model what to do instead."""


class Tool(BaseModel):
    """A tool's parameters."""

    name: ClassVar[str]

    @classmethod
    def offered(cls, desk: "Desk") -> bool:
        """Whether there is what it works with."""
        return True

    def asks(self, desk: "Desk") -> Call:
        """The call as the supervisor's rules see it.

        Raises:
            ToolFailed: If it cannot be understood.
        """
        return Call(tool=self.name)

    async def run(self, desk: "Desk") -> str:
        """Do it, and say what was done.

        Raises:
            ToolFailed: If it could not be done.
        """
        raise ToolFailed(f"{self.name} does nothing.")
