"""Structured answers of models: their schemas, and how an answer becomes a value."""

import json
from typing import Any, Literal, TypeVar

import pydantic_core
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent_tui.domain.comments import CommentAnswer
from agent_tui.domain.events import Claim, CoderReport
from agent_tui.domain.turn import ModelError
from agent_tui.domain.verdict import CriterionState, FindingStatus, Severity


class Answer(BaseModel):
    """The base of what models answer. Unknown fields are ignored, missing lists are empty."""

    model_config = ConfigDict(extra="ignore")


class CriterionAnswer(Answer):
    """A criterion; ``id`` only for one that an earlier version of the spec has."""

    id: str | None = None
    text: str


class SpecAnswer(Answer):
    """The planner's answer."""

    title: str
    summary: str
    criteria: list[CriterionAnswer] = Field(min_length=1)
    files: list[str] = []
    constraints: list[str] = []
    out_of_scope: list[str] = []
    risks: list[str] = []
    test_plan: list[str] = []
    open_questions: list[str] = []
    adr: list[str] = []


class FindingAnswer(Answer):
    """A new problem. ``quote`` is a line of the diff, copied exactly."""

    severity: Severity
    title: str
    body: str = ""
    path: str | None = None
    line: int | None = None
    end_line: int | None = None
    quote: str = ""
    criterion: str | None = None
    check: str | None = None
    suggestion: str = ""
    confidence: float | None = Field(default=None, ge=0, le=1)


class UpdateAnswer(Answer):
    """What became of an earlier finding."""

    finding: str
    status: Literal["open", "fixed", "disputed", "deferred"]
    reason: str = ""


class CriterionVerdict(Answer):
    """Whether a criterion is met, and what shows it."""

    criterion: str
    status: CriterionState
    evidence: str = ""


class ReviewAnswer(Answer):
    """The reviewer's answer."""

    outcome: Literal["pass", "fail"]
    summary: str
    criteria: list[CriterionVerdict] = []
    findings: list[FindingAnswer] = []
    updates: list[UpdateAnswer] = []
    answers: list[CommentAnswer] = []


class DocumentAnswer(Answer):
    """A whole document."""

    text: str = Field(min_length=1)
    summary: str
    unsure: list[str] = []
    commit_message: str = ""


class ReportAnswer(Answer):
    """Say that the attempt is complete, and what it does. Call this last, and only once."""

    summary: str
    claims: list[Claim] = []
    not_done: list[str] = []
    unsure: list[str] = []
    commit_message: str = ""
    answers: list[CommentAnswer] = []

    def report(self) -> CoderReport:
        """The same as a value of the session."""
        return CoderReport.model_validate(self.model_dump())


A = TypeVar("A", bound=Answer)


def read_answer(kind: type[A], text: str, who: str) -> A:
    """A model's JSON answer as a value.

    Raises:
        ModelError: Of kind ``bad_answer``, with a text that tells the model what to mend.
    """
    body = text.strip()
    if body.startswith("```"):
        body = body.split("\n", 1)[-1].rsplit("```", 1)[0]
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the answer"
        more = error.error_count() - 1
        raise ModelError(
            "bad_answer",
            f"The {who}'s answer does not fit its schema: {place}: {first['msg']}"
            + (f" (and {more} more)" if more else ""),
        ) from error


def draft(text: str) -> dict[str, Any]:
    """What can be read of a JSON object that is still being written; ``{}`` if nothing can."""
    start = text.find("{")
    if start < 0:
        return {}
    try:
        value = pydantic_core.from_json(text[start:], allow_partial="trailing-strings")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def schema(kind: type[Answer]) -> dict[str, Any]:
    """The answer's JSON schema, as sent to a provider."""
    return json.loads(json.dumps(kind.model_json_schema()))  # type: ignore[no-any-return]


__all__ = [
    "CriterionAnswer",
    "FindingAnswer",
    "FindingStatus",
    "ReportAnswer",
    "ReviewAnswer",
    "SpecAnswer",
    "draft",
    "read_answer",
    "schema",
]
