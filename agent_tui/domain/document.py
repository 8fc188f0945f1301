"""Sessions in which the planner writes one document of the repository, and no coder takes part."""

from typing import Literal

from agent_tui.domain.base import Value


class Document(Value):
    """The document that a session is about.

    Attributes:
        kind: ``agents-md`` is AGENTS.md, ``adr`` a decision record.
        title: Of a decision record.
        path: Where it is, from the top of the repository; "" until the repository was looked at.
        example: Path of a file of the repository that shows the form: a template, or the newest
            record.
    """

    kind: Literal["agents-md", "adr"]
    title: str = ""
    path: str = ""
    example: str = ""
