"""The spec pane: the version in force, or what the planner has written so far."""

from typing import Any

from textual.content import Content

from agent_tui.domain.links import Links, Node
from agent_tui.domain.spec import Spec
from agent_tui.domain.state import State, Step
from agent_tui.engine.answers import draft
from agent_tui.ui.render.activity import CHARACTERS, thinking
from agent_tui.ui.render.given import change_rows, given_of
from agent_tui.ui.render.text import (
    BLANK,
    CRITERION_SIGN,
    heading,
    paragraph,
    rows,
    safe,
)
from agent_tui.ui.widgets.rows import Row

_LISTS = {
    "steps": "Steps",
    "open_questions": "Open questions",
    "files": "Files",
    "constraints": "Constraints",
    "out_of_scope": "Out of scope",
    "risks": "Risks",
    "test_plan": "Test plan",
    "adr": "Decision record (draft)",
}


def spec_title(state: State) -> Content:
    """The pane's title: version, who wrote it, whether it was approved."""
    step = state.step
    if step is not None and step.kind == "plan" and step.running:
        return Content.assemble("SPEC ", (f"v{len(state.specs) + 1} ", ""), ("planning…", "$model"))
    if state.spec is None:
        return Content("CHANGE" if given_of(state) else "SPEC")
    approved = any(d.event.kind == "spec" and d.event.choice == "approve" for d in state.decisions)
    last = [d for d in state.decisions if d.event.kind == "spec"]
    sign: tuple[str, str] = ("", "")
    if last and last[-1].event.choice == "approve" and approved:
        sign = (" ✓", "$ok")
    elif last and last[-1].event.choice == "reject" and state.rejection:
        sign = (" ✗", "$bad")
    mine = (" yours", "$person") if state.spec.author == "person" else ("", "")
    return Content.assemble(f"SPEC v{state.spec.version}", mine, sign)


def spec_rows(state: State, links: Links | None, width: int, room: int = CHARACTERS) -> list[Row]:
    """All rows of the pane."""
    step = state.step
    if step is not None and step.kind == "plan" and (step.running or state.spec is None):
        return _draft_rows(step, width, room)
    if state.spec is None and (given := given_of(state)) is not None:
        return change_rows(state, given, width)
    if state.spec is None:
        return request_rows(state, width)
    before = state.specs[-2].spec if len(state.specs) > 1 else None
    return _spec_rows(state, state.spec.spec, before, links, width)


def request_rows(state: State, width: int) -> list[Row]:
    """What the person asked for; an imported session may have several requests."""
    requests = ((state.session.request,) if state.session else ()) + state.requests
    result: list[Row] = []
    for number, request in enumerate(requests, 1):
        if result:
            result.append(BLANK)
        result.append(heading(f"Request {number}" if len(requests) > 1 else "Request"))
        result += rows(paragraph(request, width))
    return result


def _spec_rows(
    state: State, spec: Spec, before: Spec | None, links: Links | None, width: int
) -> list[Row]:
    result = rows(paragraph(spec.title, width, style="bold"))
    result += [BLANK, *rows(paragraph(spec.summary, width)), BLANK]
    if spec.criteria:
        result.append(heading("Acceptance criteria"))
    verdict = state.revision.verdict if state.revision else None
    unclaimed = set(links.unclaimed_criteria) if links and state.revision else set()
    for criterion in spec.criteria:
        answer = verdict.criterion(criterion.id) if verdict else None
        sign, style = CRITERION_SIGN[answer.status if answer else None]
        first = Content.assemble((f"{criterion.id} ", "bold"), (f"{sign} ", style))
        node = Node("criterion", criterion.id)
        lines = paragraph(criterion.text, width, first=first)
        notes = []
        if before is not None:
            old = before.criterion(criterion.id)
            if old is None:
                notes.append(("new", "$person"))
            elif old.text != criterion.text:
                notes.append(("changed", "$person"))
        if criterion.id in unclaimed:
            notes.append(("no hunk claims it", "$warn"))
        if notes:
            parts: list[Any] = ["      "]
            for text, colour in notes:
                parts += [(f"▸ {text}", colour), "  "]
            lines.append(Content.assemble(*parts))
        if answer and answer.evidence:
            lines += paragraph(
                answer.evidence, width, style="$muted", first=Content.styled("      ", "$muted")
            )
        result += rows(lines, item=node, key=node)
    if before is not None:
        kept = {criterion.id for criterion in spec.criteria}
        for criterion in before.criteria:
            if criterion.id not in kept:
                first = Content.styled(f"{criterion.id} – ", "$muted")
                gone = paragraph(criterion.text, width, style="$muted strike", first=first)
                result += rows(gone)
    for field, title in _LISTS.items():
        items: tuple[str, ...] = getattr(spec, field)
        if items:
            result += [BLANK, heading(title)]
            colour = "$warn" if field == "open_questions" else "$muted"
            sign = "? " if field == "open_questions" else "• "
            for number, text in enumerate(items):
                own = field == "steps" and text[:1] in "✓▸"  # its state stands in front already
                lead = Content("") if own else Content.styled(sign, colour)
                lines = paragraph(text, width, first=lead)
                result += rows(lines, item=(field, number))
    return result + _source_rows(state, width)


def _source_rows(state: State, width: int) -> list[Row]:
    """What the planner was shown of the repository."""
    read = next((s for s in reversed(state.sources) if s.role == "planner"), None)
    if read is None or not (read.instructions or read.files):
        return []
    result = [BLANK, heading("The planner read")]
    for path in read.instructions:
        first = Content.styled("• ", "$muted")
        result += rows(paragraph(f"{path} (how to work here)", width, first=first, style="$muted"))
    for path in read.files:
        first = Content.styled("• ", "$muted")
        result += rows(paragraph(path, width, first=first, style="$muted"))
    return result


def _draft_rows(step: Step, width: int, room: int) -> list[Row]:
    text = "".join(piece.text for piece in step.output if piece.channel == "text")
    spec = draft(text)
    result: list[Row] = []
    if not spec:
        result.append(heading("Thinking"))
        result += thinking(step, width, room)
        calls = [piece.text.strip() for piece in step.output if piece.channel == "tool"]
        result += rows(safe(f"› {call}", "$model") for call in calls)
        return result
    result += rows(paragraph(_text(spec.get("title")), width, style="bold"))
    result += [BLANK, *rows(paragraph(_text(spec.get("summary")), width)), BLANK]
    criteria = spec.get("criteria")
    if isinstance(criteria, list) and criteria:
        result.append(heading("Acceptance criteria"))
        for number, item in enumerate(criteria, 1):
            words = _text(item.get("text")) if isinstance(item, dict) else ""
            name = _text(item.get("id")) if isinstance(item, dict) else ""
            first = Content.styled(f"{name or f'AC{number}'} · ", "bold")
            result += rows(paragraph(words, width, first=first))
    for field, title in _LISTS.items():
        items = spec.get(field)
        if isinstance(items, list) and items:
            result += [BLANK, heading(title)]
            for words in items:
                result += rows(paragraph(_text(words), width, first=Content.styled("• ", "$muted")))
    return result


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
