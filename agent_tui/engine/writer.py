"""The planner writes a document: AGENTS.md or a decision record, through the loop's own gates."""

import re

from agent_tui.domain.document import Document
from agent_tui.domain.events import CoderReport, SourcesRead, SpecProposed
from agent_tui.domain.spec import Criterion, Spec
from agent_tui.domain.text import decode
from agent_tui.domain.turn import ModelError
from agent_tui.engine.answers import DocumentAnswer, read_answer, schema
from agent_tui.engine.briefs import coder_brief, system_prompt
from agent_tui.engine.coder import current_patch, propose
from agent_tui.engine.context import Context, user
from agent_tui.engine.conversation import converse
from agent_tui.engine.documents import ADR_DIR, agents_document, next_record
from agent_tui.engine.instructions import instructions
from agent_tui.engine.tools import READING_TOOLS, Desk, Toolbox

MAX_SHOWN = 40_000
"""Characters of the present document, and of an example, that go into the brief."""

_MADR = ("Context and Problem Statement", "Decision Outcome")


async def outline(ctx: Context) -> None:
    """Propose what the document has to be; it is the same every time, so no model is asked."""
    spec = _spec(await _document(ctx))
    version = len(ctx.state.specs) + 1
    await ctx.recorder.append(SpecProposed(version=version, spec=spec, author="engine"), "engine")


async def write(ctx: Context) -> None:
    """Let the planner write the document, anew or as a revision of the last attempt."""
    document = await _document(ctx)
    number = ctx.state.attempt + 1
    before = ctx.state.revision
    start = before.tree if before else ctx.workspace.base_tree
    async with ctx.step("code", role="planner", attempt=number) as step:
        await ctx.workspace.reset(start)
        desk = Desk(ctx, step, "planner", start)
        told, paths = await instructions(ctx)
        parts = [
            told,
            coder_brief(ctx.state, await current_patch(ctx)),
            await _material(desk, document),
        ]
        done = await converse(
            ctx,
            step,
            role="planner",
            system=system_prompt(document.kind),
            opening=user("\n\n".join(part for part in parts if part)),
            toolbox=Toolbox(READING_TOOLS, desk),
            answer_schema=schema(DocumentAnswer),
        )
        read = SourcesRead(step=step, role="planner", instructions=paths, files=desk.files_read)
        await ctx.recorder.append(read, "engine")
        answer = read_answer(DocumentAnswer, done.message.text, "planner")
        _check(document, answer.text)
        await desk.write({document.path: (answer.text.rstrip() + "\n").encode()})
        tree = await ctx.workspace.snapshot()
        if tree == start:
            raise ModelError("bad_answer", f"The planner left {document.path} as it is.")
        report = CoderReport(
            summary=answer.summary,
            unsure=tuple(answer.unsure),
            commit_message=answer.commit_message,
        )
        await propose(ctx, tree, attempt=number, author="planner", report=report)


async def _document(ctx: Context) -> Document:
    """The document with its path: the base tree decides it, so it is the same each time."""
    document = ctx.session.document
    if document is None:
        raise RuntimeError("the session is not about a document")
    if document.kind == "agents-md":
        return agents_document()
    base = ctx.workspace.base_tree
    configured = await ctx.workspace.read(base, ADR_DIR)
    return next_record(await ctx.workspace.files(base), document.title, decode(configured or b""))


def _spec(document: Document) -> Spec:
    if document.kind == "adr":
        title = f"Record the decision: {document.title}"
        summary = f"{document.path} records one decision in the form of MADR 4."
        criteria = (
            "It says what problem was to be solved, and why it is one in this repository.",
            "It names the options that were considered, each with what speaks for and against it.",
            "It says which option was chosen and why, and what follows from that, good and bad.",
            "What it says of the code is true of the code.",
        )
    else:
        title = "Tell agents how to work in this repository"
        summary = f"{document.path} tells a coding agent what it cannot see from the code at once."
        criteria = (
            "Every command in it is one that the repository really has (build, test, lint, run).",
            "It says where things are, and which conventions a change has to keep.",
            "It is short, and holds nothing that is plain from the code or from the README.",
            "What was in it before and is still true is kept.",
        )
    numbered = tuple(Criterion(id=f"AC{n}", text=text) for n, text in enumerate(criteria, 1))
    only = ("Every other file of the repository.",)
    return Spec(
        title=title, summary=summary, criteria=numbered, files=(document.path,), out_of_scope=only
    )


async def _material(desk: Desk, document: Document) -> str:
    parts = [f"# The document\n\nIt is {document.path}. Today is {desk.ctx.clock.now():%Y-%m-%d}."]
    if document.title:
        parts[0] += f" Its title is: {document.title}"
    present = await desk.find(document.path)
    if present is not None:
        parts.append(f"# Its present text\n\n{decode(present)[:MAX_SHOWN]}")
    example = await desk.find(document.example) if document.example else None
    if example is not None:
        note = "Follow its form; its content is not yours."
        parts.append(f"# {document.example}\n\n{note}\n\n{decode(example)[:MAX_SHOWN]}")
    return "\n\n".join(parts)


def _check(document: Document, text: str) -> None:
    """Refuse what is plainly not the document.

    Raises:
        ModelError: Of kind ``bad_answer``.
    """
    headings = re.findall(r"^#{1,3} +(.+?) *$", text, re.MULTILINE)
    if not headings:
        raise ModelError("bad_answer", "The planner's text has no heading.")
    if document.kind == "adr" and not document.example:
        missing = [name for name in _MADR if name not in headings]
        if missing:
            raise ModelError(
                "bad_answer", f"The planner's record has no heading '{missing[0]}', as MADR has."
            )
