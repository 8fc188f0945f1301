"""The base of every value that is written to a session log."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """An immutable value. Fields that a newer version wrote are ignored, not refused.

    What is no number is written to JSON as a string, because JSON has no such numbers.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="strings")


Actor = Literal[
    "person", "policy", "planner", "coder", "reviewer", "checks", "hooks", "engine", "author"
]
"""Who caused an event or wrote a text; ``author`` made a change that is only reviewed here."""

Role = Literal["planner", "coder", "reviewer"]
"""The parts that models play."""


class ModelRef(Value):
    """A model as the configuration names it, for example ``scripted:demo``."""

    provider: str
    model: str

    def __str__(self) -> str:
        return f"{self.provider}:{self.model}"


class BlobRef(Value):
    """A big text that is stored beside the log, addressed by its content.

    Attributes:
        digest: SHA-256 of the bytes, in hexadecimal.
        size: Length in bytes.
    """

    digest: str
    size: int
